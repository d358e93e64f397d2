"""A connection to a server under asyncio, with many requests under way, and how one is made."""
from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from . import place
from .connection import tune, unserved
from .error import ConnectionLost, NoServer, RequestError
from .greeting import Greeting, Target, at_address, at_listed, at_socket, left
from .wire import Reply, Wire

_PIECE = 1 << 16
_BACKLOG_PAUSE = 0.01  # seconds


class Stream:
    """Bytes in and out of one connection. A `receive` that is cancelled or out of time has lost nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._reading: Optional[asyncio.Future[bytes]] = None  # goes on when nobody waits for it
        self.wire = Wire()

    def send(self, line: bytes) -> None:
        """A request of each code at most is under way, so what waits here is bounded."""
        if self._writer.is_closing():
            raise self.wire.end("the server has closed the connection")
        self._writer.write(line)

    async def receive(self, until: Optional[float]) -> None:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._reader.read(_PIECE))
        done, _ = await asyncio.wait({self._reading}, timeout=left(until))
        if not done:
            raise TimeoutError("nothing has come in time")
        reading, self._reading = self._reading, None
        try:
            data = reading.result()
        except OSError as error:
            raise self.wire.end(f"the server has gone: {error}") from None
        if not data:
            raise self.wire.end("the server has closed the connection")
        self.wire.feed(data)

    async def exchange(self, members: Mapping[str, Any], until: Optional[float]) -> Reply:
        """Before anybody else asks something on this stream."""
        number, line = self.wire.request(members)
        self.send(line)
        while True:
            reply = self.wire.reply(number)
            if reply is not None:
                return reply
            await self.receive(until)

    async def greet(self, greeting: Greeting, until: Optional[float]) -> Reply:
        try:
            members = next(greeting)
            while True:
                members = greeting.send(await self.exchange(members, until))
        except StopIteration as end:
            hello: Reply = end.value
            return hello

    def close(self) -> None:
        if self._reading:
            self._reading.cancel()
        self._writer.close()

    async def closed(self) -> None:
        try:
            await self._writer.wait_closed()
        except OSError:
            pass


# ---- connecting ----


async def _connect_unix(address: str, until: Optional[float]) -> Optional[socket.socket]:
    """None: nobody listens there."""
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        number = sock.connect_ex(address)
        if number == 0:
            return sock
        sock.close()
        if number != errno.EAGAIN:
            return None
        if left(until) == 0:
            raise TimeoutError("too many wait at the socket of the run")
        await asyncio.sleep(_BACKLOG_PAUSE)


async def _open_tcp(address: Tuple[str, int], until: Optional[float]) -> Stream:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(*address), left(until))
    except asyncio.TimeoutError:
        raise TimeoutError(f"{address[0]}:{address[1]} does not answer") from None
    except OSError as error:
        raise NoServer(f"nobody listens at {address[0]}:{address[1]}: {error}") from None
    tune(writer.get_extra_info("socket"))
    return Stream(reader, writer)


async def _begin(stream: Stream, greeting: Greeting, until: Optional[float]) -> Tuple[Stream, Reply]:
    try:
        return stream, await stream.greet(greeting, until)
    except BaseException:
        stream.close()
        raise


async def _dial_run(target: Target, folder: str, until: Optional[float]) -> Tuple[Stream, Reply]:
    for local in place.sockets(folder):
        sock = await _connect_unix(local.address, until)
        if sock:
            return await _begin(Stream(*await asyncio.open_connection(sock=sock)), at_socket(target), until)
    listed = place.listed_address(folder)
    if not listed:
        raise NoServer(unserved(folder))
    try:
        return await _begin(await _open_tcp(listed, until), at_listed(target), until)
    except NoServer as error:
        raise NoServer(str(error) if folder in str(error) else unserved(folder)) from None
    except ConnectionLost:
        raise NoServer(f"nobody serves {folder}: another program answers at its address") from None


async def dial(target: Target, until: Optional[float]) -> Tuple[Stream, Reply]:
    """The stream, and what hello told. NoServer, ConnectionLost, TimeoutError, or NotAuthorised."""
    if target.address:
        return await _begin(await _open_tcp(target.address, until), at_address(target), until)
    return await _dial_run(target, target.folder or "", until)


# ---- many requests at once ----


class Connection:
    """A task reads; each request has a future until its reply has come, also one that nobody waits for any more."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: Dict[int, asyncio.Future[Reply]] = {}  # by code: one of each at a time
        self._codes: Dict[int, int] = {}  # by id
        self._news = asyncio.Event()  # an event has come, or the end
        self.ended: Optional[Union[ConnectionLost, RequestError]] = None
        self._task = asyncio.ensure_future(self._read())

    @property
    def wire(self) -> Wire:
        return self._stream.wire

    async def _read(self) -> None:
        try:
            while True:
                await self._stream.receive(None)
                self._settle()
        except (ConnectionLost, RequestError) as error:
            self._end(error)

    def _settle(self) -> None:
        for number in self.wire.answered():
            reply = self.wire.reply(number)
            future = self._waiting.pop(self._codes.pop(number))
            if not future.done():
                future.set_result(reply or {})
        if self.wire.events:
            self._news.set()

    def _end(self, error: Union[ConnectionLost, RequestError]) -> None:
        self._settle()  # a reply that came just before the end counts
        self.ended = error
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody has to look at it
        self._waiting.clear()
        self._news.set()
        self._stream.close()

    async def ask(self, requests: Sequence[Mapping[str, Any]], is_array: bool, until: Optional[float]) -> List[Reply]:
        codes = [one["code"] for one in requests]
        while any(code in self._waiting for code in codes):
            await _all_of([self._waiting[code] for code in codes if code in self._waiting], until)
        if self.ended:
            raise self.ended
        ids, line = self.wire.array(requests) if is_array else _one(self.wire.request(requests[0]))
        self._stream.send(line)
        futures = [asyncio.get_running_loop().create_future() for _ in codes]
        self._codes.update(zip(ids, codes))
        self._waiting.update(zip(codes, futures))
        await _all_of(futures, until)
        return [future.result() for future in futures]

    async def next_event(self, until: Optional[float]) -> Reply:
        while not self.wire.events:
            if self.ended:
                raise self.ended
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left(until))
            except asyncio.TimeoutError:
                raise TimeoutError("no event came in time") from None
        return self.wire.events.popleft()

    async def close(self) -> None:
        self._task.cancel()
        if not self.ended:
            self._end(ConnectionLost("this client has been closed"))
        await self._stream.closed()


def _one(asked: Tuple[int, bytes]) -> Tuple[List[int], bytes]:
    return [asked[0]], asked[1]


async def _all_of(futures: Sequence[asyncio.Future[Reply]], until: Optional[float]) -> None:
    """Waits, and never cancels them: their replies come all the same."""
    _, pending = await asyncio.wait(set(futures), timeout=left(until))
    if pending:
        raise TimeoutError("no reply in time")
