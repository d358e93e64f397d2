"""The curves as they are stored (code 7), runs that have ended and are served as they are, and runs that may not be written."""
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import socket
import sqlite3
import struct
import subprocess
import unittest

from harness import BUILD, OPEN, PATIENCE, TRIMTAB, Case, wait_for

GATE = BUILD / "test" / "gate.so"
NOBODY = 65534
FROM, TO, BEGIN, END, COUNT, MIN, MAX, MEAN, LAST, NONFINITE, SEGMENT = range(11)  # of a bucket
ASKS_WAITING = 32


class Runs(Case):
    def ended_run(self, *toy, run=None):
        """A run that has ended and whose server has, too."""
        server = self.serve(run=run)
        self.assertEqual(self.train(*(toy or ("--steps", 3000)), run=run).wait(timeout=PATIENCE), 0)
        wire = self.connect(run)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        wire.close()
        self.assertEqual(self.end(server), 0)

    def history(self, wire, *series, **members):
        return wire.result(7, series=list(series) or ["toy/value"], **members)["series"]

    def wait_stored(self, wire, count, series="toy/value"):
        def are_there():
            reply = wire.call(7, series=[series], points=1)
            return "result" in reply and reply["result"]["series"][0]["count"] == count
        wait_for(f"{count} points to be stored", are_there)

    def stored_files(self, run=None):
        """What is left of run.db, byte by byte."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (run or self.run_folder).glob("run.db*")}


class Reply(Runs):
    def test_buckets_hold_every_point_once(self):
        self.serve()
        self.assertEqual(self.train("--steps", 20000).wait(timeout=PATIENCE), 0)
        wire = self.connect()
        self.wait_stored(wire, 20000)
        for points, first, last in ((1, 0, 19999), (7, 0, 19999), (100, 4095, 12289), (1000, 64, 19000), (10, 19990, 19999)):
            with self.subTest(points=points, first=first, last=last):
                series, = self.history(wire, points=points, **{"from": first, "to": last})
                self.assertEqual((series["count"], series["lost"], series["unit"]), (last - first + 1, 0, "steps"))
                self.assertEqual(series["segments_total"], 1)
                if last - first < points:
                    self.assertEqual([(p[0], p[2], p[3]) for p in series["points"]], [(step, 1e9 + step, 0) for step in range(first, last + 1)])
                    continue
                self.assertLessEqual(len(series["buckets"]), points)
                at = first
                for bucket in series["buckets"]:
                    steps = range(at, bucket[TO] + 1)
                    self.assertEqual(bucket[FROM], at)
                    self.assertEqual((bucket[COUNT], bucket[MIN], bucket[MAX], bucket[LAST]), (len(steps), 1e9 + steps[0], 1e9 + steps[-1], 1e9 + steps[-1]))
                    self.assertAlmostEqual(bucket[MEAN], 1e9 + (steps[0] + steps[-1]) / 2, places=3)
                    self.assertEqual((bucket[NONFINITE], bucket[SEGMENT]), (0, 0))
                    at = bucket[TO] + 1
                self.assertEqual(at, last + 1)
        whole, = self.history(wire)
        self.assertLessEqual(len(whole["buckets"]), 1000, "unless something else is asked for")

    def test_by_time(self):
        self.serve()
        self.assertEqual(self.train("--steps", 300, "--step-us", 1000).wait(timeout=PATIENCE), 0)
        wire = self.connect()
        self.wait_stored(wire, 300)
        points = self.history(wire)[0]["points"]
        first, last = points[100], points[199]
        answer = wire.result(7, series=["toy/value"], axis="time", **{"from": first[1], "to": last[1]})
        self.assertEqual(answer["axis"], "time")
        self.assertEqual(answer["series"][0]["points"], points[100:200])
        self.assertEqual(self.history(wire, axis="time", to=first[1] - 3600)[0]["count"], 0)
        self.assertEqual(self.history(wire, axis="time", **{"from": -9e15, "to": 9e15})[0]["count"], 300)

    def test_segments_after_a_restore(self):
        self.serve()
        trainer = self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        self.wait_status(wire, "some steps", lambda s: s["run"]["step"] > 300)
        wire.result(21, action="restore", params={"step": 100})
        wire.result(18)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        wait_for("both segments", lambda: self.history(wire, points=1)[0]["segments_total"] == 2)
        old, new = self.history(wire, points=4096)[0]["segments"]
        self.assertEqual((old["segment"], old["from_step"], old["until"]), (0, 0, 100))
        self.assertEqual((new["segment"], new["from_step"], new["until"]), (1, 100, None))

    def test_many_series_and_patterns(self):
        self.serve()
        self.assertEqual(self.train("--steps", 50, "--series", 40).wait(timeout=PATIENCE), 0)
        wire = self.connect()
        self.wait_stored(wire, 50, "toy/more39")
        self.assertEqual([s["name"] for s in self.history(wire, "toy/more1?")], [f"toy/more{n}" for n in range(10, 20)])
        reply = wire.call(7, id="many", series=["toy/*"])
        self.assertEqual((reply["CodeError"], reply["id"]), (52, "many"), reply)

    def test_what_is_wrong_with_a_request(self):
        self.serve()
        self.assertEqual(self.train("--steps", 10).wait(timeout=PATIENCE), 0)
        wire = self.connect()
        self.wait_stored(wire, 10)
        one = {"series": ["toy/value"]}
        for members, *words in (
                ({}, "series is missing"), ({"series": []}, "list of 1 to 32"), ({"series": ["x"] * 33}, "list of 1 to 32"),
                ({"series": ["no/such"]}, "no/such"), ({"series": ["toy/value", "no/*"]}, "no/*"), ({"series": [""]}, "series holds"),
                ({**one, "axis": "epoch"}, 'axis is "epoch"', '"time"'), ({**one, "from": 1.5}, "from is 1.5", "whole step"),
                ({**one, "to": -0.5}, "to is -0.5"), ({**one, "from": 5, "to": 4}, "from is 5, to is 4"),
                ({**one, "axis": "time", "from": 2.5, "to": 2.25}, "from is 2.5, to is 2.25"),
                ({**one, "from": 1e300}, "from is"), ({**one, "points": 0}, "1 to 4096"), ({**one, "points": 4097}, "1 to 4096"),
                ({**one, "run": ".."}, 'run is ".."'), ({**one, "run": "a/b"}, 'run is "a/b"'), ({**one, "run": "/etc"}, 'run is "/etc"'),
                ({**one, "run": "nowhere"}, "nowhere"), ({**one, "steps": 5}, "steps")):
            with self.subTest(members):
                reply = wire.call(7, **members)
                self.assertEqual(reply.get("CodeError"), 43, reply)
                for word in words:
                    self.assertIn(word, reply["Detail"])
        self.assertEqual(self.history(wire, **{"from": 3.0, "to": 3})[0]["points"][0][0], 3)  # 3.0 is a whole step

    def test_of_a_run_beside_this_one(self):
        beside = self.folder / "beside"
        self.ended_run("--steps", 70, "--life", 2, run=beside)
        before = self.stored_files(beside)
        self.serve()
        wire = self.connect()
        points = self.history(wire, run="beside")[0]["points"]
        self.assertEqual([p[2] for p in points], [2e9 + step for step in range(70)])
        self.assertEqual(self.stored_files(beside), before)

    def test_where_the_folder_is_not_on_a_local_file_system(self):
        """There the reader and the writer have one connection."""
        apart = {"TRIMTAB_FORCE_NOT_LOCAL": "1"}
        self.serve(env=apart)
        place = pathlib.Path((self.run_folder / "local").read_text().strip())
        self.addCleanup(lambda: (shutil.rmtree(place), os.listdir(place.parent) or place.parent.rmdir()))
        trainer = self.train("--step-us", 300, env=apart)
        wire = self.connect()
        self.wait_attached(wire)
        counts = [wait_for("points", lambda: self.history(wire, points=5)[0]["count"])]
        for _ in range(3):
            counts.append(wait_for("more points", lambda: max(self.history(wire, points=5)[0]["count"] - counts[-1], 0)) + counts[-1])
        self.assertEqual(wire.result(20, settings={"lr": 0.3})["outcome"], "applied")
        self.assertEqual(wire.result(3)["history"]["state"], "stored")
        wire.result(18)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)


class Gate(Runs):
    def setUp(self):
        super().setUp()
        self.gate = self.folder / "gate"
        self.gate.mkdir()
        options = os.environ.get("ASAN_OPTIONS", "")
        self.gated = {"LD_PRELOAD": str(GATE), "TRIMTAB_GATE": str(self.gate), "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}

    def test_a_held_reader_delays_neither_requests_nor_the_record(self):
        """As many charts as may wait, none of which the disk gives: control, live monitoring and commits go on."""
        self.ended_run("--steps", 200_000, "--series", 4)
        self.serve(env=self.gated)
        wire = self.connect()
        (self.gate / "read").touch()
        trainer = self.train("--start", 200_000, "--step-us", 200, "--series", 4)
        self.wait_attached(wire)
        charts = [self.connect() for _ in range(ASKS_WAITING)]
        for chart in charts:
            chart.send({"code": 7, "series": ["toy/*"], "points": 4096})
        wait_for("the reader to be held", (self.gate / "held").exists)
        wait_for("all to wait", lambda: self.is_full())
        step, commits = wire.result(3)["run"]["step"], wire.result(11)["store"]["commits"]
        self.assertEqual(self.connect().result(20, settings={"lr": 0.3})["settings"]["lr"]["effective"], 0.3)
        self.wait_status(wire, "steps", lambda s: s["run"]["step"] > step + 100)
        wait_for("commits", lambda: wire.result(11)["store"]["commits"] > commits + 3)
        stopped = self.connect().result(18)
        self.assertEqual((stopped["outcome"], "audit" in stopped), ("applied", False), "its record was committed")
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished" and s["history"]["state"] == "stored")
        self.assertEqual(select.select([chart.socket for chart in charts], [], [], 0)[0], [], "none was answered before all that")
        (self.gate / "read").unlink()
        for chart in charts:
            self.assertEqual(len(chart.reply()["result"]["series"]), 5)

    def is_full(self):
        with self.one_more() as wire:
            wire.send({"code": 8})
            if not select.select([wire.socket], [], [], 0.05)[0]:
                return False
            reply = wire.reply()
        self.assertEqual(reply["CodeError"], 52, reply)
        self.assertIn(str(ASKS_WAITING), reply["Detail"])
        return True

    def one_more(self):
        return self.connect()

    def test_who_has_gone_waits_for_nothing(self):
        """A chart that nobody looks at any more takes no place."""
        self.ended_run("--steps", 100_000)
        self.serve(env=self.gated)
        (self.gate / "read").touch()
        charts = [self.connect() for _ in range(ASKS_WAITING)]
        for chart in charts:
            chart.send({"code": 7, "series": ["toy/value"]})
        wait_for("the reader to be held", (self.gate / "held").exists)
        wait_for("all to wait", self.is_full)
        for chart in charts:
            chart.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            chart.close()  # with a reset: who only ends its input still gets its replies
        later = self.connect()
        later.result(2)
        wait_for("their places", lambda: later.result(9)["total"] == 1)
        later.send({"code": 7, "series": ["toy/value"], "points": 5})
        (self.gate / "read").unlink()
        self.assertEqual(later.reply()["result"]["series"][0]["count"], 100_000)

    def test_a_server_that_ends_reads_no_more_charts(self):
        """Only the one that the disk is at is waited for; the others are told so."""
        self.ended_run("--steps", 100_000)
        server = self.serve(env=self.gated)
        (self.gate / "read").touch()
        charts = [self.connect() for _ in range(ASKS_WAITING)]
        for chart in charts:
            chart.send({"code": 7, "series": ["toy/value"]})
        wait_for("the reader to be held", (self.gate / "held").exists)
        wait_for("all to wait", self.is_full)
        self.connect().result(40)
        answered = 0
        while answered < ASKS_WAITING - 1:
            for ready in select.select([chart.socket for chart in charts], [], [], PATIENCE)[0] or self.fail("no answer"):
                chart = next(chart for chart in charts if chart.socket == ready)
                reply = chart.reply()
                self.assertEqual((reply["CodeError"], reply["code"]), (55, 7), reply)
                charts.remove(chart)
                answered += 1
        (self.gate / "read").unlink()
        self.assertEqual(charts[0].reply()["result"]["series"][0]["count"], 100_000)
        charts[0].close()
        self.assertEqual(server.wait(timeout=PATIENCE), 0)

    def test_missing_rollups_are_made_anew_meanwhile(self):
        """The writer is let on step by step; the curve can be read all the while."""
        self.ended_run("--steps", 600_000, "--series", 3)
        with sqlite3.connect(self.run_folder / "run.db") as db:
            had = db.execute("SELECT series,level,sequence,points FROM rollups ORDER BY 1,2,3").fetchall()
            db.execute("DELETE FROM rollups")
        db.close()
        self.assertGreater(len(had), 100)
        allowed = 0
        self.let_write(allowed)
        self.serve(env=self.gated)
        wire = self.connect()
        shown = []
        while not shown or shown[-1] != "stored" or len(shown) == 1:
            state = wire.result(3)["history"]["state"]
            if not shown or shown[-1] != state:
                shown.append(state)
                self.assertEqual(self.history(wire, points=9)[0]["count"], 600_000)
            allowed += 20
            self.let_write(allowed)
            self.assertLess(allowed, 1_000_000, shown)
        percents = [int(re.fullmatch(r"rebuilding \((\d+) %\)", state)[1]) for state in shown[1:-1]]
        self.assertEqual(percents, sorted(percents))
        self.assertLess(percents[-1], 100)
        self.assertGreater(len(percents), 2)
        (self.gate / "write").unlink()
        with sqlite3.connect(f"file:{self.run_folder}/run.db?mode=ro", uri=True) as db:
            made = db.execute("SELECT series,level,sequence,points FROM rollups ORDER BY 1,2,3").fetchall()
        db.close()
        whole = {level: max(points for _, l, _, points in had if l == level) for _, level, _, _ in had}
        self.assertEqual([page for page in made if page[3] == whole[page[1]]], [page for page in had if page[3] == whole[page[1]]])

    def let_write(self, count):
        (self.gate / "new").write_text(str(count))
        (self.gate / "new").rename(self.gate / "write")


class Ended(Runs):
    def ask_all(self, wire, state="finished"):
        """What a client may want to see of a run that has ended."""
        status = wire.result(3)
        self.assertEqual((status["run"]["state"], status["trainer"]["attached"], status["history"]["state"]), (state, False, "stored"))
        self.assertEqual(status["run"]["step"], status["run"]["total"] or status["run"]["step"])
        self.assertIn("lr", [setting["name"] for setting in wire.result(4)["settings"]])
        self.assertGreater(self.history(wire, points=5)[0]["count"], 0)
        self.assertIsNone(wire.result(8)["next"])
        self.assertEqual(wire.result(13)["total"], 0)
        self.assertEqual(wire.result(12)["size"], 0)
        wire.result(5, topics=["scalars", "run", "declarations", "messages"])
        self.assertEqual(wire.event("declared", lambda e: "series" in e)["series"]["name"], "toy/value")
        self.assertEqual(wire.event("run")["state"], state)
        wire.event("scalars")
        wire.result(6)

    def refuse_all(self, wire):
        for code, members, error in ((10, {"text": "x"}, 55), (23, {"on": True}, 55), (24, {}, 55), (20, {"settings": {"lr": 0.1}}, 45), (16, {}, 45),
                                     (17, {}, 45), (18, {}, 45), (19, {"steps": 1}, 45), (21, {"action": "echo"}, 45), (22, {"ticket": 1}, 43)):
            reply = wire.call(code, **members)
            self.assertEqual(reply.get("CodeError"), error, reply)
            if code in (10, 23):
                self.assertEqual(reply["Detail"], "the run has ended and is served as it is")

    def test_not_a_byte_of_it_changes(self):
        self.ended_run()
        before = self.stored_files()
        self.assertEqual(list(before), ["run.db"])
        for arguments in ((self.run_folder,), ("--run", self.run_folder)):
            server = self.start(TRIMTAB, "serve", *arguments, *OPEN)
            self.wait_address(server)
            with self.connect() as wire:
                self.ask_all(wire)
                self.refuse_all(wire)
                self.assertEqual(self.stored_files(), before)
            self.assertEqual(self.tool("shutdown", "--run", self.run_folder).returncode, 0)
            self.assertEqual(server.wait(timeout=PATIENCE), 0)
            self.assertEqual(self.stored_files(), before)

    def test_a_run_whose_trainer_was_killed(self):
        server = self.serve()
        trainer = self.train("--step-us", 200)
        with self.connect() as wire:
            self.wait_attached(wire)
            wire.result(20, settings={"lr": 0.2})
            self.kill(trainer)
            self.wait_status(wire, "the loss", lambda s: s["run"]["state"] == "lost")
        self.assertEqual(self.end(server), 0)
        before = self.stored_files()
        for _ in range(2):
            server = self.serve()
            with self.connect() as wire:
                self.ask_all(wire, "lost")
                self.refuse_all(wire)
                since = wire.result(3)
                self.assertLess(since["run"]["since"], server_began(self.run_folder))
            self.assertEqual(self.end(server), 0)
            self.assertEqual(self.stored_files(), before)

    def test_what_a_client_says_once_a_trainer_has_come_is_kept(self):
        self.ended_run("--steps", 100)
        server = self.serve()
        wire = self.connect()
        self.refuse_all(wire)
        trainer = self.train("--start", 100, "--step-us", 200)
        self.wait_attached(wire)
        self.assertEqual(wire.result(10, text="it goes on")["message"], 1)
        self.assertEqual(wire.result(20, settings={"lr": 0.2})["outcome"], "applied")
        self.assertTrue(wire.result(23, on=True)["changed"])
        self.assertTrue(wire.result(23, on=False)["changed"])
        wire.result(18)
        self.assertEqual(trainer.wait(timeout=PATIENCE), 0)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        wire.result(10, text="that was it")  # this server has seen it end: it may still be said
        wire.close()
        self.assertEqual(self.end(server), 0)
        self.assertEqual(list(self.stored_files()), ["run.db"])
        steps = [step for step, _ in self.points()]
        self.assertEqual(steps, list(range(len(steps))))

    def test_a_copy_of_run_db_alone(self):
        self.ended_run()
        alone = self.folder / "alone"
        alone.mkdir()
        shutil.copy(self.run_folder / "run.db", alone)
        before = self.stored_files(alone)
        server = self.start(TRIMTAB, "serve", alone, *OPEN)
        self.wait_address(server, alone)
        with self.connect(alone) as wire:
            self.ask_all_but_runs(wire)
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.stored_files(alone), before)

    def ask_all_but_runs(self, wire):
        status = wire.result(3)["run"]
        self.assertEqual((status["state"], status["step"]), ("finished", 3000))
        self.refuse_all(wire)
        self.assertEqual(self.history(wire, points=3)[0]["count"], 3000)

    def test_what_is_no_run(self):
        (self.folder / "other").mkdir()
        (self.folder / "other" / "things").touch()
        for arguments, status, *words in (((self.folder / "missing",), 1, "no run at", "--run"), ((self.folder / "other",), 1, "is no run")):
            done = self.tool("serve", *arguments)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "missing").exists())


def server_began(run):
    return (run / "lock").stat().st_mtime


class ReadOnly(Runs):
    def served(self, *command, **options):
        """(process, its address): what it prints is all there is to find it by."""
        with open(self.folder / "out.log", "ab") as log:
            process = self.start(*command, *OPEN, stdout=subprocess.PIPE, stderr=log, **options)
        told = json.loads(process.stdout.readline() or self.fail(self.log()))
        self.assertEqual(told.get("read_only"), True, told)
        return process, told["address"]

    def check(self, process, address, folder, before):
        done = self.tool("history", "toy/*", "--points", 3, "--connect", address)
        self.assertEqual(json.loads(done.stdout)["result"]["series"][0]["count"], 3000, done.stderr)
        status = json.loads(self.tool("status", "--connect", address).stdout)["result"]
        self.assertEqual((status["run"]["state"], status["run"]["step"]), ("finished", 3000))
        for verb in (("say", "x"), ("freeze",)):
            done = self.tool(*verb, "--connect", address)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the run has ended and is served as it is", done.stderr)
        self.assertIn("(45)", self.tool("set", "lr=0.1", "--connect", address).stderr)
        for verb in ("audit", "describe", "runs", "output", "clients"):
            self.assertEqual(self.tool(verb, "--connect", address).returncode, 0, verb)
        self.assertEqual(self.tool("shutdown", "--connect", address).returncode, 0)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.assertEqual(self.all_files(folder), before)

    def all_files(self, folder):
        return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}

    def test_asked_for(self):
        self.ended_run()
        before = self.all_files(self.run_folder)
        self.check(*self.served(TRIMTAB, "serve", self.run_folder, "--read-only"), self.run_folder, before)

    def test_a_copy_of_run_db_alone(self):
        self.ended_run()
        alone = self.folder / "alone"
        alone.mkdir()
        shutil.copy(self.run_folder / "run.db", alone)
        self.check(*self.served(TRIMTAB, "serve", alone, "--read-only"), alone, self.all_files(alone))

    def test_in_the_background(self):
        self.ended_run()
        before = self.all_files(self.run_folder)
        done = self.tool("serve", self.run_folder, "--read-only", "--detach", *OPEN)
        told = json.loads(done.stdout)
        self.assertEqual(told["read_only"], True)
        self.assertEqual(self.tool("shutdown", "--connect", told["address"]).returncode, 0)
        wait_for("its end", lambda: not pathlib.Path(f"/proc/{told['pid']}").exists())
        self.assertEqual(self.all_files(self.run_folder), before)

    def test_the_folder_of_somebody_else(self):
        self.ended_run()
        before = self.all_files(self.run_folder)
        options = {}
        program = pathlib.Path(TRIMTAB)
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            program = self.folder / "trimtab"
            shutil.copy(TRIMTAB, program)
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self.run_folder.chmod(0o555)
        try:
            self.check(*self.served(program, "serve", self.run_folder, **options), self.run_folder, before)
        finally:
            self.run_folder.chmod(0o700)

    def test_a_read_only_disk(self):
        """A mount of its own, seen by that server alone."""
        self.ended_run()
        before = self.all_files(self.run_folder)
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        inside = ["unshare", "-rm", "sh", "-c", mount, self.run_folder]
        if subprocess.run([*map(str, inside), "true"], capture_output=True).returncode:
            print(f"\n{self.id()}: we may not mount; test_the_folder_of_somebody_else stands for it", flush=True)
            return
        self.check(*self.served(*inside, TRIMTAB, "serve", self.run_folder), self.run_folder, before)

    def test_a_database_that_was_not_closed(self):
        """All of it stands in the -wal, which cannot be read without an index beside it."""
        server = self.serve()
        trainer = self.train("--step-us", 200)
        with self.connect() as wire:
            self.wait_attached(wire)
            wire.result(20, settings={"lr": 0.2})
        self.kill(server)
        self.kill(trainer)
        self.assertGreater((self.run_folder / "run.db-wal").stat().st_size, 0)
        before = self.all_files(self.run_folder)
        process, address = self.served(TRIMTAB, "serve", self.run_folder, "--read-only")
        status = json.loads(self.tool("status", "--connect", address).stdout)["result"]
        self.assertEqual((status["run"]["state"], status["settings"]["lr"]["value"]), ("lost", 0.2))
        self.assertEqual(self.end(process), 0)
        self.assertEqual(self.all_files(self.run_folder), before)
        (self.run_folder / "run.db-shm").unlink()
        done = self.tool("serve", self.run_folder, "--read-only", *OPEN)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("run.db was not closed in good order", done.stderr)

    def test_a_run_that_is_served(self):
        server = self.serve()
        done = self.tool("serve", self.run_folder, "--read-only")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"served already by process {server.pid}", done.stderr)


class Verb(Runs):
    def shown(self, *arguments):
        """On a terminal."""
        master, slave = pty.openpty()
        process = self.start(TRIMTAB, *arguments, stdout=slave, stderr=slave, env={"TERM": "xterm", "NO_COLOR": "1"})
        os.close(slave)
        text = b""
        while True:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            text += more
        os.close(master)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, text)
        return text.decode().replace("\r\n", "\n")

    def test_with_and_without_a_server(self):
        self.ended_run("--steps", 5000, "--series", 2)
        arguments = ("history", "toy/*", "--from", 10, "--to", 4999, "--points", 7, "--run", self.run_folder)
        alone = json.loads(self.tool(*arguments).stdout)
        self.assertFalse((self.run_folder / "sock").exists(), "no server was started for it")
        self.serve()
        served = json.loads(self.tool(*arguments).stdout)
        served.pop("id")
        self.assertEqual(served, alone)
        self.assertEqual(len(served["result"]["series"]), 3)
        self.assertEqual(sum(bucket[COUNT] for bucket in served["result"]["series"][0]["buckets"]), 4990)

    def test_for_people(self):
        self.ended_run("--steps", 5000, "--series", 1)
        lines = self.shown("history", "*", "--run", self.run_folder).splitlines()
        self.assertEqual(lines[0].split(), ["history", "steps", "points", "min", "mean", "max", "last"])
        self.assertEqual(lines[1].split()[:9], ["toy/value", "(steps)", "0", "..", "4999", "5000", "1000000000", "1e+09", "1000004999"])
        self.assertRegex(lines[2], r"^ +toy/more0 +0 \.\. 4999  5000    0 +2499.5  4999 +4999 +\u2581+[\u2581-\u2588]*\u2588$")
        rows = self.shown("history", "toy/more0", "--points", 4, "--run", self.run_folder).splitlines()
        self.assertRegex(rows[0], "^toy/more0  \u2581[\u2581-\u2588]*\u2588$")
        self.assertEqual(sum(int(row.split()[3]) for row in rows[2:]), 5000, rows)
        none = self.shown("history", "toy/more0", "--from", 6000, "--run", self.run_folder)
        self.assertIn("no points in this range", none)
        by_time = self.shown("history", "toy/more0", "--time", "--from", "2020-01-01", "--points", 1, "--run", self.run_folder)
        self.assertRegex(by_time.splitlines()[2], r"^ +\d\d:\d\d:\d\d .*5000 ")

    def test_the_run_beside(self):
        self.ended_run("--steps", 30, run=self.folder / "a")
        self.ended_run("--steps", 40, run=self.folder / "b")
        for _ in range(2):
            told = json.loads(self.tool("history", "toy/value", "--beside", "b", "--run", self.folder / "a").stdout)
            self.assertEqual(told["result"]["series"][0]["count"], 40)
            if not (self.folder / "a" / "sock").exists():
                self.serve(run=self.folder / "a")

    def test_the_only_run_that_is_known(self):
        self.ended_run("--steps", 30)
        self.assertEqual(json.loads(self.tool("history", "toy/value").stdout)["result"]["series"][0]["count"], 30)
        self.ended_run("--steps", 40, run=self.folder / "b")
        done = self.tool("history", "toy/value")
        self.assertEqual(done.returncode, 2)
        self.assertIn("choose one with --run", done.stderr)
        self.serve(run=self.folder / "b")
        self.assertEqual(json.loads(self.tool("history", "toy/value").stdout)["result"]["series"][0]["count"], 40, "the live one")

    def test_wrong_words(self):
        self.ended_run("--steps", 30)
        for arguments, status, *words in (
                ((), 2, "history needs SERIES"), (("x", "--from", "soon"), 2, "--from", "`soon`", "--time"), (("x", "--to", "1.5"), 2, "`1.5`"),
                (("x", "--time", "--from", "soon"), 2, "`soon`", "YYYY-MM-DD"), (("x", "--from", 5, "--to", 4), 2, "--from 5", "--to 4"),
                (("x", "--points", 5000), 2, "1 to 4096"), (("no/such",), 1, "no/such"), (("toy/value", "--beside", "nowhere"), 1, "nowhere"),
                (("toy/value", "--beside", "../x"), 1, "../x")):
            with self.subTest(arguments):
                done = self.tool("history", *arguments, "--run", self.run_folder)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stdout + done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)
        done = self.tool("history", "x", "--run", self.folder / "nowhere")
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
