"""What many clients cost, and what they do to each other (crowd.c is most of them, feed.c the trainer)."""
import collections
import json
import pathlib
import re
import time

from parties import BUILD, LONG, PATIENCE, SPIN, Failed, cpu_seconds
from crowd import Crowd  # of test/e2e, where parties.py looks too

CROWD, FEED = BUILD / "bench" / "crowd", BUILD / "bench" / "feed"
DESCRIBE, AUDIT, CLIENTS, SAY, STATS = 4, 8, 9, 10, 11
NS = 1e-9
TARGET_BYTES = 512   # a subscriber that says nothing
TARGET_RATIO = 1.2   # of the 99th percentile, with readers that have stopped reading
SETTLE_SECONDS = 2


def measure(bench):
    idle(bench)
    stalled(bench)
    controllers(bench)
    flood(bench)


class Together:
    """A crowd: see crowd.c."""

    def __init__(self, stage, server, readers, silent=0, topics=("scalars",), silent_topics=("scalars", "messages"), **members):
        self.readers = readers
        requests = [json.dumps({"code": 5, "topics": list(each), **members}) for each in (topics, silent_topics)]
        self.party = stage.start(CROWD, server.address, readers, requests[0], silent, requests[1])
        if self.party.line() != "ready":
            raise Failed("the crowd is not complete")

    def say(self, word):
        self.party.process.stdin.write(word + "\n")
        self.party.process.stdin.flush()

    def ask(self, word):
        self.say(word)
        return [int(number) for number in self.party.line().split()]

    def end(self):
        self.party.process.stdin.close()
        if self.party.process.wait(PATIENCE) != 0:
            raise Failed("the crowd was disturbed")


def feeding(stage, *arguments):
    """A trainer that is attached and logs from now on."""
    trainer = stage.start(FEED, *arguments)
    if trainer.line() != "ready":
        raise Failed("feed is not ready")
    return trainer


# ---- subscribers that say nothing ----

def memory_bytes(process):
    """What the process has for itself; the kernel's buffers are not in it."""
    text = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return 1024 * sum(int(kib) for kib in re.findall(r"^(?:Private_Clean|Private_Dirty):\s+(\d+) kB", text, re.M))


def idle(bench):
    many, sizes = bench.sizes.subscribers, bench.sizes
    bench.table.section(f"{many} subscribers that say nothing")
    bytes_each, quiet, told = [], [], []
    for _ in range(sizes.crowds):
        with bench.stage() as stage:
            server = stage.serve()
            stage.connect(server).result(DESCRIBE)
            before = memory_bytes(server)
            Together(stage, server, many, topics=["run", "messages"])
            bytes_each.append((memory_bytes(server) - before) / many)
            time.sleep(SETTLE_SECONDS)
            quiet += shares(server, 1, sizes.idle_seconds)
            trainer = feeding(stage, 1, 1, 0)
            stage.wait_attached(stage.connect(server))
            trainer.go()
            told += shares(server, sizes.idle_parts, sizes.idle_seconds)
    bench.table.samples("the server's memory for each", "byte", bytes_each, TARGET_BYTES)
    bench.table.samples("the server's share of a core while nothing happens", "%", quiet)
    bench.table.samples("the same, one event a second to each", "%", told)
    bench.table.note("memory: what the process's private pages grew by; the kernel's socket buffers are not in it")


def shares(process, parts, seconds):
    """Of a core."""
    found = []
    for _ in range(parts):
        cpu, began = cpu_seconds(process), time.monotonic()
        time.sleep(seconds)
        found.append((cpu_seconds(process) - cpu) / (time.monotonic() - began))
    return found


# ---- who does not read ----

def stalled(bench):
    """The same readers are measured in turns while the others read, and while they do not."""
    readers, silent, sizes = 900, 100, bench.sizes
    bench.table.section(f"{silent} of {readers + silent} readers stop reading: how long a point is on its way to the others",
                        "median   least .. greatest        target")
    waits = {"hear": [], "hush": []}
    with bench.stage() as stage:
        server = stage.serve()
        trainer, wire = feeding(stage, 20, 20, 0), stage.connect(server)
        stage.wait_attached(wire)
        crowd = Together(stage, server, readers, silent)
        wire.close()
        wire = stage.connect(server)  # the newest: the crowd is the oldest thousand, and those are listed
        trainer.go()
        for part in range(2 * sizes.stall_pairs):
            way = ("hear", "hush", "hush", "hear")[part % 4]
            crowd.say(way)
            if way == "hush":
                fill(wire, silent)
            time.sleep(SETTLE_SECONDS)
            crowd.say("begin")
            time.sleep(sizes.stall_seconds)
            waits[way].append(crowd.ask("tell"))
        gaps_before = wire.result(STATS)["events"]["gaps"]
        trainer.end()
    show_stalled(bench.table, waits)
    with bench.stage() as stage:
        gaps(bench, stage)
    bench.table.note(f"in the turns nobody was told a gap ({gaps_before}): the log holds more than they are long")


def fill(wire, silent):
    """What is said fills the sockets of those who follow the messages and do not read, until they are sent nothing."""
    until, still = time.monotonic() + PATIENCE, 0
    while still != silent:
        if time.monotonic() > until:
            raise Failed(f"{still} clients are sent nothing, not {silent}")
        before = sent(wire)
        for _ in range(50):
            wire.result(SAY, text="x" * 1000)
        still = sum(before.get(client) == there for client, there in sent(wire).items())


def sent(wire):
    """{client: bytes} of those who follow the messages."""
    return {c["id"]: c["sent"] for c in wire.result(CLIENTS)["clients"] if "messages" in c["topics"]}


def show_stalled(table, waits):
    p99 = {way: [p99 * NS for _, _, p99, _ in rows] for way, rows in waits.items()}
    table.samples("99th percentile, all read", "ms", p99["hear"])
    table.samples("99th percentile, 100 do not read", "ms", p99["hush"])
    ratios = [with_them / without for without, with_them in zip(p99["hear"], p99["hush"])]
    table.samples("99th percentile, with against without, in pairs", "ratio", ratios, TARGET_RATIO)
    table.note(f"{sum(row[0] for rows in waits.values() for row in rows)} deliveries; from trimtab_log to the reader: the "
               "server's tick is in it")


def gaps(bench, stage):
    """All who do not read fall off the log, and are told so when they read again."""
    silent, server = 100, stage.serve()
    trainer, wire = feeding(stage, 20, 50000, 0), stage.connect(server)
    stage.wait_attached(wire)
    crowd = Together(stage, server, 1, silent)
    crowd.say("hush")
    trainer.go()
    wait_until("the log to pass them by", lambda: held(wire) and wire.result(STATS)["events"]["published"] > 3 * held(wire), 1)
    time.sleep(bench.sizes.stall_seconds)
    crowd.say("hear")
    wait_until("a gap for each", lambda: crowd.ask("count")[3] == silent, 0.1)
    bench.table.note(f"after {wire.result(STATS)['events']['published']} events each of {silent} was told its gap when it read again")


def held(wire):
    return wire.result(STATS)["events"]["held"]


def wait_until(what, condition, pause):
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise Failed(f"waited in vain for {what}")
        time.sleep(pause)


# ---- many who steer ----

def controllers(bench):
    count, waves = 1000, bench.sizes.waves
    bench.table.section(f"{count} controllers send set and pause or resume at once, {waves} times")
    rates = []
    with bench.stage() as stage:
        server = stage.serve()
        stage.start(SPIN, LONG)
        wire = stage.connect(server)
        stage.wait_attached(wire)
        first = wire.result(AUDIT)["head"]["sequence"]
        crowd = Crowd(server.address, count)
        try:
            for wave in range(waves):
                began = time.monotonic()
                for i, member in enumerate(crowd):
                    member.send([{"code": 20, "id": wave, "settings": {"lr": (i + 1) / 1000}}, {"code": 16 + (i + wave) % 2, "id": wave}])
                crowd.read_replies(2 * (wave + 1))
                rates.append((time.monotonic() - began) / (2 * count))
            results, refused = check_replies(crowd, waves)
        finally:
            crowd.close()
        check_order(results, audit(wire, first))
    bench.table.samples("wall time a request, from the first sent to the last answered", "us", rates)
    bench.table.note(f"{len(results) + refused} requests, each answered once: {len(results)} carried out in one order, that of the audit; "
                     f"{refused} answered 52 (64 may be pending)")


def check_replies(crowd, waves):
    """({ticket: result}, how many were refused)."""
    results, refused = {}, 0
    for member in crowd:
        replies = member.replies()
        each = collections.Counter((reply["id"], reply["code"] == 20) for reply in replies)
        if len(replies) != 2 * waves or set(each.values()) != {1}:
            raise Failed(f"not each request was answered once: {each}")
        for reply in replies:
            if reply.get("CodeError", 52) != 52:
                raise Failed(f"not what was asked for: {reply}")
            refused += "CodeError" in reply
            if "result" in reply:
                results[reply["result"]["ticket"]] = reply["result"]
    return results, refused


def audit(wire, first):
    records, at = [], first + 1
    while at:
        page = wire.result(AUDIT, **{"from": at, "limit": 1000})
        records, at = records + page["records"], page["next"]
    return records


def check_order(results, records):
    """The outcomes in the order of the audit: each `set` found what the one before it left, and so did each pause."""
    accepted = [r["ticket"] for r in records if r["record"] == "accepted"]
    outcomes = [r for r in records if r["record"] == "outcome"]
    if accepted != sorted(results) or sorted(r["ticket"] for r in outcomes) != accepted:
        raise Failed("the audit and the replies do not name the same requests")
    value, paused, revision = 0.5, False, 0
    for record in outcomes:
        result = results[record["ticket"]]
        if "settings" in result:
            lr, revision = result["settings"]["lr"], revision + 1
            good = (lr["old"], lr["revision"], record["values"]["settings"]["lr"]) == (value, revision, lr)
            value = lr["effective"]
        else:
            good = result["changed"] == record["values"]["changed"]
            paused = paused != result["changed"]
        if not good:
            raise Failed(f"out of order: {record} {result}")


# ---- a million scalars a second ----

def flood(bench):
    series, a_second, seconds = 20, 50000, bench.sizes.flood_seconds
    bench.table.section(f"{series * a_second} scalars a second for {seconds} s, ten viewers and one of 1/s")
    rates, cpu, told = [], [], []
    for _ in range(bench.sizes.floods):
        with bench.stage() as stage:
            server = stage.serve()
            trainer, wire = feeding(stage, series, a_second, seconds * a_second), stage.connect(server)
            stage.wait_attached(wire)
            crowds = [Together(stage, server, 10), Together(stage, server, 1, rate="1/s")]
            before, began = cpu_seconds(server), time.monotonic()
            trainer.go()
            [[logged, dropped, took]] = trainer.rest()
            cpu.append((cpu_seconds(server) - before) / (time.monotonic() - began))
            rates.append(int(logged) / (int(took) * NS))
            told += [check_viewers(crowd, int(logged)) for crowd in crowds]
            check_stored(stage, wire, server, int(logged) - int(dropped))
            if int(dropped):
                raise Failed(f"the journal had no room for {dropped} scalars")
    bench.table.samples("scalars a second", "M", rates)
    bench.table.samples("the server's share of a core meanwhile, the store's thread too", "%", cpu)
    bench.table.samples("points that a viewer is sent, of those published", "%", told)
    bench.table.note("for each viewer sent + thinned = published, and as many are stored: otherwise there would be no figures")


def check_viewers(crowd, published):
    """The share of the points that was sent."""
    wait_until("the viewers", lambda: crowd.ask("count")[0] >= published, 0.1)
    least, most, thinned, _ = crowd.ask("count")
    if (least, most) != (published, published):
        raise Failed(f"{published} points were published, {least} to {most} told or thinned")
    return 1 - thinned / crowd.readers / published


def check_stored(stage, wire, server, expected):
    """By the server after it, which knows only what is stored."""
    wire.close()
    server.end(15)
    wire = stage.connect(stage.serve())
    stored = sum(series["count"] for series in wire.result(DESCRIBE)["series"])
    if stored != expected:
        raise Failed(f"{expected} points were published, {stored} stored")
