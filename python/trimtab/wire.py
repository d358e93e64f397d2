"""The protocol without a socket: bytes in, replies and events out. Both clients stand on it (doc/protocol.md)."""
from __future__ import annotations

import json
import math
from collections import deque
from typing import Any, Deque, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .error import ConnectionLost, NotAuthorised, RequestError, refusal

CODES: Dict[str, int] = {
    "hello": 1, "ping": 2, "status": 3, "describe": 4, "subscribe": 5, "unsubscribe": 6, "history": 7, "audit": 8,
    "clients": 9, "say": 10, "stats": 11, "output": 12, "runs": 13, "pause": 16, "resume": 17, "stop": 18, "advance":
    19, "set": 20, "act": 21, "cancel": 22, "freeze": 23, "abort": 24, "shutdown": 40,
}  # fmt: skip
TOPICS = ("scalars", "run", "settings", "outcomes", "messages", "declarations")  # of events(), if not told
WAITING = frozenset((16, 17, 18, 19, 20, 21, 24))  # codes that take `wait`
WAIT_DEFAULT = 60.0  # seconds, the server's
REQUEST_MOST = 1 << 20  # bytes of one request
MESSAGE_MOST = 64 << 20  # bytes of one message from the server
EVENTS_KEPT = 4096
ARRAY_MOST = 64  # requests of one array

Reply = Dict[str, Any]
_NOT_FINITE = frozenset(("NaN", "Infinity", "-Infinity"))


class FormatError(ConnectionLost):
    """What came is not this protocol; the connection is of no more use."""


def code_of(code: Union[int, str]) -> int:
    """20 of "set" and of 20. Other numbers are the server's to refuse."""
    if isinstance(code, str):
        if code not in CODES:
            raise ValueError(f"there is no request {code!r}: {', '.join(CODES)}")
        return CODES[code]
    return int(code)


def patience(members: Mapping[str, Any], timeout: Optional[float]) -> Optional[float]:
    """Seconds for which the reply to this request may take: its `wait`, and on top of it the time-out."""
    if timeout is None or members.get("code") not in WAITING:
        return timeout
    wait = members.get("wait", WAIT_DEFAULT)
    return timeout + float(wait) if isinstance(wait, (int, float)) else timeout


# ---- numbers ----


def _told(value: Any) -> Any:
    """A double as the wire tells it: a whole one comes without a point, one that is not finite as a text."""
    return float(value) if type(value) is int or (isinstance(value, str) and value in _NOT_FINITE) else value


def _tell_member(holder: Any, name: Any) -> None:
    if isinstance(holder, dict) and name in holder:
        holder[name] = _told(holder[name])


def _tell_at(rows: Any, at: int) -> None:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, list) and len(row) > at:
            row[at] = _told(row[at])


def _tell_setting(setting: Any) -> None:
    if isinstance(setting, dict) and setting.get("type") == "double":
        for name in ("value", "min", "max"):
            _tell_member(setting, name)


def _tell_action(action: Any) -> None:
    for param in action.get("params", ()) if isinstance(action, dict) else ():
        if isinstance(param, dict) and param.get("type") == "double":
            for name in ("default", "min", "max"):
                _tell_member(param, name)


def with_numbers(message: Reply) -> Reply:
    """Makes floats of "NaN", "Infinity", "-Infinity" and 1 wherever the message says that a double stands there. The
    value of a setting whose type it does not tell (in status, outcomes and `setting` events) stays as it came: it may
    be a text."""
    if message.get("event") == "scalars":
        _tell_at(message.get("points"), 3)
    elif message.get("event") == "declared":
        _tell_member(message.get("series"), "last")
        _tell_setting(message.get("setting"))
        _tell_action(message.get("action"))
    elif isinstance(message.get("result"), dict):
        _numbers_in_result(message["result"])
    return message


def _numbers_in_result(result: Reply) -> None:
    for one in _list(result, "series"):
        if isinstance(one, dict):
            _tell_member(one, "last")
            _tell_at(one.get("points"), 2)
            _tell_at(one.get("buckets"), 8)
    for one in _list(result, "settings"):
        _tell_setting(one)
    for one in _list(result, "actions"):
        _tell_action(one)
    for one in _list(result, "runs"):
        last = one.get("last") if isinstance(one, dict) else None
        for name in last if isinstance(last, dict) else ():
            _tell_member(last, name)


def _list(result: Reply, name: str) -> List[Any]:
    found = result.get(name)
    return found if isinstance(found, list) else []


def _plain(value: Any) -> Any:
    """What JSON can say: scalars of numpy and torch by their item(), a number that is not finite as its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    item = getattr(value, "item", None)
    if not callable(item):
        raise TypeError(f"a request cannot hold a {type(value).__name__}: {value!r}")
    return _plain(item())


def encode(message: Any) -> bytes:
    """One line. ValueError where it is longer than a request may be."""
    line = json.dumps(_plain(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    if len(line) > REQUEST_MOST:
        raise ValueError(f"a request has at most {REQUEST_MOST} bytes, this one has {len(line)}")
    return line


# ---- lines ----


class Lines:
    """Lines out of pieces; nothing longer than `most` is kept."""

    def __init__(self, most: int = MESSAGE_MOST) -> None:
        self._most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> List[bytes]:
        seen = len(self._rest)
        self._rest += data
        end = self._rest.rfind(b"\n", seen)
        if end < 0:
            if len(self._rest) > self._most:
                raise FormatError(f"the server sent a line of more than {self._most} bytes")
            return []
        lines = bytes(self._rest[:end]).split(b"\n")
        del self._rest[: end + 1]
        return lines


def _decode(line: bytes) -> Reply:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise FormatError("what answers there is no trimtab server: it sent a line that is no JSON object")
    return message


# ---- one connection ----


class Wire:
    """What is under way on one connection: requests that wait for their reply, events that wait to be taken."""

    def __init__(self, events_kept: int = EVENTS_KEPT) -> None:
        self.events: Deque[Reply] = deque()
        self.dropped = 0  # events that were not taken in time, the oldest
        self._events_kept = events_kept
        self._lines = Lines()
        self._last_id = 0
        self._codes: Dict[int, int] = {}  # of requests without a reply, by id
        self._left: Set[int] = set()  # of those: nobody waits for them any more
        self._replies: Dict[int, Reply] = {}
        self._ended_by: Optional[Reply] = None  # an error that belongs to no request: the end of a token, say

    # ---- out ----

    def request(self, members: Mapping[str, Any]) -> Tuple[int, bytes]:
        """The id of the request and its line."""
        ids, line = self._lined([members])
        return ids[0], line

    def array(self, requests: Sequence[Mapping[str, Any]]) -> Tuple[List[int], bytes]:
        """The ids of the requests and the line of all of them."""
        codes = [one.get("code") for one in requests]
        if not 1 <= len(requests) <= ARRAY_MOST:
            raise ValueError(f"an array has 1 to {ARRAY_MOST} requests, this one has {len(requests)}")
        if len(set(codes)) < len(codes):
            raise ValueError("an array names each code once: send the others after it")
        return self._lined(requests, True)

    def _lined(self, requests: Iterable[Mapping[str, Any]], is_array: bool = False) -> Tuple[List[int], bytes]:
        numbered = []
        for number, one in enumerate(requests, self._last_id + 1):
            if "id" in one:
                raise ValueError("the client numbers its requests itself: leave `id` out")
            numbered.append({**one, "id": number})
        line = encode(numbered if is_array else numbered[0])
        ids = [one["id"] for one in numbered]
        self._codes.update((one["id"], one["code"]) for one in numbered)
        self._last_id = ids[-1]
        return ids, line

    def leave(self, number: int) -> None:
        """Nobody waits for this reply any more; its code stays busy until it has come."""
        if self._replies.pop(number, None) is None and number in self._codes:
            self._left.add(number)

    def is_busy(self, code: int) -> bool:
        """A request of this code has no reply yet: another one would be refused."""
        return code in self._codes.values()

    # ---- in ----

    def feed(self, data: bytes) -> None:
        """FormatError: hang up."""
        for line in self._lines.feed(data):
            if line.strip():
                message = _decode(line)
                try:
                    self._take(message)
                except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
                    raise FormatError("what answers there is no trimtab server: its message has an odd form") from None

    def _take(self, message: Reply) -> None:
        if "event" in message:
            self._take_event(with_numbers(message))
        elif isinstance(message.get("id"), int):
            self._take_reply(message["id"], message)
        elif "CodeError" in message:
            self._take_end(message)

    def _take_event(self, event: Reply) -> None:
        if len(self.events) >= self._events_kept:
            self.events.popleft()
            self.dropped += 1
        self.events.append(event)

    def _take_reply(self, number: int, reply: Reply) -> None:
        if self._codes.pop(number, None) is None:
            return
        if number in self._left:
            self._left.discard(number)
        else:
            self._replies[number] = with_numbers(reply)

    def _take_end(self, error: Reply) -> None:
        """An error without an id: of nothing that was asked, or of a line that could not be read. What waits has got
        it."""
        self._ended_by = error
        for number in list(self._codes):
            self._take_reply(number, error)

    # ---- what came ----

    def reply(self, number: int) -> Optional[Reply]:
        """Taken out; None: not there yet."""
        return self._replies.pop(number, None)

    def answered(self) -> List[int]:
        """The ids of replies that were not taken yet."""
        return list(self._replies)

    def end(self, why: str) -> Union[ConnectionLost, RequestError]:
        """What the end of the connection means to who waits for something."""
        error = refusal(self._ended_by) if self._ended_by else None
        return error if isinstance(error, NotAuthorised) else ConnectionLost(why)


def result_of(reply: Reply) -> Reply:
    """The result, or the refusal as an exception."""
    if "CodeError" in reply:
        raise refusal(reply)
    result = reply.get("result")
    return result if isinstance(result, dict) else {}
