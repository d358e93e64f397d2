"""Every request of the protocol as a method (doc/protocol.md tells what each means). Written once for both clients:
what a method returns is the result of the reply in `trimtab.Client`, and awaits it in `trimtab.aio.Client`.

Of the control requests (pause, resume, stop, advance, set, act): `at_step` is the first control point whose step is at
least that; `deadline` (seconds) and `until_step` withdraw what was not taken by then; `reason` is kept in the audit;
`wait` is for how many seconds the reply may wait for the outcome (60 unless told; 0: at once). When it is over the
result is {"ticket": n, "outcome": "pending"}, and the request lives on."""
from __future__ import annotations

from typing import Any, Dict, Generic, Iterable, List, Mapping, Optional, TypeVar, Union

from .wire import code_of

Result = TypeVar("Result")
Value = Union[float, int, bool, str]
Names = Union[str, Iterable[str]]
Number = Union[int, float]


def listed(names: Names) -> List[str]:
    return [names] if isinstance(names, str) else list(names)


class Requests(Generic[Result]):
    """A request is refused with a `trimtab.RequestError`, and then nothing of it was carried out."""

    def _call(self, members: Dict[str, Any]) -> Result:
        raise NotImplementedError

    def request(self, code: Union[int, str], **members: Any) -> Result:
        """Any request, by its code or its name, with its members as they are on the wire; None leaves one out."""
        told = {name: value for name, value in members.items() if value is not None}
        return self._call({"code": code_of(code), **told})

    # ---- who, what, how far ----

    def hello(self, *, token: Optional[str] = None, name: Optional[str] = None) -> Result:
        """Says who asks (the client does so by itself when it connects): protocol, version, role, run."""
        return self.request("hello", token=token, name=name)

    def ping(self) -> Result:
        return self.request("ping")

    def status(self) -> Result:
        """The run now: state, step, rate, settings in effect, pending requests, checkpoints, trainer."""
        return self.request("status")

    def describe(self) -> Result:
        """What can be set, done and watched, and what the asker may do."""
        return self.request("describe")

    def subscribe(
        self,
        topics: Names,
        *,
        series: Optional[Names] = None,
        since: Optional[Mapping[str, int]] = None,
        rate: Optional[str] = None,
    ) -> Result:
        """Events on this very connection, taken with `next_event`. `events` is the convenient way."""
        globs = None if series is None else listed(series)
        return self.request("subscribe", topics=listed(topics), series=globs, since=since, rate=rate)

    def unsubscribe(self) -> Result:
        return self.request("unsubscribe")

    def history(
        self,
        series: Names,
        *,
        run: Optional[str] = None,
        axis: Optional[str] = None,
        from_: Optional[Number] = None,
        to: Optional[Number] = None,
        points: Optional[int] = None,
    ) -> Result:
        """A range of curves in at most `points` points or buckets each; `from_` and `to` are steps, or times (seconds
        since the epoch) with axis="time". All points at once: `trimtab.load`."""
        members = {"run": run, "axis": axis, "from": from_, "to": to, "points": points}
        return self.request("history", series=listed(series), **members)

    def audit(
        self, *, from_: Optional[int] = None, limit: Optional[int] = None, ticket: Optional[int] = None
    ) -> Result:
        """Who asked for what, and what became of it: a page from sequence `from_` on."""
        members = {"from": from_, "limit": limit, "ticket": ticket}
        return self.request("audit", **members)

    def clients(self) -> Result:
        return self.request("clients")

    def say(self, text: str, *, level: Optional[str] = None, step: Optional[int] = None) -> Result:
        """Tells everybody, and is kept: level "info", "warning" or "error", at `step` (the present one)."""
        return self.request("say", text=text, level=level, step=step)

    def stats(self) -> Result:
        return self.request("stats")

    def output(self, *, lines: Optional[int] = None, before: Optional[int] = None) -> Result:
        """The newest lines that the trainer printed, or those before that place (bytes)."""
        return self.request("output", lines=lines, before=before)

    def runs(self) -> Result:
        """The runs beside this one."""
        return self.request("runs")

    # ---- control ----

    def pause(
        self,
        *,
        at_step: Optional[int] = None,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
    ) -> Result:
        common = {"reason": reason, "deadline": deadline, "until_step": until_step, "wait": wait}
        return self.request("pause", at_step=at_step, **common)

    def resume(
        self,
        *,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
    ) -> Result:
        return self.request("resume", reason=reason, deadline=deadline, until_step=until_step, wait=wait)

    def stop(
        self,
        *,
        at_step: Optional[int] = None,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
    ) -> Result:
        """The trainer leaves its loop in good order."""
        common = {"reason": reason, "deadline": deadline, "until_step": until_step, "wait": wait}
        return self.request("stop", at_step=at_step, **common)

    def advance(
        self,
        steps: int,
        *,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
    ) -> Result:
        """Runs so many steps, then pauses."""
        common = {"reason": reason, "deadline": deadline, "until_step": until_step, "wait": wait}
        return self.request("advance", steps=steps, **common)

    def set(
        self,
        settings: Optional[Mapping[str, Value]] = None,
        /,
        *,
        revisions: Optional[Mapping[str, int]] = None,
        at_step: Optional[int] = None,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
        **values: Value,
    ) -> Result:
        """All of these settings, or none: client.set(lr=3e-4, reason="loss plateaus"), client.set({"lr/0": 3e-4}).
        A setting that is called as a parameter here (wait, reason, ...) goes into the mapping. With `revisions` it is a
        `Conflict` where somebody else has set one meanwhile."""
        twice = set(values).intersection(settings or {})
        if twice:
            raise TypeError(f"{', '.join(sorted(twice))}: given twice, in the mapping and by keyword")
        common = {"reason": reason, "deadline": deadline, "until_step": until_step, "wait": wait}
        wanted = {**(settings or {}), **values}
        return self.request("set", settings=wanted, revisions=revisions, at_step=at_step, **common)

    def act(
        self,
        action: str,
        params: Optional[Mapping[str, Value]] = None,
        *,
        at_step: Optional[int] = None,
        reason: Optional[str] = None,
        deadline: Optional[Number] = None,
        until_step: Optional[int] = None,
        wait: Optional[Number] = None,
    ) -> Result:
        """Runs one of the model's actions: its own result is the member `result` of the outcome."""
        common = {"reason": reason, "deadline": deadline, "until_step": until_step, "wait": wait}
        return self.request("act", action=action, params=params, at_step=at_step, **common)

    def cancel(self, ticket: int) -> Result:
        return self.request("cancel", ticket=ticket)

    def freeze(self, on: bool = True, *, reason: Optional[str] = None) -> Result:
        """No changes are accepted any more, what was posted is withdrawn; False ends it."""
        return self.request("freeze", on=on, reason=reason)

    def abort(
        self, *, grace: Optional[Number] = None, reason: Optional[str] = None, wait: Optional[Number] = None
    ) -> Result:
        """SIGTERM, and after `grace` seconds (10) SIGKILL, to a command that this server started."""
        return self.request("abort", grace=grace, reason=reason, wait=wait)

    def shutdown(self) -> Result:
        """The server ends in good order; the training goes on."""
        return self.request("shutdown")
