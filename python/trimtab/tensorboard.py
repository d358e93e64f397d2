"""SummaryWriter with the signatures of torch.utils.tensorboard's: what is a number or a text goes to the run.

    from trimtab import SummaryWriter

It writes to the current run where trimtab.init was called before, else it opens one, named after the last part of
`log_dir` (else `comment`, else the script), and its last close() ends that. Writers of several folders write to one
run:

    SummaryWriter("runs/a/train"), SummaryWriter("runs/a/val")    names begin with train/ and val/
    SummaryWriter("runs/a"), then SummaryWriter("runs/a/late")    those of the second begin with late/

Images, audio, video, histograms and the like are accepted, and said once not to be kept; so is `walltime`."""
from __future__ import annotations

import os
import sys
from os.path import basename
from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Type

from .plain import text_of
from .said import say_once
from .shared_run import SharedRun, join

INFO = 1  # TRIMTAB_INFO
TEXT_MAX = 4096  # TRIMTAB_TEXT_MAX
SPLITS = {"train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "dev"}
ALL_RUNS = {"runs", "logs", "log", "tb", "tensorboard", "tb_logs"}  # folders of runs, not of one


class SummaryWriter:
    """`purge_step`: points of lesser steps go on as a new segment of the curve by themselves, so it has no effect;
    nor have `max_queue`, `flush_secs` and `filename_suffix`. Any thread may use it, one at a time."""

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: Optional[int] = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
    ) -> None:
        folder = os.fspath(log_dir) if log_dir else ""
        path = os.path.normpath(folder) if folder else ""
        self._shared: SharedRun = join(_run_name(path, comment))
        self._prefix = _prefix(path, self._shared)
        self._counts: Dict[str, int] = {}
        self.closed = False
        self.log_dir = _made(folder) or self._shared.run.folder or os.path.join("runs", comment)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix

    def get_logdir(self) -> str:
        """The folder given as log_dir, else the run's."""
        return self.log_dir

    # ---- what is kept ----

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Optional[float] = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Records at `global_step`; without it at the step of the loop, and where that has no control points at the
        number of the tag's values so far. In a script without control points a larger step than ever is a control
        point too: so the script can be paused, stopped and steered (a stop raises trimtab.Stopped, as run.log does)."""
        if walltime is not None:
            say_once("SummaryWriter: the time of a point is that of its add_ call; walltime is not kept")
        self._log(tag, scalar_value, self._step(tag, global_step))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        walltime: Optional[float] = None,
    ) -> None:
        """Records each value as `main_tag/key`."""
        for tag, value in tag_scalar_dict.items():
            self.add_scalar(f"{main_tag}/{tag}", value, global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: Dict[str, Any],
        metric_dict: Dict[str, Any],
        hparam_domain_discrete: Optional[Mapping[str, Any]] = None,
        run_name: Optional[str] = None,
    ) -> None:
        """The first become the run's config, the second scalars at its present step. Raises TypeError for what is no
        dict."""
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("add_hparams takes two dicts: hyperparameters and metrics")
        self._shared.config(hparam_dict)
        for tag, value in metric_dict.items():
            self._log(tag, value, None)

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: Optional[float] = None
    ) -> None:
        """A message of the run at its present step, cut where it is long."""
        if not self._is_closed():
            self._shared.run.message_told(INFO, text_of(f"{self._named(tag)}: {text_string}", TEXT_MAX))

    def flush(self) -> None:
        if not self.closed:
            self._shared.run.flush()

    def close(self) -> None:
        """Ends the run where writers opened it and this is the last. Twice is safe."""
        if not self.closed:
            self.closed = True
            self._shared.leave()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    # ---- what is accepted and not kept ----

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow",
        walltime: Optional[float] = None, max_bins: Optional[int] = None,
    ) -> None:  # fmt: skip
        _not_kept("histograms")

    def add_histogram_raw(
        self, tag: str, min: Any, max: Any, num: Any, sum: Any, sum_squares: Any, bucket_limits: Any,
        bucket_counts: Any, global_step: Any = None, walltime: Optional[float] = None,
    ) -> None:  # fmt: skip
        _not_kept("histograms")

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: Optional[float] = None) -> None:
        _not_kept("tensors")

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Optional[float] = None,
        dataformats: str = "CHW",
    ) -> None:  # fmt: skip
        _not_kept("images")

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Optional[float] = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        _not_kept("images")

    def add_image_with_boxes(
        self, tag: str, img_tensor: Any, box_tensor: Any, global_step: Any = None, walltime: Optional[float] = None,
        rescale: float = 1, dataformats: str = "CHW", labels: Any = None,
    ) -> None:  # fmt: skip
        _not_kept("images")

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: Optional[float] = None
    ) -> None:
        """Closes the figure where `close` says so: scripts rely on it, for matplotlib keeps each that is open."""
        _not_kept("figures")
        pyplot = sys.modules.get("matplotlib.pyplot")
        if close and pyplot is not None:
            for one in figure if isinstance(figure, list) else [figure]:
                pyplot.close(one)

    def add_video(
        self, tag: str, vid_tensor: Any, global_step: Any = None, fps: float = 4, walltime: Optional[float] = None
    ) -> None:
        _not_kept("video")

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100,
        walltime: Optional[float] = None,
    ) -> None:  # fmt: skip
        _not_kept("audio")

    def add_onnx_graph(self, prototxt: Any) -> None:
        _not_kept("graphs")

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        _not_kept("graphs")

    def add_embedding(
        self, mat: Any, metadata: Any = None, label_img: Any = None, global_step: Any = None, tag: str = "default",
        metadata_header: Any = None,
    ) -> None:  # fmt: skip
        _not_kept("embeddings")

    def add_pr_curve(
        self, tag: str, labels: Any, predictions: Any, global_step: Any = None, num_thresholds: int = 127,
        weights: Any = None, walltime: Optional[float] = None,
    ) -> None:  # fmt: skip
        _not_kept("precision-recall curves")

    def add_pr_curve_raw(
        self, tag: str, true_positive_counts: Any, false_positive_counts: Any, true_negative_counts: Any,
        false_negative_counts: Any, precision: Any, recall: Any, global_step: Any = None, num_thresholds: int = 127,
        weights: Any = None, walltime: Optional[float] = None,
    ) -> None:  # fmt: skip
        _not_kept("precision-recall curves")

    def add_custom_scalars_multilinechart(self, tags: Any, category: str = "default", title: str = "untitled") -> None:
        _not_kept("layouts of charts")

    def add_custom_scalars_marginchart(self, tags: Any, category: str = "default", title: str = "untitled") -> None:
        _not_kept("layouts of charts")

    def add_custom_scalars(self, layout: Any) -> None:
        _not_kept("layouts of charts")

    def add_mesh(
        self, tag: str, vertices: Any, colors: Any = None, faces: Any = None, config_dict: Any = None,
        global_step: Any = None, walltime: Optional[float] = None,
    ) -> None:  # fmt: skip
        _not_kept("meshes")

    # ---- within ----

    def _log(self, tag: str, value: Any, step: Optional[int]) -> None:
        if not self._is_closed():
            self._shared.log(self._named(tag), value, step)

    def _named(self, tag: str) -> str:
        """A tag train/loss of the writer of train/ is train/loss."""
        return tag if tag.startswith(self._prefix) else self._prefix + tag

    def _step(self, tag: str, given: Any) -> Optional[int]:
        if given is not None:
            try:
                return int(given)
            except (TypeError, ValueError, OverflowError, RuntimeError):
                say_once(f"SummaryWriter: global_step {given!r} of {tag} is no whole number; the values are counted")
        elif self._shared.has_loop:
            return None
        count = self._counts.get(tag, 0)
        self._counts[tag] = count + 1
        return count

    def _is_closed(self) -> bool:
        if self.closed:
            say_once(f"SummaryWriter of {self.log_dir} is closed; what it is given after that is not kept")
        return self.closed


def _not_kept(what: str) -> None:
    say_once(f"SummaryWriter: {what} are not kept; trimtab records numbers, texts and hyperparameters")


def _is_split(path: str) -> bool:
    return basename(path).lower() in SPLITS and basename(os.path.dirname(path)) != ""


def _run_name(path: str, comment: str) -> Optional[str]:
    """Of the folder, or of the one above where the last part says which data it is: runs/a/val belongs to run a."""
    name = basename(os.path.dirname(path) if _is_split(path) else path).strip(".")
    return (name if name.lower() not in ALL_RUNS else "") or comment.strip(" _-/") or None


def _prefix(path: str, shared: SharedRun) -> str:
    if not path:
        return ""
    if shared.base is None:
        shared.base = os.path.dirname(path) if _is_split(path) else path
    inside = os.path.relpath(path, shared.base)
    if inside == ".":
        return ""
    return (basename(path) if inside.startswith("..") else inside.replace(os.sep, "/")) + "/"


def _made(folder: str) -> str:
    """torch's writer makes the folder, and scripts save their models there."""
    if folder:
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            say_once(f"SummaryWriter: {folder} could not be made: {error.strerror}")
    return folder
