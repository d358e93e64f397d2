"""Two ranks under torch.distributed: rank 0 is steered, both do it at the same step."""
import json
import pathlib
import signal
import socket
import textwrap
import time
import unittest

from support import ACT, ADVANCE, PATIENCE, PAUSE, PYTHON, RESUME, SET, STATUS, STOP, Case, wait_for

HERE = pathlib.Path(__file__).resolve().parent
FOREVER = 10 ** 7


class Ranks(Case):
    def setUp(self):
        super().setUp()
        places = {"WITNESS": "seen", "STORE": "store", "GATE": "gate", "TRIMTAB_RUN": "run"}
        self.environment.update({name: str(self.folder / place) for name, place in places.items()}, WORLD_SIZE="2")

    def begin(self, steps=FOREVER, **environment):
        """Both ranks stand before their first step, rank 0 is paused there; (rank 0, rank 1, a connection)."""
        self.serve()
        ranks = self.both(HERE / "ranks.py", steps, **environment)
        wait_for("both ranks", lambda: all(self.is_ready(rank, process) for rank, process in enumerate(ranks)), 2 * PATIENCE)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(PAUSE, wait=0)
        (self.folder / "gate").touch()
        self.wait_paused(wire)
        return (*ranks, wire)

    def both(self, *command, **environment):
        ranks = []
        for rank in (0, 1):
            with open(self.folder / f"said.{rank}", "wb") as said:
                ranks.append(self.start(PYTHON, *command, stdout=said, env={"RANK": str(rank), **environment}))
        return ranks

    def is_ready(self, rank, process):
        if process.poll() is not None:
            raise AssertionError(f"rank {rank} ended with {process.returncode}: {self.said(rank)}")
        return (self.folder / f"seen.{rank}.ready").exists()

    def said(self, rank):
        return (self.folder / f"said.{rank}").read_text(errors="replace")

    def seen(self, rank):
        whole = (self.folder / f"seen.{rank}").read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def wait_paused(self, wire):
        return self.wait_status(wire, "a pause", lambda s: s["run"]["state"] == "paused")["run"]["step"]

    def advance(self, wire, steps):
        at = wire.result(ADVANCE, steps=steps)["pause_step"]
        self.wait_status(wire, f"step {at}", lambda s: (s["run"]["state"], s["run"]["step"]) == ("paused", at))
        return at

    def ends(self, process, rank, status=0):
        self.assertEqual(process.wait(2 * PATIENCE), status, f"rank {rank}: {self.log() if rank is None else self.said(rank)}")

    def assert_same(self):
        """What was read inside optimizer.step, the same on both ranks; only one of them records."""
        first, second = self.seen(0), self.seen(1)
        self.assertEqual((first[-1].pop("live"), second[-1].pop("live")), (True, False))
        self.assertEqual(first, second)
        return first[:-1]


class Together(Ranks):
    def test_what_is_asked_of_rank_0_comes_to_both(self):
        """Settings, actions, a restore and a stop: at the same step, and the weights stay the same to the last bit."""
        zero, one, wire = self.begin()
        set_at = wire.result(SET, settings={"lr": 0.05, "noise": 0.25})["step"]
        self.assertEqual(wire.result(ACT, action="whole_sum")["result"]["sum"], [3.0])
        self.assertEqual(wire.result(ACT, action="whoami", params={"times": 2})["result"], {"rank": 0})
        self.assertEqual((self.folder / "seen.alone").read_text(), "0\n0\n")
        saved_at = self.advance(wire, 5)
        self.assertEqual(wire.result(ACT, action="checkpoint")["result"], {"step": saved_at})
        self.advance(wire, 7)
        wire.result(ACT, action="restore")
        self.assertEqual(self.wait_status(wire, "the step", lambda s: s["run"]["step"] == saved_at)["run"]["state"], "paused")
        self.assertEqual(wire.result(ACT, action="checkpoint")["result"], {"step": saved_at})
        self.advance(wire, 9)
        freed_at = wire.result(SET, settings={"lr_hold": False, "noise": 0.5})["step"]
        stop_at = freed_at + 20
        wire.result(STOP, at_step=stop_at, wait=0)
        wire.result(RESUME)
        self.ends(zero, 0)
        self.ends(one, 1)
        seen = self.assert_same()
        for rank in (0, 1):
            self.assertEqual((self.folder / f"seen.{rank}.saved").read_text(), f"{saved_at}\n" * 2)
        self.assertEqual([row["step"] for row in seen], [*range(saved_at + 7), *range(saved_at, stop_at)])
        later = seen[saved_at + 7:]
        for row in [*seen[set_at:saved_at + 7], *later[:freed_at - saved_at]]:
            self.assertEqual((row["lr"], row["noise"]), (0.05, 0.25), row)
        for row in [*seen[:set_at], *later[freed_at - saved_at:]]:
            self.assertEqual(row["lr"] > 0.0099, row["step"] < set_at or row["step"] >= freed_at)
            self.assertNotEqual(row["lr"], 0.05)
        self.assertEqual({row["noise"] for row in later[freed_at - saved_at:]}, {0.5})
        self.assertEqual(later[0]["weight"], seen[saved_at]["weight"])

    def test_the_example(self):
        self.serve()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        example = HERE.parents[1] / "examples" / "torch_ddp.py"
        ranks = self.both(example, "--steps", FOREVER, MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        wire = self.connect()
        for rank, process in enumerate(ranks):
            wait_for("a step", lambda: process.poll() is not None or wire.result(STATUS)["run"]["step"], 2 * PATIENCE)
            self.assertIsNone(process.poll(), self.said(rank))
        self.assertIn("accuracy", wire.result(ACT, action="evaluate")["result"])
        wire.result(STOP)
        for rank, process in enumerate(ranks):
            self.ends(process, rank)
            self.assertIn(f"rank {rank}: test accuracy", self.said(rank))

    def test_a_rank_that_fails_refuses_for_all(self):
        zero, one, wire = self.begin(ODD="fails")
        refused = wire.call(ACT, action="checkpoint")
        self.assertEqual(refused["CodeError"], 46, refused)
        self.assertIn("rank 1: OSError: no room for it on rank 1", refused["Detail"])
        self.advance(wire, 3)
        wire.result(STOP)
        self.ends(zero, 0)
        self.ends(one, 1)
        self.assert_same()


class Pauses(Ranks):
    def test_a_pause_outlasts_the_time_out(self):
        """Longer than the process groups wait for anybody. Then Ctrl-C at rank 0, in another pause, ends both."""
        zero, one, wire = self.begin(TIMEOUT="20")
        began = time.monotonic()
        at = self.wait_paused(wire)
        wait_for("21 seconds of a pause", lambda: time.monotonic() > began + 21 or zero.poll() or one.poll(), 2 * PATIENCE)
        self.assertEqual((zero.poll(), one.poll()), (None, None), self.said(0) + self.said(1))
        self.assertEqual(self.wait_paused(wire), at)
        wire.result(SET, settings={"lr": 0.5})
        self.advance(wire, 3)
        zero.send_signal(signal.SIGINT)
        self.assertNotEqual(zero.wait(PATIENCE), 0)
        self.assertNotEqual(one.wait(PATIENCE), 0)
        self.assertIn("KeyboardInterrupt", self.said(0))
        self.assertIn("KeyboardInterrupt: rank 0 was interrupted", self.said(1))
        self.assertEqual(self.seen(0), self.seen(1))
        self.assertEqual([row["lr"] for row in self.seen(1)][-3:], [0.5] * 3)


class Apart(Ranks):
    """Where one rank cannot go along, nobody goes on in silence."""

    def test_one_rank_is_as_no_rank(self):
        script = ("import trimtab; from trimtab.integrations import torch_distributed as ranks; run = trimtab.init('one')\n"
                  "assert ranks.follow(run) is run and type(run) is trimtab.Run and ranks.rank_0_only(lambda: 5)() == 5")
        self.ends(self.start(PYTHON, "-c", script), None)

    def test_what_was_declared_before_is_refused(self):
        script = """
            import os, torch.distributed as dist, trimtab
            from trimtab.integrations import torch_distributed
            dist.init_process_group("gloo", init_method="file://" + os.environ["STORE"], rank=int(os.environ["RANK"]), world_size=2)
            def declare_setting(run): run.setting("noise", 0.0)
            def declare_action(run): run.action("evaluate")(lambda: None)
            for declare in (declare_setting, declare_action):
                run = trimtab.init("early", quiet=True)
                declare(run)
                try:
                    torch_distributed.follow(run)
                except ValueError as error:
                    print(error)
            dist.barrier()
            """
        zero, one = self.both("-c", textwrap.dedent(script), TRIMTAB_SERVER="off")
        for rank, process in enumerate((zero, one)):
            self.ends(process, rank)
            self.assertEqual(self.said(rank).count("declared before follow()"), 2, self.said(rank))

    def lost(self, odd, sentence):
        zero, one, wire = self.begin(ODD=odd)
        wire.result(SET, settings={"noise": 0.5})
        wire.send({"code": RESUME})
        self.assertNotEqual(one.wait(PATIENCE), 0)
        self.assertIn(sentence, self.said(1))
        self.assertNotEqual(zero.wait(PATIENCE), 0)

    def test_a_rank_that_refuses_a_change(self):
        self.lost("refuses", "RuntimeError: rank 1 cannot set noise to 0.5, as rank 0 did: rank 1 has no noise")

    def test_a_rank_without_the_setting(self):
        self.lost("lacks", "RuntimeError: rank 1 has no setting 'noise', which was set on rank 0")

    def test_rank_1_dies_in_a_pause(self):
        zero, one, _ = self.begin()
        self.kill(one)
        self.assertNotEqual(zero.wait(PATIENCE), 0)
        self.assertIn("RuntimeError: rank 0 has lost another rank", self.said(0))

    def test_rank_0_dies_in_a_pause(self):
        zero, one, _ = self.begin()
        self.kill(zero)
        self.assertNotEqual(one.wait(PATIENCE), 0)
        self.assertIn("RuntimeError: rank 1 has lost rank 0", self.said(1))


if __name__ == "__main__":
    unittest.main()
