"""Range: what a number may be."""
from __future__ import annotations

from typing import NamedTuple, Optional


class Range(NamedTuple):
    """Both ends included, None: no bound on that side: `length: Annotated[int, Range(1, 4096)] = 160`."""

    min: Optional[float] = None
    max: Optional[float] = None

    def holds(self, number: float) -> bool:
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)

    def __str__(self) -> str:
        if self.max is None:
            return "any number" if self.min is None else f"{self.min!r} or more"
        return f"at most {self.max!r}" if self.min is None else f"{self.min!r} to {self.max!r}"
