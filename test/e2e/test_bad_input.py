"""Bad input and hostile circumstances: each gets one clear sentence, nothing is lost or half-written, and the rest goes on."""
import json
import mmap
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import time
import unittest
import zlib

from harness import DUMP, OPEN, PATIENCE, TOY, TRIMTAB, Case, Wire, truth, wait_for

NOBODY = 65534
VERBS = ["run", "serve", "status", "describe", "watch", "pause", "resume", "stop", "advance", "set", "act", "cancel", "audit", "history", "call",
         "shutdown"]
SEGMENT, SEGMENT_HEADER = 2 << 20, 4096


class Bad(Case):
    def setUp(self):
        super().setUp()
        self.wires = []

    def connect(self, run=None):
        self.wires.append(super().connect(run))
        return self.wires[-1]

    def wait_attached(self, wire):
        """Also a second trainer, whose run has a step already."""
        super().wait_attached(wire)
        wait_for("all declarations", lambda: {a["name"]: a["attached"] for a in wire.result(4)["actions"]}.get("hold"))
        return wire.result(3)

    def end(self, process, number=signal.SIGTERM):
        """A server waits a while for its clients to hang up: ours do."""
        while self.wires:
            self.wires.pop().close()
        return super().end(process, number)

    def serves(self, process, run=None):
        try:
            return str(process.pid) in (run or self.run_folder).joinpath("lock").read_text(errors="replace").split()
        except FileNotFoundError:
            return False

    def refused(self, done, status, *words):
        """It ended with this status and one sentence on standard error that holds the words."""
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("trimtab: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def serve_fails(self, *words, status=1, run=None, **options):
        done = self.tool("serve", "--run", run or self.run_folder, *OPEN, **options)
        self.refused(done, status, *words)

    def warnings(self, word):
        return [line for line in self.log().splitlines() if " warning " in line and word in line]

    def record(self, steps):
        """A run without a server: all of it waits in the journal."""
        self.run_folder.mkdir(mode=0o700, exist_ok=True)
        self.assertEqual(self.train("--steps", steps).wait(timeout=PATIENCE), 0)

    def segments(self):
        return sorted(path for path in (self.run_folder / "journal" / "0").iterdir() if path.name[0] != ".")

    def steps(self, run=None):
        return [step for step, _ in self.points(run=run)]

    def serve_to_the_end(self):
        """Serves what the folder holds until the run has ended, and ends; what is stored then."""
        server = self.serve()
        self.wait_status(self.connect(), "the end", lambda s: s["run"]["state"] in ("finished", "lost"))
        self.assertEqual(self.end(server), 0)
        return self.steps()

    def as_nobody(self):
        """Options of a process without root's rights; the program in a place that it can reach."""
        if os.geteuid() != 0:
            return TRIMTAB, {}
        self.folder.chmod(0o755)
        program = self.folder / "trimtab"
        if not program.exists():
            shutil.copy(TRIMTAB, program)
            program.chmod(0o755)
        return str(program), {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def own(self, *paths):
        for path in paths:
            os.chown(path, NOBODY if os.geteuid() == 0 else -1, -1)


class Arguments(Bad):
    def test_wrong_arguments_of_every_verb(self):
        wrong = [([], "help"), (["frobnicate"], "frobnicate", "help"), (["statu"], "statu", "`status`"), (["help", "statu"], "`status`")]
        for verb in VERBS:
            wrong += [([verb, "--frobnicate"], "--frobnicate", f"trimtab {verb} --help"), ([verb, "-x"], "-x", f"trimtab {verb} --help"),
                      ([verb, "--run"], "--run needs a value", f"trimtab {verb} --help")]
        for verb in ("status", "describe", "watch", "pause", "resume", "stop", "audit", "shutdown"):
            wrong.append(([verb, "superfluous"], "superfluous", f"trimtab {verb} --help"))
        for verb in ("run", "advance", "set", "act", "cancel"):
            wrong.append(([verb], f"{verb} needs", f"trimtab {verb} --help"))
        wrong += [(["advance", word], f"`{word}`", "whole number") for word in ("x", "1.5", "", "99999999999999999999", "5x")]
        wrong += [(["cancel", "x"], "`x`", "ticket"), (["advance", "1", "2"], "`2`"),
                  (["pause", "--at-step", "1e3"], "`1e3`", "--at-step"), (["pause", "--deadline", "-1"], "`-1`", "--deadline"),
                  (["pause", "--wait", "nan"], "`nan`", "--wait"), (["pause", "--no-wait=1"], "--no-wait takes no value"),
                  (["resume", "--at-step", "5"], "--at-step"), (["watch", "--for", "soon"], "`soon`", "--for"),
                  (["watch", "--count", "many"], "`many`", "--count"), (["audit", "--limit", "x"], "`x`", "--limit"),
                  (["set", "lr=1", "--revision", "lr"], "`lr`", "--revision takes NAME=NUMBER"), (["serve"], "--run FOLDER"),
                  (["serve", "a", "superfluous"], "superfluous", "trimtab serve --help"), (["serve", "a", "--run", "b"], "one of them"),
                  (["status", "--run", "a", "--connect", "127.0.0.1:1"], "--run and --connect", "one of them"),
                  (["call", "--timeout", "x", "{}"], "`x`", "--timeout")]
        for arguments, *words in wrong:
            with self.subTest(arguments):
                self.refused(self.tool(*arguments, cwd=self.folder), 2, *words)
        self.assertEqual(list(self.folder.iterdir()), [], "wrong arguments leave nothing behind")

    def test_wrong_addresses(self):
        not_host_port = ("x", "127.0.0.1", ":7342", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:7342x", "")
        elsewhere = ("0.0.0.0:0", "10.0.0.1:0", "[::]:0", "localhost.example:0", "128.0.0.1:0")
        for verb, more in (("serve", ("--run", self.run_folder)), ("run", ("--", "true"))):
            for address in not_host_port:
                with self.subTest((verb, address)):
                    self.refused(self.tool(verb, "--auth", "none", "--listen", address, *more), 2, f'"{address}"', "127.0.0.1:7342")
            for address in elsewhere:
                with self.subTest((verb, address)):
                    self.refused(self.tool(verb, "--auth", "none", "--listen", address, *more), 2, address.rsplit(":", 1)[0].strip("[]"), "only loopback")
            for auth in ("tokens", "", "NONE"):
                with self.subTest((verb, auth)):
                    self.refused(self.tool(verb, f"--auth={auth}", "--listen", "127.0.0.1:0", *more), 2, f"--auth {auth}", "none")
        for address in ("x", "127.0.0.1:0", "example.org:1", "[::1:7342", "127.0.0.1:99999"):
            with self.subTest(("status", address)):
                self.refused(self.tool("status", "--connect", address), 2, address, "127.0.0.1:7342")
        self.assertEqual(list(self.folder.iterdir()), [], "wrong addresses leave nothing behind")

    def test_values_that_do_not_suit_the_run(self):
        self.serve()
        self.train("--step-us", 500)
        self.wait_attached(self.connect())
        run = ("--run", self.run_folder)
        for arguments, *words in ((["set", "lr"], "`lr`", "NAME=VALUE"), (["set", "lrr=1"], "`lrr`", "`lr`"), (["set", "lr=fast"], "lr", "`fast`"),
                                  (["set", "batch=1.5"], "batch", "`1.5`"), (["set", "flag=maybe"], "flag", "`maybe`"),
                                  (["set", "lr=1", "lr=2"], "lr is given twice"), (["set", "zebra=1"], "`zebra`"),
                                  (["act", "ech"], "`ech`", "`echo`"), (["act", "echo", "times=x"], "times", "`x`"),
                                  (["act", "echo", "x=1"], "`x`"), (["call", ""], "empty")):
            with self.subTest(arguments):
                self.refused(self.tool(*arguments, *run), 2, *words)
        # what is well formed for us and wrong for the run is refused by the server: its reply, and one sentence
        for arguments, error, word in ((["set", "lr=7"], 43, "lr"), (["set", "mode=none"], 43, "mode"), (["advance", "0"], 43, "steps"),
                                       (["cancel", "77"], 43, "77"), (["watch", "--topics", "gossip"], 43, "gossip"),
                                       (["audit", "--limit", "0"], 43, "limit")):
            with self.subTest(arguments):
                done = self.tool(*arguments, *run)
                self.assertEqual((done.returncode, json.loads(done.stdout)["CodeError"]), (1, error))
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertIn(word, done.stderr)
        for garbage in ("garbage", "{", "[]", '{"code":99}', "\udcff"):  # as they are: the reply says what is wrong
            done = self.tool("call", garbage, *run)
            self.assertEqual(done.returncode, 1)
            self.assertIn(json.loads(done.stdout)["CodeError"], (41, 42))
        self.assertEqual(self.audit(self.connect()), [])


class Folders(Bad):
    def steer(self, run):
        """Serves it, trains, and steers over its Unix socket."""
        server = self.serve(run=run)
        self.train("--step-us", 500, run=run)
        self.wait_attached(self.connect(run))
        done = self.tool("set", "lr=0.25", "--run", run)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout)["result"]["settings"]["lr"]["effective"], 0.25)
        accepted = self.audit(self.connect(run))[0]
        self.assertEqual(accepted["address"], "unix")
        self.assertEqual(self.tool("stop", "--run", run).returncode, 0)
        self.wait_status(self.connect(run), "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.tool("audit", "--verify", "--run", run).returncode, 0)
        self.assertEqual(sorted(os.listdir(run)), ["journal", "lock", "resume", "run.db", "trainer"])

    def test_parents_are_made(self):
        self.steer(self.folder / "a" / "b" / "c")
        self.assertEqual((self.folder / "a").stat().st_mode & 0o777, 0o700)

    def test_a_long_path(self):
        run = self.folder / ("n" * 100) / ("m" * 120) / "run"
        self.assertGreater(len(str(run)), 230)  # a Unix socket's address holds 107
        self.steer(run)

    def test_a_path_of_any_characters(self):
        self.steer(self.folder / "a run, 100% 'quoted' \"so\" ?x=1#y é 漢字 😀 -- \\")

    def test_a_path_that_is_too_long(self):
        self.serve_fails("name too long", run=self.folder / ("n" * 300))
        self.serve_fails("too long", status=2, run=str(self.folder) + "/x" * 2500)

    def test_a_file_where_the_folder_should_be(self):
        file = self.folder / "file"
        file.write_text("mine")
        self.serve_fails(str(file), "is not a folder", "choose another", run=file)
        self.serve_fails(str(file), "is not a folder", "choose another", run=file / "under" / "it")
        done = self.tool("run", "--run", file, "--", "true")
        self.refused(done, 1, str(file), "is not a folder")
        for verb in ("status", "watch", "pause"):
            self.refused(self.tool(verb, "--run", file), 3, str(file))
        self.assertEqual(file.read_text(), "mine")

    def test_a_folder_that_cannot_be_written(self):
        program, options = self.as_nobody()
        closed = self.folder / "closed"
        closed.mkdir(mode=0o555)
        closed.chmod(0o555)
        for run in (closed, closed / "new"):
            done = self.tool("serve", "--run", run, *OPEN, executable=program, **options)
            self.refused(done, 1, str(run), "Permission denied")
        self.assertEqual(list(closed.iterdir()), [])

    def test_the_folder_of_somebody_else(self):
        """All of its files are there, none may be touched; where they may be read they are served (test_history)."""
        self.end(self.serve())
        program, options = self.as_nobody()
        before = {path.name: path.read_bytes() for path in self.run_folder.iterdir() if path.is_file()}
        self.run_folder.chmod(0o700 if options else 0)
        done = self.tool("serve", "--run", self.run_folder, *OPEN, executable=program, **options)
        self.run_folder.chmod(0o700)
        self.refused(done, 1, str(self.run_folder), "Permission denied")
        self.assertEqual({path.name: path.read_bytes() for path in self.run_folder.iterdir() if path.is_file()}, before)


class Ports(Bad):
    def test_a_busy_port_that_was_asked_for(self):
        with socket.create_server(("127.0.0.1", 0)) as busy:
            address = "127.0.0.1:%d" % busy.getsockname()[1]
            self.refused(self.tool("serve", "--run", self.run_folder, "--listen", address), 1, address, "--listen", "port 0")
            self.refused(self.tool("run", "--run", self.run_folder, "--listen", address, "--", "touch", self.folder / "x"), 1, address)
        self.assertFalse((self.folder / "x").exists(), "the command was not started")
        self.assertFalse((self.run_folder / "address").exists() or (self.run_folder / "sock").exists())
        self.serve()

    def test_without_listen_the_next_free_port_is_taken(self):
        try:
            taken = socket.create_server(("127.0.0.1", 7342))
            self.addCleanup(taken.close)
        except OSError:
            pass  # somebody has it already: as good
        ports = []
        for name in ("a", "b"):
            run = self.folder / name
            server = self.start(TRIMTAB, "serve", "--run", run)
            ports.append(int(self.wait_address(server, run).rsplit(":", 1)[1]))
            self.assertEqual(self.unix(run).result(1)["run"]["folder"], str(run))
        self.assertGreater(ports[0], 7342)
        self.assertGreater(ports[1], ports[0])

    def test_a_run_that_another_server_holds(self):
        first = self.serve()
        self.serve_fails(str(first.pid), str(self.run_folder), "trimtab status --run")
        done = self.tool("run", "--run", self.run_folder, "--", "touch", self.folder / "x")
        self.refused(done, 1, str(first.pid))
        self.assertFalse((self.folder / "x").exists())
        self.assertEqual(self.tool("status", "--run", self.run_folder).returncode, 0)  # socket and address are the first one's still


class Database(Bad):
    """A run of 300 steps and two requests, all stored; 200 steps more wait in the journal."""

    def setUp(self):
        super().setUp()
        server = self.serve()
        trainer = self.train("--step-us", 2000, "--steps", 500)
        wire = self.connect()
        self.wait_attached(wire)
        self.tickets = [wire.result(20, settings={"lr": value})["ticket"] for value in (0.2, 0.3)]
        self.wait_status(wire, "some steps", lambda s: s["run"]["step"] > 300)
        self.assertEqual(self.end(server), 0)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        self.db = self.run_folder / "run.db"
        self.assertEqual(len(self.segments()), 1)

    def damage(self, at, data):
        with open(self.db, "r+b") as file:
            file.seek(at)
            file.write(data)

    def files(self):
        """What lies in the folder, but for what a server that is refused may write: its name in the lock."""
        return {path.name: zlib.crc32(path.read_bytes()) for path in self.run_folder.iterdir() if path.is_file() and path.name != "lock"}

    def moved_aside(self):
        return [path for path in self.run_folder.glob("run.db.damaged-*") if path.name[-4:] not in ("-wal", "-shm")]

    def assert_begun_anew(self, before):
        """The damaged file is kept as it was; all that the journal held is stored again; no ticket is used again."""
        server = self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        said = self.warnings("run.db was damaged")
        self.assertEqual(len(said), 1, self.log())
        aside = self.moved_aside()
        self.assertEqual([path.read_bytes() for path in aside], [before])
        self.assertIn(aside[0].name, said[0])
        self.train("--step-us", 200, "--life", 2)
        self.wait_attached(wire)
        result = wire.result(20, settings={"lr": 0.5})
        self.assertGreater(result["ticket"], max(self.tickets))
        self.assertLess(result["ticket"], 2 ** 53)
        self.assertEqual(result["settings"]["lr"]["effective"], 0.5)
        self.assertEqual(wire.result(22, ticket=result["ticket"])["outcome"], "applied")
        wire.result(18)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        self.assertEqual(self.end(server), 0)
        points = self.points()
        self.assertEqual(points[:500], [(step, 1e9 + step) for step in range(500)])
        self.assertTrue(all(value >= 2e9 for _, value in points[500:]))
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)
        self.assertEqual([path.read_bytes() for path in self.moved_aside()], [before])

    def test_random_bytes_at_its_start(self):
        self.damage(0, random.Random(1).randbytes(4096))
        self.assert_begun_anew(self.db.read_bytes())

    def test_cut_to_100_bytes(self):
        os.truncate(self.db, 100)
        self.assert_begun_anew(self.db.read_bytes())

    def test_overwritten_in_the_middle(self):
        size = self.db.stat().st_size
        self.damage(size // 4, random.Random(2).randbytes(size // 2))
        self.assert_begun_anew(self.db.read_bytes())

    def test_without_a_byte(self):
        os.truncate(self.db, 0)
        self.assert_begun_anew(b"")

    def test_gone(self):
        """Nothing to move aside; but tickets whose outcomes the journal holds are not given away again."""
        self.db.unlink()
        server = self.serve()
        self.assertEqual(len(self.warnings("run.db was damaged (it is missing")), 1, self.log())
        self.train("--step-us", 200, "--life", 2)
        wire = self.connect()
        self.wait_attached(wire)
        result = wire.result(20, settings={"lr": 0.5})
        self.assertGreater(result["ticket"], max(self.tickets))
        self.assertEqual(result["settings"]["lr"]["effective"], 0.5)
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.steps()[:500], list(range(500)))
        self.assertEqual(self.moved_aside(), [])

    def test_the_second_half_missing(self):
        os.truncate(self.db, self.db.stat().st_size // 8192 * 4096)
        self.assert_begun_anew(self.db.read_bytes())

    def test_damaged_twice_in_a_second(self):
        for n in (1, 2):
            self.damage(0, b"%d" % n * 4096)
            self.end(self.serve())
        self.assertEqual(sorted(path.read_bytes()[:1] for path in self.moved_aside()), [b"1", b"2"])

    def test_made_by_a_newer_trimtab(self):
        with sqlite3.connect(self.db) as db:
            db.execute("PRAGMA user_version=99")
        db.close()
        before = self.files()
        self.serve_fails("newer trimtab", "99", "use that trimtab")
        self.assertEqual(self.files(), before)
        self.refused(self.tool("audit", "--verify", "--run", self.run_folder), 3, "newer trimtab")
        self.assertEqual(self.files()["run.db"], before["run.db"])
        self.assertEqual(len(self.segments()), 1)

    def test_another_programs_database(self):
        self.db.unlink()
        with sqlite3.connect(self.db) as db:
            db.execute("CREATE TABLE recipes(name TEXT)")
            db.execute("INSERT INTO recipes VALUES('soup')")
        db.close()
        before = self.files()
        self.serve_fails("another program's database", "choose another folder")
        self.assertEqual(self.files(), before)

    def test_a_folder_in_its_place(self):
        self.db.unlink()
        self.db.mkdir()
        (self.db / "mine").write_text("mine")
        self.serve_fails("run.db")
        self.assertEqual((self.db / "mine").read_text(), "mine")

    def test_that_cannot_be_read(self):
        program, options = self.as_nobody()
        self.own(self.run_folder, *self.run_folder.rglob("*"))
        self.db.chmod(0)
        self.serve_fails("run.db", executable=program, **options)
        self.db.chmod(0o600)
        self.assertEqual(self.serve_to_the_end(), list(range(500)))


class Journal(Bad):
    """What lies in the journal of a run that was recorded without a server; nothing that cannot be read is ever deleted."""

    def patch(self, path, at, data):
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(data)

    def assert_kept(self, *contents):
        """Somewhere in the journal's folder each of these is still there, byte for byte."""
        left = [path.read_bytes() for path in (self.run_folder / "journal").rglob("*") if path.is_file()]
        for content in contents:
            self.assertIn(zlib.crc32(content), [zlib.crc32(data) for data in left])

    def assert_gap_told(self, *words, times=1):
        """A log line, and a row in run.db."""
        told = [line for line in self.warnings("gap: ") if all(word in line for word in words)]
        self.assertEqual(len(told), times, self.log())
        with sqlite3.connect(self.run_folder / "run.db") as db:
            rows = [row for row, in db.execute("SELECT reason FROM gaps") if all(word in row for word in words)]
        db.close()
        self.assertEqual(len(rows), times, rows)

    def three_segments(self):
        self.record(160_000)
        segments = self.segments()
        self.assertEqual(len(segments), 3)
        return segments

    def assert_rest(self, steps, lost_from, lost_to):
        """All is stored once and in order but for a stretch that begins and ends within these bounds."""
        missing = sorted(set(range(160_000)) - set(steps))
        self.assertEqual(sorted(set(steps)), steps)
        self.assertEqual(missing, list(range(missing[0], missing[-1] + 1)))
        self.assertGreaterEqual(missing[0], lost_from)
        self.assertLess(missing[-1], lost_to)

    def test_a_segment_of_another_version(self):
        segments = self.three_segments()
        self.patch(segments[1], 8, struct.pack("<I", 7))
        bytes_before = segments[1].read_bytes()
        self.assert_rest(self.serve_to_the_end(), 60_000, 135_000)
        self.assert_gap_told(segments[1].name, "version 7")
        self.assert_kept(bytes_before)

    def test_the_only_segment_of_another_version(self):
        self.record(100)
        segment, = self.segments()
        self.patch(segment, 8, struct.pack("<I", 7))
        bytes_before = segment.read_bytes()
        for _ in range(2):
            server = self.serve()
            self.train("--steps", 50, "--life", 2).wait(timeout=PATIENCE)
            self.wait_status(self.connect(), "the end", lambda s: s["run"]["state"] == "finished")
            self.end(server)
        self.assert_gap_told(segment.name, "version 7", times=2)  # by each server that finds it there
        self.assertEqual(segment.read_bytes(), bytes_before)
        self.assertEqual(self.steps(), 2 * list(range(50)))

    def test_garbage_in_a_header(self):
        segments = self.three_segments()
        self.patch(segments[1], 0, random.Random(3).randbytes(SEGMENT_HEADER))
        bytes_before = segments[1].read_bytes()
        self.assert_rest(self.serve_to_the_end(), 60_000, 135_000)
        self.assert_gap_told(segments[1].name, "not a segment")
        self.assert_kept(bytes_before)

    def test_garbage_in_the_words_that_change(self):
        segments = self.three_segments()
        self.patch(segments[1], 128, b"\xff" * 16)
        bytes_before = segments[1].read_bytes()
        self.assert_rest(self.serve_to_the_end(), 60_000, 135_000)
        self.assert_gap_told("count of published bytes")
        self.assert_kept(bytes_before)

    def test_garbage_in_the_middle(self):
        segments = self.three_segments()
        self.patch(segments[1], SEGMENT // 2, random.Random(4).randbytes(5000))
        bytes_before = segments[1].read_bytes()
        self.assert_rest(self.serve_to_the_end(), 90_000, 135_000)
        self.assert_gap_told("bytes of the journal are damaged")
        self.assert_kept(bytes_before)

    def test_a_flipped_bit_in_every_part(self):
        """Nothing that carries a checksum is believed, nothing ends the server."""
        self.record(300)
        segment, = self.segments()
        sound = segment.read_bytes()
        moment = random.Random(5)
        for at in [moment.randrange(SEGMENT_HEADER, SEGMENT_HEADER + 9000) for _ in range(12)]:
            segment.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << moment.randrange(8)]) + sound[at + 1:])
            for path in self.run_folder.glob("run.db*"):
                path.unlink()
            (self.run_folder / "lock").unlink(missing_ok=True)
            steps = self.serve_to_the_end()
            self.assertGreaterEqual(len(steps), 0)
            self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)

    def test_a_missing_segment(self):
        segments = self.three_segments()
        segments[1].unlink()
        self.assert_rest(self.serve_to_the_end(), 60_000, 135_000)
        self.assert_gap_told("missing", segments[2].name)

    def test_the_first_segment_missing(self):
        segments = self.three_segments()
        segments[0].unlink()
        steps = self.serve_to_the_end()
        self.assertEqual(steps, list(range(steps[0], 160_000)))
        self.assert_gap_told("missing", segments[1].name)

    def test_what_is_no_segment_at_all(self):
        """A folder, a sparse file of a terabyte, a fifo, a link, a socket, an empty file: each under a segment's name or under its own."""
        self.record(1000)
        segment, = self.segments()
        journal = self.run_folder / "journal" / "0"
        name = "%032x.%010d"
        (journal / (name % (1, 0))).mkdir()
        (journal / "folder").mkdir()
        with open(journal / (name % (2, 0)), "wb") as file:
            file.truncate(1 << 40)
        os.mkfifo(journal / (name % (3, 0)))
        (journal / (name % (4, 0))).symlink_to("/dev/zero")
        (journal / (name % (5, 0))).write_bytes(b"")
        with socket.socket(socket.AF_UNIX) as peer:
            peer.bind(str(journal / (name % (6, 0))))
        (journal / "notes").write_text("mine")
        before = {path.name: path.lstat().st_ino for path in journal.iterdir() if path != segment}
        for _ in range(2):
            self.assertEqual(self.serve_to_the_end(), list(range(1000)))
        for number in range(1, 7):
            self.assert_gap_told(name % (number, 0))
        after = {path.name.removesuffix(".damaged"): path.lstat().st_ino for path in journal.iterdir()}
        self.assertEqual(after, before)  # moved aside perhaps, never deleted

    def test_a_segment_that_may_not_be_read(self):
        program, options = self.as_nobody()
        segments = self.three_segments()
        self.own(self.run_folder, *self.run_folder.rglob("*"))
        segments[1].chmod(0)
        server = self.serve(executable=program, **options)
        self.wait_status(self.connect(), "the end", lambda s: s["run"]["state"] == "finished")
        self.assertEqual(self.end(server), 0)
        self.assert_rest(self.steps(), 60_000, 135_000)
        self.assert_gap_told(segments[1].name, "Permission denied")
        kept, = (path for path in segments[1].parent.iterdir() if path.name.startswith(segments[1].name))
        self.assertEqual(kept.stat().st_size, SEGMENT)

    def test_what_is_stored_before_the_loop_has_read_it(self):
        """The store's own reader may be the faster one: what it has covered stays until the loop has read it too."""
        self.record(1_500_000)
        self.assertGreater(len(self.segments()), 20)
        server = self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] in ("finished", "lost"))
        self.assertEqual(wire.result(3)["run"]["state"], "finished", self.log())
        self.assertEqual([s["count"] for s in wire.result(4)["series"]], [1_500_000])
        self.assertEqual(self.warnings("gap"), [])
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.segments(), [])

    def test_a_gap_is_an_event(self):
        self.three_segments()[1].unlink()
        self.serve()
        wire = self.connect()
        wire.result(5, topics=["messages"], since={"epoch": wire.result(5, topics=["run"])["cursor"]["epoch"], "n": 0})
        message = wire.event("message")
        self.assertEqual((message["level"], message["by"]), ("warning", "trimtab"))
        self.assertIn("missing", message["text"])


class Mailbox(Bad):
    def test_garbage_in_it_while_a_trainer_runs(self):
        """Neither side believes the other's bytes: both live on, and the next trainer is steered as ever."""
        server = self.serve()
        path = self.folder / "truth"
        trainer = self.train("--truth", path)
        wire = self.connect()
        self.wait_attached(wire)
        tickets = [wire.result(20, settings={"lr": 0.2}, at_step=10 ** 12, wait=0)["ticket"] for _ in range(5)]
        mailbox, = self.run_folder.glob("mailbox.*")
        moment = random.Random(6)
        words = [struct.pack("<Q", n) for n in (0, 1, 2, 3, 4, 5, 255, 257, 1 << 56, (1 << 63) + 1, (1 << 64) - 1, tickets[0] << 8 | 2, tickets[1] << 8 | 3,
                                                   10 ** 9 << 8 | 1, 2 ** 52 << 8 | 1, 2 ** 53 - 1 << 8 | 1)]
        with open(mailbox, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
            until = time.monotonic() + 1.5  # how long is the input here, not a wait
            while time.monotonic() < until:
                for _ in range(300):  # the words that count, the slots, the payload
                    at = 64 + 8 * moment.randrange((192 + 64 * 64 - 64) // 8)
                    data[at:at + 8] = moment.choice(words) if moment.random() < 0.5 else moment.randbytes(8)
                for _ in range(20):
                    at = moment.randrange(192 + 64 * 64, len(data) - 4096)
                    data[at:at + 4096] = moment.randbytes(4096)
                self.connect().result(3)
                try:
                    with Wire(self.address(), 0.05) as asker:
                        asker.call(moment.choice([16, 17]), wait=0.01)
                except TimeoutError:
                    pass
        self.assertIsNone(server.poll(), self.log()[-2000:])
        self.assertIsNone(trainer.poll())
        steps = truth(path)[1]  # a slot of an old pause that came to life again may hold it
        wait_for("further steps, or a pause", lambda: truth(path)[1] > steps or wire.result(3)["run"]["state"] == "paused")
        self.kill(trainer)
        self.wait_status(wire, "the loss", lambda s: not s["pending"] and not s["trainer"]["attached"])
        self.train("--step-us", 200, "--life", 2)
        self.wait_attached(wire)
        result = wire.result(20, settings={"lr": 0.5})
        self.assertEqual(result["settings"]["lr"]["effective"], 0.5)
        self.assertLess(result["ticket"], 10 ** 6)  # what the garbage called itself is no ticket
        self.assertTrue(wire.result(16)["changed"])
        self.assertEqual(self.end(server), 0)
        records = self.audit_of_folder()
        accepted = [ticket for ticket, record in records if record == "accepted"]
        self.assertEqual(sorted(accepted), sorted(set(accepted)))
        self.assertLessEqual({ticket for ticket, record in records if record == "outcome"}, set(accepted))
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)
        server = self.serve()  # tickets go on where they were
        wire = self.connect()
        self.wait_attached(wire)
        self.assertEqual(wire.result(17, wait=5)["ticket"], result["ticket"] + 2)
        self.assertLess(len(self.log()), 1 << 20)

    def audit_of_folder(self):
        with sqlite3.connect(self.run_folder / "run.db") as db:
            rows = db.execute("SELECT ticket, record FROM audit").fetchall()
        db.close()
        return rows

    def test_those_of_dead_trainers_hold_nothing_of_the_living_one(self):
        server = self.serve()
        self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        ticket = wire.result(20, settings={"lr": 0.2}, at_step=10 ** 12, wait=0)["ticket"]
        self.wait_status(wire, "the request", lambda s: [p["phase"] for p in s["pending"]] == ["posted"])
        mailbox, = self.run_folder.glob("mailbox.*")
        self.kill(server)
        data = mailbox.read_bytes()
        for n in range(8):  # before and behind it, in whatever order a folder is listed
            dead = data[:16] + bytes([n]) + data[17:32] + struct.pack("<Q", 1000 + n) + data[40:192] + bytes(len(data) - 192)
            (self.run_folder / f"mailbox.{n:02x}{mailbox.name[10:]}").write_bytes(dead)
        self.serve()
        wire = self.connect()
        self.wait_attached(wire)
        self.assertEqual([(p["ticket"], p["phase"]) for p in wire.result(3)["pending"]], [(ticket, "posted")])
        self.assertEqual(wire.result(22, ticket=ticket)["outcome"], "cancelled")
        wait_for("the dead ones to be removed", lambda: list(self.run_folder.glob("mailbox.*")) == [mailbox])

    def test_one_that_is_none(self):
        """Garbage under a mailbox's name is left alone, and told."""
        self.record(10)
        path = self.run_folder / ("mailbox." + "7" * 32)
        sound, = (path.read_bytes() for path in self.run_folder.glob("mailbox.*"))
        for content in (b"", b"x" * 100, random.Random(7).randbytes(len(sound)), sound[:8] + b"\x07" + sound[9:]):
            path.write_bytes(content)
            self.assertEqual(self.serve_to_the_end(), list(range(10)))
            self.assertEqual([path.read_bytes() for path in self.run_folder.glob("mailbox.*")], [content])
        self.assertEqual(len(self.warnings(path.name + " is left alone")), 4)


class Files(Bad):
    """The small files of the run's folder, made by somebody who means harm."""

    GARBAGE = (b"", b"\0" * 100, b"\xff\xfe\x1b[2J\n" * 50, b"x" * 100_000, b"-1 zz -1", b"1 " + b"f" * 32 + b" 18446744073709551615",
               b"999999999999999999999999 " + b"0" * 32 + b" 999999999999999999999999999")

    def steer(self):
        """A server, a trainer, a request; how many points there are then."""
        server = self.serve()
        self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        self.assertEqual(wire.result(20, settings={"lr": 0.5})["settings"]["lr"]["effective"], 0.5)
        wire.result(18)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        self.assertEqual(self.end(server), 0)
        return len(self.points())

    def test_garbage_in_lock_trainer_and_address(self):
        before = self.steer()
        for garbage in self.GARBAGE:
            for name in ("lock", "trainer", "address"):
                with self.subTest((name, garbage[:30])):
                    (self.run_folder / name).write_bytes(garbage)
                    after = self.steer()
                    self.assertGreater(after, before, "a trainer whose number was forgotten is stored all the same")
                    before = after

    def test_a_forgotten_number_without_a_server(self):
        """What such a trainer records must not be taken for something that was read long ago."""
        before = self.steer()
        for steps, garbage in ((100, b""), (200, b"???")):
            (self.run_folder / "trainer").write_bytes(garbage)
            self.record(steps)
            self.serve_to_the_end()
            self.assertEqual(list(self.run_folder.glob("mailbox.*")), [])
            before += steps
            self.assertEqual(len(self.points()), before)

    def test_garbage_in_trainer_while_one_runs(self):
        self.serve()
        self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        for garbage in self.GARBAGE[:5]:
            (self.run_folder / "trainer").write_bytes(garbage)
            step = wire.result(3)["run"]["step"]
            self.wait_status(wire, "further steps", lambda s: s["run"]["step"] > step + 1000 or not s["trainer"]["attached"])
            self.assertTrue(wire.result(3)["trainer"]["attached"], garbage[:20])
            self.assertEqual(wire.result(20, settings={"lr": 0.5})["outcome"], "applied")

    def test_links_in_place_of_the_locks(self):
        """They are not followed: what they point at stays as it was."""
        victim = self.folder / "victim"
        victim.write_text("precious")
        self.end(self.serve())
        (self.run_folder / "lock").unlink()
        (self.run_folder / "lock").symlink_to(victim)
        self.serve_fails(str(self.run_folder), "lock")
        (self.run_folder / "lock").unlink()
        self.serve()
        (self.run_folder / "trainer").symlink_to(victim)
        trainer = self.train(keep_output=True)
        _, said = trainer.communicate(timeout=PATIENCE)
        self.assertEqual((trainer.returncode, len(said.splitlines())), (3, 1))
        self.assertIn(b"not recording: ", said)
        self.assertEqual(self.connect().result(3)["run"]["state"], "waiting")
        self.assertEqual(victim.read_text(), "precious")

    def test_links_in_place_of_address_and_sock(self):
        victim = self.folder / "victim"
        victim.write_text("precious")
        self.run_folder.mkdir()
        (self.run_folder / "address").symlink_to(victim)
        (self.run_folder / "sock").symlink_to(victim)
        server = self.start(TRIMTAB, "serve", "--run", self.run_folder, *OPEN, keep_output=True)
        wait_for("an answer or a refusal", lambda: server.poll() is not None or self.serves(server) and (self.run_folder / "address").is_file()
                 and not (self.run_folder / "address").is_symlink())
        if server.poll() is None:
            self.assertEqual(self.end(server), 0)
        else:
            self.assertEqual((server.returncode, len(server.stderr.read().splitlines())), (1, 1))
        self.assertEqual(victim.read_text(), "precious")

    def test_folders_in_place_of_files(self):
        for name in ("lock", "address", "sock"):
            with self.subTest(name):
                run = self.folder / ("run-" + name)
                (run / name / "x").mkdir(parents=True)
                self.serve_fails(name, str(run), run=run)
                self.assertTrue((run / name / "x").is_dir())
        run = self.folder / "run-journal"
        run.mkdir()
        (run / "journal").write_text("mine")
        self.serve_fails("journal", str(run), run=run)
        self.assertEqual((run / "journal").read_text(), "mine")

    def test_an_address_that_leads_astray(self):
        """Of a folder that nobody serves: the command line says so, whatever the file says."""
        self.end(self.serve())
        other = self.folder / "other"
        self.serve(run=other)
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            for address in (b"\xff\x1b[2Jx\x07", b"10.0.0.1:1", b"x" * 5000, b"\n", self.address(other).encode(), b"127.0.0.1:1",
                            b"127.0.0.1:%d" % deaf.getsockname()[1]):
                with self.subTest(address[:30]):
                    (self.run_folder / "address").write_bytes(address)
                    self.refused(self.tool("pause", "--run", self.run_folder), 3, str(self.run_folder))

    def test_garbage_in_local(self):
        """It counts only where the folder is not on a local file system."""
        self.run_folder.mkdir()
        apart = {"TRIMTAB_FORCE_NOT_LOCAL": "1"}
        for content in (b"/etc", b"/var/tmp/trimtab-%d/../../../etc" % os.geteuid(), b"\xff" * 5000, b"", b"relative/path"):
            (self.run_folder / "local").write_bytes(content)
            with self.subTest(content[:30]):
                self.serve_fails(str(self.run_folder), "local", env=apart)
        self.assertEqual(self.end(self.serve()), 0)
        (self.run_folder / "local").unlink()
        server = self.serve(env=apart)
        place = pathlib.Path((self.run_folder / "local").read_text().strip())
        self.addCleanup(lambda: (shutil.rmtree(place), os.listdir(place.parent) or place.parent.rmdir()))
        self.assertTrue((place / "sock").is_socket())
        self.assertEqual(self.tool("status", "--run", self.run_folder, env=apart).returncode, 0)
        self.assertEqual(self.end(server), 0)
        self.assertFalse((place / "sock").exists())


class Waiting(Bad):
    """run.db cannot be written for a while: training and live monitoring go on, pause and stop too, and later all is caught up."""

    SERIES = 20  # beside toy/value
    inside = ()  # what leads into the file system of the run

    def start(self, *command, **options):
        return super().start(*self.inside, *command, **options)

    def tool(self, *arguments, **options):
        if not self.inside:
            return super().tool(*arguments, **options)
        return subprocess.run([*self.inside, TRIMTAB, *map(str, arguments)], env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL, **options)

    def begin(self, **options):
        self.server = self.serve(**options)
        self.truth = self.folder / "truth"
        self.trainer = self.train("--step-us", 200, "--series", self.SERIES, "--truth", self.truth)
        self.wire = self.connect()
        self.wait_attached(self.wire)
        self.wire.result(20, settings={"lr": 0.2})

    def wait_history(self, state):
        self.wait_status(self.wire, f"history: {state}", lambda s: s["history"]["state"] == state)

    def all_points(self):
        """(series, step) as stored."""
        done = subprocess.run([*self.inside, DUMP, str(self.run_folder)], capture_output=True, text=True, timeout=120, check=True)
        return [tuple(line.split(" ")[:2]) for line in done.stdout.splitlines()]

    def assert_watching_goes_on(self):
        wire = self.connect()
        wire.result(5, topics=["scalars"])
        newest = max(step for _, step, _, _ in wire.event("scalars")["points"])
        wire.event("scalars", lambda e: max(step for _, step, _, _ in e["points"]) > newest + 100)
        self.wires.pop().close()

    def assert_refused(self):
        for code, members in ((20, {"settings": {"lr": 0.3}}), (17, {}), (19, {"steps": 5}), (21, {"action": "echo"})):
            reply = self.wire.call(code, **members)
            self.assertEqual((reply["CodeError"], reply["Message"]), (53, "Storage unavailable"), reply)
            self.assertNotIn("ticket", reply)

    def assert_paused_unaudited(self):
        result = self.wire.result(16)
        self.assertEqual((result["outcome"], result["changed"], result["audit"]), ("applied", True, "waiting"))
        steps = truth(self.truth)[1]
        self.assertEqual(self.wire.result(3)["run"]["state"], "paused")
        self.assertEqual(truth(self.truth)[1], steps)
        return result["ticket"]

    def assert_caught_up(self, *tickets):
        """Each of these requests is in the audit, whole; control works; every point is stored once, or counted in a gap."""
        self.wait_history("stored")
        for ticket in tickets:
            wait_for("its records", lambda: [r["record"] for r in self.wire.result(8, ticket=ticket)["records"]] == ["accepted", "outcome"])
        if self.trainer.poll() is None:
            result = self.wire.result(20, settings={"lr": 0.4})
            self.assertEqual(result["settings"]["lr"], {"old": 0.2, "requested": 0.4, "effective": 0.4, "revision": 2})
            self.assertNotIn("audit", result)
            self.wire.result(17)
            steps = truth(self.truth)[1]
            wait_for("further steps", lambda: truth(self.truth)[1] > steps + 100)
            self.wire.result(18)
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        self.wait_status(self.wire, "the end", lambda s: s["run"]["state"] == "finished" and s["history"]["state"] == "stored")
        self.assertEqual(self.end(self.server), 0)
        with sqlite3.connect(shutil.copy(self.run_folder / "run.db", self.folder / "copy.db")) as db:
            gaps = db.execute("SELECT scalars, others FROM gaps").fetchall()
        db.close()
        points, steps = self.all_points(), truth(self.truth)[1]
        self.assertEqual(len(points), len(set(points)))
        self.assertEqual(len(points) + sum(scalars for scalars, _ in gaps), steps * (self.SERIES + 1))
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)
        return sum(scalars for scalars, _ in gaps)

    def mount(self, megabytes):
        """A file system of its own for the run; False where we may not, which is said."""
        self.run_folder.mkdir(mode=0o700)
        options = f"size={megabytes}m,mode=700"
        mount = ["mount", "-t", "tmpfs", "-o", options, "trimtab-test", str(self.run_folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            return self.mount_for_us_alone(mount)

        def unmount():
            subprocess.run(["umount", self.run_folder], check=True)
            shutil.rmtree(self.folder)
        self.addCleanup(unmount)
        return True

    def mount_for_us_alone(self, mount):
        """In a namespace where we are root; its processes find it in its place, we behind one of them."""
        holder = subprocess.Popen(["unshare", "-rm", "sh", "-c", 'mount --make-rprivate / && "$@" && echo && exec cat', "sh", *mount],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.stdin.close)
        if holder.stdout.readline() != b"\n":
            print(f"\n{self.id()}: we may not mount; test_a_full_quota stands for it", flush=True)
            return False
        self.inside = ("nsenter", "-t", str(holder.pid), "-U", "-m", "--preserve-credentials", "--")
        self.run_folder = pathlib.Path(f"/proc/{holder.pid}/root{self.run_folder}")
        return True

    def fill(self):
        """To the last byte, and again when something was given back."""
        with open(self.run_folder / "ballast", "ab", 0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def newest_written(self):
        return struct.unpack("<Q", self.segments()[-1].read_bytes()[128:136])[0]

    def test_a_full_disk(self):
        if not self.mount(8):
            return
        self.begin()
        self.wait_history("stored")
        self.fill()
        self.wait_history("waiting (disk full)")
        self.assert_refused()
        self.assert_watching_goes_on()
        wait_for("the last segment to be full", lambda: self.fill() or self.newest_written() > SEGMENT - (64 << 10) - 500)
        steps, step = truth(self.truth)[1], self.wire.result(3)["run"]["step"]
        wait_for("training to go on", lambda: truth(self.truth)[1] > steps + 500)
        self.assertGreater(self.wire.result(3)["run"]["step"], step)
        self.assert_refused()
        ticket = self.assert_paused_unaudited()
        self.connect().result(2)
        (self.run_folder / "ballast").unlink()
        watcher = self.connect()
        watcher.result(5, topics=["messages"])
        dropped = self.assert_caught_up(ticket)
        self.assertGreater(dropped, 0)
        self.assertIn(f"gap: {dropped} points", self.log())

    def test_a_full_disk_before_the_start(self):
        """There is not even room for the first page, or for the trainer's files: one sentence, and the training runs untracked."""
        if not self.mount(1):
            return
        self.fill()
        self.serve_fails(str(self.folder / "run"), "other things lie in it")
        (self.run_folder / "ballast").rename(self.run_folder / "output")  # what a run's folder may hold before it is one
        self.serve_fails(str(self.folder / "run"), "no room on the disk")
        (self.run_folder / "output").rename(self.run_folder / "ballast")
        trainer = self.train("--steps", 10, keep_output=True)
        _, said = trainer.communicate(timeout=PATIENCE)
        self.assertEqual((trainer.returncode, len(said.splitlines())), (3, 1))
        self.assertIn(b"No space left", said)
        (self.run_folder / "ballast").unlink()
        self.assertEqual(self.end(self.serve()), 0)

    def test_a_full_quota(self):
        """The limit of a file's size stands for it: the kernel would even send a signal."""
        self.begin(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY)))
        self.wait_history("waiting (disk full)")
        self.assert_refused()
        self.assert_watching_goes_on()
        self.assertEqual(self.wire.result(8)["records"][0]["name"], "set")  # what is stored can be read
        ticket = self.assert_paused_unaudited()
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual(self.assert_caught_up(ticket), 0)

    def test_a_full_quota_at_the_end(self):
        """A server that cannot write to the end says so and ends all the same; the next one finds everything."""
        self.begin(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY)))
        self.wait_history("waiting (disk full)")
        result = self.wire.result(18)
        self.assertEqual((result["outcome"], result["audit"]), ("applied", "waiting"))
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        self.end(self.server)
        self.assertIn("could not be written", self.log())
        self.server = self.serve()
        self.wire = self.connect()
        self.wait_status(self.wire, "the end", lambda s: s["run"]["state"] == "finished")
        self.assertEqual(self.assert_caught_up(), 0)

    def test_a_locked_database(self):
        self.begin()
        other = sqlite3.connect(self.run_folder / "run.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        reply = self.wire.call(20, settings={"lr": 0.3})  # asked before the server knows: refused all the same, not left hanging
        self.assertEqual(reply["CodeError"], 53, reply)
        self.wait_history("waiting (locked by another process)")
        self.assert_refused()
        self.assert_watching_goes_on()
        self.assertEqual(len(self.wire.result(8)["records"]), 2)
        ticket = self.assert_paused_unaudited()
        other.execute("ROLLBACK")
        self.assertEqual(self.assert_caught_up(ticket), 0)

    def test_a_database_that_is_locked_at_the_start(self):
        self.record(100)
        self.end(self.serve())
        other = sqlite3.connect(self.run_folder / "run.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.serve_fails(str(self.run_folder), "locked")
        other.execute("ROLLBACK")
        other.close()
        self.assertEqual(self.serve_to_the_end(), list(range(100)))

    def test_a_locked_database_and_a_stop(self):
        self.begin()
        other = sqlite3.connect(self.run_folder / "run.db", isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        result = self.wire.result(18)
        self.assertEqual((result["outcome"], result["audit"]), ("applied", "waiting"))
        self.assertEqual(self.trainer.wait(timeout=PATIENCE), 0)
        other.execute("ROLLBACK")
        self.assertEqual(self.assert_caught_up(result["ticket"]), 0)


class Ends(Bad):
    """How a server can end, and how it can begin."""

    def test_a_signal_ends_it_in_good_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.serve()
                trainer = self.train("--step-us", 200)
                wire, idle = self.connect(), self.connect()
                self.wait_attached(wire)
                wire.send({"code": 20, "id": "posted", "settings": {"lr": 0.5}, "at_step": 10 ** 12})
                self.wait_status(idle, "the request", lambda s: [p["phase"] for p in s["pending"]] == ["posted"])
                server.send_signal(number)
                self.assertEqual(wire.reply()["result"]["outcome"], "pending")
                self.assertIsNone(wire.line())
                self.assertIsNone(idle.line())
                self.assertEqual(self.end(server, number), 0)
                self.assertFalse((self.run_folder / "address").exists())
                self.assertFalse((self.run_folder / "sock").exists())
                self.refused(self.tool("status", "--run", self.run_folder), 3, str(self.run_folder))
                self.assertIsNone(trainer.poll(), "the training goes on")
                self.kill(trainer)

    def test_signals_that_end_nothing(self):
        server = self.serve()
        for number in (signal.SIGHUP, signal.SIGPIPE):
            server.send_signal(number)
        self.connect().result(2)
        self.assertIsNone(server.poll())

    def test_signals_without_end(self):
        """A second and a third one while it ends change nothing."""
        server = self.serve()
        self.train("--step-us", 200)
        self.wait_attached(self.connect())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM) * 5:
            server.send_signal(number)
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)

    def test_a_killed_server_leaves_a_folder_that_the_next_takes_over(self):
        server = self.serve()
        path = self.folder / "truth"
        trainer = self.train("--step-us", 100, "--truth", path)
        wire = self.connect()
        self.wait_attached(wire)
        ticket = wire.result(20, settings={"lr": 0.5}, at_step=10 ** 12, wait=0)["ticket"]
        self.kill(server)
        self.assertTrue((self.run_folder / "address").exists())
        self.refused(self.tool("status", "--run", self.run_folder), 3, "nobody serves", str(self.run_folder))
        server = self.serve()
        wire = self.connect()
        self.wait_attached(wire)
        self.assertEqual([(p["ticket"], p["phase"]) for p in wire.result(3)["pending"]], [(ticket, "posted")])
        self.assertEqual(wire.result(22, ticket=ticket)["outcome"], "cancelled")
        self.assertEqual(self.tool("status", "--run", self.run_folder).returncode, 0)  # over the socket: the old file is replaced
        wire.result(18)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        self.end(server)
        self.assertEqual(self.steps(), list(range(truth(path)[1])))

    def test_standard_descriptors_that_are_closed(self):
        """What the server opens must not become its own standard error."""
        for closed in ((0,), (1,), (2,), (1, 2), (0, 1, 2)):
            with self.subTest(closed):
                run = self.folder / ("run" + "".join(map(str, closed)))
                server = self.serve(run=run, preexec_fn=lambda: [os.close(fd) for fd in closed])
                self.train("--step-us", 200, run=run)
                wire = self.connect(run)
                self.wait_attached(wire)
                wire.result(18)
                self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
                self.assertEqual((run / "lock").read_text().split(), [str(server.pid), "0" * 32, "0"])
                self.assertEqual(self.end(server), 0)
                self.assertEqual(self.tool("audit", "--verify", "--run", run).returncode, 0)
                steps = self.steps(run)
                self.assertEqual(steps, list(range(len(steps))))
        run = self.folder / "run-child"
        server = self.start(TRIMTAB, "run", "--run", run, *OPEN, "--", TOY, "--steps", "100",
                            preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)])
        self.assertEqual(server.wait(timeout=PATIENCE), 0)
        self.assertEqual(self.steps(run), list(range(100)))
        self.assertIn("trimtab: recording", (run / "output").read_text())

    def test_a_standard_output_that_takes_nothing(self):
        """A full device, a pipe that nobody reads: neither ends the server."""
        with open("/dev/full", "wb") as full:
            server = self.serve(stdout=full, stderr=subprocess.DEVNULL)
        self.connect().result(2)
        self.end(server)
        reading, writing = os.pipe()
        server = self.serve(stdout=writing, stderr=writing, run=self.folder / "other")
        os.close(reading)
        os.close(writing)
        self.train("--steps", 10, run=self.folder / "other").wait(timeout=PATIENCE)
        wire = self.connect(self.folder / "other")
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        self.assertIn(self.end(server), (0, 1))  # 1 where its address found the pipe closed already


class Peers(Bad):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.other = self.connect()
        self.other.result(2)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))

    def reset(self, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    def dial(self):
        host, port = self.address().rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=PATIENCE)

    def test_half_a_line_and_gone(self):
        before = self.descriptors()
        for text in (b"{", b'{"code":3', b'{"code":40}', b"\xf0\x9f", b'{"code":5,"topics":["scalars"]}\n{"co', b"[" * 500_000):
            for way in (self.reset, socket.socket.close, lambda peer: peer.shutdown(socket.SHUT_RDWR)):
                peer = self.dial()
                self.addCleanup(peer.close)
                peer.sendall(text)
                # an orderly end of input ends the request, which would be carried out, and not the subscription
                orderly = b'"code":40' in text or b'"code":5' in text
                (self.reset if orderly else way)(peer)
        self.other.result(2)
        wait_for("all of them to be gone", lambda: self.descriptors() <= before)
        self.assertIsNone(self.server.poll())

    def test_peers_that_never_speak(self):
        peers = [self.dial() for _ in range(50)]
        for peer in peers:
            self.addCleanup(peer.close)
        self.wait_status(self.other, "all of them", lambda s: s["clients"] == 51)
        self.assertEqual(self.connect().result(2).keys(), {"time"})
        for peer in peers:
            peer.close()
        self.wait_status(self.other, "nobody else", lambda s: s["clients"] <= 2)

    def test_200_connections_reset_at_once(self):
        before = self.descriptors()
        for _ in range(3):
            peers = [self.dial() for _ in range(200)]
            for peer in peers[::2]:
                peer.send(b'{"code":3}\n')
            for peer in peers:
                self.reset(peer)
        self.assertIn("time", self.other.result(2))
        wait_for("all of them to be gone", lambda: self.descriptors() <= before)
        self.assertEqual(self.other.result(3)["clients"], 1)


class Flood(Bad):
    """Two peers that send requests and never read a reply. It takes 30 seconds until they are closed: the other tests run meanwhile."""

    def begin(self):
        self.setUp()
        self.server = self.serve()
        self.other = self.connect()
        self.before = self.resident()
        host, port = self.address().rsplit(":", 1)
        self.peers = [socket.create_connection((host, int(port))) for _ in range(2)]
        for peer in self.peers:
            self.addCleanup(peer.close)
            peer.setblocking(False)
        self.sent, full_since = 0, None
        while full_since is None or time.monotonic() < full_since + 0.5:  # so long nothing more was taken
            taken = sum(map(self.send_some, self.peers))
            self.sent += taken
            full_since = None if taken else full_since or time.monotonic()

    def send_some(self, peer):
        try:
            return peer.send(b'{"code":4}\n' * 500)
        except BlockingIOError:
            return 0

    def finish(self):
        self.doCleanups()
        self.tearDown()

    def resident(self):
        """KiB."""
        text = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])


class Flooded(Bad):
    def test_requests_without_end_whose_replies_nobody_reads(self):
        """Who sends them is no longer read from, then closed; the server's memory is bounded; nobody else notices."""
        self.assertLess(flood.sent, 64 << 20)
        self.assert_bounded()
        self.assertIn("time", flood.connect().result(2))
        wait_for("them to be closed", lambda: flood.other.result(3)["clients"] == len(flood.wires), PATIENCE + 40)
        self.assertEqual(len(flood.warnings("has not read its replies")), 2)
        self.assert_bounded()

    def assert_bounded(self):
        if b"__asan_init" not in pathlib.Path(TRIMTAB).read_bytes():  # which keeps what is freed
            self.assertLess(flood.resident() - flood.before, 32 << 10)


flood = Flood()


def setUpModule():
    unittest.addModuleCleanup(flood.finish)
    flood.begin()


if __name__ == "__main__":
    unittest.main()
