"""Run: one training as Python code holds it. What is fast is in _core.Run, of which this is the convenient side."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, Type, TypeVar, Union, overload

from . import _core, ending
from .config import Config, Summary
from .current import forget
from .log_as_step import LogAsStep
from .plain import text_of
from .said import say_once
from .wandb_run import WandbRun, is_standin

if TYPE_CHECKING:
    from .watch import Watch

F = TypeVar("F", bound=Callable[..., Any])
INVALID, DUPLICATE, LIMIT = -1, -2, -3  # of trimtab.h
LEVELS = {"info": 1, "warn": 2, "warning": 2, "error": 3}
TEXT_MAX = 4096  # bytes of a message


class Run(WandbRun, _core.Run):
    """A run. Made by trimtab.init(); `with` ends it in good order.

    Nothing here fails the training for want of a folder, a server or room on the disk, and no value that is logged,
    told or kept does; wrong declarations (settings, actions) raise TypeError or ValueError at once. Threads may log;
    control points belong to one of them. After fork() the child's copy does nothing."""

    __slots__ = ("config", "summary", "_logged", "_record", "_facts", "_alerts", "_has_declared", "_watches")
    config: Config
    summary: Summary
    if TYPE_CHECKING:

        def log(
            self,
            values: Union[str, Mapping[str, Any]],
            value: Any = ...,
            /,
            *,
            step: Optional[int] = None,
            commit: Optional[bool] = None,
        ) -> None:
            """A mapping of names to values (what has __float__ is one; mappings inside join names by "/"), or one name
            and its value: at the step of the last control point, or at `step`. Where the program calls no control point
            (steps, control_point), each log of a mapping is one: `commit=False` leaves the step open for the next log,
            a `step` beyond the present one begins it; raises Stopped when the run was asked to stop."""

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
        record: bool = True,
    ) -> None:
        super().__init__(
            name,
            project=project,
            run=run,
            total_steps=total_steps,
            max_pause=max_pause,
            quiet=quiet,
            no_server=no_server,
            resume=resume,
            record=record,
        )
        self._logged = LogAsStep(self)
        self._record = record
        self._facts: Dict[str, Any] = {"name": name, "project": project}
        self._alerts: Dict[str, float] = {}
        self._has_declared = False  # a setting or an action
        self._watches: Dict[str, Callable[[], Optional[Watch]]] = {}  # by prefix, weak: an optimizer keeps its own
        self.config = Config(self)
        self.summary = Summary(self)
        self.unloggable = _unloggable
        self.implicit = self._logged
        ending.watch_over(self)

    @property
    def _begun(self) -> bool:
        """A log was a step."""
        return self._logged.begun

    # ---- settings and actions ----

    def declare(self, setting: _core.Setting) -> int:
        self._has_declared = True
        return super().declare(setting)

    def define(
        self, name: str, doc: str, params: Sequence[_core.Param], function: Callable[..., Mapping[str, str]]
    ) -> int:
        self._has_declared = True
        return super().define(name, doc, params, function)

    def setting(
        self,
        name: str,
        value: Optional[_core.Value] = None,
        *,
        min: Optional[float] = None,
        max: Optional[float] = None,
        choices: Optional[Sequence[str]] = None,
        unit: Optional[str] = None,
        doc: Optional[str] = None,
        bind: Optional[Tuple[Any, Any]] = None,
        set: Optional[Callable[[Any], Any]] = None,
        get: Optional[Callable[[], Any]] = None,
    ) -> _core.Setting:
        """A named value that clients may change, at a control point. Its type is that of `value`: float, int, bool or
        str.

        `value`: the setting's own; read it as `setting.value` or float(setting). `bind=(layer, "p")`: an attribute;
        `bind=(mapping, "key")`: an item; both are read at each control point, so that changes of your own are told too.
        `set=function`: is called with what clients ask for and may return what it really took, or raise (the request is
        then refused with that sentence); beside it `value` as it is now, or `get=function`.

        `min` and `max` include themselves. `choices`: a text of these. Declared again, as a notebook's cell may do, the
        new source takes the place of the old one. Raises TypeError or ValueError."""
        from .setting import make

        made = make(name, value, min=min, max=max, choices=choices, unit=unit, doc=doc, bind=bind, set=set, get=get)
        self._declared(self.declare(made), f"setting {name}")
        return made

    @overload
    def action(self, function: F, /) -> F: ...
    @overload
    def action(self, name: Optional[str] = None, /, *, doc: Optional[str] = None) -> Callable[[F], F]: ...
    def action(self, function: Any = None, /, *, doc: Optional[str] = None) -> Any:
        """A function that clients may call: `@run.action`, `@run.action("name")`, `run.action("name")(function)`.

        Called inside a control point. Parameters come from its signature: int, float, bool, str; list and dict as JSON
        texts; `Annotated[int, trimtab.Range(1, 4096)]` has a range; Optional may be absent; what has no default must be
        given. The first line of its docstring tells clients what it does. A mapping that it returns is the result, any
        other value is {"value": ...}. What it raises refuses the request: "TypeError: ..."; the traceback is printed.

        Clients know these names: checkpoint, restore(id), evaluate, predict, generate. Raises TypeError or
        ValueError."""
        from .action import make

        if function is not None and not isinstance(function, str):
            made = make(function, None, doc)
            self._declared(self.define(*made), f"action {made.name}")
            return function

        def declare(named: F) -> F:
            made = make(named, function, doc)
            self._declared(self.define(*made), f"action {made.name}")
            return named

        return declare

    def _declared(self, code: int, what: str) -> None:
        if code in (INVALID, DUPLICATE):
            raise ValueError(self.error)
        if code == LIMIT:
            say_once(f"{what} is not offered: {self.error}")

    def watch(self, optimizer: Any, name: Optional[str] = None, log: Any = True, **others: Any) -> Optional[Watch]:
        """Learning rate, momentum and weight decay of each param group of `optimizer` as settings that hold under
        schedulers: see trimtab.watch. `name` goes before their names: `name/lr`. `log`: also as curves."""
        unknown = sorted(set(others) - {"criterion", "idx", "log_freq", "log_graph"})  # those are wandb's
        if unknown:
            raise TypeError(f"watch() has no argument {', '.join(map(repr, unknown))}")
        if not hasattr(optimizer, "param_groups"):
            say_once("watch takes an optimizer; weights and gradients of a model are not recorded", "watch")
            return None
        from .watch import watch

        return watch(self, optimizer, name, bool(log))

    # ---- things worth telling ----

    def message(self, text: str, level: Union[str, int] = "info") -> None:
        """A sentence for whoever watches, kept at the present step. `level`: "info", "warning" or "error"."""
        number = level if isinstance(level, int) else LEVELS.get(str(level).lower(), 1)
        self.message_told(number if 1 <= number <= 3 else 1, text_of(text, TEXT_MAX) or " ")

    def checkpoint(
        self, id: Any, path: Optional[Union[str, os.PathLike[str]]] = None, bytes: Optional[int] = None
    ) -> None:
        """Tells that a checkpoint was saved at the present step. `id` is what the action `restore` takes; `bytes` is
        looked up where `path` is given."""
        where = None if path is None else os.path.abspath(os.fspath(path))
        size = _size(where) if bytes is None else int(bytes)
        told = self.checkpoint_told(text_of(id), None if where is None else text_of(where), max(size, 0))
        if told == INVALID:
            say_once(f"checkpoint {text_of(id, 100)} was not told: {self.error}")

    # ---- the end ----

    def finish(self, exit_code: Optional[int] = None, quiet: Optional[bool] = None) -> None:
        """The run has ended in good order; server and history stay, and what was held in a watched optimizer is given
        back to its schedule. Twice is safe, from any thread."""
        ending.forget(self)
        forget(self)
        if self.closed:
            return
        if exit_code:
            self.message(f"finished with exit status {exit_code}", "error")
        self.summary.tell()
        self.close()
        for watch in [told() for told in self._watches.values()]:
            if watch is not None and self.closed:
                watch.leave()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if error is not None:
            ending.tell(self, error)
        self.finish()

    # ---- as an object ----

    @property
    def name(self) -> Optional[str]:
        return self._facts["name"] or super().name

    @name.setter
    def name(self, value: str) -> None:
        """Kept as the config value `name`: the run's folder has the name that init gave it."""
        self._fact("name", value)

    @property
    def link(self) -> str:
        """The address of the run's page with a token for whoever opens it; see trimtab.notebook."""
        from . import notebook

        return notebook.link(self)

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.html(self)

    def __repr__(self) -> str:
        where = self.folder or f"not recorded{': ' + self.error if self.error else ''}"
        return f"<trimtab run {self.name!r} at step {self.step}, {where}>"

    def __copy__(self) -> Run:
        return self

    def __deepcopy__(self, memo: Any) -> Run:
        return self

    def __reduce__(self) -> Any:
        return (_unrecorded, (self.name,))  # in another process: steps and settings work, nobody sees them


def _unrecorded(name: Optional[str]) -> Run:
    return Run(name, record=False, quiet=True)


def _unloggable(name: str, value: Any, reason: str) -> None:
    if is_standin(value):
        return  # said when it was made
    say_once(f"{text_of(name, 100) or repr(name)} is not recorded: {reason}", f"unloggable {name}")


def _size(path: Optional[str]) -> int:
    """Bytes of a file, or of all files of a folder; 0 where that cannot be known."""
    if path is None:
        return 0
    try:
        if os.path.isdir(path):
            return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(path) for name in names)
        return os.path.getsize(path)
    except OSError:
        return 0
