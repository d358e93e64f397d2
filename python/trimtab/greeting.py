"""How a conversation begins, and how a stream of events goes on after a break. No I/O: both clients carry it out."""
from __future__ import annotations

import os
import time
from typing import Any, Dict, Generator, Mapping, NamedTuple, Optional, Tuple, Union

from . import place
from .error import ConnectionLost, NoServer, NotAuthorised, RequestError
from .request import Names, listed
from .wire import CODES, TOPICS, Reply, result_of

Greeting = Generator[Dict[str, Any], Reply, Reply]  # yields requests, is sent their replies, returns hello's result
Cursor = Mapping[str, int]

_RETRY_FIRST, _RETRY_MOST = 0.1, 2.0  # seconds
_QUIET = 0.25  # seconds: the state as of now comes at once


def deadline(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def left(until: Optional[float]) -> Optional[float]:
    """Seconds until then, 0 at least; None: for ever."""
    return None if until is None else max(0.0, until - time.monotonic())


def sooner(one: Optional[float], other: Optional[float]) -> Optional[float]:
    return min((each for each in (one, other) if each is not None), default=None)


class Target(NamedTuple):
    """Whom to talk to: the server of the run in `folder`, or the one at `address`."""

    folder: Optional[str]
    address: Optional[Tuple[str, int]]
    token: Optional[str]
    name: Optional[str]

    def __str__(self) -> str:
        return self.folder or "{}:{}".format(*self.address or ("", 0))


def target_of(run: Optional[place.Run], address: Optional[str], token: Optional[str], name: Optional[str]) -> Target:
    if run is not None and address is not None:
        raise TypeError("a run or an address, not both")
    token = token or os.environ.get("TRIMTAB_TOKEN") or None
    if address is not None:
        return Target(None, place.split_address(address), token, name)
    return Target(place.chosen(run), None, token, name)


def subscription_of(
    topics: Optional[Names], series: Optional[Names], since: Optional[Cursor], rate: Optional[str]
) -> Dict[str, Any]:
    globs = None if series is None else listed(series)
    members = {"topics": listed(TOPICS if topics is None else topics), "series": globs, "since": since, "rate": rate}
    return {"code": CODES["subscribe"], **{name: value for name, value in members.items() if value is not None}}


def _hello(**members: Optional[str]) -> Dict[str, Any]:
    return {"code": CODES["hello"], **{name: value for name, value in members.items() if value is not None}}


def at_socket(target: Target) -> Greeting:
    """At the run's own socket: the kernel tells who asks."""
    return result_of((yield _hello(name=target.name)))


def at_address(target: Target) -> Greeting:
    return result_of((yield _hello(token=target.token, name=target.name)))


def at_listed(target: Target) -> Greeting:
    """At the address that the run's folder names. Its file outlives a server that was killed, and another run may
    have that port by now: the token is not for that one. A server that needs a token tells nothing before."""
    reply = yield _hello()
    ours = reply.get("CodeError") == 44 or _folder(reply) == target.folder
    if ours and (target.token or target.name):
        reply = yield _hello(token=target.token, name=target.name)
    result = result_of(reply)
    if _folder(reply) != target.folder:
        raise NoServer(f"nobody serves {target.folder}: its address is another run's by now")
    return result


def _folder(reply: Reply) -> Any:
    run = result_of(reply).get("run") if "result" in reply else None
    return run.get("folder") if isinstance(run, dict) else None


class Following:
    """Where a stream of events stands, over all its connections."""

    def __init__(self, subscription: Dict[str, Any], reconnect: bool) -> None:
        self._subscription = subscription
        self._reconnect = reconnect
        self._since: Optional[Cursor] = subscription.get("since")
        self._begun_at: Any = None
        self._has_moved = False  # beyond what it began at
        self._run_has_ended = False
        self._tries = 0

    def subscription(self) -> Dict[str, Any]:
        since = {} if self._since is None else {"since": self._since}
        return {**self._subscription, **since}

    def subscribed(self, result: Reply) -> None:
        self._begun_at = result.get("cursor")
        self._has_moved = False
        self._tries = 0

    def waited(self, began: float) -> None:
        """From then until now nothing came: the state as of now has been told whole."""
        if time.monotonic() - began > _QUIET and not self._has_moved:
            self._since = self._begun_at

    def take(self, event: Reply) -> Reply:
        # The state as of now stands at the cursor of the subscription: broken off, it has to be told again.
        if event.get("cursor") != self._begun_at:
            self._since = event.get("cursor")
            self._has_moved = True
        if event.get("event") == "run":
            self._run_has_ended = event.get("state") in ("finished", "lost")
        return event

    def broken(self, error: Union[ConnectionLost, RequestError]) -> Optional[float]:
        """Seconds until the next try; None: the run has ended and its server too, nothing comes any more. Raises
        `error` where there is to be none."""
        if isinstance(error, ConnectionLost) and self._run_has_ended:
            return None
        if not self._reconnect or isinstance(error, (RequestError, NotAuthorised)):
            raise error
        self._tries += 1
        return min(_RETRY_MOST, _RETRY_FIRST * float(2 ** min(self._tries - 1, 10)))
