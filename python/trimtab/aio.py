"""The client of a run's server for asyncio: many requests in flight at once, events beside them.

    async with trimtab.aio.Client("digits") as client:
        await client.set(lr=3e-4, reason="loss plateaus")
        async for event in client.events("scalars"):
            ..."""
from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncIterator, Coroutine, Dict, List, Mapping, Optional, Sequence, Type, Union

from . import place
from .aio_connection import Connection, Stream, dial
from .error import ConnectionLost, RequestError, refusal
from .greeting import Cursor, Following, Target, deadline, left, sooner, subscription_of, target_of
from .request import Names, Requests
from .wire import Reply, code_of, patience, result_of

Asked = Coroutine[Any, Any, Reply]


# ---- events ----


class Events(AsyncIterator[Reply]):
    """A stream of events, on a connection of its own; what `Client.events` returns."""

    def __init__(self, target: Target, following: Following, timeout: Optional[float], answer: Optional[float]) -> None:
        self.timeout = timeout
        self._target, self._following, self._answer = target, following, answer
        self._stream: Optional[Stream] = None
        self._retry_at = 0.0
        self._closed = False

    def __aiter__(self) -> Events:
        return self

    async def __aenter__(self) -> Events:
        if self._stream is None and not self._closed:
            await self._subscribe(deadline(self._answer))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def __anext__(self) -> Reply:
        until = deadline(self.timeout)
        while not self._closed:
            try:
                return await self._next(until)
            except (ConnectionLost, RequestError) as error:
                self._break(error)
            except TimeoutError:
                raise TimeoutError(f"no event came within {self.timeout} s") from None
        raise StopAsyncIteration

    async def _next(self, until: Optional[float]) -> Reply:
        while self._stream is None:
            await self._connect(until)
        wire = self._stream.wire
        while not wire.events:
            await self._wait(self._stream, until)
        return self._following.take(wire.events.popleft())

    async def _wait(self, stream: Stream, until: Optional[float]) -> None:
        began = time.monotonic()
        try:
            await stream.receive(until)
        finally:
            self._following.waited(began)

    async def _connect(self, until: Optional[float]) -> None:
        pause = left(sooner(self._retry_at, until))
        if pause:
            await asyncio.sleep(pause)
        if until is not None and left(until) == 0:
            raise TimeoutError
        try:
            await self._subscribe(deadline(self._answer))
        except TimeoutError as error:
            raise ConnectionLost(f"the server does not answer: {error}") from None

    async def _subscribe(self, until: Optional[float]) -> None:
        stream, _ = await dial(self._target, until)
        try:
            self._following.subscribed(result_of(await stream.exchange(self._following.subscription(), until)))
        except BaseException:
            stream.close()
            raise
        self._stream = stream

    def _break(self, error: Union[ConnectionLost, RequestError]) -> None:
        if self._stream:
            self._stream.close()
            self._stream = None
        try:
            pause = self._following.broken(error)
        except BaseException:
            self._closed = True
            raise
        self._closed = pause is None
        self._retry_at = time.monotonic() + (pause or 0.0)

    async def aclose(self) -> None:
        """Ends the stream."""
        self._closed = True
        stream, self._stream = self._stream, None
        if stream:
            stream.close()
            await stream.closed()

    def __del__(self) -> None:  # a loop that was left by break
        stream = getattr(self, "_stream", None)
        if stream:
            try:
                stream.close()
            except RuntimeError:  # the event loop has ended before
                pass


# ---- the client ----


class Client(Requests[Asked]):
    """As `trimtab.Client`, but every method is awaited. Any number of tasks may ask at once (of one code one request
    at a time: a second one waits its turn); a task that is cancelled leaves the connection in step, and its request
    alive."""

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
        self.greeting: Reply = {}  # what `hello` told: protocol, version, role, run, ...
        self._target = target_of(run, address, token, name)
        self._connection: Optional[Connection] = None
        self._connecting: Optional[asyncio.Lock] = None
        self._closed = False

    async def __aenter__(self) -> Client:
        return await self.connect()

    async def __aexit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<trimtab.aio.Client of {self._target}{', closed' if self._closed else ''}>"

    async def connect(self) -> Client:
        """Where no request has done so yet."""
        await self._ready(deadline(self.timeout))
        return self

    @property
    def folder(self) -> Optional[str]:
        """Of the run, on the server's machine."""
        run = self.greeting.get("run")
        return run.get("folder") if isinstance(run, dict) else None

    @property
    def dropped(self) -> int:
        """Events of `subscribe` that `next_event` did not take in time."""
        return self._connection.wire.dropped if self._connection else 0

    async def aclose(self) -> None:
        """What was requested lives on. Twice is safe."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def requests(self, requests: Sequence[Mapping[str, Any]]) -> List[Union[Reply, RequestError]]:
        """Several requests as one array; see `trimtab.Client.requests`."""
        told = [{**one, "code": code_of(one["code"])} for one in requests]
        replies = await self._exchange(told, True)
        return [refusal(reply) if "CodeError" in reply else result_of(reply) for reply in replies]

    async def next_event(self, timeout: Optional[float] = None) -> Reply:
        """Of a `subscribe` on this connection the next event; at most 4,096 are kept, the oldest are dropped and
        counted."""
        if not self._connection:
            raise ConnectionLost("there is no connection, and no subscription: subscribe first")
        return await self._connection.next_event(deadline(timeout))

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
        """As `trimtab.Client.events`, for `async for`. They count from the first `anext` on; as a context manager
        from its beginning on, so that nothing that is asked for inside it is missed."""
        following = Following(subscription_of(topics, series, since, rate), reconnect)
        return Events(self._target, following, timeout, self.timeout)

    # ---- one exchange ----

    async def _call(self, members: Dict[str, Any]) -> Reply:
        return result_of((await self._exchange([members], False))[0])

    async def _exchange(self, requests: Sequence[Mapping[str, Any]], is_array: bool) -> List[Reply]:
        longest = [patience(one, self.timeout) for one in requests]
        until = deadline(None if None in longest else max((each for each in longest if each is not None), default=0.0))
        connection = await self._ready(deadline(self.timeout))
        try:
            return await connection.ask(requests, is_array, until)
        except TimeoutError:
            raise TimeoutError(f"{self._target} did not answer in time; the request lives on") from None

    async def _ready(self, until: Optional[float]) -> Connection:
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._closed:
                raise ConnectionLost("this client has been closed")
            if not self._connection or self._connection.ended:
                stream, self.greeting = await dial(self._target, until)
                self._connection = Connection(stream)
            return self._connection
