"""What `import trimtab as wandb` needs beyond what trimtab has anyway: stand-ins that record nothing."""
from __future__ import annotations

import os
from typing import IO, Any

from .current import current
from .wandb_run import Standin


__all__ = [
    "AlertLevel",
    "Artifact",
    "Audio",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Molecule",
    "Object3D",
    "Plotly",
    "Settings",
    "Table",
    "Video",
    "define_metric",
    "log_artifact",
    "log_code",
    "log_model",
    "login",
    "mark_preempting",
    "plot",
    "restore",
    "save",
    "setup",
    "termerror",
    "termlog",
    "termwarn",
    "unwatch",
    "use_artifact",
    "use_model",
]


class AlertLevel:
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings(Standin):
    """Accepted: trimtab has no such settings."""


class _Unrecorded(Standin):
    def __init_subclass__(cls) -> None:
        cls.said = f"{cls.__name__} is not recorded: trimtab keeps numbers"


class Image(_Unrecorded): ...


class Table(_Unrecorded): ...


class Histogram(_Unrecorded): ...


class Audio(_Unrecorded): ...


class Video(_Unrecorded): ...


class Html(_Unrecorded): ...


class Plotly(_Unrecorded): ...


class Object3D(_Unrecorded): ...


class Molecule(_Unrecorded): ...


class Graph(_Unrecorded): ...


class Artifact(_Unrecorded):
    said = "artifacts are not kept"

    def new_file(self, name: str, mode: str = "x", **others: Any) -> IO[Any]:
        """A file that takes everything and keeps nothing."""
        return open(os.devnull, "wb" if "b" in mode else "w")  # noqa: SIM115


class _Plot(Standin):
    """wandb.plot: each of its functions gives what is accepted and not recorded."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Plotly


plot = _Plot()


def login(*arguments: Any, **others: Any) -> bool:
    """There is nothing to log in to."""
    return True


def setup(*arguments: Any, **others: Any) -> None:
    """Nothing to set up."""


def termlog(text: str = "", *arguments: Any, **others: Any) -> None:
    current().message(text)


def termwarn(text: str = "", *arguments: Any, **others: Any) -> None:
    current().message(text, "warning")


def termerror(text: str = "", *arguments: Any, **others: Any) -> None:
    current().message(text, "error")


def of_run(name: str) -> Any:
    """A module's function that is the current run's method of this name."""

    def call(*arguments: Any, **others: Any) -> Any:
        return getattr(current(), name)(*arguments, **others)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name} of the current run. Raises trimtab.Error before trimtab.init()."
    return call


define_metric = of_run("define_metric")
save = of_run("save")
log_artifact = of_run("log_artifact")
log_model = of_run("log_model")
log_code = of_run("log_code")
use_artifact = of_run("use_artifact")
use_model = of_run("use_model")
restore = of_run("restore")
unwatch = of_run("unwatch")
mark_preempting = of_run("mark_preempting")

_ABSENT = {"sweep": "sweeps", "agent": "sweeps", "controller": "sweeps", "Api": "cloud", "apis": "cloud"}


def absent(name: str) -> AttributeError:
    why = f": it knows no {_ABSENT[name]}" if name in _ABSENT else ""
    return AttributeError(f"trimtab has no {name!r}{why}")
