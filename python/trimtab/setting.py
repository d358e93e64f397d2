"""What run.setting is given, as a _core.Setting: where a value lives, its type and its range."""
from __future__ import annotations

import copyreg
import math
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Dict, Optional, Tuple

from . import _core
from .range import Range


def make(
    name: str,
    value: Any = None,
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
    """Raises TypeError and ValueError for what cannot be a setting, each with a sentence that says what can."""
    if not isinstance(name, str):
        raise TypeError(f"a setting's name is a text such as 'lr', not {name!r}")
    source, value = _source(name, _plain(value), bind, set, get)
    present = _plain(_present(source)) if value is None else value
    choices = None if choices is None else [str(one) for one in choices]
    min, max = None if min == -math.inf else min, None if max == math.inf else max
    _check(name, present, min, max, choices)
    if not source:
        _check_within(name, present, min, max)
    return _core.Setting(name, value, min=min, max=max, choices=choices, unit=unit, doc=doc, **source)


def _source(name: str, value: Any, bind: Any, set: Any, get: Any) -> Tuple[Dict[str, Any], Any]:
    """The place of the value as _core.Setting takes it, and the value where that place does not tell it."""
    if bind is not None:
        if value is not None or set is not None or get is not None:
            raise TypeError(f"setting {name!r}: with bind= the value is read and written there: nothing goes beside it")
        return _bound(name, bind), None
    if set is not None:
        if not callable(set) or (get is not None and not callable(get)):
            raise TypeError(f"setting {name!r}: set= and get= are functions")
        if get is None and value is None:
            raise TypeError(f"setting {name!r}: with set= give the present value too, or get=")
        return {"setter": set, "getter": get}, value
    if get is not None:
        raise TypeError(f"setting {name!r}: get= needs set=, which takes what clients ask for")
    if value is None:
        raise TypeError(f"setting {name!r}: give its value, or bind=(object, 'attribute'), or set=function")
    return {}, value


def _bound(name: str, bind: Any) -> Dict[str, Any]:
    if not isinstance(bind, tuple) or len(bind) != 2:
        raise TypeError(f"setting {name!r}: bind= is (object, 'attribute') or (mapping or list, key), not {bind!r}")
    holder, key = bind
    if isinstance(holder, (Mapping, list)):
        try:
            present = holder[key]
        except (LookupError, TypeError):
            raise ValueError(f"setting {name!r}: there is no item {key!r} in the {type(holder).__name__}") from None
        return _place(name, present, {"container": holder, "key": key}, lambda: holder[key], _item_setter(holder, key))
    if not isinstance(key, str) or not hasattr(holder, key):
        raise ValueError(f"setting {name!r}: {type(holder).__name__} has no attribute {key!r}")
    direct = {"object": holder, "attribute": key}
    return _place(name, getattr(holder, key), direct, lambda: getattr(holder, key), _attribute_setter(holder, key))


def _place(
    name: str, present: Any, direct: Dict[str, Any], read: Callable[[], Any], write: Callable[[Any], None]
) -> Dict[str, Any]:
    """Direct for Python's own values; numbers of numpy and torch keep their type: a tensor is written in place."""
    if isinstance(present, (bool, int, float, str)):
        return direct

    def setter(value: Any) -> Any:
        old = read()
        if callable(getattr(old, "fill_", None)):
            getattr(old, "data", old).fill_(value)
        else:
            write(type(old)(value))
        return _plain(read())

    _plain_or_refuse(name, present)
    return {"setter": setter, "getter": lambda: _plain(read())}


def _item_setter(holder: Any, key: Any) -> Callable[[Any], None]:
    def write(value: Any) -> None:
        holder[key] = value

    return write


def _attribute_setter(holder: Any, key: str) -> Callable[[Any], None]:
    return lambda value: setattr(holder, key, value)


def _present(source: Dict[str, Any]) -> Any:
    if "container" in source:
        return source["container"][source["key"]]
    if "object" in source:
        return getattr(source["object"], source["attribute"])
    return source["getter"]()


def _plain(value: Any) -> Any:
    """A number of numpy or torch as Python's."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        return value.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return value


def _plain_or_refuse(name: str, value: Any) -> Any:
    plain = _plain(value)
    if not isinstance(plain, (bool, int, float, str)):
        raise TypeError(f"setting {name!r}: a setting is a number, a bool or a text, not {type(plain).__name__}")
    return plain


def _check(name: str, value: Any, least: Any, most: Any, choices: Optional[Sequence[str]]) -> None:
    _plain_or_refuse(name, value)
    if choices is not None and value not in choices:
        raise ValueError(f"setting {name!r}: {value!r} is none of its choices {', '.join(choices) or '(none)'}")
    if least is None and most is None:
        return
    if choices is not None or isinstance(value, (bool, str)):
        raise TypeError(f"setting {name!r}: only a number has min= and max=, not {value!r}")
    if least is not None and most is not None and least > most:
        raise ValueError(f"setting {name!r}: min={least!r} is greater than max={most!r}")
    for bound, given in (("min", least), ("max", most)):
        if given is not None and not math.isfinite(given):
            raise ValueError(f"setting {name!r}: {bound}= is a number, or None where there is no bound, not {given!r}")


def _check_within(name: str, value: Any, least: Any, most: Any) -> None:
    """Of a value of its own: what a program has elsewhere may lie outside the range."""
    taken = Range(least, most)
    if (least is not None or most is not None) and not taken.holds(value):
        raise ValueError(f"setting {name!r}: it takes {taken}, so it cannot begin with {value!r}")


# ---- in copies ----


class _Same:
    """A setting within a model or another object that is copied is the same setting. Kept in a file, or sent to another
    process, it is a value of its own, which nobody steers."""

    def __init__(self, setting: _core.Setting) -> None:
        self.setting = setting

    def __deepcopy__(self, memo: Any) -> _Same:
        return self

    def __reduce__(self) -> Any:
        return (_alone, (self.setting.name, self.setting.value))


def _alone(name: str, value: _core.Value) -> _Same:
    return _Same(_core.Setting(name, value))


def _opened(same: _Same) -> _core.Setting:
    return same.setting


copyreg.pickle(_core.Setting, lambda setting: (_opened, (_Same(setting),)))
