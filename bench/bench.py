"""Runs all benchmarks, one after the other, prints a table and writes bench.json into the build folder.

What is measured and why so: README.md beside this file."""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time
import types

import figures
import machine
from parties import (ALL_TOPICS, BUILD, COST, GPT, LATENCY, LONG, PAUSE, SLOWDOWN, SPIN, STATUS, STOP, SUBSCRIBE, Failed,
                     Stage, cpu_seconds)
from table import Table, shown

NS, US, MS = 1e-9, 1e-6, 1e-3
SCALARS = 20  # a step, of cost.c and slowdown.c
BURN_SHARE = 0.01

FULL = types.SimpleNamespace(
    costs=9, calls=5_000_000, segments=32, idle_parts=5, idle_seconds=4, pings=2000, requests=1000, gpt_requests=1000,
    block_pairs=60, block_steps=10, burn_pairs=20, run_pairs=12, run_steps=80)
QUICK = types.SimpleNamespace(
    costs=3, calls=2_000_000, segments=16, idle_parts=3, idle_seconds=1, pings=500, requests=200, gpt_requests=50,
    block_pairs=8, block_steps=5, burn_pairs=8, run_pairs=3, run_steps=20)


class Bench:
    def __init__(self, sizes, within):
        self.sizes, self.within, self.table = sizes, within, Table()

    def stage(self):
        return Stage(self.within)

    # ---- what a call costs the trainer ----

    def cost_once(self, way):
        """One sample of each figure, in a fresh run: {name: seconds of CPU a call}."""
        size = ["--calls", self.sizes.calls, "--segments", self.sizes.segments]
        with self.stage() as stage:
            if way == "off":
                rows = stage.start(COST, *size, "--off", TRIMTAB="off").rest()
            elif way == "alone":
                rows = stage.start(COST, *size).rest()
            else:
                rows = self.cost_served(stage, size)
        return {name: float(cpu) * NS for name, cpu, _ in rows}

    def cost_served(self, stage, size):
        server = stage.serve()
        trainer = stage.start(COST, *size, "--served")
        if trainer.line() != "ready":
            raise Failed("cost is not ready")
        stage.wait_attached(stage.connect(server))
        before = cpu_seconds(server)
        trainer.go()
        rows = trainer.rest()
        if cpu_seconds(server) <= before:
            raise Failed("the server did not read along")
        return rows

    def costs(self):
        self.table.section("what a call costs the trainer: CPU time, median of several runs, least .. greatest")
        ways = {way: [] for way in ("alone", "served", "off")}
        for _ in range(self.sizes.costs):
            for way, samples in ways.items():
                samples.append(self.cost_once(way))
        self.cost_table("no server", ways["alone"], True)
        self.cost_table("server reads along", ways["served"], True)
        self.cost_table("TRIMTAB=off", ways["off"], False)
        for name, what in (("empty_call", "to compare: a call of an empty function"), ("clock_read", "to compare: a clock read")):
            self.table.samples(what, "ns", [sample[name] for way in ways.values() for sample in way])

    def cost_table(self, way, samples, has_targets):
        def add(what, values, target):
            self.table.samples(f"{what}, {way}", "ns", values, target * NS if has_targets and target else None)
        points = {n: [sample[f"control_point_{n}"] for sample in samples] for n in (0, 1, 4, 16)}
        add(f"batched log, {SCALARS} scalars a step", [sample["log_20"] for sample in samples], 20)
        add("batched log, 1 scalar a step", [sample["log_1"] for sample in samples], None)
        add("stand-alone log", [sample["log_at"] for sample in samples], 70)
        add("empty control point", points[0], 6)
        add("  a bound setting more",
            [figures.slope([(n, points[n][i]) for n in points]) for i in range(len(samples))], 1)
        for n in (1, 4, 16):
            add(f"  with {n} settings", points[n], None)

    # ---- an idle server ----

    def idle(self, name, server):
        """Its share of a core; not before it has settled."""
        time.sleep(2)
        shares = []
        for _ in range(self.sizes.idle_parts):
            cpu, began = cpu_seconds(server), time.monotonic()
            time.sleep(self.sizes.idle_seconds)
            shares.append((cpu_seconds(server) - cpu) / (time.monotonic() - began))
        self.table.samples(name, "%", shares, 0.002)

    def idle_servers(self):
        self.table.section("an idle server: share of a core", f"{self.sizes.idle_seconds} s a sample")
        with self.stage() as stage:
            self.idle("no trainer, no client", stage.serve())
        with self.stage() as stage:
            server = stage.serve()
            stage.start(SPIN, LONG)
            wire = stage.connect(server)
            stage.wait_attached(wire)
            wire.result(PAUSE)
            for _ in range(10):
                stage.connect(server).result(SUBSCRIBE, topics=ALL_TOPICS)
            self.idle("a paused trainer, 10 subscribers", server)

    # ---- from a request to its effect and to its reply ----

    def ask(self, stage, server, what, count, pause):
        """[(sent, replied, ticket)], times in seconds."""
        rows = stage.start(LATENCY, server.address, what, count, int(pause / US)).rest()
        if len(rows) != count:
            raise Failed(f"{count} requests, {len(rows)} replies")
        return [(int(sent) * NS, int(replied) * NS, int(ticket)) for sent, replied, ticket in rows]

    def latency_table(self, name, before, after):
        waits = [b - a for a, b in zip(before, after)]
        for percent in (50, 99):
            self.table.percentile(f"{name}, p{percent}", "ms", waits, percent)

    def sets(self, stage, server, name, count, pause):
        """`set` requests; the trainer's own clock said when each was applied."""
        watcher = stage.connect(server)
        watcher.result(SUBSCRIBE, topics=["outcomes"])
        rows = self.ask(stage, server, "set", count, pause)
        applied = {}
        while rows[-1][2] not in applied:
            event = watcher.event("outcome")
            applied[event["ticket"]] = event["time"]
        sent = [row[0] for row in rows]
        self.latency_table(f"{name}: request to applied", sent, [applied[row[2]] for row in rows])
        self.latency_table(f"{name}: request to reply", sent, [row[1] for row in rows])

    def latencies(self):
        self.table.section("from a request to its effect and to its reply, over TCP on loopback; all, each fifth of them",
                           "a random pause before each request; set: its two audit rows are committed before the reply")
        with self.stage() as stage:
            server = stage.serve()
            rows = self.ask(stage, server, "ping", self.sizes.pings, 2 * MS)
            self.latency_table("ping: request to reply", [row[0] for row in rows], [row[1] for row in rows])
            stage.start(SPIN, LONG)
            wire = stage.connect(server)
            stage.wait_attached(wire)
            self.sets(stage, server, "a trainer that spins", self.sizes.requests, 20 * MS)
            wire.result(PAUSE)
            self.sets(stage, server, "a paused trainer", self.sizes.requests, 20 * MS)
        with self.stage() as stage:
            self.gpt_latency(stage)

    def gpt_latency(self, stage):
        server = stage.serve()
        stage.start(GPT, "--steps", 10 ** 9, "--eval-every", 10 ** 9)
        wire = stage.connect(server)
        stage.wait_attached(wire)
        self.step_seconds(wire, 3)
        pause = self.step_seconds(wire, 3)
        began, first = time.monotonic(), wire.result(STATUS)["run"]["step"]
        self.sets(stage, server, "the GPT", self.sizes.gpt_requests, pause)
        mean = (time.monotonic() - began) / (wire.result(STATUS)["run"]["step"] - first)
        self.table.note(f"the GPT's mean step took {shown(mean, 'ms')}; a request waits for the end of the step in progress")

    @staticmethod
    def step_seconds(wire, seconds):
        """The mean length of a step, over so many seconds."""
        began, first = time.monotonic(), wire.result(STATUS)["run"]["step"] or 0
        time.sleep(seconds)
        steps = (wire.result(STATUS)["run"]["step"] or 0) - first
        return (time.monotonic() - began) / max(1, steps)

    # ---- what it costs a real training ----

    def slowdown(self, way, *arguments):
        """(what slowdown.c printed, the server's share of a core meanwhile)."""
        with self.stage() as stage:
            if way == "off":
                return stage.start(SLOWDOWN, *arguments, TRIMTAB="off").rest(), 0.0
            server = stage.serve()
            trainer = stage.start(SLOWDOWN, *arguments)
            if trainer.line() != "ready":
                raise Failed("slowdown is not ready")
            stage.wait_attached(stage.connect(server))
            began, cpu = time.monotonic(), cpu_seconds(server)
            trainer.go()
            rows = trainer.rest()
            return rows, (cpu_seconds(server) - cpu) / (time.monotonic() - began)

    def block_pairs(self, pairs, burn):
        """Ratios (wall, CPU) of blocks with and without trimtab in one training; seconds of a step; server's share."""
        rows, share = self.slowdown("on", "pairs", pairs, self.sizes.block_steps, int(burn / US))
        took = {(int(pair), way): (int(wall) * NS, int(cpu) * NS) for pair, way, wall, cpu in rows}
        ratios = [[took[pair, "on"][i] / took[pair, "off"][i] for pair in range(pairs)] for i in (0, 1)]
        step = figures.median([took[pair, "off"][1] for pair in range(pairs)]) / self.sizes.block_steps
        return ratios, step, share

    def run_pairs(self):
        """The same of whole runs, each in a process of its own."""
        ratios, shares = [[], []], []
        for pair in range(self.sizes.run_pairs):
            took = {}
            for way in ("on", "off") if pair % 2 else ("off", "on"):
                [(_, said, *spent)], share = self.slowdown(way, "run", self.sizes.run_steps)
                if said != way:
                    raise Failed(f"a run was to be {way} and was {said}")
                took[way] = [int(ns) for ns in spent]
                shares += [share] if way == "on" else []
            for i in (0, 1):
                ratios[i].append(took["on"][i] / took["off"][i])
        return ratios, shares

    def slowdowns(self):
        sizes = self.sizes
        self.table.section(f"slowdown of the GPT with {SCALARS} scalars a step: median of pairs, interval of that median")
        (wall, cpu), step, share = self.block_pairs(sizes.block_pairs, 0)
        self.table.note(f"blocks of {sizes.block_steps} steps with and without trimtab in one training; a step takes {shown(step, 'ms')} of CPU")
        self.table.slowdown("blocks, wall time", wall)
        self.table.slowdown("blocks, CPU time", cpu)
        (wall, cpu), shares = self.run_pairs()
        self.table.note(f"whole runs of {sizes.run_steps} steps: recorded and served, and TRIMTAB=off")
        self.table.slowdown("whole runs, wall time", wall)
        self.table.slowdown("whole runs, CPU time", cpu)
        self.table.samples("the server's share of a core meanwhile", "%", shares)
        burn = BURN_SHARE * step
        (wall, cpu), _, _ = self.block_pairs(sizes.burn_pairs, burn)
        self.table.note(f"does the method see what is there? {shown(burn, 'ms')} wasted on purpose in each step with trimtab")
        self.table.slowdown(f"blocks, {100 * BURN_SHARE:.0f} % wasted, CPU time", cpu)


PARTS = {"cost": Bench.costs, "idle": Bench.idle_servers, "latency": Bench.latencies, "slowdown": Bench.slowdowns}


def headline(head):
    where = "virtual machine" if head["virtual"] else "no virtual machine"
    return (f"{head['cores']} cores of {head['cpu']} ({where}), {head['kernel']}, {head['file_system']}, "
            f"{head['compiler']}, {head['time']}")


def compiler():
    return subprocess.run([COST, "--compiler"], capture_output=True, text=True, timeout=LONG, check=True).stdout.strip()


def check_folder(within):
    kind = machine.file_system(within)
    if kind in ("tmpfs", "ramfs") or kind.startswith(("nfs", "fuse", "cifs", "9p")):
        raise Failed(f"{within} is on {kind}; name a folder on a local disk in TRIMTAB_BENCH_FOLDER")
    space = os.statvfs(within)
    if space.f_bavail < 0.06 * space.f_blocks or space.f_bavail * space.f_frsize < 2 << 30:
        raise Failed(f"{within} has not room enough: 2 GiB and 6 % of the file system must be free")


def leave(*_):
    raise SystemExit(143)


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures what trimtab costs.")
    parser.add_argument("--quick", action="store_true", help="about a minute instead of eight; the figures are coarse")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {' '.join(PARTS)}")
    options = parser.parse_args()
    if not set(options.parts) <= set(PARTS):
        parser.error(f"a part is one of: {' '.join(PARTS)}")
    signal.signal(signal.SIGTERM, leave)
    within = pathlib.Path(os.environ.get("TRIMTAB_BENCH_FOLDER", BUILD)).resolve()
    check_folder(within)
    head = {**machine.describe(within), "compiler": compiler(), "quick": options.quick}
    print(headline(head))
    bench, others, began = Bench(QUICK if options.quick else FULL, within), machine.Others(), time.monotonic()
    for name in options.parts or PARTS:
        PARTS[name](bench)
    head["seconds"] = time.monotonic() - began
    head["others_share"], head["withheld_share"] = others.shares()
    print(f"\n{head['seconds']:.0f} s; meanwhile other programs used {100 * head['others_share']:.1f} % of a core, "
          f"and the hypervisor withheld {100 * head['withheld_share']:.1f} % of one")
    path = BUILD / "bench.json"
    bench.table.write(path, head)
    print(f"all samples: {path}")


if __name__ == "__main__":
    try:
        main()
    except (Failed, AssertionError, OSError) as why:
        sys.exit(f"bench: {why}")
