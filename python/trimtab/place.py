"""Where things are: runs on this machine, the sockets of their servers, and the program `trimtab`."""
from __future__ import annotations

import errno
import os
import re
import socket
import stat
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from .error import Error, NoServer, ProgramFailed, RunNotFound

Run = Union[str, "os.PathLike[str]", Any]  # a folder, a name, or an object that has `folder`

_SIGNS = ("run.db", "journal/0", "local")  # one of these says that a folder is a run
_CHANGED = ("run.db", "run.db-wal", "trainer", "lock")
_LOCAL_ROOT = "/var/tmp/trimtab-"

# ---- the program ----


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _candidates() -> Iterator[str]:
    package = os.path.dirname(os.path.realpath(__file__))
    yield os.path.join(package, "trimtab")
    yield os.path.join(package, "..", "..", "trimtab")  # in a build folder
    yield os.path.join(os.path.dirname(sys.executable or "/"), "trimtab")
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if os.path.isabs(folder):  # what lies in the working folder is not run for its name's sake
            yield os.path.join(folder, "trimtab")


def program() -> str:
    """The path of the program `trimtab`: $TRIMTAB_SERVER, else beside this package, beside the interpreter, on PATH."""
    given = os.environ.get("TRIMTAB_SERVER", "")
    if given and given != "off":
        if _is_program(given):
            return os.path.realpath(given)
        raise ProgramFailed(f"$TRIMTAB_SERVER names {given}, which is no program that can be run")
    for path in _candidates():
        if _is_program(path):
            return os.path.realpath(path)
    raise ProgramFailed(
        "the program trimtab was not found beside the package nor on PATH; name it with the environment variable "
        "TRIMTAB_SERVER"
    )


def sentence(said: bytes, status: int) -> str:
    """What the program said on standard error, without its name."""
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    text = "\n".join(line[9:] if line.startswith("trimtab: ") else line for line in lines)
    return text or f"the program trimtab ended with status {status}"


def ask(*arguments: str, timeout: Optional[float] = None) -> bytes:
    """What the program prints. ProgramFailed with its own sentence where it refuses."""
    import subprocess

    command = [program(), *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"the program trimtab did not answer within {timeout} s") from None
    if done.returncode:
        raise ProgramFailed(sentence(done.stderr, done.returncode))
    return done.stdout


# ---- runs ----


def is_run(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, sign)) for sign in _SIGNS)


def _changed(folder: str) -> float:
    newest = 0.0
    for name in _CHANGED:
        try:
            found = os.stat(os.path.join(folder, name))
        except OSError:
            continue
        newest = max(newest, found.st_mtime if found.st_size else 0.0)
    return newest


def _links() -> str:
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "trimtab", "runs")


def _entries(folder: str) -> List[str]:
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except OSError:
        return []


def linked() -> List[str]:
    """The folders of the runs that this user has opened, the newest link first."""
    links = [path for path in _entries(_links()) if os.path.islink(path) and os.path.isdir(path)]
    links.sort(key=lambda path: os.lstat(path).st_mtime, reverse=True)
    return [os.path.realpath(path) for path in links]


def home() -> str:
    return os.environ.get("TRIMTAB_HOME") or "trimtab-runs"


def known() -> List[str]:
    """What `trimtab ls` lists: the runs that this user has opened and those under $TRIMTAB_HOME, the newest change
    first."""
    found = set(linked())
    for name in _entries(home()):
        found.update(os.path.realpath(path) for path in _entries(name) if not os.path.islink(path))
    return sorted(filter(is_run, found), key=_changed, reverse=True)


def _file_name(name: str) -> str:
    """As the library makes a folder's name of a run's."""
    fit = re.sub(rb"[^A-Za-z0-9._\-+=@,\x80-\xff]", b"-", name.encode())[:128]
    fit = b"-" + fit[1:] if fit.startswith(b".") else fit
    return os.fsdecode(fit)


def named(name: str) -> Optional[str]:
    """The newest run of that name."""
    import json

    wanted, runs = _file_name(name), known()
    for folder in runs:
        if os.path.basename(os.path.dirname(folder)) == wanted:
            return folder
    if not runs:
        return None
    try:
        told = json.loads(ask("ls", "--all", "--json", timeout=60))["runs"]
    except (Error, ValueError, LookupError):
        return None
    return next((str(run["folder"]) for run in told if run.get("name") == name and run.get("folder")), None)


def _near(name: str) -> str:
    import difflib

    runs = [os.path.join(*folder.split(os.sep)[-2:]) for folder in known()]
    names = sorted({run.split(os.sep)[0] for run in runs})
    near = difflib.get_close_matches(name, names, 3, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else "; `trimtab ls` lists yours"


def _path_of(run: Run) -> str:
    if hasattr(run, "folder"):
        if not run.folder:
            raise RunNotFound("this run is not recorded, so it has no folder")
        run = run.folder
    path = os.fspath(run)
    return os.fsdecode(path)


def folder_of(run: Run) -> str:
    """The folder of a run given as a path (its folder, or the run.db in it), as an object that has one, or as a name:
    the newest run of that name. RunNotFound where there is none."""
    given = _path_of(run)
    if os.path.basename(given) == "run.db" and os.path.isfile(given):
        given = os.path.dirname(given) or "."
    for path in (given, os.path.join(home(), given)):
        if given and os.path.isdir(path) and is_run(path):
            return os.path.realpath(path)
    found = named(given) if given and not given.startswith(("/", ".", "~")) else None
    if found:
        return found
    if os.path.isdir(given):
        inside = sorted((path for path in _entries(given) if is_run(path)), key=_changed, reverse=True)
        if inside:
            return os.path.realpath(inside[0])
        raise RunNotFound(f"{given} is not the folder of a run{_near(given)}")
    raise RunNotFound(f"there is no run {given!r}{_near(given)}")


# ---- servers ----


class Local(NamedTuple):
    """The folder in which the socket of a run lies, held open."""

    fd: int

    @property
    def address(self) -> str:
        """However long the folder's path is, this fits into a socket's address."""
        return f"/proc/self/fd/{self.fd}/sock"


def _open_private(path: str, dir_fd: Optional[int] = None) -> int:
    """/var/tmp belongs to everybody: a folder there is used only if it is ours, private, and no link."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=dir_fd)
    found = os.fstat(fd)
    if found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077:
        return fd
    os.close(fd)
    raise OSError(errno.EACCES, "belongs to others too", path)


def _open_elsewhere(folder: str) -> int:
    """Where a run that is not on a local file system has its socket."""
    with open(os.path.join(folder, "local"), encoding="utf-8", errors="replace") as file:
        told = file.read(4096).rstrip("\n")
    root, _, name = told.rpartition("/")
    if root != f"{_LOCAL_ROOT}{os.geteuid()}" or not re.fullmatch("[0-9a-f]{16}", name):
        raise OSError(errno.EINVAL, "does not name a folder of this user", os.path.join(folder, "local"))
    root_fd = _open_private(root)
    try:
        return _open_private(name, root_fd)
    finally:
        os.close(root_fd)


def sockets(folder: str) -> Iterator[Local]:
    """The places where the server of this run may listen; each is closed when the next is asked for."""
    for opener in (lambda path: os.open(path, os.O_RDONLY | os.O_DIRECTORY), _open_elsewhere):
        try:
            fd = opener(folder)
        except (OSError, ValueError):
            continue
        try:
            yield Local(fd)
        finally:
            os.close(fd)


def listed_address(folder: str) -> Optional[Tuple[str, int]]:
    """Where the file `address` says that the server listens, if that is this host's loopback."""
    try:
        with open(os.path.join(folder, "address"), encoding="utf-8", errors="replace") as file:
            host, port = split_address(file.read(256).strip())
    except (OSError, ValueError):
        return None
    return (host, port) if host in ("localhost", "::1") or re.fullmatch(r"127(\.\d+){3}", host) else None


def split_address(address: str) -> Tuple[str, int]:
    """("127.0.0.1", 7342) of "127.0.0.1:7342", ("::1", 7342) of "[::1]:7342"."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]@]+)):(\d{1,5})", address)
    if not found or not 0 < int(found[3]) < 65536:
        raise ValueError(f"{address!r} is not an address like 127.0.0.1:7342, [::1]:7342 or node7:7342")
    return found[1] or found[2], int(found[3])


def is_served(folder: str) -> bool:
    """Somebody listens at the run's own socket."""
    for place in sockets(folder):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
            if sock.connect_ex(place.address) in (0, errno.EAGAIN):
                return True
    return False


def _line_of(folder: str) -> str:
    """FOLDER: running, step 412"""
    from .client import Client

    try:
        with Client(folder, timeout=1.0) as client:
            run: Dict[str, Any] = client.status()["run"]
    except (Error, OSError, LookupError):
        return folder
    step = "" if run.get("step") is None else f", step {run['step']}"
    return f"{folder}: {run.get('state')}{step}"


def chosen(run: Optional[Run]) -> str:
    """The folder of `run`; of None that of $TRIMTAB_RUN, else the only live run."""
    if run is None:
        run = os.environ.get("TRIMTAB_RUN") or None
    if run is not None:
        return folder_of(run)
    live = [folder for folder in linked() if is_served(folder)]
    if not live:
        raise NoServer("no live run is known: name one by its folder, its name, or address=\"HOST:PORT\"")
    return live[0] if len(live) == 1 else _only_of(live)


def _only_of(live: List[str]) -> str:
    """As the command line chooses: the only one that is trained, else that waits for its trainer, else that has ended."""
    ranks = [_rank(folder) for folder in live]
    best = max(ranks)
    meant = [folder for folder, rank in zip(live, ranks) if rank == best]
    if len(meant) == 1:
        return meant[0]
    are = "being trained" if best == 2 else "live, and none is being trained"
    raise RunNotFound(f"several runs are {are}: name one of\n" + "\n".join("  " + _line_of(one) for one in meant))


def _rank(folder: str) -> int:
    """2: it is trained, 1: it waits for its trainer, 0: it has ended. One that does not tell may be trained."""
    from .client import Client

    try:
        with Client(folder, timeout=1.0) as client:
            status: Dict[str, Any] = client.status()
    except (Error, OSError, LookupError):
        return 2
    if status["trainer"]["attached"]:
        return 2
    return 0 if status["run"]["state"] in ("finished", "lost") else 1
