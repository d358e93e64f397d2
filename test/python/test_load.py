"""trimtab.load: what is stored of a run, exactly; live, ended, copied, damaged."""
import math
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import unittest
import unittest.mock

from served import TRIMTAB, Served, wait_for  # first: it finds what follows

import event_files as ef
from harness import DUMP
from trimtab import error
from trimtab.client import Client

try:
    import numpy
    from trimtab.history import load
except ImportError:
    numpy = None
try:
    import pandas
except ImportError:
    pandas = None


@unittest.skipUnless(numpy, "there is no numpy")
class Load(Served):
    def imported(self, **files):
        """A run made of event files."""
        logs = self.folder / "logs"
        logs.mkdir()
        for name, data in files.items():
            (logs / f"events.out.tfevents.{name}").write_bytes(data)
        self.assertEqual(self.tool("import", logs, "--run", self.run_folder).returncode, 0)
        return load(self.run_folder)

    def stored(self, name="toy/value"):
        """What another reader of the same file says: (step, time in us, value)."""
        done = subprocess.run([DUMP, str(self.run_folder)], capture_output=True, text=True, check=True)
        rows = [line.rsplit(" ", 3) for line in done.stdout.splitlines()]
        return [(int(step), int(us), float(value)) for series, step, us, value in rows if series == name]

    def test_an_ended_run(self):
        self.recorded("--steps", 10000, "--series", 2)
        recording = load(self.run_folder)
        self.assertEqual((recording.name, recording.state, recording.folder), ("toy", "finished", str(self.run_folder.resolve())))
        self.assertEqual(recording.config["life"], 1)
        self.assertEqual(recording.settings["lr"], 0.1)
        self.assertIs(recording.settings["flag"], False)
        self.assertEqual(recording.settings["mode"], "slow")
        self.assertEqual(list(recording.series), ["toy/value", "toy/more0", "toy/more1"])
        self.assertEqual((recording.series["toy/value"].unit, recording.series["toy/value"].count), ("steps", 10000))
        curve = recording.scalars("toy/value")
        steps, values = curve
        self.assertEqual([array.dtype.name for array in (steps, values, curve.times, curve.segments)],
                         ["int64", "float64", "float64", "int64"])
        told = list(zip(steps.tolist(), numpy.rint(curve.times * 1e6).astype(int).tolist(), values.tolist()))
        self.assertEqual(told, self.stored())
        self.assertEqual((len(curve), curve.lost, set(curve.segments.tolist())), (10000, 0, {0}))
        self.assertIn("10000 points", repr(curve))

    def test_a_restore_makes_segments(self):
        self.toy("--step-us", 20)
        with Client(self.run_folder) as client:
            for back in (400, 150, 300):
                wait_for("500 steps", lambda: client.status()["run"]["step"] > 500)
                client.act("restore", {"step": back})
            client.stop(at_step=700)
        self.wait_status(self.unix(), "the end", lambda s: s["run"]["state"] == "finished" and s["history"]["state"] == "stored")
        self.end(self.server)
        recording = load(self.run_folder)
        every, newest = recording.scalars("toy/value", "all"), recording.scalars("toy/value")
        self.assertEqual([(int(s), v) for s, v in zip(*every)], [(s, v) for s, _, v in self.stored()])
        self.assertEqual(sorted(set(every.segments.tolist())), [0, 1, 2, 3])
        self.assertEqual(newest.steps.tolist(), list(range(newest.steps[-1] + 1)))  # each step once
        exported = self.tool("export", self.run_folder).stdout.splitlines()[1:]
        self.assertEqual([line.split(",")[1] for line in exported], [str(step) for step in newest.steps])
        self.assertEqual(numpy.unique(newest.segments[newest.steps < 150]).tolist(), [0])
        self.assertEqual(numpy.unique(newest.segments[newest.steps >= 300]).tolist(), [3])
        one = recording.scalars("toy/value", 1)
        self.assertEqual((int(one.steps[0]), numpy.unique(one.segments).tolist()), (400, [1]))
        self.assertEqual(len(recording.scalars("toy/value", 9)), 0)
        requests = [record for record in recording.audit() if record["record"] == "accepted"]
        self.assertEqual([r["request"]["params"]["step"] for r in requests if r["name"] == "act"], [400, 150, 300])
        outcomes = [record["outcome"] for record in recording.audit() if record["record"] == "outcome"]
        self.assertEqual(outcomes, ["applied"] * 4)
        self.assertEqual([record["sequence"] for record in recording.audit()], list(range(1, 9)))
        self.assertNotIn("vals", recording.audit()[-1])

    def test_while_it_trains(self):
        self.toy()
        with Client(self.run_folder) as client:
            client.say("halfway")
            client.act("checkpoint")
            wait_for("points", lambda: load(self.run_folder).series["toy/value"].count > 100)
            recording = load("toy")
            self.assertEqual(recording.state, "running")
            self.assertGreater(len(recording.scalars("toy/value")), 100)
            wait_for("the message", lambda: [message["text"] for message in recording.messages()] == ["halfway"])
            self.assertEqual(recording.checkpoints()[0]["path"], "nowhere")

    def test_values_that_are_none(self):
        values = [1.5, math.nan, math.inf, -math.inf, -0.0, 3e38, 1e-45]
        for tag in ("loss", 'odd "name", *'):
            with self.subTest(tag=tag):
                recording = self.imported(a=ef.curve(tag.encode(), values))
                told = recording.scalars(tag).values.tolist()
                self.assertEqual(struct.pack("<7d", *told), struct.pack("<7d", *struct.unpack("<7f", struct.pack("<7f", *values))))
                shutil.rmtree(self.run_folder)
                shutil.rmtree(self.folder / "logs")

    def test_names_that_are_patterns(self):
        tags = ["a*", "ab", "a?", "[ab]", "x,y", 'q"', "it's", "ü", "a"]
        data = ef.version() + b"".join(
            ef.event(1.7e9 + n, n, *(ef.simple(tag.encode(), n + 100 * i) for i, tag in enumerate(tags))) for n in range(5))
        recording = self.imported(a=data)
        for i, tag in enumerate(tags):
            with self.subTest(tag=tag):
                self.assertEqual(recording.scalars(tag).values.tolist(), [n + 100.0 * i for n in range(5)])
        self.assertEqual(recording.names("a?"), ["a*", "ab", "a?"])
        self.assertEqual(recording.names(["ab", "ü"]), ["ab", "ü"])

    def test_steps_beyond_a_double(self):
        steps = [0, (1 << 53) + 1, (1 << 53) + 3]
        data = ef.version() + b"".join(ef.event(1.7e9, step, ef.simple(b"loss", 1.0)) for step in steps)
        self.assertEqual(self.imported(a=data).scalars("loss").steps.tolist(), steps)

    @unittest.skipUnless(pandas, "there is no pandas")
    def test_a_frame(self):
        data = ef.version() + b"".join(
            ef.event(1.7e9 + n, n, ef.simple(b"train/loss", n), *([ef.simple(b"train/acc", n * 2)] if n % 2 else [])) for n in range(6))
        recording = self.imported(a=data + ef.event(1.7e9 + 9, 5, ef.simple(b"train/loss", 50)) + ef.event(1.7e9, 0, ef.simple(b"other", 1)))
        frame = recording.frame("train/*")
        self.assertEqual((list(frame.columns), frame.index.name), (["train/loss", "train/acc"], "step"))
        self.assertEqual(frame["train/loss"].tolist(), [0, 1, 2, 3, 4, 50])  # of equal steps the last
        self.assertEqual(frame["train/acc"].dropna().to_dict(), {1: 2, 3: 6, 5: 10})
        by_time = recording.frame("train/*", axis="time")
        self.assertEqual((by_time.index[0].timestamp(), len(by_time)), (1.7e9, 7))
        with self.assertRaises(error.SeriesNotFound):
            recording.frame("trian/*")
        with self.assertRaisesRegex(ValueError, "axis"):
            recording.frame(axis="epoch")
        with unittest.mock.patch.dict(sys.modules, {"pandas": None}), self.assertRaisesRegex(ImportError, "pip install pandas"):
            recording.frame()

    def test_where_it_may_lie(self):
        self.recorded("--steps", 300)
        lone, copy = self.folder / "lone", self.folder / "read only"
        lone.mkdir()
        shutil.copy(self.run_folder / "run.db", lone)
        shutil.copytree(self.run_folder, copy)
        for path in copy.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        copy.chmod(0o555)
        self.addCleanup(copy.chmod, 0o755)
        before = sorted(path.name for path in copy.rglob("*"))
        for given in (lone, lone / "run.db", copy, str(copy)):
            with self.subTest(given=given):
                self.assertEqual(load(given).scalars("toy/value").steps.tolist(), list(range(300)))
        self.assertEqual(sorted(path.name for path in copy.rglob("*")), before)

    def test_damage_is_counted(self):
        self.recorded("--steps", 20000)
        with sqlite3.connect(self.run_folder / "run.db") as db:
            (chunk, first, points), = db.execute("select id, sequence, points from chunks order by sequence limit 1 offset 1")
            db.execute("update chunks set data = zeroblob(50) where id = ?", (chunk,))
        db.close()
        curve = load(self.run_folder).scalars("toy/value")
        self.assertEqual(curve.lost, points)
        self.assertEqual(curve.steps.tolist(), [step for step in range(20000) if not first <= step < first + points])
        self.assertIn(f"{points} lost", repr(curve))

    def test_what_is_not_there(self):
        self.recorded("--steps", 10)
        recording = load(self.run_folder)
        with self.assertRaisesRegex(error.SeriesNotFound, "toy has no series 'toy/vlaue'; did you mean toy/value?"):
            recording.scalars("toy/vlaue")
        with self.assertRaisesRegex(error.SeriesNotFound, "; it has toy/value"):
            recording.scalars("xyz")
        with self.assertRaisesRegex(ValueError, "newest"):
            recording.scalars("toy/value", "last")
        with self.assertRaisesRegex(error.ProgramFailed, "no such table: nowhere"):
            recording.query("select * from nowhere")
        with self.assertRaises(error.RunNotFound):
            load(self.folder / "none")
        empty = self.folder / "empty"
        empty.mkdir()
        with self.assertRaisesRegex(error.RunNotFound, "not the folder of a run"):
            load(empty)
        (empty / "run.db").write_bytes(b"no database at all" * 100)
        with self.assertRaises(error.ProgramFailed):
            load(empty)

    def test_where_the_program_is(self):
        self.recorded("--steps", 10)
        with unittest.mock.patch.dict(os.environ, {"TRIMTAB_SERVER": "/nowhere"}), self.assertRaisesRegex(error.ProgramFailed, "/nowhere"):
            load(self.run_folder)
        path = self.folder / "bin"
        path.mkdir()
        (path / "trimtab").symlink_to(TRIMTAB)
        from trimtab import place
        with unittest.mock.patch.dict(os.environ, {"TRIMTAB_SERVER": "off", "PATH": str(path)}), \
                unittest.mock.patch.object(place, "__file__", "/nowhere/package/place.py"), \
                unittest.mock.patch.object(sys, "executable", "/nowhere/bin/python"):
            self.assertEqual(place.program(), str(pathlib.Path(TRIMTAB).resolve()))
            with unittest.mock.patch.dict(os.environ, {"PATH": ""}), self.assertRaisesRegex(error.ProgramFailed, "was not found"):
                place.program()

    def test_nothing_is_imported_before_it_is_needed(self):
        names = "numpy pandas asyncio subprocess".split()
        code = f"import sys, trimtab.client, trimtab.history, trimtab.place; print([n for n in {names} if n in sys.modules])"
        package = pathlib.Path(sys.modules["trimtab.history"].__file__).parent
        stub = "import sys, types; m = types.ModuleType('trimtab'); m.__path__ = [sys.argv[1]]; sys.modules['trimtab'] = m\n"
        done = subprocess.run([sys.executable, "-c", stub + code, str(package)], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "[]\n")



if __name__ == "__main__":
    unittest.main()
