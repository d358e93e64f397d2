"""What a server costs while nothing happens."""
import time

from parties import ALL_TOPICS, LONG, PAUSE, SPIN, SUBSCRIBE, cpu_seconds

TARGET = 0.002   # of a core
SETTLE_SECONDS = 2
SUBSCRIBERS = 10


def measure(bench):
    bench.table.section("an idle server: CPU time as a share of a core")
    with bench.stage() as stage:
        watch(bench, [("server: no trainer, no client", stage.serve(), TARGET)])
    with bench.stage() as stage:
        server, trainer = stage.serve(), stage.start(SPIN, LONG)
        wire = stage.connect(server)
        stage.wait_attached(wire)
        wire.result(PAUSE)
        for _ in range(SUBSCRIBERS):
            stage.connect(server).result(SUBSCRIBE, topics=ALL_TOPICS)
        watch(bench, [(f"server: a paused trainer, {SUBSCRIBERS} subscribers", server, TARGET),
                      ("the paused trainer itself", trainer, None)])


def watch(bench, parties):
    """[(name, process, target)]: their shares; not before they have settled."""
    time.sleep(SETTLE_SECONDS)
    shares = [[] for _ in parties]
    for _ in range(bench.sizes.idle_parts):
        cpu, began = [cpu_seconds(process) for _, process, _ in parties], time.monotonic()
        time.sleep(bench.sizes.idle_seconds)
        for i, (_, process, _) in enumerate(parties):
            shares[i].append((cpu_seconds(process) - cpu[i]) / (time.monotonic() - began))
    for (name, _, target), share in zip(parties, shares):
        bench.table.samples(name, "%", share, target)
