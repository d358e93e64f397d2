"""Any Python value as JSON: numbers, texts, lists and mappings as themselves, the rest as near as it can be had."""
from __future__ import annotations

import math
import os
from typing import Any, Iterable, List, Mapping, Set

REPR_MAX = 500  # characters of the repr of what is nothing else
ARRAY_MAX = 4096  # elements of an array that are written out
LEAVES_MAX = 100_000
DEPTH_MAX = 24


def json_of(value: Any) -> str:
    """One JSON value on one line. NaN and infinities are texts, as everywhere on trimtab's wire. Never raises."""
    import json

    return json.dumps(_Reader().plain(value, 0), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def mapping_of(value: Any) -> Mapping[Any, Any]:
    """A mapping, argparse's Namespace, a dataclass, or another object's public attributes. TypeError for all else."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    if callable(getattr(value, "keys", None)) and hasattr(value, "__getitem__"):
        return {name: value[name] for name in value.keys()}
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name, None) for name in fields}
    if hasattr(value, "__dict__") and not callable(value):
        return {name: one for name, one in vars(value).items() if not name.startswith("_")}
    raise TypeError(f"a mapping of names to values is needed, not {type(value).__name__}")


def text_of(value: Any, most: int = 0) -> str:
    """str(value) as UTF-8 can tell it: without zero bytes and lone surrogates, of at most `most` bytes (0: any)."""
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    text = str.__str__(text).replace("\0", "\ufffd")
    if text.isascii() and (not most or len(text) <= most):
        return text
    data = text.encode("utf-8", "replace")
    return data.decode() if not most or len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "..."


def finite_or_text(number: float) -> Any:
    if math.isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


class _Reader:
    """One value's reading: what is open, so that nothing is entered within itself, and how much may still come."""

    def __init__(self) -> None:
        self.open: Set[int] = set()
        self.left = LEAVES_MAX

    def plain(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if value is None or value is True or value is False:
            return value
        if type(value) is float:
            return finite_or_text(value)
        if type(value) is int:
            return value if -(2**63) <= value < 2**63 else str(value)
        if type(value) is str:
            return text_of(value)
        if depth > DEPTH_MAX or id(value) in self.open or self.left < 0:
            return "..."
        self.open.add(id(value))
        try:
            return self.other(value, depth + 1)
        except Exception:  # of the value's own code
            return _repr(value)
        finally:
            self.open.discard(id(value))

    def other(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self.pairs(value, depth)
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self.pairs(value._asdict(), depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self.items(value, depth)
        if isinstance(value, type) or callable(value):
            return getattr(value, "__qualname__", None) or _repr(value)
        if hasattr(value, "_name_") and hasattr(value, "_value_"):  # a member of an Enum
            return text_of(value._name_)
        if isinstance(value, os.PathLike):
            return text_of(os.fsdecode(value))
        if hasattr(value, "tolist"):
            return self.array(value, depth)
        return self.leaf(value, depth)

    def leaf(self, value: Any, depth: int) -> Any:
        if isinstance(value, (int, float, str)):  # of a class of their own
            base = int if isinstance(value, int) else float if isinstance(value, float) else str
            return self.plain(base(value), depth)
        if hasattr(value, "isoformat"):
            return text_of(value.isoformat())
        if hasattr(value, "__float__") and not hasattr(value, "__len__"):
            return finite_or_text(float(value))
        if callable(getattr(value, "to_dict", None)):
            return self.pairs(value.to_dict(), depth)
        if hasattr(value, "__dataclass_fields__") or type(value).__name__ in ("Namespace", "SimpleNamespace"):
            return self.pairs(mapping_of(value), depth)
        if hasattr(value, "__iter__") and hasattr(value, "__len__") and not isinstance(value, (bytes, bytearray)):
            return self.items(value, depth)
        return _repr(value)

    def pairs(self, value: Mapping[Any, Any], depth: int) -> Any:
        found = {}
        for name in value:
            if self.left < 0:
                found["..."] = "..."
                break
            try:
                found[text_of(name)] = self.plain(value[name], depth)
            except Exception as error:  # a value that is to be filled in, or computed
                found[text_of(name)] = type(error).__name__
        return found

    def items(self, value: Iterable[Any], depth: int) -> List[Any]:
        found = []
        for one in value:
            found.append(self.plain(one, depth))
            if self.left < 0:
                break
        return found

    def array(self, value: Any, depth: int) -> Any:
        """Of numpy, torch, pandas and their like: one element is a number, many are lists, very many their shape."""
        shape = tuple(getattr(value, "shape", ()))
        if math.prod(int(n) for n in shape) > ARRAY_MAX:
            return f"{type(value).__name__} of shape {shape} and {getattr(value, 'dtype', 'unknown type')}"
        return self.plain(value.tolist(), depth)


def _repr(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text_of(text if len(text) <= REPR_MAX else text[: REPR_MAX - 3] + "...")
