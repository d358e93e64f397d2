"""run.action: a function's signature as an action's parameters, its return value as JSON."""
from __future__ import annotations

import inspect
import json
import math
import sys
import traceback
import typing
from collections.abc import Mapping
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from . import _core
from .plain import json_of, mapping_of, text_of
from .range import Range

TEXT_MAX = 4096  # bytes of a doc line, of trimtab.h
PLAIN = {float: "double", int: "int", bool: "bool", str: "string"}
WANTED = {int: "a whole number", float: "a number", bool: "true or false", list: "a JSON list", dict: "a JSON object"}
WORDS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False, "1": True, "0": False}


class Refusal(Exception):
    """A sentence for the client, no traceback."""


class Parameter(NamedTuple):
    name: str
    kind: Any  # float, int, bool, str, list or dict
    default: Any  # inspect.Parameter.empty: it must be given
    range: Range
    choices: Tuple[str, ...]

    @property
    def in_text(self) -> bool:
        """Told as a text, "" where it is absent: what may be absent, and what has no form of its own."""
        return self.default is None or self.kind not in PLAIN

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    def told(self) -> _core.Param:
        if not self.in_text:
            default = None if self.required else self.kind(self.default)
            return (self.name, PLAIN[self.kind], default, self.range.min, self.range.max)
        default = None if self.required else "" if self.default is None else json_of(self.default)
        return (self.name, "string", default, None, None)

    def value(self, given: Any) -> Any:
        """What the function is called with. Raises Refusal."""
        if self.in_text and (given == "" or not isinstance(given, str)):
            if self.required:
                raise Refusal(f"parameter {self.name} must be given")
            return self.default
        value = _parsed(self, given) if self.in_text else given
        if self.choices and value not in self.choices:
            raise Refusal(f"parameter {self.name} is one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, (int, float)) and not self.range.holds(value):
            raise Refusal(f"parameter {self.name} cannot be {value}: it takes {self.range}")
        return value


class Action(NamedTuple):
    """What _core.Run.define is given."""

    name: str
    doc: str
    params: List[_core.Param]
    function: Callable[..., Mapping[str, str]]


def make(function: Callable[..., Any], name: Optional[str] = None, doc: Optional[str] = None) -> Action:
    """Raises TypeError for a signature that cannot be asked for over the wire, with a sentence that says what can."""
    if not callable(function):
        raise TypeError(f"an action is a function, not {function!r}")
    name = name or getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise TypeError("this action has no name: run.action('name')(function)")
    parameters = _parameters(name, function)
    line = (doc if doc is not None else inspect.getdoc(function) or "").strip().partition("\n")[0]
    required = ", ".join(one.name for one in parameters if one.required)
    if required:  # the wire has no word for it
        line = f"{line} (must be given: {required})".strip()
    told = [one.told() for one in parameters]
    return Action(name, text_of(line, TEXT_MAX), told, _called(name, function, parameters))


def result_of(value: Any) -> Dict[str, str]:
    """Names and JSON texts: those of a mapping, or {"value": ...}."""
    if value is None:
        return {}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        value = mapping_of(value)
    if not isinstance(value, Mapping):
        value = {"value": value}
    return {text_of(name, 128): json_of(one) for name, one in value.items()}


def _called(name: str, function: Callable[..., Any], parameters: List[Parameter]) -> Callable[..., Mapping[str, str]]:
    def call(**given: Any) -> Mapping[str, str]:
        try:
            return result_of(function(**{one.name: one.value(given.get(one.name, "")) for one in parameters}))
        except Refusal:
            raise
        except Exception as error:
            _print(name)
            text = text_of(error)
            raise Refusal(f"{type(error).__name__}: {text}" if text else type(error).__name__) from None

    return call


def _print(name: str) -> None:
    try:
        print(f"trimtab: action {name} failed:", file=sys.stderr)
        traceback.print_exc()
    except (OSError, ValueError, AttributeError):  # no standard error
        pass


# ---- signatures ----


def _parameters(name: str, function: Callable[..., Any]) -> List[Parameter]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise TypeError(f"action {name!r}: the parameters of {function!r} cannot be told; wrap it in a def") from None
    hints = _hints(function)
    return [_parameter(name, one, hints.get(one.name, one.annotation)) for one in signature.parameters.values()]


def _hints(function: Any) -> Dict[str, Any]:
    inner = inspect.unwrap(getattr(function, "func", function))
    try:
        return typing.get_type_hints(inner, include_extras=True)
    except Exception:  # a name that is only there for a type checker
        return dict(getattr(inner, "__annotations__", {}))


def _parameter(action: str, given: inspect.Parameter, hint: Any) -> Parameter:
    where = f"action {action!r}, parameter {given.name!r}"
    if given.kind in (given.VAR_POSITIONAL, given.VAR_KEYWORD):
        raise TypeError(f"{where}: * and ** cannot be asked for; name each parameter")
    if given.kind is given.POSITIONAL_ONLY:
        raise TypeError(f"{where}: parameters are given by name; leave out the / of the signature")
    default = _plain(given.default)
    hint, bounds = _without_range(where, hint)
    hint, optional = _without_none(hint)
    choices: Tuple[str, ...] = ()
    if typing.get_origin(hint) is typing.Literal:
        choices = typing.get_args(hint)
        if not all(isinstance(one, str) for one in choices):
            raise TypeError(f"{where}: a Literal of texts can be told, no other")
        hint = str
    kind = _kind(where, hint, default)
    if optional and default is given.empty:
        default = None
    _check_default(where, kind, default, bounds, choices)
    return Parameter(given.name, kind, _as_kind(kind, default), bounds, choices)


def _without_range(where: str, hint: Any) -> Tuple[Any, Range]:
    if typing.get_origin(hint) is not getattr(typing, "Annotated", None):
        return hint, Range()
    hint, *extras = typing.get_args(hint)
    for extra in extras:
        if isinstance(extra, tuple):
            if len(extra) != 2 or not all(one is None or isinstance(one, (int, float)) for one in extra):
                raise TypeError(f"{where}: a range is (least, greatest), not {extra!r}")
            if any(one is not None and one != one for one in extra):
                raise TypeError(f"{where}: NaN is no end of a range")
            return hint, Range(*(None if one in (-math.inf, math.inf) else one for one in extra))
    return hint, Range()


def _without_none(hint: Any) -> Tuple[Any, bool]:
    """Optional[int] is int that may be absent; so is `int | None`."""
    arguments = typing.get_args(hint)
    if type(None) not in arguments:
        return hint, False
    others = [one for one in arguments if one is not type(None)]
    return (others[0] if len(others) == 1 else hint), True


def _kind(where: str, hint: Any, default: Any) -> Any:
    if isinstance(hint, str):  # an annotation that could not be evaluated
        hint = {"int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict}.get(hint, hint)
    if hint is inspect.Parameter.empty or hint is Any:
        return str if default is inspect.Parameter.empty or default is None else _kind(where, type(default), default)
    kind = typing.get_origin(hint) or hint
    if kind in PLAIN or kind in (list, dict):
        return kind
    if kind in (tuple, Mapping, typing.Sequence) or getattr(kind, "__module__", "") == "collections.abc":
        return dict if isinstance(kind, type) and issubclass(kind, Mapping) else list
    shown = getattr(hint, "__name__", hint)
    raise TypeError(f"{where}: int, float, bool, str, list and dict can be asked for, not {shown}")


def _plain(value: Any) -> Any:
    """A default that is a number of numpy or torch, as Python's."""
    if value is inspect.Parameter.empty or isinstance(value, (int, float, str, list, dict, type(None))):
        return value
    return value.item() if hasattr(value, "item") else value


def _as_kind(kind: Any, default: Any) -> Any:
    return float(default) if kind is float and isinstance(default, int) else default


def _check_default(where: str, kind: Any, default: Any, bounds: Range, choices: Tuple[str, ...]) -> None:
    if bounds != Range() and kind not in (int, float):
        raise TypeError(f"{where}: only int and float have a range")
    if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        raise TypeError(f"{where}: the range begins at {bounds.min} and ends at {bounds.max}")
    if default is inspect.Parameter.empty or default is None:
        return
    wanted = (int, float) if kind is float else (list, tuple) if kind is list else kind
    if not isinstance(default, wanted) or (isinstance(default, bool) and kind is not bool):
        raise TypeError(f"{where}: the default {default!r} is no {kind.__name__}")
    if choices and default not in choices:
        raise TypeError(f"{where}: the default {default!r} is none of {', '.join(choices)}")
    if kind is float and default - default != 0:
        raise TypeError(f"{where}: the default must be a finite number")
    if kind in (int, float) and not bounds.holds(default):
        raise TypeError(f"{where}: the default {default!r} cannot be: it takes {bounds}")


def _parsed(parameter: Parameter, text: str) -> Any:
    try:
        if parameter.kind is str:
            return text
        if parameter.kind is bool:
            return WORDS[text.strip().lower()]
        if parameter.kind in PLAIN:
            return parameter.kind(text)
        value = json.loads(text)
    except (ValueError, KeyError):
        raise Refusal(f"parameter {parameter.name} takes {WANTED[parameter.kind]}, not {text[:100]!r}") from None
    if not isinstance(value, parameter.kind):
        raise Refusal(f"parameter {parameter.name} takes {WANTED[parameter.kind]}, not {text[:100]!r}")
    return value
