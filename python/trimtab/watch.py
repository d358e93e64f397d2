"""run.watch: learning rate, momentum and weight decay of an optimizer as settings that hold under schedulers.

`optimizer.step` is wrapped: just before it the values in force are put into the param groups, just after it the
schedule's own are put back. So no scheduler and no state_dict ever sees a change, and what is told as effective is what
was read inside optimizer.step. Nothing of torch is imported: an optimizer is what has `param_groups` and `step`."""
from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Set

from . import _core
from .said import say_once

if TYPE_CHECKING:
    from .run import Run

KEYS = {"lr": "learning rate", "momentum": "momentum", "weight_decay": "weight decay"}
LIMIT, INERT = -3, -5  # of trimtab.h


def watch(run: Run, optimizer: Any, name: Optional[str] = None, log: bool = True) -> Watch:
    """Makes the numbers `lr`, `momentum` and `weight_decay` of each param group of `optimizer` settings of `run`.

    One group: `lr`; several: `lr/0`, `lr/1`, or `lr/NAME` where the group has a text "name". `name` goes before them:
    `NAME/lr`. A value that is set holds until `lr_hold` is set to false; `lr_hold` set to true holds what is in force;
    `lr_scale` multiplies what the schedule gives (what is held is not scaled). With `log` the learning rate that each
    optimizer.step used is logged under the setting's name.

    Groups that are added later are declared at the next step. Raises TypeError for what is no optimizer, ValueError
    for a name that cannot be one or that another kind of setting has."""
    if name is not None and (not isinstance(name, str) or not name):
        raise TypeError(f"watch: name is a text such as 'generator', not {name!r}")
    if not callable(getattr(optimizer, "step", None)) or not hasattr(optimizer, "param_groups"):
        kind = type(optimizer).__name__
        raise TypeError(f"watch needs an optimizer, which has `step` and `param_groups`; this is {kind}")
    seat = _seat_of(optimizer)
    present = seat and seat.watch
    if present and present.run is run and not present.retired:
        if present.prefix != _prefix(name):
            say_once(f"this optimizer is watched already, as `{present.prefix}lr`, and not as `{name}/lr` too")
        return present
    new = Watch(run, optimizer, name, log)
    new.declare_groups()
    new.take_names()
    if seat:
        seat.watch = new
    else:
        _Seat(new).put_in()
    return new


class Watch:
    """One watched optimizer. Used by the thread that trains."""

    def __init__(self, run: Run, optimizer: Any, name: Optional[str], log: bool) -> None:
        self.run = run
        self.optimizer = optimizer
        self.prefix = _prefix(name)
        self.log = log
        self.holds: Dict[str, _core.Hold] = {}
        self.settings: Dict[str, _core.Setting] = {}
        self.retired = False
        self._curves: Dict[int, str] = {}  # of each group with a learning rate
        self._labels: Set[str] = set()
        self._known = 0  # groups that were declared

    def take_names(self) -> None:
        """A notebook's cell that runs again makes a new optimizer of the same names: the older one lets them go."""
        older = self.run._watches.get(self.prefix, _nothing)()
        if older is not None:
            older.retire()
        self.run._watches[self.prefix] = weakref.ref(self)

    def retire(self) -> None:
        self.retired = True
        for hold in self.holds.values():
            hold.held = False
            hold.scale = 1.0

    def leave(self) -> None:
        """The run has ended: optimizer.step is the optimizer's own again."""
        self.retire()
        seat = _seat_of(self.optimizer)
        if seat and seat.watch is self:
            seat.watch = None
            seat.take_out()

    def __deepcopy__(self, memo: Any) -> Watch:
        return self

    def __reduce__(self) -> Any:
        return (_nothing, ())  # in another process nothing is watched

    # ---- declaring ----

    def declare_groups(self) -> None:
        groups = self.optimizer.param_groups
        first, self._known = self._known, len(groups)
        for index in range(first, len(groups)):
            suffix = self._suffix(index, groups)
            keys = [key for key in KEYS if _may_be_set(self.optimizer, groups[index], key)]
            new = [key for key in keys if key not in self.holds]
            for key in new:
                self.holds[key] = _core.Hold(self.optimizer, key)
            for key in keys:
                self._declare_value(key, index, suffix)
            for key in new:  # before the other groups: where settings run out, what is held can still be released
                self._declare_controls(key)

    def _suffix(self, index: int, groups: List[Mapping[str, Any]]) -> str:
        if index == 0 and len(groups) == 1:
            return ""
        text = groups[index].get("name")
        usable = isinstance(text, str) and text.isprintable() and 0 < len(text.encode()) <= 64
        labels = [str(text)] if usable else []
        label = next(x for x in labels + [str(index), f"group {index}"] if x not in self._labels)
        self._labels.add(label)
        return f"/{label}"

    def _declare_value(self, key: str, index: int, suffix: str) -> None:
        name = f"{self.prefix}{key}{suffix}"
        whose = f" of param group {suffix[1:]}" if suffix else ""
        doc = f"{KEYS[key]}{whose}; once set it holds against the schedule until {self.prefix}{key}_hold is false"
        if key == "lr":
            self._curves[index] = name
        hold = self.holds[key]
        if not hasattr(self.optimizer.param_groups[index][key], "fill_"):
            self._declare(name, _core.Setting(name, min=0.0, doc=doc, hold=hold, index=index))
            return

        def taken(value: float) -> float:
            hold.hold(index, _rounded(self.optimizer.param_groups[index][key], value))
            return hold.in_force(index)

        def in_force() -> float:
            return _rounded(self.optimizer.param_groups[index][key], hold.in_force(index))

        self._declare(name, _core.Setting(name, min=0.0, doc=doc, setter=taken, getter=in_force))

    def _declare_controls(self, key: str) -> None:
        name, hold = f"{self.prefix}{key}_hold", self.holds[key]
        doc = f"whether the {KEYS[key]} is held: false gives it back to the schedule, true holds what is in force"
        self._declare(name, _core.Setting(name, doc=doc, object=hold, attribute="held"))
        if key == "lr":
            name, doc = f"{self.prefix}lr_scale", "multiplies the learning rate that the schedule gives"
            self._declare(name, _core.Setting(name, min=0.0, doc=doc, object=hold, attribute="scale"))

    def _declare(self, name: str, setting: _core.Setting) -> None:
        code = self.run.declare(setting)
        if code == LIMIT:
            say_once(f"watch: `{name}` and those after it are no settings: {self.run.error}", "watch, limit")
        elif code < 0 and code != INERT:
            raise ValueError(f"watch: `{name}` cannot be a setting: {self.run.error}; name= gives another name")
        self.settings[name] = setting

    # ---- around optimizer.step ----

    def before(self, placed: List[_Placed]) -> None:
        """Puts in what is in force, and tells `placed` of it."""
        if self.run.closed:
            return
        if self.retired:
            self._say_retired()
            return
        groups = self.optimizer.param_groups
        if len(groups) != self._known:
            self.declare_groups()
        for key, hold in self.holds.items():
            if hold.active:
                _put_in(hold, key, groups, placed)
        if self.log:
            for index, name in self._curves.items():
                value = groups[index]["lr"]
                if type(value) is float or getattr(value, "is_cpu", True):  # reading another device would wait for it
                    self.run.log(name, value)

    def _say_retired(self) -> None:
        say_once(
            f"two optimizers are watched as `{self.prefix}lr` and both are in use: only the last one is steered; "
            "run.watch(optimizer, name=...) gives each its own settings"
        )


class _Seat:
    """What the wrapper of an optimizer's step works for: another run's watch may take it over."""

    def __init__(self, watch: Watch) -> None:
        self.watch: Optional[Watch] = watch
        self.optimizer = watch.optimizer
        self._wrapper: Any = None
        self._before: Any = None  # what the optimizer itself had for `step`; None: only its class has one

    def put_in(self) -> None:
        self._before = vars(self.optimizer).get("step")
        self._wrapper = types.MethodType(_wrapped(self.optimizer, self), self.optimizer)
        self.optimizer.step = self._wrapper

    def take_out(self) -> None:
        """Where somebody, a scheduler say, has wrapped it since, it stays and does nothing."""
        if vars(self.optimizer).get("step") is not self._wrapper:
            return
        if self._before is None:
            del self.optimizer.step
        else:
            self.optimizer.step = self._before


def _seat_of(optimizer: Any) -> Optional[_Seat]:
    seat: Optional[_Seat] = getattr(optimizer.step, "_trimtab_seat", None)
    return seat if seat and seat.optimizer is optimizer else None


def _nothing() -> None:
    return None


def _wrapped(optimizer: Any, seat: _Seat) -> Callable[..., Any]:
    """Takes the optimizer as its first argument, as the function of a class does: schedulers bind `step.__func__` to
    their `step.__self__`, and where a scheduler was there first, functools.wraps keeps the marks it left."""
    inner = optimizer.step
    bound = getattr(inner, "__self__", None) is optimizer and hasattr(inner, "__func__")
    function = inner.__func__ if bound else inner

    @functools.wraps(function)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        watch = seat.watch
        if self is not seat.optimizer:  # a copy that took the attribute along
            return type(self).step(self, *args, **kwargs)
        placed: List[_Placed] = []
        try:
            try:
                if watch is not None:
                    watch.before(placed)
            except Exception as error:  # the training goes on, come what may
                say_once(f"watch: what was set for the optimizer could not be put in: {type(error).__name__}: {error}")
            return function(self, *args, **kwargs) if bound else function(*args, **kwargs)
        finally:
            if placed:
                _put_back(placed)

    step._trimtab_seat = seat  # type: ignore[attr-defined]
    return step


class _Placed(NamedTuple):
    """A value that was put into a group. `saved` is what a tensor held that was written in place, as `version` says."""

    group: Dict[str, Any]
    key: str
    own: Any
    put: Any
    saved: Any = None
    version: int = 0


def _put_in(hold: _core.Hold, key: str, groups: List[Dict[str, Any]], placed: List[_Placed]) -> None:
    scaled = hold.scale != 1.0
    for index, group in enumerate(groups):
        if not _is_number(group.get(key)) or not (scaled or hold.is_held(index)):
            continue
        placed.append(_place(group, key, hold.in_force(index)))
        group[key] = placed[-1].put


def _place(group: Dict[str, Any], key: str, value: float) -> _Placed:
    own = group[key]
    if not hasattr(own, "fill_"):
        return _Placed(group, key, own, value)
    if own.requires_grad:  # part of a graph, not to be written in place
        return _Placed(group, key, own, own.detach().clone().fill_(value))
    saved = own.clone()
    own.fill_(value)
    return _Placed(group, key, own, own, saved, own._version)


def _rounded(own: Any, value: float) -> float:
    """As a tensor like `own` takes it."""
    return float(own.detach().clone().fill_(value)) if hasattr(own, "fill_") else value


def _put_back(placed: List[_Placed]) -> None:
    """Only what is still what was put in: an optimizer that writes its own groups is not overruled."""
    for group, key, own, put, saved, version in reversed(placed):
        if group.get(key) is not put:
            continue
        if saved is None:
            group[key] = own
        elif own._version == version:
            own.copy_(saved)


def _prefix(name: Optional[str]) -> str:
    return f"{name}/" if name else ""


def _is_number(value: Any) -> bool:
    if isinstance(value, (float, int)):
        return not isinstance(value, bool)
    return hasattr(value, "__float__") and (not hasattr(value, "numel") or value.numel() == 1)


def _may_be_set(optimizer: Any, group: Mapping[str, Any], key: str) -> bool:
    """torch's RMSprop makes its momentum buffers only where momentum was there from the start."""
    value: Any = group.get(key)
    if key == "momentum" and _is_number(value) and float(value) == 0.0:
        return any(base.__name__ == "SGD" for base in type(optimizer).__mro__)
    return _is_number(value)
