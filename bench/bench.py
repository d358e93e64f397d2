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

import clients
import cost
import distributed
import history
import idle
import latency
import machine
import python
import slowdown
from parties import BUILD, COST, LONG, Failed, Stage
from table import Table

PARTS = {"cost": cost.measure, "idle": idle.measure, "latency": latency.measure, "slowdown": slowdown.measure,
         "clients": clients.measure, "history": history.measure, "python": python.measure,
         "distributed": distributed.measure}

FULL = types.SimpleNamespace(
    costs=9, calls=5_000_000, segments=16, idle_parts=5, idle_seconds=4, pings=2000, requests=1000, gpt_requests=1000,
    block_pairs=120, block_steps=5, wasted_pairs=40, run_pairs=12, run_steps=80, subscribers=10_000, crowds=3, stall_pairs=6, stall_seconds=10, waves=10, floods=3,
    flood_seconds=10, stores=5, points=100_000_000, rows=10_000_000, torch_pairs=3000,
    torch_steps=4, torch_wasted_pairs=600, rank_pairs=200, rank_steps=4, rank_calls=50)
QUICK = types.SimpleNamespace(
    costs=3, calls=2_000_000, segments=8, idle_parts=3, idle_seconds=1, pings=500, requests=200, gpt_requests=50,
    block_pairs=12, block_steps=5, wasted_pairs=8, run_pairs=6, run_steps=10, subscribers=10_000, crowds=1, stall_pairs=2, stall_seconds=4, waves=3, floods=1,
    flood_seconds=3, stores=1, points=10_000_000, rows=1_000_000, torch_pairs=300,
    torch_steps=4, torch_wasted_pairs=100, rank_pairs=40, rank_steps=4, rank_calls=50)


class Bench:
    """What each part needs."""

    def __init__(self, sizes, within):
        self.sizes, self.within, self.table = sizes, within, Table()

    def stage(self):
        return Stage(self.within)


def compiler():
    """That the library was built with."""
    return subprocess.run([COST, "--compiler"], capture_output=True, text=True, timeout=LONG, check=True).stdout.strip()


def check_folder(within):
    kind = machine.file_system(within)
    if kind in ("tmpfs", "ramfs") or kind.startswith(("nfs", "fuse", "cifs", "9p")):
        raise Failed(f"{within} is on {kind}; name a folder on a local disk in TRIMTAB_BENCH_FOLDER")
    space = os.statvfs(within)
    if space.f_bavail < 0.06 * space.f_blocks or space.f_bavail * space.f_frsize < 2 << 30:
        raise Failed(f"{within} has not room enough: 2 GiB and 6 % of the file system must be free")


def headline(head):
    where = "virtual machine" if head["virtual"] else "no virtual machine"
    return (f"{head['cores']} cores of {head['cpu']} ({where}), {head['kernel']}, {head['file_system']}, "
            f"{head['compiler']}, {head['time']}")


def run(parts, quick):
    within = pathlib.Path(os.environ.get("TRIMTAB_BENCH_FOLDER", BUILD)).resolve()
    check_folder(within)
    head = {**machine.describe(within), "compiler": compiler(), "quick": quick}
    print(headline(head))
    bench, others, began = Bench(QUICK if quick else FULL, within), machine.Others(), time.monotonic()
    for part in parts:
        PARTS[part](bench)
    head["seconds"] = time.monotonic() - began
    head["others_share"], head["withheld_share"] = others.shares()
    print(f"\n{head['seconds']:.0f} s; meanwhile others used {100 * head['others_share']:.1f} % of a core "
          f"and the hypervisor withheld {100 * head['withheld_share']:.1f} % of one")
    bench.table.write(BUILD / "bench.json", head)
    print(f"all samples: {BUILD / 'bench.json'}")


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def leave(number, _):
    """Through all that has to be ended and removed; a second signal does not cut that short."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures what trimtab costs.")
    parser.add_argument("--quick", action="store_true", help="about two minutes instead of ten; the figures are coarse")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {' '.join(PARTS)}")
    options = parser.parse_args()
    if not set(options.parts) <= set(PARTS):
        parser.error(f"a part is one of: {' '.join(PARTS)}")
    for number in SIGNALS:
        signal.signal(number, leave)
    run(options.parts or list(PARTS), options.quick)


if __name__ == "__main__":
    try:
        main()
    except (Failed, AssertionError, OSError, subprocess.SubprocessError) as why:
        sys.exit(f"bench: {why}")
