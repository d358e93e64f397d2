"""A run's points as CSV, JSON lines and an event file of TensorBoard; runs from the event files of others."""
import csv
import json
import math
import os
import pathlib
import pty
import random
import re
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import unittest

import event_files as ef
from harness import OPEN, PATIENCE, TOY, TRIMTAB, Case, all_of_terminal, wait_for

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def same(a, b):
    return a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))


class Exchange(Case):
    def setUp(self):
        super().setUp()
        self.logs = self.folder / "logs"
        self.logs.mkdir()

    def log_file(self, name, *contents):
        path = self.logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(contents))
        return path

    def bring(self, *arguments, status=0, **options):
        """Imports self.logs; what the program told."""
        done = self.tool("import", self.logs, *arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    def bring_one(self, *arguments, **options):
        self.bring("--run", self.run_folder, *arguments, **options)
        return self.run_folder

    def refused(self, done, status, *words):
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (status, 1), done.stdout + done.stderr)
        for word in words:
            self.assertIn(str(word), done.stderr)

    def export(self, run, *arguments):
        done = self.tool("export", run, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def rows(self, run, *arguments):
        """[series, (segment,) step, time, value] of each row of the csv."""
        header, *rows = csv.reader(self.export(run, *arguments).splitlines(keepends=True), strict=True)
        names = ["series", "segment", "step", "time", "value"] if "--segments" in arguments else ["series", "step", "time", "value"]
        self.assertEqual(header, names)
        return [[row[0], *map(int, row[1:-2]), float(row[-2]), float(row[-1])] for row in rows]

    def lines(self, run, *arguments):
        return [json.loads(line) for line in self.export(run, "--format", "jsonl", *arguments).splitlines()]

    def left(self):
        """What an import or export that failed has left behind."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                      if self.logs not in [path, *path.parents] and path.name not in ("out.log", "state")
                      and self.folder / "state" not in path.parents)

    def big_log(self, points=1_500_000):
        """Many points cheaply: the same stretch again and again, each time a new segment."""
        stretch = ef.curve(b"loss", [random.random() for _ in range(10000)])
        with open(self.log_file("events.out.tfevents.1.x"), "wb") as file:
            for _ in range(points // 10000):
                file.write(stretch)


# ---- export ----

class Export(Exchange):
    def trained(self, *arguments):
        process = self.start(TRIMTAB, "run", "--run", self.run_folder, *OPEN, "--", TOY, "--steps", 3000, *arguments)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())
        return self.run_folder

    def test_csv_is_what_was_logged(self):
        rows = [row for row in self.rows(self.trained("--series", 2)) if row[0] == "toy/value"]
        self.assertEqual([row[1] for row in rows], list(range(3000)))
        self.assertEqual([row[3] for row in rows], [1e9 + step for step in range(3000)])
        self.assertEqual(rows, sorted(rows, key=lambda row: row[2]))
        self.assertLessEqual({"toy/value", "toy/more0", "toy/more1"}, {row[0] for row in self.rows(self.run_folder)})

    def test_jsonl_and_the_event_file_tell_the_same(self):
        run = self.trained()
        rows = self.rows(run)
        told = self.lines(run)
        self.assertTrue(all(list(line) == ["series", "step", "time", "value"] for line in told))
        self.assertEqual([list(line.values()) for line in told], rows)
        self.export(run, "--format", "tensorboard", "-o", self.folder / "tb")
        file, = (self.folder / "tb").iterdir()
        self.assertRegex(file.name, r"^events\.out\.tfevents\.\d+\.[^/]+\.\d+\.0\.trimtab$")
        read = list(ef.scalars(file.read_bytes()))
        self.assertEqual([(tag, step) for tag, step, *_ in read], [(row[0], row[1]) for row in rows])
        self.assertEqual([value for *_, value in read], [ef.float32(row[3]) for row in rows])
        for got, row in zip(read, rows):
            self.assertAlmostEqual(got[2], row[2], delta=1e-6)

    def test_every_digit_and_what_is_not_finite(self):
        values = [0.1, -0.0, 1e300, 5e-324, math.nan, math.inf, -math.inf, 123456789.123456789, 2 / 3]
        self.log_file("events.out.tfevents.1", ef.version(),
                      *(ef.event(1.7e9, i, ef.tensor(b"x", ef.DOUBLE, struct.pack("<d", v))) for i, v in enumerate(values)))
        run = self.bring_one()
        text = [row[3] for row in csv.reader(self.export(run).splitlines())][1:]
        for got, want in zip(text, values):
            self.assertTrue(same(float(got), want) and math.copysign(1, float(got)) == math.copysign(1, want) or math.isnan(want), got)
        self.assertEqual([text[0], text[4], text[5], text[6]], ["0.1", "NaN", "Infinity", "-Infinity"])
        told = [line["value"] for line in self.lines(run)]
        self.assertEqual(told[4:7], ["NaN", "Infinity", "-Infinity"])
        self.assertTrue(all(same(NOT_FINITE.get(got, got), want) for got, want in zip(told, values)))

    def test_names_that_csv_must_quote(self):
        tags = ['a,b', 'say "hi"', "plain/one", "ü, \"ß\"", " blank ", "'"]
        self.log_file("events.out.tfevents.1", ef.version(), ef.event(1.0, 1, *(ef.simple(tag.encode(), i) for i, tag in enumerate(tags))))
        run = self.bring_one()
        self.assertEqual([(row[0], row[3]) for row in self.rows(run)], [(tag, float(i)) for i, tag in enumerate(tags)])
        self.assertEqual([line["series"] for line in self.lines(run)], tags)

    def test_what_a_restore_made_undone_is_left_out(self):
        first, second, third = [1.0] * 100, [2.0] * 30, [3.0] * 100
        self.log_file("events.out.tfevents.1", ef.curve(b"x", first, 0), ef.curve(b"x", second, 50), ef.curve(b"x", third, 60))
        run = self.bring_one()
        stands = [(step, 1.0) for step in range(50)] + [(step, 2.0) for step in range(50, 60)] + [(step, 3.0) for step in range(60, 160)]
        self.assertEqual([(row[1], row[3]) for row in self.rows(run)], stands)
        everything = [(0, i, 1.0) for i in range(100)] + [(1, 50 + i, 2.0) for i in range(30)] + [(2, 60 + i, 3.0) for i in range(100)]
        self.assertEqual([(row[1], row[2], row[4]) for row in self.rows(run, "--segments")], everything)
        self.assertEqual([(line["segment"], line["step"], line["value"]) for line in self.lines(run, "--segments")], everything)
        self.export(run, "--format", "tensorboard", "-o", self.folder / "tb")
        file, = (self.folder / "tb").iterdir()
        self.assertEqual([(step, value) for _, step, _, value in ef.scalars(file.read_bytes())], stands)

    def test_some_series(self):
        self.log_file("events.out.tfevents.1", ef.version(), ef.event(1.0, 1, *(ef.simple(tag, 1) for tag in (b"train/a", b"train/b", b"val/a", b"lr"))))
        run = self.bring_one()
        self.assertEqual([row[0] for row in self.rows(run, "--series", "train/*", "--series", "lr")], ["train/a", "train/b", "lr"])
        done = self.tool("export", run, "--series", "trian/*")
        self.refused(done, 1, "trian/*")
        self.assertEqual(done.stdout.splitlines()[1:], [])

    def test_a_run_that_goes_on(self):
        self.serve()
        trainer = self.train("--steps", 100_000_000, "--step-us", 100)
        wire = self.connect()
        self.wait_attached(wire)
        wait_for("points to be stored", lambda: self.tool("export", self.run_folder, "--series", "toy/value").returncode == 0)
        counts = []
        for _ in range(5):
            rows = self.rows(self.run_folder, "--series", "toy/value")
            self.assertEqual([row[1] for row in rows], list(range(len(rows))))
            self.assertEqual([row[3] for row in rows], [1e9 + row[1] for row in rows])
            counts.append(len(rows))
            wait_for("more of it to be stored", lambda: len(self.rows(self.run_folder, "--series", "toy/value")) > counts[-1])
        self.assertEqual(counts, sorted(counts))
        self.assertIn("time", wire.result(2))
        self.kill(trainer)

    def test_who_is_slow_to_take_an_export_holds_nothing_up(self):
        self.big_log(400_000)
        run = self.bring_one()
        writer = sqlite3.connect(run / "run.db", isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("PRAGMA journal_mode=WAL")
        process = self.start(TRIMTAB, "export", run, "--segments", keep_output=True)
        process.stdout.readline()  # and no more: it stands still in the middle
        writer.execute("INSERT INTO meta(name,value) VALUES('news',1)")
        self.assertEqual(writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone(), (0, 0, 0))
        rest = process.stdout.read()
        self.assertEqual((process.wait(timeout=PATIENCE), rest.count(b"\n")), (0, 400_000))

    def test_a_run_that_goes_on_elsewhere_than_on_a_local_disk(self):
        elsewhere = {"TRIMTAB_FORCE_NOT_LOCAL": "1"}
        self.serve(env=elsewhere)
        wait_for("run.db", (self.run_folder / "run.db").exists)
        self.refused(self.tool("export", self.run_folder, env=elsewhere), 1, "held by its server", "trimtab history")

    def test_the_file_itself_alone_and_not_writable(self):
        run = self.trained()
        rows = self.rows(run)
        self.assertEqual(self.rows(run / "run.db"), rows)
        lone = self.folder / "lone"
        lone.mkdir()
        shutil.copy(run / "run.db", lone)
        lone.joinpath("run.db").chmod(0o400)
        lone.chmod(0o500)
        try:
            self.assertEqual(self.rows(lone), rows)
            done = subprocess.run([TRIMTAB, "export", "run.db"], env=self.environment, cwd=lone, capture_output=True, text=True)
        finally:
            lone.chmod(0o700)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, len(rows) + 1))
        self.assertEqual([path.name for path in lone.iterdir()], ["run.db"])
        other = self.folder / "backup.db"
        shutil.copy(run / "run.db", other)
        self.refused(self.tool("export", other), 1, "backup.db", "run.db")

    def test_what_is_no_run_is_refused(self):
        self.refused(self.tool("export", self.folder / "nothing"), 1, "nothing")
        self.refused(self.tool("export", self.logs), 1, "not the folder of a run")
        self.refused(self.tool("export"), 2, "RUN")
        run = self.trained()
        self.refused(self.tool("export", run, "--format", "xml"), 2, "xml", "tensorboard")
        self.refused(self.tool("export", run, "--format", "tensorboard"), 2, "--output")
        self.refused(self.tool("export", run, "--format", "tensorboard", "--segments", "-o", self.folder / "tb"), 2, "segments")

    def test_a_run_of_which_nothing_is_stored_yet(self):
        self.assertEqual(self.train("--steps", 10).wait(timeout=PATIENCE), 0)
        self.refused(self.tool("export", self.run_folder), 1, "stored yet", f"trimtab serve {self.run_folder}")

    def test_nothing_is_replaced_unasked(self):
        run, out = self.trained(), self.folder / "out.csv"
        told = json.loads(self.export(run, "-o", out))
        rows = self.rows(run)
        self.assertEqual(told, {"output": str(out), "series": len({row[0] for row in rows}), "points": len(rows), "lost": 0})
        whole = out.read_bytes()
        out.write_bytes(b"mine")
        self.refused(self.tool("export", run, "--output", out), 1, "out.csv", "--force")
        self.assertEqual(out.read_bytes(), b"mine")
        self.export(run, "-o", out, "--force")
        self.assertEqual(out.read_bytes(), whole)
        self.refused(self.tool("export", run, "-o", self.folder), 2, "folder")
        self.refused(self.tool("export", run, "-o", self.folder / "no" / "such.csv"), 1, "such.csv")

    def test_a_run_is_not_replaced_by_its_export(self):
        run = self.trained()
        before = (run / "run.db").read_bytes()
        (self.folder / "link.csv").symlink_to(run / "run.db")
        for out in (run / "run.db", self.folder / "link.csv"):
            self.refused(self.tool("export", run, "-o", out, "--force"), 1, out.name, "history of a run")
        self.assertEqual((run / "run.db").read_bytes(), before)
        self.assertEqual(self.tool("export", run, "-o", run / "points.csv").returncode, 0)

    def test_a_file_is_replaced_behind_its_link_and_keeps_its_rights(self):
        run, real, link = self.trained(), self.folder / "real.csv", self.folder / "link.csv"
        real.write_text("old")
        real.chmod(0o600)
        link.symlink_to("real.csv")
        self.export(run, "-o", link, "--force")
        self.assertTrue(link.is_symlink())
        self.assertEqual((real.read_text(), real.stat().st_mode & 0o777), (self.export(run), 0o600))
        real.unlink()
        self.refused(self.tool("export", run, "-o", link), 1, "link.csv", "nowhere")

    def test_a_dash_is_standard_output(self):
        run = self.trained()
        done = subprocess.run([TRIMTAB, "export", run, "-o", "-"], env=self.environment, cwd=self.logs, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, self.export(run)))
        self.assertEqual(list(self.logs.iterdir()), [])
        self.refused(self.tool("export", run, "--format", "tensorboard", "-o", "-"), 2, "--output")

    def test_event_files_of_others_stay(self):
        run, out = self.trained(), self.folder / "a" / "b"
        self.export(run, "--format", "tensorboard", "-o", out)
        first, = out.iterdir()
        self.refused(self.tool("export", run, "--format", "tensorboard", "-o", out), 1, "--force")
        self.export(run, "--format", "tensorboard", "-o", out, "--force")
        second, = out.iterdir()
        (out / "notes.txt").write_text("mine")
        other = out / "events.out.tfevents.1.other"
        other.write_bytes(b"theirs")
        for force in ([], ["--force"]):
            self.refused(self.tool("export", run, "--format", "tensorboard", "-o", out, *force), 1)
            self.assertEqual({path.name for path in out.iterdir()}, {second.name, "notes.txt", other.name})

    def test_a_full_disk_leaves_nothing_half_done(self):
        self.log_file("events.out.tfevents.1", ef.curve(b"loss", [random.random() for _ in range(20000)]))
        run = self.bring_one()
        for form in ("csv", "jsonl"):
            self.refused(self.tool("export", run, "--format", form, "-o", "/dev/full"), 1, "/dev/full", "no room")
            with open("/dev/full", "w") as full:
                done = subprocess.run([TRIMTAB, "export", run, "--format", form], env=self.environment, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertIn("no room", done.stderr)
        before = self.left()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        for form, out in (("csv", "x.csv"), ("tensorboard", "tb"), ("tensorboard", "new/and/deep")):
            done = subprocess.run([TRIMTAB, "export", run, "--format", form, "-o", self.folder / out], env=self.environment,
                                  capture_output=True, text=True, preexec_fn=limit)
            self.refused(done, 1, out, "no room")
            self.assertEqual(self.left(), before)

    def test_a_reader_that_goes_away_is_told_in_one_sentence(self):
        self.log_file("events.out.tfevents.1", ef.curve(b"loss", [random.random() for _ in range(20000)]))
        process = self.start(TRIMTAB, "export", self.bring_one(), keep_output=True)
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()
        self.assertEqual((process.wait(timeout=PATIENCE), len(said.splitlines())), (1, 1), said)
        self.assertIn("closed", said)

    def test_an_interrupted_export_leaves_nothing(self):
        self.big_log()
        run = self.bring_one()
        before, out = self.left(), self.folder / "out"
        out.mkdir()
        for _ in range(10):  # it may be over before it is interrupted
            process = self.start(TRIMTAB, "export", run, "--segments", "-o", out / "x.csv")
            wait_for("the file", lambda: list(out.iterdir()))
            process.send_signal(signal.SIGINT)
            if process.wait(timeout=PATIENCE) != 0:
                break
            (out / "x.csv").unlink()
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(list(out.iterdir()), [])
        self.assertEqual([path for path in self.left() if path != "out"], before)

    def test_lost_points_are_told(self):
        self.log_file("events.out.tfevents.1", ef.curve(b"loss", [float(i) for i in range(20000)]))
        run = self.bring_one()
        db = sqlite3.connect(run / "run.db")
        (chunk, sequence, points), = db.execute("SELECT id,sequence,points FROM chunks ORDER BY sequence LIMIT 1 OFFSET 1")
        db.execute("UPDATE chunks SET data=zeroblob(50) WHERE id=?", (chunk,))
        db.commit()
        db.close()
        done = self.tool("export", run)
        self.refused(done, 1, f"{points} points", "damaged")
        steps = [int(row[1]) for row in csv.reader(done.stdout.splitlines()[1:])]
        self.assertEqual(steps, [i for i in range(20000) if not sequence <= i < sequence + points])
        out = self.folder / "x.jsonl"
        done = self.tool("export", run, "--format", "jsonl", "-o", out)
        self.assertEqual((done.returncode, json.loads(done.stdout)["lost"]), (1, points))
        self.assertEqual(len(out.read_text().splitlines()), 20000 - points)

    def test_the_help_says_what_is_lost_in_tensorboard(self):
        self.assertRegex(self.tool("export", "--help").stdout, r"float32:\s+seven digits")


# ---- import ----

class Import(Exchange):
    def test_each_folder_is_a_run(self):
        self.log_file("exp1/train/events.out.tfevents.2", ef.curve(b"loss", [3, 4], first=2, begin=1.7e9 + 100))
        self.log_file("exp1/train/events.out.tfevents.9", ef.curve(b"loss", [1, 2], begin=1.7e9))
        self.log_file("exp1/val/events.out.tfevents.1.v2", ef.version(),
                      ef.event(1.7e9, 5, ef.tensor(b"epoch_loss", ef.FLOAT, struct.pack("<f", 0.25), plugin=b"scalars")))
        self.log_file("events.out.tfevents.1", ef.curve(b"top", [7], begin=1.6e9))
        self.log_file("exp1/notes.txt", b"no event file")
        (self.logs / "empty").mkdir()
        told = self.bring()
        home = self.folder / "runs" / "logs"
        runs = {run["from"]: pathlib.Path(run["run"]) for run in told["runs"]}
        self.assertEqual(set(runs), {"", "exp1/train", "exp1/val"})
        self.assertEqual((runs["exp1/train"], runs["exp1/val"]), (home / "exp1-train", home / "exp1-val"))
        self.assertRegex(runs[""].name, r"^20200913-\d{6}$")
        self.assertEqual([row[1:] for row in self.rows(home / "exp1-train")],
                         [[0, 1.7e9, 1], [1, 1.7e9 + 0.5, 2], [2, 1.7e9 + 100, 3], [3, 1.7e9 + 100.5, 4]])
        self.assertEqual(self.rows(home / "exp1-val"), [["epoch_loss", 5, 1.7e9, 0.25]])
        for run in runs.values():
            self.assertEqual([path.name for path in run.iterdir()], ["run.db"])
            self.assertEqual(run.stat().st_mode & 0o777, 0o700)
        again = self.bring("--name", "other", "--series", "loss")
        self.assertEqual([run["run"] for run in again["runs"]], [str(self.folder / "runs" / "other" / "exp1-train")])
        third = self.bring()
        self.assertIn(str(home / "exp1-train-2"), [run["run"] for run in third["runs"]])

    def test_it_has_finished_and_says_where_it_comes_from(self):
        self.log_file("a/events.out.tfevents.1", ef.curve(b"loss", [1, 2, 3]))
        run, = self.bring("--name", "gpt")["runs"]
        listed, = json.loads(self.tool("ls").stdout)["runs"]
        self.assertEqual((listed["name"], listed["state"], listed["step"], listed["started"]), ("gpt", "finished", 2, 1.7e9))
        self.assertEqual(listed["folder"], run["run"])
        self.assertEqual(listed["config"], {"imported_from": str(self.logs / "a"), "imported_files": ["events.out.tfevents.1"]})
        folder = pathlib.Path(run["run"])
        self.serve(run=folder)
        status = self.connect(folder).result(3)
        self.assertEqual((status["run"]["state"], status["run"]["name"]), ("finished", "gpt"))

    def test_where_the_folder_is_not_local_nothing_is_left_elsewhere(self):
        def local_parts():
            root = pathlib.Path(f"/var/tmp/trimtab-{os.geteuid()}")
            return set(os.listdir(root)) if root.exists() else set()
        self.log_file("events.out.tfevents.1", ef.curve(b"loss", [1, 2, 3]))
        self.log_file("a/events.out.tfevents.1", ef.curve(b"loss", [random.random() for _ in range(5000)]))
        elsewhere = {"TRIMTAB_FORCE_NOT_LOCAL": "1"}
        before = local_parts()
        for run in self.bring(env=elsewhere)["runs"]:
            self.assertEqual(os.listdir(run["run"]), ["run.db"])
            self.assertEqual(len(self.tool("export", run["run"], env=elsewhere).stdout.splitlines()), run["points"] + 1)
        self.assertLessEqual(local_parts(), before)

    def test_out_and_in_again_is_the_same(self):
        random.seed(4)
        values = [random.gauss(2, 0.3) for _ in range(9000)]
        self.log_file("events.out.tfevents.1", ef.curve(b"a/loss", values), ef.curve(b"a/loss", values[:3000], first=1000),
                      ef.curve(b"b", [math.nan, math.inf, -math.inf, -0.0, 1e-45]))
        run = self.bring_one()
        rows = self.rows(run)
        self.assertEqual(len(rows), 4005)
        for i in range(2):
            out = self.folder / f"tb{i}"
            self.export(run, "--format", "tensorboard", "-o", out)
            run = self.folder / f"run{i}"
            done = self.tool("import", out, "--run", run)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            again = self.rows(run)
            self.assertEqual(len(again), len(rows))
            self.assertTrue(all(same(x, y) for a, b in zip(again, rows) for x, y in zip(a, b)))

    def test_what_is_no_scalar_is_counted_once(self):
        text = ef.tensor(b"t", ef.STRING, b"", plugin=b"text")
        self.log_file("events.out.tfevents.1", ef.version(), *(ef.event(1.0, i, ef.histogram(b"h"), text, ef.simple(b"x", i)) for i in range(700)))
        done = self.tool("import", self.logs, "--run", self.run_folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "trimtab: 1,400 values that are no scalars (images, histograms, text, ...) were passed over\n")
        self.assertEqual(json.loads(done.stdout)["passed_over"]["not_scalars"], 1400)
        self.assertEqual(len(self.rows(self.run_folder)), 700)

    def test_hostile_tags(self):
        tags = [b"", b"\x1b[31mred\n", b"\xff\xfe", b"a\0b", "\u202eabc".encode(), b"x" * 128, b"x" * 129, b"x" * 1000, b"y" * 5000,
                "\u00e4".encode() * 100, b"plain"]
        self.log_file("events.out.tfevents.1", ef.version(), *(ef.event(1.0, i, *(ef.simple(tag, k) for k, tag in enumerate(tags))) for i in range(3)))
        done = self.tool("import", self.logs, "--run", self.run_folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["passed_over"]["tags_too_long"], told["renamed"]), (3, 8))
        rows = self.rows(self.run_folder)
        names = {row[3]: row[0] for row in rows}
        self.assertEqual(len(rows), 3 * 10)
        self.assertEqual(len(set(names.values())), 10)  # none has swallowed another
        self.assertTrue(all(0 < len(name.encode()) <= 128 and name.isprintable() for name in names.values()), names)
        self.assertEqual((names[5.0], names[10.0]), ("x" * 128, "plain"))
        self.assertEqual((names[1.0], names[3.0]), ("?[31mred?", "a?b"))

    def test_too_many_tags(self):
        tags = [b"tag%d" % i for i in range(100_000)]
        self.log_file("events.out.tfevents.1", ef.version(), *(ef.event(1.0, i, *(ef.simple(tag, 1) for tag in tags[i::100])) for i in range(100)))
        done = self.tool("import", self.logs, "--run", self.run_folder)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (0, 1), done.stderr)
        self.assertIn("95,904 values of series beyond the 4,096", done.stderr)
        self.assertEqual(len(self.rows(self.run_folder)), 4096)

    def test_odd_steps_and_times(self):
        at = [(-5, 1.0), (1 << 54, 2.0), ((1 << 63) - 1, 3.0), (-1 << 63, 4.0), (7, math.nan), (8, math.inf), (9, -1e300)]
        self.log_file("events.out.tfevents.1", ef.version(), *(ef.event(time, step, ef.simple(b"x", i)) for i, (step, time) in enumerate(at)))
        told = self.bring("--run", self.run_folder)
        self.assertEqual(told["passed_over"]["steps_beyond"], 2)
        self.assertEqual([row[2] for row in self.rows(self.run_folder, "--segments")], [-5, 1 << 54, 7, 8, 9])

    def test_damage_is_passed_over_and_told(self):
        good = [ef.event(1.0 + i, i, ef.simple(b"x", i)) for i in range(100)]
        wrong = bytearray(good[40])
        wrong[20] ^= 1
        lost = bytearray(good[60])
        lost[2] ^= 1
        beyond = ef.record(b"x" * 10, 1 << 62)
        self.log_file("events.out.tfevents.1", ef.version(), *good[:40], wrong, *good[41:60], lost, *good[61:])
        self.log_file("cut/events.out.tfevents.1", ef.version(), *good[:50], good[50][:-3])
        self.log_file("long/events.out.tfevents.1", ef.version(), *good[:50], beyond)
        done = self.tool("import", self.logs)
        self.assertEqual(done.returncode, 1, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["passed_over"]["damaged"], told["incomplete"]), (2, 2))
        self.assertIn("2 damaged records", done.stderr)
        points = {run["from"]: run["points"] for run in told["runs"]}
        self.assertEqual(points, {"": 98, "cut": 50, "long": 50})

    def test_files_that_are_none(self):
        self.log_file("a/events.out.tfevents.1", ef.curve(b"x", [1, 2]))
        self.log_file("a/events.out.tfevents.2", b"#!/bin/sh\necho this is no event file\n")
        self.log_file("b/tfevents.txt", os.urandom(5000))
        self.log_file("c/events.out.tfevents.0.profile-empty")
        os.mkfifo(self.logs / "a" / "events.out.tfevents.3")
        done = self.tool("import", self.logs)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sum("is no event file" in line for line in done.stderr.splitlines()), 2, done.stderr)
        run, = json.loads(done.stdout)["runs"]
        self.assertEqual((run["from"], run["points"]), ("a", 2))

    def test_a_damaged_beginning_costs_no_more_than_itself(self):
        data = bytearray(ef.curve(b"x", [1, 2, 3]))
        data[3] ^= 1
        self.log_file("events.out.tfevents.1", bytes(data))
        self.assertEqual(self.bring("--run", self.run_folder, status=1)["passed_over"]["damaged"], 1)
        self.assertEqual([row[3] for row in self.rows(self.run_folder)], [1, 2, 3])

    def test_a_file_without_a_whole_record_is_told(self):
        self.log_file("events.out.tfevents.1", ef.curve(b"x", [1, 2, 3]))
        self.log_file("events.out.tfevents.2", ef.version()[:-5])
        self.log_file("events.out.tfevents.3")
        told = self.bring("--run", self.run_folder)
        self.assertEqual((told["incomplete"], told["passed_over"]["damaged"]), (1, 0))
        self.assertEqual([row[2] for row in self.rows(self.run_folder)], [1.7e9, 1.7e9 + 0.5, 1.7e9 + 1])

    def test_steps_that_go_back_are_told(self):
        self.log_file("a/events.out.tfevents.1.one", ef.curve(b"x", [1] * 100))
        self.assertEqual(self.bring()["steps_back"], 0)
        self.log_file("a/events.out.tfevents.2.two", ef.curve(b"x", [2] * 90, begin=1.7e9 + 1))
        done = self.tool("import", self.logs, "--run", self.run_folder)
        self.assertEqual((done.returncode, json.loads(done.stdout)["steps_back"]), (0, 1))
        self.assertIn("1 step goes back", done.stderr)
        self.assertEqual([len(self.rows(self.run_folder, *segments)) for segments in ([], ["--segments"])], [90, 190])

    def test_where_a_run_can_be_named(self):
        self.log_file("events.out.tfevents.1", ef.curve(b"x", [1, 2, 3]))
        here = self.folder / "here"
        here.mkdir()

        def bring(run):
            return subprocess.run([TRIMTAB, "import", self.logs, "--run", run], env=self.environment, cwd=here, capture_output=True, text=True)
        (here / "nowhere").symlink_to("gone")
        for run, word in ((".", "the folder you are in"), ("x/.", "x/."), ("x/y/..", ".."), ("nowhere", "nowhere")):
            self.refused(bring(run), 1, word)
        self.assertEqual(os.listdir(here), ["nowhere"])
        (here / "empty").mkdir()
        (here / "linked").symlink_to("empty")
        for run, made in (("linked", "empty"), ("new/", "new"), ("./deep/er", "deep/er")):
            self.assertEqual(bring(run).returncode, 0)
            self.assertEqual(os.listdir(here / made), ["run.db"])

    def test_links_in_a_circle_and_twice(self):
        self.log_file("a/b/events.out.tfevents.1", ef.curve(b"x", [1, 2]))
        (self.logs / "a" / "b" / "up").symlink_to(self.logs)
        (self.logs / "a" / "c").symlink_to("b")
        (self.logs / "a" / "gone").symlink_to("nowhere")
        outside = self.folder / "outside"
        outside.mkdir()
        (outside / "events.out.tfevents.1").write_bytes(ef.curve(b"y", [3]))
        (self.logs / "linked").symlink_to(outside)
        told = self.bring()
        self.assertEqual({run["from"]: run["points"] for run in told["runs"]}, {"a/b": 2, "linked": 1})

    def test_what_cannot_be_imported_leaves_nothing(self):
        before = self.left()
        self.refused(self.tool("import", self.logs), 1, "tfevents")
        self.refused(self.tool("import", self.folder / "nothing"), 1, "nothing")
        self.log_file("a/events.out.tfevents.1", ef.version(), ef.event(1.0, 1, ef.histogram(b"h")))
        self.refused(self.tool("import", self.logs), 1, "no scalars")
        self.log_file("b/events.out.tfevents.1", ef.curve(b"x", [1]))
        self.refused(self.tool("import", self.logs, "--series", "nope"), 1, "no such scalars")
        self.refused(self.tool("import", self.logs, "--run", self.run_folder), 2, "2 runs", "a, b")
        self.refused(self.tool("import", self.logs, "--name", "a\nb"), 2, "name")
        self.assertEqual(self.left(), before)
        self.run_folder.mkdir()
        (self.run_folder / "mine").write_text("x")
        self.refused(self.tool("import", self.logs / "b", "--run", self.run_folder), 1, "not empty")
        self.assertEqual([path.name for path in self.run_folder.iterdir()], ["mine"])
        (self.run_folder / "mine").unlink()
        done = self.tool("import", self.logs / "b" / "events.out.tfevents.1", "--run", self.run_folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([path.name for path in self.run_folder.iterdir()], ["run.db"])

    def test_a_full_disk_leaves_nothing(self):
        self.log_file("a/events.out.tfevents.1", ef.curve(b"x", [1]))
        self.log_file("b/events.out.tfevents.1", ef.curve(b"x", [random.random() for _ in range(20000)]))
        before = self.left()

        def limit():  # a segment of the journal takes 2 MiB
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        done = subprocess.run([TRIMTAB, "import", self.logs], env=self.environment, capture_output=True, text=True, preexec_fn=limit)
        self.refused(done, 1, "nothing was imported")
        self.assertEqual(self.left(), before)

    def begun(self):
        """An import in the middle of a big log, and the folder in which it makes the run."""
        self.big_log()
        home = self.folder / "runs" / "logs"
        process = self.start(TRIMTAB, "import", self.logs)
        made = wait_for("the run to be begun", lambda: [path for path in home.glob(".*") if (path / "run.db").exists()])
        return process, made[0]

    def test_an_interrupted_import_leaves_nothing(self):
        before = self.left()
        process, made = self.begun()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE), -signal.SIGINT)
        self.assertEqual(self.left(), before)
        self.assertEqual(json.loads(self.tool("ls").stdout)["total"], 0)

    def test_an_interrupted_import_beside_the_working_folder(self):
        self.big_log()
        before = self.left()
        process = self.start(TRIMTAB, "import", self.logs, "--run", "fresh", cwd=self.folder)
        wait_for("the run to be begun", lambda: list(self.folder.glob(".fresh*/run.db")))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE), -signal.SIGINT)
        self.assertEqual(self.left(), before)

    def test_a_killed_import_makes_no_run_and_its_journal_stays_small(self):
        process, made = self.begun()

        most = 0

        def grown():
            nonlocal most
            most = max(most, len(list((made / "journal" / "0").iterdir())))
            return (made / "run.db").stat().st_size > 3 << 20
        wait_for("some of it to be stored", grown)
        self.kill(process)
        self.assertTrue(made.exists())
        self.assertIn(most, range(1, 12))  # segments of 2 MiB
        self.assertEqual(json.loads(self.tool("ls").stdout)["total"], 0)
        self.assertEqual(len(self.bring()["runs"]), 1)

    def test_progress_on_a_terminal_alone(self):
        self.big_log()
        master, slave = pty.openpty()
        process = self.start(TRIMTAB, "import", self.logs, "--run", self.run_folder, stdin=slave, stdout=slave, stderr=slave,
                             start_new_session=True, env={"TERM": "xterm"})
        os.close(slave)
        shown = all_of_terminal(master)
        self.assertEqual(process.wait(timeout=PATIENCE), 0)
        self.assertTrue(re.search(rb"\r\x1b\[K.*  \d+ %", shown), shown)
        self.assertIn(b"1,500,000 points", shown)
        self.assertIn(b"trimtab serve", shown)


if __name__ == "__main__":
    unittest.main()
