"""A blocking connection to a server, and how one is made."""
from __future__ import annotations

import errno
import os
import socket
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from . import place
from .error import ConnectionLost, NoServer, RequestError
from .greeting import Greeting, Target, at_address, at_listed, at_socket, left
from .wire import Reply, Wire

_PIECE = 1 << 16
_PIECES_MOST = 64  # of a flood of events, before a request
_BACKLOG_PAUSE = 0.01  # seconds: a full backlog of a Unix socket cannot be waited for


def tune(sock: socket.socket) -> None:
    """Requests go out at once, and a peer that has vanished is noticed within a minute."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Connection:
    """One socket and what is under way on it. Whoever leaves `send` or `receive` by anything but a TimeoutError hangs
    up."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.wire = Wire()
        self.pid = os.getpid()
        self.hello: Reply = {}

    def close(self) -> None:
        self._sock.close()

    def send(self, line: bytes, until: Optional[float]) -> None:
        self._sock.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        try:
            self._sock.sendall(line)
        except OSError as error:
            raise self.wire.end(f"the server has gone: {error}") from None

    def receive(self, until: Optional[float]) -> None:
        """Takes what has come; waits until something does. TimeoutError then loses nothing."""
        self._sock.settimeout(left(until))
        try:
            data = self._sock.recv(_PIECE)
        except (BlockingIOError, socket.timeout) as error:
            if error.errno == errno.ETIMEDOUT:
                raise self.wire.end(f"the server does not answer any more: {error}") from None
            raise TimeoutError("nothing has come in time") from None
        except OSError as error:
            raise self.wire.end(f"the server has gone: {error}") from None
        if not data:
            raise self.wire.end("the server has closed the connection")
        self.wire.feed(data)

    def is_alive(self) -> bool:
        """Takes what is there already: a server that has ended shows."""
        if self.pid != os.getpid():
            return False
        try:
            for _ in range(_PIECES_MOST):
                self.receive(time.monotonic())
            return True
        except TimeoutError:
            return True
        except (ConnectionLost, RequestError):
            return False

    def exchange(self, requests: Sequence[Mapping[str, Any]], is_array: bool, until: Optional[float]) -> List[Reply]:
        while any(self.wire.is_busy(one["code"]) for one in requests):  # one that was given up
            self.receive(until)
        ids, line = self.wire.array(requests) if is_array else _one(self.wire.request(requests[0]))
        self.send(line, until)
        replies: Dict[int, Reply] = {}
        try:
            while len(replies) < len(ids):
                for number in self.wire.answered():
                    replies[number] = self.wire.reply(number) or {}
                if len(replies) < len(ids):
                    self.receive(until)
        except TimeoutError:
            for number in ids:
                self.wire.leave(number)
            raise
        return [replies[number] for number in ids]

    def greet(self, greeting: Greeting, until: Optional[float]) -> None:
        try:
            members = next(greeting)
            while True:
                members = greeting.send(self.exchange([members], False, until)[0])
        except StopIteration as end:
            self.hello = end.value


def _one(asked: Tuple[int, bytes]) -> Tuple[List[int], bytes]:
    return [asked[0]], asked[1]


# ---- connecting ----


def _begin(sock: socket.socket, greeting: Greeting, until: Optional[float]) -> Connection:
    connection = Connection(sock)
    try:
        connection.greet(greeting, until)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_unix(address: str, until: Optional[float]) -> Optional[socket.socket]:
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
        time.sleep(_BACKLOG_PAUSE)


def _connect_tcp(address: Tuple[str, int], until: Optional[float]) -> socket.socket:
    try:
        sock = socket.create_connection(address, left(until))
    except socket.timeout:
        raise TimeoutError(f"{address[0]}:{address[1]} does not answer") from None
    except OSError as error:
        raise NoServer(f"nobody listens at {address[0]}:{address[1]}: {error}") from None
    tune(sock)
    return sock


def _dial_run(target: Target, folder: str, until: Optional[float]) -> Connection:
    for local in place.sockets(folder):
        sock = _connect_unix(local.address, until)
        if sock:
            return _begin(sock, at_socket(target), until)
    listed = place.listed_address(folder)
    if not listed:
        raise NoServer(unserved(folder))
    try:
        return _begin(_connect_tcp(listed, until), at_listed(target), until)
    except NoServer as error:
        raise NoServer(str(error) if folder in str(error) else unserved(folder)) from None
    except ConnectionLost:
        raise NoServer(f"nobody serves {folder}: another program answers at its address") from None


def unserved(folder: str) -> str:
    return f"nobody serves {folder}: start a server with `trimtab serve --detach --run {folder}`"


def dial(target: Target, until: Optional[float]) -> Connection:
    """NoServer, ConnectionLost, TimeoutError, or NotAuthorised."""
    if target.address:
        return _begin(_connect_tcp(target.address, until), at_address(target), until)
    return _dial_run(target, target.folder or "", until)
