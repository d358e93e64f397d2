"""Which run is meant: the only one that is trained, a name, the name of a new one; and what an attempt leaves behind."""
import json
import os
import shutil
import signal
import unittest

from harness import LISTEN, PATIENCE, TOY, TRIMTAB, Case, wait_for


class Cli(Case):
    def refused(self, done, status, *words):
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stdout + done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def told(self, *arguments, **options):
        done = self.tool(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def status(self, *arguments, **options):
        return json.loads(self.told("status", *arguments, **options))["result"]["run"]

    def ended_run(self, *path, home="runs", more=()):
        run = self.folder.joinpath(home, *path)
        done = self.tool("run", "--run", run, *LISTEN, "--", TOY, "--steps", 50, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return run

    def training(self, run):
        server = self.serve(run=run)
        trainer = self.train("--step-us", 300, run=run)
        self.wait_attached(self.unix(run))
        return server, trainer


class WhichOfThoseThatLive(Cli):
    """A server stays for a while when its run has ended: it is not what is meant."""

    def test_the_one_that_is_trained(self):
        ended = self.ended_run("ended", home=".")
        left = self.serve(run=ended)
        self.assertEqual(self.status()["folder"], str(ended))
        waiting = self.folder / "waiting"
        waiter = self.serve(run=waiting)
        self.assertEqual(self.status()["folder"], str(waiting))
        self.training(self.folder / "trained")
        self.assertEqual(self.status()["folder"], str(self.folder / "trained"))
        self.assertEqual(json.loads(self.told("pause"))["result"]["outcome"], "applied")
        self.assertEqual(self.status()["state"], "paused")
        for server in (left, waiter):
            self.assertIsNone(server.poll())

    def test_of_several_one_must_be_chosen(self):
        ended = [self.ended_run(name, home=".") for name in ("a", "b")]
        for run in ended:
            self.serve(run=run)
        first, *listed = self.tool("status").stderr.splitlines()
        self.assertEqual(first, "trimtab: several runs are live, and none is being trained: choose one with --run")
        self.assertEqual(sorted(listed), [f"  {run}: finished, step 50" for run in ended])
        trained = [self.folder / "c", self.folder / "d"]
        for run in trained:
            self.training(run)
        done = self.tool("stop")
        first, *listed = done.stderr.splitlines()
        self.assertEqual((done.returncode, first), (2, "trimtab: several runs are being trained: choose one with --run"))
        self.assertEqual(sorted(line.split(":")[0] for line in listed), [f"  {run}" for run in trained])

    def test_a_server_that_does_not_answer_is_not_passed_over(self):
        self.serve(run=self.ended_run("ended", home="."))
        server, _ = self.training(self.folder / "trained")
        server.send_signal(signal.SIGSTOP)
        try:
            done = self.tool("call", "--timeout", "0.2", '{"code":3}')
        finally:
            server.send_signal(signal.SIGCONT)
        self.assertEqual((done.returncode, done.stdout), (3, ""))


class Names(Cli):
    def setUp(self):
        super().setUp()
        self.old = self.ended_run("digits", "20200101-000000")
        self.new = self.ended_run("digits", "20200101-000001")
        self.other = self.ended_run("other", home=".", more=("--name", "odd one"))

    def test_of_a_run_that_is_read(self):
        self.assertIn("toy/value,49,", self.told("export", "digits"))
        self.assertEqual(self.told("sql", "odd one", "select name from run").split("\n")[1], "odd one")
        self.assertIn("toy/value", self.told("history", "*", "--run", "digits"))
        self.assertTrue(json.loads(self.told("audit", "--verify", "--run", "digits/20200101-000000"))["ok"])
        self.assertEqual(self.told("token", "list", "--run", "digits", "--json").count("tokens"), 1)

    def test_of_a_run_that_is_served(self):
        self.serve(run=self.new)
        self.assertEqual(self.status("--run", "digits")["folder"], str(self.new))
        self.assertEqual(self.status(env={"TRIMTAB_RUN": "digits"})["folder"], str(self.new))
        self.assertEqual(self.told("wait", "--state", "finished", "--run", "digits").count("finished"), 1)
        self.refused(self.tool("status", "--run", "digits/20200101-000000"), 3, f"nobody serves {self.old}")

    def test_serve_takes_a_name_and_begins_none(self):
        told = json.loads(self.told("serve", "digits", *LISTEN, "--detach", "--until-idle", "60"))
        self.assertEqual(told["run"], str(self.new))
        self.told("shutdown", "--run", "digits")
        self.refused(self.tool("serve", "digit"), 1, "there is no run digit: neither a folder nor a name")

    def test_a_folder_comes_first(self):
        here = self.folder / "here"
        here.mkdir()
        shutil.copytree(self.other, here / "digits")
        self.assertIn("odd one", self.told("sql", "digits", "select name from run", cwd=here))
        self.assertIn("odd one", self.told("sql", "./digits", "select name from run", cwd=here))
        (here / "digits" / "run.db").unlink()
        shutil.rmtree(here / "digits" / "journal")
        self.assertIn("toy", self.told("sql", "digits", "select name from run", cwd=here))
        self.assertEqual(self.tool("sql", "./digits", "select name from run", cwd=here).returncode, 1)

    def test_neither(self):
        words = "there is no run nothing: neither a folder nor a name; `trimtab ls` lists your runs",
        for verb in (("status",), ("watch",), ("stop", "--checkpoint"), ("history", "*"), ("wait", "--step", "1"), ("audit", "--verify")):
            self.refused(self.tool(*verb, "--run", "nothing"), 3, *words)
        for verb in (("token", "list", "--run"), ("link", "--run"), ("export",), ("sql",), ("rm", "--yes")):
            self.refused(self.tool(*verb, "nothing"), 1, *words)
        self.refused(self.tool("status", "--run", "./digits"), 3, "./digits")

    def test_a_new_run_is_no_name(self):
        done = self.tool("run", "--run", "digits", *LISTEN, "--", TOY, "--steps", "5", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "digits" / "run.db").exists())


class NameOfACommand(Cli):
    def name_of(self, *command):
        """The name of the folder of its run; what the command is does not matter, so it ends at once."""
        runs = self.folder / "runs"
        shutil.rmtree(runs, ignore_errors=True)
        self.tool("run", *LISTEN, "--", *command, env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"})
        return [path.name for path in runs.iterdir()]

    def test_it_is_the_programs(self):
        tools = self.folder / "bin"
        tools.mkdir()
        names = ["python", "python3", "python3.11", "torchrun", "accelerate", "pythonic", "train.py"]
        for name in names:
            (tools / name).write_text("#!/bin/sh\necho something\n")
            (tools / name).chmod(0o755)
        for name, *command in (
            ("train", "python", "train.py"), ("train", "python3.11", "-u", "-X", "dev", "-Wignore", "examples/train.py", "other.py"),
            ("train", tools / "python3", "-u", "-m", "pkg.sub.train", "--lr", "1"),
            ("pkg", "python", "-m", "pkg.__main__"), ("python", "python", "-c", "train.py"), ("python3", "python3"), ("python3", "python3", "-"),
            ("train.v2", "python", "./train.v2.py"), ("script", "python", "script"), ("python", "python", "."),
            ("train", "torchrun", "--nproc_per_node", "2", "train.py", "--config", "more.py"), ("train", "torchrun", "-m", "pkg.train"),
            ("train", "python", "-m", "torch.distributed.run", "--nnodes", "1", "train.py"), ("torchrun", "torchrun", "--help"),
            ("train", "accelerate", "launch", "--num_processes", "2", "a/train.py", "x"), ("pythonic", "pythonic", "train.py"), ("train", tools / "train.py"),
        ):
            with self.subTest(command=command):
                self.assertEqual(self.name_of(*command), [name])

    def test_a_name_that_is_given_counts(self):
        self.tool("run", "--name", "mine", *LISTEN, "--", "sh", "-c", "echo something")
        self.assertEqual([path.name for path in (self.folder / "runs").iterdir()], ["mine"])


class NeverTrained(Cli):
    """A command that ends before a trainer came."""

    def test_what_it_printed_is_kept(self):
        done = self.tool("run", "--name", "bad", *LISTEN, "--", "sh", "-c", "echo no such module; exit 3")
        run, = (self.folder / "runs" / "bad").iterdir()
        self.refused(done, 3, f"ended with exit status 3 and never began to train; what it printed is kept in {run}/output")
        self.assertEqual((run / "output").read_text(), "no such module\n")
        listed, = json.loads(self.told("ls"))["runs"]
        self.assertEqual((listed["state"], listed["live"]), ("waiting", False))
        self.assertRegex(self.told("ls", "--text"), r"^runs +\S+ +never trained +")

    def test_where_there_is_nothing_nothing_is_kept(self):
        for env in ({}, {"TRIMTAB_RUN": ""}):  # which names none
            self.refused(self.tool("run", "--name", "a", *LISTEN, "--", "true", env=env), 0, "ended with exit status 0 and never began to train", "is not kept")
        self.refused(self.tool("run", "--name", "b", *LISTEN, "--", "./no-such-command"), 1, "cannot start ./no-such-command")
        self.assertEqual(os.listdir(self.folder / "runs"), [])
        self.assertEqual(os.listdir(self.folder / "state" / "trimtab" / "runs"), [])

    def test_what_was_there_or_was_put_there_stays(self):
        done = self.tool("run", "--run", self.run_folder, *LISTEN, "--", "sh", "-c", "exit 4")
        self.refused(done, 4, "ended with exit status 4 and never began to train; it printed nothing\n")
        self.assertTrue((self.run_folder / "run.db").exists())
        self.tool("run", "--name", "a", *LISTEN, "--", "sh", "-c", 'echo x > "$TRIMTAB_RUN/weights"')
        run, = (self.folder / "runs" / "a").iterdir()
        self.assertEqual((run / "weights").read_text(), "x\n")

    def test_what_was_said_stays(self):
        gate = self.folder / "gate"
        process = self.start(TRIMTAB, "run", "--name", "a", *LISTEN, "--", "sh", "-c", f"while [ ! -e {gate} ]; do sleep 0.01; done")
        wait_for("the server", lambda: self.tool("status", "--run", "a").returncode == 0)
        self.told("say", "it hangs", "--run", "a")
        gate.touch()
        process.wait(timeout=PATIENCE)
        self.assertIn("it hangs", self.told("sql", "a", "select text from messages"))

    def test_of_a_trained_run_nothing_is_said(self):
        run = self.ended_run("a")
        self.assertEqual(self.tool("run", "--run", run, *LISTEN, "--", TOY, "--steps", "5").stderr, "")
        self.refused(self.tool("run", "--run", run, *LISTEN, "--", "true"), 0, "never began to train")
        self.assertEqual(json.loads(self.told("ls"))["runs"][0]["state"], "finished")


class Rm(Cli):
    def gone(self, *arguments):
        done = self.tool("rm", "--yes", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_an_idle_server_of_an_ended_run_ends(self):
        run = self.ended_run("digits", "20200101-000000")
        server = self.serve(run=run)
        self.gone("digits")
        self.assertEqual(server.wait(timeout=PATIENCE), 0)
        self.assertFalse(run.parent.exists())
        self.assertTrue(run.parent.parent.exists())

    def test_not_one_that_others_look_at(self):
        run = self.ended_run("digits", "20200101-000000")
        server = self.serve(run=run)
        wire = self.connect(run)
        wire.result(1, name="anna")
        self.refused(self.tool("rm", "--yes", run), 1, f"is served by process {server.pid}, and connected to it: ", "anna (", "trimtab shutdown --run")
        self.assertIsNone(server.poll())
        wire.close()
        wait_for("the server to see it go", lambda: self.tool("rm", "--yes", run).returncode == 0)
        self.assertEqual(server.wait(timeout=PATIENCE), 0)

    def test_not_one_that_waits_for_its_trainer(self):
        server = self.serve()
        self.refused(self.tool("rm", "--yes", self.run_folder), 1, f"is served by process {server.pid};")
        self.assertIsNone(server.poll())

    def test_what_is_no_run_is_passed_over(self):
        runs = [self.ended_run("digits", f"20200101-00000{i}") for i in range(3)]
        done = self.tool("rm", "--yes", runs[0], self.folder / "none", "digit", self.folder, runs[1])
        self.assertEqual((done.returncode, done.stdout.count("removed")), (1, 2))
        self.assertEqual(len(done.stderr.splitlines()), 3, done.stderr)
        self.assertEqual([run.exists() for run in runs], [False, False, True])

    def test_what_an_earlier_removal_left(self):
        run, elsewhere = self.ended_run("digits", "20200101-000000-2"), self.ended_run("elsewhere", home=".")
        for folder in (run, elsewhere):
            (folder / "checkpoints").mkdir()
            (folder / "checkpoints" / "a").write_text("x")
            self.gone(folder)
            self.refused(self.tool("rm", "--yes", folder), 1, "is no run")
        self.refused(self.tool("rm", "--yes", "--everything", elsewhere), 1, "is no run")
        self.refused(self.tool("rm", "--yes", "--everything", run.parent), 1, "is no run")
        self.gone("--everything", run)
        self.assertFalse(run.parent.exists())
        self.assertEqual((elsewhere / "checkpoints" / "a").read_text(), "x")

    def test_a_name_never_stands_for_a_folder_that_is_there(self):
        run = self.ended_run("digits", "20200101-000000")
        (self.folder / "digits").mkdir()
        self.refused(self.tool("rm", "--yes", "digits", cwd=self.folder), 1, "is no run")
        self.assertTrue(run.exists())


class Shown(Cli):
    def test_text_where_there_is_no_terminal(self):
        self.training(self.run_folder)
        for verb, word in (("status", "toy  running for "), ("describe", "settings  "), ("ls", "runs  "), ("audit", "no records"), ("clients", "clients  ")):
            with self.subTest(verb=verb):
                text = self.told(verb, "--text")
                self.assertTrue(text.startswith(word), text)
                self.assertNotIn("\x1b", text)
        self.assertRegex(self.told("status", "--text"), r"\ntrainer +C, pid \d+ on \S+, for [\d.]+ s\n")

    def test_a_run_that_no_server_has_stored_is_no_error(self):
        trainer = self.train("--steps", 50)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        listed, = json.loads(self.told("ls"))["runs"]
        self.assertIs(listed["stored"], False)
        self.assertEqual(self.told("ls", "--text"), f"not stored   recorded without a server  trimtab serve {self.run_folder} stores it\n")
        self.end(self.serve())
        listed, = json.loads(self.told("ls"))["runs"]
        self.assertNotIn("stored", listed)

    def test_stop_with_a_checkpoint_where_nobody_trains(self):
        run = self.ended_run("a")
        self.serve(run=run)
        self.refused(self.tool("stop", "--checkpoint", "--run", run), 1, "No model attached (45): no trainer is there")


if __name__ == "__main__":
    unittest.main()
