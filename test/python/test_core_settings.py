"""trimtab._core.Setting and Hold: where values live, what is refused, what clients set."""
import types
import unittest

from support import DESCRIBE, SET, Case

from trimtab import _core
from trimtab._core import Hold, Run, Setting


def optimizer(*values):
    return types.SimpleNamespace(param_groups=[{"lr": value} for value in values])


class Values(unittest.TestCase):
    """Settings by themselves."""

    def test_types(self):
        made = {"double": Setting("a", 0.5), "int": Setting("a", 3), "bool": Setting("a", True), "string": Setting("a", "b"),
                "choice": Setting("a", "b", choices=["a", "b"])}
        self.assertEqual({name: one.type for name, one in made.items()}, {name: name for name in made})
        self.assertEqual(Setting("a", 1, min=1e-6, max=10).type, "double")
        self.assertEqual(Setting("a", 1, min=0, max=10).type, "int")
        self.assertEqual((float(made["double"]), int(made["int"]), bool(made["bool"]), [10, 20, 30, 40][made["int"]]), (0.5, 3, True, 40))
        self.assertEqual((int(made["double"]), float(made["int"]), bool(Setting("a", ""))), (0, 3.0, False))
        with self.assertRaises(TypeError):
            [1][made["double"]]
        with self.assertRaises(ValueError):
            float(made["string"])
        self.assertEqual(repr(made["int"]), "Setting('a', 3)")

    def test_what_cannot_be_one(self):
        for arguments, keywords, kind in (
                (("a",), {}, TypeError), (("a", None), {}, TypeError), (("a", []), {}, TypeError), ((3, 3), {}, TypeError),
                (("a\0", 1), {}, ValueError), (("\ud800", 1), {}, ValueError), (("a", 1), {"min": 3, "max": 3}, ValueError),
                (("a", 1), {"min": 3, "max": 2}, ValueError), (("a", True), {"min": 0}, ValueError), (("a", "x"), {"max": 1}, ValueError),
                (("a", "x"), {"choices": ["y"]}, ValueError), (("a", "x"), {"choices": "xyz"}, ValueError),
                (("a", "x"), {"choices": [1]}, TypeError), (("a", "x"), {"choices": []}, ValueError),
                (("a", 1), {"min": "0"}, TypeError), (("a", 2**63), {}, OverflowError), (("a", "x" * 1025), {}, ValueError),
                (("a",), {"object": 3}, TypeError), (("a",), {"object": 3, "attribute": "no"}, AttributeError),
                (("a",), {"attribute": "real"}, TypeError), (("a",), {"container": {}, "key": 1}, KeyError),
                (("a",), {"container": {}}, TypeError), (("a",), {"setter": print}, TypeError), (("a",), {"getter": print}, TypeError),
                (("a", 1), {"setter": 3}, TypeError), (("a",), {"hold": 3}, TypeError),
                (("a",), {"hold": Hold(optimizer(0.1), "lr"), "choices": ["x"]}, TypeError),
                (("a",), {"hold": Hold(optimizer(0.1), "lr"), "index": 1}, IndexError),
                (("a",), {"hold": Hold(optimizer(0.1), "momentum")}, KeyError),
                (("a", 1), {"setter": print, "container": [1], "key": 0}, TypeError), (("a", 1), {"unit": 3}, TypeError)):
            with self.subTest(arguments=arguments, keywords=keywords), self.assertRaises(kind):
                Setting(*arguments, **keywords)

    def test_refusals_are_those_of_the_server(self):
        def why(setting, value):
            before = setting.value
            with self.assertRaises(ValueError) as caught:
                setting.apply(value)
            with self.assertRaises(ValueError):
                setting.value = value
            self.assertEqual(setting.value, before)
            return str(caught.exception)

        lr, count, on = Setting("lr", 0.05, min=1e-6, max=0.1), Setting("count", 3, min=1), Setting("on", True)
        mode, text = Setting("mode", "a", choices=["a", "b"]), Setting("text", "a")
        self.assertEqual(why(lr, 7), "lr takes 1e-06 to 0.1, not 7")
        self.assertEqual(why(lr, True), "lr takes a number, not a bool")
        self.assertEqual(why(lr, "1"), "lr takes a number, not a text")
        self.assertEqual(why(lr, None), "lr takes a number, not None")
        self.assertEqual(why(lr, float("nan")), "lr takes a finite number")
        self.assertEqual(why(count, 0), "count takes 1 or more, not 0")
        self.assertEqual(why(count, 2.0), "count takes an integer, not a number")
        self.assertEqual(why(count, 2**64), "count takes an integer of 64 bits")
        self.assertEqual(why(Setting("x", 1.0, max=2.0), 3), "x takes at most 2, not 3")
        self.assertEqual(why(on, 1), "on takes true or false, not an integer")
        self.assertEqual(why(mode, "c"), 'mode has no choice "c"; there are: a, b')
        self.assertEqual(why(mode, 1), "mode takes one of its choices as a text, not an integer")
        self.assertEqual(why(text, "x" * 1025), "text takes a text of at most 1024 bytes, not one of 1025")
        self.assertEqual(why(text, "a\0"), "text takes a text without zero bytes")
        why(text, "\ud800")
        self.assertEqual((lr.apply(0.1), type(Setting("f", 1.5).apply(2)), mode.apply("b"), on.apply(False)), (0.1, float, "b", False))
        for bounds in (dict(min=float("nan")), dict(max=float("nan")), dict(min=2.0, max=1.0), dict(min=float("inf"))):
            self.assertRaises(ValueError, Setting, "x", 1.5, **bounds)
        self.assertEqual(Setting("out", 5.0, max=1.0).value, 5.0)  # what it begins with may lie outside
        with self.assertRaises(AttributeError):
            del lr.value

    def test_of_numpy_and_torch(self):
        try:
            import numpy
            import torch
        except ImportError:
            self.skipTest("no numpy or no torch")
        kinds = [Setting("a", value).type for value in (numpy.float32(1), numpy.int64(1), numpy.bool_(True), torch.tensor(0.5),
                                                        torch.tensor(3), numpy.float64(1))]
        self.assertEqual(kinds, ["double", "int", "bool", "double", "int", "double"])
        self.assertEqual(Setting("a", 0.5).apply(numpy.float32(0.25)), 0.25)
        self.assertEqual(Setting("a", 3).apply(numpy.int64(4)), 4)
        self.assertIs(Setting("a", False).apply(numpy.bool_(True)), True)

    def test_sources(self):
        layer, table = types.SimpleNamespace(p=0.5), {"k": 3, None: 1.5}
        attribute, item = Setting("a", object=layer, attribute="p"), Setting("b", container=table, key="k")
        of_none = Setting("c", container=table, key=None)
        attribute.value, item.value, of_none.value = 0.25, 4, 2.5
        self.assertEqual((layer.p, table), (0.25, {"k": 4, None: 2.5}))
        layer.p, table["k"] = 1, 5
        self.assertEqual((attribute.value, type(attribute.value), item.value), (1.0, float, 5))
        layer.p = None
        with self.assertRaisesRegex(ValueError, "a takes a number, not None"):
            attribute.value
        self.assertEqual((attribute.apply(2), layer.p), (2.0, 2.0))

    def test_setters(self):
        took = []

        def setter(value):
            took.append(value)
            if value > 8:
                raise LookupError("too far")
            return {4: 4.5, 5: "odd", 6: None}.get(value, value)

        one = Setting("a", 1.0, setter=setter)
        self.assertEqual((one.value, took), (1.0, []))
        self.assertEqual([one.apply(value) for value in (2, 4, 5, 6)], [2.0, 4.5, 5.0, 6.0])
        with self.assertRaisesRegex(LookupError, "too far"):
            one.apply(9)
        self.assertEqual(one.value, 6.0)
        got = Setting("b", setter=took.append, getter=lambda: len(took))
        self.assertEqual((got.type, got.value, got.apply(7), took[-1]), ("int", 5, 6, 7))

    def test_holds(self):
        torchlike = optimizer(0.1, 0.2)
        hold = Hold(torchlike, "lr")
        first, second = Setting("lr/0", hold=hold), Setting("lr/1", hold=hold, index=1)
        self.assertEqual((hold.scale, hold.held, hold.active, first.value, second.value), (1.0, False, False, 0.1, 0.2))
        hold.scale = 0.5
        self.assertEqual((hold.active, second.value), (True, 0.1))
        second.value = 3
        self.assertEqual((hold.held, hold.is_held(0), hold.is_held(1), second.value, first.value), (True, False, True, 3.0, 0.05))
        hold.held = True
        hold.scale = 1
        torchlike.param_groups = [{"lr": 7}, {"lr": 8}]
        self.assertEqual((first.value, hold.in_force(1)), (0.05, 3.0))
        hold.held = False
        self.assertEqual((first.value, second.value, hold.active, hold.is_held(99), hold.is_held(-1)), (7.0, 8.0, False, False, False))
        hold.hold(0, 2)
        self.assertEqual(first.value, 2.0)
        for call, kind in ((lambda: hold.in_force(5), IndexError), (lambda: hold.hold(-1, 1), IndexError),
                           (lambda: hold.hold(10**9, 1), IndexError), (lambda: setattr(hold, "scale", "x"), TypeError),
                           (lambda: delattr(hold, "held"), AttributeError), (lambda: Hold.__new__(Hold).in_force(0), RuntimeError),
                           (lambda: setattr(Hold.__new__(Hold), "held", True), RuntimeError)):
            with self.assertRaises(kind):
                call()
        with self.assertRaises(RuntimeError):
            hold.__init__(optimizer(1.0), "lr")  # once: what a group's code does meanwhile cannot pull away the optimizer
        self.assertEqual(hold.in_force(1), 8.0)
        lacking = types.SimpleNamespace(param_groups=[{"lr": 1.0}, {}, {"lr": None}])
        hold = Hold(lacking, "lr")
        hold.held = True
        self.assertEqual([hold.is_held(i) for i in range(3)], [True, False, False])


    def test_choices_run_no_code(self):
        class Choice(str):
            __hash__ = str.__hash__

            def __eq__(self, other):
                for _ in range(3):
                    run.declare(Setting("c", "b", choices=["a", "b", "c"]))
                return str.__eq__(self, other)

        run = Run("x", record=False)
        first = Setting("c", Choice("a"), choices=[Choice("a"), "b"])
        self.assertIs(type(first.value), str)
        run.declare(first)
        del first  # the run has the only reference
        self.assertEqual(run.declare(Setting("c", "b", choices=["a", "b"])), 0)

    def test_what_is_no_number_after_all(self):
        class Odd:
            def __float__(self):
                raise TypeError("several")

            __index__ = __float__

        for kind in (1.0, 1):
            for value in (Odd(), 10**400):
                with self.assertRaises(ValueError):
                    Setting("a", kind).apply(value)

    def test_a_setter_whose_answer_interrupts(self):
        class Answer:
            def __index__(self):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            Setting("a", 1, setter=lambda value: Answer()).apply(3)


class Steered(Case):
    def setUp(self):
        super().setUp()
        self.wire, self.held = self.wired(), self.core()
        self.said = []
        self.held.unloggable = lambda *what: self.said.append(what)

    def declare(self, *settings):
        for one in settings:
            self.assertEqual(self.held.declare(one), 0, self.held.error)
        self.attached(self.wire, self.held)

    def set(self, **settings):
        return {name: item["effective"] for name, item in self.steered(self.wire, self.held, SET, settings=settings)["settings"].items()}

    def test_clients_set_every_kind(self):
        layer, hold = types.SimpleNamespace(p=0.5, on=True), Hold(optimizer(0.1), "lr")
        own, text = Setting("own", 1, min=0, max=9, unit="u", doc="d"), Setting("text", "é")
        self.declare(own, text, Setting("p", object=layer, attribute="p"), Setting("on", object=layer, attribute="on"),
                     Setting("mode", "a", choices=["a", "b"]), Setting("lr", hold=hold, min=0.0), Setting("lr_hold", object=hold, attribute="held"))
        told = {one["name"]: one for one in self.wire.result(DESCRIBE)["settings"]}
        self.assertEqual([told["own"][key] for key in ("type", "value", "min", "max", "unit", "doc")], ["int", 1, 0, 9, "u", "d"])
        self.assertEqual((told["text"]["value"], told["mode"]["choices"], told["lr"]["min"]), ("é", ["a", "b"], 0))
        self.assertNotIn("max", told["lr"])
        self.assertIn("lr takes 0 or more, not -1", self.wire.call(SET, settings={"lr": -1.0})["Detail"])
        self.held.applied = []
        asked = {"own": 5, "text": "naïve", "p": 0.25, "on": False, "mode": "b", "lr": 2.0}
        self.assertEqual(self.set(**asked), asked)
        self.assertEqual((own.value, text.value, layer.p, layer.on, hold.held), (5, "naïve", 0.25, False, True))
        self.assertEqual(sorted(self.held.applied), sorted(asked.items()))
        self.assertEqual(self.set(lr_hold=False), {"lr_hold": False})
        layer.p, own.value, text.value = 0.75, 6, "y"
        self.held.control_point(self.held.step + 1)
        status = self.wait_status(self.wire, "what the program set", lambda s: s["settings"]["p"]["value"] == 0.75)
        self.assertEqual([status["settings"][name]["value"] for name in ("own", "text", "lr")], [6, "y", 0.1])

    def test_all_or_none(self):
        seen = []

        def setter(value):
            seen.append(value)
            if value == 3:
                raise TypeError("not three")
            if value == 4:
                raise ValueError("four is too many")
            return value + 0.5

        low = Setting("low", 0.0, min=1.0, max=2.0)  # what it began with lies outside: it is set back all the same
        taker = Setting("taker", 1.0, setter=setter)
        self.declare(low, taker)
        self.held.applied = []
        self.assertEqual(self.refused(self.wire, self.held, SET, settings={"low": 1.5, "taker": 3}), "setting taker: TypeError: not three")
        self.assertEqual((low.value, self.held.applied), (0.0, [("low", 1.5), ("low", 0.0)]))
        self.assertEqual(self.refused(self.wire, self.held, SET, settings={"taker": 4}), "setting taker: four is too many")
        self.assertEqual(self.set(taker=7), {"taker": 7.5})
        self.assertEqual((taker.value, seen), (7.5, [3.0, 4.0, 7.0]))

    def test_what_interrupts_is_raised_by_the_control_point(self):
        def setter(value):
            raise KeyboardInterrupt

        self.declare(Setting("a", 1, setter=setter))
        self.ask(self.wire, SET, settings={"a": 2})
        with self.assertRaises(KeyboardInterrupt):
            while True:
                self.held.control_point(self.held.step + 1)
        reply = self.until_answered(self.wire, lambda: self.held.control_point(self.held.step + 1))
        self.assertEqual(reply["Detail"], "setting a: KeyboardInterrupt")

    def test_what_has_the_wrong_type_is_told_once(self):
        layer = types.SimpleNamespace(p=0.5, mode="a", text="t")
        self.declare(Setting("p", object=layer, attribute="p"), Setting("mode", object=layer, attribute="mode", choices=["a", "b"]),
                     Setting("text", object=layer, attribute="text"))
        layer.p, layer.mode, layer.text = None, "z", "\ud800"
        for _ in range(3):
            self.held.control_point(self.held.step + 1)
        self.assertEqual([name for name, _, _ in self.said], ["p", "mode", "text"])
        self.assertEqual(self.said[0][2], "p takes a number, not None")
        del layer.p
        layer.mode = "b"
        self.held.control_point(self.held.step + 1)
        self.assertEqual(len(self.said), 3)
        layer.p = float("nan")
        self.held.control_point(self.held.step + 1)
        status = self.wait_status(self.wire, "the right types", lambda s: s["settings"]["p"]["value"] == "NaN")
        self.assertEqual((status["settings"]["mode"]["value"], status["settings"]["text"]["value"]), ("b", "t"))
        layer.p = "x"
        self.held.control_point(self.held.step + 1)
        self.assertEqual(len(self.said), 4)

    def test_declared_anew(self):
        first, second = types.SimpleNamespace(p=0.5), types.SimpleNamespace(p=0.75)
        self.declare(Setting("p", object=first, attribute="p", max=2.0))
        self.assertEqual(self.held.declare(Setting("p", object=second, attribute="p", max=1.0)), 0)
        self.assertEqual(self.set(p=0.25), {"p": 0.25})
        self.assertEqual((first.p, second.p), (0.5, 0.25))
        self.assertEqual(self.refused(self.wire, self.held, SET, settings={"p": 1.5}), "setting p: p takes at most 1, not 1.5")
        self.assertEqual(self.held.declare(Setting("p", 3)), -2)
        self.assertIn("declared already", self.held.error)
        self.assertEqual(self.held.declare(Setting("x" * 129, 3)), -1)
        for wrong in (None, 3, Setting.__new__(Setting)):
            with self.assertRaises(TypeError):
                self.held.declare(wrong)
        codes = [self.held.declare(Setting(f"n{i}", i)) for i in range(260)]
        self.assertEqual((codes.count(0), set(codes[254:])), (254, {-3}))

    def test_declared_and_swapped_by_what_is_called(self):
        """Getters and setters that declare anew, log, flush, and call control points."""
        inside = []

        def getter():
            self.held.log("seen", 1.0)
            self.held.flush()
            if len(inside) > 2:
                self.held.declare(Setting("text", setter=print, getter=lambda: "b" * 500))
            if self.held.in_control_point:
                with self.assertRaises(RuntimeError):
                    self.held.control_point(1)
                inside.append(True)
            return chr(97) * 500  # no constant: its setting has the only reference

        self.declare(Setting("text", setter=print, getter=getter))
        status = self.wait_status(self.wire, "the new one", lambda s: self.held.control_point(self.held.step + 1) and s["settings"]["text"]["value"] == "b" * 500)
        self.assertTrue(status)
        self.assertGreater(len(inside), 2)
        self.assertEqual(self.said, [])
