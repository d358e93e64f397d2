"""What a control point of two ranks costs each of them (distributed_rank.py takes the samples)."""
import figures
from parties import BUILD, HERE, PYTHON, Failed
from table import shown

NS = 1e-9
PATH = {"PYTHONPATH": str(BUILD / "python"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2"}


def measure(bench):
    table, sizes = bench.table, bench.sizes
    ranks = [by_kind(rows) for rows in run(bench)]
    table.section("two ranks under torch.distributed (gloo, one machine), both learning the digits: what control points add",
                  "median   interval of it           would have shown")
    for rank, took in enumerate(ranks):
        for i, clock in enumerate(("wall", "CPU")):
            table.slowdown(f"rank {rank}, blocks of {sizes.rank_steps} steps, {clock} time", [
                on[i] / off[i] for on, off in zip(took["on"], took["off"])])
    step = figures.median([wall for wall, _ in ranks[0]["off"]])
    table.note(f"a step takes {shown(step, 'ms')}; blocks with and without control points alternate in one training")
    table.section("a control point of two ranks")
    for rank, took in enumerate(ranks):
        for i, clock in enumerate(("wall", "CPU")):
            added = [on[i] - off[i] for on, off in zip(took["on"], took["off"])]
            low, high, _ = figures.median_interval(added)
            table.measured(f"rank {rank}, what it adds to a step, {clock} time", "us", figures.median(added), low, high, added)
    for rank, took in enumerate(ranks):
        for what, kind in (("control point, nothing between", "point"), ("all_reduce of one number, to compare", "reduce")):
            table.samples(f"rank {rank}, {what}, wall time", "us", [wall for wall, _ in took[kind]])
            table.samples(f"rank {rank}, {what}, CPU time", "us", [cpu for _, cpu in took[kind]])


def run(bench):
    """What each rank printed; a server reads along."""
    sizes = bench.sizes
    with bench.stage() as stage:
        server = stage.serve()
        sized = (sizes.rank_pairs, sizes.rank_steps, sizes.rank_calls)
        ranks = [stage.start(PYTHON, HERE / "distributed_rank.py", *sized, RANK=str(rank), STORE=str(stage.folder / "store"), **PATH)
                 for rank in (0, 1)]
        if [rank.line() for rank in ranks] != ["ready"] * 2:
            raise Failed("the ranks are not ready")
        stage.wait_attached(stage.connect(server))
        for rank in ranks:
            rank.go()
        return [rank.rest() for rank in ranks]


def by_kind(rows):
    """{kind: [(wall, CPU) seconds of a step or call, by pair]}."""
    kinds = {}
    for kind, _, wall, cpu in rows:
        kinds.setdefault(kind, []).append((float(wall) * NS, float(cpu) * NS))
    return kinds
