"""run.setting: where values live, what clients get to hear, what is refused at once."""
import unittest

from scripts import DESCRIBE, SET, STATUS, STOP, ScriptCase

PROGRAM = """
    import time, trimtab

    class Layer:
        p = 0.5
        training = True

    class Number:  # as numpy's and torch's: it becomes a number by item()
        def __init__(self, value): self.held = value
        def item(self): return self.held

    class Tensor(Number):
        def fill_(self, value): self.held = value

    run = trimtab.init("x", quiet=True)
    layer, options, rates = Layer(), {"clip": 1.0, "warm": True}, [1, 2]
    layer.scale, layer.buffer = Number(2.0), Tensor(1.0)
    buffer = layer.buffer
    taken = []

    def take(value):
        if value > 10: raise ValueError("ten is the most that fits")
        taken.append(value)
        return round(value, 1)

    lr = run.setting("lr", 0.1, min=1e-6, max=1, unit="1/step", doc="learning rate")
    count = run.setting("count", 3, min=1, max=float("inf"))
    on = run.setting("on", True)
    mode = run.setting("mode", "cosine", choices=["cosine", "constant"])
    text = run.setting("text", "hello")
    run.setting("dropout", bind=(layer, "p"), min=0, max=1)
    run.setting("clip", bind=(options, "clip"), min=2)  # what a program has elsewhere may lie outside
    run.setting("rate", bind=(rates, 1))
    run.setting("scale", bind=(layer, "scale"))
    run.setting("buffer", bind=(layer, "buffer"))
    run.setting("taken", 1.0, set=take)
    run.setting("got", set=lambda v: setattr(layer, "got", v), get=lambda: getattr(layer, "got", 7))
    for step in run.steps(10**9):
        time.sleep(0.001)
    print(lr.value, float(lr), int(count), bool(on), mode.value, text.value, layer.p, options["clip"], rates, layer.scale.item(),
          buffer.item(), layer.buffer is buffer, type(layer.scale).__name__, taken, layer.got)
    """


class Settings(ScriptCase):
    def test_of_every_kind_are_told_and_set(self):
        self.serve()
        process = self.script(PROGRAM)
        wire = self.attached(process)
        told = {one["name"]: one for one in wire.result(DESCRIBE)["settings"]}
        types = {name: told[name]["type"] for name in told if name != "pause_on_nonfinite"}
        self.assertEqual(types, {"lr": "double", "count": "int", "on": "bool", "mode": "choice", "text": "string",
                                 "dropout": "double", "clip": "double", "rate": "int", "scale": "double", "buffer": "double",
                                 "taken": "double", "got": "int"})
        self.assertEqual((told["lr"]["min"], told["lr"]["max"], told["lr"]["unit"], told["lr"]["doc"]),
                         (1e-6, 1, "1/step", "learning rate"))
        self.assertEqual(told["mode"]["choices"], ["cosine", "constant"])
        for name in ("count", "clip"):
            self.assertEqual([told[name].get(bound) for bound in ("min", "max")], [2 if name == "clip" else 1, None])
        self.assertIn("count takes 1 or more, not 0", wire.call(SET, settings={"count": 0})["Detail"])

        asked = {"lr": 0.01, "count": 4, "on": False, "mode": "constant", "text": "bye", "dropout": 0.25, "clip": 2.0,
                 "rate": 5, "scale": 3.0, "buffer": 4.0, "got": 8}
        outcome = wire.result(SET, settings=asked)
        self.assertEqual({name: one["effective"] for name, one in outcome["settings"].items()}, asked)
        self.assertEqual(wire.result(SET, settings={"taken": 1.23})["settings"]["taken"]["effective"], 1.2)
        refused = wire.call(SET, settings={"taken": 11.0})
        self.assertEqual(refused["CodeError"], 46)
        self.assertIn("ten is the most that fits", refused["Detail"])
        self.assertEqual(wire.call(SET, settings={"lr": 2.0})["CodeError"], 43)
        self.assertEqual(wire.result(STATUS)["settings"]["taken"]["value"], 1.2)
        wire.result(STOP)
        out, _ = self.end_of(process)
        self.assertEqual(out, "0.01 0.01 4 False constant bye 0.25 2.0 [1, 5] 3.0 4.0 True Number [1.23] 8\n")

    def test_what_the_program_changes_itself_is_told(self):
        self.serve()
        process = self.script("""
            import time, trimtab
            run = trimtab.init("x", quiet=True)
            lr = run.setting("lr", 0.5)
            options = {"depth": 2}
            run.setting("depth", bind=(options, "depth"))
            for step in run.steps(10**9):
                lr.value = 0.25
                options["depth"] = 3
                time.sleep(0.001)
            """)
        wire = self.attached(process)
        self.wait_status(wire, "both values", lambda s: s["settings"]["lr"]["value"] == 0.25 and s["settings"]["depth"]["value"] == 3)
        wire.result(STOP)
        self.end_of(process)

    def test_declared_again_the_new_source_counts(self):
        self.serve()
        process = self.script("""
            import time, trimtab
            class Layer: p = 0.5
            run = trimtab.init("x", quiet=True)
            first, second = Layer(), Layer()
            run.setting("p", bind=(first, "p"))
            run.setting("p", bind=(second, "p"))
            try:
                run.setting("p", "a text")
            except ValueError as error:
                print("refused", "p" in str(error))
            for step in run.steps(10**9): time.sleep(0.001)
            print(first.p, second.p)
            """)
        wire = self.attached(process)
        wire.result(SET, settings={"p": 0.125})
        wire.result(STOP)
        self.assertEqual(self.end_of(process)[0], "refused True\n0.5 0.125\n")

    def test_what_cannot_be_a_setting_is_refused_at_once(self):
        out, _ = self.ran("""
            import trimtab
            run = trimtab.init("x", no_server=True, quiet=True)
            class Layer: p = 0.5
            layer = Layer()
            for arguments, options in (
                (("a",), {}),
                ((3, 1.0), {}),
                (("", 1.0), {}),
                (("a\\n", 1.0), {}),
                (("a", [1]), {}),
                (("a", 1.0), dict(bind=(layer, "p"))),
                (("a",), dict(bind=(layer, "q"))),
                (("a",), dict(bind=({}, "q"))),
                (("a",), dict(bind=[layer, "p"])),
                (("a",), dict(bind=(layer, "__doc__"))),
                (("a",), dict(set=print)),
                (("a", 1), dict(set=3)),
                (("a",), dict(get=print)),
                (("a", "x"), dict(choices=["y"])),
                (("a", "x"), dict(choices=[])),
                (("a", True), dict(min=0)),
                (("a", 0.5), dict(min=2, max=1)),
                (("a", 0.5), dict(min=float("nan"))),
                (("a", 0.5), dict(max=-float("inf"))),
                (("a", 5), dict(min=10)),
                (("a", 5), dict(max=4)),
                (("a", 5), dict(min=6, max=9)),
                (("a", float("nan")), dict(min=0)),
                (("a", 2**70), {}),
            ):
                try:
                    run.setting(*arguments, **options)
                except (TypeError, ValueError, OverflowError) as error:
                    assert len(str(error)) > 15, error
                    print(type(error).__name__)
                else:
                    print("taken", arguments, options)
            """)
        self.assertNotIn("taken", out)
        self.assertEqual(len(out.splitlines()), 24)

    def test_without_a_run_that_is_recorded_it_works_alike(self):
        out, _ = self.ran("""
            import trimtab
            run = trimtab.init(mode="disabled")
            lr = run.setting("lr", 0.1)
            lr.value = 0.2
            run.setting("lr", 0.5)
            print(lr.value, lr.name, lr.type)
            """)
        self.assertEqual(out, "0.2 lr double\n")


if __name__ == "__main__":
    unittest.main()
