"""SummaryWriter: torch's signatures, and where what it is given ends up."""
import ast
import contextlib
import importlib.util
import inspect
import io
import os
import sys
import types
import unittest
import unittest.mock

from support import SET, STATUS, STOP, Case, wait_for

import trimtab
from trimtab import SummaryWriter, said


class WriterCase(Case):
    def setUp(self):
        super().setUp()
        said._said.clear()
        os.environ["TRIMTAB_RUN"] = str(self.run_folder)
        self.addCleanup(trimtab.finish)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def heard(self):
        return contextlib.redirect_stderr(io.StringIO())

    def begin(self):
        return trimtab.init("test", quiet=True, no_server=True)

    def curves(self, *names):
        """Of the run, once it has ended."""
        server = self.serve()
        self.wait_status(self.unix(), "all to be stored", _is_stored)
        self.assertEqual(self.end(server), 0)
        return [self.points(name) for name in names]


def _is_stored(status):
    return status["run"]["state"] == "finished" and status["history"]["state"] == "stored"


def _torch_writer():
    """name -> the arguments of each public method of torch's SummaryWriter, as in its source; None without torch."""
    spec = importlib.util.find_spec("torch")
    path = os.path.join(os.path.dirname(spec.origin), "utils/tensorboard/writer.py") if spec else ""
    if not os.path.exists(path):
        return None
    with open(path) as file:
        tree = ast.parse(file.read())
    writer = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == "SummaryWriter")
    return {one.name: one.args for one in writer.body if isinstance(one, ast.FunctionDef)
            and (one.name == "__init__" or not one.name.startswith("_"))}


class Signatures(unittest.TestCase):
    @unittest.skipUnless(_torch_writer(), "torch is not installed")
    def test_are_those_of_torch(self):
        methods = _torch_writer()
        self.assertGreater(len(methods), 20)
        for name, arguments in methods.items():
            with self.subTest(name):
                ours = inspect.signature(getattr(SummaryWriter, name)).parameters
                plain = [one.arg for one in arguments.args]
                self.assertEqual(list(ours), plain)
                defaults = [ast.literal_eval(one) for one in arguments.defaults]
                wanted = dict(zip(plain[len(plain) - len(defaults):], defaults))
                given = {one.name: one.default for one in ours.values() if one.default is not one.empty}
                self.assertEqual(given, wanted)


SCRIPT = """
writer = SummaryWriter("runs/net18/train")
for step in range(5):
    writer.add_scalar("loss", 1 / (step + 1), step)
    writer.add_scalars("rate", {"body": step, "head": 2 * step}, step)
    writer.add_histogram("weights", [1, 2, 3], step)
writer.add_text("note", "it works", 4)
writer.add_hparams({"lr": 0.1, "batch": 32, "name": "adam", "amp": True, "seed": None}, {"hparam/accuracy": 0.9})
writer.flush()
writer.close()
"""


class Recorded(WriterCase):
    def test_a_script_as_it_is(self):
        with self.heard() as heard:
            exec(SCRIPT, {"SummaryWriter": SummaryWriter})
        self.assertEqual(heard.getvalue().count("histograms are not kept"), 1, heard.getvalue())
        self.assertIsNone(trimtab.run, "the last close ends the run that a writer opened")
        self.assertTrue((self.folder / "runs/net18/train").is_dir(), "scripts save their models there")
        server = self.serve()
        wire = self.unix()
        status = self.wait_status(wire, "all to be stored", _is_stored)
        self.assertEqual(status["run"]["name"], "net18")
        config = status["trainer"]["config"]
        told = {name: config[name] for name in ("lr", "batch", "name", "amp", "seed")}
        self.assertEqual(told, {"lr": 0.1, "batch": 32, "name": "adam", "amp": True, "seed": None})
        self.assertEqual(self.end(server), 0)
        self.assertEqual(self.points("train/loss"), [(step, 1 / (step + 1)) for step in range(5)])
        self.assertEqual(self.points("train/rate/head"), [(step, 2.0 * step) for step in range(5)])
        self.assertEqual(self.points("train/hparam/accuracy"), [(4, 0.9)])

    def test_to_the_current_run_which_goes_on(self):
        run = self.begin()
        with SummaryWriter(self.folder / "logs") as writer:
            writer.add_scalar("loss", 0.5, 7)
        self.assertFalse(run.closed)
        self.assertIs(trimtab.run, run)
        run.log({"loss": 0.25}, step=8)
        run.finish()
        self.assertEqual(self.curves("loss"), [[(7, 0.5), (8, 0.25)]])

    def test_writers_of_several_folders_share_a_run_until_the_last_is_closed(self):
        folder = self.folder / "exp"
        train, val = SummaryWriter(folder / "train"), SummaryWriter(folder / "val")
        run = trimtab.run
        train.add_scalar("loss", 1, 0)
        train.add_scalar("train/accuracy", 0.5, 0)
        val.add_scalar("loss", 2, 0)
        train.close()
        train.close()
        self.assertFalse(run.closed)
        val.add_scalar("loss", 3, 1)
        val.close()
        self.assertTrue(run.closed)
        self.assertEqual(self.curves("train/loss", "train/accuracy", "val/loss"),
                         [[(0, 1.0)], [(0, 0.5)], [(0, 2.0), (1, 3.0)]])

    def test_names_of_runs_and_prefixes_of_scalars(self):
        for folders, name, prefixes in [
            (["a"], "a", [""]), (["runs/a", "runs/a/late", "runs/b"], "a", ["", "late/", "b/"]),
            (["runs/a/val", "runs/a"], "a", ["val/", ""]), (["train"], "train", [""]),
            ([None, "runs/b"], None, ["", ""]), (["logs"], None, [""]), (["logs/train"], None, ["train/"]),
            (["./runs/a/"], "a", [""]),
        ]:
            with self.subTest(folders):
                os.environ["TRIMTAB_RUN"] = str(self.folder / f"run {folders}".replace("/", "_"))
                writers = [SummaryWriter(one) for one in folders]
                self.assertEqual([one._prefix for one in writers], prefixes)
                self.assertTrue(all(one._shared.run is trimtab.run for one in writers))
                script = os.path.splitext(os.path.basename(sys.modules["__main__"].__file__))[0]
                self.assertIn(trimtab.run.name, [name] if name else [script, "python", "unittest"])
                for one in writers:
                    one.close()

    def test_a_comment_names_the_run_where_no_folder_does(self):
        with SummaryWriter(comment="_LR_0.1") as writer:
            self.assertEqual(trimtab.run.name, "LR_0.1")
            self.assertEqual(writer.get_logdir(), str(self.run_folder))
            self.assertTrue(os.path.isdir(writer.log_dir))

    def test_one_script_of_several_runs(self):
        del os.environ["TRIMTAB_RUN"]
        folders = []
        for rate in (1, 2):
            writer = SummaryWriter(self.folder / f"lr{rate}")
            folders.append(trimtab.run.folder)
            writer.close()
        self.assertEqual([os.path.basename(os.path.dirname(one)) for one in folders], ["lr1", "lr2"])

    def test_steps(self):
        class Whole:
            def __index__(self):
                return 12

            __int__ = __index__

        with self.heard() as heard, SummaryWriter() as writer:
            for _ in range(3):
                writer.add_scalar("counted", 1.0)
            writer.add_scalar("counted", 1.0)
            writer.add_scalar("given", 1.0, Whole())
            writer.add_scalar("given", 1.0, 13.0)
            writer.add_scalar("given", 1.0, "14")
            writer.add_scalar("odd", 1.0, "last")
            writer.add_scalar("odd", 1.0, "last")
        self.assertEqual(heard.getvalue().count("is no whole number"), 1, heard.getvalue())
        counted, given, odd = self.curves("counted", "given", "odd")
        self.assertEqual([step for step, _ in counted], [0, 1, 2, 3])
        self.assertEqual([step for step, _ in given], [12, 13, 14])
        self.assertEqual([step for step, _ in odd], [0, 1])

    def test_without_a_step_in_a_loop_it_is_the_loops(self):
        run = self.begin()
        writer = SummaryWriter()
        for step in run.steps(4, start=1):
            writer.add_scalar("loss", step)
        run.finish()
        self.assertEqual(self.curves("loss"), [[(step, float(step)) for step in (1, 2, 3)]])

    def test_values(self):
        class Number:
            def __float__(self):
                return 2.5

        with self.heard() as heard, SummaryWriter() as writer:
            writer.add_scalar("ok", Number(), 0)
            writer.add_scalar("text", "blob", 0)
            writer.add_scalar("none", None, 0)
            writer.add_scalar("timed", 1, 0, walltime=12.5)
            writer.add_scalar("timed", 1, 1, walltime=13.5)
            writer.add_scalar("ok", 1.0, 1, None, True, True)
        self.assertEqual(heard.getvalue().count("walltime is not kept"), 1)
        for name in ("text", "none"):
            self.assertEqual(heard.getvalue().count(f"{name} is not recorded"), 1, heard.getvalue())
        self.assertEqual(self.curves("ok"), [[(0, 2.5), (1, 1.0)]])

    def test_hparams_that_are_no_dicts(self):
        with SummaryWriter() as writer, self.assertRaisesRegex(TypeError, "two dicts"):
            writer.add_hparams([("lr", 1)], {})

    def test_a_closed_writer_says_so_once(self):
        writer = SummaryWriter(self.folder / "a")
        writer.close()
        with self.heard() as heard:
            writer.add_scalar("loss", 1, 1)
            writer.add_text("note", "x")
            writer.flush()
        self.assertEqual(heard.getvalue().count("is closed"), 1, heard.getvalue())

    def test_a_folder_that_cannot_be_made_is_said(self):
        (self.folder / "file").write_text("")
        with self.heard() as heard, SummaryWriter(self.folder / "file" / "a"):
            pass
        self.assertIn("could not be made", heard.getvalue())


class NotKept(WriterCase):
    def test_each_kind_is_accepted_and_said_once(self):
        calls = {
            "histograms": [("add_histogram", "w", [1]), ("add_histogram_raw", "w", 0, 1, 2, 3, 4, [], [])],
            "images": [("add_image", "i", 0), ("add_images", "i", 0, 1), ("add_image_with_boxes", "i", 0, 0)],
            "figures": [("add_figure", "f", None)], "video": [("add_video", "v", 0)], "audio": [("add_audio", "a", 0)],
            "graphs": [("add_graph", None), ("add_onnx_graph", "net")], "embeddings": [("add_embedding", [[1]])],
            "precision-recall curves": [("add_pr_curve", "p", [], []), ("add_pr_curve_raw", "p", 1, 2, 3, 4, 5, 6)],
            "layouts of charts": [("add_custom_scalars", {}), ("add_custom_scalars_multilinechart", []),
                                  ("add_custom_scalars_marginchart", [])],
            "meshes": [("add_mesh", "m", [])], "tensors": [("add_tensor", "t", [1])],
        }
        with self.heard() as heard, SummaryWriter() as writer:
            for _ in range(2):
                for name, *arguments in sum(calls.values(), []):
                    getattr(writer, name)(*arguments)
        for kind in calls:
            self.assertEqual(heard.getvalue().count(f"{kind} are not kept"), 1, heard.getvalue())

    def test_a_figure_is_closed(self):
        closed = []
        pyplot = types.ModuleType("matplotlib.pyplot")
        pyplot.close = closed.append
        plotting = unittest.mock.patch.dict(sys.modules, {"matplotlib.pyplot": pyplot})
        with plotting, self.heard(), SummaryWriter() as writer:
            writer.add_figure("f", "one")
            writer.add_figure("f", ["two", "three"])
            writer.add_figure("f", "four", close=False)
        self.assertEqual(closed, ["one", "two", "three"])


class Steered(WriterCase):
    def setUp(self):
        super().setUp()
        self.wire = self.wired()
        self.writer = SummaryWriter(self.folder / "a")
        self.step = 0

    def add(self):
        self.writer.add_scalar("loss", 1.0, self.step)
        self.step += 1

    def test_a_script_without_a_loop_of_its_own(self):
        rate = trimtab.run.setting("lr", 0.1)

        def known():
            self.add()
            return self.wire.result(STATUS)["trainer"]["attached"]

        wait_for("the trainer", known)
        reply = self.until_answered(self.wire, self.add, SET, settings={"lr": 0.5})
        self.assertEqual(reply["result"]["settings"]["lr"]["effective"], 0.5)
        self.assertEqual(rate.value, 0.5)
        with self.assertRaises(trimtab.Stopped):
            self.until_answered(self.wire, self.add, STOP)

    def test_texts_are_messages(self):
        self.wire.result(5, topics=["messages"])
        self.writer.add_text("note", "it works", 3)
        self.writer.add_text("long", "ä" * 5000)
        self.add()
        first = self.wire.event("message", lambda e: e["text"].startswith("note"))
        self.assertEqual(first["text"], "note: it works")
        second = self.wire.event("message", lambda e: e["text"].startswith("long"))
        self.assertLessEqual(len(second["text"].encode()), 4096)
        self.assertTrue(second["text"].startswith("long: äää"))


if __name__ == "__main__":
    unittest.main()
