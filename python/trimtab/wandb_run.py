"""The methods of wandb's run that are none of trimtab's own, so that such a script runs as it is."""
from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from .error import Error
from .plain import text_of
from .said import say_once


class Standin:
    """What wandb would show and trimtab does not record. Anything may be called on it; nothing happens."""

    said = ""  # what is said once

    def __init__(self, *arguments: Any, **others: Any) -> None:
        if self.said:
            say_once(self.said)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, not recorded>"


def is_standin(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and isinstance(value[0], Standin)
    return isinstance(value, Standin)


def _nothing(*arguments: Any, **others: Any) -> None:
    return None


def _files_of(folder: Optional[str]) -> str:
    try:
        path = os.path.join(os.path.abspath(folder or os.devnull), "files")
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path
    except OSError:
        import tempfile

        return tempfile.mkdtemp(prefix="trimtab-files-")


class WandbRun:
    """Beside log, config, summary, watch and finish, which are Run's own."""

    __slots__ = ()
    if TYPE_CHECKING:
        _facts: Dict[str, Any]
        _alerts: Dict[str, float]
        _record: bool
        config: Any
        folder: Optional[str]
        name: Optional[str]

        def message(self, text: str, level: Any = "info") -> None: ...
        def finish(self, exit_code: Optional[int] = None, quiet: Optional[bool] = None) -> None: ...

    def alert(self, title: str, text: str = "", level: Any = "warning", wait_duration: Any = 0) -> None:
        """A message for whoever watches. One of the same title is passed over until `wait_duration` (seconds, or a
        timedelta) has gone by."""
        now = time.monotonic()
        if hasattr(wait_duration, "total_seconds"):
            wait_duration = wait_duration.total_seconds()
        if now < self._alerts.get(title, now):
            return
        self._alerts[title] = now + float(wait_duration or 0)
        self.message(f"{title}: {text}" if text else title, getattr(level, "value", level))

    # ---- facts ----

    def _fact(self, name: str, value: Any) -> None:
        self._facts[name] = value
        self.config[name] = value

    @property
    def id(self) -> str:
        """That given to init, else the name of the run's folder."""
        return str(self._facts.get("id") or (os.path.basename(self.folder) if self.folder else self.name))

    @property
    def project(self) -> Optional[str]:
        return self._facts.get("project")

    @property
    def notes(self) -> Optional[str]:
        return self._facts.get("notes")

    @notes.setter
    def notes(self, value: str) -> None:
        self._fact("notes", value)

    @property
    def tags(self) -> Tuple[str, ...]:
        return tuple(self._facts.get("tags") or ())

    @tags.setter
    def tags(self, value: Any) -> None:
        self._fact("tags", [value] if isinstance(value, str) else list(value))

    @property
    def group(self) -> str:
        return str(self._facts.get("group") or "")

    @property
    def job_type(self) -> str:
        return str(self._facts.get("job_type") or "")

    @property
    def entity(self) -> str:
        return ""

    @property
    def path(self) -> str:
        return f"{self.project or self.name}/{self.id}"

    @property
    def dir(self) -> str:
        """A folder for files of the program's own: RUN/files, or a temporary one where the run has no folder."""
        if "dir" not in self._facts:
            self._facts["dir"] = _files_of(self.folder)
        return str(self._facts["dir"])

    @property
    def url(self) -> Optional[str]:
        """The address of the run's page (`trimtab link` gives it with a token), None while nobody serves it."""
        try:
            with open(os.path.join(self.folder or os.devnull, "address"), encoding="utf-8") as file:
                return f"http://{file.read().strip()}/"
        except OSError:
            return None

    def get_url(self) -> Optional[str]:
        return self.url

    def project_name(self) -> str:
        return str(self.project or self.name)

    @property
    def disabled(self) -> bool:
        return not self._record

    @property
    def offline(self) -> bool:
        return False

    # ---- accepted, said once ----

    def define_metric(self, name: str, step_metric: Any = None, **others: Any) -> Standin:
        if step_metric is not None:
            say_once("define_metric: curves are drawn over the run's step; step_metric is passed over")
        return Standin()

    def save(self, *paths: Any, **others: Any) -> bool:
        say_once("save: files stay where they are; run.checkpoint(id, path) tells of a checkpoint")
        return True

    def log_artifact(self, artifact_or_path: Any = None, *others: Any, **more: Any) -> Any:
        say_once("artifacts are not kept; run.checkpoint(id, path) tells of a checkpoint")
        return artifact_or_path if isinstance(artifact_or_path, Standin) else Standin()

    log_model = upsert_artifact = finish_artifact = link_artifact = log_artifact

    def log_code(self, *others: Any, **more: Any) -> None:
        say_once("log_code: the code is not kept; the git commit is, as the config value git_commit")

    def use_artifact(self, name: Any = "", *others: Any, **more: Any) -> Any:
        raise Error(f"there are no artifacts here, so {text_of(name, 200)!r} cannot be used: read the file itself")

    use_model = use_artifact

    def restore(self, name: Any = "", *others: Any, **more: Any) -> Any:
        raise Error(f"no run's files are kept, so {text_of(name, 200)!r} cannot be had: open it where it was saved")

    def unwatch(self, *others: Any, **more: Any) -> None:
        """Nothing: a model is not watched."""

    def mark_preempting(self) -> None:
        """Nothing: a run is resumed with resume=True, however it ended."""

    def join(self, exit_code: Optional[int] = None) -> None:
        self.finish(exit_code)
