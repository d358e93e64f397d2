"""A log that is a step: what run.log does with a mapping where the program calls no control point of its own."""
from __future__ import annotations

from _thread import allocate_lock, get_ident
from collections.abc import Mapping
from operator import index
from typing import TYPE_CHECKING, Any, Dict, Optional

from .ending import Stopped
from .plain import text_of
from .said import say_once

if TYPE_CHECKING:
    from .run import Run

STOP_AGAIN = 100  # steps


class LogAsStep:
    """Called by _core.Run.log, which records at once what is logged meanwhile."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.last: Dict[str, Any] = {}  # the numbers that were logged last
        self.begun = False
        self._turn = allocate_lock()
        self._stops: Dict[int, int] = {}  # thread -> the step at which it was told

    def __call__(self, values: Mapping[str, Any], step: Any = None, commit: Optional[bool] = None) -> None:
        """The control point of the step is here. Raises Stopped, and what a control point raises."""
        at = _step_of(step)
        if self.run.in_control_point or not self._turn.acquire(False):  # another thread's, or one that calls an action
            self.run.log(values, step=at)
            return
        try:
            go = self._in_turn(values, at, commit)
        finally:
            self._turn.release()
        if not go:
            self._stop()

    def _in_turn(self, values: Mapping[str, Any], step: Optional[int], commit: Optional[bool]) -> bool:
        run, go = self.run, True
        if not self.begun or (step is not None and step > run.step):
            self.begun = True
            go = self._point(step or 0)
        self._remember(values)
        run.log(values, step=None if step is None or step >= run.step else step)
        if commit or (commit is None and step is None):
            go = self._point(run.step + 1) and go
        return go

    def _point(self, step: int) -> bool:
        """The end of the plan is no stop here: the program's own loop ends when it wants to."""
        go = self.run.control_point(step)
        return go or 0 < self.run.total_steps <= self.run.step

    def _remember(self, values: Mapping[str, Any]) -> None:
        """Python's numbers alone: a tensor would keep what it was computed from."""
        for name, value in values.items():
            if type(value) is float or type(value) is int:
                self.last[name] = value

    def _stop(self) -> None:
        """Once in each thread, so that `finally` blocks may log; again where it was caught and the loop goes on."""
        me = get_ident()
        step = self.run.step
        if step - self._stops.get(me, step - STOP_AGAIN) >= STOP_AGAIN:
            self._stops[me] = step
            raise Stopped


def _step_of(step: Any) -> Optional[int]:
    """A whole number that can be a step. What is none is said once and passed over."""
    if step is None:
        return None
    try:
        number = index(step)
    except TypeError:
        try:
            number = int(step)
        except (TypeError, ValueError, OverflowError):
            say_once(f"step={text_of(step, 100)} is no step: it is passed over", "step")
            return None
    if -(2**55) <= number < 2**55:
        return number
    say_once(f"step={number} is not within [-2^55, 2^55): it is passed over", "step")
    return None
