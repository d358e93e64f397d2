"""Stand-ins for other people's training loops: what their documentation says of the order of calls, no more."""
import pathlib
import struct
import types


class Optimizer:
    """What the optimizer of a framework is to run.watch, with what each step read."""

    def __init__(self, lr=0.1):
        self.param_groups, self.seen = [{"lr": lr}], []

    def step(self):
        self.seen.append(self.param_groups[0]["lr"])


# ---- stand-ins: transformers ----


class TrainerCallback:
    def on_train_begin(self, args, state, control, **kwargs): pass
    def on_train_end(self, args, state, control, **kwargs): pass
    def on_epoch_begin(self, args, state, control, **kwargs): pass
    def on_epoch_end(self, args, state, control, **kwargs): pass
    def on_step_begin(self, args, state, control, **kwargs): pass
    def on_substep_end(self, args, state, control, **kwargs): pass
    def on_step_end(self, args, state, control, **kwargs): pass
    def on_evaluate(self, args, state, control, **kwargs): pass
    def on_save(self, args, state, control, **kwargs): pass
    def on_log(self, args, state, control, **kwargs): pass


class Trainer:
    """Accumulates two batches a step, logs each step, evaluates at the end of an epoch of ten steps."""

    def __init__(self, output_dir, callbacks, max_steps):
        self.callbacks, self.optimizer = callbacks, Optimizer()
        self.args = types.SimpleNamespace(output_dir=str(output_dir), world_size=1,
                                          to_sanitized_dict=lambda: {"learning_rate": 0.1, "seed": 42})
        self.state = types.SimpleNamespace(global_step=0, max_steps=max_steps, is_world_process_zero=True)
        self.control = types.SimpleNamespace(should_training_stop=False, should_save=False, should_log=False)
        self.batches = 0

    def call(self, event, **kwargs):
        for callback in self.callbacks:
            answer = getattr(callback, event)(self.args, self.state, self.control, model=None, optimizer=self.optimizer,
                                              lr_scheduler=None, train_dataloader=None, **kwargs)
            self.control = answer if answer is not None else self.control

    def train(self):
        self.control.should_training_stop = False
        self.call("on_train_begin")
        while self.state.global_step < self.state.max_steps and not self.control.should_training_stop:
            self.call("on_epoch_begin")
            self.epoch()
            self.call("on_epoch_end")
            self.call("on_log", logs={"eval_loss": 0.5, "eval_note": "text"})
            self.call("on_evaluate", metrics={"eval_loss": 0.5})
        self.call("on_train_end")

    def epoch(self):
        for _ in range(10):
            self.control.should_save = self.control.should_log = False
            self.call("on_step_begin")
            self.batches += 2
            self.call("on_substep_end")
            self.optimizer.step()
            self.state.global_step += 1
            self.call("on_step_end")
            self.log_and_save()
            if self.control.should_training_stop or self.state.global_step >= self.state.max_steps:
                return

    def log_and_save(self):
        self.call("on_log", logs={"loss": 1 / self.state.global_step, "epoch": 0.1})
        if self.control.should_save:
            self.save()

    def save(self):
        folder = pathlib.Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"x" * 1000)
        self.call("on_save")


# ---- stand-ins: Lightning ----


class Callback:
    """Every hook that is not overridden does nothing."""

    def __getattr__(self, name):
        if name.startswith("on_"):
            return lambda *arguments: None
        raise AttributeError(name)


class Logger:
    def after_save_checkpoint(self, checkpoint_callback): pass
    def save(self): pass
    def finalize(self, status): pass


class LightningTrainer:
    def __init__(self, callbacks, logger=None, steps=100, optimizers=1, accumulate=1):
        self.callbacks, self.logger = callbacks, logger
        self.optimizers = [Optimizer() for _ in range(optimizers)]
        self.estimated_stepping_batches, self.accumulate, self.world_size = steps, accumulate, 1
        self.global_step, self.should_stop = 0, False

    def call(self, hook, *arguments):
        for callback in self.callbacks:
            getattr(callback, hook)(self, None, *arguments)

    def fit(self):
        self.call("on_fit_start")
        self.call("on_train_start")
        self.call("on_train_epoch_start")
        batch = 0
        while not self.should_stop and self.global_step < self.estimated_stepping_batches:
            self.call("on_train_batch_start", "batch", batch)
            if batch % self.accumulate == self.accumulate - 1:
                for optimizer in self.optimizers:
                    optimizer.step()
                self.global_step += 1
            self.call("on_train_batch_end", {}, "batch", batch)
            if self.logger:
                self.logger.log_metrics({"train_loss": 0.5, "epoch": 0}, self.global_step - 1)
            batch += 1
        self.call("on_train_end")
        self.call("on_fit_end")


# ---- stand-ins: Keras ----


class Variable:
    """Of 32 bits."""

    def __init__(self, value):
        self.assign(value)

    def assign(self, value):
        self.value = struct.unpack("f", struct.pack("f", value))[0]

    def __float__(self):
        return self.value


class KerasCallback:
    def __init__(self):
        self.params = self.model = None

    def set_params(self, params):
        self.params = params

    def set_model(self, model):
        self.model = model


class Model:
    def __init__(self, schedule=False):
        self.optimizer = types.SimpleNamespace(learning_rate=Variable(0.1))
        if schedule:
            self.optimizer = Scheduled()
        self.seen = []

    def fit(self, callbacks, epochs=2, steps=10, at_once=1):
        def call(hook, *arguments):
            for callback in callbacks:
                getattr(callback, hook, lambda *_: None)(*arguments)

        call("set_model", self)
        call("set_params", {"verbose": 0, "epochs": epochs, "steps": steps})
        self.stop_training = False
        call("on_train_begin")
        for epoch in range(epochs):
            call("on_epoch_begin", epoch)
            for batch in range(0, steps, at_once):
                call("on_train_batch_begin", batch)
                self.seen += [float(self.optimizer.learning_rate)] * at_once
                call("on_train_batch_end", batch + at_once - 1, {"loss": 1 / (batch + 1)})
                if self.stop_training:
                    break
            call("on_epoch_end", epoch, {"loss": 0.5, "val_loss": 0.25})
            if self.stop_training:
                break
        call("on_train_end", {})


class Scheduled:
    @property
    def learning_rate(self):
        return 0.1

    @learning_rate.setter
    def learning_rate(self, value):
        raise TypeError("this optimizer was created with a LearningRateSchedule")
