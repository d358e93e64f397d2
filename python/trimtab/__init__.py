"""trimtab: watch and steer one running training.

    run = trimtab.init("digits", total_steps=3000)
    run.watch(optimizer)                       # learning rate, momentum, weight decay: live settings
    for step in run.steps(3000):               # the control point is the loop itself
        run.log({"train/loss": loss.item()})

`import trimtab as wandb` and `trimtab.SummaryWriter` are for programs that exist already; trimtab.Client and
trimtab.aio.Client steer, trimtab.load reads what is stored. Nothing is started or imported before it is used."""
from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, List, Mapping, Optional, Union

from ._core import VERSION as __version__
from .current import current as _current
from .current import current_or_none as _current_or_none
from .ending import Stopped
from .error import Error
from .opening import init
from .run import Run

if TYPE_CHECKING:
    from . import aio, integrations
    from ._core import Setting
    from .range import Range
    from .client import Client
    from .config import Config, Summary
    from .error import (
        Cancelled,
        Conflict,
        ConnectionLost,
        Expired,
        Frozen,
        ModelLost,
        NoModel,
        NoServer,
        NotAuthorised,
        ProgramFailed,
        Refused,
        RequestError,
        RunNotFound,
        SeriesNotFound,
    )
    from .history import Recording, load
    from .tensorboard import SummaryWriter
    from .wandb import *  # noqa: F403

    run: Optional[Run]  # the current run
    config: Config  # of the current run
    summary: Summary

__all__ = [
    "Cancelled",
    "Client",
    "Conflict",
    "ConnectionLost",
    "Error",
    "Expired",
    "Frozen",
    "ModelLost",
    "NoModel",
    "NoServer",
    "NotAuthorised",
    "ProgramFailed",
    "Range",
    "Recording",
    "Refused",
    "RequestError",
    "Run",
    "RunNotFound",
    "SeriesNotFound",
    "Setting",
    "Stopped",
    "SummaryWriter",
    "__version__",
    "aio",
    "alert",
    "config",
    "finish",
    "init",
    "integrations",
    "load",
    "log",
    "run",
    "summary",
    "watch",
]

_UNSET: Any = object()
_LAZY = {
    "Client": ".client",
    "Range": ".range",
    "Setting": "._core",
    "SummaryWriter": ".tensorboard",
    "Recording": ".history",
    "load": ".history",
}
_ERRORS = (
    "Cancelled",
    "Conflict",
    "ConnectionLost",
    "Expired",
    "Frozen",
    "ModelLost",
    "NoModel",
    "NoServer",
    "NotAuthorised",
    "ProgramFailed",
    "Refused",
    "RequestError",
    "RunNotFound",
    "SeriesNotFound",
)
_LAZY.update((name, ".error") for name in _ERRORS)
_LAZY_MODULES = ("aio", "integrations", "notebook")


def log(
    values: Union[str, Mapping[str, Any]],
    value: Any = _UNSET,
    commit: Optional[bool] = None,
    *,
    step: Optional[int] = None,
    sync: Any = None,
) -> None:
    """run.log of the current run; beside a mapping the second argument is its step, as wandb has it. Raises Error
    before init(), and Stopped where this log is the control point and the run was asked to stop."""
    if isinstance(values, str):
        _current().log(values, value, step=step)
    else:
        _current().log(values, step=step if value is _UNSET else value, commit=commit)


def alert(title: str, text: str = "", level: Any = "warning", wait_duration: Any = 0) -> None:
    """run.alert of the current run."""
    _current().alert(title, text, level, wait_duration)


def finish(exit_code: Optional[int] = None, quiet: Optional[bool] = None) -> None:
    """Finishes the current run, where there is one."""
    begun = _current_or_none()
    if begun is not None:
        begun.finish(exit_code, quiet)


def _watch(optimizer: Any, name: Any = None, log: Any = True, *others: Any, **more: Any) -> Any:
    """run.watch of the current run: an optimizer's values become live settings."""
    return _current().watch(optimizer, name if isinstance(name, str) else None, log, **more)


if TYPE_CHECKING:
    watch = _watch


class _Package(ModuleType):
    """What is of the current run, under names that files of this package have too."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("run", "config", "watch") and isinstance(value, ModuleType):
            return  # importing a file of that name does not hide it
        if name == "config":
            _current().config.update(value)
            return
        super().__setattr__(name, value)

    @property
    def run(self) -> Optional[Run]:
        begun: Optional[Run] = _current_or_none()
        return begun

    @property
    def config(self) -> Any:
        begun = _current_or_none()
        return _Nothing() if begun is None else begun.config

    @property
    def summary(self) -> Any:
        begun = _current_or_none()
        return _Nothing() if begun is None else begun.summary

    @property
    def watch(self) -> Any:
        return _watch


class _Nothing:
    """config and summary before init(): any use is an error that says so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Error("call trimtab.init() first")

    def __setattr__(self, name: str, value: Any) -> None:
        raise Error("call trimtab.init() first")

    def __getitem__(self, name: str) -> Any:
        raise Error("call trimtab.init() first")

    def __setitem__(self, name: str, value: Any) -> None:
        raise Error("call trimtab.init() first")


def __dir__() -> List[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _LAZY_MODULES:
        return import_module(f".{name}", __name__)
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    if name.startswith("__"):
        raise AttributeError(f"module 'trimtab' has no attribute {name!r}")
    wandb = import_module(".wandb", __name__)
    if name not in wandb.__all__:
        raise wandb.absent(name)
    return getattr(wandb, name)


sys.modules[__name__].__class__ = _Package
