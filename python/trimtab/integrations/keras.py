"""Keras' fit() as a run. EXPERIMENTAL: never run with Keras itself, only with a stand-in for its Model.

    from trimtab.integrations.keras import TrimtabCallback

    model.fit(x, y, epochs=10, callbacks=[TrimtabCallback()])

One step of the run is one batch. Each batch's logs are recorded as train/..., those of an epoch as epoch/... and
val/... The learning rate is the setting `lr` where the optimizer has a number for it; one that a LearningRateSchedule
gives cannot be set, and a callback that assigns it at each epoch assigns over what was set. Of `keras`, `tf_keras`
and `tensorflow.keras` that one is used which is imported already."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from .loop import Loop, framework

if TYPE_CHECKING:
    from ..run import Run

_keras: Any = framework(["keras", "tf_keras", "tensorflow.keras"], "keras")


class TrimtabCallback(_keras.callbacks.Callback):  # type: ignore[misc]
    """`run`: default the current one, else trimtab.init(**options) when training begins. `watch`: whether the
    learning rate becomes a setting."""

    def __init__(self, run: Optional[Run] = None, *, watch: bool = True, **options: Any) -> None:
        super().__init__()
        self._loop = Loop(run, options)
        self._watch = watch
        self._optimizer: Any = None
        self._first = 0  # step of the epoch's first batch
        self._step = 0  # to run next

    @property
    def run(self) -> Run:
        return self._loop.run

    def on_train_begin(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        params = self.params or {}
        epochs, steps = params.get("epochs"), params.get("steps")
        self._first = self._step = 0
        self._loop.start(epochs * steps if epochs and steps else None, 1)
        self._optimizer = getattr(self.model, "optimizer", None)
        if self._watch and hasattr(self._optimizer, "learning_rate"):
            self.run.setting("lr", get=self._read, set=self._assign, min=0.0, doc="learning rate of the optimizer")

    def on_epoch_begin(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._first = self._step

    def on_train_batch_begin(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._control_point(self._first + batch)

    def on_train_batch_end(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        """`batch` is that of the last one where several are executed at once."""
        self._loop.log({f"train/{name}": value for name, value in (logs or {}).items()}, self._first + batch)
        self._control_point(self._first + batch + 1)

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._loop.log({_renamed(name): value for name, value in (logs or {}).items()}, self._step - 1)

    def on_train_end(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        self.run.flush()

    def _control_point(self, step: int) -> None:
        self._step = step
        if not self._loop.control_point(step):
            self.model.stop_training = True

    def _read(self) -> float:
        return float(self._optimizer.learning_rate)  # self.model would copy the whole state with the JAX backend

    def _assign(self, value: float) -> float:
        optimizer = self.model.optimizer
        variable = optimizer.learning_rate
        if hasattr(variable, "assign"):
            variable.assign(value)
        else:
            optimizer.learning_rate = value
        return float(optimizer.learning_rate)


def _renamed(name: str) -> str:
    return f"val/{name[4:]}" if name.startswith("val_") else f"epoch/{name}"
