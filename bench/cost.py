"""What a call of libtrimtab costs the trainer (cost.c takes the samples)."""
import figures
from parties import COST, Failed, cpu_seconds

NS = 1e-9
SCALARS = 20  # a step, of cost.c


def measure(bench):
    bench.table.section("what a call costs the trainer: CPU time, of several runs")
    ways = {way: [] for way in ("alone", "served", "off", "cold")}
    for _ in range(bench.sizes.costs):
        for way, samples in ways.items():
            samples.append(once(bench, way))
    show_way(bench.table, "no server", ways["alone"], targets=True)
    show_way(bench.table, "server reads along", ways["served"], targets=True)
    show_way(bench.table, "TRIMTAB=off", ways["off"], targets=False)
    show_comparison(bench.table, ways)


def once(bench, way):
    """One sample of each figure, in a fresh run: {name: (CPU, wall) seconds of a call}."""
    size = ["--calls", bench.sizes.calls, "--segments", bench.sizes.segments]
    with bench.stage() as stage:
        if way == "off":
            rows = stage.start(COST, *size, "--off", TRIMTAB="off").rest()
        elif way == "served":
            rows = once_served(stage, size)
        else:
            rows = stage.start(COST, *size, *(["--cold"] if way == "cold" else [])).rest()
    return {name: (float(cpu) * NS, float(wall) * NS) for name, cpu, wall in rows}


def once_served(stage, size):
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


def show_way(table, way, samples, targets):
    def cpu(figure):
        return [sample[figure][0] for sample in samples]

    def add(what, values, target=None):
        table.samples(f"{what}, {way}", "ns", values, target * NS if targets and target else None)
    points = {n: cpu(f"control_point_{n}") for n in (0, 1, 4, 16)}
    slopes = [figures.slope([(n, points[n][i]) for n in points]) for i in range(len(samples))]
    add(f"batched log, {SCALARS} a step", cpu("log_20"), 20)
    add("batched log, 1 a step", cpu("log_1"))
    add("stand-alone log", cpu("log_at"), 70)
    add("empty control point", points[0], 6)
    add("  each bound setting", slopes, 1)
    for n in (1, 4, 16):
        add(f"  with {n} bound settings", points[n])


def show_comparison(table, ways):
    """What helps to judge the others."""
    def of(figure, *names, clock=0):
        return [sample[figure][clock] for name in names for sample in ways[name]]
    table.samples(f"batched log, {SCALARS} a step, no server, wall time", "ns", of("log_20", "alone", clock=1))
    table.samples(f"batched log, {SCALARS} a step, no server, memory as it comes", "ns", of("log_20", "cold"))
    table.samples("stand-alone log, no server, memory as it comes", "ns", of("log_at", "cold"))
    table.samples("4 KiB of a new file, memory as it comes", "ns", of("page_first", "alone", "served"))
    table.samples("4 KiB of a new file, memory just freed", "ns", of("page_again", "alone", "served"))
    table.samples("a call of an empty function", "ns", of("empty_call", *ways))
    table.samples("a clock read", "ns", of("clock_read", *ways))
    table.note("all but the rows \"memory as it comes\" are on memory just freed: a hypervisor may have to fetch other "
               "memory first")
