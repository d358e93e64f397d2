"""How a run ends: by itself, of an exception, by Ctrl-C, in a child, without room; the training never suffers for it."""
import os
import pathlib
import resource
import shutil
import signal
import sys
import unittest

from scripts import BUILD_PYTHON, DESCRIBE, PATIENCE, PAUSE, RESUME, STATUS, STOP, ScriptCase, wait_for

QUIET = 'import trimtab; run = trimtab.init("x", no_server=True, quiet=True)\n'


class Told(ScriptCase):
    """What is left behind by a program that has ended."""

    def left(self, text, status=0, **options):
        """(state, messages, stdout, stderr)."""
        out, err = self.ran(text, status=status, **options)
        wire = self.kept()
        return wire.result(STATUS)["run"]["state"], self.messages(wire), out, err

    def test_left_open(self):
        state, messages, _, err = self.left(QUIET + "for step in run.steps(3): run.log('a', step)")
        self.assertEqual((state, messages, err), ("finished", [], ""))

    def test_an_exception_is_told_and_printed(self):
        state, messages, _, err = self.left("""
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            def forward():
                raise ValueError("shapes differ")
            for step in run.steps(3):
                forward()
            """, status=1)
        self.assertEqual(state, "finished")
        self.assertEqual(messages, [("error", "ValueError: shapes differ (train.py:5)")])
        self.assertEqual(err.count("Traceback"), 1)
        self.assertTrue(err.endswith("ValueError: shapes differ\n"), err)

    def test_where_an_exception_began_is_the_programs_own_line(self):
        _, messages, _, _ = self.left(QUIET + "import json\njson.loads('{')\n", status=1)
        self.assertEqual(messages[0][0], "error")
        self.assertRegex(messages[0][1], r"^json.decoder.JSONDecodeError: .* \(train.py:3\)$")

    def test_the_hook_of_another_is_called_and_may_come_later(self):
        for before, after in (("", HOOK), (HOOK, ""), ("", HOOK + "hook.previous = None\n")):
            with self.subTest(before=bool(before), after=after):
                self.run_folder = self.folder / f"run-{len(before)}-{len(after)}"
                state, messages, _, err = self.left(before + QUIET + after + "raise KeyError('k')", status=1)
                self.assertEqual(state, "finished")
                self.assertEqual([level for level, _ in messages], ["error"])
                self.assertIn("KeyError: 'k'", messages[0][1])
                self.assertEqual(err.count("mine: KeyError"), 1, err)

    def test_the_with_block_does_the_same(self):
        state, messages, _, err = self.left("""
            import trimtab
            try:
                with trimtab.init("x", no_server=True, quiet=True) as run:
                    raise RuntimeError("inside")
            except RuntimeError:
                print(run.closed, trimtab.run)
            raise OSError("outside")
            """, status=1)
        self.assertEqual((state, messages), ("finished", [("error", "RuntimeError: inside (train.py:5)")]))

    def test_a_stop_and_an_exit_are_no_errors(self):
        for number, text in enumerate(("with run: raise trimtab.Stopped", "import sys; sys.exit(0)", "raise trimtab.Stopped()")):
            self.run_folder = self.folder / f"run-{number}"
            self.assertEqual(self.left(QUIET + text)[:2], ("finished", []), text)
        self.run_folder = self.folder / "run-context"
        text = "import sys\nwith run:\n  try:\n    1 / 0\n  except ArithmeticError:\n    sys.exit(4)\n"
        self.assertEqual(self.left(QUIET + text, status=4)[:2],
                         ("finished", [("error", "ZeroDivisionError: division by zero (train.py:5)")]))
        self.run_folder = self.folder / "run-status"
        self.assertEqual(self.left(QUIET + "with run: raise SystemExit(3)", status=3)[:2],
                         ("finished", [("error", "SystemExit: 3 (train.py:2)")]))

    def test_finish_with_a_status(self):
        self.assertEqual(self.left(QUIET + "run.finish(exit_code=2); run.finish(); run.log('a', 1); run.message('late')")[:3],
                         ("finished", [("error", "finished with exit status 2")], ""))

    def test_another_run_ends_the_first(self):
        state, messages, out, _ = self.left(QUIET + f"""
second = trimtab.init("y", run={str(self.folder / 'second')!r}, no_server=True, quiet=True)
print(run.closed, trimtab.run is second)
""")
        self.assertEqual((state, out), ("finished", "True True\n"))
        self.assertEqual(messages, [("info", "another run was begun: this one is finished")])

    def test_in_a_thread_that_is_still_at_it(self):
        state, messages, _, err = self.left("""
            import threading, time, trimtab
            ready = threading.Event()
            def train(daemon):
                run = trimtab.init("x", no_server=True, quiet=True)
                step = 0
                while True:
                    run.log({"a": step})
                    step += 1
                    time.sleep(0.001)
                    if step == 10:
                        ready.set()
            threading.Thread(target=train, args=(True,), daemon=True).start()
            ready.wait()
            """)
        self.assertEqual((state, messages, err), ("finished", [], ""))

    def test_opened_while_the_interpreter_ends(self):
        state, _, _, err = self.left("""
            import atexit, threading, trimtab
            def late():
                run = trimtab.init("x", no_server=True, quiet=True)
                run.log({"a": 1})
                globals().clear()
            atexit.register(late)
            """)
        self.assertIn(state, ("finished", "lost"))
        self.assertEqual(err, "")

    def test_kept_in_a_cycle_and_cleared_globals(self):
        state, messages, _, err = self.left(QUIET + """
class Trainer: pass
trainer = Trainer(); trainer.run = run; trainer.self = trainer
run.action("act")(lambda: trainer); run.log({"a": 1})
import sys
del run, trainer
sys.modules["__main__"].__dict__.clear()
""")
        self.assertEqual((state, messages, err), ("finished", [], ""))

    def test_logging_after_the_end_and_in_finalizers(self):
        state, _, out, err = self.left(QUIET + """
class Late:
    def __del__(self, run=run, print=print):
        run.log({"a": 1}); run.log("b", 2); run.message("late"); run.config.x = 1; run.finish(); print("deleted")
late = Late()
""")
        self.assertEqual((state, out, err), ("finished", "deleted\n", ""))


HOOK = """
import sys
def hook(kind, error, trace):
    print("mine:", kind.__name__, file=sys.stderr)
    if hook.previous: hook.previous(kind, error, trace)
hook.previous = sys.excepthook
sys.excepthook = hook
"""


class CtrlC(ScriptCase):
    PAUSED = """
        import time, trimtab
        run = trimtab.init("x", quiet=True)
        try:
            for step in run.steps(10**9):
                run.log("a", step)
                time.sleep(0.001)
        except KeyboardInterrupt:
            print("caught at", run.step, flush=True)
            {then}
        """

    def test_ends_a_pause_and_the_program(self):
        self.serve()
        process = self.script(self.PAUSED.format(then="raise"))
        wire = self.attached(process)
        wire.result(PAUSE)
        process.send_signal(signal.SIGINT)
        out, err = self.end_of(process, -signal.SIGINT)
        self.assertIn("caught at", out)
        self.assertIn("KeyboardInterrupt", err)
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] == "finished")
        ((level, text),) = self.messages(wire)
        self.assertEqual(level, "warning")
        self.assertRegex(text, r"^KeyboardInterrupt \(train.py:\d+\)$")

    def test_of_a_log_that_is_the_control_point(self):
        self.serve()
        process = self.script("""
            import time, trimtab
            run = trimtab.init("x", quiet=True)
            try:
                while True:
                    run.log({"a": 1})
                    time.sleep(0.001)
            except KeyboardInterrupt:
                print("caught", flush=True)
            run.log({"a": 2})
            """)
        wire = self.attached(process)
        wire.result(PAUSE)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), b"caught\n")  # and is paused again, as it was
        self.assertEqual(wire.result(STATUS)["run"]["state"], "paused")
        wire.result(RESUME)
        self.end_of(process)


class Children(ScriptCase):
    LOADER = """
        import multiprocessing, sys, trimtab
        {before}
        def work(n):
            global run
            run = globals().get("run")
            if run is not None:
                run.log({{"child": n}}); run.log("child", n); run.message("child"); run.config.child = n
                for step in run.steps(2): pass
                run.finish()
            trimtab.init("child", no_server=True, quiet=True).log({{"x": 1}}) if {again} else None
            return n * n

        if __name__ == "__main__":
            run = trimtab.init("x", no_server=True, quiet=True) if "run" not in globals() else run
            context = multiprocessing.get_context(sys.argv[1])
            with context.Pool(2) as pool:
                for step in run.steps(5):
                    assert pool.map(work, range(4)) == [0, 1, 4, 9]
                    run.log("a", step)
        """

    def test_workers_of_each_kind_say_nothing(self):
        for method in ("fork", "forkserver", "spawn"):
            for place, before in (("inside", ""), ("outside", 'run = trimtab.init("x", no_server=True, quiet=True)')):
                with self.subTest(method=method, place=place):
                    self.run_folder = self.folder / f"{method}-{place}"
                    _, err = self.ran(self.LOADER.format(before=before, again=False), method)
                    self.assertEqual(err, "")
                    wire = self.kept()
                    self.assertEqual(self.curve(wire, "a"), [(n, n) for n in range(5)])
                    self.assertEqual(self.messages(wire), [])
                    status = wire.result(STATUS)
                    self.assertEqual(status["run"]["state"], "finished")
                    self.assertNotIn("child", status["trainer"]["config"])
                    self.assertFalse((self.folder / "trimtab-runs").exists())
                    self.assertFalse((self.folder / "runs").exists())

    def test_a_forked_copy_that_ends_or_dies_tells_nothing(self):
        _, err = self.ran(QUIET + """
import os, sys
for step in run.steps(4):
    run.log("a", step)
    child = os.fork()
    if child == 0:
        if step == 0: sys.exit(0)
        if step == 1: raise ValueError("in the child")
        if step == 2: run.finish(); os._exit(0)
        run.log({"a": 100}); sys.exit()
    os.waitpid(child, 0)
""")
        self.assertIn("in the child", err)
        wire = self.kept()
        self.assertEqual(self.curve(wire, "a"), [(n, n) for n in range(4)])
        self.assertEqual(self.messages(wire), [])

    def test_a_run_of_a_worker_ends_with_it(self):
        for method in ("fork", "spawn"):
            for fails, messages in ((False, []), (True, [("error", "ValueError: in the worker (train.py:6)")])):
                self.run_folder = self.folder / f"{method}-{fails}"
                self.ran("""
                    import multiprocessing, sys, trimtab
                    def train(fails):
                        run = trimtab.init("x", no_server=True, quiet=True)
                        run.log({"a": 1})
                        if fails: raise ValueError("in the worker")
                    if __name__ == "__main__":
                        child = multiprocessing.get_context(sys.argv[1]).Process(target=train, args=(sys.argv[2] == "True",))
                        child.start()
                        child.join()
                    """, method, fails)
                wire = self.kept()
                self.assertEqual(wire.result(STATUS)["run"]["state"], "finished")
                if sys.version_info < (3, 13):  # from there on multiprocessing has forgotten the exception
                    self.assertEqual(self.messages(wire), messages)

    def test_a_run_handed_to_another_process_is_a_mute_copy(self):
        out, err = self.ran("""
            import copy, multiprocessing, pickle, trimtab
            def work(run):
                run.log({"a": 1}); run.message("x"); run.config.a = 2
                return (run.name, run.folder, run.live, list(run.steps(3)))
            if __name__ == "__main__":
                run = trimtab.init("x", no_server=True, quiet=True)
                assert copy.deepcopy({"run": run})["run"] is run and copy.copy(run) is run
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.apply(work, (run,)))
                assert pickle.loads(pickle.dumps(run.config)) == {}
            """)
        self.assertEqual((out, err), ("('x', None, False, [0, 1, 2])\n", ""))

    def test_loaders_of_torch(self):
        try:
            import torch  # noqa: F401
        except ImportError:
            self.skipTest("this Python has no torch")
        _, err = self.ran("""
            import torch, trimtab
            from torch.utils.data import DataLoader, Dataset
            class Squares(Dataset):
                def __init__(self, run): self.run = run
                def __len__(self): return 16
                def __getitem__(self, n):
                    self.run.log({"worker": n}); self.run.log("worker", n)
                    if trimtab.run: trimtab.log({"worker": n})
                    return torch.tensor(float(n * n))
            if __name__ == "__main__":
                run = trimtab.init("x", no_server=True, quiet=True)
                for method in ("fork", "spawn", "forkserver"):
                    for batch in DataLoader(Squares(run), 4, num_workers=2, multiprocessing_context=method):
                        run.log({"sum": batch.sum()})
                assert run.step == 12, run.step
            """, patience=10 * PATIENCE)  # torch is imported five times
        self.assertEqual(err, "")
        wire = self.kept()
        self.assertEqual(len(self.curve(wire, "sum")), 12)
        self.assertEqual([one["name"] for one in wire.result(DESCRIBE)["series"]], ["sum"])


class Refused(ScriptCase):
    """No program, no permission, no room: the training goes on."""

    TRAINING = """
        import trimtab
        run = trimtab.init("x", total_steps=5, config={"lr": 1})
        lr = run.setting("lr", 0.1)
        @run.action
        def evaluate(): return 1
        for step in run.steps(5):
            run.log({"a": step * lr.value}); run.message("m"); run.summary["s"] = step
            run.checkpoint(step, "nowhere")
        print("done", step, run.live)
        """

    def test_no_program_on_the_path(self):
        alone = self.folder / "alone"  # the package without the program beside it
        shutil.copytree(pathlib.Path(BUILD_PYTHON) / "trimtab", alone / "trimtab", ignore=shutil.ignore_patterns("trimtab", "*.p"))
        environment = {"PYTHONPATH": str(alone), "TRIMTAB_SERVER": "", "PATH": "/nowhere"}
        out, err = self.ran(self.TRAINING, env=environment)
        self.assertEqual(out, "done 4 True\n")
        self.assertEqual(err.count("trimtab: "), 1, err)
        self.assertEqual(len(self.curve(self.kept(), "a")), 5)

    def test_switched_off(self):
        out, err = self.ran(self.TRAINING, env={"TRIMTAB": "off"})
        self.assertEqual((out, self.run_folder.exists()), ("done 4 False\n", False))
        self.assertNotIn("Traceback", err)

    def test_where_nothing_may_be_written(self):
        (self.folder / "file").touch()
        for place in ("/proc/nothing/run", str(self.folder / "file" / "run")):
            out, err = self.ran(self.TRAINING, env={"TRIMTAB_RUN": place})
            self.assertEqual(out, "done 4 False\n")
            self.assertEqual(err.count("trimtab: "), 1, err)
            self.assertNotIn("Traceback", err)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_a_folder_of_somebody_else(self):
        self.run_folder.mkdir(mode=0o700)
        os.chmod(self.folder, 0o755)
        try:
            out, err = self.ran(self.TRAINING, user=65534)
        except PermissionError:
            self.skipTest("nobody else may run this Python")
        self.assertEqual(out, "done 4 False\n")
        self.assertEqual(err.count("trimtab: "), 1, err)

    def test_a_disk_that_takes_nothing(self):
        out, err = self.ran(self.TRAINING, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertTrue(out.startswith("done 4"), out)
        self.assertNotIn("Traceback", err)

    def test_another_trainer_holds_it(self):
        first = self.script(QUIET + "import sys; run.log({'a': 1}); print('ready', flush=True); sys.stdin.read()",
                            stdin=-1, name="first.py")
        first.stdout.readline()
        out, err = self.ran(self.TRAINING)
        self.assertEqual(out, "done 4 False\n")
        self.assertIn(str(first.pid), err)
        first.stdin.close()
        self.assertEqual(first.wait(30), 0)

    def test_ranks_other_than_the_first_open_nothing(self):
        for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"):
            out, err = self.ran(self.TRAINING, env={name: "1"})
            self.assertEqual((out, err, self.run_folder.exists()), ("done 4 False\n", "", False))
        out, _ = self.ran(self.TRAINING, env={"RANK": "0", "LOCAL_RANK": "3", "SLURM_PROCID": "x"})
        self.assertEqual(out, "done 4 True\n")


if __name__ == "__main__":
    unittest.main()
