"""What is stored of a run, read by the program `trimtab`: exact values, live or ended, also in a folder that is
read-only.

    recording = trimtab.load("digits")
    steps, loss = recording.scalars("train/loss")
    recording.frame("train/*").plot()"""
from __future__ import annotations

import fnmatch
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Union

from . import place, points
from .error import SeriesNotFound

if TYPE_CHECKING:
    import pandas  # type: ignore[import]

    from .points import Doubles, Integers

Segments = Union[str, int]


@dataclass(frozen=True)
class Series:
    """A curve as it is listed: `count` points were ever logged, the last one is `value` at `step`."""

    name: str
    unit: Optional[str]
    count: int
    step: Optional[int]
    time: Optional[float]
    value: Optional[float]


class Scalars:
    """A curve: arrays of equal length, in the order in which it was logged. `steps, values = scalars`.

    `steps` (int64), `values` (float64), `times` (float64, seconds since the epoch), `segments` (int64: a new one begins
    where the step goes back, after a restore). `lost`: so many points are damaged in run.db and missing here."""

    __slots__ = ("name", "steps", "values", "times", "segments", "lost")

    def __init__(
        self, name: str, steps: Integers, values: Doubles, times: Doubles, segments: Integers, lost: int
    ) -> None:
        self.name, self.steps, self.values, self.times = name, steps, values, times
        self.segments, self.lost = segments, lost

    def __iter__(self) -> Iterator[Any]:
        return iter((self.steps, self.values))

    def __getitem__(self, place: int) -> Any:
        return (self.steps, self.values)[place]

    def __len__(self) -> int:
        """So many points."""
        return len(self.steps)

    def __repr__(self) -> str:
        last = f", {self.values[-1]:g} at step {self.steps[-1]}" if len(self) else ""
        return f"<{self.name}: {len(self)} points{last}{f', {self.lost} lost' if self.lost else ''}>"

    def series(self, axis: str = "step") -> pandas.Series:
        """As a pandas Series; of equal steps the last point. `axis`: "step" or "time"."""
        pandas = _pandas()
        if axis == "time":
            index = pandas.to_datetime(self.times, unit="s", utc=True)
        elif axis == "step":
            index = pandas.Index(self.steps, name="step")
        else:
            raise ValueError(f'axis is "step" or "time", not {axis!r}')
        series = pandas.Series(self.values, index=index, name=self.name)
        return series[~index.duplicated(keep="last")]


class Recording:
    """What was stored of a run at the moment of `load`; points are read when they are asked for."""

    def __init__(self, run: place.Run) -> None:
        self.folder: str = place.folder_of(run)
        told = self.query("select name, state, step, total, started, changed, host, pid, command, lives from run")
        self.run: Dict[str, Any] = told[0] if told else {}
        self.series: Dict[str, Series] = {one["name"]: _series(one) for one in self.query(_SERIES)}

    def __repr__(self) -> str:
        return f"<trimtab.Recording of {self.folder}: {self.state}, {len(self.series)} series>"

    @property
    def name(self) -> str:
        return self.run.get("name") or os.path.basename(self.folder)

    @property
    def state(self) -> Optional[str]:
        """As it was last stored: waiting, running, paused, stopping, finished, lost."""
        return self.run.get("state")

    @property
    def step(self) -> Optional[int]:
        return self.run.get("step")

    @property
    def config(self) -> Dict[str, Any]:
        """The fixed inputs: what the script told, and command, host, git_commit, ... that the library adds."""
        return {row["name"]: _parsed(row["json"]) for row in self.query("select name, json from config")}

    @property
    def settings(self) -> Dict[str, Any]:
        """The last value in effect of each setting."""
        rows = self.query("select name, type, value from settings")
        return {row["name"]: bool(row["value"]) if row["type"] == "bool" else row["value"] for row in rows}

    # ---- curves ----

    def scalars(self, name: str, segments: Segments = "newest") -> Scalars:
        """The points of a series: "newest" (the curve as it stands: without what a restore has made undone), "all",
        or those of the one segment of that number."""
        if segments not in ("newest", "all") and not isinstance(segments, int):
            raise ValueError(f'segments is "newest", "all" or the number of one, not {segments!r}')
        if name not in self.series:
            raise SeriesNotFound(f"{self.name} has no series {name!r}{_near(name, self.series)}")
        _numpy()
        found, lost = points.read(self.folder, name, segments == "newest")
        if isinstance(segments, int):
            found = found.where(found.segments == segments)
        return Scalars(name, found.steps, found.values, found.times, found.segments, lost)

    def names(self, globs: Union[str, Iterable[str]] = "*") -> List[str]:
        """The series that match a pattern ("train/*"; `*` crosses "/"), in the order in which they were declared."""
        wanted = [globs] if isinstance(globs, str) else list(globs)
        return [name for name in self.series if any(name == glob or fnmatch.fnmatchcase(name, glob) for glob in wanted)]

    def frame(
        self, globs: Union[str, Iterable[str]] = "*", segments: Segments = "newest", axis: str = "step"
    ) -> pandas.DataFrame:
        """A pandas DataFrame with a column for each series that matches; where one was not logged there is NaN. Of
        equal steps the last point. ImportError without pandas; SeriesNotFound where none matches."""
        pandas = _pandas()
        names = self.names(globs)
        if not names:
            raise SeriesNotFound(f"{self.name} has no series that matches {globs!r}{_near(str(globs), self.series)}")
        columns = {name: self.scalars(name, segments).series(axis) for name in names}
        frame = pandas.DataFrame(columns)
        frame.index.name = axis
        return frame

    # ---- what else is stored ----

    def query(self, sql: str) -> List[Dict[str, Any]]:
        """A query (SELECT) over what is stored, as `trimtab sql` answers it; a NaN is None."""
        lines = place.ask("sql", "--format", "jsonl", "--", self.folder, sql).splitlines()
        return [json.loads(line) for line in lines]

    def messages(self) -> List[Dict[str, Any]]:
        """What was said and alerted: id, step, time, level, text, by."""
        return self.query("select * from messages order by id")

    def checkpoints(self) -> List[Dict[str, Any]]:
        """name, step, time, path, bytes."""
        return self.query("select name, step, time, path, bytes from checkpoints order by id")

    def audit(self) -> List[Dict[str, Any]]:
        """Who asked for what ("record": "accepted") and what became of it ("record": "outcome"), in the order in
        which it was committed. That nothing was changed afterwards shows `trimtab audit --verify`."""
        records = [{"record": "accepted", **row} for row in self.query("select * from requests")]
        for row in self.query("select * from outcomes"):
            values = _parsed(row.pop("vals", None))
            records.append({"record": "outcome", **row, "values": values})
        for record in records:
            if "request" in record:
                record["request"] = _parsed(record["request"])
        return sorted(records, key=lambda record: int(record["sequence"]))


def load(run: place.Run) -> Recording:
    """What is stored of a run, live or ended: `run` is its folder, the run.db in it, its name (the newest that is
    called so), or a run object. RunNotFound, or ProgramFailed with the program's own sentence."""
    return Recording(run)


# ---- helpers ----

_SERIES = "select name, unit, count, step, time, value from series order by id"


def _series(row: Dict[str, Any]) -> Series:
    return Series(row["name"], row["unit"] or None, row["count"], row["step"], row["time"], _number(row["value"]))


def _number(value: Any) -> Optional[float]:
    return None if value is None else float(value)


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _near(name: str, series: Iterable[str]) -> str:
    import difflib

    names = list(series)
    near = difflib.get_close_matches(name, names, 3, 0.4) or [one for one in names if name.lower() in one.lower()][:3]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; it has {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "; it has none yet"


def _numpy() -> None:
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise ImportError("scalars needs numpy: pip install numpy (`trimtab export` writes CSV without)") from None


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError("a frame needs pandas, which is not installed here: pip install pandas") from None
    return pandas
