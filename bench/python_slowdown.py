"""python_slowdown.py PAIRS STEPS BURN_US: what trimtab costs the CNN of examples/torch_digits.py with 20 scalars a step.

One process, one training: blocks of STEPS steps with and without trimtab, two blocks a pair, two pairs in the order ABBA or
BAAB, drawn at random. With: control point, watched optimizer, one log of 20 scalars. Without: the same arithmetic, the
optimizer's own step. BURN_US are wasted on purpose in each step with trimtab. Says "ready" and waits for a line; prints
"PAIR on|off WALL_NS CPU_NS" a block."""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))
import torch  # noqa: E402
import torch_digits  # noqa: E402

import trimtab  # noqa: E402

SERIES = [f"slowdown/series{i}" for i in range(20)]
WARM_UP = 50  # steps


class Session:
    def __init__(self, burn_ns):
        torch.set_num_threads(1)
        self.burn_ns, self.step = burn_ns, 0
        self.training = torch_digits.Training(1_000_000, 1)
        self.own_step = self.training.optimizer.step
        self.run = trimtab.init("slowdown", quiet=True)
        self.run.watch(self.training.optimizer)
        self.watched_step = self.training.optimizer.step

    def scalars(self):
        loss = self.training.step().item()
        return {name: loss * i for i, name in enumerate(SERIES)}

    def without(self):
        self.training.optimizer.step = self.own_step
        self.scalars()
        self.step += 1

    def with_trimtab(self):
        self.training.optimizer.step = self.watched_step
        self.run.control_point(self.step)
        self.run.log(self.scalars())
        until = time.monotonic_ns() + self.burn_ns
        while self.burn_ns and time.monotonic_ns() < until:
            pass
        self.step += 1


def block(session, pair, on, steps):
    one = session.with_trimtab if on else session.without
    wall, cpu = time.monotonic_ns(), time.process_time_ns()
    for _ in range(steps):
        one()
    cpu, wall = time.process_time_ns() - cpu, time.monotonic_ns() - wall
    print(pair, "on" if on else "off", wall, cpu)


def main():
    pairs, steps, burn_us = map(int, sys.argv[1:])
    session, draw, on_first = Session(1000 * burn_us), random.Random(1), False
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(WARM_UP):
        (session.with_trimtab if i % 2 else session.without)()
    for pair in range(pairs):
        on_first = draw.random() < 0.5 if pair % 2 == 0 else not on_first
        block(session, pair, on_first, steps)
        block(session, pair, not on_first, steps)
    if session.run.dropped:
        sys.exit(f"not all was recorded: {session.run.error}")
    session.run.finish()


if __name__ == "__main__":
    main()
