"""trimtab.init: whose run this is, what it is called, and wandb's keywords."""
from __future__ import annotations

import os
import sys
from typing import Any, Dict, List, Optional

from .config import name_of
from .current import begin, current, current_or_none
from .plain import mapping_of, text_of
from .run import Run

# wandb's keywords: those that are kept as config values, and those that are accepted because nothing follows from them.
FACTS = ("id", "notes", "tags", "group", "job_type")
ACCEPTED = (
    "allow_val_change",
    "anonymous",
    "config_exclude_keys",
    "config_include_keys",
    "dir",
    "entity",
    "force",
    "fork_from",
    "magic",
    "mode",
    "monitor_gym",
    "reinit",
    "resume_from",
    "save_code",
    "settings",
    "sync_tensorboard",
    "tensorboard",
)
MODES = (None, "online", "offline", "disabled", "dryrun", "run", "shared")
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # the first that is a number


def init(
    name: Optional[str] = None,
    *,
    project: Optional[str] = None,
    config: Any = None,
    total_steps: Optional[int] = None,
    resume: Any = False,
    run: Any = None,
    quiet: bool = False,
    max_pause: Optional[float] = None,
    no_server: bool = False,
    **others: Any,
) -> Run:
    """Begins a run, which becomes the current one; an earlier one is finished first.

    name: of the run; else `project`, else that of the script. project: runs of one project stand beside each other.
    config: its fixed inputs, a mapping, argparse's Namespace or a dataclass. total_steps: where the training ends, and
    control points say so. resume: go on with the newest run of this name that nobody trains. run: its folder; else
    $TRIMTAB_RUN, else a new one in $TRIMTAB_HOME (./trimtab-runs). quiet: print nothing. max_pause: seconds after which
    a pause ends by itself. no_server: start none. wandb's keywords are accepted: notes, tags, group, job_type and id
    are kept as config values, mode="disabled" records nothing.

    Where torch.distributed's rank (where that is not set up: $RANK, else $LOCAL_RANK, else $SLURM_PROCID) is other than
    0 nothing is opened or recorded: loops, settings and actions work, nobody sees them. Never fails for want of a
    folder, a server or room; TypeError and ValueError tell of arguments that cannot be."""
    _check(name, project, total_steps, others)
    before = current_or_none()
    if before is not None and others.get("reinit") == "return_previous":
        return current()
    if before is not None and others.get("reinit") != "create_new":
        before.message("another run was begun: this one is finished")
        before.finish()
    name, project = (name and name_of(name)), (project and name_of(project))
    begun = Run(
        name or (None if project else _script()),
        project=project or None,
        run=None if run is None else os.fspath(run),
        total_steps=total_steps or 0,
        max_pause=float(max_pause or 0),
        quiet=bool(quiet),
        no_server=bool(no_server),
        resume=_resumes(resume),
        record=others.get("mode") != "disabled" and not _is_beside(),
    )
    begin(begun)
    _configure(begun, config, others)
    return begun


def _check(name: Any, project: Any, total_steps: Any, others: Dict[str, Any]) -> None:
    unknown = sorted(set(others) - set(FACTS) - set(ACCEPTED))
    if unknown:
        raise TypeError(f"init() has no argument {', '.join(repr(one) for one in unknown)}")
    for what, value in (("name", name), ("project", project)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"init: {what} is a text, not {value!r}")
    is_count = hasattr(total_steps, "__index__") and not isinstance(total_steps, bool)
    if total_steps is not None and not (is_count and total_steps >= 0):
        raise TypeError(f"init: total_steps is a number of steps, not {total_steps!r}")
    if others.get("mode") not in MODES:
        raise ValueError(f"init: mode is 'online', 'offline' or 'disabled', not {others['mode']!r}")


def _resumes(resume: Any) -> bool:
    if resume in (True, "allow", "must", "auto"):
        return True
    if not resume or resume == "never":
        return False
    raise ValueError(f"init: resume is True or False, not {resume!r}")


def _configure(run: Run, config: Any, others: Dict[str, Any]) -> None:
    for name in FACTS:
        value = others.get(name)
        if value is not None:
            run._fact(name, [value] if name == "tags" and isinstance(value, str) else value)
    if config is not None:
        run.config.update(_chosen(config, others))


def _chosen(config: Any, others: Dict[str, Any]) -> Any:
    only, without = others.get("config_include_keys"), others.get("config_exclude_keys")
    if not only and not without:
        return config
    named = mapping_of(config)
    return {key: named[key] for key in named if (not only or key in only) and key not in (without or ())}


def _script() -> str:
    """train for `python train.py` and for `python -m project.train`."""
    if "ipykernel" in sys.modules:
        return "notebook"
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    if not isinstance(path, str):
        return "python"
    name, _ = os.path.splitext(os.path.basename(path))
    if name == "__main__":
        name = os.path.basename(os.path.dirname(os.path.abspath(path)))
    return text_of("".join(c for c in name if c.isprintable()), 100) or "python"


# ---- who is not the one that is steered ----


def _is_beside() -> bool:
    return _rank() != 0 or _is_being_imported()


def _rank() -> int:
    distributed = sys.modules.get("torch.distributed")
    try:
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return int(distributed.get_rank())
    except Exception:  # somebody else's module of that name, or a group that is being torn down
        pass
    ranks: List[str] = [os.environ[name] for name in RANKS if os.environ.get(name, "").strip().isdigit()]
    return int(ranks[0]) if ranks else 0


def _is_being_imported() -> bool:
    """A worker of multiprocessing imports the script anew: what stands there outside of `if __name__ == "__main__"` is
    not a run of its own."""
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and bool(getattr(process.current_process(), "_inheriting", False))
