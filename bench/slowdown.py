"""What trimtab costs a real training, the GPT of examples/gpt (slowdown.c runs it)."""
import time

import figures
from parties import SLOWDOWN, Failed, cpu_seconds
from table import shown

NS, US = 1e-9, 1e-6
WASTED = 0.01  # of a step, to see that the method sees it


def measure(bench):
    table, sizes = bench.table, bench.sizes
    table.section("slowdown of the GPT with 20 scalars a step: with trimtab against without, in pairs",
                  "median   interval of it           would have shown")
    (wall, cpu), step = block_pairs(bench, sizes.block_pairs, 0)
    table.slowdown(f"blocks of {sizes.block_steps} steps, wall time", wall)
    table.slowdown(f"blocks of {sizes.block_steps} steps, CPU time", cpu)
    (wall, cpu), shares = run_pairs(bench)
    table.slowdown(f"whole runs of {sizes.run_steps} steps, wall time", wall)
    table.slowdown(f"whole runs of {sizes.run_steps} steps, CPU time", cpu)
    table.samples("the server's share of a core meanwhile", "%", shares)
    (_, cpu), _ = block_pairs(bench, sizes.wasted_pairs, WASTED * step)
    table.slowdown(f"blocks, {100 * WASTED:.0f} % wasted on purpose, CPU time", cpu)
    table.note(f"a step takes {shown(step, 'ms')} of CPU time; blocks alternate in one training; whole runs: recorded "
               "and served, or TRIMTAB=off")
    table.note("would have shown: a slowdown of this size has its interval above 0 in 80 of 100 repetitions")


def run(bench, way, *arguments):
    """(what slowdown.c printed, the server's share of a core meanwhile)."""
    with bench.stage() as stage:
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


def block_pairs(bench, pairs, wasted):
    """Ratios (wall, CPU) of blocks with and without trimtab in one training; seconds of CPU a step."""
    steps = bench.sizes.block_steps
    rows, _ = run(bench, "on", "pairs", pairs, steps, round(wasted / US))
    took = {(int(pair), way): (int(wall) * NS, int(cpu) * NS) for pair, way, wall, cpu in rows}
    ratios = [[took[pair, "on"][i] / took[pair, "off"][i] for pair in range(pairs)] for i in (0, 1)]
    return ratios, figures.median([took[pair, "off"][1] for pair in range(pairs)]) / steps


def run_pairs(bench):
    """The same of whole runs, each in a process of its own; the server's shares of a core."""
    ratios, shares = [[], []], []
    for pair in range(bench.sizes.run_pairs):
        took = {}
        for way in ("on", "off") if pair % 2 else ("off", "on"):
            [(_, said, *spent)], share = run(bench, way, "run", bench.sizes.run_steps)
            if said != way:
                raise Failed(f"a run was to be {way} and was {said}")
            took[way] = [int(ns) for ns in spent]
            shares += [share] if way == "on" else []
        for i in (0, 1):
            ratios[i].append(took["on"][i] / took["off"][i])
    return ratios, shares
