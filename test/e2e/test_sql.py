"""`trimtab sql`: the examples of doc/sql.md, the formats, live and ended runs, copies, folders that cannot be written."""
import csv
import io
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import unittest

from harness import OPEN, PATIENCE, ROOT, TOY, TRIMTAB, Case, all_of_terminal, wait_for

DOC = (ROOT / "doc" / "sql.md").read_text()
NOBODY = 65534
ENDLESS = "with recursive a(n) as (select 1 union all select n+1 from a) select sum(n) from a"


class Sql(Case):
    def ended_run(self, *arguments):
        process = self.start(TRIMTAB, "run", "--run", self.run_folder, *OPEN, "--", TOY, *arguments)
        self.assertEqual(process.wait(timeout=PATIENCE), 0, self.log())

    def sql(self, query, *options, run=None, **more):
        done = self.tool("sql", run or self.run_folder, query, *options, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""), query)
        return done.stdout

    def rows(self, query, **more):
        return [json.loads(line) for line in self.sql(query, "--format", "jsonl", **more).splitlines()]

    def refused(self, *arguments, status=1):
        done = self.tool("sql", *arguments)
        self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (status, "", 1), done.stdout + done.stderr)
        return done.stderr

    def files(self, folder=None):
        return {path.name: path.read_bytes() for path in (folder or self.run_folder).iterdir() if path.is_file()}


class Document(Sql):
    def test_what_it_says_there_is(self):
        self.ended_run("--steps", "10")
        listed = dict(re.findall(r"(?m)^(\w+) +(.+)$", self.sql_list()))
        told = dict(re.findall(r"(?m)^\| `(\w+)` \| ([\w, ]+) \|", DOC))
        self.assertGreater(len(told), 8)
        self.assertEqual(listed, told)

    def sql_list(self):
        done = self.tool("sql", self.run_folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_its_examples(self):
        server = self.serve()
        self.train("--steps", "100000", "--step-us", "300")
        wire = self.connect()
        self.wait_attached(wire)
        self.wait_status(wire, "some steps", lambda s: s["run"]["step"] > 200)
        changed = wire.result(20, settings={"lr": 0.25}, reason="it is time")
        self.wait_status(wire, "some more", lambda s: s["run"]["step"] > changed["step"] + 100)
        wire.result(18)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        self.end(server)
        examples = re.findall(r"(?s)```sql\n(.*?)```", DOC)
        self.assertGreater(len(examples), 6)
        answers = [self.rows(example) for example in examples]
        for example, answer in zip(examples, answers):
            if "is null" not in example:
                self.assertTrue(answer, example)
        best, thinned, odd, pairs, asked, around, took, speed = answers
        self.assertEqual((best[0]["name"], best[0]["count"]), ("toy/value", best[0]["count"]))
        self.assertLessEqual(best[0]["best"], best[0]["last"])
        self.assertEqual([row["step"] for row in thinned], list(range(0, 100 * len(thinned), 100)))
        self.assertEqual(odd, [])
        self.assertEqual([row["step"] for row in pairs], list(range(10, 21)))
        self.assertTrue(all(row["value"] == row["again"] for row in pairs))
        self.assertEqual([(row["name"], row["outcome"], row["reason"]) for row in asked], [("set", "applied", "it is time"), ("stop", "applied", "")])
        self.assertEqual([(row["step"], row["lr"], row["ticket"]) for row in around], [(changed["step"], 0.25, changed["ticket"])])
        self.assertLess(around[0]["before"], around[0]["after"])  # the toy's value grows
        self.assertEqual(sorted(row["name"] for row in took), ["set", "stop"])
        self.assertGreater(speed[0]["steps_per_second"], 0)


class Formats(Sql):
    def test_csv_and_json_lines(self):
        self.ended_run("--steps", "20")
        query = "select 1 as a, 2.5 as b, null as c, '' as d, 'x,\"y\"\nz' as e, x'00ff' as f, 9e999 as g, -9e999 as g, 'é' as g, 0.1+0.2 as h"
        table = list(csv.reader(io.StringIO(self.sql(query))))
        self.assertEqual(table, [["a", "b", "c", "d", "e", "f", "g", "g", "g", "h"],
                                 ["1", "2.5", "", "", "x,\"y\"\nz", "00ff", "Infinity", "-Infinity", "é", "0.30000000000000004"]])
        self.assertIn(',,"",', self.sql(query))  # nothing, and an empty text
        self.assertEqual(self.rows(query), [{"a": 1, "b": 2.5, "c": None, "d": "", "e": "x,\"y\"\nz", "f": "00ff", "g": "Infinity",
                                             "g_2": "-Infinity", "g_3": "é", "h": 0.1 + 0.2}])
        self.assertEqual(self.sql("select step from scalars where step < 0"), "step\n")
        self.assertEqual(self.sql("select step from scalars where step < 0", "--format", "jsonl"), "")

    def test_tables(self):
        self.ended_run("--steps", "2000")
        shown = self.sql("select 'a' as name, 1 as n union all select 'longer', 1000", "--format", "table")
        self.assertEqual(shown, "name       n\na          1\nlonger  1000\n")
        lines = self.sql("select step, series from scalars", "--format", "table").splitlines()
        self.assertEqual(len(lines), 2001)
        self.assertEqual((lines[0].split(), lines[1].split(), lines[2000].split()), (["step", "series"], ["0", "toy/value"], ["1999", "toy/value"]))
        self.assertEqual(self.sql("select hex(zeroblob(100)) as x", "--format", "table").splitlines()[1], "0" * 59 + "…")

    def test_on_a_terminal(self):
        """A table; nothing in it drives the terminal."""
        self.ended_run("--steps", "5")
        for options in ([], ["--format", "csv"], ["--format", "jsonl"]):
            master, slave = pty.openpty()
            process = self.start(TRIMTAB, "sql", self.run_folder, "select char(27)||'[2Jx'||char(10)||'y' as a, 7 as b", *options, stdin=slave,
                                 stdout=slave, stderr=slave, env={"TERM": "dumb"})
            os.close(slave)
            shown = all_of_terminal(master)
            self.assertEqual(process.wait(timeout=PATIENCE), 0)
            self.assertNotIn(b"\x1b[2J", shown)
            if not options:
                self.assertRegex(shown.decode(), "^a +b\r\n\ufffd\\[2Jx\ufffdy +7\r\n$")

    def test_nobody_reads_on(self):
        self.ended_run("--steps", "20")
        process = self.start(TRIMTAB, "sql", self.run_folder, "with recursive a(n) as (select 1 union all select n+1 from a) select n from a",
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"n\n")
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=PATIENCE), 1)

    def test_no_room_to_write_to(self):
        self.ended_run("--steps", "20")
        with open("/dev/full", "w") as full:
            done = subprocess.run([TRIMTAB, "sql", self.run_folder, "select 1"], stdout=full, stderr=subprocess.PIPE, text=True, env=self.environment,
                                  timeout=PATIENCE)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertIn("standard output cannot be written", done.stderr)


class Refusals(Sql):
    def test_wrong_words(self):
        self.ended_run("--steps", "5")
        run = self.run_folder
        self.assertIn("RUN", self.refused(status=2))
        self.assertIn("table, csv or jsonl", self.refused(run, "select 1", "--format", "xml", status=2))
        self.assertIn("superfluous", self.refused(run, "select 1", "superfluous", status=2))
        self.assertIn("nowhere", self.refused(run / "nowhere", "select 1"))
        self.assertIn("lists what can be asked", self.refused(run, "select * from points"))
        self.assertIn("syntax error", self.refused(run, "selct 1"))
        self.assertIn("run.db", self.refused(run / "output", "select 1"))
        self.assertIn("not the folder of a run", self.refused(self.folder, "select 1"))

    def test_nothing_is_changed(self):
        self.ended_run("--steps", "5")
        before = self.files()
        for statement in ("delete from series", "drop table main.tail", "pragma journal_mode=wal", f"attach '{self.folder}/x' as x", "vacuum",
                          f"vacuum into '{self.folder}/x'", "create table x(a)", "create temp table x(a)", "select writefile('x', 'y')",
                          "begin; delete from main.series; commit"):
            self.refused(self.run_folder, statement)
        self.sql("select * from scalars")
        self.assertEqual(self.files(), before)
        self.assertEqual(list(self.folder.glob("x*")), [])

    def test_interrupted(self):
        self.ended_run("--steps", "5")
        before = set(self.files())
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start(TRIMTAB, "sql", self.run_folder, ENDLESS, keep_output=True)
            wait_for("the query", lambda: b"run.db" in b" ".join(os.readlink(f"/proc/{process.pid}/fd/{fd}").encode()
                                                                  for fd in os.listdir(f"/proc/{process.pid}/fd")))
            caught = wait_for("its handlers", lambda: self.catches(process.pid, number))
            self.assertTrue(caught)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=PATIENCE), -number)
            self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(set(self.files()), before)

    def catches(self, pid, number):
        with open(f"/proc/{pid}/status") as status:
            mask = int(re.search(r"(?m)^SigCgt:\s*(\w+)$", status.read()).group(1), 16)
        return mask >> (number - 1) & 1


class Places(Sql):
    def test_a_live_run(self):
        """What is stored grows while it is asked for, and the server goes on."""
        self.serve()
        self.train("--steps", "1000000", "--step-us", "200")
        wire = self.connect()
        self.wait_attached(wire)
        query = "select count(*) as n, max(step) as last from scalars"
        first = wait_for("points", lambda: self.rows(query)[0]["n"])
        more = wait_for("more points", lambda: (lambda row: row["n"] > first + 100 and row)(self.rows(query)[0]))
        self.assertEqual(more["n"], more["last"] + 1)
        self.assertEqual(self.rows("select state from run"), [{"state": "running"}])
        self.assertEqual(wire.result(3)["history"]["state"], "stored")
        wire.result(18)

    def test_a_reader_does_not_stop_the_server(self):
        """A query that does not end: what comes is stored all the same."""
        self.serve()
        self.train("--steps", "1000000", "--step-us", "200")
        wire = self.connect()
        self.wait_attached(wire)
        wait_for("points", lambda: self.rows("select count(*) as n from scalars")[0]["n"])
        slow = self.start(TRIMTAB, "sql", self.run_folder, "select count(*) from scalars, (" + ENDLESS + ")", keep_output=True)
        wait_for("the query", lambda: any("run.db-shm" in os.readlink(f"/proc/{slow.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{slow.pid}/fd")))
        asked = wire.result(20, settings={"lr": 0.3})
        self.assertEqual(self.rows(f"select outcome from outcomes where ticket = {asked['ticket']}"), [{"outcome": "applied"}])
        self.assertIsNone(slow.poll())
        self.assertEqual(wire.result(3)["history"]["state"], "stored")
        self.end(slow, signal.SIGINT)
        wire.result(18)

    def test_a_copy_alone(self):
        self.ended_run("--steps", "300")
        copy = self.folder / "copy of it?#%"
        copy.mkdir()
        shutil.copy(self.run_folder / "run.db", copy)
        for name in (copy, copy / "run.db"):
            self.assertEqual(self.rows("select count(*) as n from scalars", run=name), [{"n": 300}])
        self.assertEqual([path.name for path in copy.iterdir()], ["run.db"])
        self.assertEqual(self.rows("select name from series", run="run.db", cwd=copy), [{"name": "toy/value"}])

    def test_a_folder_that_cannot_be_written(self):
        self.ended_run("--steps", "300")
        copy = self.folder / "copy"
        copy.mkdir()
        shutil.copy(self.run_folder / "run.db", copy)
        before = self.files(copy)
        (copy / "run.db").chmod(0o444)
        copy.chmod(0o555)
        program, options = TRIMTAB, {}
        if os.geteuid() == 0:  # root may write anywhere: as nobody, with the program in a place that it can reach
            self.folder.chmod(0o755)
            program, options = str(self.folder / "trimtab"), {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            shutil.copy(TRIMTAB, program)
        rows = self.rows("select count(*) as n from scalars", run=copy, executable=program, **options)
        copy.chmod(0o755)
        self.assertEqual(rows, [{"n": 300}])
        self.assertEqual(self.files(copy), before)

    def test_damage_is_told(self):
        self.ended_run("--steps", "9000")
        with sqlite3.connect(self.run_folder / "run.db") as db:
            db.execute("update chunks set data = zeroblob(100) where sequence = 0")
        db.close()
        done = self.tool("sql", self.run_folder, "select count(*) from scalars")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, f"count(*)\n{9000 - 4096}\n")
        self.assertIn("damaged", done.stderr)


if __name__ == "__main__":
    unittest.main()
