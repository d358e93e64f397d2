"""Runs as a whole: a server in the background, a command that goes on with an earlier run, listing, removing, completing."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import unittest

from harness import BUILD, LISTEN, PATIENCE, ROOT, TOY, TRIMTAB, Case, wait_for

COMPLETION = ROOT / "completion" / "trimtab.bash"


class Cli(Case):
    def refused(self, done, status, *words):
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stdout + done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def on_terminal(self, *command, typed=b""):
        """(status, what it shows); everything is on a terminal."""
        master, slave = pty.openpty()
        process = self.start(*command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env={"TERM": "dumb"})
        os.close(slave)
        os.write(master, typed)
        shown = b""
        while select.select([master], [], [], PATIENCE)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the other side is closed
                break
        status = process.wait(timeout=PATIENCE)
        os.close(master)
        return status, shown.decode().replace("\r\n", "\n")

    def ended_run(self, run, *arguments):
        """One that was trained for a few steps and is over."""
        process = self.start(TRIMTAB, "run", "--run", run, *LISTEN, "--", TOY, "--steps", 50, *arguments)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())


def is_there(pid):
    """A process that is not ours to wait for: has it ended?"""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Background(Cli):
    def tearDown(self):
        lock = self.run_folder / "lock"
        pid = int(lock.read_text().split()[0]) if lock.exists() and lock.read_text().strip() else 0
        if pid and is_there(pid) and "trimtab" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
            wait_for("the server's end", lambda: not is_there(pid))
        super().tearDown()

    def detach(self, *arguments, **options):
        return self.tool("serve", "--run", self.run_folder, *LISTEN, "--detach", *arguments, **options)

    def told(self, done):
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return json.loads(done.stdout)

    def end_it(self, pid):
        self.assertEqual(self.tool("shutdown", "--run", self.run_folder).returncode, 0)
        wait_for("its end", lambda: not is_there(pid))
        self.assertFalse((self.run_folder / "address").exists())

    def test_it_listens_when_the_caller_returns(self):
        told = self.told(self.detach())
        self.assertEqual((told["address"], told["run"]), (self.address(), str(self.run_folder)))
        self.assertIn("time", self.unix().result(2))
        self.assertIn(f"process {told['pid']} serves", (self.run_folder / "server.log").read_text())
        self.assertEqual((self.run_folder / "server.log").stat().st_mode & 0o777, 0o600)
        self.end_it(told["pid"])

    def test_nothing_of_the_caller_is_held(self):
        theirs, ours = os.pipe()
        os.set_inheritable(ours, True)
        told = self.told(self.detach(close_fds=False))
        os.close(ours)
        self.assertEqual(os.read(theirs, 1), b"")  # the end: nobody else holds the other side
        os.close(theirs)
        proc = pathlib.Path(f"/proc/{told['pid']}")
        self.assertEqual(os.readlink(proc / "cwd"), "/")
        self.assertEqual([os.readlink(proc / "fd" / n) for n in "012"], ["/dev/null"] + [str(self.run_folder / "server.log")] * 2)
        session, terminal = proc.joinpath("stat").read_text().rsplit(")", 1)[1].split()[3:5]
        self.assertEqual((int(session), terminal), (told["pid"], "0"))
        self.end_it(told["pid"])

    def test_a_signal_that_the_caller_blocks_still_ends_it(self):
        def block():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        told = self.told(self.detach(preexec_fn=block))
        os.kill(told["pid"], signal.SIGTERM)
        wait_for("its end", lambda: not is_there(told["pid"]))

    def test_on_a_terminal_it_tells_how_to_end_it(self):
        status, shown = self.on_terminal(TRIMTAB, "serve", "--run", self.run_folder, *LISTEN, "--detach")
        pid = int(self.run_folder.joinpath("lock").read_text().split()[0])
        self.assertEqual(status, 0)
        self.assertEqual(shown.split("\n")[:2], [f"{self.address()} serves {self.run_folder}",
                                                 f"in the background: pid {pid}; {TRIMTAB} shutdown --run {self.run_folder} ends it"])
        self.assertRegex(shown, rf"http://{re.escape(self.address())}/#token=tt_")
        self.unix().result(2)  # the terminal is gone by now
        self.end_it(pid)

    def test_without_standard_descriptors(self):
        def close():
            for fd in range(3):
                os.close(fd)
        process = subprocess.Popen([TRIMTAB, "serve", "--run", self.run_folder, *LISTEN, "--detach"], env=self.environment,
                                   preexec_fn=close)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.unix().result(2)

    def test_a_reader_that_has_gone(self):
        theirs, ours = os.pipe()
        os.close(theirs)
        process = self.start(TRIMTAB, "serve", "--run", self.run_folder, *LISTEN, "--detach", stdout=ours)
        os.close(ours)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.unix().result(2)

    def test_a_run_named_from_where_one_stands(self):
        done = self.tool("serve", "--run", "run", *LISTEN, "--detach", cwd=self.folder)
        self.assertEqual(self.told(done)["run"], str(self.run_folder))

    def test_what_cannot_be_served(self):
        self.refused(self.tool("serve", "--run", self.run_folder, "--detach", "--auth", "none", "--listen", "192.0.2.1:0"), 2, "192.0.2.1")
        self.assertFalse(self.run_folder.exists())
        with socket.create_server(("127.0.0.1", 0)) as busy:
            address = "127.0.0.1:%d" % busy.getsockname()[1]
            self.refused(self.tool("serve", "--run", self.run_folder, "--detach", "--listen", address), 1, address)
        self.folder.joinpath("file").write_text("")
        self.refused(self.tool("serve", "--run", self.folder / "file", "--detach"), 1, "file")

    def test_a_second_one_says_who_serves(self):
        told = self.told(self.detach())
        self.refused(self.detach(), 1, "served already by process", told["pid"])
        self.assertIn("served already", (self.run_folder / "server.log").read_text())
        self.assertIn("time", self.unix().result(2))

    def test_of_many_at_once_one_serves(self):
        command = [TRIMTAB, "serve", "--run", self.run_folder, *LISTEN, "--detach"]
        several = [self.start(*command, keep_output=True) for _ in range(6)]
        outputs = [process.communicate(timeout=PATIENCE) for process in several]
        self.assertEqual(sorted(process.returncode for process in several), [0, 1, 1, 1, 1, 1], outputs)
        pid = next(json.loads(out)["pid"] for out, _ in outputs if out)
        for out, err in outputs:
            self.assertTrue(out or b"served already by process %d" % pid in err, err)

    def test_it_ends_by_itself_once_nobody_is_there(self):
        told = self.told(self.detach("--until-idle", 0.3))
        wire = self.unix()
        trainer = self.train("--step-us", 200)
        self.wait_attached(wire)
        wire.close()
        trainer.terminate()
        trainer.wait(timeout=PATIENCE)
        wait_for("its end", lambda: not is_there(told["pid"]))
        self.assertFalse((self.run_folder / "address").exists())
        self.assertEqual([path.name for path in self.run_folder.glob("run.db*")], ["run.db"])


class Resume(Cli):
    def again(self, *arguments, **options):
        return self.tool("run", *LISTEN, "--resume", *arguments, "--", "sh", "-c",
                         "printenv TRIMTAB_RUN TRIMTAB_RESUME; exit 5", **options)

    def first(self, name="toy"):
        before = set(self.runs())
        process = self.start(TRIMTAB, "run", *LISTEN, "--name", name, "--", TOY, "--steps", 20)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())
        run, = set(self.runs()) - before
        return run

    def runs(self):
        return list((self.folder / "runs").glob("*/*"))

    def test_there_is_none(self):
        self.refused(self.again("--name", "toy"), 2, "there is no run of toy to resume in", "without --resume a new one is begun")
        self.refused(self.again("--run", self.run_folder), 2, "there is no run to resume in", self.run_folder)
        self.assertFalse(self.run_folder.exists())
        self.first("other")
        self.refused(self.again("--name", "toy"), 2, "no run of toy")

    def test_the_newest_of_this_name_goes_on(self):
        self.first()
        newest = self.first()
        self.first("other")
        done = self.again("--name", "toy")
        self.assertEqual((done.returncode, done.stdout), (5, f"{newest}\n1\n"), done.stderr)
        self.assertEqual(len(self.runs()), 3)

    def test_the_run_that_is_named_goes_on(self):
        older = self.first()
        self.first()
        for options in ({"env": {"TRIMTAB_RUN": str(older)}}, {}):
            done = self.again(*(() if options else ("--run", older)), **options)
            self.assertEqual((done.returncode, done.stdout), (5, f"{older}\n1\n"), done.stderr)

    def test_a_run_of_a_project(self):
        for name in ("a", "b"):
            process = self.start(TOY, "--name", name, "--project", "vision", "--steps", 20)
            self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())
        of_b, of_a = sorted(self.runs(), key=lambda run: (run / "trainer").read_text().splitlines()[1], reverse=True)
        self.assertEqual({of_a.parent, of_b.parent}, {self.folder / "runs" / "vision"})
        done = self.again("--name", "vision")  # the newest one that lies there
        self.assertEqual((done.returncode, done.stdout), (5, f"{of_b}\n1\n"), done.stderr)
        self.refused(self.again("--name", "a"), 2, "there is no run of a to resume in", f"is resumed by --run {of_a}")
        process = self.start(TOY, "--name", "a", "--project", "vision", "--steps", 30, "--resume")
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())
        self.assertEqual(len(self.runs()), 2)
        done = self.again("--name", "vision")
        self.assertEqual(done.stdout, f"{of_a}\n1\n")  # it was trained last
        for run in (of_a, of_b):
            self.end(self.serve(run=run))
        listed = json.loads(self.tool("ls").stdout)["runs"]
        self.assertEqual({run["name"]: run["folder"] for run in listed}, {"a": str(of_a), "b": str(of_b)})

    def test_without_it_nothing_is_resumed(self):
        done = self.tool("run", "--run", self.run_folder, *LISTEN, "--", "sh", "-c", "echo ${TRIMTAB_RESUME-none}",
                         env={"TRIMTAB_RESUME": "1"})
        self.assertEqual(done.stdout, "none\n")

    def test_one_that_is_held(self):
        trainer = self.train("--step-us", 500)
        wait_for("the trainer", lambda: (self.run_folder / "trainer").exists() and (self.run_folder / "trainer").read_text().strip())
        self.refused(self.again("--run", self.run_folder), 1, f"is trained by process {trainer.pid}", "trimtab stop --run")
        self.assertIsNone(trainer.poll())

    def test_a_server_left_behind_gives_way(self):
        run = self.first()
        server = self.serve(run=run)
        done = self.again("--name", "toy")
        self.assertEqual((done.returncode, done.stdout), (5, f"{run}\n1\n"), done.stderr)
        self.assertEqual(server.wait(timeout=PATIENCE), 0)

    def test_a_server_that_does_not_end_is_named(self):
        run = self.first()
        server = self.serve(run=run)
        server.send_signal(signal.SIGSTOP)
        self.refused(self.again("--run", run), 1, f"is served by process {server.pid}", "trimtab shutdown --run")
        server.send_signal(signal.SIGCONT)


class Batch(Cli):
    """`trimtab run` as a batch system starts it: no terminal, no standard input."""

    def begin(self, script):
        process = self.start(TRIMTAB, "run", "--run", self.run_folder, *LISTEN, "--", "sh", "-c", script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             start_new_session=True, preexec_fn=lambda: os.close(0))
        wait_for("the command", lambda: (self.run_folder / "output").exists() and "ready" in (self.run_folder / "output").read_text())
        return process

    def test_standard_input_is_empty_and_the_output_is_kept_and_copied(self):
        process = self.begin("cat; echo ready; echo to stderr >&2; exit 4")
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (4, b"ready\nto stderr\n"))
        self.assertEqual((self.run_folder / "output").read_bytes(), out)

    def test_the_end_of_the_job_reaches_the_command(self):
        process = self.begin("trap 'echo saved; exit 9' TERM; echo ready; while :; do sleep 0.02; done")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out.splitlines()[-1]), (9, b"saved"))  # (a shell may tell of its sleep's end)

    def test_a_command_that_heeds_no_signal_gives_its_status(self):
        process = self.begin("echo ready; exec sleep 600")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)


class Ls(Cli):
    def listed(self, *arguments):
        done = self.tool("ls", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        told = json.loads(done.stdout)
        return told["total"], told["runs"]

    def test_none(self):
        self.assertEqual(self.listed(), (0, []))
        self.assertEqual(self.on_terminal(TRIMTAB, "ls"), (0, "no run is known yet; `trimtab run -- COMMAND` begins one\n"))

    def test_live_and_ended_the_newest_first(self):
        old, under_home = self.folder / "old", self.folder / "runs" / "toy" / "20200101-000000"
        self.ended_run(old)
        self.ended_run(under_home)
        shutil.rmtree(self.folder / "state")  # that one is known by its place alone
        shutil.copytree(old, self.folder / "runs" / "copy" / "20200101-000000")
        server = self.serve()
        trainer = self.train("--step-us", 300)
        self.wait_attached(self.unix())
        wait_for("the name in run.db", lambda: self.listed()[1][0]["name"] == "toy")
        total, runs = self.listed("--size")
        self.assertEqual((total, runs[0]["folder"]), (3, str(self.run_folder)))
        self.assertEqual({run["folder"] for run in runs[1:]}, {str(under_home), str(self.folder / "runs" / "copy" / "20200101-000000")})
        self.assertEqual((runs[0]["name"], runs[0]["server"], runs[0]["trainer"], runs[0]["live"]), ("toy", server.pid, trainer.pid, True))
        self.assertEqual((runs[1]["name"], runs[1]["state"], runs[1]["step"], runs[1]["total"], runs[1]["server"], runs[1]["trainer"],
                          runs[1]["live"], runs[1]["last"]),
                         ("toy", "finished", 50, 50, None, None, False, {"toy/value": 1e9 + 49}))
        self.assertGreater(runs[1]["size"], 50_000)
        status, shown = self.on_terminal(TRIMTAB, "ls", "--size")
        self.assertEqual(status, 0)
        self.assertRegex(shown, rf"runs +toy +running, served +\d+ .* {re.escape(str(self.run_folder))}\n")
        self.assertRegex(shown, rf"toy +finished +50/50 +20\d\d-.* toy/value 1000000049 +[\d.]+ [kM]B +{re.escape(str(under_home))}\n")

    def test_one_that_cannot_be_read_is_listed_with_why(self):
        self.ended_run(self.run_folder)
        (self.run_folder / "run.db").write_bytes(b"\x1b[31m" * 2000)
        total, runs = self.listed()
        self.assertEqual((total, runs[0]["folder"]), (1, str(self.run_folder)))
        self.assertTrue(runs[0]["error"])
        status, shown = self.on_terminal(TRIMTAB, "ls")
        self.assertRegex(shown, rf"^unreadable +{re.escape(str(self.run_folder))}  \w")
        self.assertEqual(status, 0)

    def test_twenty_unless_all(self):
        self.ended_run(self.folder / "runs" / "toy" / "0")
        for i in range(1, 23):
            shutil.copytree(self.folder / "runs" / "toy" / "0", self.folder / "runs" / "toy" / str(i))
        total, runs = self.listed()
        self.assertEqual((total, len(runs)), (23, 20))
        self.assertEqual(len(self.listed("--all")[1]), 23)
        self.assertIn("3 older ones: trimtab ls --all\n", self.on_terminal(TRIMTAB, "ls")[1])

    def test_looking_changes_nothing(self):
        self.ended_run(self.run_folder)
        before = {path: path.stat().st_mtime_ns for path in [self.run_folder, *self.run_folder.rglob("*")]}
        self.listed("--size")
        self.assertEqual({path: path.stat().st_mtime_ns for path in [self.run_folder, *self.run_folder.rglob("*")]}, before)


class Rm(Cli):
    def setUp(self):
        super().setUp()
        self.ended_run(self.run_folder)

    def links(self):
        return [link for link in (self.folder / "state" / "trimtab" / "runs").iterdir() if os.readlink(link) == str(self.run_folder)]

    def test_all_of_it_goes(self):
        for name in ("server.log", "run.db-wal", "run.db.damaged-20260101-000000", "mailbox.0123", ".address.4242-1f", "resume"):
            (self.run_folder / name).write_text("x")
        self.assertEqual(len(self.links()), 1)
        done = self.tool("rm", self.run_folder, "--yes")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"^removed {re.escape(str(self.run_folder))} \([\d.]+ [kM]B\)\n$")
        self.assertFalse(self.run_folder.exists())
        self.assertEqual(self.links(), [])

    def test_what_is_not_trimtabs_stays_and_is_named(self):
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / "precious").write_text("x")
        (self.run_folder / "checkpoints" / "deep").mkdir(parents=True)
        (self.run_folder / "checkpoints" / "deep" / "a").write_text("x")
        (self.run_folder / "link").symlink_to(outside)
        done = self.tool("rm", "--yes", self.run_folder)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"the folder stays with (checkpoints, link|link, checkpoints) \(--everything")
        self.assertEqual(sorted(path.name for path in self.run_folder.iterdir()), ["checkpoints", "link"])
        self.refused(self.tool("rm", "--yes", self.run_folder), 1, "is no run: it has no run.db")
        shutil.rmtree(self.run_folder)
        self.ended_run(self.run_folder)
        (self.run_folder / "checkpoints").mkdir()
        (self.run_folder / "checkpoints" / "link").symlink_to(outside)
        (self.run_folder / "journal" / "link").symlink_to(outside)
        self.assertEqual(self.tool("rm", "--yes", "--everything", self.run_folder).returncode, 0)
        self.assertFalse(self.run_folder.exists())
        self.assertEqual((outside / "precious").read_text(), "x")

    def test_it_asks_on_a_terminal(self):
        (self.run_folder / "notes").write_text("x")
        command = TRIMTAB, "rm", self.run_folder
        for typed in (b"\n", b"n\n", b"yess\n", b"\x04"):
            status, shown = self.on_terminal(*command, typed=typed)
            self.assertEqual(status, 1, shown)
            self.assertRegex(shown, rf"goes +toy +[\d.]+ [kM]B +step 50 +{re.escape(str(self.run_folder))}\n")
            self.assertRegex(shown, rf"stays +{re.escape(str(self.run_folder))} +notes\n")
            self.assertIn("nothing was removed", shown)
            self.assertTrue((self.run_folder / "run.db").exists())
        self.assertEqual(self.on_terminal(*command, typed=b"y\n")[0], 0)
        self.assertEqual([path.name for path in self.run_folder.iterdir()], ["notes"])

    def test_elsewhere_it_must_be_told(self):
        self.refused(self.tool("rm", self.run_folder), 2, "--yes")
        self.assertTrue((self.run_folder / "run.db").exists())

    def test_one_that_lives_is_refused_and_then_nothing_goes(self):
        other = self.folder / "other"
        server = self.serve(run=other)
        self.refused(self.tool("rm", "--yes", self.run_folder, other), 1, f"served by process {server.pid}", "trimtab shutdown --run")
        self.end(server)
        trainer = self.train("--step-us", 500, run=other)
        wait_for("the trainer", lambda: (other / "trainer").exists() and str(trainer.pid) in (other / "trainer").read_text())
        self.refused(self.tool("rm", "--yes", self.run_folder, other), 1, f"trained by process {trainer.pid}", "trimtab stop --run")
        self.assertTrue((self.run_folder / "run.db").exists())
        self.kill(trainer)
        self.assertEqual(self.tool("rm", "--yes", self.run_folder, other, self.run_folder).returncode, 0)
        self.assertFalse(other.exists() or self.run_folder.exists())

    def test_what_is_no_run(self):
        empty = self.folder / "empty"
        empty.mkdir()
        (empty / "output").write_text("mine")
        self.refused(self.tool("rm", "--yes", empty), 1, "is no run: it has no run.db")
        self.refused(self.tool("rm", "--yes", self.folder / "none"), 1, "none", "No such file")
        self.refused(self.tool("rm", "--yes", "/"), 1, "is no run")
        self.assertEqual((empty / "output").read_text(), "mine")

    def test_the_local_part_goes_too(self):
        env = {"TRIMTAB_FORCE_NOT_LOCAL": "1"}
        shutil.rmtree(self.run_folder)
        process = self.start(TRIMTAB, "run", "--run", self.run_folder, *LISTEN, "--", TOY, "--steps", 50, env=env)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())
        local = pathlib.Path((self.run_folder / "local").read_text().strip())
        self.addCleanup(shutil.rmtree, local, ignore_errors=True)
        self.assertTrue((local / "journal").is_dir())
        # A copy of the folder names the local part of the run itself, which is in use.
        copy = self.folder / "copy"
        shutil.copytree(self.run_folder, copy)
        trainer = self.train("--step-us", 500, env=env)
        wait_for("the trainer", lambda: list(local.glob("mailbox.*")))
        done = self.tool("rm", "--yes", copy)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("in use", done.stderr)
        self.assertTrue(list(local.glob("mailbox.*")))
        self.assertFalse(copy.exists())
        self.kill(trainer)
        self.assertEqual(self.tool("rm", "--yes", self.run_folder).returncode, 0)
        self.assertFalse(local.exists() or self.run_folder.exists())

    def test_a_local_part_that_is_not_one_stays(self):
        victim = self.folder / "victim"
        (victim / "journal").mkdir(parents=True)
        (victim / "sock").write_text("x")
        root = f"/var/tmp/trimtab-{os.geteuid()}"
        for path in (victim, f"{root}/../../..{victim}", f"{root}/", f"{root}/0123456789abcdef/../x"):
            (self.run_folder / "local").write_text(f"{path}\n")
            self.assertEqual(self.tool("rm", "--yes", self.run_folder).returncode, 0)
            self.assertTrue((victim / "sock").exists())
            self.ended_run(self.run_folder)


class Completion(Cli):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = f"{pathlib.Path(TRIMTAB).parent}:{self.environment['PATH']}"

    def complete(self, line):
        """What bash itself would offer at the end of the line."""
        words = re.findall(r"=|[^\s=]+", line)
        if line.endswith((" ", "=")) and not line.endswith("=="):
            words += [""] if line.endswith(" ") else []
        word = "" if words[-1] == "=" else words[-1]
        before = words[-2]
        script = ('source "$1"; shift; COMP_WORDS=("${@:3}"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _trimtab trimtab "$1" "$2"; '
                  '[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETION, word, before, *words], env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return done.stdout.split()

    def test_verbs(self):
        self.assertEqual(set(self.complete("trimtab sta")) - {"stats"}, {"status"})
        self.assertLess({"run", "serve", "set", "ls", "rm", "help"}, set(self.complete("trimtab ")))
        self.assertNotIn("complete", self.complete("trimtab "))
        self.assertEqual(self.complete("trimtab help shutd"), ["shutdown"])
        self.assertEqual(self.complete("trimtab nonsense "), [])

    def test_options_are_those_of_the_verb(self):
        for verb in ("status", "serve", "rm", "set", "watch", "ls"):
            help = self.tool(verb, "--help").stdout
            self.assertEqual(set(self.complete(f"trimtab {verb} --")), set(re.findall(r"(?m)^  (--[\w-]+)", help)), verb)
        self.assertEqual(self.complete("trimtab serve --unt"), ["--until-idle"])
        self.assertEqual(self.complete("trimtab run --name x --resume -- python --"), [])

    def test_values_of_options(self):
        self.ended_run(self.run_folder)
        for line in ("trimtab status --run ", "trimtab status --run=", "trimtab set --reason x --run ", f"trimtab rm {self.folder}"):
            self.assertEqual(self.complete(line), [str(self.run_folder)], line)
        self.assertIn("scalars", self.complete("trimtab watch --topics "))
        self.assertEqual(self.complete("trimtab watch --topics scalars,ru"), ["scalars,run"])
        self.assertEqual(self.complete("trimtab wait --state fin"), ["finished"])
        self.assertEqual(self.complete("trimtab set --reason "), [])
        self.assertEqual(self.complete("trimtab set --reason="), [])

    def test_names_of_the_live_run(self):
        self.assertEqual(self.complete("trimtab set "), [])  # nothing is live, and nothing is said
        self.serve()
        self.train("--step-us", 500)
        self.wait_attached(self.unix())
        self.assertLess({"lr=", "batch="}, set(self.complete("trimtab set ")))
        self.assertEqual(self.complete("trimtab set batch=3 l"), ["lr="])
        self.assertEqual(self.complete("trimtab set lr="), [])
        self.assertEqual(self.complete(f"trimtab act --run {self.run_folder} ech"), ["echo"])
        self.assertEqual(self.complete("trimtab act echo "), [])
        self.assertEqual(self.complete("trimtab watch --series toy"), ["toy/value"])

    def test_a_server_that_does_not_answer_delays_nobody_for_long(self):
        self.ended_run(self.run_folder)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(self.run_folder / "sock"))
            silent.listen()
            before = os.times().elapsed
            self.assertEqual(self.complete("trimtab set "), [])
            self.assertLess(os.times().elapsed - before, 0.3 + 5)

    def test_no_name_becomes_a_command(self):
        hostile = ["$(touch pwned)", "a b", "`id`", "a;b", "it's", "\x1b[2J", "a\nb", "*", "~", "--run", "good"]
        (self.folder / "runs").mkdir()
        self.ended_run(self.run_folder)
        answer = {"code": 4, "id": "c1", "result": {"settings": [{"name": name} for name in hostile], "actions": [], "series": []}}
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.run_folder / "sock"))
            listener.listen()
            process = subprocess.Popen([TRIMTAB, "complete", "set", ""], env=self.environment, stdout=subprocess.PIPE, text=True)
            listener.settimeout(PATIENCE)
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(json.dumps(answer).encode() + b"\n")
                out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(out.split("\n"), ["good=", ""])

    def test_in_a_shell_that_a_person_types_into(self):
        master, slave = pty.openpty()
        self.start("bash", "--norc", "--noprofile", "-i", stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                   env={"TERM": "dumb", "PS1": "", "INPUTRC": "/dev/null"})
        os.close(slave)
        self.addCleanup(os.close, master)
        shown = b""

        def until(pattern):
            nonlocal shown

            def read():
                nonlocal shown
                if select.select([master], [], [], 0.01)[0]:
                    shown += os.read(master, 65536)
                return re.search(pattern, shown)
            wait_for(f"{pattern} in {shown}", read)
            shown = b""
        os.write(master, f"source {COMPLETION}; echo rea''dy\n".encode())
        until(rb"ready\r?\n")
        os.write(master, b"echo trimtab; trimtab shutd\t--hel\t | head -n 1\n")
        until(rb"usage: trimtab shutdown ")


@unittest.skipUnless(shutil.which("meson") and shutil.which("nm"), "no meson, or no nm")
class Installed(unittest.TestCase):
    def test_what_is_installed(self):
        told = subprocess.run(["meson", "introspect", "--installed", str(BUILD)], capture_output=True, text=True, check=True).stdout
        installed = [pathlib.Path(path) for path in json.loads(told).values()]
        for ending in ("bin/trimtab", "include/trimtab/trimtab.h", "include/trimtab/client.h", "pkgconfig/trimtab.pc", "pkgconfig/trimtab-client.pc",
                       "bash-completion/completions/trimtab", "man/man1/trimtab.1", "man/man3/trimtab.3", "man/man3/trimtab-client.3",
                       "man/man7/trimtab-protocol.7", "doc/trimtab/protocol.md"):
            self.assertTrue(any(str(path).endswith("/" + ending) for path in installed), ending)
        for library in ("trimtab", "trimtab-client"):
            self.assertTrue(any(path.name.startswith(f"lib{library}.so") for path in installed), library)

    def test_the_clients_library_shows_its_functions_alone(self):
        shown = subprocess.run(["nm", "-D", "--defined-only", BUILD / "libtrimtab-client.so"], capture_output=True, text=True, check=True).stdout
        header = (ROOT / "include" / "trimtab" / "client.h").read_text()
        self.assertEqual({line.split()[2] for line in shown.splitlines() if not line.split()[2].startswith("__")},
                         set(re.findall(r"TRIMTAB_API [^;]*?\b(trimtab_client_\w+)\(", header)))


if __name__ == "__main__":
    unittest.main()
