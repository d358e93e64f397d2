"""The points of one series as arrays, out of what the program prints."""
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterator, List, NamedTuple, Tuple

from . import place
from .error import ProgramFailed

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Integers = numpy.typing.NDArray[numpy.int64]
    Doubles = numpy.typing.NDArray[numpy.float64]

_BLOCK = 1 << 20  # bytes of text read at once
_EXACT = float(1 << 53)  # from there on a double is no exact step
_ODD = re.compile(r'[*?\[,"\x00-\x1f\x7f]')  # in a name: a pattern, or quoted in csv


class Points(NamedTuple):
    """All of a series, in the order in which they were logged."""

    segments: Integers
    steps: Integers
    times: Doubles
    values: Doubles

    def where(self, wanted: Any) -> Points:
        return Points(self.segments[wanted], self.steps[wanted], self.times[wanted], self.values[wanted])


class Damaged(Exception):
    """Points of run.db could not be read: so many, if the program tells."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        found = re.match(r"(\d+) points? of these series could not be read", said)
        self.lost = int(found[1]) if found else 0


def read(folder: str, name: str, newest: bool) -> Tuple[Points, int]:
    """The points, and how many are lost. `newest`: without those that a later segment replaces."""
    if _ODD.search(name):
        return _asked(folder, name, newest)
    try:
        prefix = name.encode() + b","
        arguments = ("export", "--format", "csv", "--segments", "--series", name, "--", folder)
        points = _gather(_blocks(arguments, prefix), b"\n" + prefix)
    except Damaged:
        return _asked(folder, name, newest)
    return (_as_it_stands(points) if newest else points), 0


def _asked(folder: str, name: str, newest: bool) -> Tuple[Points, int]:
    """The same by a query: slower, and it knows what a damaged segment would have replaced."""
    quoted = "'" + name.replace("'", "''") + "'"
    where = f"series = {quoted}" + (" and superseded = 0" if newest else "")
    query = f"select segment, step, time, value from scalars where {where}"
    lost: List[int] = []
    points = _gather(_blocks(("sql", "--format", "csv", "--", folder, query), b"", lost), b"\n")
    return points, _lost(folder, name) if lost else 0


def _lost(folder: str, name: str) -> int:
    try:
        for _ in _blocks(("export", "--format", "csv", "--segments", "--series", name, "--", folder), b""):
            pass
    except Damaged as damaged:
        return damaged.lost
    return 0


# ---- the program's output ----


def _blocks(arguments: Tuple[str, ...], prefix: bytes, lost: Any = None) -> Iterator[bytes]:
    """Whole lines, many at once, each block beginning behind the first line's prefix; the head line is left out."""
    import subprocess

    with subprocess.Popen(
        [place.program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout and process.stderr
            yield from _cut(process.stdout, prefix)
            said = process.stderr.read()
            status = process.wait()
        except BaseException:
            process.kill()
            raise
    _check(status, said, lost)


def _cut(output: Any, prefix: bytes) -> Iterator[bytes]:
    output.readline()
    rest = b""
    while True:
        data = output.read(_BLOCK)
        block, newline, rest = (rest + data).rpartition(b"\n")
        if block:
            yield block[len(prefix) :]
        if not data:
            return


def _check(status: int, said: bytes, lost: Any) -> None:
    if status == 0:
        return
    text = place.sentence(said, status)
    if "damaged" not in text:
        raise ProgramFailed(text)
    if lost is None:
        raise Damaged(text)
    lost.append(1)


# ---- arrays ----


def _gather(blocks: Iterator[bytes], between: bytes) -> Points:
    """`between`: what stands between the numbers of two rows."""
    import numpy

    parts: List[Points] = [_parse(block, between) for block in blocks]
    if not parts:
        none = numpy.empty(0, numpy.int64)
        return Points(none, none, numpy.empty(0), numpy.empty(0))
    segments, steps, times, values = (numpy.concatenate(columns) for columns in zip(*parts))
    return Points(segments, steps, times, values)


def _parse(block: bytes, between: bytes) -> Points:
    import numpy

    if between == b"\n":  # a query tells NaN as nothing
        block = (block + b"\n").replace(b",\n", b",nan\n")[:-1]
    rows = numpy.fromstring(block.replace(between, b","), sep=",").reshape(-1, 4)
    steps = rows[:, 1]
    exact = numpy.abs(steps).max() < _EXACT
    whole = steps.astype(numpy.int64) if exact else _whole(block, between)
    return Points(rows[:, 0].astype(numpy.int64), whole, rows[:, 2].copy(), rows[:, 3].copy())


def _whole(block: bytes, between: bytes) -> Integers:
    import numpy

    return numpy.array([int(row.split(b",")[1]) for row in block.split(between)], numpy.int64)


def _as_it_stands(points: Points) -> Points:
    """A segment counts up to the first step of any later one."""
    import numpy

    if not len(points.steps) or points.segments[0] == points.segments[-1]:
        return points
    numbers, first = numpy.unique(points.segments, return_index=True)
    begins = points.steps[first]
    later = numpy.minimum.accumulate(begins[::-1])[::-1]
    until = numpy.append(later[1:], numpy.iinfo(numpy.int64).max)
    kept = points.steps < until[numpy.searchsorted(numbers, points.segments)]
    kept |= points.segments == numbers[-1]  # also the greatest step of all
    return points.where(kept)
