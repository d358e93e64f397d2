"""Many clients on one run: each is told everything once, whoever does not read delays nobody, and of conflicting
requests there is one order, which replies, events and the audit tell alike. How fast that is: bench/clients."""
import collections
import json
import unittest

from crowd import Crowd
from harness import Case, wait_for

WAVES = 5
FINISHED = b'"state":"finished"'


def is_finished(member):
    return member.has_come_to(FINISHED)


def points_of(messages):
    """(points, how many were merged away) of the events after the state as of now."""
    points, thinned = [], 0
    for message in messages:
        points += message.get("points", [])
        thinned += message.get("thinned", 0)
    return points, thinned


class Many(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def crowd(self, count, **options):
        crowd = Crowd(self.address(), count, **options)
        self.addCleanup(crowd.close)
        return crowd

    def subscribers(self, count, topics, small=False, **members):
        crowd = self.crowd(count, small=small)
        crowd.send({"code": 5, "topics": topics, **members})
        crowd.read_replies()
        return crowd


class Told(Many):
    def test_a_thousand_subscribers_are_told_the_same(self):
        crowd = self.subscribers(1000, ["scalars", "run", "messages"])
        self.assertEqual(self.connect().result(9)["total"], 1001)
        self.train("--steps", 2000, "--step-us", 200)
        crowd.read_until(is_finished, "the end")
        read = {}  # the lines of all are mostly the same
        for member in crowd:
            for line in set(member.lines) - read.keys():
                read[line] = json.loads(line)
            points, thinned = points_of(read[line] for line in member.lines)
            self.assertEqual(([p[1] for p in points], thinned), (list(range(2000)), 0))
        crowd.close()
        wire = self.connect()

        def are_gone():  # it is noticed when they are told something
            wire.result(10, text="is anybody there?")
            return wire.result(9)["total"] <= 2
        wait_for("all to be gone", are_gone)

    def test_who_does_not_read_delays_nobody_and_is_told_what_it_missed(self):
        readers = self.subscribers(180, ["scalars", "run"])
        stalled = self.subscribers(20, ["settings", "run"], small=True)
        self.train("--schedule", "--steps", 400000)
        readers.read_until(is_finished, "the end")
        for member in readers:
            points, thinned = points_of(member.messages())
            self.assertEqual(len(points) + thinned, 400000)
            self.assertFalse(any(b'"event":"gap"' in line for line in member.lines))
        wire = self.connect()
        told_before = wire.result(11)["events"]["gaps"]
        stalled.read_until(is_finished, "the end")
        sums = collections.Counter()
        for member in stalled:
            messages = member.messages()
            gaps = [m for m in messages if m.get("event") == "gap"]
            states = [m["cursor"]["n"] for m in messages if m.get("event") == "gap"] + [messages[0]["result"]["cursor"]["n"]]
            told = [m for m in messages if m.get("event") == "setting" and m["cursor"]["n"] not in states]
            self.assertGreater(len(gaps), 0)
            sums[len(told) + sum(gap["missed"]["settings"] for gap in gaps)] += 1
            after = messages[messages.index(gaps[-1]):]
            self.assertIn("batch", [m.get("name") for m in after])  # the state as of now follows
        self.assertEqual(list(sums.values()), [20])  # what was told and what was missed is the same for each: all there was
        self.assertGreater(list(sums)[0], 400000 - 1)
        self.assertGreaterEqual(wire.result(11)["events"]["gaps"], told_before + 20)

    def test_a_flood_is_thinned_counted_and_stored_whole(self):
        steps, series = 20000, 20  # fewer points than the log holds: no reader is too slow
        rates = {rate: self.subscribers(2, ["scalars", "run"], **({"rate": rate} if rate else {}))
                 for rate in (None, "tick", "50/s", "1/s")}
        self.train("--steps", steps, "--series", series)
        everybody = self.crowd(0)
        everybody.members = [member for crowd in rates.values() for member in crowd]
        everybody.read_until(is_finished, "the end")
        for rate, crowd in rates.items():
            for member in crowd:
                points, thinned = points_of(member.messages())
                self.assertEqual(len(points) + thinned, steps * (series + 1), rate)
                self.assertGreater(thinned, 0)
                each = collections.defaultdict(list)
                for point in points:
                    each[point[0]].append(point[1])
                for told in each.values():  # in order, and each series to its end
                    self.assertEqual((told, told[-1]), (sorted(told), steps - 1))
                self.assertEqual(len(each), series + 1)
        self.assertGreater(self.connect().result(11)["events"]["thinned"], 0)
        self.end(self.server)
        for name in ("toy/value", "toy/more0", f"toy/more{series - 1}"):
            self.assertEqual([step for step, _ in self.points(name)], list(range(steps)))

    def test_a_lower_rate_merges_and_drops_nothing(self):
        each_tick, slow = (self.subscribers(1, ["scalars", "run"], **more) for more in ({}, {"rate": "2/s"}))
        self.train("--steps", 3000, "--step-us", 400)
        counts = []
        for crowd in (each_tick, slow):
            crowd.read_until(is_finished, "the end")
            messages = crowd.members[0].messages()
            points, thinned = points_of(messages)
            self.assertEqual(([p[1] for p in points], thinned), (list(range(3000)), 0))
            counts.append(sum("points" in m for m in messages))
        self.assertLess(counts[1], counts[0])

    def test_a_rate_is_a_tick_or_so_many_a_second(self):
        wire = self.connect()
        for rate in ("tick", "1/s", "100/s"):
            wire.result(5, topics=["run"], rate=rate)
        for rate in ("0/s", "101/s", "10", "10/", "/s", "-1/s", "+1/s", " 1/s", "1 /s", "1/s ", "01/s", "1.5/s", "1/S", "ticks",
                     "99999999999999/s"):
            reply = wire.call(5, topics=["run"], rate=rate)
            self.assertEqual(reply["CodeError"], 43, rate)
            self.assertIn("from 1 to 100", reply["Detail"])
        self.assertIn("time", wire.result(2))

    def test_who_comes_late_is_told_the_newest_messages(self):
        wire = self.connect()
        for i in range(20):
            wire.result(10, text=f"no {i}", level="warning")
        late = self.connect()
        late.result(5, topics=["messages"])
        told = [late.event("message") for _ in range(16)]
        self.assertEqual([m["text"] for m in told], [f"no {i}" for i in range(4, 20)])
        self.assertEqual({m["level"] for m in told}, {"warning"})
        wire.result(10, text="news")
        self.assertEqual(late.event("message")["text"], "news")


class Steered(Many):
    def setUp(self):
        super().setUp()
        self.trainer = self.train("--step-us", 200)
        self.wire = self.connect()
        self.wait_attached(self.wire)


class Controlled(Steered):
    def test_two_hundred_controllers_and_one_order(self):
        self.wire.result(5, topics=["outcomes", "settings"])
        crowd = self.crowd(200)
        for wave in range(WAVES):
            for i, member in enumerate(crowd):
                member.send([{"code": 20, "id": f"set {wave}", "settings": {"lr": (i + 1) / 1000}},
                             {"code": 16 + (i + wave) % 2, "id": f"hold {wave}"}])
            crowd.read_replies(2 * (wave + 1))
        replies = [reply for member in crowd for reply in member.replies()]
        for member in crowd:  # each once
            self.assertEqual(sorted(reply["id"] for reply in member.replies()),
                             sorted(f"{what} {wave}" for what in ("set", "hold") for wave in range(WAVES)))
        refused = [reply["CodeError"] for reply in replies if "CodeError" in reply]
        self.assertEqual(set(refused) - {52}, set())
        results = {reply["result"]["ticket"]: reply["result"] for reply in replies if "result" in reply}
        self.assertEqual(len(results) + len(refused), 400 * WAVES)
        self.assertGreaterEqual(len(results), 64 * WAVES)
        events = [self.wire.event("outcome") for _ in results]
        self.check_order(results, events)
        self.check_audit(results, events)
        self.assertIn("time", self.wire.result(2))

    def check_order(self, results, events):
        """Each `set` found what the one before it left; a pause that changed nothing found a pause."""
        self.assertEqual(sorted(e["ticket"] for e in events), sorted(results))
        sets = sorted((r["settings"]["lr"]["revision"], r) for r in results.values() if "settings" in r)
        self.assertEqual([revision for revision, _ in sets], list(range(1, len(sets) + 1)))
        value = 0.1
        for _, result in sets:
            self.assertEqual((result["outcome"], result["settings"]["lr"]["old"]), ("applied", value))
            value = result["settings"]["lr"]["effective"]
            self.assertEqual(value, result["settings"]["lr"]["requested"])
        self.assertEqual(self.wire.result(3)["settings"]["lr"], {"value": value, "revision": len(sets)})
        paused, steps = False, [e["step"] for e in events]
        self.assertEqual(steps, sorted(steps))
        for event in events:
            if event["code"] in (16, 17):
                self.assertEqual(event["changed"], paused != (event["code"] == 16), event)
                paused = event["code"] == 16
        self.assertEqual([e["settings"]["lr"]["revision"] for e in events if e["code"] == 20], [revision for revision, _ in sets])
        self.assertEqual(self.wire.result(3)["run"]["state"], "paused" if paused else "running")

    def check_audit(self, results, events):
        records = self.audit(self.wire)
        accepted = [r["ticket"] for r in records if r["record"] == "accepted"]
        outcomes = [r for r in records if r["record"] == "outcome"]
        self.assertEqual((accepted, len(outcomes)), (sorted(results), len(results)))
        self.assertEqual([r["ticket"] for r in outcomes], [e["ticket"] for e in events])
        for record in outcomes:
            result = results[record["ticket"]]
            self.assertEqual((record["outcome"], record["step"]), (result["outcome"], result["step"]))
            for name in ("settings", "changed"):
                self.assertEqual(record["values"].get(name), result.get(name))
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)


class Lists(Steered):
    def lines(self, message, count):
        self.wire.send(message)
        return [self.wire.reply() for _ in range(count)]

    def test_each_is_answered_as_if_it_had_come_alone(self):
        replies = self.lines([{"code": 2, "id": 1}, {"id": 2}, {"code": 99, "id": 3}, {"code": 3, "id": 4, "x": 1},
                              {"code": 21, "id": 5, "action": "none"}, {"code": 4, "id": 6}], 6)
        self.assertEqual([(r["id"], r.get("CodeError")) for r in replies], [(1, None), (2, 41), (3, 41), (4, 43), (5, 43), (6, None)])
        self.assertIn("time", self.wire.result(2))

    def test_control_requests_are_posted_together(self):
        replies = self.lines([{"code": 16, "id": "p"}, {"code": 20, "id": "s", "settings": {"lr": 0.3}},
                              {"code": 21, "id": "a", "action": "echo"}, {"code": 19, "id": "n", "steps": 3}], 4)
        results = {r["id"]: r["result"] for r in replies}
        self.assertEqual(len({results[i]["step"] for i in "psan"}), 1)
        tickets = [results[i]["ticket"] for i in "psan"]
        self.assertEqual(tickets, list(range(tickets[0], tickets[0] + 4)))
        self.assertEqual(results["n"]["pause_step"], results["p"]["step"] + 3)

    def test_nothing_of_a_list_that_is_wrong_is_carried_out(self):
        for message, text in (([], "Invalid request code"), ([{"code": 16}, 7], "Invalid request code"),
                              ([{"code": 16}, [{"code": 2}]], "Invalid request code"),
                              ([{"code": 20, "settings": {"lr": 0.5}}, {"code": 16}, {"code": 16}], "Many request with same code"),
                              (b'[{"code":16},{"code":2,"id":1,"id":2}]\n', "Invalid request code")):
            [reply] = self.lines(message, 1)
            self.assertEqual((reply["CodeError"], reply["Message"]), (41, text))
        self.assertEqual(self.audit(self.wire), [])
        self.assertEqual(self.wire.result(3)["settings"]["lr"]["revision"], 0)

    def test_a_code_that_is_unanswered_is_refused_alone(self):
        self.wire.send({"code": 20, "id": "w", "settings": {"lr": 0.3}, "at_step": 10 ** 12, "deadline": 2})
        first, second = self.lines([{"code": 2, "id": "a"}, {"code": 20, "id": "b", "settings": {"lr": 0.4}}], 2)
        self.assertIn("time", first["result"])
        self.assertEqual((second["id"], second["Message"]), ("b", "Many request with same code"))
        self.assertEqual(self.wire.reply()["CodeError"], 47)


if __name__ == "__main__":
    unittest.main()
