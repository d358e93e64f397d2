"""Hugging Face's Trainer as a run. EXPERIMENTAL: never run with transformers itself, only with a stand-in for its
Trainer.

    from trimtab.integrations.transformers import TrimtabCallback

    trainer = Trainer(model, args, train_dataset=..., callbacks=[TrimtabCallback()])

One step of the run is one update of the optimizer (state.global_step). Pause, stop and settings take effect between two
updates, also within accumulation of gradients. What Trainer logs is recorded as train/... and eval/..., its arguments
are the config, a saved checkpoint is told; the action `checkpoint` has the Trainer save one. The run goes on after
train(), so that evaluate() is recorded too; it ends with the program, or with run.finish()."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional

from .loop import Loop, framework

if TYPE_CHECKING:
    from ..run import Run

_Base: Any = framework(["transformers"], "transformers").TrainerCallback


class TrimtabCallback(_Base):  # type: ignore[misc]
    """`run`: default the current one, else trimtab.init(**options) when training begins. `watch`: whether the
    optimizer's learning rate, momentum and weight decay become settings."""

    def __init__(self, run: Optional[Run] = None, *, watch: bool = True, **options: Any) -> None:
        super().__init__()
        self._loop = Loop(run, options)
        self._watch = watch
        self._save_asked = False

    @property
    def run(self) -> Run:
        return self._loop.run

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._loop.start(state.max_steps, getattr(args, "world_size", 1))
        if hasattr(args, "to_sanitized_dict"):
            self.run.config.update(args.to_sanitized_dict())
        if self._watch and kwargs.get("optimizer") is not None:
            self.run.watch(kwargs["optimizer"])
        self._offer_checkpoint()

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        return self._control_point(state, control)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        return self._control_point(state, control)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Optional[Mapping[str, Any]] = None, **kwargs: Any
    ) -> None:
        """Evaluations come here too."""
        if state.is_world_process_zero and logs:
            self._loop.log({_renamed(name): value for name, value in logs.items()}, state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            self._loop.checkpoint(os.path.join(args.output_dir, f"checkpoint-{state.global_step}"))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.run.flush()

    def _control_point(self, state: Any, control: Any) -> Any:
        if not self._loop.control_point(state.global_step):
            control.should_training_stop = True
        if self._save_asked:
            self._save_asked = False
            control.should_save = True
        return control

    def _offer_checkpoint(self) -> None:
        try:
            self.run.action("checkpoint")(self._ask_to_save)
        except ValueError:  # the program has one of its own
            pass

    def _ask_to_save(self) -> Dict[str, str]:
        """Has the Trainer save a checkpoint after this step"""
        self._save_asked = True
        return {"note": "the Trainer saves it now; it is told when it is there"}


def _renamed(name: str) -> str:
    for part in ("eval", "test"):
        if name.startswith(part + "_"):
            return f"{part}/{name[len(part) + 1:]}"
    return f"train/{name}"
