"""The extension: libtrimtab as Python objects, and nothing that Python can do as well.

Every call holds the GIL, but the waits of a pause. One run may be used by several threads, one call at a time as the GIL
orders them; a control point inside a control point (of any thread) is a RuntimeError. After fork() the child's copy does
nothing."""
from __future__ import annotations

from typing import Any, Callable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

VERSION: str

Value = Union[float, int, bool, str]
# name, type ("double", "int", "bool", "string"), default (None: it must be given), min, max
Param = Tuple[str, str, Optional[Value], Optional[float], Optional[float]]

class Run:
    """A run as libtrimtab holds it. Never fails for want of a folder, a server or room: see `error`."""

    def __init__(
        self,
        name: Optional[str] = None,
        *,
        project: Optional[str] = None,
        run: Optional[str] = None,
        total_steps: int = 0,
        max_pause: float = 0.0,
        quiet: bool = False,
        no_server: bool = False,
        resume: bool = False,
        record: bool = True,  # False: opens nothing; steps, settings and actions work, nobody sees them
    ) -> None: ...
    # ---- the loop ----
    def control_point(self, step: int) -> bool:
        """True to go on with step `self.step` (a restore may have moved it), False to end the loop. Raises RuntimeError
        inside a control point, OverflowError for a step beyond 64 bits, and what a signal handler raised (KeyboardInterrupt)
        or an action of BaseException's other kinds; after KeyboardInterrupt in a pause the run is still paused."""
    def steps(self, n: int, start: int = 0) -> Steps: ...
    def next_step(self, step: int) -> None:
        """Inside an action: the run goes on at `step`, which `self.step` then says. Elsewhere RuntimeError."""
    def interrupt(self) -> None: ...
    step: int  # read-only: that of the last control point (0 before)
    total_steps: int  # may be assigned; 0: unknown
    stopping: bool  # read-only: the last control point said so
    in_control_point: bool  # read-only
    looped: bool  # read-only: a control point was called, other than by `implicit`
    # ---- scalars ----
    def log(
        self,
        values: Union[str, Mapping[str, Any]],
        value: Any = ...,
        /,
        *,
        step: Optional[int] = None,
        commit: Optional[bool] = None,
    ) -> None:
        """A mapping of names to values, or one name and its value: at the step of the last control point, or at `step`,
        which of a mapping may also be the second argument. What has __float__ is a value. A mapping inside a mapping joins
        names by "/". Never raises for a value: what is no number is passed to `unloggable(name, value, reason)` and left
        out. `commit` is for `implicit` alone."""
    implicit: Optional[Callable[[Mapping[str, Any], Optional[int], Optional[bool]], None]]
    # Called with values, step and commit in the place of recording a mapping, until `looped`. What it logs itself is
    # recorded; what it raises, log() raises.
    def series(self, name: str, unit: Optional[str] = None) -> None:
        """Declares a curve and its unit, before it is first logged."""
    unloggable: Optional[Callable[[str, Any, str], None]]
    def flush(self) -> None: ...
    # ---- settings and actions ----
    def declare(self, setting: Setting) -> int:
        """0, or a negative TRIMTAB_ code (`error` says why). The run keeps a reference."""
    declared: int  # read-only: how many settings and actions it has, the built-in one not counted
    applied: Optional[List[Tuple[str, Value]]]  # a list given here gets what clients set, and what was set back, in order
    def define(self, name: str, doc: str, params: Sequence[Param], function: Callable[..., Mapping[str, str]]) -> int:
        """An action: called inside a control point with its parameters as keyword arguments; returns names and JSON texts.
        An Exception is the refusal's sentence (str of it, or its type's name). Any other BaseException refuses too and is
        raised by the control point. 0 or a negative code; a name that is defined already with equal parameters gets the new
        function (0)."""
    # ---- other things worth telling: 0 or a negative code ----
    def config_json(self, name: str, json: str) -> int: ...
    def checkpoint_told(self, id: str, path: Optional[str], bytes: int) -> int: ...
    def message_told(self, level: int, text: str) -> int: ...
    def waiting(self, function: Optional[Callable[[], None]], every: float) -> None:
        """`function` is called about every `every` seconds (0: at each look, 100 ms) while the run is paused, from within
        the control point, with the GIL. What it raises leaves the control point; the run stays paused."""
    # ---- the end ----
    def close(self) -> None:
        """Twice is safe. From another thread, or from inside a control point: it interrupts, and the control point closes."""
    closed: bool
    live: bool  # read-only: is recorded, by this process
    folder: Optional[str]
    name: Optional[str]
    error: str
    dropped: int
    resumed: Optional[Mapping[str, Any]]  # None, or {"id", "path", "step", "bytes", "last_step"}; id and path of the newest checkpoint, None: none

class Steps:
    """An iterator over steps, each through a control point. len() is n - start at first."""

    def __iter__(self) -> Iterator[int]: ...
    def __next__(self) -> int: ...
    def __len__(self) -> int: ...
    def __length_hint__(self) -> int: ...

class Setting:
    """A named value that clients may change: where it is read from and written to is its source, exactly one of

    nothing (the value is the setting's own: `value` reads and writes it) · object and attribute · container and key ·
    setter (and getter) · hold and index (a value of an optimizer's group).

    Its type is that of `value` (or of what the source reads): float, int, bool, str; with choices: str."""

    def __init__(
        self,
        name: str,
        value: Optional[Value] = None,
        *,
        min: Optional[float] = None,
        max: Optional[float] = None,
        choices: Optional[Sequence[str]] = None,
        unit: Optional[str] = None,
        doc: Optional[str] = None,
        object: Any = None,
        attribute: Optional[str] = None,
        container: Any = None,
        key: Any = None,
        setter: Optional[Callable[[Any], Any]] = None,  # returns what it really took, or None; an Exception refuses
        getter: Optional[Callable[[], Any]] = None,
        hold: Optional[Hold] = None,
        index: int = 0,
    ) -> None: ...
    name: str
    type: str  # "double", "int", "bool", "choice", "string"
    value: Value  # reads the source; assigning writes it (checked as a client's request is)
    def apply(self, value: Value) -> Value:
        """As if a client had set it; the value that is then in effect. Raises ValueError, or what the setter raised."""
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __index__(self) -> int: ...

class Hold:
    """One key ("lr") of an optimizer's groups, held and scaled. In force for group i is: the held value where it is held,
    else scale x optimizer.param_groups[i][key] (exactly the latter where scale is 1)."""

    def __init__(self, optimizer: Any, key: str) -> None: ...
    scale: float
    held: bool  # read: is any held? assigning True holds each at what is in force now, False releases all
    active: bool  # read-only: there is something to put in: held, or scale other than 1
    def in_force(self, index: int) -> float: ...
    def hold(self, index: int, value: float) -> None: ...
    def is_held(self, index: int) -> bool: ...
