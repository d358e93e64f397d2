"""What it takes to keep points, and to ask for them, beside plain SQLite rows of the same points (store.c)."""
import subprocess

from parties import BUILD, LONG, Failed

STORE = BUILD / "bench" / "store"
NS, MS, US = 1e-9, 1e-3, 1e-6
COMMITS_A_SECOND = 10
TARGET_INGEST = 150 * NS      # CPU a point
TARGET_PACE = 1 / 3e6         # seconds a point, on the clock
TARGET_BYTES = 6
TARGET_WARM, TARGET_COLD = 5 * MS, 30 * MS
TARGET_COMMITS = 0.005        # of a core


def measure(bench):
    beside_rows(bench)
    large(bench)


def once(bench, points, rows):
    """{name: [values]} of one process in a folder of its own."""
    with bench.stage() as stage:
        stage.run.mkdir()
        run = subprocess.run([STORE, stage.run, str(points), str(rows)], capture_output=True, text=True,
                             timeout=LONG)
    if run.returncode != 0:
        raise Failed(run.stderr.strip())
    found = {}
    for line in run.stdout.splitlines():
        name, value = line.split()
        found.setdefault(name, []).append(float(value))
    if found["points"] != [points]:
        raise Failed(f"{found['points']} points were stored, not {points}")
    return found


def gather(samples, name, unit=1.0):
    return [value * unit for sample in samples for value in sample[name]]


def figures(table, samples):
    table.samples("a point: CPU time of the store", "ns", gather(samples, "ingest_ns", NS), TARGET_INGEST)
    table.samples("a point: time on the clock", "ns", [1 / rate for rate in gather(samples, "ingest_rate")], TARGET_PACE)
    table.samples("a point in run.db, with its roll-ups", "byte", gather(samples, "bytes"), TARGET_BYTES)
    table.samples("2,000 buckets of one series, warm", "ms", gather(samples, "ask_warm_ms", MS), TARGET_WARM)
    table.samples("2,000 buckets of one series, cold", "ms", gather(samples, "ask_cold_ms", MS), TARGET_COLD)


def beside_rows(bench):
    points = bench.sizes.rows
    samples = [once(bench, points, points) for _ in range(bench.sizes.stores)]
    table = bench.table
    table.section(f"history: {points / 1e6:.0f} million points of 16 series, beside plain SQLite rows")
    figures(table, samples)
    table.samples("plain rows, indexed: a point, CPU time", "ns", gather(samples, "rows_ingest_ns", NS))
    table.samples("plain rows: a point in the file", "byte", gather(samples, "rows_bytes"))
    table.samples("plain rows: 2,000 buckets of one series, warm", "ms", gather(samples, "rows_ask_ms", MS))
    for name, ours, theirs in (("CPU time a point", "ingest_ns", "rows_ingest_ns"), ("bytes a point", "bytes", "rows_bytes")):
        ratios = [sample[ours][0] / sample[theirs][0] for sample in samples]
        table.samples(f"{name}: the store / plain rows", "ratio", ratios)
    shares = [COMMITS_A_SECOND * micro * US for micro in gather(samples, "small_commit_us")]
    table.samples("ten commits a second of a usual training", "%", shares, TARGET_COMMITS)


def large(bench):
    points = bench.sizes.points
    samples = [once(bench, points, 0) for _ in range(bench.sizes.stores)]
    bench.table.section(f"history: {points / 1e6:.0f} million points of 16 series")
    figures(bench.table, samples)
