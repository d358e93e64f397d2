"""What the Python package costs a training (python_cost.py and python_slowdown.py take the samples)."""
import figures
from parties import BUILD, HERE, PYTHON, Failed, cpu_seconds
from table import shown

NS, US = 1e-9, 1e-6
WASTED = 0.01  # of a step, to see that the method sees it
COUNTS = (1, 4, 16)
PATH = {"PYTHONPATH": str(BUILD / "python"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def measure(bench):
    cost(bench)
    slowdown(bench)


# ---- calls ----

def cost(bench):
    table = bench.table
    table.section("what a call from Python costs the trainer: CPU time, of several runs")
    ways = {"no server": [], "server reads along": []}
    for _ in range(bench.sizes.costs):
        for way, samples in ways.items():
            samples.append(once(bench, way != "no server"))
    for way, samples in ways.items():
        show_logs(table, way, samples)
    show_points(table, ways["no server"])
    show_others(table, ways["no server"])


def once(bench, served):
    """{name: (CPU, wall) seconds of a call}, in a fresh run."""
    with bench.stage() as stage:
        command = [PYTHON, HERE / "python_cost.py", "--calls", bench.sizes.calls // 5]
        server = stage.serve() if served else None
        trainer = stage.start(*command, *(["--served"] if served else []), **PATH)
        if served:
            begin(stage, server, trainer)
        return {name: (float(cpu) * NS, float(wall) * NS) for name, cpu, wall in trainer.rest()}


def begin(stage, server, trainer):
    if trainer.line() != "ready":
        raise Failed("the trainer is not ready")
    stage.wait_attached(stage.connect(server))
    trainer.go()


def cpu(samples, name):
    return [sample[name][0] for sample in samples]


def show_logs(table, way, samples):
    def add(what, name, target=None):
        table.samples(f"{what}, {way}", "ns", cpu(samples, name), target * NS if target else None)
    add("log of a dict of ten, a scalar", "log_ten", 80)
    add("  made anew each step (a scalar)", "log_ten_built")
    add("log of a dict of one", "log_one", 120)
    add("log of a name and a value", "log_name", 120)
    add("one log of one a step, its clock read included", "log_one_a_step")


def show_points(table, samples):
    def slope(kind):
        points = {0: cpu(samples, "control_point"), **{n: cpu(samples, f"control_point_{kind}_{n}") for n in COUNTS}}
        return [figures.slope([(n, points[n][i]) for n in points]) for i in range(len(samples))]
    whole, bare = cpu(samples, "control_point"), cpu(samples, "empty_step")
    table.samples("a step of `for step in run.steps(n): pass`", "ns", whole)
    table.samples("  a step of range(n), to compare", "ns", bare)
    table.samples("  the control point, no settings: their difference", "ns", [a - b for a, b in zip(whole, bare)], 40 * NS)
    table.samples("  each watched value of an optimizer", "ns", slope("watched"), 100 * NS)
    table.samples("  each setting bound to an attribute", "ns", slope("attribute"), 100 * NS)
    table.samples("  each setting with a value of its own", "ns", slope("own"), 100 * NS)


def show_others(table, samples):
    ours = cpu(samples, "log_ten")
    table.samples("making the dict of ten alone, a scalar", "ns", cpu(samples, "build_ten"))
    for what, name in (("json.dumps and write, a scalar", "json_lines"), ("sqlite3, a commit each 1,000, a scalar", "sqlite_rows"),
                       ("torch's SummaryWriter.add_scalar", "summary_writer")):
        if name not in samples[0]:
            table.note(f"{what}: not to be had on this machine")
            continue
        theirs = cpu(samples, name)
        table.samples(what, "ns", theirs)
        table.samples("  times the log of a dict of ten", "ratio", [a / b for a, b in zip(theirs, ours)])


# ---- a real training ----

def slowdown(bench):
    table, sizes = bench.table, bench.sizes
    table.section("slowdown of the CNN of torch_digits.py with 20 scalars a step: with trimtab against without, in pairs",
                  "median   interval of it           would have shown")
    (wall, cpu_ratios), step = pairs(bench, sizes.torch_pairs, 0)
    table.slowdown(f"blocks of {sizes.torch_steps} steps, wall time", wall)
    table.slowdown(f"blocks of {sizes.torch_steps} steps, CPU time", cpu_ratios)
    (_, cpu_ratios), _ = pairs(bench, sizes.torch_wasted_pairs, WASTED * step)
    table.slowdown(f"blocks, {100 * WASTED:.0f} % wasted on purpose, CPU time", cpu_ratios)
    table.note(f"a step takes {shown(step, 'ms')} of CPU time; blocks alternate in one training; a server reads along")


def pairs(bench, count, wasted):
    """Ratios (wall, CPU) of blocks with and without trimtab; seconds of CPU a step."""
    steps = bench.sizes.torch_steps
    with bench.stage() as stage:
        server = stage.serve()
        trainer = stage.start(PYTHON, HERE / "python_slowdown.py", count, steps, round(wasted / US), **PATH)
        before = cpu_seconds(server)
        begin(stage, server, trainer)
        rows = trainer.rest()
        if cpu_seconds(server) <= before:
            raise Failed("the server did not read along")
    took = {(int(pair), way): (int(wall) * NS, int(cpu_ns) * NS) for pair, way, wall, cpu_ns in rows}
    ratios = [[took[pair, "on"][i] / took[pair, "off"][i] for pair in range(count)] for i in (0, 1)]
    return ratios, figures.median([took[pair, "off"][1] for pair in range(count)]) / steps
