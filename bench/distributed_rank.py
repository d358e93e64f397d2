"""distributed_rank.py PAIRS STEPS CALLS: one of two ranks ($RANK, $STORE) that learn the digits of examples/torch_digits.py
together, with and without trimtab's control points.

Blocks of STEPS steps alternate, two a pair, two pairs in the order ABBA or BAAB, drawn at random alike on both ranks; a
barrier stands between them. Prints "KIND PAIR WALL_NS CPU_NS" of a step or call: on, off; and of CALLS in a row without
any training between them: point (a control point of both ranks), reduce (an all_reduce of one number, to compare)."""
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))
import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
import torch_digits  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

import trimtab  # noqa: E402
from trimtab.integrations import torch_distributed  # noqa: E402

WARM_UP = 50  # steps


class Session:
    def __init__(self):
        torch.set_num_threads(1)
        dist.init_process_group("gloo", init_method=f"file://{os.environ['STORE']}", rank=int(os.environ["RANK"]), world_size=2)
        self.training = torch_digits.Training(1_000_000, 1)
        self.training.model = DistributedDataParallel(self.training.model)
        self.run = torch_distributed.follow(trimtab.init("distributed", quiet=True))
        self.run.watch(self.training.optimizer)
        self.step, self.number = 0, torch.zeros(1)

    def on(self):
        self.point()
        self.training.step()

    def off(self):
        self.step += 1
        self.training.step()

    def point(self):
        self.run.control_point(self.step)
        self.step += 1

    def reduce(self):
        dist.all_reduce(self.number)


def block(session, kind, pair, count):
    one = getattr(session, kind)
    dist.barrier()
    wall, cpu = time.monotonic_ns(), time.process_time_ns()
    for _ in range(count):
        one()
    cpu, wall = time.process_time_ns() - cpu, time.monotonic_ns() - wall
    print(kind, pair, wall / count, cpu / count)


def main():
    pairs, steps, calls = map(int, sys.argv[1:])
    session, draw, on_first = Session(), random.Random(1), False
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(WARM_UP):
        (session.on if i % 2 else session.off)()
    for pair in range(pairs):
        on_first = draw.random() < 0.5 if pair % 2 == 0 else not on_first
        for kind in ("on", "off") if on_first else ("off", "on"):
            block(session, kind, pair, steps)
    for pair in range(pairs):
        for kind in ("point", "reduce"):
            block(session, kind, pair, calls)
    session.run.finish()


if __name__ == "__main__":
    main()
