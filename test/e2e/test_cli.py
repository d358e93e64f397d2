"""The command line as a person uses it on a terminal and as a script uses it through a pipe."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import subprocess
import termios
import threading
import time
import unittest

from harness import OPEN, PATIENCE, TOY, TRIMTAB, Case, wait_for

VERBS = ["run", "serve", "status", "describe", "watch", "pause", "resume", "stop", "advance", "set", "act", "cancel", "audit", "history", "call",
         "shutdown"]


class Screen:
    """A process on a pseudo terminal of its own; what it showed, byte for byte."""

    def __init__(self, command, env, columns=100):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, columns))

        def take_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([str(c) for c in command], stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True, preexec_fn=take_terminal)
        os.close(slave)
        self.bytes = b""

    def read(self, patience=0.0):
        """False at the end."""
        if not select.select([self.master], [], [], patience)[0]:
            return True
        try:
            more = os.read(self.master, 65536)
        except OSError:  # the last descriptor of the other side is closed
            more = b""
        self.bytes += more
        return bool(more)

    def until(self, pattern):
        """Until it shows this (a regular expression)."""
        wait_for(f"the screen to show {pattern}", lambda: self.read(0.01) and re.search(pattern, self.text()))

    def end(self):
        """Its status, once it has ended."""
        until = time.monotonic() + PATIENCE
        while self.read(0.1):
            if time.monotonic() > until:
                raise AssertionError(f"it does not end: {self.bytes[-500:]}")
        return self.process.wait(timeout=PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def text(self):
        return self.bytes.decode(errors="surrogateescape").replace("\r\n", "\n")


class Cli(Case):
    def screen(self, *arguments, columns=100, **env):
        screen = Screen([TRIMTAB, *arguments], self.environment | {"TERM": "xterm"} | env, columns)
        self.addCleanup(screen.close)
        return screen

    def shown(self, *arguments, status=0, **env):
        """What it shows on a terminal."""
        screen = self.screen(*arguments, **env)
        self.assertEqual(screen.end(), status, screen.text())
        return screen.text()

    def piped(self, *arguments, status=0, **options):
        """What it prints into a pipe: one JSON object."""
        done = self.tool(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def refused(self, done, status, *words):
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Help(Cli):
    def test_of_every_verb(self):
        for verb in VERBS:
            with self.subTest(verb):
                help = self.tool(verb, "--help")
                self.assertEqual((help.returncode, help.stderr), (0, ""))
                self.assertTrue(help.stdout.startswith(f"usage: trimtab {verb} "), help.stdout)
                self.assertIn("Exit status: ", help.stdout)
                self.assertRegex(help.stdout, r"--run (FOLDER|RUN) ")
                self.assertLess(max(map(len, help.stdout.splitlines())), 121)
                for other in ([verb, "-h"], ["help", verb], [verb, "--json" if verb != "run" else "--full-sync", "--help"]):
                    self.assertEqual(self.tool(*other).stdout, help.stdout)

    def test_of_the_program(self):
        for arguments in (["help"], ["--help"], ["-h"]):
            done = self.tool(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for verb in VERBS:
                self.assertRegex(done.stdout, rf"(?m)^  {verb} +\w")
        self.assertRegex(self.tool("--version").stdout, r"^trimtab \d+\.\d+\.\d+\n$")

    def test_help_tells_the_exit_status_truly(self):
        """What serve and run end with when they cannot serve."""
        with socket.create_server(("127.0.0.1", 0)) as busy:
            address = "127.0.0.1:%d" % busy.getsockname()[1]
            self.refused(self.tool("serve", "--run", self.run_folder, "--listen", address), 1, address)
        self.assertRegex(self.tool("serve", "--help").stdout, r"Exit status: 0 ended, 1 [^.]*cannot be served")
        self.assertRegex(self.tool("run", "--help").stdout, r"(?s)Exit status: the command's own.* 1 [^.]*cannot be\s+served")

    def test_standard_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TRIMTAB, "help"], stdout=full, stderr=subprocess.PIPE, text=True, env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (1, "trimtab: standard output cannot be written\n"))


class Verbs(Cli):
    """Each verb against a real run, as JSON through a pipe and as text on a terminal."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.trainer = self.train("--step-us", 300)
        self.wire = self.connect()
        self.wait_attached(self.wire)
        self.run_option = ("--run", self.run_folder)

    def test_status(self):
        result = self.piped("status", *self.run_option)["result"]
        self.assertEqual((result["run"]["name"], result["trainer"]["pid"]), ("toy", self.trainer.pid))
        shown = self.shown("status", *self.run_option)
        self.assertRegex(shown, r"(?m)^toy  \x1b\[32mrunning\x1b\[0m for ")
        self.assertIn(str(self.run_folder), shown)
        self.assertRegex(shown, r"(?m)^settings +pause_on_nonfinite +false +revision 0\n +lr +0\.1 +revision 0$")
        self.assertIn(f"pid {self.trainer.pid}", shown)
        self.assertRegex(shown, r"(?m)^history +stored$")
        self.assertNotIn("\x1b", self.shown("status", *self.run_option, NO_COLOR="1"))
        self.assertNotIn("\x1b", self.shown("status", *self.run_option, TERM="dumb"))
        self.assertEqual(json.loads(self.shown("status", "--json", *self.run_option))["result"]["run"]["name"], "toy")

    def test_describe(self):
        self.assertEqual(self.piped("describe", *self.run_option)["result"]["settings"][1]["name"], "lr")
        shown = self.shown("describe", *self.run_option)
        for pattern in (r"lr +0\.1 +double +1e-06 to 1 +revision 0 +learning rate", r"mode +slow +choice +slow\|fast\|1e3", r"actions +echo",
                        r"lengthen +trains on to this step", r"times=1 +int +1 to 10", r"series +toy/value +\S+ steps +at step \d+ +\d+ points"):
            self.assertRegex(shown, pattern)

    def test_pause_advance_resume_stop(self):
        self.assertTrue(self.piped("pause", *self.run_option)["result"]["changed"])
        self.assertRegex(self.shown("pause", *self.run_option), r"^it was paused already, at step \d+\n$")
        self.assertRegex(self.shown("advance", "5", *self.run_option), r"^goes on at step \d+, pauses at step \d+\n$")
        self.wait_status(self.wire, "the pause", lambda s: s["run"]["state"] == "paused")
        result = self.piped("advance", "7", *self.run_option)["result"]
        self.assertEqual(result["pause_step"], result["step"] + 7)
        self.wait_status(self.wire, "the pause", lambda s: s["run"]["state"] == "paused")
        self.assertRegex(self.shown("resume", *self.run_option), r"^goes on at step \d+\n$")
        self.assertFalse(self.piped("resume", *self.run_option)["result"]["changed"])
        self.assertRegex(self.shown("pause", *self.run_option), r"^paused at step \d+\n$")
        self.assertRegex(self.shown("stop", *self.run_option), r"^stops at step \d+\n$")
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        self.wait_status(self.wire, "the end", lambda s: not s["trainer"]["attached"])
        done = self.tool("stop", *self.run_option)
        self.assertEqual(json.loads(done.stdout)["CodeError"], 45)
        self.refused(done, 1, "No model attached (45)", "finished")

    def test_set_types_its_values_by_what_is_described(self):
        result = self.piped("set", "lr=3e-4", "batch=1e1", "flag=on", "mode=1e3", "--reason", "because", *self.run_option)["result"]
        self.assertEqual({name: s["effective"] for name, s in result["settings"].items()}, {"lr": 3e-4, "batch": 10, "flag": True, "mode": "1e3"})
        self.assertRegex(self.shown("set", "lr=0.25", "guarded=0.4", *self.run_option), r"lr: 0\.0003 -> 0\.25 at step \d+ \(revision 2\)\nguarded: 0 -> 0\.25 .*\n +asked for 0\.4, in effect is 0\.25\n$")
        self.refused(self.tool("set", "lr=0.3", "--revision", "lr=1", *self.run_option), 1, "Revision conflict (50)", "revision 2, expected 1")
        self.assertEqual(self.piped("set", "lr=0.3", "--revision", "lr=2", *self.run_option)["result"]["settings"]["lr"]["revision"], 3)
        self.assertRegex(self.shown("set", "lr=7", *self.run_option, status=1), r"^trimtab: Invalid parameter \(43\): .*lr")
        self.assertRegex(self.shown("set", "lrr=7", *self.run_option, status=2), r"^trimtab: no setting is called `lrr`; did you mean `lr`\?")

    def test_act_and_its_result(self):
        self.assertEqual(self.piped("act", "echo", "times=3", *self.run_option)["result"]["result"], {"text": "hello", "times": 3})
        shown = self.shown("act", "echo", "text=a b=c", *self.run_option)
        self.assertIn("a b=c", shown)
        self.assertRegex(self.shown("act", "fail", *self.run_option, status=1), r"Refused by model \(46\): this action always fails \(ticket \d+\)")

    def test_cancel_and_what_waits(self):
        far = ("--at-step", 10 ** 12, "--no-wait", *self.run_option)
        first = self.piped("set", "lr=0.5", *far)["result"]
        self.assertEqual(first["outcome"], "pending")
        shown = self.shown("set", "lr=0.6", *far)
        self.assertRegex(shown, r"^ticket 2 is pending and lives on: .*`trimtab cancel 2`")
        self.assertRegex(self.shown("status", *self.run_option), r"pending +ticket 1 +set +by \S+ +posted +\S+ s ago +due at step 1000000000000")
        self.assertEqual(self.piped("cancel", first["ticket"], *self.run_option)["result"]["outcome"], "cancelled")
        self.assertRegex(self.shown("cancel", "2", *self.run_option), r"ticket 2: cancelled")
        self.refused(self.tool("cancel", "2000", *self.run_option), 1, "ticket 2000 is not pending")
        done = self.tool("set", "lr=0.5", "--at-step", 10 ** 12, "--deadline", "0.05", *self.run_option)
        self.refused(done, 1, "Expired (47)", "deadline")

    def test_audit(self):
        self.assertEqual(self.shown("audit", *self.run_option), "no records\n")
        self.tool("set", "lr=0.5", "--reason", "loss plateaus", *self.run_option)
        self.tool("act", "fail", *self.run_option)
        records = self.piped("audit", *self.run_option)["result"]["records"]
        self.assertEqual([r["record"] for r in records], ["accepted", "outcome"] * 2)
        shown = self.shown("audit", *self.run_option)
        self.assertRegex(shown, r"1  .*ticket 1  asked by \S+ \(admin, unix\): set \{.*because: loss plateaus")
        self.assertRegex(shown, r"2  .*ticket 1  applied at step \d+: lr 0\.1 -> 0\.5")
        self.assertRegex(shown, r"4  .*ticket 2  refused at step \d+ \(46\): this action always fails")
        self.assertEqual(len(self.piped("audit", "--ticket", "2", *self.run_option)["result"]["records"]), 2)
        page = self.piped("audit", "--from", "2", "--limit", "2", *self.run_option)["result"]
        self.assertEqual(([r["sequence"] for r in page["records"]], page["next"]), ([2, 3], 4))

    def test_call_sends_what_it_is_given(self):
        self.assertIn("time", self.piped("call", '{"code":2,"id":"x"}', *self.run_option)["result"])
        lines = self.tool("call", '{"code":2}', "nonsense", '{"code":3}', *self.run_option)
        self.assertEqual([json.loads(line).get("CodeError") for line in lines.stdout.splitlines()], [None, 42, None])
        self.assertEqual((lines.returncode, lines.stderr), (1, ""))
        done = subprocess.run([TRIMTAB, "call", *map(str, self.run_option)], input='{"code":2}\n\n{"code":99}\n{"code":2}', capture_output=True,
                              text=True, env=self.environment, timeout=PATIENCE)
        self.assertEqual([json.loads(line).get("CodeError") for line in done.stdout.splitlines()], [None, 41, None])
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(self.shown("call", '{"code":1,"name":"\\u001b[2J"}', *self.run_option))["result"]["auth"], "none")

    def test_a_name_is_told_over_tcp(self):
        self.tool("set", "lr=0.5", "--connect", self.address(), "--name", "anna")
        self.assertEqual(self.audit(self.wire)[0]["actor"], "anna (claimed)")

    def test_shutdown_ends_the_server_only(self):
        self.assertEqual(self.shown("shutdown", *self.run_option), "the server ends; the training goes on and is recorded\n")
        self.wire.close()
        self.assertEqual(self.server.wait(timeout=PATIENCE), 0)
        self.refused(self.tool("shutdown", *self.run_option), 3, "nobody serves")
        self.assertIsNone(self.trainer.poll())

    def test_watch_in_a_pipe(self):
        done = self.tool("watch", "--count", "5", "--topics", "scalars,run", *self.run_option)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual({json.loads(line)["event"] for line in done.stdout.splitlines()}, {"scalars", "run"})
        self.assertEqual(len(done.stdout.splitlines()), 5)
        self.assertEqual(self.tool("watch", "--for", "0.1", *self.run_option).returncode, 0)

    def test_watch_on_a_terminal(self):
        screen = self.screen("watch", "--plain", *self.run_option, columns=60)
        screen.until(r"the run is running at step \d+\n")
        screen.until(r"(?m)^step \d+.*toy/value \S+\n")
        self.tool("set", "lr=0.5", "--reason", "why\x07 not", *self.run_option)
        screen.until(r"ticket 1: set by \S+ applied at step \d+: lr 0\.1 -> 0\.5, because: why\ufffd not\n")
        os.write(screen.master, b"\x03")  # Ctrl-C
        self.assertEqual(screen.end(), 0)
        self.assertLessEqual(max(len(line) for line in screen.text().splitlines() if line.startswith("step ")), 60)

    def watching(self):
        watchers = [self.start(TRIMTAB, "watch", *self.run_option, keep_output=True), self.screen("watch", "--plain", *self.run_option)]
        self.assertEqual(json.loads(watchers[0].stdout.readline())["event"], "declared")
        watchers[1].until("the run is")
        return watchers

    def test_watch_ends_when_the_server_goes(self):
        for way in ("shutdown", "kill"):
            with self.subTest(way):
                piped, screen = self.watching()
                if way == "shutdown":
                    self.wire.close()
                    self.end(self.server)
                else:
                    self.kill(self.server)
                _, said = piped.communicate(timeout=PATIENCE)
                self.assertEqual((piped.returncode, len(said.splitlines())), (3, 1))
                self.assertEqual(screen.end(), 3)
                self.assertRegex(screen.text().splitlines()[-1], r"^trimtab: the server has closed the connection")
                self.server = self.serve()
                self.wire = self.connect()

    def test_watch_ends_on_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            piped, screen = self.watching()
            for process in (piped, screen.process):
                process.send_signal(number)
            _, said = piped.communicate(timeout=PATIENCE)
            self.assertEqual((said, piped.returncode, screen.end()), (b"", 0, 0))

    def test_watch_ends_when_nobody_reads_it(self):
        watcher = self.start(TRIMTAB, "watch", *self.run_option, stdout=subprocess.PIPE)
        watcher.stdout.readline()
        watcher.stdout.close()
        self.assertEqual(watcher.wait(timeout=PATIENCE), -signal.SIGPIPE)


class Start(Cli):
    def test_serve_tells_where(self):
        server = self.start(TRIMTAB, "serve", "--run", self.run_folder, "--listen", "127.0.0.1:0", keep_output=True)
        told = json.loads(server.stdout.readline())
        self.assertEqual(told, {"address": self.address(), "run": str(self.run_folder)})
        self.assertEqual(self.end(server), 0)
        screen = self.screen("serve", "--run", self.run_folder, "--listen", "127.0.0.1:0")
        screen.until(r"^127\.0\.0\.1:\d+ serves " + re.escape(str(self.run_folder)) + r"\n")
        os.write(screen.master, b"\x03")
        self.assertEqual(screen.end(), 0)

    def test_run_gives_the_status_of_its_command(self):
        for command, status in ((("sh", "-c", "exit 9"), 9), (("sh", "-c", "kill -TERM $$"), 143), ((TOY, "--steps", "5"), 0), ((TOY, "--what"), 2)):
            done = self.tool("run", "--run", self.folder / "a", "--listen", "127.0.0.1:0", "--", *command)
            self.assertEqual(done.returncode, status, done.stderr)

    def test_run_makes_a_folder_of_the_commands_name(self):
        self.assertEqual(self.tool("run", *OPEN, TOY, "--steps", "5").returncode, 0)
        self.assertEqual(self.tool("run", *OPEN, "--name", "a/b c", "--", TOY, "--steps", "5").returncode, 0)
        self.assertEqual(sorted(os.listdir(self.folder / "runs")), ["a-b-c", "toy"])
        run, = (self.folder / "runs" / "toy").iterdir()
        self.assertRegex(run.name, r"^\d{8}-\d{6}$")
        self.assertEqual(self.points(run=run), [(step, 1e9 + step) for step in range(5)])


class WhichRun(Cli):
    """--run, else $TRIMTAB_RUN, else the only live one."""

    def name_of(self, *arguments, **options):
        return self.piped("status", *arguments, **options)["result"]["run"]["name"]

    def test_the_rule(self):
        self.refused(self.tool("status"), 3, "no live run is known", "--run FOLDER")
        self.serve(run=self.folder / "a")
        self.assertEqual(self.name_of(), "a")
        other = self.serve(run=self.folder / "b")
        several = self.tool("status")
        self.assertEqual((several.returncode, several.stdout), (2, ""))
        first, *listed = several.stderr.splitlines()
        self.assertEqual(first, "trimtab: several runs are live, and none is being trained: choose one with --run")
        self.assertEqual(sorted(listed), [f"  {self.folder}/a: waiting", f"  {self.folder}/b: waiting"])
        self.assertEqual(self.name_of("--run", self.folder / "b"), "b")
        self.assertEqual(self.name_of("--run", "b", cwd=self.folder), "b")
        self.assertEqual(self.name_of(env={"TRIMTAB_RUN": str(self.folder / "b")}), "b")
        self.assertEqual(self.name_of("--run", self.folder / "a", env={"TRIMTAB_RUN": str(self.folder / "b")}), "a")
        self.assertEqual(self.name_of("--connect", self.address(self.folder / "b"), env={"TRIMTAB_RUN": str(self.folder / "a")}), "b")
        self.kill(other)  # it leaves its address and its socket: it is not live all the same
        self.assertEqual(self.name_of(), "a")
        self.refused(self.tool("status", "--run", self.folder / "b"), 3, "nobody serves")
        self.refused(self.tool("status", "--run", self.folder / "c"), 3, str(self.folder / "c"))
        self.refused(self.tool("status", env={"TRIMTAB_RUN": str(self.folder / "b")}), 3, "nobody serves")
        self.refused(self.tool("status", "--run", self.folder), 3, str(self.folder), "not the folder of a run")

    def test_a_folder_that_is_gone_is_forgotten(self):
        for name in ("a", "b"):
            self.end(self.serve(run=self.folder / name))
        subprocess.run(["rm", "-r", self.folder / "b"], check=True)
        self.serve(run=self.folder / "a")
        self.assertEqual(self.name_of(), "a")


class Verify(Cli):
    """audit --verify, without a server."""

    def setUp(self):
        super().setUp()
        server = self.serve()
        trainer = self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        for lr in (0.2, 0.3, 0.4):
            wire.result(20, settings={"lr": lr}, reason="a reason")
        wire.result(18)
        trainer.wait(timeout=PATIENCE)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        wire.close()
        self.assertEqual(self.end(server), 0)
        self.db = self.run_folder / "run.db"
        self.sound = self.db.read_bytes()

    def tamper(self, *sql):
        self.db.write_bytes(self.sound)
        with sqlite3.connect(self.db) as db:
            for statement in sql:
                db.execute(statement)
        db.close()

    def test_a_sound_audit(self):
        told = self.piped("audit", "--verify", "--run", self.run_folder)
        self.assertEqual((told["ok"], told["records"], told["open"], len(told["head"])), (True, 8, 0, 64))
        self.assertRegex(self.shown("audit", "--verify", "--run", self.run_folder), r"^ok: 8 records, chain unbroken, head [0-9a-f]{64}\n$")
        self.assertRegex(self.shown("audit", "--verify"), r"^ok: ")  # the only run that is known
        self.assertEqual(self.db.read_bytes(), self.sound)
        self.assertEqual([path.name for path in self.run_folder.glob("run.db*")], ["run.db"])

    def test_a_record_that_was_tampered_with_is_named(self):
        columns = {"time_ns": "1", "ticket": "99", "actor": "'eve'", "role": "'viewer'", "address": "'x'", "request": "'{}'", "reason": "'another'",
                   "deadline_ns": "5", "code": "16"}
        for column, value in columns.items():
            with self.subTest(column):
                self.tamper(f"UPDATE audit SET {column}={value} WHERE sequence=3")
                told = self.piped("audit", "--verify", "--run", self.run_folder, status=1)
                self.assertEqual((told["ok"], told["bad"]), (False, 3), told)
        for column, value in {"outcome": "'refused'", "error": "46", "step": "0", "detail": "'x'", "vals": "'{}'"}.items():
            with self.subTest(column):
                self.tamper(f"UPDATE audit SET {column}={value} WHERE sequence=4")
                self.assertRegex(self.shown("audit", "--verify", "--run", self.run_folder, status=1), r"^bad: record 4: ")

    def test_records_that_are_missing_moved_or_added(self):
        for bad, *sql in ((2, "DELETE FROM audit WHERE sequence=2"), (1, "DELETE FROM audit WHERE sequence=1"), (8, "DELETE FROM audit WHERE sequence=8"),
                          (1, "DELETE FROM audit"),
                          (3, "UPDATE audit SET sequence=100 WHERE sequence=3", "UPDATE audit SET sequence=3 WHERE sequence=5",
                           "UPDATE audit SET sequence=5 WHERE sequence=100"),
                          (5, "UPDATE audit SET previous=(SELECT hash FROM audit WHERE sequence=1) WHERE sequence=5"),
                          (6, "UPDATE audit SET hash=upper(hash) WHERE sequence=6"),
                          (9, "INSERT INTO audit SELECT 9,time_ns,55,record,code,actor,role,address,request,reason,deadline_ns,until_step,outcome,"
                              "error,step,detail,vals,hash,hash FROM audit WHERE sequence=8"),
                          (8, "UPDATE head SET hash=(SELECT hash FROM audit WHERE sequence=7)")):
            with self.subTest(sql):
                self.tamper(*sql)
                told = self.piped("audit", "--verify", "--run", self.run_folder, status=1)
                self.assertEqual((told["ok"], told["bad"]), (False, bad), told)

    def test_what_cannot_be_verified(self):
        self.db.write_bytes(b"x" * 5000)
        self.refused(self.tool("audit", "--verify", "--run", self.run_folder), 1, "run.db")
        self.db.unlink()
        self.refused(self.tool("audit", "--verify", "--run", self.run_folder), 3, "run.db", str(self.run_folder))
        self.refused(self.tool("audit", "--verify", "--run", self.folder / "none"), 3, str(self.folder / "none"))

    def test_while_a_server_writes(self):
        self.serve()
        self.assertTrue(self.piped("audit", "--verify", "--run", self.run_folder)["ok"])


KEY = "a\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\u2066b\r\x08\x7f\n\tc"
HOSTILE = KEY + "\x00d"  # a member's name with a zero is refused as no JSON


class HostileServer:
    """Whatever is asked, every text of the reply and of the events that follow is full of control characters."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.refuses = False
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.close()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        with peer, peer.makefile("rb") as requests:
            for line in requests:
                request = json.loads(line)
                reply = {"code": request["code"], "id": request.get("id")}
                if self.refuses and request["code"] != 4:
                    reply |= {"CodeError": 46, "Error": "0x2E", "Message": HOSTILE, "Detail": HOSTILE, "ticket": 1, "settings": self.outcome(1)["settings"]}
                else:
                    reply["result"] = self.result(request["code"])
                events = self.events() if request["code"] == 5 else []
                lines = [reply] + [{"cursor": {"epoch": 1, "n": 1}, "time": 1.7e9, **event} for event in events]
                try:
                    peer.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
                except OSError:
                    return

    def outcome(self, ticket):
        h = HOSTILE
        return {"ticket": ticket, "outcome": "applied", "step": 1, "settings": {KEY: {"old": h, "requested": h, "effective": h + "x", "revision": 1}}}

    def result(self, code):
        h = HOSTILE
        setting = {"name": "lr", "type": "choice", "value": h, "revision": 1, "choices": [h, "b"], "unit": h, "doc": h, "attached": True}
        action = {"name": "go", "doc": h, "params": [{"name": h, "type": h, "default": h}], "attached": True}
        common = {"run": {"name": h, "folder": h, "state": h, "since": 1, "step": 1, "total": 2, "rate": 1, "eta": 1, "frozen": True},
                  "settings": {KEY: {"value": h, "revision": 1}}, "trainer": {"attached": True, "pid": 1, "host": h, "language": h, "command": h,
                                                                              "started": 1, "incarnation": h, "config": {KEY: h, "x": [h]}},
                  "pending": [{"ticket": 1, "code": 20, "name": h, "actor": h, "phase": h, "age": 1, "at_step": 5}],
                  "checkpoints": [{"id": h, "step": 1, "time": 1, "path": h, "bytes": 1}], "history": {"state": h}, "clients": 1, "time": 2}
        record = {"sequence": 1, "time": 1.7e9, "ticket": 1, "record": "accepted", "code": 20, "name": h, "actor": h, "role": h, "address": h,
                  "request": {KEY: h}, "reason": h, "previous": h, "hash": h}
        outcome = {"sequence": 2, "time": 1.7e9, "ticket": 1, "record": "outcome", "outcome": h, "error": 46, "step": 1, "detail": h,
                   "values": {"settings": self.outcome(1)["settings"]}, "previous": h, "hash": h}
        return {3: common, 4: {"settings": [setting, dict(setting, name=h)], "actions": [action, dict(action, name=h)],
                               "series": [{"id": 0, "name": h, "unit": h, "count": 1, "step": 1, "time": 1, "last": h}], "may": [h]},
                5: {"cursor": {"epoch": 1, "n": 1}}, 8: {"records": [record, outcome], "next": None, "head": {"sequence": 2, "hash": h}},
                20: self.outcome(1), 21: {"ticket": 1, "outcome": "applied", "step": 1, "result": {KEY: h, "text": h}},
                22: {"ticket": 1, "outcome": h}}.get(code, {"ticket": 1, "outcome": "applied", "step": 1, "changed": True})

    def events(self):
        h = HOSTILE
        return [{"event": "run", "state": h, "step": 1, "total": 2}, {"event": "declared", "series": {"id": 0, "name": h}},
                {"event": "declared", "setting": {"name": h}}, {"event": "setting", "name": h, "value": h, "revision": 1, "step": 1, "by": h},
                {"event": "started", "ticket": 1, "name": h, "actor": h, "step": 1}, {"event": "message", "level": h, "text": h, "step": 1, "by": h},
                {"event": "outcome", "name": h, "actor": h, "reason": h, "detail": h, "error": 46, **self.outcome(1)},
                {"event": "checkpoint", "id": h, "step": 1, "path": h, "bytes": 1}, {"event": "gap", "missed": {KEY: 5}}, {"event": h},
                {"event": "scalars", "points": [[0, 1, 1, h]]}, {"event": "scalars", "points": [[0, 2, 1, 1.5]]}]


class Terminal(Cli):
    """No text of a run can drive the terminal."""

    def assert_harmless(self, shown):
        rest = re.sub(r"\x1b\[(0|1|31|32|33)m", "", shown.replace("\r\n", "\n"))  # our own colours
        found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]", rest)
        self.assertEqual(found, [], ascii(shown))
        self.assertNotIn("Traceback", shown)

    def test_every_verb_against_a_hostile_server(self):
        server = HostileServer()
        self.addCleanup(server.close)
        where = ("--connect", server.address)
        verbs = (["status"], ["describe"], ["audit"], ["pause"], ["resume"], ["stop"], ["advance", "1"], ["set", "lr=b"], ["act", "go"],
                 ["cancel", "1"], ["call", '{"code":3}'], ["call", '{"code":5}'], ["watch", "--plain", "--for", "1.2"], ["watch", "--json", "--for", "0.2"],
                 ["watch", "--topics", "declarations,scalars", "--for", "0.2"], ["status", "--json"], ["set", "nothing=1"], ["act", "nothing"],
                 ["set", "lr"], ["shutdown"])
        for refuses in (False, True):
            server.refuses = refuses
            screens = [(verb, self.screen(*verb, *where)) for verb in verbs]
            for verb, screen in screens:
                with self.subTest((verb, refuses)):
                    self.assertIn(screen.end(), (0, 1, 2))
                    self.assertGreater(len(screen.text()), 5)
                    self.assert_harmless(screen.bytes.decode("utf-8", "surrogateescape"))

    def test_a_hostile_folder_reason_and_name(self):
        run = self.folder / "x\x1b[2J\x07\u202ey\nz\udcff"
        server = self.serve(run=run)
        shown = self.shown("status", "--run", run)
        self.assert_harmless(shown)
        self.train("--step-us", 300, run=run)
        wire = self.connect(run)
        self.wait_attached(wire)
        wire.result(1, name="eve\x1b[31m")
        wire.result(20, settings={"lr": 0.2}, reason="\x1b]0;pwned\x07\n\u202e")
        wire.result(20, settings={"lr": 0.2}, at_step=10 ** 12, wait=0, reason="\x1b[2J")
        for verb in (["status"], ["audit"], ["describe"], ["watch", "--plain", "--for", "0.1"], ["set", "\x1b[2J=1"], ["cancel", "\x1b[2J"], ["\x1b[2J"],
                     ["status", "--\x1b[2J"], ["status", "--run", "\x1b[2J\n\x07"], ["set", "lr=\x1b[2J"], ["call", "\x1b[2J\udcff"]):
            with self.subTest(verb):
                arguments = verb if "--run" in verb or "\x1b[2J" == verb[0] else [*verb, "--run", run]
                screen = self.screen(*arguments)
                screen.end()
                self.assert_harmless(screen.bytes.decode("utf-8", "surrogateescape"))
        wire.close()
        self.end(server)
        self.assert_harmless(self.log())  # what the operator reads

    def test_a_reply_that_is_no_reply(self):
        """Garbage, an endless line, a line cut short, silence: one sentence each, exit 3."""
        for answer in (b"\xff\x1b[2J\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n", b'{"result":', b"{}\n", b"", b"x" * (1 << 20)):
            with self.subTest(answer[:20]), socket.create_server(("127.0.0.1", 0)) as listener:
                def speak():
                    peer, _ = listener.accept()
                    with peer:
                        peer.recv(65536)
                        peer.sendall(answer)
                speaker = threading.Thread(target=speak)
                speaker.start()
                done = self.tool("status", "--connect", "127.0.0.1:%d" % listener.getsockname()[1])
                speaker.join()
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1), done)
                self.assert_harmless(done.stderr)


if __name__ == "__main__":
    unittest.main()
