"""Small trainings that are watched, and what each optimizer.step of theirs read."""
import contextlib
import io

import support

import torch
from torch.optim import lr_scheduler

import trimtab
from trimtab import said

STEPS = 280

SCHEDULERS = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 0.99**step),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=300),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=40),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.2, total_steps=STEPS + 10),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1, 30), lr_scheduler.ExponentialLR(o, 0.99)], milestones=[30]),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o, 0.1, total_iters=50), lr_scheduler.ExponentialLR(o, 0.99)]),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=10, factor=0.7),
}


def seeing(kind):
    """The optimizer's class, with the groups that each step read."""

    class Seeing(kind):
        def step(self, *args, **kwargs):
            self.__dict__.setdefault("seen", []).append([_read(group) for group in self.param_groups])
            return super().step(*args, **kwargs)

    Seeing.__name__ = kind.__name__
    return Seeing


def _read(group):
    return {key: value.item() if isinstance(value, torch.Tensor) else value
            for key, value in group.items() if key != "params"}


SGD, Adam = seeing(torch.optim.SGD), seeing(torch.optim.Adam)


class WatchCase(support.Case):
    """Runs without a server, in a folder of their own; what a client would set is applied in between."""

    def setUp(self):
        super().setUp()
        said._said.clear()
        self.runs = 0
        self.run_ = self.new_run()

    def new_run(self):
        self.runs += 1
        return self.core("watched", trimtab.Run, run=str(self.folder / f"run {self.runs}"))

    def heard(self):
        """What is said on standard error."""
        return contextlib.redirect_stderr(io.StringIO())

    def parameters(self, count=1, seed=1):
        torch.manual_seed(seed)
        return [torch.nn.Parameter(torch.randn(3, 2)) for _ in range(count)]

    def sgd(self, **more):
        return SGD(self.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01, **more)

    def learn(self, optimizer, scheduler=None, steps=STEPS, at=None, step=None):
        """`at`: step -> what is done before it, as a control point does; `step`: how the optimizer is called."""
        for number in range(steps):
            for todo in (at or {}).get(number, ()):
                todo()
            for group in optimizer.param_groups:
                for one in group["params"]:
                    one.grad = torch.sin(one.detach() * (number + 1))
            (step or optimizer.step)()
            if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
                scheduler.step(1 / min(number + 1, 40))
            elif scheduler is not None:
                scheduler.step()
        return optimizer

    def column(self, optimizer, key="lr", group=0):
        return [groups[group][key] for groups in optimizer.seen]

    def assert_same_parameters(self, one, other):
        for left, right in zip(one.param_groups, other.param_groups):
            for a, b in zip(left["params"], right["params"]):
                self.assertTrue(torch.equal(a, b))
