"""The example examples/torch_digits.py, steered for real: what a client asked for is read inside optimizer.step."""
import json
import os
import pathlib
import signal
import statistics
import sys
import unittest

from support import ACT, HISTORY, PATIENCE, PAUSE, PYTHON, RESUME, SET, STATUS, STOP, Case, wait_for
from harness import TRIMTAB

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 240


class Digits(Case):
    """One training of the digits: `self.seen()` is what was read inside optimizer.step."""

    def setUp(self):
        super().setUp()
        self.environment["GATES"] = str(self.folder)

    def learn(self, *arguments, gates=(), name="seen", **environment):
        environment = {"WITNESS": str(self.folder / name), "GATE_STEPS": " ".join(map(str, gates)),
                       "TRIMTAB_RUN": str(self.run_folder), **environment}
        return self.start(PYTHON, HERE / "digits.py", *arguments, env=environment)

    def seen(self, name="seen"):
        path = self.folder / name
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]

    def reached(self, step, process):
        def there():
            if process.poll() is not None:
                raise AssertionError(f"the training ended with {process.returncode}: {self.log()}")
            return (self.folder / f"{step}.reached").exists()
        wait_for(f"step {step}", there, 2 * PATIENCE)

    def connect_at_gate(self, step, process):
        """The training stands before its first step, or another one; requests with `at_step` may be made in peace."""
        self.reached(step, process)
        wire = self.connect()
        self.wait_attached(wire)
        return wire

    def open_gate(self, step):
        (self.folder / str(step)).touch()

    def assert_ends_well(self, process):
        self.assertEqual(process.wait(2 * PATIENCE), 0, self.log())

    def wait_paused(self, wire, step):
        return self.wait_status(wire, f"a pause at step {step}",
                                lambda s: s["run"]["state"] == "paused" and s["run"]["step"] == step)

    def untouched(self):
        """What a run without trimtab sees, and the points of its loss: made once for all tests."""
        if not hasattr(Digits, "plain"):
            self.assert_ends_well(self.learn("--steps", STEPS, name="plain", TRIMTAB="off"))
            Digits.plain = self.seen("plain")
        return Digits.plain, [(row["step"], row["loss"]) for row in Digits.plain]


class Steering(Digits):
    def test_changes_are_read_inside_the_step(self):
        """lr under a cosine schedule, weight decay and dropout: from the step that the outcome names until their release."""
        plain, losses = self.untouched()
        self.serve()
        training = self.learn("--steps", STEPS, gates=[0])
        wire = self.connect_at_gate(0, training)
        for step in (40, 140):
            wire.result(PAUSE, at_step=step, wait=0)
        self.open_gate(0)
        self.wait_paused(wire, 40)
        taken = self.change_while_paused(wire)
        wire.result(RESUME)
        self.wait_paused(wire, 140)
        freed = wire.result(SET, settings={"lr_hold": False, "weight_decay_hold": False, "dropout": 0.3})["step"]
        wire.result(RESUME)
        self.assert_ends_well(training)
        self.assertEqual((taken, freed), (40, 140))
        self.compare(plain, self.seen(), taken, freed)
        mine = self.points("train/loss")
        self.assertEqual(mine[:taken], losses[:taken], "until the change it is the same training")
        self.assertNotEqual(mine[taken + 1:], losses[taken + 1:], "and then another")

    def change_while_paused(self, wire):
        """No step passes, though requests are carried out; the step at which they take effect."""
        before = self.seen()
        self.assertEqual(before[-1]["step"], 39)
        outcome = wire.result(SET, settings={"lr": 0.0125, "weight_decay": 0.25, "dropout": 0.125})
        self.assertEqual({name: of["effective"] for name, of in outcome["settings"].items()},
                         {"lr": 0.0125, "weight_decay": 0.25, "dropout": 0.125})
        accuracy = wire.result(ACT, action="evaluate")
        self.assertEqual(accuracy["step"], 40)
        self.assertTrue(0 < accuracy["result"]["accuracy"] <= 1)
        status = wire.result(STATUS)["run"]
        self.assertEqual((status["state"], status["step"]), ("paused", 40))
        self.assertEqual(self.seen(), before)
        return outcome["step"]

    def compare(self, plain, seen, taken, freed):
        self.assertEqual(len({row["lr"] for row in plain}), STEPS, "the schedule moves lr at each step")
        self.assertEqual([row["step"] for row in seen], list(range(STEPS)))
        for row, own in zip(seen, plain):
            told = row["lr"], row["weight_decay"], row["dropout"]
            expected = own["lr"], own["weight_decay"], own["dropout"]
            if taken <= row["step"] < freed:
                expected = 0.0125, 0.25, 0.125
            self.assertEqual(told, expected, f"step {row['step']}")
        self.assertGreaterEqual(min(freed - taken, STEPS - freed), 100)

    def test_what_the_model_has_learned_is_asked(self):
        self.serve()
        training = self.learn("--steps", STEPS, gates=[0])
        wire = self.connect_at_gate(0, training)
        wire.result(PAUSE, at_step=STEPS - 1, wait=0)
        self.open_gate(0)
        self.wait_paused(wire, STEPS - 1)
        self.assertGreater(wire.result(ACT, action="evaluate")["result"]["accuracy"], 0.95)
        by_index = wire.result(ACT, action="predict", params={"index": 7})["result"]
        self.assertEqual(len(by_index["probabilities"]), 10)
        self.assertAlmostEqual(sum(by_index["probabilities"]), 1, places=5)
        self.assertEqual(by_index["probabilities"][by_index["digit"]], max(by_index["probabilities"]))
        zero = [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0, 0, 8, 8, 0,
                0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6, 13, 10, 0, 0, 0]
        self.assertEqual(wire.result(ACT, action="predict", params={"image": json.dumps(zero)})["result"]["digit"], 0)
        refused = wire.call(ACT, action="predict", params={"image": "[1, 2]"})
        self.assertEqual((refused["CodeError"], "64 numbers" in refused["Detail"]), (46, True), refused)
        self.assertEqual(wire.call(ACT, action="predict", params={"index": 360})["CodeError"], 43)
        wire.result(STOP)
        self.assert_ends_well(training)


class Server(Digits):
    def test_without_its_server_it_goes_on(self):
        """The server is killed at step 100, the next one begins after step 200: nothing waited, and nothing is lost."""
        first = self.serve()
        training = self.learn("--steps", STEPS, gates=[100, 200])
        self.connect_at_gate(100, training)
        self.kill(first)
        self.open_gate(100)
        self.reached(200, training)
        second = self.serve()
        self.wait_attached(self.connect())
        self.open_gate(200)
        self.assert_ends_well(training)
        self.assertEqual(self.end(second), 0)
        self.assert_whole()
        self.tell_pace()

    def assert_whole(self):
        """Each step is on the curve, exactly once, with the loss of a run whose server nobody killed."""
        self.assertEqual(self.points("train/loss"), self.untouched()[1])
        self.assertEqual([row["step"] for row in self.seen()], list(range(STEPS)))

    def tell_pace(self):
        """Told, not judged: on a busy machine any step may be slow."""
        at = [row["at"] for row in self.seen()]
        served, alone = ([1000 * (b - a) for a, b in zip(at[first:last], at[first + 1:last])] for first, last in ((1, 100), (101, 200)))
        print(f"ms a step, median and greatest: served {statistics.median(served):.1f} {max(served):.1f}, "
              f"server killed {statistics.median(alone):.1f} {max(alone):.1f}", file=sys.stderr)

    def test_another_server_comes_by_itself(self):
        training = self.learn("--steps", STEPS, gates=[100, 200], TRIMTAB_SERVER=TRIMTAB)
        self.addCleanup(self.end_server)
        self.reached(100, training)
        first = wait_for("a server", self.server)
        self.wait_attached(self.unix())
        os.kill(first, signal.SIGKILL)
        self.open_gate(100)
        self.reached(200, training)
        self.open_gate(200)  # a server that is lost is missed by a control point
        second = wait_for("another server", lambda: self.server() not in (None, first) and self.server())
        self.wait_status(self.unix(), "the end", lambda s: s["run"]["state"] == "finished")
        self.assert_ends_well(training)
        os.kill(second, signal.SIGTERM)
        wait_for("its end", lambda: not self.server())
        self.assert_whole()

    def server(self):
        """The pid of the one that serves: none of this process's children."""
        try:
            pid = int((self.run_folder / "lock").read_text().split()[0])
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            ours = os.readlink(f"/proc/{pid}/exe") == TRIMTAB and os.fsencode(str(self.run_folder)) in command
        except (OSError, ValueError, IndexError):
            return None
        return pid if ours and (self.run_folder / "address").exists() else None

    def end_server(self):
        for process in self.processes:
            process.kill()
            process.wait()
        pid = self.server()
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_for("its end", lambda: not os.path.exists(f"/proc/{pid}"))


class Checkpoints(Digits):
    def test_a_wild_change_is_undone_by_a_restore(self):
        """After it the losses are, to the last bit, those of a run that was left alone."""
        plain, losses = self.untouched()
        self.serve()
        training = self.learn("--steps", STEPS, gates=[0])
        wire = self.connect_at_gate(0, training)
        wire.result(PAUSE, at_step=50, wait=0)
        self.open_gate(0)
        self.wait_paused(wire, 50)
        saved = wire.result(ACT, action="checkpoint")["result"]["id"]
        self.assertEqual([(c["id"], c["step"]) for c in wire.result(STATUS)["checkpoints"]], [(saved, 50)])
        wire.result(SET, settings={"lr": 3.0, "dropout": 0.9})
        wire.result(PAUSE, at_step=80, wait=0)
        wire.result(RESUME)
        self.wait_paused(wire, 80)
        refused = wire.call(ACT, action="restore", params={"id": "../" + saved})
        self.assertEqual((refused["CodeError"], saved in refused["Detail"]), (46, True), refused)
        wire.result(SET, settings={"lr_hold": False})
        wire.result(ACT, action="restore", params={"id": saved})
        self.wait_paused(wire, 50)
        self.assertEqual(wire.result(ACT, action="checkpoint")["result"]["id"], saved, "the run is at that step now")
        wire.result(RESUME)
        self.assert_ends_well(training)
        mine = self.points("train/loss")
        self.assertEqual([step for step, _ in mine], [*range(80), *range(50, STEPS)])
        self.assertEqual(mine[80:], losses[50:])
        self.assertEqual(mine[:50], losses[:50])
        self.assertGreater(mine[79][1], 5 * losses[79][1], "the change was wild")
        self.assertEqual([row["lr"] for row in self.seen()][80:], [row["lr"] for row in plain][50:])

    def test_a_killed_training_goes_on_from_its_checkpoint(self):
        _, losses = self.untouched()
        self.serve()
        training = self.learn("--steps", STEPS, gates=[0, 90])
        wire = self.connect_at_gate(0, training)
        wire.send({"code": ACT, "action": "checkpoint", "at_step": 60})
        self.open_gate(0)
        self.assertEqual(wire.reply()["result"]["step"], 60)
        self.reached(90, training)
        self.kill(training)
        self.wait_status(wire, "the loss of the trainer", lambda s: s["run"]["state"] == "lost")
        self.assert_ends_well(self.learn("--steps", STEPS, "--resume", name="again"))
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        steps = [row["step"] for row in self.seen("again")]
        self.assertEqual(steps, list(range(60, STEPS)))
        mine = self.points("train/loss")
        self.assertEqual(mine, losses[:90] + losses[60:])
        segments = wire.result(HISTORY, series=["train/loss"])["series"][0]["segments"]
        self.assertEqual([(s["from_step"], s["to_step"]) for s in segments], [(0, 89), (60, STEPS - 1)])


if __name__ == "__main__":
    unittest.main()
