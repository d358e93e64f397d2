"""trimtab._core: what is held is let go."""
import gc
import os
import sys
import threading
import time
import types
import weakref

from support import ACT, SET, Case

from trimtab import _core
from trimtab._core import Hold, Run, Setting


class Sentinel:
    """Something whose references are counted."""


class Memory(Case):
    def grown(self, function, times=60):
        """How many objects, and blocks of memory, `times` more calls leave behind."""
        for _ in range(20):
            function()
        gc.collect()
        objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
        for _ in range(times):
            function()
        gc.collect()
        return len(gc.get_objects()) - objects, sys.getallocatedblocks() - blocks

    def assert_lets_go(self, function, times=60):
        objects, blocks = self.grown(function, times)
        self.assertLess(objects, times // 4)
        self.assertLess(blocks, times // 2)

    def test_cycles_are_collected(self):
        class Mine(Run):
            pass

        def life():
            run = Mine("x", record=False)
            layer = types.SimpleNamespace(run=run, p=0.5)
            hold = Hold(types.SimpleNamespace(param_groups=[{"lr": 0.1, "run": run}]), "lr")
            for setting in (Setting("a", object=layer, attribute="p"), Setting("b", 1, setter=lambda v: run), Setting("c", hold=hold),
                            Setting("d", container={"k": 1, "r": run}, key="k"), Setting("e", "x", choices=["x"])):
                run.declare(setting)
                run.declare(setting)
            run.define("f", "", [("n", "int", 1)], lambda n: run)
            run.define("f", "", [("n", "int", 1)], lambda n: run)
            run.unloggable = run.implicit = lambda *what: run
            run.waiting(lambda: run, 1)
            run.applied = [run]
            run.steps_ = run.steps(3)
            next(run.steps_)
            return weakref.ref(run), weakref.ref(setting)

        gone = [life() for _ in range(5)]
        gc.collect()
        self.assertEqual([(one(), other()) for one, other in gone], [(None, None)] * 5)
        self.assert_lets_go(life)

    def test_of_a_run_that_is_recorded(self):
        descriptors = len(os.listdir("/proc/self/fd"))
        kept = Sentinel()
        before = sys.getrefcount(kept)

        def life():
            run = Run("x", run=str(self.run_folder), quiet=True, no_server=True)
            run.kept = run.declare(Setting("a", 1, setter=lambda v: kept)) if hasattr(run, "kept") else None

        class Mine(Run):
            pass

        def whole():
            run = Mine("x", run=str(self.run_folder), quiet=True, no_server=True)
            self.assertTrue(run.live, run.error)
            run.declare(Setting("a", 1, setter=lambda v: (kept, run)))
            run.define("f", "", [], lambda: (kept, run))
            run.unloggable = lambda *what: kept
            for step in run.steps(3):
                run.log({"a": 1.0, "b": {"c": None}, f"n{step}": object()})
            run.me = run
            del run
            gc.collect()  # closes it: the folder is free again

        self.assert_lets_go(whole, 20)
        self.assertEqual(sys.getrefcount(kept), before)
        self.assertEqual(len(os.listdir("/proc/self/fd")), descriptors)

    def test_calls_keep_nothing(self):
        run = self.core()
        value, name = Sentinel(), "".join(["a name ", "of its own"])
        said = []
        run.unloggable = lambda *what: said.append(what[1] is value)

        class Bad:
            def __float__(self):
                raise ValueError(value)

        def calls():
            run.log({name: 1.0, "other": value, "bad": Bad(), "deep": {"er": value, "on": 2}}, step=3)
            run.log(name, value)
            run.log("x", 2, commit=True)
            run.log({3: value, "": value})
            for wrong in (lambda: run.log(value), lambda: run.control_point(value), lambda: Setting("a", value), lambda: run.declare(value),
                          lambda: Setting("a", object=value, attribute="b"), lambda: run.define("a", "", [value], dict),
                          lambda: run.define("a", "", [("a", "int", value)], dict), lambda: Hold(value, "lr").in_force(0),
                          lambda: Setting("lr", 1, container=value, key=value), lambda: Run(value), lambda: Run(run=value),
                          lambda: setattr(run, "applied", value), lambda: run.config_json("a", value), lambda: run.next_step(1),
                          lambda: Setting("a", 1.0, max=0.5).apply(3), lambda: Setting("a", "b", choices=["b"]).apply("c")):
                try:
                    wrong()
                except (TypeError, ValueError, AttributeError, RuntimeError):
                    continue
                self.fail("that should have been refused")
            run.control_point(run.step + 1)
            (run.error, run.dropped, run.folder, run.name, run.resumed, run.step, run.total_steps, run.unloggable, run.implicit)

        calls()
        gc.collect()
        before = sys.getrefcount(value), sys.getrefcount(name)
        self.assert_lets_go(calls)
        said.clear()
        gc.collect()
        self.assertEqual((sys.getrefcount(value), sys.getrefcount(name)), before)

    def test_settings_keep_nothing(self):
        value = Sentinel()
        value.p = 0.5
        groups = types.SimpleNamespace(param_groups=[{"lr": 0.1}])

        def calls():
            hold = Hold(groups, "lr")
            hold.held = True
            for one in (Setting("a", object=value, attribute="p"), Setting("b", hold=hold), Setting("c", 1, setter=lambda v: value),
                        Setting("d", container=[1], key=0), Setting("e", 1.0, setter=lambda v: v, getter=lambda: 2.0)):
                one.apply(2)
                (one.value, float(one), repr(one), one.name, one.type, bool(one))

        calls()
        before = sys.getrefcount(value), sys.getrefcount(groups)
        self.assert_lets_go(calls)
        self.assertEqual((sys.getrefcount(value), sys.getrefcount(groups)), before)

    def test_requests_keep_nothing(self):
        wire, run = self.wired(), self.core()
        value = Sentinel()
        run.declare(Setting("a", 1, setter=lambda v: (value, v)[1] if v < 5 else 1 / 0))
        run.define("f", "", [("t", "string", "x")], lambda t: {"a": "1", "b": f'"{t}"'} if t == "x" else {}[t])
        self.attached(wire, run)

        def calls():
            run.applied = []
            self.steered(wire, run, SET, settings={"a": 3})
            self.refused(wire, run, SET, settings={"a": 7})
            self.steered(wire, run, ACT, action="f", params={"t": "x"})
            self.refused(wire, run, ACT, action="f", params={"t": "y"})

        before = sys.getrefcount(value)
        self.assert_lets_go(calls, 20)
        self.assertEqual(sys.getrefcount(value), before)

    def test_half_made_ones(self):
        for kind in (Run, Setting, Hold):
            one = kind.__new__(kind)
            for name in dir(one):
                if not name.startswith("__"):
                    try:
                        getattr(one, name)
                    except RuntimeError:
                        pass
            repr(one)
        run = Run.__new__(Run)
        run.log({"a": 1.0})
        run.log("b", 1.0)
        self.assertEqual(list(run.steps(2)), [0, 1])
        run.close()
        for call in (lambda: float(Setting.__new__(Setting)), lambda: Setting.__new__(Setting).apply(1)):
            with self.assertRaises(RuntimeError):
                call()
        self.assertEqual(list(_core.Steps.__new__(_core.Steps)) if hasattr(_core.Steps, "__new__") else [], [])

    def test_threads_that_log_while_others_are_steered(self):
        wire, run = self.wired(), self.core()
        run.declare(Setting("a", 1, setter=lambda v: v, getter=lambda: len(list(range(50))) and 3))
        run.define("f", "", [], lambda: {"a": str(sum(range(10000)))})
        self.attached(wire, run)
        done = threading.Event()

        def work(number):
            turn = 0
            while not done.is_set():
                turn += 1
                run.log({"shared": turn, f"of/{number}": 1.0, f"new/{number}/{turn % 300}": 2.0})
                run.series(f"declared/{number}/{turn % 100}")
                run.declare(Setting(f"s{number}", turn))
                run.flush()
                time.sleep(0.001)

        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-5)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        try:
            for turn in range(15):
                self.steered(wire, run, SET, settings={"a": turn})
                self.assertEqual(self.steered(wire, run, ACT, action="f")["result"], {"a": 49995000})
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(run.dropped, 0)
