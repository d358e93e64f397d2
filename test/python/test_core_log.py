"""trimtab._core.Run.log: names, values, steps."""
import collections
import decimal
import math
import unittest

from support import Case

from trimtab import _core

try:
    import numpy
except ImportError:
    numpy = None
try:
    import torch
except ImportError:
    torch = None


class Log(Case):
    def setUp(self):
        super().setUp()
        self.run_ = self.core()
        self.said = []
        self.run_.unloggable = lambda *what: self.said.append(what)

    def curves(self, *names):
        self.run_.close()
        self.serve()
        wire = self.unix()
        self.wait_status(wire, "all to be stored", lambda s: s["run"]["state"] == "finished" and s["history"]["state"] == "stored")
        self.end(self.processes[-1])
        return [self.points(name) for name in names]

    def test_what_becomes_a_point(self):
        run = self.run_
        run.control_point(1)
        run.log({"a": 0.5, "b": 2, "c": True, "d": {"e": {"f": 3.5}, "g": -1}, "big": 2**70})
        run.log("a", 1.5)
        run.control_point(2)
        run.log("a", -0.0)
        run.log({"a": math.inf, "h": decimal.Decimal("2.25")}, step=9)
        run.log("a", 7.0, step=2)
        run.log("a", 8.0, step=1, commit=True)
        self.assertEqual(self.said, [])
        told = self.curves("a", "b", "c", "d/e/f", "d/g", "big", "h")
        self.assertEqual(told, [[(1, 0.5), (1, 1.5), (2, -0.0), (9, math.inf), (2, 7.0), (1, 8.0)], [(1, 2.0)], [(1, 1.0)],
                                [(1, 3.5)], [(1, -1.0)], [(1, 2.0**70)], [(9, 2.25)]])

    def test_mappings_of_other_kinds(self):
        class Mine(dict):
            pass

        run = self.run_
        run.log(collections.OrderedDict(a=1.0))
        run.log(Mine(a=2.0))
        run.log(collections.ChainMap({"a": 3.0}, {"b": 4.0}))
        run.log({"c": collections.ChainMap({"a": 5.0})})
        run.log({})
        self.assertEqual(self.curves("a", "b", "c/a"), [[(0, 1.0), (0, 2.0), (0, 3.0)], [(0, 4.0)], [(0, 5.0)]])

    def test_names_of_other_kinds(self):
        class Name(str):
            pass

        run = self.run_
        run.log({Name("a"): 1.0, 3: 2.0, ("b",): 3.0, "": 4.0, "x" * 129: 5.0, "\ud800": 6.0, "a\nb": 7.0, "z\0": 8.0})
        run.log(Name("a"), 2.0)
        run.log("x" * 129, 9.0)
        names = [name for name, _, _ in self.said]
        self.assertEqual(names, ["3", "('b',)", "", "x" * 129, "\ud800", "a\nb", "z\0"])
        self.assertEqual([value for _, value, _ in self.said], [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
        self.assertIn("a name is a text, not int", self.said[0][2])
        self.assertIn("1 to 128 bytes", self.said[3][2])
        self.assertEqual(self.curves("a"), [[(0, 1.0), (0, 2.0)]])

    def test_what_is_no_number(self):
        class Bad:
            def __float__(self):
                raise ArithmeticError("out of order")

        class Silent:
            def __float__(self):
                raise ValueError

        run = self.run_
        run.log({"a": None, "b": "1.5", "c": [1.0], "d": Bad(), "e": Silent(), "f": 10**400, "g": object(), "h": 1j, "ok": 1.0})
        run.log("i", b"1")
        told = {name: reason for name, _, reason in self.said}
        self.assertEqual(sorted(told), list("abcdefghi"))
        self.assertEqual((told["a"], told["b"], told["d"], told["e"]), ("NoneType is no number", "str is no number", "out of order",
                                                                        "ValueError"))
        self.assertIn("too large", told["f"])
        self.assertEqual(self.curves("ok"), [[(0, 1.0)]])

    def test_what_concerns_the_loop_is_raised(self):
        class Stop:
            def __float__(self):
                raise KeyboardInterrupt

        for call in (lambda: self.run_.log("a", Stop()), lambda: self.run_.log({"a": 1.0, "b": {"c": Stop()}, "d": 2.0})):
            with self.assertRaises(KeyboardInterrupt):
                call()
        self.run_.unloggable = lambda *what: 1 / 0
        self.run_.log("a", None)  # nor does what tells of it
        self.run_.unloggable = lambda *what: exit()
        with self.assertRaises(SystemExit):
            self.run_.log("a", None)

    def test_a_mapping_that_changes_meanwhile(self):
        values = {"a": 1.0}

        class Greedy:
            def __float__(self):
                values.clear()
                values.update({f"n{i}": float(i) for i in range(1000)})
                return 2.0

        values.update(b=Greedy(), c=3.0)
        self.run_.log(values)
        self.assertEqual(self.curves("a", "b", "c", "n0"), [[(0, 1.0)], [(0, 2.0)], [(0, 3.0)], []])

    def test_a_value_that_closes_the_run(self):
        class Last:
            def __float__(me):
                self.run_.close()
                return 1.0

        self.run_.log({"a": 1.0, "b": Last(), "c": 2.0})
        self.run_.log({"a": 1.0, "c": 2.0})
        self.run_.log("new", 2.0)
        self.assertEqual(self.curves("a", "c"), [[(0, 1.0)], []])

    def test_a_mapping_that_holds_itself(self):
        values = {"a": 1.0}
        values["b"] = values
        values["c"] = {"d": values, "e": {}}
        self.run_.log(values)
        self.assertEqual([(name, reason) for name, _, reason in self.said],
                         [(name, "the mapping holds itself") for name in ("b", "c/d")])
        deep = 1.0
        for _ in range(500):
            deep = {"x": deep}
        self.run_.log(deep)
        self.assertIn("128", self.said[-1][2])

    def test_mappings_that_are_broken(self):
        class Broken(collections.UserDict):
            def items(self):
                raise OSError("gone")

        class Odd(collections.UserDict):
            def items(self):
                return [("a", 1.0), 3, ("b",), ("c", 2.0, 3.0), ["d", 4.0]]

        self.run_.log(Broken())
        self.run_.log({"x": Broken()})
        self.run_.log(Odd())
        self.assertEqual([(name, reason) for name, _, reason in self.said], [("", "gone"), ("x", "gone")])
        self.assertEqual(self.curves("a"), [[(0, 1.0)]])

    def test_steps_that_are_none_are_told(self):
        self.run_.log("a", 1.0, step=1.5)
        self.run_.log({"a": 1.0}, step="3")
        self.run_.log("a", 1.0, step=2**70)
        self.run_.log("a", 2.0, step=True)
        self.assertEqual([(name, value) for name, value, _ in self.said], [("step", 1.5), ("step", "3"), ("step", 2**70)])
        self.assertEqual(self.curves("a"), [[(1, 2.0)]])

    def test_calls_that_are_wrong(self):
        for arguments, keywords in (((), {}), ((1.0,), {}), (("a",), {}), (({}, 1), {"step": 1}), (("a", 1, 2), {}), (({}, 1, 2), {}), (("a", 1), {"x": 1}),
                                    (([("a", 1)],), {}), ((None,), {})):
            with self.assertRaises(TypeError):
                self.run_.log(*arguments, **keywords)

    def test_the_step_as_second_argument_of_a_mapping(self):
        self.run_.log({"a": 1.0}, 4)
        self.run_.log({"a": 2.0}, None, commit=True)
        self.run_.log({"a": 3.0}, None, step=5)
        self.run_.log({"a": 4.0}, 1.5)
        self.assertEqual([(name, value) for name, value, _ in self.said], [("step", 1.5)])
        self.assertEqual(self.curves("a"), [[(4, 1.0), (0, 2.0), (5, 3.0)]])

    def test_more_series_than_there_may_be(self):
        for i in range(4100):
            self.run_.log(f"s{i}", float(i))
        self.run_.log({"s4099": 1.0, "s0": 2.0})
        self.assertEqual([(name, reason) for name, _, reason in self.said], [("s4096", "a run has at most 4096 series")])
        self.assertEqual(self.curves("s0", "s4095", "s4096"), [[(0, 0.0), (0, 2.0)], [(0, 4095.0)], []])

    def test_units(self):
        self.run_.series("a", "nats")
        self.run_.series("b", unit=None)
        self.run_.series("x" * 200)
        self.assertEqual([name for name, _, _ in self.said], ["x" * 200])
        self.run_.log("a", 1.0)
        self.serve()
        wire = self.unix()
        self.attached(wire, self.run_)
        told = {one["name"]: one["unit"] for one in wire.result(4)["series"]}
        self.assertEqual(told, {"a": "nats", "b": None} if told["b"] is None else {"a": "nats", "b": ""})

    @unittest.skipIf(numpy is None, "no numpy")
    def test_of_numpy(self):
        n = numpy
        self.run_.log({"a": n.float32(0.5), "b": n.int64(3), "c": n.bool_(True), "d": n.array(2.5), "e": n.float64(4.0),
                       "f": n.arange(3), "g": n.float16(math.nan)})
        self.assertEqual([name for name, _, _ in self.said], ["f"])
        told = self.curves("a", "b", "c", "d", "e")
        self.assertEqual(told, [[(0, 0.5)], [(0, 3.0)], [(0, 1.0)], [(0, 2.5)], [(0, 4.0)]])

    @unittest.skipIf(torch is None, "no torch")
    def test_of_torch(self):
        self.run_.log({"a": torch.tensor(0.5), "b": torch.tensor([3]), "c": torch.ones(2, requires_grad=True),
                       "d": torch.tensor(1.5, requires_grad=True)})
        self.assertEqual([name for name, _, _ in self.said], ["c"])
        self.assertEqual(self.curves("a", "b", "d"), [[(0, 0.5)], [(0, 3.0)], [(0, 1.5)]])


class Implicit(Case):
    """Where no control point is called, a mapping that is logged may be one."""

    def test_until_a_control_point_is_called(self):
        class Run(_core.Run):
            def hook(self, values, step, commit):
                self.calls.append((dict(values), step, commit))
                self.control_point(step or 0)
                self.log(values)
                self.control_point((step or 0) + 1)

        run = self.core(kind=Run)
        run.calls, run.implicit = [], run.hook
        run.log("a", 1.0)
        run.log({"a": 2.0})
        run.log({"a": 3.0}, step=5, commit=False)
        run.log({"a": 3.5}, 6)
        self.assertEqual((run.calls, run.step), ([({"a": 2.0}, None, None), ({"a": 3.0}, 5, False), ({"a": 3.5}, 6, None)], 7))
        with self.assertRaises(TypeError):
            run.log(1.0)
        self.assertFalse(run.looped)
        run.control_point(7)
        self.assertTrue(run.looped)
        run.log({"a": 4.0})
        self.assertEqual(len(run.calls), 3)
        run.close()
        self.assertEqual(self.curve("a"), [(0, 1.0), (0, 2.0), (5, 3.0), (6, 3.5), (7, 4.0)])

    def test_what_it_raises_is_raised(self):
        run = self.core(record=False)
        run.implicit = lambda *what: exit(3)
        with self.assertRaises(SystemExit):
            run.log({})
        run.implicit = None
        run.log({})
        self.assertIsNone(run.implicit)
        for name in ("implicit", "unloggable"):
            with self.assertRaises(TypeError):
                setattr(run, name, 3)
        with self.assertRaises(TypeError):
            run.applied = ()
