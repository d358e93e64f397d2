"""Lightning's Trainer as a run. EXPERIMENTAL: never run with Lightning itself, only with a stand-in for its Trainer.

    from trimtab.integrations.lightning import TrimtabCallback, TrimtabLogger

    trainer = Trainer(callbacks=[TrimtabCallback()], logger=TrimtabLogger())

The callback steers, the logger records what self.log gives; both use one run: the current one, else a new one. One
step of the run is one of trainer.global_step. Of `lightning` and `pytorch_lightning` that one is used which is
imported already."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional

from ..said import say_once
from .loop import Loop, framework

if TYPE_CHECKING:
    from ..run import Run

_pl: Any = framework(["lightning.pytorch", "pytorch_lightning"], "lightning")
_loggers: Any = framework([_pl.__name__ + ".loggers"], "lightning")


class TrimtabCallback(_pl.Callback):  # type: ignore[misc]
    """`run`: default the current one, else trimtab.init(**options) when training begins. `watch`: whether the
    optimizers' learning rates, momenta and weight decays become settings; several optimizers are `optimizer0/lr`,
    `optimizer1/lr`.

    A stop sets trainer.should_stop: where min_epochs or min_steps are given, Lightning goes on until they are met."""

    def __init__(self, run: Optional[Run] = None, *, watch: bool = True, **options: Any) -> None:
        super().__init__()
        self._loop = Loop(run, options)
        self._watch = watch

    @property
    def run(self) -> Run:
        return self._loop.run

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self._loop.start(_total_steps(trainer), getattr(trainer, "world_size", 1))
        optimizers = trainer.optimizers if self._watch else []
        for index, optimizer in enumerate(optimizers):
            self.run.watch(optimizer, f"optimizer{index}" if len(optimizers) > 1 else None)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, *unused: Any) -> None:
        self._control_point(trainer)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *unused: Any
    ) -> None:
        self._control_point(trainer)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.run.flush()

    def _control_point(self, trainer: Any) -> None:
        if not self._loop.control_point(trainer.global_step):
            trainer.should_stop = True


class TrimtabLogger(_loggers.Logger):  # type: ignore[misc]
    """`run`: default the current one, else trimtab.init(**options) when it is first needed."""

    def __init__(self, run: Optional[Run] = None, **options: Any) -> None:
        super().__init__()
        self._loop = Loop(run, options)
        self._told = ""

    @property
    def experiment(self) -> Run:
        """The run."""
        return self._loop.run

    @property
    def name(self) -> str:
        return self.experiment.name or "trimtab"

    @property
    def version(self) -> str:
        """The last part of the run's folder."""
        return os.path.basename(self.experiment.folder or "0")

    def log_metrics(self, metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
        self._loop.log(metrics, step)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """A mapping or argparse's Namespace; `metrics`, of some versions, is recorded."""
        self.experiment.config.update(params)
        metrics = args[0] if args else kwargs.get("metrics")
        if isinstance(metrics, Mapping):
            self._loop.log(metrics)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        path = getattr(checkpoint_callback, "last_model_path", "")
        path = path or getattr(checkpoint_callback, "best_model_path", "")
        if path and path != self._told:
            self._told = path
            self._loop.checkpoint(path)

    def save(self) -> None:
        self.experiment.flush()

    def finalize(self, status: str) -> None:
        self.experiment.flush()


def _total_steps(trainer: Any) -> Any:
    try:
        return trainer.estimated_stepping_batches
    except Exception as error:  # it may have to build data loaders for it
        say_once(f"Lightning does not tell how many steps it will make: {error}")
        return None
