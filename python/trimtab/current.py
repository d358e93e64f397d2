"""The current run of the process: that of the last trimtab.init()."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

from .error import Error

if TYPE_CHECKING:
    from .run import Run

_runs: List[Run] = []  # those begun by init and not finished, the current one last


def begin(run: Run) -> None:
    _runs.append(run)


def forget(run: Any) -> None:
    _runs[:] = [one for one in _runs if one is not run]


def current() -> Run:
    """Raises Error where no run was begun, or it is finished."""
    if not _runs:
        raise Error("call trimtab.init() first")
    return _runs[-1]


def current_or_none() -> Any:
    return _runs[-1] if _runs else None
