"""run.config and run.summary: names and values that are kept with the run, reached as items and as attributes."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional

from .plain import json_of, mapping_of, text_of
from .said import say_once

if TYPE_CHECKING:
    from .run import Run

NAME_MAX = 128  # bytes, of trimtab.h
VALUE_MAX = 65536  # bytes of JSON
INERT = -5
TELLINGS_A_SECOND = 10  # of the summary, which is told as a whole


def tell(run: Run, name: Any, value: Any) -> None:
    """Keeps one value with the run; what cannot be kept is said once. Never raises."""
    if not run.live:
        return
    key = name_of(name)
    if run.config_json(key, fitted(key, value)) not in (0, INERT):
        say_once(f"config {key} is not recorded: {run.error}", f"config {key}")


def name_of(name: Any) -> str:
    key = "".join(c if c.isprintable() else " " for c in text_of(name)) or " "
    return text_of(key, NAME_MAX)


def fitted(name: str, value: Any) -> str:
    """`value` as JSON that a run can keep: where it is too long, the beginning of it as a text."""
    text = json_of(value)
    if len(text) <= VALUE_MAX // 4 or len(text.encode()) <= VALUE_MAX:
        return text
    say_once(f"config {name} is longer than {VALUE_MAX} bytes: only its beginning is kept", f"long {name}")
    most = VALUE_MAX - 16
    while len(text.encode()) > VALUE_MAX - 16:  # quoting makes it longer
        most //= 2
        text = json_of(text_of(value if isinstance(value, str) else text, most))
    return text


class Named(Mapping[str, Any]):
    """Items that are attributes too. Reading gives the very objects that were put in."""

    __slots__ = ("_run", "_values")
    _run: Run
    _values: Dict[str, Any]

    def __init__(self, run: Run) -> None:
        object.__setattr__(self, "_run", run)
        object.__setattr__(self, "_values", {})

    def _changed(self, name: str) -> None:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._changed(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__.lower()} has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delitem__(self, name: str) -> None:
        """Only here: what was told stays told."""
        del self._values[name]

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self)!r})"

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))

    def update(self, values: Any = None, allow_val_change: Optional[bool] = None, **more: Any) -> None:
        """`values`: a mapping, argparse's Namespace, a dataclass, any object with attributes."""
        try:
            named = {**{str(name): one for name, one in mapping_of(values).items()}, **more}
        except Exception:  # no mapping, or one that will not be read as a whole
            say_once(f"config: a mapping of names to values is needed, not {type(values).__name__}; its text is kept")
            named = {type(values).__name__: values, **more}
        for name, one in named.items():
            self[name] = one

    def setdefaults(self, values: Any) -> None:
        """Those of `values` that are not there yet."""
        self.update({name: one for name, one in mapping_of(values).items() if str(name) not in self._values})

    def as_dict(self) -> Dict[str, Any]:
        return dict(self)


class Config(Named):
    """The fixed inputs of a run. Each value is kept as JSON (what JSON has no form for: as its repr; NaN as "NaN")
    under its name, at once; setting one again replaces it. Values are the objects that were given: changing one from
    within is not seen."""

    __slots__ = ()

    def _changed(self, name: str) -> None:
        tell(self._run, name, self._values[name])


class Summary(Named):
    """What came out: kept as the config value `summary`, told as a whole at most ten times a second and at the end.

    Where each log is a step (no control point of your own), reading a name that was never assigned gives the value that
    was logged last."""

    __slots__ = ("_dirty", "_second", "_tellings")
    _dirty: bool
    _second: float
    _tellings: int

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        object.__setattr__(self, "_dirty", False)
        object.__setattr__(self, "_second", 0.0)
        object.__setattr__(self, "_tellings", 0)

    def __getitem__(self, name: str) -> Any:
        return self._values[name] if name in self._values else self._run._logged.last[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._run._logged.last, **self._values})

    def __len__(self) -> int:
        return len({**self._run._logged.last, **self._values})

    def _changed(self, name: str) -> None:
        object.__setattr__(self, "_dirty", True)
        now = time.monotonic()
        if now - self._second >= 1:
            object.__setattr__(self, "_second", now)
            object.__setattr__(self, "_tellings", 0)
        if self._tellings < TELLINGS_A_SECOND:
            object.__setattr__(self, "_tellings", self._tellings + 1)
            self.tell()

    def tell(self) -> None:
        if self._dirty:
            object.__setattr__(self, "_dirty", False)
            tell(self._run, "summary", self._values)
