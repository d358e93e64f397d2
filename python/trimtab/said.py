"""What is said on standard error: once per cause, each line begins with `trimtab: `."""
from __future__ import annotations

import sys
from typing import Set

_said: Set[str] = set()


def say_once(sentence: str, cause: str = "") -> None:
    """Says `sentence`, unless one of the same cause (the sentence itself where none is given) was said. Never
    raises."""
    if (cause or sentence) in _said:
        return
    _said.add(cause or sentence)
    try:
        print(f"trimtab: {sentence}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):  # closed, full, or None (pythonw)
        pass
