"""kill -9 of either side at any moment: every published point exactly once, every accepted request exactly one outcome.

TRIMTAB_ROUNDS is the number of rounds of the kill loop (50 unless set; script/soak asks for more)."""
import os
import random
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import BUILD, OPEN, Case, Wire, truth, wait_for

ROUNDS = int(os.environ.get("TRIMTAB_ROUNDS", "50"))
SEED = int(os.environ.get("TRIMTAB_SEED", "1"))


class Crash(Case):
    def assert_one_outcome_each(self, records):
        accepted = [r["ticket"] for r in records if r["record"] == "accepted"]
        outcomes = [r["ticket"] for r in records if r["record"] == "outcome"]
        self.assertEqual(len(set(accepted)), len(accepted))
        self.assertEqual(sorted(outcomes), sorted(accepted))

    def assert_verified(self):
        done = self.tool("audit", "--verify", "--run", self.run_folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_kill_loop(self):
        """Random kills of trainer, server or both under random requests; afterwards the books must balance."""
        moment = random.Random(SEED)
        lives, told = [], {}
        server = trainer = None
        for number in range(ROUNDS):
            if server is None:
                server = self.serve()
            if trainer is None:
                path = self.folder / f"truth-{number}"
                lives.append((number + 1, path))
                series, step_us = moment.choice([0, 3]), moment.choice([0, 0, 1, 50])
                # one that spins is given enough to rotate the journal, and not so much that counting takes longer than training
                steps = 0 if step_us else 150000 // (1 + series)
                trainer = self.train("--life", number + 1, "--truth", path, "--series", series, "--step-us", step_us, "--steps", steps)
                wait_for("the trainer's loop", lambda: path.exists() and path.stat().st_size == 16 and truth(path)[1] > 0)
            self.ask(moment, told)
            time.sleep(moment.random() * 0.03)  # the moment of the kill is the input here, not a wait
            victim = moment.choice(["trainer", "server", "both"])
            if victim != "server":
                self.kill(trainer)
                trainer = None
            if victim != "trainer":
                self.kill(server)
                server = None
        if trainer:
            self.kill(trainer)
        server = server or self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end of all requests", lambda s: not s["pending"] and not s["trainer"]["attached"])
        records = self.audit(wire)
        self.end(server)
        self.assert_one_outcome_each(records)
        outcomes = {r["ticket"]: r["outcome"] for r in records if r["record"] == "outcome"}
        for ticket, outcome in told.items():
            self.assertEqual(outcomes[ticket], outcome, f"ticket {ticket} was told otherwise")
        self.assert_verified()
        self.assert_points(lives)
        self.assert_sound()

    def ask(self, moment, told):
        """A few requests whose replies may never come."""
        try:
            with Wire(self.address(), 0.2) as wire:
                for _ in range(moment.randrange(6)):
                    code, members = moment.choice([(20, {"settings": {"lr": 0.01}}), (16, {}), (17, {}), (19, {"steps": 3}),
                                                   (21, {"action": "echo"}), (20, {"settings": {"lr": 0.2}, "at_step": 10 ** 12})])
                    reply = wire.call(code, wait=moment.choice([0, 0.1]), **members)
                    if reply and "result" in reply and reply["result"]["outcome"] != "pending":
                        told[reply["result"]["ticket"]] = reply["result"]["outcome"]
                if moment.random() < 0.5:
                    wire.call(17, wait=0.1)
        except (OSError, FileNotFoundError):
            pass

    def assert_sound(self):
        """SQLite's own check; every point in its place, once; every roll-up the fold of its points."""
        done = subprocess.run([BUILD / "test" / "check_points", self.run_folder / "run.db"], capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        points, pages = (int(number) for number in done.stdout.split()[1:6:4])
        self.assertTrue(points > 10000 and pages > 0, done.stdout)

    def assert_points(self, lives):
        counts = {}
        for step, value in self.each_point():
            life, at = divmod(int(value), 10 ** 9)
            self.assertEqual(at, step)
            self.assertEqual(step, counts.get(life, 0), f"life {life}: points missing, doubled or out of order")
            counts[life] = step + 1
        for life, path in lives:
            self.assertGreaterEqual(counts.get(life, 0), truth(path)[0] + 1, f"life {life}: published points are missing")
        self.assertGreater(sum(counts.values()), 0)

    def test_killed_server_of_a_paused_run(self):
        """The run stays paused without a server, and its successor can resume it."""
        server = self.serve()
        path = self.folder / "truth"
        trainer = self.train("--truth", path, "--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(16)
        self.kill(server)
        steps = truth(path)[1]
        server = self.serve()
        wire = self.connect()
        status = self.wait_attached(wire)
        self.assertEqual((status["run"]["state"], truth(path)[1]), ("paused", steps))
        self.assertTrue(wire.result(17)["changed"])
        wait_for("further steps", lambda: truth(path)[1] > steps)
        self.assertIsNone(trainer.poll())
        self.assert_one_outcome_each(self.audit(wire))

    def test_a_killed_trainer_ends_what_it_held_as_lost(self):
        self.serve()
        trainer = self.train("--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        gate = self.folder / "gate"
        other = self.connect()
        wire.send({"code": 21, "action": "hold", "params": {"path": str(gate)}})
        other.send({"code": 20, "settings": {"lr": 0.2}, "at_step": 10 ** 12})
        third = self.connect()
        self.wait_status(third, "both requests", lambda s: sorted(p["phase"] for p in s["pending"]) == ["posted", "started"])
        self.kill(trainer)
        taken, posted = wire.reply(), other.reply()
        self.assertEqual((taken["CodeError"], taken["reached"]), (49, True))
        self.assertEqual((posted["CodeError"], posted["reached"]), (49, False))
        self.assertEqual(third.result(3)["run"]["state"], "lost")
        self.assert_one_outcome_each(self.audit(third))

    def test_what_was_accepted_and_is_in_no_slot_is_cancelled(self):
        """As after a server that was killed between the audit row and the mailbox."""
        server = self.serve()
        trainer = self.train("--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        ticket = wire.result(20, settings={"lr": 0.2}, at_step=10 ** 12, wait=0)["ticket"]
        self.kill(server)
        self.kill(trainer)
        for mailbox in self.run_folder.glob("mailbox.*"):
            mailbox.unlink()
        self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end of the request", lambda s: not s["pending"])
        self.assertEqual(wire.result(8, ticket=ticket)["records"][1]["outcome"], "cancelled")

    def test_what_a_dead_trainer_held_is_lost_also_for_the_next_server(self):
        server = self.serve()
        trainer = self.train("--step-us", 100)
        wire, other = self.connect(), self.connect()
        self.wait_attached(wire)
        posted = wire.result(20, settings={"lr": 0.2}, at_step=10 ** 12, wait=0)["ticket"]
        taken = wire.result(21, action="hold", params={"path": str(self.folder / "gate")}, wait=0)["ticket"]
        self.wait_status(other, "the action", lambda s: any(p["phase"] == "started" for p in s["pending"]))
        self.kill(server)
        self.kill(trainer)
        self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end of both", lambda s: not s["pending"])
        ends = {t: wire.result(8, ticket=t)["records"][1] for t in (posted, taken)}
        self.assertEqual([(ends[t]["outcome"], ends[t]["values"]["reached"]) for t in (posted, taken)], [("lost", False), ("lost", True)])
        wait_for("the dead one's mailbox to go", lambda: not list(self.run_folder.glob("mailbox.*")))

    def test_the_outcome_of_a_dead_trainer_is_read_before_it_counts_as_lost(self):
        """The server sleeps while the trainer applies a request and dies; when it wakes it learns both at once."""
        server = self.serve()
        path = self.folder / "truth"
        trainer = self.train("--step-us", 100, "--truth", path)
        wire = self.connect()
        at = self.wait_attached(wire)["run"]["step"] + 500
        wire.send({"code": 20, "settings": {"lr": 0.2}, "at_step": at})
        self.wait_status(self.connect(), "the request in its slot", lambda s: [p["phase"] for p in s["pending"]] == ["posted"])
        server.send_signal(signal.SIGSTOP)
        wait_for("the step at which it is applied", lambda: truth(path)[0] > at)
        self.kill(trainer)
        server.send_signal(signal.SIGCONT)
        reply = wire.reply()
        self.assertEqual((reply.get("result") or reply).get("outcome"), "applied", reply)
        self.assertEqual(reply["result"]["step"], at)

    def test_nothing_is_applied_before_its_acceptance_is_committed(self):
        self.serve()
        self.train("--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        lock = sqlite3.connect(self.run_folder / "run.db", isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("begin immediate")
        reply = wire.call(20, settings={"lr": 0.2})
        self.assertEqual((reply["CodeError"], reply["Message"]), (53, "Storage unavailable"))
        self.assertEqual(wire.result(3)["settings"]["lr"], {"value": 0.1, "revision": 0})
        paused = wire.result(16)  # a pause is carried out all the same, and says that its record waits
        self.assertEqual((paused["outcome"], paused["audit"]), ("applied", "waiting"))
        self.assertEqual(wire.result(3)["history"]["state"], "waiting (locked by another process)")
        lock.execute("rollback")
        self.wait_status(wire, "the store", lambda s: s["history"]["state"] == "stored")
        self.assert_one_outcome_each(wait_for("the pause's records", lambda: self.audit(wire)))

    def test_a_new_trainer_gets_nothing_old(self):
        self.serve()
        trainer = self.train("--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        ticket = wire.result(20, settings={"lr": 0.7}, at_step=10 ** 12, wait=0)["ticket"]
        self.kill(trainer)
        self.train("--step-us", 100, "--start", 10 ** 12 + 1, "--life", 2)
        self.wait_status(wire, "the new trainer", lambda s: s["trainer"]["attached"] and (s["run"]["step"] or 0) > 10 ** 12 and not s["pending"])
        self.assertEqual(wire.result(3)["settings"]["lr"], {"value": 0.1, "revision": 0})
        self.assertEqual(wire.result(8, ticket=ticket)["records"][1]["outcome"], "lost")

    def test_without_a_server_everything_is_recorded(self):
        self.run_folder.mkdir(mode=0o700)
        self.assertEqual(self.train("--steps", 5000).wait(timeout=60), 0)
        server = self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        self.end(server)
        self.assertEqual(self.points(), [(step, 1e9 + step) for step in range(5000)])
        self.assertEqual(list((self.run_folder / "journal" / "0").iterdir()), [])
        self.assertEqual(sorted(p.name for p in self.run_folder.glob("run.db*")), ["run.db"])

    def test_a_second_trainer_is_refused_by_the_firsts_pid(self):
        self.serve()
        first = self.train("--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        second = self.train(keep_output=True)
        _, complaint = second.communicate(timeout=30)
        self.assertEqual(second.returncode, 3)
        self.assertIn(str(first.pid), complaint.decode())
        self.assertEqual(wire.result(3)["trainer"]["pid"], first.pid)

    def test_a_second_server_is_refused_by_the_firsts_pid(self):
        first = self.serve()
        done = self.tool("serve", "--run", self.run_folder, *OPEN)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(first.pid), done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.connect().result(2)

    def test_a_forked_child_that_outlives_its_trainer_holds_nothing_up(self):
        """A data loader keeps every descriptor of its killed parent open."""
        self.serve()
        pidfile = self.folder / "child"
        trainer = self.train("--step-us", 100, "--fork", pidfile)
        wire = self.connect()
        self.wait_attached(wire)
        child = int(wait_for("the child", lambda: pidfile.exists() and pidfile.read_text().strip()))
        try:
            self.kill(trainer)
            self.wait_status(wire, "the loss", lambda s: s["run"]["state"] == "lost")
            self.train("--step-us", 100, "--life", 2)
            self.wait_status(wire, "the next trainer", lambda s: s["trainer"]["attached"])
        finally:
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
