"""python_cost.py: what a call of the package trimtab costs a training in Python, and what others pay to keep a number.

Runs with the build folder's package on PYTHONPATH; the run is $TRIMTAB_RUN. Says "ready" and waits for a line where it is
given --served. Prints lines of "name CPU_NS WALL_NS", of a call, a scalar or a control point as the name says."""
import argparse
import json
import os
import sqlite3
import sys
import time

import trimtab

TEN = {f"train/series{i}": 0.1 * i for i in range(10)}
ONE = {"train/loss": 0.25}
ONES = 20  # logs of one scalar a step


class Optimizer:
    """What watch needs of torch's."""

    def __init__(self, groups):
        self.param_groups = [{"lr": 0.001 * (i + 1)} for i in range(groups)]

    def step(self):
        pass


def spent(function, count):
    """(CPU, wall) nanoseconds of one of `count`; the process' CPU time, all threads."""
    cpu, wall = time.process_time_ns(), time.monotonic_ns()
    function(count)
    return (time.process_time_ns() - cpu) / count, (time.monotonic_ns() - wall) / count


def tell(name, function, count, share=1):
    cpu, wall = spent(function, count)
    print(name, cpu / share, wall / share, flush=True)


# ---- trimtab ----

def log_ten(run):
    def loop(count):
        for _ in run.steps(run.step + count, run.step):
            run.log(TEN)
    return loop


def log_ten_built(run):
    """The dict is made anew in each step, as training loops do."""
    def loop(count):
        x = 0.25
        for _ in run.steps(run.step + count, run.step):
            run.log({"train/series0": x, "train/series1": x, "train/series2": x, "train/series3": x, "train/series4": x,
                     "train/series5": x, "train/series6": x, "train/series7": x, "train/series8": x, "train/series9": x})
    return loop


def build_ten(count):
    x = 0.25
    for _ in range(count):
        {"train/series0": x, "train/series1": x, "train/series2": x, "train/series3": x, "train/series4": x,
         "train/series5": x, "train/series6": x, "train/series7": x, "train/series8": x, "train/series9": x}


def log_one(run):
    def loop(count):
        for _ in run.steps(run.step + count // ONES, run.step):
            for _ in range(ONES):
                run.log(ONE)
    return loop


def log_name(run):
    def loop(count):
        for _ in run.steps(run.step + count // ONES, run.step):
            for _ in range(ONES):
                run.log("train/loss", 0.25)
    return loop


def log_one_a_step(run):
    def loop(count):
        for _ in run.steps(run.step + count, run.step):
            run.log(ONE)
    return loop


def control_points(run):
    def loop(count):
        for _ in run.steps(run.step + count, run.step):
            pass
    return loop


def empty_steps(count):
    for _ in range(count):
        pass


def logs(run, calls):
    tell("log_ten", log_ten(run), calls // 10, 10)
    tell("log_ten_built", log_ten_built(run), calls // 10, 10)
    tell("build_ten", build_ten, calls // 10, 10)
    tell("log_one", log_one(run), calls)
    tell("log_name", log_name(run), calls)
    tell("log_one_a_step", log_one_a_step(run), calls)


def points(run, calls):
    tell("empty_step", empty_steps, calls)
    tell("control_point", control_points(run), calls)
    for kind, declare in (("watched", watch), ("attribute", bind_attributes), ("own", own_values)):
        for count in (1, 4, 16):
            with_settings(f"control_point_{kind}_{count}", declare, count, calls)


def with_settings(name, declare, count, calls):
    """In a run of its own: settings cannot be taken back."""
    with trimtab.init(name, run=f"{os.environ['TRIMTAB_RUN']}-{name}", quiet=True) as run:
        kept = declare(run, count)
        tell(name, control_points(run), calls)
        del kept


def watch(run, count):
    optimizer = Optimizer(count)
    run.watch(optimizer)
    return optimizer


class Layer:
    p = 0.5


def bind_attributes(run, count):
    layers = [Layer() for _ in range(count)]
    for i, layer in enumerate(layers):
        layer.p = 0.5
        run.setting(f"p{i}", bind=(layer, "p"))
    return layers


def own_values(run, count):
    return [run.setting(f"own{i}", 0.5) for i in range(count)]


# ---- the others: ten numbers a step, kept in a file beside the run ----

def json_lines(path):
    def loop(count):
        with open(path, "w", encoding="utf-8") as out:
            for step in range(count):
                out.write(json.dumps({"step": step, "time": time.time(), **TEN}) + "\n")
    return loop


def rows(path):
    """WAL, synchronous=NORMAL, a commit each 100 steps."""
    def loop(count):
        base = sqlite3.connect(path)
        base.execute("pragma journal_mode=wal")
        base.execute("pragma synchronous=normal")
        base.execute("create table point (name text, step integer, time real, value real)")
        for step in range(count):
            now = time.time()
            base.executemany("insert into point values (?, ?, ?, ?)", [(name, step, now, x) for name, x in TEN.items()])
            if step % 100 == 99:
                base.commit()
        base.commit()
        base.close()
    return loop


def tensorboard(folder):
    """torch's SummaryWriter; None where it cannot be had."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None

    def loop(count):
        with SummaryWriter(folder) as writer:
            for step in range(count):
                for name, x in TEN.items():
                    writer.add_scalar(name, x, step)
    return loop


def others(beside, calls):
    tell("json_lines", json_lines(f"{beside}-lines"), calls // 100, 10)
    tell("sqlite_rows", rows(f"{beside}-rows"), calls // 100, 10)
    writer = tensorboard(f"{beside}-tensorboard")
    if writer:
        tell("summary_writer", writer, calls // 1000, 10)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--served", action="store_true")
    options = parser.parse_args()
    with trimtab.init("cost", quiet=True) as run:
        if options.served:
            print("ready", flush=True)
            sys.stdin.readline()
        logs(run, options.calls)
        if run.dropped:
            sys.exit(f"{run.dropped} scalars were dropped: {run.error}")
    points_run(options.calls)
    others(os.environ["TRIMTAB_RUN"], options.calls)


def points_run(calls):
    with trimtab.init("points", run=os.environ["TRIMTAB_RUN"] + "-points", quiet=True) as run:
        points(run, calls)


if __name__ == "__main__":
    main()
