"""One training of several processes under torch.distributed: rank 0 is steered, all ranks do it at the same step.

    dist.init_process_group(...)
    run = torch_distributed.follow(trimtab.init("big"))   # on every rank, before anything is declared
    run.watch(optimizer)                                  # on every rank: the same settings, the same actions
    for step in run.steps(3000):                          # each control point is a collective
        ...

At each step rank 0 runs its control point, then tells the others in one small broadcast (gloo, in a process group of
its own) what came of it: go on or stop, the next step, what clients set. They set the same before they run the step.
An action runs on every rank at the same point; what it returns on rank 0 is its result, and it is refused where any
rank fails. While the run is paused rank 0 repeats the broadcast, so that nobody waits for longer than the time-out.

A rank that cannot do what rank 0 did raises a RuntimeError that says what; where a rank has gone, the others' next
control point raises one that says so. With one rank, and without torch.distributed, all is as in one process.

Threads: control points belong to one thread, and it makes them on every rank in the same order as other collectives."""
from __future__ import annotations

import array
import datetime
import functools
import json
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple, TypeVar
from weakref import WeakKeyDictionary

import torch
import torch.distributed as dist

from .. import _core
from ..run import Run

F = TypeVar("F", bound=Callable[..., Any])
Action = Callable[..., Mapping[str, str]]  # as _core.Run.define takes it
GO, STOP, ACT, WAIT, LEAVE = range(5)


def follow(run: Run, *, timeout: Optional[datetime.timedelta] = None, beat: float = 1.0) -> Run:
    """The same run, whose control points are from now on those of all ranks. A collective: each rank calls it, after
    trimtab.init and before it declares settings and actions. On ranks other than 0, which record nothing, `run.folder`
    and `run.resumed` then are those of rank 0.

    `timeout`: for how long a rank waits for another one (30 minutes unless given). `beat`: seconds between two
    broadcasts of a pause. Raises ValueError where another rank than 0 records its run, too, or where a setting or an
    action was declared before."""
    if not _initialized() or dist.get_world_size() == 1 or isinstance(run, _Together):
        return run
    if dist.get_rank() and run.live:
        raise ValueError(
            f"rank {dist.get_rank()} records a run, too, and only rank 0 may: "
            "call trimtab.init after init_process_group, or with RANK set"
        )
    if run._has_declared:
        raise ValueError("something was declared before follow(), for one rank alone: call it right after init()")
    ranks = _Ranks(timeout)
    facts = ranks.agree({"folder": run.folder, "resumed": run.resumed and dict(run.resumed)})
    place = _places[run] = _Place(ranks, facts)
    run.__class__ = _Follower if ranks.rank else _Leader
    if ranks.rank == 0:
        run.applied = place.changes
        run.waiting(lambda: ranks.tell(WAIT, place.at, 0, {}), beat)
    return run


def rank_0_only(function: F) -> F:
    """For an action, below @run.action: the other ranks do nothing and wait meanwhile. It must not take part in
    collectives, nor take longer than the time-out."""

    @functools.wraps(function)
    def alone(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named) if not _initialized() or dist.get_rank() == 0 else None

    return alone  # type: ignore[return-value]


class _Word(NamedTuple):
    """What rank 0 tells at a control point."""

    kind: int
    at: int  # the step that rank 0 was at
    step: int  # the step to run
    content: Mapping[str, Any]


class _Ranks:
    """The ranks of a run, from where one of them stands, and what they say to each other."""

    def __init__(self, timeout: Optional[datetime.timedelta]) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        given = {} if timeout is None else {"timeout": timeout}
        self._group = dist.new_group(backend="gloo", **given)  # type: ignore[no-untyped-call]
        self._numbers = array.array("q", [0, 0, 0, 0])  # those of _Word, bytes of its content
        self._header = torch.frombuffer(self._numbers, dtype=torch.int64)

    def agree(self, facts: Dict[str, Any]) -> Dict[str, Any]:
        """Rank 0's."""
        shared = [facts]
        self._collective(dist.broadcast_object_list, shared, 0)
        return shared[0]

    def tell(self, kind: int, at: int, step: int, content: Mapping[str, Any]) -> None:
        data = json.dumps(content).encode() if content else b""
        self._numbers[:] = array.array("q", [kind, at, step, len(data)])
        self._collective(dist.broadcast, self._header, 0)
        if data:
            self._collective(dist.broadcast, torch.frombuffer(bytearray(data), dtype=torch.uint8), 0)

    def hear(self) -> _Word:
        self._collective(dist.broadcast, self._header, 0)
        kind, at, step, size = self._numbers
        if not size:
            return _Word(kind, at, step, {})
        data = torch.empty(size, dtype=torch.uint8)
        self._collective(dist.broadcast, data, 0)
        return _Word(kind, at, step, json.loads(bytes(data.tolist())))

    def act(self, function: Action, params: Mapping[str, Any]) -> Mapping[str, str]:
        """On all ranks; raises on each of them where it failed on any."""
        result: Mapping[str, str] = {}
        failed: Optional[BaseException] = None
        try:
            result = function(**params)
        except BaseException as error:
            failed = error
        said: List[Optional[str]] = [None] * self.size
        self._collective(dist.all_gather_object, said, None if failed is None else _sentence(failed))
        if failed is not None:
            raise failed
        if any(said):
            others = "; ".join(f"rank {rank}: {text}" for rank, text in enumerate(said) if text)
            raise RuntimeError(f"{others} (the other ranks have done it)")
        return result

    def _collective(self, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            function(*arguments, group=self._group)
        except RuntimeError as error:
            who = "rank 0" if self.rank else "another rank"
            raise RuntimeError(f"rank {self.rank} has lost {who}, whose own output may tell why: {error}") from error


class _Place:
    """What a rank keeps of its run."""

    def __init__(self, ranks: _Ranks, facts: Mapping[str, Any]) -> None:
        self.ranks = ranks
        self.facts = facts  # rank 0's
        self.at = 0  # the step that the control point was called for
        self.changes: List[Tuple[str, _core.Value]] = []  # on rank 0: what clients set, not told yet
        self.settings: Dict[str, _core.Setting] = {}  # of the others, as the two below
        self.actions: Dict[str, Action] = {}
        self.acting = False

    def taken(self) -> Dict[str, Any]:
        """The changes, which then are told."""
        if not self.changes:
            return {}
        taken = {"settings": list(self.changes)}
        self.changes.clear()
        return taken


_places: WeakKeyDictionary[Run, _Place] = WeakKeyDictionary()


class _Together(Run):
    """A run of several ranks. follow() makes one of a Run by changing its class: so it has no slots of its own."""

    __slots__ = ()

    def steps(self, n: int, start: int = 0) -> _Steps:  # type: ignore[override]
        """As Run.steps, on every rank: all end at the same step, and go where a restore says."""
        if not self.total_steps:
            self.total_steps = n
        return _Steps(self, n, start)


class _Steps:
    """An iterator over steps, each through a control point of all ranks."""

    def __init__(self, run: Run, n: int, start: int) -> None:
        self._run, self._n, self._next = run, n, start

    def __iter__(self) -> _Steps:
        return self

    def __next__(self) -> int:
        if not self._run.control_point(self._next) or self._run.step >= self._n:
            raise StopIteration
        self._next = self._run.step + 1
        return self._run.step

    def __len__(self) -> int:
        return max(0, self._n - self._next)


class _Leader(_Together):
    """The run of rank 0."""

    __slots__ = ()

    def control_point(self, step: int) -> bool:
        place = _places[self]
        place.at = step
        try:
            go = super().control_point(step)
        except BaseException as error:
            _tell_leave(place, error)
            raise
        place.ranks.tell(GO if go else STOP, step, self.step, place.taken())
        return go

    def define(self, name: str, doc: str, params: Sequence[_core.Param], function: Action) -> int:
        place = _places[self]

        def on_all_ranks(**given: Any) -> Mapping[str, str]:
            place.ranks.tell(ACT, place.at, 0, {**place.taken(), "action": name, "params": given})
            return place.ranks.act(function, given)

        return super().define(name, doc, params, on_all_ranks)


def _tell_leave(place: _Place, error: BaseException) -> None:
    """As well as it can be told: another rank may be gone, or be what went wrong."""
    content = {"why": _sentence(error), "interrupted": isinstance(error, KeyboardInterrupt)}
    try:
        place.ranks.tell(LEAVE, place.at, 0, content)
    except RuntimeError:
        pass


class _Follower(_Together):
    """The run of another rank: it opens nothing, and does what rank 0 tells."""

    __slots__ = ()

    @property
    def folder(self) -> Optional[str]:  # type: ignore[override]
        return _places[self].facts["folder"]  # type: ignore[no-any-return]

    @property
    def resumed(self) -> Optional[Mapping[str, Any]]:  # type: ignore[override]
        return _places[self].facts["resumed"]  # type: ignore[no-any-return]

    def declare(self, setting: _core.Setting) -> int:
        _places[self].settings[setting.name] = setting
        return super().declare(setting)

    def define(self, name: str, doc: str, params: Sequence[_core.Param], function: Action) -> int:
        _places[self].actions[name] = function
        return super().define(name, doc, params, function)

    def next_step(self, step: int) -> None:
        if _places[self].acting:
            super().control_point(step)  # for run.step; in the end all go where rank 0 goes
        else:
            super().next_step(step)

    def control_point(self, step: int) -> bool:
        super().control_point(step)  # nobody asks anything of it: for run.step, which actions read
        place = _places[self]
        while True:
            word = place.ranks.hear()
            if word.at != step:
                raise RuntimeError(
                    f"rank {place.ranks.rank} is at step {step}, rank 0 at step {word.at}: "
                    "begin at the same step on every rank"
                )
            _set_all(place, word.content.get("settings", ()))
            if word.kind == ACT:
                _act(place, word.content["action"], word.content["params"])
            elif word.kind == LEAVE:
                _leave(word.content)
            elif word.kind != WAIT:
                return self._go_on(word.kind == GO, word.step)

    def _go_on(self, go: bool, step: int) -> bool:
        if not go:
            self.interrupt()
        if not go or step != self.step:
            super().control_point(step)
        return go


def _set_all(place: _Place, settings: Sequence[Tuple[str, _core.Value]]) -> None:
    for name, value in settings:
        if name not in place.settings:
            raise RuntimeError(
                f"rank {place.ranks.rank} has no setting {name!r}, which was set on rank 0: "
                "declare the same settings on every rank, after follow()"
            )
        try:
            place.settings[name].apply(value)
        except Exception as error:
            raise RuntimeError(
                f"rank {place.ranks.rank} cannot set {name} to {value!r}, as rank 0 did: {_sentence(error)}"
            ) from error


def _act(place: _Place, name: str, params: Mapping[str, Any]) -> None:
    place.acting = True
    try:
        place.ranks.act(place.actions.get(name, _no_such_action), params)
    except Exception:  # refused on rank 0, where it is told
        pass
    finally:
        place.acting = False


def _no_such_action(**_: Any) -> NoReturn:
    raise RuntimeError("there is no such action: define the same actions on every rank, after follow()")


def _leave(content: Mapping[str, Any]) -> NoReturn:
    if content["interrupted"]:
        raise KeyboardInterrupt("rank 0 was interrupted")
    raise RuntimeError(f"rank 0 has left the loop: {content['why']}")


def _initialized() -> bool:
    return dist.is_available() and dist.is_initialized()


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
