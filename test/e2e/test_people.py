"""Several people on one run: who is there, what they say; what the server tells of itself, of the output and of the
runs beside this one; freeze and abort."""
import os
import pathlib
import signal
import unittest

from harness import OPEN, TOY, TRIMTAB, Case, wait_for

SLEEPER = "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)\n"


class Watching(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.wire = self.connect()

    def named(self, name, *topics):
        wire = self.connect()
        hello = wire.result(1, name=name)
        wire.id = hello["client"]
        if topics:
            wire.result(5, topics=list(topics))
        return wire


class People(Watching):
    def test_ten_people_know_of_each_other(self):
        first = self.named("p0", "clients")
        self.assertEqual(first.event("client")["change"], "joined")
        others = [self.named(f"p{i}", "clients", "messages") for i in range(1, 10)]
        names = [first.event("client", lambda e: e["change"] == "joined")["name"] for _ in others]
        self.assertEqual(names, [f"p{i} (claimed)" for i in range(1, 10)])
        others[0].close()
        left = first.event("client", lambda e: e["change"] == "left")
        self.assertEqual((left["name"], left["id"], left["clients"]), ("p1 (claimed)", others[0].id, 9))
        others[1].result(1, name="grace")
        self.assertEqual(first.event("client", lambda e: e["change"] == "renamed")["name"], "grace (claimed)")

    def test_clients_lists_who_is_connected(self):
        anna = self.named("anna", "scalars", "run")
        self.unix().result(2)
        listed = anna.result(9)
        by_id = {c["id"]: c for c in listed["clients"]}
        self.assertEqual(listed["total"], len(listed["clients"]))
        mine = by_id[anna.id]
        self.assertEqual((mine["name"], mine["transport"], mine["topics"], mine["you"], mine["role"]),
                         ("anna (claimed)", "tcp", ["scalars", "run"], True, "admin"))
        self.assertGreater(mine["sent"], 0)
        self.assertEqual([c["id"] for c in listed["clients"]], sorted(by_id))
        self.assertEqual([c for c in listed["clients"] if c.get("you") and c is not mine], [])

    def test_one_request_is_not_told_as_somebody_who_follows(self):
        first = self.named("p0", "clients", "messages")
        first.event("client")
        self.named("passes by").close()
        first.result(10, text="the end")
        self.assertEqual(first.event("message")["text"], "the end")
        self.assertEqual([e for e in first.events if e["event"] == "client"], [])

    def test_a_crowd_is_told_as_one(self):
        first = self.named("p0", "clients")
        crowd = [self.named(f"c{i}", "clients") for i in range(60)]
        told = joined = 0
        while told + joined < len(crowd) + 1:
            event = first.event("client")
            told += event["change"] == "joined"
            joined += event.get("joined", 0)
        self.assertEqual(event["clients"], len(crowd) + 1)
        del crowd


class Say(Watching):
    def test_what_is_said_reaches_all_and_is_kept_at_its_step(self):
        anna, ben = self.named("anna", "messages"), self.named("ben", "messages")
        said = anna.result(10, text="lr <b>looks</b> high \u2603", level="warning", step=42)
        self.assertEqual((said["message"], said["step"]), (1, 42))
        for wire in (anna, ben):
            event = wire.event("message")
            self.assertEqual((event["id"], event["text"], event["level"], event["step"], event["by"]),
                             (1, "lr <b>looks</b> high \u2603", "warning", 42, "anna (claimed)"))
        self.assertIsNone(anna.result(10, text="no step yet")["step"])
        self.end(self.server)
        self.server = self.serve()
        late = self.named("late", "messages")
        self.assertEqual([(e["id"], e["text"]) for e in (late.event("message"), late.event("message"))],
                         [(1, "lr <b>looks</b> high \u2603"), (2, "no step yet")])
        self.assertEqual(late.result(10, text="third")["message"], 3)

    def test_without_a_step_it_stands_at_the_present_one(self):
        self.train("--step-us", 200)
        status = self.wait_attached(self.wire)
        self.assertGreaterEqual(self.wire.result(10, text="now")["step"], status["run"]["step"])

    def test_what_cannot_be_said(self):
        for members in ({}, {"text": ""}, {"text": "x" * 1001}, {"text": 5}, {"text": "x", "level": "loud"}, {"text": "x", "step": 1.5}):
            self.assertEqual(self.wire.call(10, **members)["CodeError"], 43, members)

    def test_a_killed_server_says_nothing_twice_and_loses_nothing_told(self):
        told = []
        for _ in range(5):
            wire = self.connect()
            for i in range(20):
                wire.send({"code": 10, "text": f"m{i}"})
                told.append(wire.reply()["result"]["message"])
            self.kill(self.server)
            self.server = self.serve()
        self.assertEqual(told, list(range(1, 101)))


class Freeze(Watching):
    def setUp(self):
        super().setUp()
        self.trainer = self.train("--step-us", 200)
        self.wait_attached(self.wire)

    def test_nothing_is_accepted_and_what_was_posted_is_withdrawn(self):
        waiting = self.wire.result(20, settings={"lr": 0.2}, at_step=1 << 40, wait=0)["ticket"]
        self.wire.result(5, topics=["run", "outcomes"])
        frozen = self.wire.result(23, on=True, reason="the paper's run")
        self.assertEqual((frozen["outcome"], frozen["changed"]), ("applied", True))
        outcome = self.wire.event("outcome", lambda e: e["ticket"] == waiting)
        self.assertEqual((outcome["outcome"], outcome["error"]), ("cancelled", 48))
        self.assertIn("frozen", outcome["detail"])
        self.assertTrue(self.wire.event("run", lambda e: e["frozen"])["frozen"])
        for code, members in ((20, {"settings": {"lr": 0.2}}), (16, {}), (17, {}), (19, {"steps": 1}), (21, {"action": "echo"})):
            self.assertEqual(self.wire.call(code, **members)["CodeError"], 51)
        self.assertFalse(self.wire.result(23, on=True)["changed"])
        self.assertTrue(self.wire.result(3)["run"]["frozen"])
        self.assertTrue(self.wire.result(23, on=False)["changed"])
        self.assertEqual(self.wire.result(20, settings={"lr": 0.2})["outcome"], "applied")
        records = self.audit(self.wire)
        self.assertEqual([(r["name"], r["reason"]) for r in records if r["record"] == "accepted"][1], ("freeze", "the paper's run"))
        self.assertEqual(self.tool("audit", "--run", self.run_folder, "--verify").returncode, 0)

    def test_it_holds_across_servers_and_stop_goes_through(self):
        self.wire.result(23, on=True)
        self.kill(self.server)
        self.server = self.serve()
        wire = self.connect()
        self.wait_attached(wire)
        self.assertEqual(wire.call(20, settings={"lr": 0.2})["CodeError"], 51)
        self.assertEqual(wire.result(18)["outcome"], "applied")
        self.assertEqual(self.trainer.wait(timeout=30), 0)

    def test_requests_in_flight_end_either_way_but_once(self):
        wires = [self.connect() for _ in range(16)]
        for i, wire in enumerate(wires):
            wire.send({"code": 20, "settings": {"lr": 0.1 + i / 1000}})
        self.wire.send({"code": 23, "on": True})
        self.assertEqual(self.wire.reply()["result"]["outcome"], "applied")
        replies = [wire.reply() for wire in wires]
        self.assertLessEqual({r.get("CodeError", 0) for r in replies}, {0, 48, 51})
        records = self.audit(self.wire)
        accepted = {r["ticket"] for r in records if r["record"] == "accepted"}
        ended = [r["ticket"] for r in records if r["record"] == "outcome"]
        self.assertEqual(sorted(ended), sorted(accepted))

    def test_what_freeze_does_not_take(self):
        for members in ({}, {"on": 1}, {"on": "true"}, {"on": None}, {"on": True, "at_step": 4}):
            self.assertEqual(self.wire.call(23, **members)["CodeError"], 43, members)

    def test_a_trainer_of_somebody_else_is_not_aborted(self):
        reply = self.wire.call(24)
        self.assertEqual(reply["CodeError"], 55)
        self.assertIn(str(self.trainer.pid), reply["Detail"])
        self.assertIsNone(self.trainer.poll())


class Abort(Case):
    def run_command(self, *command):
        process = self.start(TRIMTAB, "run", "--run", self.run_folder, *OPEN, "--", *command)
        self.wait_address(process)
        return process

    def has_ended(self, pid):
        """Gone, or only its status is left for whoever is its parent now."""
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def test_the_reply_comes_once_it_has_ended(self):
        process = self.run_command(TOY, "--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        result = wire.result(24, reason="wrong data")
        self.assertEqual((result["outcome"], result["result"]), ("applied", {"signal": "SIGTERM", "exit_status": 143}))
        self.assertEqual(process.wait(timeout=30), 143)

    def test_who_does_not_listen_is_killed_after_the_grace(self):
        script = self.folder / "sleeper.py"
        script.write_text(SLEEPER)
        process = self.run_command("python3", script)
        wait_for("the command", lambda: "ready" in (self.run_folder / "output").read_text())
        wire = self.connect()
        result = wire.result(24, grace=0.2)
        self.assertEqual(result["result"], {"signal": "SIGKILL", "exit_status": 137})
        self.assertEqual(process.wait(timeout=30), 137)


    def test_who_started_what_does_not_listen_is_killed_too(self):
        """A shell heeds SIGTERM, the training below it does not."""
        process = self.run_command("sh", "-c", f"(trap '' TERM; exec {TOY} --step-us 200); echo done")
        wire = self.connect()
        trainer = self.wait_attached(wire)["trainer"]["pid"]
        result = wire.result(24, grace=0.3)
        self.assertEqual(result["result"]["signal"], "SIGKILL")
        self.assertTrue(self.has_ended(trainer))
        process.wait(timeout=30)

    def test_a_second_abort_does_not_put_the_first_off(self):
        script = self.folder / "sleeper.py"
        script.write_text(SLEEPER)
        process = self.run_command("python3", script)
        wait_for("the command", lambda: "ready" in (self.run_folder / "output").read_text())
        first, second = self.connect(), self.connect()
        first.send({"code": 24, "grace": 0.5})
        first.result(2)
        second.send({"code": 24, "grace": 3600})
        self.assertEqual(first.reply()["result"]["result"]["signal"], "SIGKILL")
        self.assertEqual(second.reply()["result"]["outcome"], "applied")
        self.assertEqual(process.wait(timeout=30), 137)


class Output(Watching):
    def write(self, text):
        with open(self.run_folder / "output", "ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def lines(self, **members):
        page = self.wire.result(12, **members)
        return [line["text"] for line in page["lines"]], page

    def test_there_is_none(self):
        self.assertEqual(self.wire.result(12), {"lines": [], "before": None, "size": 0})

    def test_the_newest_lines_then_older_ones(self):
        self.write("".join(f"line {i}\n" for i in range(1000)) + "half")
        texts, page = self.lines(lines=10)
        self.assertEqual(texts, [f"line {i}" for i in range(990, 1000)])
        self.assertEqual((page["partial"], page["size"]), ("half", (self.run_folder / "output").stat().st_size))
        seen = texts
        while page["before"] is not None:
            texts, page = self.lines(lines=97, before=page["before"])
            self.assertNotIn("partial", page)
            seen = texts + seen
        self.assertEqual(seen, [f"line {i}" for i in range(1000)])

    def test_carriage_returns_bytes_and_long_lines(self):
        self.write(b"10%\r50%\r100%\r\nbad \xff byte\n\x1b[31mred\n" + b"x" * 5000 + b"\n\n 3%|#  |\r 4%|## |")
        texts, page = self.lines()
        self.assertEqual(texts, ["100%", "bad \ufffd byte", "\x1b[31mred", "x" * 4096, ""])
        self.assertEqual(page["partial"], " 4%|## |")

    def test_a_line_longer_than_a_page(self):
        self.write("first\n" + "y" * 3_000_000 + "\nlast\n")
        texts, page = self.lines(lines=1)
        self.assertEqual(texts, ["last"])
        seen = 0
        while page["before"] is not None:
            before = page["before"]
            texts, page = self.lines(before=before)
            self.assertTrue(page["before"] is None or page["before"] < before)
            seen += 1
        self.assertLess(seen, 20)
        self.assertEqual(texts[0], "first")

    def test_live(self):
        self.write("old\n")
        self.wire.result(5, topics=["output"])
        self.write("one\ntwo\nthr")
        event = self.wire.event("output")
        lines = event["lines"]
        self.assertEqual(event["at"], 4)
        while lines != ["one", "two"]:
            lines += self.wire.event("output")["lines"]
        self.write("ee\n")
        while "three" not in lines:
            lines += self.wire.event("output")["lines"]
        self.assertEqual(lines, ["one", "two", "three"])

    def test_a_file_that_was_put_in_its_place_is_followed(self):
        self.write("old\n")
        self.wire.result(5, topics=["output"])
        (self.run_folder / "output").rename(self.run_folder / "output.1")
        self.write("new\n")
        self.assertEqual(self.wire.event("output")["lines"], ["new"])

    def test_a_flood_is_passed_over_and_counted(self):
        self.wire.result(5, topics=["output"])
        self.write("begin\n")
        self.assertEqual(self.wire.event("output")["lines"], ["begin"])
        body = "".join(f"{i:09d}\n" for i in range(1_000_000))
        self.write(body)
        seen = skipped = 0
        last = None
        while last != "000999999":
            event = self.wire.event("output")
            seen += sum(len(line) + 1 for line in event["lines"])
            skipped += event.get("skipped", 0)
            last = event["lines"][-1] if event["lines"] else last
        self.assertEqual(seen + skipped, len(body))
        self.assertGreater(skipped, 0)


class Stats(Watching):
    def test_it_counts(self):
        self.wire.call(99)
        before = self.wire.result(11)
        self.wire.result(2)
        after = self.wire.result(11)
        self.assertEqual(after["requests"]["answered"], before["requests"]["answered"] + 2)
        self.assertGreaterEqual(before["requests"]["refused"], 1)
        self.assertGreater(after["bytes"]["in"], before["bytes"]["in"])
        self.assertGreater(after["bytes"]["out"], before["bytes"]["out"])
        self.assertEqual((after["clients"]["now"], after["pid"]), (1, self.server.pid))
        self.assertGreater(after["resident"], 1_000_000)


class Runs(Case):
    def test_the_runs_beside_this_one(self):
        home = self.folder / "runs" / "toy"
        for name in ("a", "b"):
            process = self.start(TRIMTAB, "run", "--run", home / name, *OPEN, "--", TOY, "--steps", 50)
            self.assertEqual(process.wait(timeout=30), 0)
        (home / "broken").mkdir()
        (home / "broken" / "run.db").write_bytes(b"no database at all" * 100)
        server = self.serve(run=home / "c")
        wire = self.connect(home / "c")
        runs = wire.result(13)
        self.assertEqual(runs["total"], 3)
        by_name = {os.path.basename(r["folder"]): r for r in runs["runs"]}
        self.assertEqual(set(by_name), {"a", "b", "broken"})
        self.assertEqual((by_name["a"]["state"], by_name["a"]["live"], by_name["a"]["step"]), ("finished", False, 50))
        self.assertEqual(by_name["a"]["last"]["toy/value"], 1_000_000_049)
        self.assertIn("error", by_name["broken"])
        self.assertEqual(self.end(server), 0)


class Idle(Case):
    def test_a_server_that_nobody_needs_ends_by_itself(self):
        server = self.start(TRIMTAB, "serve", "--run", self.run_folder, *OPEN, "--until-idle", "0.3")
        self.wait_address(server)
        wire = self.connect()
        trainer = self.train("--step-us", 200)
        self.wait_attached(wire)
        wire.close()
        trainer.send_signal(signal.SIGKILL)
        self.assertEqual(server.wait(timeout=30), 0)
        self.assertFalse((self.run_folder / "address").exists())

    def test_not_while_a_trainer_lives_or_somebody_watches(self):
        server = self.start(TRIMTAB, "serve", "--run", self.run_folder, *OPEN, "--until-idle", "0.3")
        self.wait_address(server)
        wire = self.connect()
        uptime = lambda: wire.result(11)["uptime"]
        wait_for("longer than the idle time", lambda: uptime() > 1)
        trainer = self.train("--step-us", 200)
        self.wait_attached(wire)
        began = uptime()
        wire.close()
        wire = self.connect()
        wait_for("longer than the idle time", lambda: wire.result(11)["uptime"] > began + 1)
        self.assertIsNone(server.poll())
        self.kill(trainer)


if __name__ == "__main__":
    unittest.main()
