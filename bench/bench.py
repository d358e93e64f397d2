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
from parties import (ALL_TOPICS, BUILD, COST, GPT, LATENCY, LONG, PAUSE, SLOWDOWN, SPIN, STATUS, SUBSCRIBE, Failed, Stage,
                     cpu_seconds)
from table import Table, shown

NS, US, MS = 1e-9, 1e-6, 1e-3
SCALARS = 20       # a step, of cost.c and slowdown.c
GPT_STEPS = 20000  # more than it comes to
IDLE = 0.002    # of a core
BURN_SHARE = 0.01

FULL = types.SimpleNamespace(
    costs=9, calls=5_000_000, segments=16, idle_parts=5, idle_seconds=4, pings=2000, requests=1000, gpt_requests=1000,
    block_pairs=120, block_steps=5, burn_pairs=40, run_pairs=12, run_steps=80)
QUICK = types.SimpleNamespace(
    costs=3, calls=2_000_000, segments=8, idle_parts=3, idle_seconds=1, pings=500, requests=200, gpt_requests=50,
    block_pairs=12, block_steps=5, burn_pairs=8, run_pairs=6, run_steps=10)


class Bench:
    def __init__(self, sizes, within):
        self.sizes, self.within, self.table = sizes, within, Table()

    def stage(self):
        return Stage(self.within)

    # ---- what a call costs the trainer ----

    def cost_once(self, way):
        """One sample of each figure, in a fresh run: {name: (CPU, wall) seconds of a call}."""
        size = ["--calls", self.sizes.calls, "--segments", self.sizes.segments]
        with self.stage() as stage:
            if way == "off":
                rows = stage.start(COST, *size, "--off", TRIMTAB="off").rest()
            elif way == "served":
                rows = self.cost_served(stage, size)
            else:
                rows = stage.start(COST, *size, *(["--cold"] if way == "cold" else [])).rest()
        return {name: (float(cpu) * NS, float(wall) * NS) for name, cpu, wall in rows}

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
        self.table.section("what a call costs the trainer: CPU time, of several runs")
        ways = {way: [] for way in ("alone", "served", "off", "cold")}
        for _ in range(self.sizes.costs):
            for way, samples in ways.items():
                samples.append(self.cost_once(way))
        self.cost_table("no server", ways["alone"], targets=True)
        self.cost_table("server reads along", ways["served"], targets=True)
        self.cost_table("TRIMTAB=off", ways["off"], targets=False)
        self.cost_compare(ways)

    def cost_table(self, way, samples, targets):
        def cpu(figure):
            return [sample[figure][0] for sample in samples]

        def add(what, values, target=None):
            self.table.samples(f"{what}, {way}", "ns", values, target * NS if targets and target else None)
        points = {n: cpu(f"control_point_{n}") for n in (0, 1, 4, 16)}
        add(f"batched log, {SCALARS} a step", cpu("log_20"), 20)
        add("batched log, 1 a step", cpu("log_1"))
        add("stand-alone log", cpu("log_at"), 70)
        add("empty control point", points[0], 6)
        slopes = [figures.slope([(n, points[n][i]) for n in points]) for i in range(len(samples))]
        add("  each bound setting", slopes, 1)
        for n in (1, 4, 16):
            add(f"  with {n} bound settings", points[n])

    def cost_compare(self, ways):
        """What helps to judge the others."""
        def of(figure, *names, clock=0):
            return [sample[figure][clock] for name in names for sample in ways[name]]
        self.table.samples(f"batched log, {SCALARS} a step, no server, wall time", "ns", of("log_20", "alone", clock=1))
        self.table.samples(f"batched log, {SCALARS} a step, no server, cold memory", "ns", of("log_20", "cold"))
        self.table.samples("stand-alone log, no server, cold memory", "ns", of("log_at", "cold"))
        self.table.samples("4 KiB of a new file, cold memory", "ns", of("page_first", "alone", "served"))
        self.table.samples("4 KiB of a new file, memory just freed", "ns", of("page_again", "alone", "served"))
        self.table.samples("a call of an empty function", "ns", of("empty_call", *ways))
        self.table.samples("a clock read", "ns", of("clock_read", *ways))
        self.table.note("cold memory: in a virtual machine the hypervisor may have to fetch it first; all but those rows "
                        "are on memory just freed")

    # ---- an idle server ----

    def idle(self, parties):
        """[(name, process, target)]: their shares of a core; not before they have settled."""
        time.sleep(2)
        shares = [[] for _ in parties]
        for _ in range(self.sizes.idle_parts):
            cpu, began = [cpu_seconds(process) for _, process, _ in parties], time.monotonic()
            time.sleep(self.sizes.idle_seconds)
            for i, (_, process, _) in enumerate(parties):
                shares[i].append((cpu_seconds(process) - cpu[i]) / (time.monotonic() - began))
        for (name, _, target), share in zip(parties, shares):
            self.table.samples(name, "%", share, target)

    def idle_servers(self):
        self.table.section("an idle server: CPU time as a share of a core")
        with self.stage() as stage:
            self.idle([("server: no trainer, no client", stage.serve(), IDLE)])
        with self.stage() as stage:
            server, trainer = stage.serve(), stage.start(SPIN, LONG)
            wire = stage.connect(server)
            stage.wait_attached(wire)
            wire.result(PAUSE)
            for _ in range(10):
                stage.connect(server).result(SUBSCRIBE, topics=ALL_TOPICS)
            self.idle([("server: a paused trainer, 10 subscribers", server, IDLE),
                       ("the paused trainer itself", trainer, None)])

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
        self.table.section("from a request to its effect and to its reply, over TCP on loopback, wall time",
                           "of all   of each fifth of them")
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
        stage.start(GPT, "--steps", GPT_STEPS, "--eval-every", GPT_STEPS)
        wire = stage.connect(server)
        stage.wait_attached(wire)
        pause = self.step_seconds(wire, 3)
        began, first = time.monotonic(), wire.result(STATUS)["run"]["step"]
        self.sets(stage, server, "the GPT", self.sizes.gpt_requests, pause)
        mean = (time.monotonic() - began) / (wire.result(STATUS)["run"]["step"] - first)
        self.table.note(f"the GPT's step took {shown(mean, 'ms')} on average: a request waits for the end of the one in "
                        "progress")
        self.table.note("a random pause goes before each request; a reply to set comes after both its audit rows are "
                        "committed")

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
        self.table.section(f"slowdown of the GPT with {SCALARS} scalars a step: with trimtab against without, in pairs",
                           "median   interval of it           would have shown")
        (wall, cpu), step, share = self.block_pairs(sizes.block_pairs, 0)
        self.table.slowdown(f"blocks of {sizes.block_steps} steps, wall time", wall)
        self.table.slowdown(f"blocks of {sizes.block_steps} steps, CPU time", cpu)
        (wall, cpu), shares = self.run_pairs()
        self.table.slowdown(f"whole runs of {sizes.run_steps} steps, wall time", wall)
        self.table.slowdown(f"whole runs of {sizes.run_steps} steps, CPU time", cpu)
        self.table.samples("the server's share of a core meanwhile", "%", shares)
        (wall, cpu), _, _ = self.block_pairs(sizes.burn_pairs, BURN_SHARE * step)
        self.table.slowdown(f"blocks, {100 * BURN_SHARE:.0f} % wasted on purpose, CPU time", cpu)
        self.table.note(f"a step takes {shown(step, 'ms')} of CPU time; blocks alternate in one training, whole runs are "
                        "recorded and served or TRIMTAB=off")
        self.table.note("would have shown: were the slowdown so great, 80 of 100 repetitions would have had their "
                        "interval above 0")


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
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    within = pathlib.Path(os.environ.get("TRIMTAB_BENCH_FOLDER", BUILD)).resolve()
    check_folder(within)
    head = {**machine.describe(within), "compiler": compiler(), "quick": options.quick}
    print(headline(head))
    bench, others, began = Bench(QUICK if options.quick else FULL, within), machine.Others(), time.monotonic()
    for name in options.parts or PARTS:
        PARTS[name](bench)
    head["seconds"] = time.monotonic() - began
    head["others_share"], head["withheld_share"] = others.shares()
    print(f"\n{head['seconds']:.0f} s; meanwhile others used {100 * head['others_share']:.1f} % of a core "
          f"and the hypervisor withheld {100 * head['withheld_share']:.1f} % of one")
    path = BUILD / "bench.json"
    bench.table.write(path, head)
    print(f"all samples: {path}")


if __name__ == "__main__":
    try:
        main()
    except (Failed, AssertionError, OSError, subprocess.SubprocessError) as why:
        sys.exit(f"bench: {why}")
    except KeyboardInterrupt:
        sys.exit(130)
