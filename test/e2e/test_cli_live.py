"""The verbs that follow a run, speak to those who watch it, and end it: on a terminal, and through a pipe."""
import codecs
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unicodedata
import unittest

from harness import OPEN, PATIENCE, TOY, TRIMTAB, wait_for
from test_cli import Cli, HostileServer, Screen


class Model:
    """A small terminal: what stands where, and what was asked of it that it does not know."""

    def __init__(self, columns, rows):
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.rest = ""
        self.normal = []  # what was printed on the normal screen, line by line
        self.line = ""
        self.is_alternate, self.cursor, self.wraps = False, True, True
        self.faults = []
        self.widest = 0
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])").match(text, at)
                if not found and len(text) - at < 12:
                    break  # the rest is still to come
                if not found:
                    self.faults.append(text[at:at + 12])
                    at += 1
                    continue
                self.control(*found.groups())
                at = found.end()
            else:
                self.put(text[at])
                at += 1
        self.rest = text[at:]

    def control(self, private, number, letter):
        if private:
            if (number, letter) not in {("1049", "h"), ("1049", "l"), ("25", "h"), ("25", "l"), ("7", "h"), ("7", "l")}:
                self.faults.append((private, number, letter))
            if number == "1049":
                self.is_alternate = letter == "h"
            elif number == "25":
                self.cursor = letter == "h"
            else:
                self.wraps = letter == "h"
        elif letter == "H" and not number:
            self.row = self.column = 0
        elif letter == "K" and not number:
            self.cells[self.row][min(self.column, self.columns - 1):] = [" "] * (self.columns - min(self.column, self.columns - 1))
        elif letter == "J":
            first = 0 if number == "2" else self.row
            for row in range(first, self.rows):
                self.cells[row] = [" "] * self.columns
        elif not (letter == "m" and number in ("0", "1", "31", "32", "33")):
            self.faults.append((number, letter))

    def put(self, character):
        if not self.is_alternate:
            if character == "\n":
                self.normal.append(self.line)
                self.line = ""
            elif character != "\r":
                self.line += character
            return
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            if self.row >= self.rows:
                self.faults.append("it scrolls")
                self.row = self.rows - 1
        elif ord(character) < 32 or 0x7f <= ord(character) < 0xa0:
            self.faults.append(character)
        else:
            width = 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if self.column + width > self.columns:
                self.faults.append(f"wider than {self.columns}: {''.join(self.cells[self.row])}{character}")
                return
            self.cells[self.row][self.column:self.column + width] = [character] + [""] * (width - 1) if width else []
            self.column += width
            self.widest = max(self.widest, self.column)


class Board(Screen):
    """`watch` on a terminal, seen through the model."""

    def __init__(self, command, env, columns=80, rows=24):
        super().__init__(command, env, columns)
        self.model = Model(columns, rows)
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.master)
        self.fed = 0

    def resize(self, columns, rows):
        self.model.resize(columns, rows)
        termios.tcsetwinsize(self.master, (rows, columns))

    def read(self, patience=0.0):
        more = super().read(patience)
        self.model.feed(self.bytes[self.fed:])
        self.fed = len(self.bytes)
        return more

    def shows(self, pattern):
        """Waits until this stands there (a regular expression); the match."""
        def look():
            self.read(0.01)
            return re.search(pattern, self.model.text())
        try:
            return wait_for(pattern, look)
        except AssertionError:
            raise AssertionError(f"{pattern!r} does not show:\n{self.model.text()}\n{self.model.normal}") from None


class Live(Cli):
    def board(self, *arguments, columns=80, rows=24, command=None, **env):
        board = Board(command or [TRIMTAB, "watch", *arguments], self.environment | {"TERM": "xterm"} | env, columns, rows)
        self.addCleanup(board.close)
        return board

    def begin(self, *arguments, step_us=1000):
        """A server, a trainer at its loop."""
        self.server = self.serve()
        self.trainer = self.train("--step-us", step_us, *arguments)
        self.wire = self.connect()
        self.wait_attached(self.wire)
        self.run_option = ("--run", self.run_folder)

    def assert_given_back(self, board):
        model = board.model
        self.assertEqual(model.faults, [])
        self.assertEqual((model.is_alternate, model.cursor, model.wraps), (False, True, True))
        self.assertEqual(termios.tcgetattr(board.master), board.before)


class Fake:
    """A server that answers what it is told to; every request is kept."""

    def __init__(self, test, **results):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.results = {3: {"run": {"name": "fake", "folder": "/nowhere", "state": "running", "step": 1, "total": 9, "frozen": False},
                            "settings": {}, "pending": [], "trainer": {}, "time": 1}, 5: {"cursor": {"epoch": 1, "n": 1}}, 9: {"clients": [], "total": 0}}
        self.results |= {int(code[1:]): result for code, result in results.items()}
        self.events, self.requests, self.peers = [], [], []
        threading.Thread(target=self.listen, daemon=True).start()
        test.addCleanup(self.close)

    def close(self):
        for closed in (self.listener, *self.peers):
            closed.close()

    def listen(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        try:
            for line in peer.makefile("rb"):
                request = json.loads(line)
                self.requests.append(request)
                result = self.results.get(request["code"], {})
                reply = result if "CodeError" in result else {"result": result}
                self.tell({"code": request["code"], "id": request.get("id"), **reply}, peer)
                for event in self.events if request["code"] == 5 else []:
                    self.tell(event, peer)
        except (OSError, ValueError):
            pass

    def tell(self, message, peer=None):
        for each in [peer] if peer else self.peers:
            try:
                each.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                pass  # one that has gone

    def asked(self, code):
        return [request for request in self.requests if request["code"] == code]


class Picture(Live):
    def test_at_several_widths(self):
        self.begin("--series", 5, "--steps", 1000000)
        for columns in (40, 80, 200):
            with self.subTest(columns):
                board = self.board(*self.run_option, columns=columns)
                board.shows(r"\Atoy  running  \d watch\w*: .*you")
                first = board.shows(r"\n +value 10*(\d+)")
                board.shows(r"\nstep \d+/1000000")
                board.shows(r"\nsettings [^@]*lr 0\.1 ")
                wait_for("newer values", lambda: board.read(0.01) and re.search(r"\n +value 10*(\d+)", board.model.text())[1] != first[1])
                os.write(board.master, b"q")
                self.assertEqual(board.end(), 0)
                self.assert_given_back(board)
                self.assertRegex("\n".join(board.model.normal), r"\Atoy  running  step \d+/1000000.*\Z")
                self.assertLessEqual(board.model.widest, columns)

    def test_another_size(self):
        self.begin("--series", 60)
        board = self.board(*self.run_option, columns=100, rows=40)
        board.shows(r"more59")
        for columns, rows in ((40, 12), (200, 50), (20, 5), (80, 24)):
            board.resize(columns, rows)
            board.shows(r"\Atoy  running")
            wait_for("a whole picture", lambda: board.read(0.01) and board.model.text().count("value") <= 1 and re.search(r"step \d+", board.model.text()))
        board.shows(r"more54")
        self.assertEqual(board.model.faults, [])

    def test_what_does_not_fit_is_counted(self):
        self.begin("--series", 60)
        board = self.board(*self.run_option, columns=40, rows=12)
        board.shows(r"\+\d+ more; --series GLOB chooses")
        os.write(board.master, b"q")
        self.assertEqual(board.end(), 0)
        board = self.board(*self.run_option, "--series", "toy/more1*", columns=40, rows=24)
        board.shows(r"more19")
        self.assertNotIn("more20", board.model.text())
        self.assertNotIn("GLOB", board.model.text())

    def test_what_happens_is_told(self):
        self.begin("--schedule")
        board = self.board(*self.run_option, columns=120)
        self.tool("say", "--level", "warning", "the", "disk \x1b[2J is slow", *self.run_option)
        board.shows(r"warning by \S+ at step \d+: the disk \ufffd\[2J is slow")
        self.tool("set", "batch=16", *self.run_option)
        board.shows(r"ticket \d+: set by \S+ applied at step \d+: batch 8 -> 16")
        board.shows(r"batch 16 ")
        self.tool("set", "lr=0.5", *self.run_option)
        board.shows(r"lr \S+ \(ticket 2 did not last\)")
        self.tool("set", "flag=on", "--at-step", 10 ** 12, "--no-wait", *self.run_option)
        board.shows(r"pending +ticket 3  set by \S+  posted  .* ago  due at step 1000000000000")
        self.tool("freeze", *self.run_option)
        board.shows(r"\Atoy  running, frozen")
        other = self.wire.result(1, name="eve") and self.wire.result(5, topics=["run"])
        self.assertTrue(other)
        board.shows(r"2 watch: .*eve")

    def test_it_is_drawn_at_most_ten_times_a_second(self):
        self.begin(step_us=100)
        board = self.board(*self.run_option, "--for", "2")
        self.assertEqual(board.end(), 0)
        frames = board.bytes.count(b"\x1b[H")
        self.assertTrue(5 <= frames <= 21, frames)
        self.assert_given_back(board)

    def test_nothing_is_drawn_where_nothing_happens(self):
        self.begin()
        self.wire.result(16)
        board = self.board(*self.run_option)
        board.shows(r"\Atoy  paused")
        board.shows(r"lr 0\.1")
        size = len(board.bytes)
        time.sleep(1)  # nothing may come: that cannot be waited for
        board.read()
        self.assertLess(len(board.bytes) - size, 2000)

    def test_a_terminal_that_only_prints_gets_lines(self):
        self.begin()
        for options, env in ((["--plain"], {}), ([], {"TERM": "dumb"}), (["--count", "30"], {}), (["--topics", "scalars"], {})):
            screen = self.screen("watch", *options, *self.run_option, **env)
            screen.until(r"(?m)^step \d+.*toy/value")
            self.assertNotIn("\x1b[?1049h", screen.text())
            self.assertNotIn("\x1b[H", screen.text())


class GivenBack(Live):
    """However it ends, the terminal is as it was."""

    def test_on_keys_and_signals(self):
        self.begin()
        ways = [lambda b: os.write(b.master, b"xq"), lambda b: os.write(b.master, b"\x03"), lambda b: os.write(b.master, b"\x1c")]
        ways += [lambda b, n=number: b.process.send_signal(n) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
        for i, way in enumerate(ways):
            with self.subTest(i):
                board = self.board(*self.run_option)
                board.shows(r"value")
                self.assertTrue(board.model.is_alternate and not board.model.cursor and not board.model.wraps)
                self.assertFalse(termios.tcgetattr(board.master)[3] & (termios.ICANON | termios.ECHO))
                way(board)
                self.assertEqual(board.end(), 0)
                self.assert_given_back(board)
                self.assertEqual(len(board.model.normal), 1)

    def test_while_it_is_stopped(self):
        self.begin()
        script = f"set -m; '{TRIMTAB}' watch --run '{self.run_folder}'; echo it stopped; read x; fg >/dev/null; echo it ended with $?"
        board = self.board(command=["bash", "-c", script])
        board.shows(r"value")
        os.write(board.master, b"\x1a")  # Ctrl-Z
        wait_for("the shell", lambda: board.read(0.01) and "it stopped" in board.model.normal)
        self.assert_given_back(board)
        os.write(board.master, b"\n")
        wait_for("the picture", lambda: board.read(0.01) and board.model.is_alternate)
        board.shows(r"\Atoy  running")
        os.write(board.master, b"q")
        board.end()
        self.assertEqual(board.model.normal[-1], "it ended with 0")
        self.assertTrue(board.model.cursor and board.model.wraps)

    def test_a_terminal_that_takes_nothing_does_not_hold_it(self):
        self.begin("--series", 60, step_us=200)
        board = self.board(*self.run_option, columns=200, rows=60)
        board.shows(r"value")

        def unread():
            return struct.unpack("i", fcntl.ioctl(board.master, termios.FIONREAD, bytes(4)))[0]
        wait_for("a terminal that is full", lambda: unread() > 3000)
        board.process.send_signal(signal.SIGTERM)
        self.assertEqual(board.process.wait(timeout=PATIENCE), 0)


class Reconnect(Live):
    def test_the_picture_goes_on_with_the_next_server(self):
        self.begin()
        board = self.board(*self.run_option)
        board.shows(r"value")
        self.kill(self.server)
        board.shows(r"\n *nobody serves the run; .* looking for a server")
        board.shows(r"value")  # what is known stays
        old = int(board.shows(r"\nstep (\d+)")[1])
        self.server = self.serve()
        wait_for("newer steps", lambda: board.read(0.01) and int((re.search(r"\nstep (\d+)", board.model.text()) or [0, 0])[1]) > old)
        wait_for("no banner", lambda: board.read(0.01) and "nobody serves" not in board.model.text())
        os.write(board.master, b"q")
        self.assertEqual(board.end(), 0)
        self.assert_given_back(board)

    def test_the_end_of_a_run_stays_to_be_read(self):
        run = self.start(TRIMTAB, "run", "--run", self.run_folder, *OPEN, "--", TOY, "--step-us", 500)
        self.wait_address(run)
        wire = self.connect()
        self.wait_attached(wire)
        board = self.board("--run", self.run_folder)
        board.shows(r"value")
        wire.result(18)
        board.shows(r"the run has ended, and its server too")
        board.shows(r"\Atoy  finished")
        os.write(board.master, b"q")
        self.assertEqual(board.end(), 0)
        self.assertRegex(board.model.normal[-1], r"^toy  finished  step \d+")


class FakePicture(Live):
    """What a toy cannot do."""

    def points(self, *points):
        return {"event": "scalars", "points": [list(point) for point in points]}

    def test_hundreds_of_series_and_what_is_not_finite(self):
        fake = Fake(self)
        fake.events = [{"event": "declared", "series": {"id": i, "name": f"層{i // 20}/重み{i}é\x1b[2J"}} for i in range(500)]
        fake.events += [self.points(*[(i, 5, 1, "NaN" if i == 3 else i) for i in range(500)])]
        for columns, rows in ((40, 24), (80, 24), (200, 50), (7, 4)):
            board = self.board("--connect", fake.address, columns=columns, rows=rows)
            if columns > 7:
                board.shows(r"\+4\d\d more; --series GLO" if columns < 200 else r"\+\d+ more; --series GLOB chooses")
                board.shows(r"nan")
            else:
                board.shows(r"\Afake")
            fake.tell(self.points((3, 6, 1, 0.5)))
            if columns == 80:
                board.shows(r"0\.5 +@6 +1 not finite, at step 5|0\.5")
            self.assertEqual(board.model.faults, [])
            os.write(board.master, b"q")
            self.assertEqual(board.end(), 0)
            self.assert_given_back(board)

    def test_a_slower_rate_is_asked_for(self):
        fake = Fake(self)
        board = self.board("--connect", fake.address, "--series", "a*")
        board.shows(r"\Afake")
        subscription, = fake.asked(5)
        self.assertEqual((subscription["rate"], subscription["series"]), ("10/s", ["a*"]))

    def test_a_server_that_falls_silent(self):
        fake = Fake(self)
        board = self.board("--connect", fake.address)
        board.shows(r"\Afake")
        fake.tell = lambda *_: None
        board.shows(r"the server does not answer")
        os.write(board.master, b"q")
        self.assertEqual(board.end(), 0)

    def test_no_text_drives_the_terminal(self):
        server = HostileServer()
        self.addCleanup(server.close)
        for columns in (40, 200):
            board = self.board("--connect", server.address, "--for", "1", columns=columns)
            self.assertEqual(board.end(), 0)
            self.assertGreater(board.model.widest, 10)
            self.assert_given_back(board)
        for verb in (["clients"], ["stats"], ["runs"], ["output"], ["say", "x"], ["freeze"], ["freeze", "--off"], ["abort", "--yes"],
                     ["stop", "--checkpoint"], ["wait", "--step", "1"]):
            with self.subTest(verb):
                screen = self.screen(*verb, "--connect", server.address)
                self.assertIn(screen.end(), (0, 1))
                self.assertNotRegex(re.sub(r"\x1b\[(0|1|31|32|33)m", "", screen.text()), "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]")


class Wait(Live):
    def waiting(self, *arguments):
        return self.start(TRIMTAB, "wait", *arguments, keep_output=True)

    def ends(self, process, status, pattern):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, status, (out, err))
        self.assertRegex((out if status == 0 else err).decode(), pattern)

    def test_a_state_and_a_step(self):
        self.begin()
        paused = self.waiting("--state", "paused", "--state", "lost", *self.run_option)
        step = self.waiting("--step", "1000", *self.run_option)
        finished = self.waiting("--state", "finished", *self.run_option)
        never = self.waiting("--step", 10 ** 12, *self.run_option)
        self.ends(step, 0, r"\Atoy has reached step 1000: it is running at step \d+\n\Z")
        self.assertIsNone(paused.poll())
        self.wire.result(16)
        self.ends(paused, 0, r"\Atoy is paused at step \d+\n\Z")
        self.assertIsNone(finished.poll())
        self.wire.result(18)
        self.ends(finished, 0, r"\Atoy is finished at step \d+\n\Z")
        self.ends(never, 1, r"\Atrimtab: toy has ended: it is finished at step \d+, and what is waited for did not come\n\Z")

    def test_time_is_over(self):
        self.begin()
        self.ends(self.waiting("--state", "finished", "--for", "0.2", *self.run_option), 4, r"the time is over")
        told = json.loads(self.tool("wait", "--state", "running", "--json", *self.run_option).stdout)
        self.assertEqual((told["became"], told["what"], told["name"], told["state"]), (True, "state", "toy", "running"))

    def test_another_server(self):
        self.begin()
        process = self.waiting("--step", "3000", *self.run_option)
        only = self.waiting("--state", "finished")  # the only live run
        wait_for("two subscriptions", lambda: len(self.subscribed()) == 2)
        self.kill(self.server)
        self.server = self.serve()
        self.ends(process, 0, "step 3000")
        self.connect().result(18)
        self.ends(only, 0, "finished")

    def subscribed(self):
        return [client for client in self.wire.result(9)["clients"] if client["topics"]]

    def test_without_a_server_the_folder_is_asked(self):
        self.begin("--steps", 3000)
        process = self.waiting("--state", "finished", *self.run_option)
        wait_for("its subscription", self.subscribed)
        self.kill(self.server)
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        # what it did last is in the journal only: nobody knows that it has finished
        self.ends(self.waiting("--state", "finished", "--for", "0.5", *self.run_option), 3, "nobody serves the run")
        self.assertIsNone(process.poll())
        self.end_when_read(self.serve())
        self.ends(process, 0, r"finished at step 3000")
        self.ends(self.waiting("--state", "finished", *self.run_option), 0, r"finished at step 3000")
        self.ends(self.waiting("--state", "running", *self.run_option), 1, r"it is finished at step 3000")
        self.ends(self.waiting("--state", "lost", "--step", "2500", *self.run_option), 0, r"has reached step 2500")

    def end_when_read(self, server):
        with self.connect() as wire:
            self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
            wire.result(40)
        self.assertEqual(server.wait(timeout=PATIENCE), 0)

    def test_a_trainer_that_is_killed(self):
        self.begin()
        lost = self.waiting("--state", "lost", *self.run_option)
        finished = self.waiting("--state", "finished", *self.run_option)
        wait_for("two subscriptions", lambda: len(self.subscribed()) == 2)
        self.kill(self.trainer)
        self.ends(lost, 0, r"\Atoy is lost")
        self.ends(finished, 1, r"has ended: it is lost")

    def test_what_is_not_finite(self):
        fake = Fake(self)
        fake.events = [{"event": "declared", "series": {"id": 7, "name": "train/loss"}}, {"event": "scalars", "points": [[7, 1, 1, 0.5]]}]
        process = self.waiting("--nonfinite", "--series", "train/*", "--connect", fake.address)
        wait_for("its subscription", lambda: fake.asked(5))
        self.assertEqual(fake.asked(5)[0]["series"], ["train/*"])
        fake.tell({"event": "scalars", "points": [[7, 41, 1, "Infinity"], [7, 42, 1, 1]]})
        self.ends(process, 0, r"\Afake: train/loss is inf at step 41\n\Z")

    def test_the_last_value_of_an_ended_run_counts(self):
        """The state may come before the value."""
        fake = Fake(self)
        fake.events = [{"event": "run", "state": "finished", "step": 9}, {"event": "scalars", "points": [[7, 9, 1, "NaN"]]}]
        self.ends(self.waiting("--nonfinite", "--connect", fake.address), 0, "is nan at step 9")

    def test_what_cannot_be_meant(self):
        for arguments, said in (([], "--state, --step or --nonfinite"), (["--state", "pasued"], "did you mean `paused`"), (["--series", "a"], "--nonfinite"),
                                (["--step", "x"], "whole number"), (["--for", "-1", "--step", "1"], "seconds"), (["x"], "nothing but options")):
            self.refused(self.tool("wait", *arguments), 2, said)
        self.refused(self.tool("wait", "--step", "1"), 3, "no live run is known")
        self.refused(self.tool("wait", "--step", "1", "--run", self.folder / "none"), 3, "none")


class Stop(Live):
    def test_with_a_checkpoint(self):
        self.begin()
        shown = self.shown("stop", "--checkpoint", "--reason", "the machine is needed", *self.run_option)
        self.assertRegex(shown, r"\Awaiting for the checkpoint, as long as it takes .*\ndone at step \d+ \(ticket 1\)\nid: step-\d+\nstops at step \d+\n"
                                rf"this goes on with it:\n  cd \S+ && \S+ run --resume --run {re.escape(str(self.run_folder))} -- \S*toy --step-us 1000\n\Z")
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        self.assertEqual([r["reason"] for r in self.audit(self.wire) if r["record"] == "accepted"], ["the machine is needed"] * 2)

    def test_through_a_pipe(self):
        self.begin()
        done = self.tool("stop", "--checkpoint", *self.run_option)
        self.assertEqual([json.loads(line)["code"] for line in done.stdout.splitlines()], [21, 18])
        self.assertRegex(done.stderr, r"\Atrimtab: this goes on with it: cd \S+ && \S+ run --resume --run \S+ -- .*toy --step-us 1000\n\Z")

    def test_without_the_action_nothing_is_stopped(self):
        fake = Fake(self, _4={"actions": [{"name": "checkpoint", "attached": False, "params": []}], "settings": [], "series": []})
        self.refused(self.tool("stop", "--checkpoint", "--connect", fake.address), 1, "no action `checkpoint`", "nothing is stopped")
        self.assertEqual((fake.asked(21), fake.asked(18)), ([], []))

    def test_where_it_fails_nothing_is_stopped(self):
        actions = {"actions": [{"name": "checkpoint", "attached": True, "params": []}]}
        for reply in ({"CodeError": 46, "Message": "Refused by model", "Detail": "disk full"}, {"ticket": 1, "outcome": "pending"},
                      {"CodeError": 49, "Message": "Model lost", "Detail": "gone", "ticket": 1, "reached": True}):
            fake = Fake(self, _4=actions, _21=reply)
            done = self.tool("stop", "--checkpoint", "--connect", fake.address)
            self.assertEqual((done.returncode, fake.asked(18)), (1, []), done)
            self.assertIn("nothing is stopped", done.stderr)
            self.assertEqual(fake.asked(21)[0]["wait"], 86400)

    def test_it_waits_however_long(self):
        self.refused(self.tool("stop", "--checkpoint", "--no-wait"), 2, "leave out --no-wait")


class People(Live):
    def test_say(self):
        self.begin()
        self.wire.result(5, topics=["messages"])
        said = self.piped("say", "hello", "wörld", "--level", "warning", "--step", "7", *self.run_option)["result"]
        self.assertEqual((said["message"], said["step"]), (1, 7))
        event = self.wire.event("message", lambda e: e.get("id") == 1)
        self.assertEqual((event["text"], event["level"], event["step"]), ("hello wörld", "warning", 7))
        self.assertRegex(self.shown("say", "again", *self.run_option), r"^said \(message 2\) at step \d+\n$")
        self.refused(self.tool("say", "x", "--level", "loud", *self.run_option), 1, "43", "loud")
        self.refused(self.tool("say"), 2, "say needs TEXT")
        self.refused(self.tool("say", b"\xff", *self.run_option), 2, "UTF-8")

    def tool(self, *arguments, **options):
        if any(isinstance(argument, bytes) for argument in arguments):
            arguments = [a if isinstance(a, bytes) else str(a) for a in arguments]
            return subprocess.run([TRIMTAB, *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE, errors="replace")
        return super().tool(*arguments, **options)

    def test_clients(self):
        self.begin()
        self.wire.result(1, name="anna")
        self.wire.result(5, topics=["run", "scalars"])
        listed = self.piped("clients", *self.run_option)["result"]
        self.assertEqual(listed["total"], 2)
        shown = self.shown("clients", *self.run_option)
        self.assertRegex(shown, r"\Aclients +\d+ +anna \(claimed\) +admin +tcp 127\.0\.0\.1:\d+ +since \S+ \S+ +(run,scalars|scalars,run) +\S+ k?M?B sent +0 missed\n")
        self.assertRegex(shown, r"\n +\d+ +\S+ \(you\) +admin +unix .* follows nothing")

    def test_freeze(self):
        self.begin()
        frozen = "frozen: no changes are accepted until `trimtab freeze --off`\n"
        self.assertEqual(self.shown("freeze", "--reason", "measuring", *self.run_option), frozen)
        self.assertEqual(self.shown("freeze", *self.run_option), "it was frozen already\n")
        self.assertIn("frozen: no changes are accepted", self.shown("status", *self.run_option))
        self.refused(self.tool("set", "lr=0.2", *self.run_option), 1, "Frozen (51)")
        self.assertTrue(self.piped("freeze", "--off", *self.run_option)["result"]["changed"])
        self.assertEqual(self.shown("freeze", "--off", *self.run_option), "it was not frozen\n")
        self.piped("set", "lr=0.2", *self.run_option)

    def test_stats_and_runs(self):
        self.begin()
        stats = self.piped("stats", *self.run_option)["result"]
        self.assertGreater(stats["events"]["published"], 0)
        shown = self.shown("stats", *self.run_option)
        self.assertEqual(re.findall(r"(?m)^(\w+) ", shown), ["server", "clients", "requests", "events", "store"])
        self.assertEqual(self.shown("runs", *self.run_option), "there are no runs beside this one\n")
        self.end(self.serve(run=self.folder / "before"))
        self.assertEqual(self.piped("runs", *self.run_option)["result"]["total"], 1)
        self.assertRegex(self.shown("runs", *self.run_option), rf"\A{self.folder}/\nruns +before +\S+ +waiting")


class Started(Live):
    """What `trimtab run` started can be aborted, and has its output kept."""

    def run_command(self, *command):
        run = self.start(TRIMTAB, "run", "--run", self.run_folder, *OPEN, "--", *command)
        self.wait_address(run)
        self.run_option = ("--run", self.run_folder)
        return run

    def run_shell(self, script):
        return self.run_command("sh", "-c", script)

    def test_abort(self):
        run = self.run_command(TOY, "--step-us", 500)
        self.wait_attached(self.connect())
        self.refused(self.tool("abort", *self.run_option), 2, "--yes")
        for answer in (b"n\n", b"\n", b"\x04"):
            screen = self.screen("abort", "--grace", "5", *self.run_option)
            screen.until(r"toy \(pid \d+\) is running at step \d+\.\nIt is sent SIGTERM, and SIGKILL if it still lives after 5 seconds\. .*"
                         r"since it began is lost\n.*\nAbort it\? \[y/N\] ")
            os.write(screen.master, answer)
            self.assertEqual(screen.end(), 1)
            self.assertIn("nothing is done", screen.text())
        self.assertIsNone(run.poll())
        screen = self.screen("abort", "--reason", "it hangs", *self.run_option)
        screen.until(r"\[y/N\] ")
        os.write(screen.master, b"y\n")
        self.assertEqual(screen.end(), 0)
        self.assertIn("the trainer has ended after SIGTERM, with status 143\n", screen.text())
        self.assertEqual(run.wait(timeout=PATIENCE), 143)

    def test_abort_of_one_that_does_not_listen(self):
        self.run_command("sh", "-c", f"trap '' TERM; '{TOY}' --step-us 500; :")
        self.wait_attached(self.connect())
        told = self.piped("abort", "--yes", "--grace", "0.2", *self.run_option)["result"]["result"]
        self.assertEqual(told["signal"], "SIGKILL")

    def test_abort_of_one_that_was_not_started_here(self):
        self.begin()
        self.refused(self.tool("abort", "--yes", *self.run_option), 1, "Not in this state (55)")
        self.assertIsNone(self.trainer.poll())

    def test_output(self):
        go = self.folder / "go"
        run = self.run_shell(f"for i in 1 2 3 4 5; do echo line $i; done; printf '\\033[32mgreen\\033[0m\\tx\\033]0;t\\007\\n'; printf half; "
                             f"until [ -e {go} ]; do sleep 0.01; done; echo ' done'; echo last")
        wait_for("its output", lambda: (self.run_folder / "output").read_bytes().endswith(b"half"))
        self.assertEqual(self.tool("output", *self.run_option).stdout.splitlines()[:5], [f"line {i}" for i in range(1, 6)])
        self.assertEqual(self.tool("output", "--lines", "2", *self.run_option).stdout.splitlines()[0], "line 5")
        page = self.piped("output", "--json", "--lines", "3", *self.run_option)["result"]
        self.assertEqual(([line["text"] for line in page["lines"]][:2], page["partial"]), (["line 4", "line 5"], "half"))
        self.assertEqual(self.shown("output", "--lines", "2", *self.run_option), "line 5\ngreen\tx\ufffd]0;t\ufffd\nhalf\n")
        piped = self.start(TRIMTAB, "output", "--follow", "--lines", "2", *self.run_option, keep_output=True)
        screen = self.screen("output", "--follow", "--lines", "1", *self.run_option)
        screen.until(r"\Agreen\tx.*\nhalf\Z")
        self.assertEqual(piped.stdout.readline(), b"line 5\n")
        with self.connect() as wire:
            wait_for("both follow", lambda: len([c for c in wire.result(9)["clients"] if "output" in c["topics"]]) == 2)
        go.touch()
        self.assertEqual((piped.stdout.read().splitlines()[1:], piped.stderr.read()), ([b"half done", b"last"], b""))
        self.assertEqual(piped.wait(timeout=PATIENCE), 0)
        self.assertEqual(screen.end(), 0)
        self.assertTrue(screen.text().endswith("half\r\x1b[Khalf done\nlast\n"), ascii(screen.text()))
        self.assertEqual(run.wait(timeout=PATIENCE), 0)

    def test_a_bar_is_drawn_over(self):
        go = self.folder / "go"
        self.run_shell(f"echo begin; until [ -e {go} ]; do i=$((i+1)); printf '\\r%d %%' $i; sleep 0.05; done; echo; echo end")
        screen = self.screen("output", "--follow", *self.run_option)
        screen.until(r"\r\x1b\[K\d+ %\r\x1b\[K\d+ %")
        go.touch()
        self.assertEqual(screen.end(), 0)
        self.assertRegex(screen.text(), r"\A(trimtab: .*\n)?begin\n")
        self.assertRegex(screen.text(), r"\r\x1b\[K\d+ %\nend\n\Z")

    def test_output_of_a_trainer_that_was_not_started_here(self):
        self.begin()
        self.assertEqual(self.tool("output", *self.run_option).stdout, "")


class Help(Cli):
    def test_of_every_verb(self):
        for verb in ("wait", "output", "say", "freeze", "abort", "clients", "runs", "stats", "stop", "watch", "status", "describe", "shutdown"):
            with self.subTest(verb):
                told = self.tool(verb, "--help").stdout
                self.assertRegex(told, r"\nExamples?: ")
                self.assertIn("Exit status: 0", told)
                self.assertLess(max(map(len, told.splitlines())), 121)


if __name__ == "__main__":
    unittest.main()
