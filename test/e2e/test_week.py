"""A week on a cluster: a batch job without a terminal, long and non-local paths, eight runs on one machine, a lost
process that goes on tomorrow, a look in from another shell, cleaning up. The server starts by itself."""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import unittest

from harness import GPT, LISTEN, TOY, TRIMTAB, Case, wait_for


class Week(Case):
    def setUp(self):
        super().setUp()
        self.environment["TRIMTAB_SERVER"] = TRIMTAB
        self.mounts = []

    def tearDown(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.end_servers()
        for mount in self.mounts:
            subprocess.run(["fusermount3", "-u", "-z", mount], check=True)
        super().tearDown()

    def end_servers(self):
        """Those that started by themselves are nobody's children here: asked by their own runs, then by the pid in RUN/lock."""
        for lock in self.folder.rglob("lock"):
            holder = lock.read_text().split()
            if holder and self.is_ours(holder[0], lock.parent):
                os.kill(int(holder[0]), signal.SIGKILL)
                wait_for("its end", lambda: not os.path.exists(f"/proc/{holder[0]}"))

    def is_ours(self, pid, run):
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return os.readlink(f"/proc/{pid}/exe") == TRIMTAB and os.fsencode(str(run)) in command
        except OSError:
            return False

    def job(self, *command, run=None, **options):
        """As a batch system starts it: no terminal, a session of its own, standard input closed, output into a file."""
        options["env"] = dict(options.get("env", {}))
        if run:
            options["env"]["TRIMTAB_RUN"] = str(run)
        return self.start(*command, stdin=None, preexec_fn=lambda: os.close(0), start_new_session=True, **options)

    def look_in(self, run):
        """The run's server, once it is there."""
        wait_for("a server", lambda: (run / "address").exists() and self.tool("status", "--run", run).returncode == 0)
        return self.unix(run)

    def wait_attached(self, wire):
        """At its loop, with all declared: of a run that goes on the step alone is known from before."""
        wait_for("the settings", lambda: any(x["name"] != "pause_on_nonfinite" and x["attached"] for x in wire.result(4)["settings"]))
        return super().wait_attached(wire)

    def status(self, run):
        done = self.tool("status", "--run", run)
        return json.loads(done.stdout)["result"] if done.returncode == 0 else None

    def gone(self, run):
        return lambda: not (run / "address").exists()


class ByItself(Week):
    def test_a_job_is_steered_from_another_shell(self):
        job = self.job(TOY, "--step-us", 200, run=self.run_folder)
        wire = self.look_in(self.run_folder)
        self.wait_attached(wire)
        done = self.tool("set", "lr=0.2", "--run", self.run_folder, "--reason", "from elsewhere")
        self.assertEqual(json.loads(done.stdout)["result"]["outcome"], "applied")
        self.assertEqual(self.tool("stop", "--run", self.run_folder).returncode, 0)
        self.assertEqual(job.wait(timeout=30), 0)
        self.assertEqual(self.tool("shutdown", "--run", self.run_folder).returncode, 0)
        wait_for("the server's end", self.gone(self.run_folder))
        self.assertEqual(len(re.findall("trimtab: ", self.log())), 1, self.log())
        self.assertIn("ssh -L", self.log())

    def link_of(self, pid, fd):
        """What a descriptor of a process leads to; None where it was closed meanwhile."""
        try:
            return os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            return None

    def test_it_holds_nothing_of_the_trainers(self):
        with open(self.folder / "held", "w") as held:
            os.set_inheritable(held.fileno(), True)
            self.job(TOY, "--step-us", 200, run=self.run_folder, pass_fds=(held.fileno(),))
            wire = self.look_in(self.run_folder)
            pid = wire.result(11)["pid"]
            held_there = {link for fd in os.listdir(f"/proc/{pid}/fd") if (link := self.link_of(pid, fd))}
        self.assertNotIn(str(self.folder / "held"), held_there)
        self.assertNotIn(str(self.folder / "out.log"), held_there)
        self.assertIn(str(self.run_folder / "server.log"), held_there)
        self.assertEqual(os.getsid(pid) == os.getsid(0), False)

    def test_the_trainer_starts_another_when_it_has_lost_its_own(self):
        self.job(TOY, "--step-us", 200, run=self.run_folder)
        for _ in range(2):
            wire = self.look_in(self.run_folder)
            self.wait_attached(wire)
            pid = wire.result(11)["pid"]
            os.kill(pid, signal.SIGKILL)
            wait_for("another server", lambda: self.has_other_server(pid))
        wire = self.look_in(self.run_folder)
        self.wait_attached(wire)
        self.assertEqual(wire.result(16)["outcome"], "applied")
        os.kill(wire.result(11)["pid"], signal.SIGKILL)
        wait_for("another one while paused", lambda: self.has_other_server(pid) and self.status(self.run_folder))
        self.assertEqual(self.look_in(self.run_folder).result(3)["run"]["state"], "paused")

    def test_a_shutdown_is_meant(self):
        self.job(TOY, "--step-us", 200, run=self.run_folder)
        wire = self.look_in(self.run_folder)
        step = self.wait_attached(wire)["run"]["step"]
        self.assertEqual(self.tool("shutdown", "--run", self.run_folder).returncode, 0)
        wait_for("the server's end", self.gone(self.run_folder))
        progress = self.mailbox_step()
        wait_for("the time for a dozen looks", lambda: self.mailbox_step() > progress + 15000)
        self.assertFalse((self.run_folder / "address").exists())
        server = self.serve()
        self.assertGreater(self.wait_attached(self.unix())["run"]["step"], step)
        self.assertEqual(self.end(server), 0)
        wait_for("another server after a signal", lambda: self.has_other_server(server.pid))

    def mailbox_step(self):
        """The step of the newest control point, as channel/mailbox.h lays it out."""
        data = next(self.run_folder.glob("mailbox.*")).read_bytes()[:192]
        return struct.unpack_from("q", data, 128)[0]

    def has_other_server(self, pid):
        try:
            now = (self.run_folder / "lock").read_text().split()[0]
        except (FileNotFoundError, IndexError):
            return False
        return now != str(pid) and self.is_ours(now, self.run_folder)

    def test_eight_jobs_at_once_get_a_server_each(self):
        runs = [self.folder / "runs" / "toy" / f"job{i}" for i in range(8)]
        jobs = [self.job(TOY, "--step-us", 500, run=run) for run in runs]
        wires = [self.look_in(run) for run in runs]
        for wire in wires:
            self.wait_attached(wire)
        self.assertEqual(len({(run / "address").read_text() for run in runs}), 8)
        listed = json.loads(self.tool("ls", "--json").stdout)
        self.assertEqual({r["folder"] for r in listed["runs"] if r["live"]}, {str(run) for run in runs})
        self.assertEqual(wires[0].result(13)["total"], 7)
        several = self.tool("status", env={"TRIMTAB_RUN": ""})
        self.assertEqual(several.returncode, 2)
        for run in runs:
            self.assertIn(str(run), several.stderr)
            self.assertEqual(self.tool("stop", "--run", run).returncode, 0)
        for job in jobs:
            self.assertEqual(job.wait(timeout=60), 0)

    def test_eight_trainers_of_one_run_start_one_server_and_one_records(self):
        jobs = [self.job(TOY, "--step-us", 500, "--steps", 4000, run=self.run_folder) for _ in range(8)]
        wire = self.look_in(self.run_folder)
        self.wait_attached(wire)
        trainer = wire.result(3)["trainer"]["pid"]
        self.assertIn(trainer, [job.pid for job in jobs])
        wait_for("seven refusals", lambda: self.log().count("recorded by another process") == 7)
        self.assertEqual(wire.result(18)["outcome"], "applied")
        codes = sorted(job.wait(timeout=60) for job in jobs)
        self.assertEqual(codes, [0] + [3] * 7)  # a toy that is not recorded ends with 3

    def is_removed(self):
        shutil.rmtree(self.run_folder, ignore_errors=True)
        return not self.run_folder.exists()

    def test_a_folder_that_was_removed_does_not_come_back(self):
        self.job(TOY, "--step-us", 200, run=self.run_folder)
        wire = self.look_in(self.run_folder)
        self.wait_attached(wire)
        pid = wire.result(11)["pid"]
        wait_for("an empty place", self.is_removed)  # they still write there meanwhile
        wait_for("the server's end", lambda: not os.path.exists(f"/proc/{pid}") or not self.is_ours(pid, self.run_folder))
        other = self.folder / "other"
        trainer = self.job(TOY, "--steps", 20000, "--step-us", 200, run=other)
        self.assertEqual(trainer.wait(timeout=60), 0)  # time enough for several looks
        self.assertFalse(self.run_folder.exists())

    def test_without_the_program_the_training_goes_on(self):
        job = self.job(TOY, "--steps", 2000, run=self.run_folder, env={"TRIMTAB_SERVER": str(self.folder / "nothing")})
        self.assertEqual(job.wait(timeout=30), 0)
        self.assertEqual(self.log().count("trimtab: "), 1, self.log())
        server = self.serve()
        self.wait_status(self.unix(), "the whole run", lambda s: s["run"]["state"] == "finished")
        self.assertEqual(self.end(server), 0)
        self.assertEqual(len(self.points()), 2000)


class Batch(Week):
    def test_a_grace_period_is_used(self):
        """SIGTERM to `trimtab run` reaches the command, whose own status is returned."""
        job = self.job(TRIMTAB, "run", "--run", self.run_folder, "--", GPT, "--steps", "100000")
        self.wait_attached(self.look_in(self.run_folder))
        self.assertEqual(self.end(job), 0)
        self.serve()
        self.assertEqual(self.unix().result(3)["run"]["state"], "finished")

    def test_a_path_of_two_hundred_bytes(self):
        run = self.folder / ("x" * 100) / ("y" * (200 - len(str(self.folder)) - 102 if len(str(self.folder)) < 90 else 20))
        self.assertGreaterEqual(len(str(run)), 200)
        job = self.job(TOY, "--step-us", 200, run=run)
        wire = self.look_in(run)
        self.wait_attached(wire)
        with self.unix(run) as other:
            self.assertEqual(other.result(16)["outcome"], "applied")
        self.assertEqual(self.tool("stop", "--run", run).returncode, 0)
        self.assertEqual(job.wait(timeout=30), 0)
        self.assertEqual(self.tool("shutdown", "--run", run).returncode, 0)

    @unittest.skipUnless(os.path.exists("/dev/fuse") and shutil.which("bindfs"), "needs FUSE: there is none here")
    def test_a_run_on_a_file_system_that_is_not_local(self):
        real, mount = self.folder / "real", self.folder / "mount"
        real.mkdir()
        mount.mkdir()
        subprocess.run(["bindfs", "--no-allow-other", real, mount], check=True)
        self.mounts.append(mount)
        run = mount / "run"
        job = self.job(TOY, "--step-us", 200, "--steps", 100000, run=run)
        wire = self.look_in(run)
        self.wait_attached(wire)
        local = pathlib.Path((run / "local").read_text().strip())
        self.addCleanup(shutil.rmtree, local, ignore_errors=True)
        self.assertTrue(list(local.glob("mailbox.*")))
        self.assertEqual(wire.result(20, settings={"lr": 0.2})["outcome"], "applied")
        os.kill(job.pid, signal.SIGKILL)
        self.wait_status(wire, "the trainer's end", lambda s: s["run"]["state"] == "lost")
        self.assertGreater(len(self.audit(wire)), 0)
        again = self.job(TOY, "--step-us", 200, "--resume", run=run)
        self.wait_attached(wire)
        self.assertEqual(wire.result(20, settings={"lr": 0.3})["settings"]["lr"]["revision"], 2)
        self.assertEqual(self.tool("stop", "--run", run).returncode, 0)
        self.assertEqual(again.wait(timeout=30), 0)
        self.assertEqual(self.tool("shutdown", "--run", run).returncode, 0)
        wait_for("the server's end", self.gone(run))
        wait_for("the lock", lambda: self.tool("rm", run, "--yes").returncode == 0)
        self.assertFalse(run.exists() or local.exists())


class Tomorrow(Week):
    def test_a_lost_process_goes_on(self):
        home = self.folder / "runs"
        first = self.job(TRIMTAB, "run", "--name", "toy", *LISTEN, "--", TOY, "--step-us", 200)
        run = wait_for("the run", lambda: next(iter((home / "toy").glob("*/address")), None)).parent
        wire = self.look_in(run)
        self.wait_attached(wire)
        self.assertEqual(wire.result(20, settings={"lr": 0.2})["ticket"], 1)
        self.assertEqual(wire.result(20, settings={"lr": 0.3, "batch": 16})["settings"]["lr"]["revision"], 2)
        waiting = wire.result(20, settings={"lr": 0.9}, at_step=1 << 40, wait=0)["ticket"]
        wire.result(10, text="something is odd")
        os.kill(wire.result(3)["trainer"]["pid"], signal.SIGKILL)
        self.assertEqual(first.wait(timeout=30), 137)
        second = self.job(TRIMTAB, "run", "--resume", "--name", "toy", *LISTEN, "--", TOY, "--step-us", 200)
        wait_for("the same run again", lambda: self.serves(second, run) and (run / "address").exists())
        wire = self.unix(run)
        self.wait_attached(wire)
        status = self.wait_status(wire, "what differs", lambda s: "resumed" in s["trainer"]["config"])
        self.assertEqual(status["settings"]["lr"], {"value": 0.1, "revision": 2})
        self.assertEqual(status["trainer"]["config"]["resumed"]["settings"], {"lr": 0.3, "batch": 16})
        self.assertEqual(status["pending"], [])
        lost = [r for r in self.audit(wire) if r["ticket"] == waiting and r["record"] == "outcome"]
        self.assertEqual([r["outcome"] for r in lost], ["lost"])
        again = wire.result(20, settings={"lr": 0.3}, revisions={"lr": 2})
        self.assertEqual((again["ticket"], again["settings"]["lr"]["revision"]), (waiting + 1, 3))
        wire.result(5, topics=["messages"])
        texts = [wire.event("message")["text"] for _ in range(2)]
        self.assertEqual(texts[0], "something is odd")
        self.assertIn("lr is 0.1 and was 0.3", texts[1])
        self.assertEqual(self.tool("stop", "--run", run).returncode, 0)
        self.assertEqual(second.wait(timeout=30), 0)
        self.assertEqual(len(list((home / "toy").iterdir())), 1)

    def test_there_is_nothing_to_resume(self):
        done = self.tool("run", "--resume", "--name", "toy", "--", TOY, "--steps", 5)
        self.assertEqual(done.returncode, 2)
        self.assertIn("toy", done.stderr)
        self.assertFalse((self.folder / "runs" / "toy").exists())

    def losses(self, run):
        return {name: dict(self.each_point(name, run)) for name in ("train/loss", "val/loss")}

    def gpt(self, run, *arguments):
        return self.tool("run", *arguments, "--run", run, *LISTEN, "--", GPT, "--steps", "60", "--eval-every", "20",
                         timeout=300)

    def test_a_model_that_was_stopped_ends_as_one_that_never_was(self):
        whole, broken = self.folder / "whole", self.folder / "broken"
        self.assertEqual(self.gpt(whole).returncode, 0)
        job = self.job(TRIMTAB, "run", "--run", broken, *LISTEN, "--", GPT, "--steps", "60", "--eval-every", "20")
        wire = self.look_in(broken)
        self.wait_attached(wire)
        self.assertEqual(wire.result(16, at_step=25, wait=120)["outcome"], "applied")
        saved = self.tool("stop", "--checkpoint", "--run", broken, timeout=120)
        self.assertEqual(saved.returncode, 0, saved.stderr)
        self.assertIn("--resume", saved.stdout + saved.stderr)
        self.assertEqual(job.wait(timeout=60), 0)
        resumed = self.gpt(broken, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        expected, got = self.losses(whole), self.losses(broken)
        self.assertEqual(len(expected["train/loss"]), 60)
        self.assertEqual(got["train/loss"], expected["train/loss"])
        self.assertEqual({step: got["val/loss"][step] for step in expected["val/loss"]}, expected["val/loss"])


class CleaningUp(Week):
    def test_a_live_run_is_not_removed_an_ended_one_is(self):
        job = self.job(TOY, "--step-us", 200, run=self.run_folder)
        self.wait_attached(self.look_in(self.run_folder))
        refused = self.tool("rm", self.run_folder, "--yes")
        self.assertEqual(refused.returncode, 1)
        self.assertTrue((self.run_folder / "run.db").exists())
        self.assertEqual(self.tool("stop", "--run", self.run_folder).returncode, 0)
        self.assertEqual(job.wait(timeout=30), 0)
        self.assertEqual(self.tool("shutdown", "--run", self.run_folder).returncode, 0)
        wait_for("the server's end", self.gone(self.run_folder))
        self.assertEqual(self.tool("rm", self.run_folder).returncode, 1)
        wait_for("the lock", lambda: self.tool("rm", self.run_folder, "--yes").returncode == 0)
        self.assertFalse(self.run_folder.exists())


if __name__ == "__main__":
    unittest.main()
