"""trimtab._core.Run.define: what clients may have done."""
import gc
import os
import sys
import threading
import weakref

from support import ACT, DESCRIBE, PAUSE, RESUME, SET, Case

from trimtab import _core


class Actions(Case):
    def setUp(self):
        super().setUp()
        self.wire, self.held = self.wired(), self.core()

    def define(self, name, function, params=(), doc=""):
        self.assertEqual(self.held.define(name, doc, params, function), 0, self.held.error)

    def act(self, action, **params):
        return self.steered(self.wire, self.held, ACT, action=action, params=params).get("result")

    def refusal(self, action, **params):
        return self.refused(self.wire, self.held, ACT, action=action, params=params)

    def test_parameters_and_results(self):
        calls = []

        def generate(**params):
            calls.append(params)
            return {"text": '"é"', "list": "[1,2]"}

        self.define("generate", generate, [("prompt", "string", "héllo", None, None), ("n", "int", 3, 1, 9), ("t", "double", 0.5, None, 2.0),
                                           ("on", "bool", True, None, None)], "writes a text")
        self.attached(self.wire, self.held)
        (told,) = self.wire.result(DESCRIBE)["actions"]
        self.assertEqual((told["doc"], [p["name"] for p in told["params"]]), ("writes a text", ["prompt", "n", "t", "on"]))
        self.assertEqual((told["params"][1]["min"], told["params"][1]["max"], told["params"][2]["max"]), (1, 9, 2))
        self.assertEqual(self.act("generate"), {"text": "é", "list": [1, 2]})
        self.act("generate", prompt="a", n=4, t=1, on=False)
        self.assertEqual(calls, [{"prompt": "héllo", "n": 3, "t": 0.5, "on": True}, {"prompt": "a", "n": 4, "t": 1.0, "on": False}])
        self.assertIn("takes 1 to 9, not 10", self.refusal("generate", n=10))

    def test_what_it_raises_refuses(self):
        class Silent(Exception):
            pass

        class Mute(Exception):
            def __str__(self):
                raise RuntimeError

        def fail(n):
            raise (ValueError("100 % wrong \udcff"), Silent(), Mute())[n]

        self.define("fail", fail, [("n", "int", 0, None, None)])
        self.define("odd", lambda: {"a": 1})
        self.define("odder", lambda: 3)
        self.define("nothing", lambda: None)
        self.attached(self.wire, self.held)
        self.assertEqual(self.refusal("fail"), "100 % wrong ?")
        self.assertEqual((self.refusal("fail", n=1), self.refusal("fail", n=2)), ("Silent", "Mute"))
        self.assertIn("is a text, not int", self.refusal("odd"))
        self.assertTrue(self.refusal("odder"))
        self.assertFalse(self.act("nothing"))

    def test_what_ends_the_program_is_raised(self):
        def leave():
            sys.exit("enough")

        self.define("leave", leave)
        self.attached(self.wire, self.held)
        self.ask(self.wire, ACT, action="leave")
        with self.assertRaisesRegex(SystemExit, "enough"):
            while True:
                self.held.control_point(self.held.step + 1)
        reply = self.until_answered(self.wire, lambda: self.held.control_point(self.held.step + 1))
        self.assertEqual(reply["Detail"], "enough")

    def test_parameters_that_cannot_be(self):
        class Bound:
            def __float__(self):
                raise AssertionError("called after what came before it had failed")

        for value, min_ in (("x", Bound()), (object(), Bound())):
            with self.assertRaisesRegex(TypeError, "must be real number"):
                self.held.define("a", "", [("n", "double", value, min_, Bound())], dict)

    def test_how_many_there_are(self):
        self.assertEqual(self.held.declared, 0)
        self.define("a", dict)
        self.define("a", dict)
        self.assertEqual(self.held.declare(_core.Setting("b", 1)), 0)
        self.assertEqual(self.held.declare(_core.Setting("b", 2)), 0)
        self.assertEqual(self.held.define("", "", [], dict), -1)
        self.assertEqual(self.held.declared, 2)

    def test_defined_anew(self):
        params = [("n", "int", 1, None, None)]
        self.define("a", lambda n: {"v": "1"}, params)
        self.attached(self.wire, self.held)
        self.define("a", lambda n: {"v": "2"}, tuple(list(p) for p in params))
        self.assertEqual(self.act("a"), {"v": 2})
        self.assertEqual(self.held.define("a", "", [("n", "int", 2, None, None)], dict), -2)
        self.assertIn("declared already", self.held.error)
        self.assertEqual(self.held.define("x" * 129, "", [], dict), -1)
        for arguments, kind in ((("b", "", [], 3), TypeError), (("b", "", [("n",)], dict), TypeError), (("b", "", 3, dict), TypeError),
                                (("b", "", [("n", "complex", 1)], dict), ValueError), (("b", "", [("n", "int", "x")], dict), TypeError),
                                (("b", "", [("n", "int", 1)] * 17, dict), ValueError), (("b\0", "", [], dict), ValueError),
                                (("b", "", [("n", "string", "\ud800")], dict), ValueError), (("b", "", [3], dict), TypeError),
                                (("b", "", [("n", "int", 2**64)], dict), OverflowError)):
            with self.subTest(arguments=arguments), self.assertRaises(kind):
                self.held.define(*arguments)
        self.assertEqual(self.held.define("c", "", [("n", "int", 1), ("n", "int", 1)], dict), -1)

    def test_what_it_may_call(self):
        seen = []

        def busy():
            seen.append((self.held.step, self.held.in_control_point))
            self.held.log({"a": 1.0}, step=self.held.step)
            self.held.declare(_core.Setting("late", 1))
            self.held.define("later", "", [], lambda: {"v": "3"})
            self.define("busy", dict)  # the function that runs now is replaced
            self.held.config_json("k", "2")
            self.held.message_told(1, "hello \udcff")
            self.held.checkpoint_told("id", None, 3)
            with self.assertRaises(RuntimeError):
                self.held.control_point(3)
            thread = threading.Thread(target=self.not_here, args=(seen,))
            thread.start()
            thread.join()
            return {"step": str(self.held.step)}

        self.define("busy", busy)
        self.attached(self.wire, self.held)
        self.assertEqual(self.act("busy"), {"step": seen[0][0]})
        self.assertEqual(seen[1:], [RuntimeError])
        self.assertTrue(seen[0][1])
        self.assertEqual(self.act("later"), {"v": 3})
        self.assertEqual(self.steered(self.wire, self.held, SET, settings={"late": 5})["settings"]["late"]["effective"], 5)
        self.held.close()
        self.end(self.server)
        self.assertEqual(self.curve("a"), [(seen[0][0], 1.0)])

    def not_here(self, seen):
        try:
            self.held.next_step(3)
        except RuntimeError:
            seen.append(RuntimeError)

    def test_what_comes_after_a_restore_sees_its_step(self):
        seen = []
        self.define("restore", lambda: self.held.next_step(7) or seen.append(self.held.step))
        self.define("look", lambda: seen.append(self.held.step))
        self.attached(self.wire, self.held)

        def steer():
            for code, members in ((PAUSE, {}), (ACT, {"action": "restore"}), (ACT, {"action": "look"}), (RESUME, {})):
                self.wire.result(code, **members)

        thread = threading.Thread(target=steer)
        thread.start()
        while thread.is_alive():
            self.held.control_point(self.held.step + 1)
        thread.join()
        self.assertEqual(seen, [7, 7])

    def test_a_child_that_comes_back_from_it_answers_nothing(self):
        parent, children = os.getpid(), []

        def fork():
            children.append(os.fork())
            if children[-1] == 0:
                raise ValueError("of the child")
            self.assertEqual(os.waitpid(children[-1], 0), (children[-1], 0))  # it has answered, if it does

        def close():
            children.append(os.fork())
            if children[-1] == 0:
                return self.held.close()
            self.assertEqual(os.waitpid(children[-1], 0), (children[-1], 0))

        self.define("fork", fork)
        self.define("close", close)
        self.attached(self.wire, self.held)
        for action in ("fork", "close"):
            self.ask(self.wire, ACT, action=action)
            begun = len(children)
            while len(children) == begun:
                self.held.control_point(self.held.step + 1)
            if os.getpid() != parent:
                self.held.log({"a": 1.0})
                self.held.control_point(3)
                os._exit(0 if not self.held.live and self.held.closed == (action == "close") else 1)
            self.assertEqual(self.wire.reply()["result"]["outcome"], "applied")

    def test_it_closes_the_run(self):
        self.define("end", self.held.close)
        self.attached(self.wire, self.held)
        self.ask(self.wire, ACT, action="end")
        for _ in self.held.steps(10**12, self.held.step):
            pass
        self.assertTrue(self.held.closed and self.held.stopping)
        self.assertEqual(self.wire.reply()["result"]["outcome"], "applied")

    def test_it_drops_the_last_reference(self):
        """The control point is called on a reference that only the call itself holds."""
        held = self.held
        dropped = []
        held.define("drop", "", [], lambda: dropped.append(runs.clear()) or {})
        self.attached(self.wire, held)
        self.addCleanup(gc.collect)
        runs, self.held = [held], None
        self._cleanups = [one for one in self._cleanups if getattr(one[0], "__self__", None) is not held]
        gone = weakref.ref(held)
        self.ask(self.wire, ACT, action="drop")
        step = held.step
        del held
        while runs:
            step += 1
            runs[0].control_point(step)
        gc.collect()
        self.assertEqual((dropped, gone()), ([None], None))
