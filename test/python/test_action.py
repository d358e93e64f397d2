"""run.action: parameters from signatures, results as JSON, exceptions as refusals."""
import unittest

from scripts import ACT, DESCRIBE, STOP, ScriptCase

PROGRAM = """
    from __future__ import annotations
    import collections, dataclasses, enum, pathlib, sys, time, trimtab
    from typing import Annotated, Any, Dict, List, Literal, Optional

    run = trimtab.init("x", quiet=True)

    @dataclasses.dataclass
    class Report:
        accuracy: float
        confusion: list

    @run.action
    def everything(count: int = 2, rate: float = 1, greedy: bool = False, prompt: str = "hi", guess=3.5, free=None,
                   length: Annotated[int, trimtab.Range(1, 4096)] = 160, heat: Annotated[float, (0, None)] = 0.5,
                   many: List[int] = [1, 2], table: Optional[Dict[str, Any]] = None, maybe: Optional[int] = None,
                   style: Literal["a", "b"] = "a"):
        "What it does.\\n\\nAnd how."
        return dict(locals())

    @run.action("named", doc="another doc")
    def _(number: int, text: str, flag: bool, share: Annotated[float, (0, 1)], items: list, untyped):
        return [number, text, flag, share, items, untyped]

    @run.action
    def fails(kind: str = "value"):
        if kind == "value": raise ValueError("no such checkpoint")
        if kind == "empty": raise KeyError
        if kind == "exit": raise SystemExit(3)

    @run.action
    def nothing(): pass

    @run.action
    def one(): return 0.5

    @run.action
    def report(): return Report(0.9, [[1, 2], [3, 4]])

    @run.action
    def odd():
        Point = collections.namedtuple("Point", "x y")
        Color = enum.Enum("Color", "RED")
        return {"nan": float("nan"), "inf": -float("inf"), "path": pathlib.Path("a/b"), "point": Point(1, 2), 3: {4: (5,)},
                "color": Color.RED, "type": int, "object": object, "bytes": b"x", "text": "\\ud800\\0", "big": 2**70, "none": None}

    @run.action
    def back(step: int):
        run.next_step(step)

    @run.action
    def logs():
        run.log({"from/action": 1}); run.log("from/action", 2)
        try:
            run.control_point(3)
        except RuntimeError:
            return "refused inside"

    class Trainer:
        def evaluate(self, batches: int = 1): return batches
    run.action(Trainer().evaluate)

    if "steps" in sys.argv:
        for step in run.steps(10**9):
            run.log("step", step)
            time.sleep(0.001)  # a server on a busy machine keeps up
    else:
        while True:
            run.log({"step": run.step})
            time.sleep(0.001)
    """


class Actions(ScriptCase):
    def start_program(self, loop="steps"):
        self.serve()
        process = self.script(PROGRAM, loop)
        return process, self.attached(process)

    def test_signatures_are_told(self):
        process, wire = self.start_program()
        told = {one["name"]: one for one in wire.result(DESCRIBE)["actions"]}
        self.assertEqual(sorted(told), ["back", "evaluate", "everything", "fails", "logs", "named", "nothing", "odd", "one", "report"])
        self.assertEqual((told["everything"]["doc"], told["named"]["doc"]), ("What it does.",
                         "another doc (must be given: number, text, flag, share, items, untyped)"))
        params = {one["name"]: one for one in told["everything"]["params"]}
        self.assertEqual({name: (one["type"], one["default"]) for name, one in params.items()}, {
            "count": ("int", 2), "rate": ("double", 1.0), "greedy": ("bool", False), "prompt": ("string", "hi"),
            "guess": ("double", 3.5), "free": ("string", ""), "length": ("int", 160), "heat": ("double", 0.5),
            "many": ("string", "[1,2]"), "table": ("string", ""), "maybe": ("string", ""), "style": ("string", "a")})
        self.assertEqual((params["length"]["min"], params["length"]["max"]), (1, 4096))
        self.assertEqual([(one["name"], one["type"], one["default"]) for one in told["named"]["params"]],
                         [("number", "int", 0), ("text", "string", ""), ("flag", "bool", False), ("share", "double", 0),
                          ("items", "string", ""), ("untyped", "string", "")])
        wire.result(STOP)
        self.end_of(process)

    def act(self, wire, name, **params):
        return wire.call(ACT, action=name, params=params)

    def refusal(self, wire, name, **params):
        reply = self.act(wire, name, **params)
        self.assertEqual(reply.get("CodeError"), 46, reply)
        return reply["Detail"]

    def result(self, wire, name, **params):
        reply = self.act(wire, name, **params)
        self.assertIn("result", reply)
        return reply["result"].get("result", {})

    def test_parameters_reach_the_function(self):
        process, wire = self.start_program()
        default = self.result(wire, "everything")
        self.assertEqual(default, {"count": 2, "rate": 1.0, "greedy": False, "prompt": "hi", "guess": 3.5, "free": None,
                                   "length": 160, "heat": 0.5, "many": [1, 2], "table": None, "maybe": None, "style": "a"})
        given = self.result(wire, "everything", count=5, greedy=True, many="[3]", table='{"a":1}', maybe="7", free="x", style="b")
        self.assertEqual(given, {**default, "count": 5, "greedy": True, "many": [3], "table": {"a": 1}, "maybe": 7, "free": "x",
                                 "style": "b"})
        self.assertEqual(self.result(wire, "named", number=3, text="t", flag=True, share=0.5, items="[1]", untyped="u"),
                         {"value": [3, "t", True, 0.5, [1], "u"]})
        self.assertEqual(self.result(wire, "evaluate", batches=4), {"value": 4})
        named = {"number": 1, "text": "t", "flag": True, "share": 0.5, "items": "[1]", "untyped": "u"}
        for params, why in (
            ({}, "parameter number must be given"),
            ({"number": 0, "text": "", "flag": False}, "parameter share must be given"),
            ({**named, "items": ""}, "parameter items must be given"),
            ({**named, "items": "{}"}, "parameter items takes a JSON list, not '{}'"),
        ):
            self.assertEqual(self.refusal(wire, "named", **params), why)
        for wrong in ({"number": "1"}, {"flag": "perhaps"}, {"share": 2}, {"share": "NaN"}):
            self.assertEqual(self.act(wire, "named", **{**named, **wrong})["CodeError"], 43)
        self.assertEqual(self.refusal(wire, "everything", style="c"), "parameter style is one of a, b, not 'c'")
        self.assertEqual(self.act(wire, "everything", length=0)["CodeError"], 43)
        self.assertIn(self.act(wire, "everything", heat=-1.0)["CodeError"], (43, 46))
        wire.result(STOP)
        self.end_of(process)

    def test_results_are_json(self):
        process, wire = self.start_program()
        self.assertEqual(self.result(wire, "nothing"), {})
        self.assertEqual(self.result(wire, "one"), {"value": 0.5})
        self.assertEqual(self.result(wire, "report"), {"accuracy": 0.9, "confusion": [[1, 2], [3, 4]]})
        self.assertEqual(self.result(wire, "odd"), {
            "nan": "NaN", "inf": "-Infinity", "path": "a/b", "point": {"x": 1, "y": 2}, "3": {"4": [5]}, "color": "RED",
            "type": "int", "object": "object", "bytes": "b'x'", "text": "?\ufffd", "big": str(2**70), "none": None})
        self.assertEqual(self.result(wire, "logs"), {"value": "refused inside"})
        wire.result(STOP)
        self.end_of(process)

    def test_exceptions_refuse_and_the_training_goes_on(self):
        process, wire = self.start_program()
        self.assertEqual(self.refusal(wire, "fails"), "ValueError: no such checkpoint")
        self.assertEqual(self.refusal(wire, "fails", kind="empty"), "KeyError")
        self.assertEqual(self.result(wire, "fails", kind="not at all"), {})
        wire.result(STOP)
        _, err = self.end_of(process)
        self.assertEqual(err.count("trimtab: action fails failed:"), 2)
        self.assertEqual(err.count("Traceback"), 2)

    def test_an_exit_inside_an_action_ends_the_program(self):
        process, wire = self.start_program()
        self.assertEqual(self.act(wire, "fails", kind="exit").get("CodeError"), 46)
        self.end_of(process, 3)

    def test_an_action_of_a_log_that_is_the_control_point(self):
        process, wire = self.start_program(loop="logs")
        self.assertEqual(self.result(wire, "logs"), {"value": "refused inside"})
        moved = self.act(wire, "back", step=-5)
        self.assertEqual(moved["result"]["outcome"], "applied")
        stopped = wire.result(STOP)
        self.assertLess(stopped["step"], 10**9)
        self.end_of(process)

    def test_what_cannot_be_an_action_is_refused_at_once(self):
        out, _ = self.ran("""
            from typing import Annotated, Optional
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            def wrong_default(n: int = "x"): pass
            def wrong_bool(n: int = True): pass
            def wrong_type(n: complex = 1j): pass
            def wrong_none(n: object = object()): pass
            def many(*values): pass
            def named(**values): pass
            def positional(n, /): pass
            def outside(n: Annotated[int, (1, 5)] = 6): pass
            def backwards(n: Annotated[int, (5, 1)] = 3): pass
            def no_range(n: Annotated[str, (5, 6)] = "a"): pass
            def infinite(n: float = float("inf")): pass
            for function in (wrong_default, wrong_bool, wrong_type, wrong_none, many, named, positional, outside, backwards,
                             no_range, infinite, lambda: 1, 3.0):
                try:
                    run.action(function)
                except TypeError as error:
                    assert len(str(error)) > 20, error
                    print(error)
                else:
                    print("taken", function)
            try:
                run.action("a\\nb")(wrong_default.__init__)
            except (TypeError, ValueError) as error:
                print(error)
            def again(n: int = 1): return 1
            run.action(again); run.action(again)
            def again(n: str = ""): return 2
            try:
                run.action(again)
            except ValueError as error:
                print(error)
            """)
        lines = out.splitlines()
        self.assertEqual(len(lines), 15, out)
        self.assertNotIn("taken", out)
        self.assertEqual(lines[0], "action 'wrong_default', parameter 'n': the default 'x' is no int")


if __name__ == "__main__":
    unittest.main()
