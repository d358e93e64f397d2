"""How long from a request to its effect and to its reply (latency.c sends the requests)."""
import time

from parties import GPT, LATENCY, LONG, PAUSE, SPIN, STATUS, SUBSCRIBE, Failed
from table import shown

NS, US, MS = 1e-9, 1e-6, 1e-3
GPT_STEPS = 20000  # more than it comes to


def measure(bench):
    table, sizes = bench.table, bench.sizes
    table.section("from a request to its effect and to its reply, over TCP on loopback, wall time",
                  "of all   of each fifth of them")
    with bench.stage() as stage:
        server = stage.serve()
        rows = ask(stage, server, "ping", sizes.pings, 2 * MS)
        show(table, "ping: request to reply", [row[0] for row in rows], [row[1] for row in rows])
        stage.start(SPIN, LONG)
        wire = stage.connect(server)
        stage.wait_attached(wire)
        sets(table, stage, server, "a trainer that spins", sizes.requests, 20 * MS)
        wire.result(PAUSE)
        sets(table, stage, server, "a paused trainer", sizes.requests, 20 * MS)
    with bench.stage() as stage:
        gpt(table, stage, sizes.gpt_requests)
    table.note("a random pause goes before each request; a reply to set comes after both its audit rows are committed")


def gpt(table, stage, requests):
    server = stage.serve()
    stage.start(GPT, "--steps", GPT_STEPS, "--eval-every", GPT_STEPS)
    wire = stage.connect(server)
    stage.wait_attached(wire)
    began, first = next_step(wire)
    time.sleep(3)
    pause = step_seconds(wire, began, first)
    began, first = next_step(wire)
    sets(table, stage, server, "the GPT", requests, pause)
    step = shown(step_seconds(wire, began, first), "ms")
    table.note(f"the GPT's step took {step} on average: a request waits for the end of the one in progress")


def sets(table, stage, server, name, count, pause):
    """`set` requests; the trainer's own clock said when each was applied."""
    watcher = stage.connect(server)
    watcher.result(SUBSCRIBE, topics=["outcomes"])
    rows = ask(stage, server, "set", count, pause)
    applied = {}
    while rows[-1][2] not in applied:
        event = watcher.event("outcome")
        applied[event["ticket"]] = event["time"]
    sent = [row[0] for row in rows]
    show(table, f"{name}: request to applied", sent, [applied[row[2]] for row in rows])
    show(table, f"{name}: request to reply", sent, [row[1] for row in rows])


def ask(stage, server, what, count, pause):
    """[(sent, replied, ticket)], times in seconds."""
    rows = stage.start(LATENCY, server.address, what, count, round(pause / US)).rest()
    if len(rows) != count:
        raise Failed(f"{count} requests, {len(rows)} replies")
    return [(int(sent) * NS, int(replied) * NS, int(ticket)) for sent, replied, ticket in rows]


def show(table, name, before, after):
    waits = [b - a for a, b in zip(before, after)]
    for percent in (50, 99):
        table.percentile(f"{name}, p{percent}", "ms", waits, percent)


# ---- how long a step takes ----

def next_step(wire):
    """(when, which): the moment at which a step begins."""
    first = wire.result(STATUS)["run"]["step"]
    while True:
        step = wire.result(STATUS)["run"]["step"]
        if step != first and first is not None:
            return time.monotonic(), step
        first = step if first is None else first
        time.sleep(0.002)


def step_seconds(wire, began, first):
    now, step = next_step(wire)
    return (now - began) / (step - first)
