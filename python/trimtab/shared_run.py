"""The run that several writers of one process share: the current one, or one that the first of them opens."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional

from .current import current_or_none

if TYPE_CHECKING:
    from .run import Run


class SharedRun:
    def __init__(self, run: Run, opened: bool) -> None:
        self.run = run
        self.opened = opened  # by a writer, so that the last one ends it
        self.writers = 0
        self.base: Optional[str] = None  # the folder whose names have no prefix

    @property
    def has_loop(self) -> bool:
        """The program calls control points of its own, and is past the first step."""
        return self.run.step != 0 and not self.run._begun

    def log(self, name: str, value: Any, step: Optional[int]) -> None:
        """Without a step at the present one. With one: where the program has no loop, this may be the control point."""
        if step is None:
            self.run.log(name, value)
        else:
            self.run.log({name: value}, step=step)

    def config(self, values: Mapping[str, Any]) -> None:
        self.run.config.update(values)

    def leave(self) -> None:
        self.writers -= 1
        if self.opened and self.writers == 0:
            self.run.finish()
        else:
            self.run.flush()


_shared: List[SharedRun] = []  # at most one


def join(name: Optional[str]) -> SharedRun:
    """One more writer. `name`: of the run, where one has to be opened."""
    run = current_or_none()
    if not _shared or run is None or _shared[0].run is not run:
        _shared[:] = [SharedRun(*((run, False) if run is not None else (_begin(name), True)))]
    _shared[0].writers += 1
    return _shared[0]


def _begin(name: Optional[str]) -> Run:
    from . import init

    return init(name)
