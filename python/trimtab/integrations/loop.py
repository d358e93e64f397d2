"""What the callbacks have in common: a framework's loop, seen as a run with control points."""
from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from ..current import current_or_none

if TYPE_CHECKING:
    from ..run import Run


def framework(names: Sequence[str], package: str) -> ModuleType:
    """The first of `names` that the program has imported already, else the first that can be imported. Raises
    ImportError that says what to install."""
    loaded = [name for name in names if name in sys.modules]
    failures = []
    for name in loaded or names:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            failures.append(str(error))
    raise ImportError(f"this needs {names[0]}: pip install {package} ({failures[0]})", name=names[0])


class Loop:
    """The control points of a loop that somebody else runs.

    A framework looks at its stop flag after a step, so the control point of the NEXT step is called there: a stop
    runs no further step. `begin` is for the first step."""

    def __init__(self, run: Optional[Run], options: Mapping[str, Any]) -> None:
        self._given = run
        self._found: Optional[Run] = None
        self._options = options
        self._step: Optional[int] = None
        self.stopped = False

    @property
    def run(self) -> Run:
        """The run given, else the current one, else a new one."""
        found = self._given or self._found
        if found is None or (found.closed and self._given is None):
            found = current_or_none()
        if found is None:
            from .. import init

            found = init(**self._options)
        self._found = found
        return found

    def start(self, total_steps: Any, ranks: int) -> None:
        """A training begins; `ranks`: in how many processes. With several it is a collective."""
        self._step = None
        self.stopped = False
        if ranks > 1:
            from . import torch_distributed

            torch_distributed.follow(self.run)
        if isinstance(total_steps, (int, float)) and 0 < total_steps < 2**55:
            self.run.total_steps = int(total_steps)

    def control_point(self, step: int) -> bool:
        """Before `step` is run; once for each step. False: end the loop."""
        if step != self._step and not self.stopped:
            self._step = step
            self.stopped = not self.run.control_point(step)
        return not self.stopped

    def log(self, values: Mapping[str, Any], step: Optional[int] = None) -> None:
        """The numbers among `values`."""
        for name, value in values.items():
            if hasattr(value, "__float__"):
                self.run.log(name, value, step=step)

    def checkpoint(self, path: str) -> None:
        """Tells that one was saved, where it is there."""
        if os.path.exists(path):
            self.run.checkpoint(os.path.basename(os.path.normpath(path)), path)
