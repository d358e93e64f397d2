"""What can go wrong between a script and a run. All of it is a `trimtab.Error`."""
from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Type


class Error(Exception):
    """Whatever this package raises about a run, its server or what is stored of it."""


class RunNotFound(Error, LookupError):
    """There is no such run, none is live, or several are; the text lists them."""


class SeriesNotFound(Error, LookupError):
    """The run has no such series; the text names those that look like it."""


class ProgramFailed(Error):
    """The program `trimtab` is not there, or refused; the text is its own sentence."""


class ConnectionLost(Error, ConnectionError):
    """The server has ended, or the way to it has. Whether a request in flight was carried out is not known: `audit`
    tells."""


class NoServer(ConnectionLost):
    """Nobody serves this run, or nobody listens at this address; nothing was sent."""


class RequestError(Error):
    """The server's refusal of one request. Nothing of a refused request was carried out, but where `reply` tells
    otherwise (`settings`, `reached`)."""

    def __init__(self, reply: Mapping[str, Any]) -> None:
        self.reply: Dict[str, Any] = dict(reply)
        self.code_error: int = _integer(reply.get("CodeError"))
        self.message: str = str(reply.get("Message", ""))
        self.detail: str = str(reply.get("Detail", ""))
        super().__init__(f"{self.message}: {self.detail}" if self.detail else self.message)

    def __reduce__(self) -> Any:
        return type(self), (self.reply,)

    @property
    def ticket(self) -> Optional[int]:
        """Of the request, where it was accepted before it failed."""
        ticket = self.reply.get("ticket")
        return ticket if isinstance(ticket, int) else None


class NotAuthorised(RequestError):
    """44: no token, one that is not valid (any more), or one whose limits do not allow it."""


class NoModel(RequestError):
    """45: nobody trains this run now."""


class Refused(RequestError):
    """46: the model's own setter or action refused or failed; `detail` is its message."""


class Expired(RequestError):
    """47: its `deadline` or `until_step` passed before a control point took it."""


class Cancelled(RequestError):
    """48: withdrawn before it was taken."""


class ModelLost(RequestError):
    """49: the trainer went away with the request in flight; `reply["reached"]` says whether it had taken it."""


class Conflict(RequestError):
    """50: a setting's revision was not the expected one."""


class Frozen(RequestError):
    """51: the run is frozen: no changes are accepted."""


_KINDS: Dict[int, Type[RequestError]] = {
    44: NotAuthorised,
    45: NoModel,
    46: Refused,
    47: Expired,
    48: Cancelled,
    49: ModelLost,
    50: Conflict,
    51: Frozen,
}


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0


def refusal(reply: Mapping[str, Any]) -> RequestError:
    """The exception for a reply with CodeError, not raised."""
    return _KINDS.get(_integer(reply.get("CodeError")), RequestError)(reply)
