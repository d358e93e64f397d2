"""trimtab.init and Run: names, config, summary, logs that are steps; and what importing the package costs."""
import argparse
import collections
import dataclasses
import decimal
import enum
import io
import contextlib
import json
import math
import pathlib
import types
import unittest

from scripts import ADVANCE, PAUSE, RESUME, SET, STATUS, STOP, SUBSCRIBE, ScriptCase, wait_for

import trimtab
from trimtab import plain, said
from trimtab.config import fitted


class Light(ScriptCase):
    def test_importing_imports_next_to_nothing(self):
        out, err = self.ran("""
            import sys
            before = set(sys.modules)
            import trimtab
            new = set(sys.modules) - before
            print(*sorted(name for name in new if name.partition(".")[0] in
                          ("numpy", "torch", "asyncio", "subprocess", "socket", "inspect", "logging", "multiprocessing", "threading")))
            print(*sorted(name for name in new if name.startswith("trimtab.")))
            """)
        heavy, own = out.splitlines()
        self.assertEqual((heavy, err), ("", ""))
        for lazy in ("client", "aio", "history", "tensorboard", "wandb", "watch", "action", "setting", "notebook"):
            self.assertNotIn(f"trimtab.{lazy}", own.split())

    def test_the_names_that_modules_have_too(self):
        self.ran("""
            import trimtab, trimtab.run, trimtab.config, trimtab.watch, types
            from trimtab.watch import watch
            from trimtab.config import Config
            assert trimtab.run is None and callable(trimtab.watch) and not isinstance(trimtab.watch, types.ModuleType)
            run = trimtab.init(mode="disabled")
            assert trimtab.run is run and trimtab.config is run.config and isinstance(trimtab.config, Config)
            trimtab.config = {"lr": 1}
            assert run.config.lr == 1
            for name in trimtab.__all__:
                assert hasattr(trimtab, name) or name in ("integrations",), name
            assert dir(trimtab) and trimtab.AlertLevel.WARN == "WARN"
            assert not hasattr(trimtab, "os") and not hasattr(trimtab, "_private")
            """)


class Begun(ScriptCase):
    def begin(self, text, **options):
        return self.ran("import trimtab\n" + text, **options)

    def test_names(self):
        for name, text, expected in (("a", "trimtab.init('n', no_server=True)", "n"),
                                     ("b", "trimtab.init(project='p', no_server=True)", "p"),
                                     ("c", "trimtab.init(no_server=True)", "my train")):
            self.run_folder = self.folder / name
            out, _ = self.begin(f"run = {text}\nprint(run.name)", name="my train.py")
            self.assertEqual(out, f"{expected}\n")
            self.assertEqual(self.kept().result(STATUS)["run"]["name"], expected)

    def test_names_that_cannot_be_kept_as_they_are(self):
        for number, (given, kept) in enumerate((("x" * 300, "x" * 125 + "..."), ("a\nb\0c", "a b\ufffdc"), ("\ud800", "?"), ("", "train"))):
            self.run_folder = self.folder / str(number)
            out, _ = self.begin(f"run = trimtab.init({given!r}, no_server=True, quiet=True)\nprint(ascii(run.name), run.live)")
            self.assertEqual(out, f"{ascii(kept)} True\n")

    def test_a_bar_around_the_loop(self):
        """tqdm asks for the length, and a stop in the middle ends the bar too."""
        _, err = self.ran("""
            import trimtab
            from tqdm import tqdm
            run = trimtab.init("bar", no_server=True, quiet=True)
            assert list(tqdm(run.steps(5))) == [0, 1, 2, 3, 4]
            for step in tqdm(run.steps(9, 6)):
                run.interrupt()
            assert (step, run.stopping) == (6, True)
            """)
        self.assertRegex(err, r"5/5 ")
        self.assertRegex(err, r"1/3 ")

    def test_where_it_lies_and_resuming(self):
        text = "run = trimtab.init('n', project='p', no_server=True, resume=RESUME, total_steps=9)\nprint(run.folder, run.resumed)\n"
        text += "run.control_point(4); run.checkpoint('four', __file__)"
        options = {"env": {"TRIMTAB_RUN": ""}}
        first, _ = self.begin(text.replace("RESUME", "False"), **options)
        folder, resumed = first.split(None, 1)
        self.assertEqual(resumed, "None\n")
        self.assertTrue(folder.startswith(str(self.folder / "runs")), folder)
        second, _ = self.begin(text.replace("RESUME", "'allow'"), **options)
        again, resumed = second.split(None, 1)
        self.assertEqual(again, folder)
        known = eval(resumed)
        self.assertEqual((known["id"], known["step"], known["last_step"]), ("four", 4, 4))
        self.assertGreater(known["bytes"], 50)

    def test_wrong_arguments_are_named(self):
        for arguments, error in (({"nmae": "x", "zeal": 1}, "init() has no argument 'nmae', 'zeal'"),
                                 ({"name": 3}, "init: name is a text, not 3"),
                                 ({"total_steps": -1}, "init: total_steps is a number of steps, not -1"),
                                 ({"total_steps": "9"}, "init: total_steps is a number of steps, not '9'"),
                                 ({"mode": "on"}, "init: mode is 'online', 'offline' or 'disabled', not 'on'"),
                                 ({"resume": "maybe"}, "init: resume is True or False, not 'maybe'")):
            with self.assertRaises((TypeError, ValueError)) as raised:
                trimtab.init(**arguments)
            self.assertEqual(str(raised.exception), error)
        self.assertIsNone(trimtab.run)

    def test_one_that_was_begun_before(self):
        first = trimtab.init(mode="disabled")
        self.assertIs(trimtab.init(mode="disabled", reinit="return_previous"), first)
        second = trimtab.init(mode="disabled", reinit="create_new")
        self.assertFalse(first.closed)
        third = trimtab.init(mode="disabled")
        self.assertTrue(second.closed)
        self.assertIs(trimtab.run, third)
        third.finish()
        self.assertIs(trimtab.run, first)
        trimtab.finish()
        self.assertIsNone(trimtab.run)
        trimtab.finish()

    def test_shown(self):
        run = trimtab.init("n", mode="disabled")
        self.addCleanup(run.finish)
        self.assertEqual(repr(run), "<trimtab run 'n' at step 0, not recorded>")
        self.assertIn("n", run._repr_html_())
        with self.assertRaises(AttributeError):
            run.confg = 1


class Color(enum.Enum):
    RED = 1


class Count(enum.IntEnum):
    TWO = 2


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    nested: dict = dataclasses.field(default_factory=lambda: {"a": (1, 2)})


class Missing(collections.UserDict):
    """As OmegaConf: a mapping, one of whose values is not there yet."""

    def __getitem__(self, name):
        if name == "later":
            raise RuntimeError("missing")
        return super().__getitem__(name)


class Bad:
    def __repr__(self):
        raise RuntimeError("no")


class Array:
    """As numpy's and torch's."""

    dtype = "float32"

    def __init__(self, *values):
        self.values, self.shape = list(values), (len(values),)

    def tolist(self):
        return self.values


class AsJson(unittest.TestCase):
    def test_values(self):
        loop = []
        loop.extend([loop, 1])
        for value, expected in (
            (None, None), (True, True), (3, 3), (2**63, str(2**63)), (0.5, 0.5), (math.nan, "NaN"), (-math.inf, "-Infinity"),
            ("a\0\ud800", "a\ufffd?"), ((1, [2]), [1, [2]]), ({1, }, [1]), ({1: {None: 2}}, {"1": {"None": 2}}),
            (pathlib.PurePosixPath("a/b"), "a/b"), (Color.RED, "RED"), (Count.TWO, "TWO"), (Options(), {"lr": 0.1, "nested": {"a": [1, 2]}}),
            (argparse.Namespace(a=Color.RED), {"a": "RED"}), (types.SimpleNamespace(x=1), {"x": 1}),
            (Missing(now=1, later=2), {"now": 1, "later": "RuntimeError"}), (Bad(), "<Bad>"), (loop, ["...", 1]),
            (Array(1.0, math.nan), [1.0, "NaN"]), (Array(*range(5000)), "Array of shape (5000,) and float32"),
            (decimal.Decimal("0.25"), 0.25), (Bad, "Bad"), (len, "len"), (b"x", "b'x'"), (collections.OrderedDict(a=1), {"a": 1}),
            (range(3), [0, 1, 2]), (object, "object"),
        ):
            self.assertEqual(json.loads(plain.json_of(value)), expected, repr(type(value)))
        deep = []
        for _ in range(200):
            deep = [deep]
        self.assertLess(plain.json_of(deep).count("["), 40)
        self.assertLess(len(plain.json_of([loop] * 10)), 1000)
        self.assertLess(len(plain.json_of(list(range(10**6)))), 10**6)
        self.assertLessEqual(len(json.loads(plain.json_of(object()))), plain.REPR_MAX)

    def test_what_is_too_long_is_cut(self):
        said._said.clear()
        with contextlib.redirect_stderr(io.StringIO()) as err:
            for value in ("x" * 70000, "\n" * 70000, "\u00e9" * 70000, list(range(50000)), {"a": "\u20ac" * 30000}):
                text = fitted("k", value)
                self.assertLessEqual(len(text.encode()), 65536)
                self.assertTrue(json.loads(text).endswith("..."))
        self.assertEqual(err.getvalue().count("\n"), 1)
        self.assertEqual(fitted("k", "x" * 60000), json.dumps("x" * 60000))

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("this Python has no numpy")
        for value, expected in ((numpy.float32(0.5), 0.5), (numpy.int64(3), 3), (numpy.bool_(True), True), (numpy.array([1, 2]), [1, 2]),
                                (numpy.array(2.5), 2.5), (numpy.float64("nan"), "NaN"), (numpy.dtype("int8"), "dtype('int8')")):
            self.assertEqual(json.loads(plain.json_of(value)), expected)

    def test_torch(self):
        try:
            import torch
        except ImportError:
            self.skipTest("this Python has no torch")
        for value, expected in ((torch.tensor(0.5), 0.5), (torch.ones(2, 2, requires_grad=True), [[1, 1], [1, 1]]),
                                (torch.device("cpu"), "device(type='cpu')"), (torch.float32, "torch.float32"),
                                (torch.zeros(100, 100), "Tensor of shape (100, 100) and torch.float32"), (torch.Size([2, 3]), [2, 3])):
            self.assertEqual(json.loads(plain.json_of(value)), expected)


class Kept(ScriptCase):
    def test_config_of_every_kind(self):
        self.ran("""
            import argparse, dataclasses, trimtab
            @dataclasses.dataclass
            class Options: lr: float = 0.1
            class Plain:
                def __init__(self): self.depth, self._hidden = 3, 4
            run = trimtab.init("x", no_server=True, quiet=True, config=argparse.Namespace(seed=1, path=None))
            run.config.update(Options())
            run.config.update(Plain())
            run.config.update({"nested": {"a": [1, float("nan")]}, 5: "five"}, more=True)
            run.config.batch = 8
            run.config["batch"] += 8
            run.config["bad\\nname" + "x" * 200] = 1
            run.config.huge = "y" * 100000
            run.config.update(3)
            assert run.config.batch == 16 and run.config.get("none") is None and "seed" in run.config and len(run.config) == 11
            try:
                run.config.nothing
            except AttributeError as error:
                assert str(error) == "config has no 'nothing'", error
            assert {**run.config}["lr"] == 0.1 and run.config.as_dict()["depth"] == 3
            """)
        config = self.kept().result(STATUS)["trainer"]["config"]
        expected = {"seed": 1, "path": None, "lr": 0.1, "depth": 3, "nested": {"a": [1, "NaN"]}, "5": "five", "more": True, "batch": 16,
                    "int": 3}
        self.assertEqual({name: config.get(name, "?") for name in expected}, expected)
        self.assertNotIn("_hidden", config)
        self.assertTrue(config["huge"].startswith("yyy") and config["huge"].endswith("..."))
        self.assertEqual(sum(name.startswith("bad name") for name in config), 1)

    def test_more_config_than_a_run_holds(self):
        _, err = self.ran("""
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True, config={f"k{n}": n for n in range(1100)})
            run.log("a", 1)
            for n in range(40): run.config[f"long{n}"] = "x" * 60000
            run.log("a", 2)
            """)
        self.assertTrue(all(line.startswith("trimtab: config ") for line in err.splitlines()), err)
        self.assertIn("a run has at most", err)
        self.assertEqual(len(self.curve(self.kept(), "a")), 2)

    def test_summary_messages_and_checkpoints(self):
        self.ran("""
            import os, trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            for step in run.steps(100):
                run.summary["best"] = step
            run.summary.update({"f1": float("nan")})
            run.message("information"); run.message("careful", "warning"); run.message("bad", level="ERROR")
            run.message("x" * 5000 + "\\0\\ud800"); run.message(""); run.message(None, level=17)
            os.mkdir("saved")
            for name in "ab":
                with open(os.path.join("saved", name), "w") as file: file.write("12345")
            run.checkpoint(1, "saved"); run.checkpoint("two", "saved/a"); run.checkpoint("three", bytes=7)
            run.checkpoint("none", "nowhere"); run.checkpoint("x" * 100000)
            try:
                run.summary["nothing"]
            except KeyError: pass
            """)
        wire = self.kept()
        status = wire.result(STATUS)
        self.assertEqual(status["trainer"]["config"]["summary"], {"best": 99, "f1": "NaN"})
        told = self.messages(wire)
        self.assertEqual(told[:3], [("info", "information"), ("warning", "careful"), ("error", "bad")])
        self.assertEqual((len(told[3][1]), told[4:]), (4096, [("info", " "), ("info", "None")]))
        sizes = {one["id"]: one["bytes"] for one in status["checkpoints"]}
        self.assertEqual(sizes, {"1": 10, "two": 5, "three": 7, "none": 0})


class Logged(ScriptCase):
    def test_a_log_of_a_mapping_is_a_step(self):
        self.ran("""
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True, total_steps=4)
            steps = []
            for n in range(6):  # beyond total_steps: that is no stop here
                run.log("alone", n)
                run.log({"a": n, "in": {"b": n, "deep": {"c": n}}})
                steps.append(run.step)
            assert steps == [1, 2, 3, 4, 5, 6], steps
            run.log({"a": 6}, commit=False)
            assert run.step == 6
            run.log({"d": 6})
            assert run.step == 7
            run.log({})
            assert run.step == 8
            run.log({"text": "abc", "none": None, "list": [1], "a": 8})
            """)
        wire = self.kept()
        self.assertEqual(self.curve(wire, "a"), [(n, n) for n in range(7)] + [(8, 8)])
        self.assertEqual(self.curve(wire, "in/deep/c"), [(n, n) for n in range(6)])
        self.assertEqual(self.curve(wire, "alone"), [(n, n) for n in range(6)])
        self.assertEqual(self.curve(wire, "d"), [(6, 6)])

    def test_with_a_control_point_of_its_own_it_is_none(self):
        self.ran("""
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            run.log({"before": 1})
            assert run.step == 1
            for step in run.steps(3):
                run.log({"a": step}); run.log({"b": step}, commit=True)
                assert run.step == step
            run.log({"after": 1})
            assert run.step == 3
            """)
        wire = self.kept()
        self.assertEqual(self.curve(wire, "a"), [(0, 0), (1, 1), (2, 2)])
        self.assertEqual(self.curve(wire, "b"), [(0, 0), (1, 1), (2, 2)])
        self.assertEqual(self.curve(wire, "after"), [(3, 1)])

    def test_a_stop_is_raised_once_so_that_the_end_may_log(self):
        self.serve()
        process = self.script("""
            import time, trimtab
            run = trimtab.init("x", quiet=True)
            try:
                while True:
                    run.log({"a": 1})
                    time.sleep(0.001)
            except trimtab.Stopped as stopped:
                print(stopped, stopped.code)
            finally:
                run.log({"end": 1})
                run.log({"end": 2})
                print("ended", flush=True)
            caught = 0
            while caught < 3:  # one that catches everything is told again
                try:
                    run.log({"a": 1})
                except BaseException:
                    caught += 1
            print(run.step)
            """)
        wire = self.attached(process)
        step = wire.result(STOP)["step"]
        self.assertEqual(self.end_of(process)[0], f"the run was asked to stop 0\nended\n{step + 300}\n")
        self.assertEqual(self.curve(wire, "end"), [(step, 1), (step + 1, 2)])

    def test_an_action_of_the_first_control_point_may_log(self):
        self.serve()
        process = self.script("""
            import sys, trimtab
            run = trimtab.init("x", quiet=True)
            @run.action
            def evaluate():
                run.log({"accuracy": 0.5})
            run.setting("there", True)
            print("declared", flush=True)
            sys.stdin.readline()
            for step in run.steps(3): pass
            """, stdin=-1)
        process.stdout.readline()
        wire = self.connect()
        self.wait_status(wire, "the declarations", lambda s: "there" in s["settings"])
        wire.send({"code": 21, "action": "evaluate", "id": "asked"})
        self.wait_status(wire, "the request", lambda s: [one["phase"] for one in s["pending"]] == ["posted"])
        process.stdin.write(b"\n")
        process.stdin.flush()
        replies = wait_for("its outcome", lambda: [one for one in (wire.message(),) if one.get("id") == "asked"])
        self.assertEqual(replies[0]["result"]["outcome"], "applied")
        self.end_of(process)
        self.assertEqual(self.curve(wire, "accuracy"), [(0, 0.5)])

    def test_values_are_not_kept_alive(self):
        self.ran("""
            import gc, trimtab, weakref
            class Tensor:
                def __float__(self): return 0.5
            run = trimtab.init("x", no_server=True, quiet=True)
            loss = Tensor()
            seen = weakref.ref(loss)
            run.log({"loss": loss, "other": 1.5})
            del loss
            assert seen() is None and run.summary["other"] == 1.5
            """)

    def test_threads_that_log(self):
        self.ran("""
            import threading, trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            def work(name):
                for n in range(2000): run.log(name, n); run.log({name + "/m": n})
            def steer():
                for step in run.steps(2000): run.log({"main": step})
            run.control_point(0)
            threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
            for one in threads: one.start()
            steer()
            for one in threads: one.join()
            """)
        wire = self.kept()
        series = {one["name"]: one["count"] for one in wire.result(4)["series"]}
        self.assertEqual(series, {"main": 2000, **{f"t{n}{m}": 2000 for n in range(4) for m in ("", "/m")}})

    def test_threads_whose_logs_are_steps(self):
        self.ran("""
            import threading, trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            def work(name):
                for n in range(500): run.log({name: n})
            threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
            for one in threads: one.start()
            for one in threads: one.join()
            assert 500 <= run.step <= 2000, run.step
            """)
        series = {one["name"]: one["count"] for one in self.kept().result(4)["series"]}
        self.assertEqual(series, {f"t{n}": 500 for n in range(4)})

    def test_another_thread_logs_on_while_a_log_is_paused(self):
        self.serve()
        process = self.script("""
            import threading, time, trimtab
            run = trimtab.init("x", quiet=True)
            def beside():
                while not run.closed:
                    run.log({"beside": 1}); run.log("alone", 1)
                    time.sleep(0.01)
            def train():
                try:
                    while True:
                        run.log({"main": 1})
                        time.sleep(0.001)
                finally:
                    print("finally", flush=True)
                    run.finish()
            main = threading.Thread(target=train)
            main.start()
            while run.step < 5: time.sleep(0.001)
            threading.Thread(target=beside).start()
            main.join()
            """)
        wire = self.attached(process)
        wire.result(PAUSE)
        wire.result(SUBSCRIBE, topics=["scalars", "declarations"])
        wire.result(STATUS)
        wire.result(RESUME)
        wire.result(STOP)
        self.assertEqual(self.end_of(process)[0], "finally\n")

    def test_is_steered_where_each_log_is_a_step(self):
        self.serve()
        process = self.script("""
            import time, trimtab
            run = trimtab.init("x", quiet=True)
            lr = run.setting("lr", 0.5)
            while True:
                run.log({"lr/used": lr.value})
                time.sleep(0.001)
            """)
        wire = self.attached(process)
        outcome = wire.result(SET, settings={"lr": 0.25}, at_step=(wire.result(STATUS)["run"]["step"] or 0) + 20)
        step = outcome["step"]
        paused = wire.result(PAUSE)["step"]
        self.assertEqual(wire.result(ADVANCE, steps=2)["pause_step"], paused + 2)
        self.wait_status(wire, "a pause", lambda s: s["run"]["state"] == "paused")
        wire.result(STOP)
        self.end_of(process)
        used = dict(self.curve(wire, "lr/used"))
        self.assertEqual((used[step - 1], used[step]), (0.5, 0.25))


if __name__ == "__main__":
    unittest.main()
