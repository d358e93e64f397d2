"""The blocking client of a run's server."""
from __future__ import annotations

import threading
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Type, TypeVar, Union

from . import place
from .connection import Connection, dial
from .error import ConnectionLost, RequestError, refusal
from .greeting import Cursor, Following, Target, deadline, left, sooner, subscription_of, target_of
from .request import Names, Requests
from .wire import Reply, code_of, patience, result_of

T = TypeVar("T")

# ---- events ----


class Events(Iterator[Reply]):
    """A stream of events, on a connection of its own; what `Client.events` returns. May be used as a context
    manager."""

    def __init__(self, target: Target, following: Following, timeout: Optional[float], answer: Optional[float]) -> None:
        self.timeout = timeout
        self._target, self._following, self._answer = target, following, answer
        self._connection: Optional[Connection] = None
        self._retry_at = 0.0
        self._closed = False
        self._subscribe(deadline(answer))

    def __iter__(self) -> Events:
        return self

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> Reply:
        until = deadline(self.timeout)
        while not self._closed:
            try:
                return self._next(until)
            except (ConnectionLost, RequestError) as error:
                self._break(error)
            except TimeoutError:
                raise TimeoutError(f"no event came within {self.timeout} s") from None
            except BaseException:  # what was read may be lost half-way: the next one begins at the cursor again
                self._hang_up()
                raise
        raise StopIteration

    def _next(self, until: Optional[float]) -> Reply:
        while self._connection is None:
            self._connect(until)
        wire = self._connection.wire
        while not wire.events:
            self._wait(self._connection, until)
        return self._following.take(wire.events.popleft())

    def _wait(self, connection: Connection, until: Optional[float]) -> None:
        began = time.monotonic()
        try:
            connection.receive(until)
        finally:
            self._following.waited(began)

    def _connect(self, until: Optional[float]) -> None:
        pause = left(sooner(self._retry_at, until))
        if pause:
            time.sleep(pause)
        if until is not None and left(until) == 0:
            raise TimeoutError
        try:
            self._subscribe(deadline(self._answer))
        except TimeoutError as error:
            raise ConnectionLost(f"the server does not answer: {error}") from None

    def _subscribe(self, until: Optional[float]) -> None:
        connection = dial(self._target, until)
        try:
            reply = connection.exchange([self._following.subscription()], False, until)[0]
            self._following.subscribed(result_of(reply))
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _break(self, error: Union[ConnectionLost, RequestError]) -> None:
        self._hang_up()
        try:
            pause = self._following.broken(error)
        except BaseException:
            self._closed = True
            raise
        self._closed = pause is None
        self._retry_at = time.monotonic() + (pause or 0.0)

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Ends the stream. Not from another thread while it waits."""
        self._closed = True
        self._hang_up()

    def __del__(self) -> None:  # a loop that was left by break
        if getattr(self, "_connection", None):
            self._hang_up()


# ---- the client ----


class Client(Requests[Reply]):
    """A connection to the server of one run: every request of the protocol is a method.

    `run` is a folder, a name (the newest run that is called so), or a run object; without one it is that of
    $TRIMTAB_RUN, else the only live one. It is reached through its Unix socket and needs no token. With `address`
    ("HOST:PORT") a server is reached over TCP, with `token` (else $TRIMTAB_TOKEN). `name` says who asks where nothing
    else tells.

    `timeout`: seconds for which a reply may take (None: for ever), on top of the request's own `wait`. A TimeoutError
    leaves the connection usable and the request alive. After a lost connection the next request connects again.

    Threads may share a client: their requests take turns. The thread that trains must not wait for its own control
    point: let it ask with wait=0."""

    def __init__(
        self,
        run: Optional[place.Run] = None,
        *,
        address: Optional[str] = None,
        token: Optional[str] = None,
        name: Optional[str] = None,
        timeout: Optional[float] = 10.0,
    ) -> None:
        self.timeout = timeout
        self._target = target_of(run, address, token, name)
        self._turn = threading.Lock()
        self._closed = False
        self._connection: Optional[Connection] = None
        self._connection = dial(self._target, deadline(timeout))
        self.greeting: Reply = self._connection.hello  # what `hello` told: protocol, version, role, run, ...

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<trimtab.Client of {self._target}{', closed' if self._closed else ''}>"

    @property
    def folder(self) -> Optional[str]:
        """Of the run, on the server's machine."""
        run = self.greeting.get("run")
        return run.get("folder") if isinstance(run, dict) else None

    @property
    def dropped(self) -> int:
        """Events of `subscribe` that `next_event` did not take in time."""
        return self._connection.wire.dropped if self._connection else 0

    def close(self) -> None:
        """What was requested lives on. Twice is safe."""
        self._closed = True
        self._hang_up()

    def requests(self, requests: Sequence[Mapping[str, Any]]) -> List[Union[Reply, RequestError]]:
        """Several requests as one array, at most 64 and of each code one:
        [{"code": "pause"}, {"code": 21, "action": "evaluate"}]. The results in the same order; of one that was refused
        the exception, not raised."""
        told = [{**one, "code": code_of(one["code"])} for one in requests]
        replies = self._exchange(told, True)
        return [refusal(reply) if "CodeError" in reply else result_of(reply) for reply in replies]

    def next_event(self, timeout: Optional[float] = None) -> Reply:
        """Of a `subscribe` on this connection the next event; at most 4,096 are kept, the oldest are dropped and
        counted."""
        until = deadline(timeout)

        def take(connection: Connection) -> Reply:
            while not connection.wire.events:
                connection.receive(until)
            return connection.wire.events.popleft()

        with self._turn:
            if not self._connection:
                raise ConnectionLost("the connection was lost, and the subscription with it: subscribe again")
            return self._guarded(self._connection, take)

    def events(
        self,
        topics: Optional[Names] = None,
        *,
        series: Optional[Names] = None,
        since: Optional[Cursor] = None,
        rate: Optional[str] = None,
        timeout: Optional[float] = None,
        reconnect: bool = True,
    ) -> Events:
        """The events from now on of these topics (scalars, run, settings, outcomes, messages and declarations unless
        told; also clients, output), first the state as of now, then live. `series`: only scalars of these names or
        globs; `rate`: "10/s" merges. On a connection of its own: requests may be made meanwhile, from any thread.

        After a lost connection it goes on where it was, as soon as a server is there again; it ends once the run has
        ended and its server too. `timeout`: a TimeoutError where no event comes for so many seconds; the next `next()`
        goes on waiting."""
        following = Following(subscription_of(topics, series, since, rate), reconnect)
        return Events(self._target, following, timeout, self.timeout)

    # ---- one exchange ----

    def _call(self, members: Dict[str, Any]) -> Reply:
        return result_of(self._exchange([members], False)[0])

    def _exchange(self, requests: Sequence[Mapping[str, Any]], is_array: bool) -> List[Reply]:
        longest = [patience(one, self.timeout) for one in requests]
        until = deadline(None if None in longest else max((each for each in longest if each is not None), default=0.0))
        with self._turn:
            connection = self._ready(deadline(self.timeout))
            try:
                return self._guarded(connection, lambda on: on.exchange(requests, is_array, until))
            except TimeoutError:
                raise TimeoutError(f"{self._target} did not answer in time; the request lives on") from None

    def _ready(self, until: Optional[float]) -> Connection:
        if self._closed:
            raise ConnectionLost("this client has been closed")
        if not self._connection or not self._guarded(self._connection, Connection.is_alive):
            self._hang_up()
            self._connection = dial(self._target, until)
            self.greeting = self._connection.hello
        return self._connection

    def _guarded(self, connection: Connection, what: Callable[[Connection], T]) -> T:
        """Whatever breaks in on it (Ctrl-C too) may have lost a part of a line: only a time-out leaves the connection
        in step."""
        try:
            return what(connection)
        except (TimeoutError, ValueError, TypeError):
            raise
        except BaseException:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
