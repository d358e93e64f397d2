"""How a run ends where nobody calls finish(): at the end of the program, or of an exception that nobody caught."""
from __future__ import annotations

import atexit
import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Type

from .plain import text_of

if TYPE_CHECKING:
    from .run import Run

SENTENCE_MAX = 1000  # bytes

Hook = Callable[[Type[BaseException], BaseException, Optional[TracebackType]], Any]


class Stopped(SystemExit):
    """Raised by a log that is the control point, when the run was asked to stop. Uncaught it ends the program with exit
    status 0; `finally` blocks and with-blocks run. `except Exception` does not catch it."""

    def __init__(self, text: str = "the run was asked to stop") -> None:
        super().__init__(text)
        self.code = 0

    def __str__(self) -> str:
        return str(self.args[0])


class _Ending:
    """What is open in this process, and who was told before us."""

    def __init__(self) -> None:
        self.runs: List[Run] = []
        self.pid = 0
        self.previous: Optional[Hook] = None
        self.seen: Optional[BaseException] = None  # told already, or older than the first run


_ending = _Ending()


def watch_over(run: Run) -> None:
    """The run is closed in good order at the end of this process."""
    _install()
    _ending.runs.append(run)


def forget(run: Run) -> None:
    _ending.runs[:] = [one for one in _ending.runs if one is not run]


def _install() -> None:
    if _ending.pid == os.getpid():
        return
    _ending.pid = os.getpid()  # after fork() once more: multiprocessing clears what was registered
    _ending.runs.clear()
    _ending.seen = getattr(sys, "last_value", None)
    try:
        atexit.register(_at_exit)
    except RuntimeError:  # the interpreter is on its way out
        pass
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize  # such a child ends without atexit

        Finalize(None, _at_exit, exitpriority=10)
    if sys.excepthook is not _at_exception:
        _ending.previous = sys.excepthook
        sys.excepthook = _at_exception


def _at_exit() -> None:
    if not _interactive():
        # A hook that was set after ours and did not call it; or multiprocessing, which calls none.
        died = sys.exc_info()[1] or getattr(sys, "last_value", None)
        _tell_all(died)
    _finish_all()


def _at_exception(kind: Type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
    try:
        if not hasattr(sys, "ps1"):  # at a prompt the program goes on
            _tell_all(error)
            if not _interactive():
                _finish_all()
    finally:
        (_ending.previous or sys.__excepthook__)(kind, error, trace)


def _interactive() -> bool:
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


def _tell_all(error: Optional[BaseException]) -> None:
    if error is None or error is _ending.seen:
        return
    _ending.seen = error
    for run in _ending.runs:
        tell(run, error)


def _finish_all() -> None:
    for run in reversed(_ending.runs[:]):
        try:
            run.finish()
        except Exception:  # the end of a program is no place for another traceback
            pass


def tell(run: Run, error: BaseException) -> None:
    """`error` as a message of the run: an interrupt is a warning, a stop and a good exit are nothing."""
    if isinstance(error, (Stopped, GeneratorExit)) or (isinstance(error, SystemExit) and not error.code):
        return
    if isinstance(error, SystemExit) and isinstance(error.__context__, Exception):
        error = error.__context__  # of which it is the consequence
    try:
        run.message(sentence(error), "warning" if isinstance(error, KeyboardInterrupt) else "error")
    except Exception:
        pass


def sentence(error: BaseException) -> str:
    """As the last line of a traceback, and where: ValueError: shapes differ (train.py:41)."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    text = " ".join(text_of(error, SENTENCE_MAX).split())
    return f"{name}: {text}{_place(error)}" if text else f"{name}{_place(error)}"


def _place(error: BaseException) -> str:
    """Of the innermost frame that is the program's own, not a library's."""
    found, trace = None, error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if found is None or not _is_library(path) or _is_library(found[0]):
            found = (path, trace.tb_lineno)
        trace = trace.tb_next
    return f" ({os.path.basename(found[0])}:{found[1]})" if found else ""


def _is_library(path: str) -> bool:
    if "/site-packages/" in path or "/dist-packages/" in path or path.startswith("<frozen"):
        return True
    return path.startswith((os.path.dirname(__file__) + os.sep, os.path.dirname(os.__file__) + os.sep))
