"""trimtab._core: the loop, its pauses and its end."""
import os
import signal
import subprocess
import sys
import threading
import time

from support import ACT, PATIENCE, PAUSE, PYTHON, RESUME, STATUS, STOP, Case, wait_for

from trimtab import _core


class Loop(Case):
    def test_steps_are_a_range_and_tell_the_total(self):
        run = self.core()
        steps = run.steps(5, start=2)
        self.assertEqual((len(steps), steps.__length_hint__()), (3, 3))
        self.assertEqual(list(steps), [2, 3, 4])
        self.assertEqual((run.step, run.total_steps, run.stopping), (5, 5, True))
        self.assertEqual(list(steps), [])
        self.assertEqual(list(run.steps(8, 5)), [5, 6, 7])  # the total was the loop's, not the program's
        self.assertEqual((list(run.steps(0)), len(run.steps(3, 9)), list(run.steps(3, 9))), ([], 0, []))

    def test_a_total_that_was_given_holds(self):
        run = self.core(total_steps=3)
        self.assertEqual(list(run.steps(5)), [0, 1, 2])
        run.total_steps = 4
        self.assertEqual(list(run.steps(5)), [0, 1, 2, 3])
        run.total_steps = None
        self.assertEqual(run.total_steps, 0)
        for wrong, kind in ((-1, ValueError), (2**56, ValueError), (2**64, OverflowError), ("3", TypeError), (1.5, TypeError)):
            with self.assertRaises(kind):
                run.total_steps = wrong
        self.assertEqual(run.total_steps, 0)

    def test_steps_that_are_none(self):
        run = self.core()
        for wrong, kind in ((2**63, OverflowError), (1.0, TypeError), (None, TypeError), ("1", TypeError)):
            with self.assertRaises(kind):
                run.control_point(wrong)
        self.assertTrue(run.control_point(2**62))  # beyond what a journal holds: the training goes on
        self.assertIn("2^55", run.error)
        self.assertTrue(run.control_point(1))

    def test_interrupt_ends_the_loop(self):
        run = self.core()
        seen = []
        for step in run.steps(10):
            seen.append(step)
            if step == 2:
                run.interrupt()
        self.assertEqual((seen, run.stopping), ([0, 1, 2], True))

    def test_a_client_stops_it(self):
        wire, run = self.wired(), self.core()
        self.attached(wire, run)
        self.ask(wire, STOP)
        for _ in run.steps(10**12, run.step):
            pass
        self.assertTrue(run.stopping)
        self.assertEqual(wire.reply()["result"]["outcome"], "applied")

    def test_a_restore_moves_the_loop(self):
        wire, run = self.wired(), self.core()
        self.assertEqual(run.define("restore", "", [("id", "string", "")], lambda id: run.next_step(3) or {}), 0)
        self.attached(wire, run)
        begun = run.step + 1000
        self.ask(wire, ACT, action="restore", params={"id": "a"})
        seen = []
        for step in run.steps(10**12, begun):
            if seen and step < begun:
                break
            seen.append(step)
        self.assertEqual((step, run.step), (3, 3))
        self.assertEqual(wire.reply()["result"]["outcome"], "applied")
        with self.assertRaises(RuntimeError):
            run.next_step(1)

    def test_it_is_opened_once(self):
        run = self.core()
        with self.assertRaises(RuntimeError):
            run.__init__("again")
        other = _core.Run("other", run=str(self.run_folder), quiet=True, no_server=True)
        self.assertFalse(other.live)
        self.assertIn("recorded by this process", other.error)
        other.close()
        self.assertIn("recorded by this process", other.error)
        self.assertTrue(run.live)

        class Again:
            def __fspath__(self):
                twice.__init__("inner", run=str(folder), quiet=True, no_server=True)
                return str(folder / "outer")

        folder, twice = self.run_folder.parent / "twice", _core.Run.__new__(_core.Run)
        with self.assertRaises(RuntimeError):
            twice.__init__("outer", run=Again(), quiet=True, no_server=True)
        twice.close()
        del twice
        once = _core.Run("x", run=str(folder), quiet=True, no_server=True)
        self.addCleanup(once.close)
        self.assertTrue(once.live, once.error)
        with self.assertRaises(ValueError):
            _core.Run("a\0b")
        with self.assertRaises(ValueError):
            _core.Run("\udcff", record=False)
        with self.assertRaises(TypeError):
            _core.Run("a", nonsense=1)
        with self.assertRaises(ValueError):
            _core.Run("a", total_steps=-1)

    def test_what_a_resumed_run_knows(self):
        run = self.core()
        self.assertIsNone(run.resumed)
        run.control_point(7)
        self.assertEqual(run.checkpoint_told("step-7", "/some/\udcffwhere", 12), 0)
        run.close()
        again = self.core(resume=True)
        self.assertEqual(again.resumed, {"id": "step-7", "path": "/some/?where", "step": 7, "bytes": 12, "last_step": 7})
        self.assertEqual((again.name, again.folder), ("test", str(self.run_folder)))


class Nobody(Case):
    """Runs that nobody records."""

    def check(self, run):
        self.assertFalse(run.live)
        setting = _core.Setting("lr", 0.1, min=0, max=1)
        self.assertEqual(run.declare(setting), -5)
        self.assertEqual(run.define("a", "", [], dict), -5)
        setting.value = 0.5
        self.assertEqual((setting.value, setting.apply(1)), (0.5, 1.0))
        said = []
        run.unloggable = lambda *what: said.append(what)
        for step in run.steps(3):
            run.log({"a": step, "b": None})
            run.log("c", object())
        self.assertEqual((run.step, run.stopping, said, run.dropped), (3, True, [], 0))
        self.assertEqual((run.config_json("a", "1"), run.checkpoint_told("a", None, 0), run.message_told(1, "m")), (-5, -5, -5))
        run.flush()
        run.interrupt()
        self.assertFalse(run.control_point(0))
        run.close()
        self.assertTrue(run.closed)

    def test_switched_off(self):
        os.environ["TRIMTAB"] = "off"
        run = self.core()
        self.assertEqual(run.error, "TRIMTAB=off is set")
        self.check(run)

    def test_not_to_be_recorded(self):
        before = os.listdir("/proc/self/fd")
        run = self.core(record=False)
        self.assertEqual(os.listdir("/proc/self/fd"), before)
        self.assertFalse(self.run_folder.exists())
        self.assertEqual((run.folder, run.error, run.resumed, run.name), (None, "", None, "test"))
        self.check(run)

    def test_a_folder_that_cannot_be(self):
        self.run_folder.write_text("a file")
        run = self.core()
        self.assertIn(str(self.run_folder), run.error)
        self.check(run)

    def test_closed(self):
        run = self.core()
        self.assertTrue(run.live)
        run.close()
        run.close()
        self.check(run)

    def test_a_forked_child_leaves_it_alone(self):
        run = self.core()
        run.log({"a": 1.0})
        run.control_point(1)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run.log({"a": 2.0, "new": 3.0})
                good = run.control_point(5) and not run.live and "forked copy" in run.error and run.declare(_core.Setting("s", 1)) == -5
                run.close()
                code = 0 if good else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        run.control_point(2)
        run.close()
        self.assertEqual(self.curve("a"), [(0, 1.0)])


class Paused(Case):
    """This thread is in the control point of a paused run; another one does something."""

    def setUp(self):
        super().setUp()
        self.wire, self.held = self.wired(), self.core()
        self.attached(self.wire, self.held)
        self.other = self.unix()

    def meanwhile(self, function, resume=True):
        """Calls it in a thread once the run is paused, then resumes the run, whatever happened."""
        self.done, self.caught = threading.Event(), []

        def work():
            try:
                self.other.result(PAUSE)
                function()
            except BaseException as error:
                self.caught.append(error)
            finally:
                if resume:
                    self.other.result(RESUME)
                self.done.set()

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)

    def go_on(self):
        begun = time.monotonic()
        while self.held.control_point(self.held.step + 1) and not self.done.is_set():
            self.assertLess(time.monotonic(), begun + PATIENCE)
        self.assertEqual(self.caught, [])

    def test_other_threads_log_and_may_not_step(self):
        def work():
            self.assertTrue(self.held.in_control_point)
            self.held.log({"a": 1.0})
            self.held.log("b", 2.0)
            with self.assertRaises(RuntimeError):
                self.held.control_point(10**6)
            with self.assertRaises(RuntimeError):
                next(self.held.steps(5))
            at.append(self.held.step)

        at = []
        self.meanwhile(work)
        self.go_on()
        self.assertFalse(self.held.in_control_point)
        self.held.close()
        self.end(self.server)
        self.assertEqual(self.curve("a"), [(at[0], 1.0)])

    def test_closed_by_another_thread(self):
        self.meanwhile(self.held.close, resume=False)
        self.go_on()
        self.assertTrue(self.held.closed and self.held.stopping and not self.held.live)

    def test_an_interrupt_from_the_keyboard_leaves_it_paused(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        raised = threading.Event()

        def work():
            os.kill(os.getpid(), signal.SIGINT)
            self.assertTrue(raised.wait(PATIENCE))
            self.assertEqual(self.other.result(STATUS)["run"]["state"], "paused")

        self.meanwhile(work)
        with self.assertRaises(KeyboardInterrupt):
            while True:
                self.held.control_point(self.held.step + 1)
        raised.set()
        self.assertFalse(self.held.in_control_point)
        self.go_on()

    def test_waiting_is_called_and_may_raise(self):
        calls = []

        def look():
            calls.append(self.held.in_control_point)
            if len(calls) == 3:
                raise LookupError("enough")

        self.held.waiting(look, 0)
        self.meanwhile(lambda: wait_for("three calls", lambda: len(calls) >= 3))
        with self.assertRaisesRegex(LookupError, "enough"):
            while True:
                self.held.control_point(self.held.step + 1)
        self.assertEqual(calls, [True, True, True])
        self.held.waiting(None, 0)
        self.go_on()

    def test_waiting_given_anew_while_it_is_given(self):
        held = self.held

        class Every:
            def __float__(self):
                held.waiting(None, 0)
                return 1.0

        function = lambda: None  # noqa: E731
        before = sys.getrefcount(function)
        for _ in range(9):
            held.waiting(function, 0)
            held.waiting(print, Every())
        held.waiting(None, 0)
        self.assertEqual(sys.getrefcount(function), before)
        self.meanwhile(lambda: None)
        self.go_on()

    def test_forked_by_another_thread(self):
        codes = []

        def work():
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    good = self.held.control_point(9) and not self.held.in_control_point
                    self.held.close()
                    code = 0 if good and self.held.closed else 2
                finally:
                    os._exit(code)
            codes.append(os.waitpid(child, 0)[1])

        self.meanwhile(work)
        self.go_on()
        self.assertEqual(codes, [0])

    def test_the_interpreter_is_free_meanwhile(self):
        counted = []

        def work():
            until = time.monotonic() + 0.3
            turns = 0
            while time.monotonic() < until:
                turns += 1
            counted.append((turns, time.thread_time()))

        self.meanwhile(work)
        self.go_on()
        turns, used = counted[0]
        self.assertGreater(used, 0.05, turns)  # a thread that holds the lock in its waits leaves next to nothing


class Shutdown(Case):
    def ends(self, text, status=0):
        done = subprocess.run([PYTHON, "-c", text], env={**self.environment, "RUN": str(self.run_folder)}, capture_output=True, text=True,
                              timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        return done.stdout

    def state(self):
        server = self.serve()
        status = self.wait_status(self.unix(), "all to be stored",
                                  lambda s: s["run"]["state"] in ("finished", "lost") and s["history"]["state"] == "stored")
        self.end(server)
        return status["run"]["state"]

    BEGIN = "import os, sys, threading; from trimtab import _core; run = _core.Run('x', run=os.environ['RUN'], quiet=True, no_server=True);"

    def test_without_close(self):
        self.ends(self.BEGIN + "run.log({'a': 1.0}); run.control_point(1)")
        self.assertEqual(self.state(), "finished")
        self.assertEqual(self.points("a"), [(0, 1.0)])

    def test_in_a_cycle_that_lasts_until_the_end(self):
        self.ends(self.BEGIN + """
class Last:
    def __init__(self, run): self.run, self.steps = run, run.steps(5)
    def __del__(self):
        self.run.log({'b': 1.0}); next(self.steps, None); self.run.close()
last = Last(run); run.unloggable = lambda *what: last; run.declare(_core.Setting('s', 1, setter=lambda v: last))
""")
        self.assertIn(self.state(), ("finished", "lost"))

    def test_with_a_thread_in_a_pause(self):
        self.serve()
        process = self.start(PYTHON, "-c", self.BEGIN + """
def loop():
    for step in run.steps(10**12): pass
threading.Thread(target=loop, daemon=True).start()
sys.stdin.read(); print('end', flush=True)
""", env={"RUN": str(self.run_folder)}, stdin=subprocess.PIPE, keep_output=True)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(PAUSE)
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out, err), (0, b"end\n", b""))
