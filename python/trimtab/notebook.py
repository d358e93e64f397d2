"""What a notebook shows of a run: where it stands, and a link that steers it."""
from __future__ import annotations

import html as escaping
import json
import re
import socket
import time
from typing import Any, Dict, NamedTuple, Optional, Set

from . import place
from .client import Client
from .error import Error

_QUICK = 1.0  # seconds: a notebook's cell waits for it
_BEGIN = 2.0  # seconds that a server takes to begin, beside a training
_EXPIRES = "8h"  # of the token: the link is kept in the notebook's file
_MARGIN = 60.0  # seconds before its end at which a link is made anew
_LINK = re.compile(r"http://([^/\s#]+)/(#token=[\w-]+)?")


class Link(NamedTuple):
    """A link to the page of a run. The part behind # is the token: browsers do not send it."""

    host: str  # HOST:PORT
    token: str  # "#token=...", or "" where the server needs none
    expires: Optional[float]  # seconds since the epoch; None: never

    def __str__(self) -> str:
        return f"http://{self.host}/{self.token}"


_waited_for: Set[str] = set()  # folders, of this process
_links: Dict[str, Link] = {}  # of this process, by folder: a token is made once


def html(run: Any) -> str:
    """For run._repr_html_(): name, state, step, and a link for a controller that is good for eight hours, with the
    line that reaches it from elsewhere. Everything is escaped. Never raises."""
    try:
        folder = _attribute(run, "folder")
        told = _told_of_young(run, folder) if folder else {}
        heading = _bold(told.get("name") or _attribute(run, "name")) + _progress(run, told)
        return _paragraphs(heading, _where(run, folder, told))
    except Exception:  # a notebook would show a traceback instead of the run
        return _paragraphs(_bold(_attribute(run, "name")), "")


def link(run: place.Run) -> str:
    """The page of the run with a controller's token in it, for eight hours: made once in this process, and anew when
    it ends. Raises a trimtab.Error where nobody serves the run."""
    return str(_link(place.folder_of(run)))


def _link(folder: str) -> Link:
    kept = _links.get(folder)
    if kept is None or (kept.expires is not None and kept.expires < time.time() + _MARGIN):
        kept = _links[folder] = _made(folder)
    address = _address(folder)  # of a server that was started again
    return kept._replace(host=address) if address else kept


def _made(folder: str) -> Link:
    terms = ("--role", "controller", "--name", "notebook", "--expires", _EXPIRES, "--json")
    told = json.loads(place.ask("link", "--run", folder, *terms, timeout=10))
    found = _LINK.fullmatch(str(told["link"]))
    if not found:
        raise Error("the program trimtab made a link that is none")
    return Link(found[1], found[2] or "", told.get("expires"))


def _address(folder: str) -> Optional[str]:
    listed = place.listed_address(folder)
    if not listed:
        return None
    return f"[{listed[0]}]:{listed[1]}" if ":" in listed[0] else f"{listed[0]}:{listed[1]}"


def _told_of_young(run: Any, folder: str) -> Dict[str, Any]:
    """A run that has just begun is shown when its server is there; that is waited for once."""
    young = folder not in _waited_for and _attribute(run, "live") and not _attribute(run, "closed")
    _waited_for.add(folder)
    until = time.monotonic() + (_BEGIN if young else 0)
    told = _told(folder)
    while not told and time.monotonic() < until:
        time.sleep(0.1)
        told = _told(folder)
    return told


def _told(folder: str) -> Dict[str, Any]:
    """status' run; {} where nobody serves it."""
    try:
        with Client(folder, timeout=_QUICK) as client:
            run = client.status()["run"]
    except (Error, OSError, LookupError):
        return {}
    return run if isinstance(run, dict) else {}


# ---- as HTML ----


def _attribute(run: Any, name: str) -> Any:
    try:
        return getattr(run, name, None)
    except Exception:
        return None


def _progress(run: Any, told: Dict[str, Any]) -> str:
    step = told.get("step") if told.get("step") is not None else _attribute(run, "step")
    total = told.get("total") or _attribute(run, "total_steps")
    state = told.get("state") or ("finished" if _attribute(run, "closed") else "running")
    parts = [str(state)]
    if step is not None:
        parts.append(f"step {step}" + (f"/{total}" if total else ""))
    return escaping.escape(": " + ", ".join(parts))


def _where(run: Any, folder: Optional[str], told: Dict[str, Any]) -> str:
    if not folder:
        return "not recorded"
    if not told:
        return "no server" + ("" if _attribute(run, "closed") else " yet")
    try:
        made = _link(folder)
    except (Error, ValueError, LookupError, OSError):
        return "no server yet"
    return _anchor(made) + _tunnel(made.host)


def _anchor(made: Link) -> str:
    until = time.strftime(" (until %H:%M)", time.localtime(made.expires)) if made.expires else ""
    address, shown = escaping.escape(str(made)), escaping.escape(f"http://{made.host}/")
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{shown}</a>{until}'


def _tunnel(host: str) -> str:
    port, here = host.rpartition(":")[2], socket.gethostname()
    line = escaping.escape(f"ssh -L {port}:{host} {here}")
    return f"<br>from elsewhere: <code>{line}</code>, and there the same link"


def _bold(name: Any) -> str:
    return f"<b>{escaping.escape(str(name or 'run'))}</b>"


def _paragraphs(first: str, second: str) -> str:
    return f"<p>{first}{'<br>' if second else ''}{second}</p>"
