"""run.watch under schedulers and GradScaler: what is asserted is what was read inside optimizer.step."""
import unittest
import warnings

from support import DESCRIBE, SET, STATUS, wait_for
from watching import SCHEDULERS, SGD, STEPS, WatchCase

import torch
from torch.optim import lr_scheduler

import trimtab

SETS_AT, RELEASED_AT = 20, 150


class UnderSchedulers(WatchCase):
    def each(self):
        for name, schedule in SCHEDULERS.items():
            for first in ("scheduler first", "watch first"):
                with self.subTest(name, order=first):
                    yield name, schedule, first

    def both(self, schedule, first):
        run = self.new_run()
        optimizer = self.sgd()
        scheduler = schedule(optimizer) if first == "scheduler first" else None
        watched = run.watch(optimizer)
        return optimizer, scheduler or schedule(optimizer), watched

    def untouched(self, schedule, steps=STEPS):
        optimizer = self.sgd()
        return self.learn(optimizer, schedule(optimizer), steps)

    def test_a_value_that_is_set_holds_and_once_released_the_plan_is_bit_equal(self):
        for name, schedule, first in self.each():
            optimizer, scheduler, watched = self.both(schedule, first)
            lr, hold = watched.settings["lr"], watched.settings["lr_hold"]
            told = []
            self.learn(optimizer, scheduler, at={
                SETS_AT: [lambda: told.append(lr.apply(0.0123))],
                SETS_AT + 100: [lambda: told.append(lr.value)],
                RELEASED_AT: [lambda: hold.apply(False)]})
            plan, seen = self.column(self.untouched(schedule)), self.column(optimizer)
            self.assertEqual(told, [0.0123, 0.0123])
            self.assertEqual(seen[:SETS_AT], plan[:SETS_AT])
            self.assertEqual(set(seen[SETS_AT:RELEASED_AT]), {0.0123})
            self.assertEqual(seen[RELEASED_AT:], plan[RELEASED_AT:])
            self.assertNotIn(0.0123, plan)

    def test_lr_scale_multiplies_the_plan_and_leaves_it_alone(self):
        for name, schedule, first in self.each():
            optimizer, scheduler, watched = self.both(schedule, first)
            scale = watched.settings["lr_scale"]
            in_force = []
            self.learn(optimizer, scheduler, at={
                SETS_AT: [lambda: scale.apply(0.25), lambda: in_force.append(watched.settings["lr"].value)],
                RELEASED_AT: [lambda: scale.apply(1)]})
            plan, seen = self.column(self.untouched(schedule)), self.column(optimizer)
            self.assertEqual(seen[SETS_AT:RELEASED_AT], [0.25 * x for x in plan[SETS_AT:RELEASED_AT]])
            self.assertEqual(in_force, [seen[SETS_AT]])
            self.assertEqual(seen[RELEASED_AT:], plan[RELEASED_AT:])

    def test_watched_and_unchanged_the_training_is_bit_equal_and_no_warning_appears(self):
        for name, schedule, first in self.each():
            with warnings.catch_warnings(record=True) as plain:
                warnings.simplefilter("always")
                untouched = self.untouched(schedule, 60)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                optimizer, scheduler, _ = self.both(schedule, first)
                self.learn(optimizer, scheduler, 60)
            self.assertEqual([str(w.message) for w in caught], [str(w.message) for w in plain])
            self.assertEqual(optimizer.seen, untouched.seen)
            self.assert_same_parameters(optimizer, untouched)

    def test_the_momentum_that_one_cycle_moves_holds_too(self):
        schedule = SCHEDULERS["OneCycleLR"]
        optimizer, scheduler, watched = self.both(schedule, "watch first")
        self.learn(optimizer, scheduler, at={
            SETS_AT: [lambda: watched.settings["momentum"].apply(0.5)],
            RELEASED_AT: [lambda: watched.settings["momentum_hold"].apply(False)]})
        untouched = self.untouched(schedule)
        plan, seen = self.column(untouched, "momentum"), self.column(optimizer, "momentum")
        self.assertEqual(set(seen[SETS_AT:RELEASED_AT]), {0.5})
        self.assertEqual(seen[RELEASED_AT:], plan[RELEASED_AT:])
        self.assertGreater(len(set(plan)), 100)
        self.assertEqual(self.column(optimizer), self.column(untouched), "the learning rate was not touched")

    def test_the_scheduler_still_warns_where_it_is_stepped_first(self):
        for watching in (False, True):
            optimizer = self.sgd()
            if watching:
                self.run_.watch(optimizer)
            scheduler = SCHEDULERS["LambdaLR"](optimizer)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                scheduler.step()
            self.assertEqual(len(caught), 1, watching)
            self.assertIn("before `optimizer.step()`", str(caught[0].message))

    def test_a_second_scheduler_and_a_third_leave_one_wrapper(self):
        optimizer = self.sgd()
        first = SCHEDULERS["LambdaLR"](optimizer)
        self.run_.watch(optimizer)
        step = optimizer.step
        second = lr_scheduler.ExponentialLR(optimizer, 0.9)
        self.assertEqual(optimizer.step, step, "its mark of a counted step was lost")
        self.learn(optimizer, first, 3)
        self.learn(optimizer, second, 3)
        self.assertEqual(optimizer._step_count, 6)

    def test_lr_hold_set_to_true_holds_what_is_in_force(self):
        optimizer, scheduler, watched = self.both(SCHEDULERS["LambdaLR"], "watch first")
        watched.settings["lr_scale"].apply(0.5)
        self.learn(optimizer, scheduler, 120, at={SETS_AT: [lambda: watched.settings["lr_hold"].apply(True)]})
        seen = self.column(optimizer)
        self.assertEqual(seen[SETS_AT], 0.5 * 0.1 * 0.99**SETS_AT)
        self.assertEqual(set(seen[SETS_AT:]), {seen[SETS_AT]})
        self.assertTrue(watched.settings["lr_hold"].value)


class UnderGradScaler(WatchCase):
    def enabled(self, optimizer):
        """torch's own GradScaler.step: only what a GPU would have filled in is filled in here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scaler = torch.cuda.amp.GradScaler()
        scaler._enabled = True
        scaler._scale, scaler._growth_tracker = torch.tensor(1.0), torch.tensor(0)
        scaler._per_optimizer_states = {}
        stage = torch.cuda.amp.grad_scaler.OptState

        def step(infinite):
            scaler._per_optimizer_states[id(optimizer)] = {
                "stage": stage.UNSCALED, "found_inf_per_device": {"cpu": torch.tensor(float(infinite))}}
            scaler.step(optimizer)

        return step

    def test_disabled(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scaler = torch.cuda.amp.GradScaler(enabled=False)
        optimizer = self.sgd()
        scheduler = SCHEDULERS["LambdaLR"](optimizer)
        watched = self.run_.watch(optimizer)
        self.learn(optimizer, scheduler, 40, {10: [lambda: watched.settings["lr"].apply(0.5)]},
                   lambda: scaler.step(optimizer))
        self.assertEqual(set(self.column(optimizer)[10:]), {0.5})

    def test_enabled_with_steps_that_are_skipped(self):
        seen = {}
        for watching in (False, True):
            optimizer = self.sgd()
            scheduler = SCHEDULERS["OneCycleLR"](optimizer)
            at = {}
            if watching:
                settings = self.run_.watch(optimizer).settings
                at = {10: [lambda: settings["lr"].apply(0.5)], 130: [lambda: settings["lr_hold"].apply(False)]}
            scaled, count = self.enabled(optimizer), iter(range(1000))
            self.learn(optimizer, scheduler, 200, at, lambda: scaled(next(count) % 7 == 3))
            seen[watching] = self.column(optimizer)
            self.assertEqual(len(optimizer.seen), 200 - 29)
        steps = [step for step in range(200) if step % 7 != 3]
        for step, plain, value in zip(steps, seen[False], seen[True]):
            self.assertEqual(value, 0.5 if 10 <= step < 130 else plain, step)


class Served(WatchCase):
    """A client asks for it over the run's socket, while this thread trains."""

    def setUp(self):
        super().setUp()
        self.wire = self.wired()

    def new_run(self):
        return self.core("watched", trimtab.Run)

    def train(self, optimizer, scheduler, until, requests):
        """`requests`: step at which one is sent -> what is set, at which step; steps are counted from here. The
        outcomes, in order, each with such a step."""
        run, wires, first = self.run_, [], self.run_.step + 1
        for step in range(until):
            self.assertTrue(run.control_point(first + step))
            self.learn(optimizer, scheduler, 1)
            if step in requests:
                settings, at_step = requests[step]
                wires.append(self.unix())
                self.ask(wires[-1], SET, settings=settings, at_step=first + at_step)
                self.wait_pending(first + at_step)
        outcomes = [wire.reply()["result"] for wire in wires]
        return [dict(one, step=one["step"] - first) for one in outcomes]

    def wait_pending(self, at_step):
        wait_for("the request to be posted", lambda: any(
            one["phase"] == "posted" and one["at_step"] == at_step for one in self.wire.result(STATUS)["pending"]))

    def test_what_the_outcome_names_is_what_the_step_reads_from_that_step_on(self):
        optimizer = SGD([{"params": self.parameters(), "name": "body"}, {"params": self.parameters(), "name": "head"}],
                        lr=0.1, momentum=0.9)
        scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=400)
        self.run_.watch(optimizer)
        self.run_.control_point(0)
        self.attached(self.wire, self.run_)
        outcomes = self.train(optimizer, scheduler, 300, {
            10: ({"lr/head": 0.0123, "momentum/body": 0.5}, 30),
            100: ({"lr_scale": 0.5}, 140),
            200: ({"lr_hold": False, "lr_scale": 1, "momentum_hold": False}, 220)})
        self.assertEqual([one["step"] for one in outcomes], [30, 140, 220])
        plain = SGD([{"params": self.parameters()}, {"params": self.parameters()}], lr=0.1, momentum=0.9)
        self.learn(plain, lr_scheduler.OneCycleLR(plain, max_lr=0.2, total_steps=400), 300)
        told, seen = outcomes[0]["settings"], optimizer.seen
        self.assertEqual(told["lr/head"]["effective"], 0.0123)
        for step in range(300):
            body, head = plain.seen[step]
            held, scaled = 30 <= step < 220, 140 <= step < 220
            self.assertEqual(seen[step][1]["lr"], told["lr/head"]["effective"] if held else head["lr"], step)
            self.assertEqual(seen[step][0]["lr"], (0.5 if scaled else 1) * body["lr"], step)
            momentum = told["momentum/body"]["effective"] if held else body["momentum"]
            self.assertEqual(seen[step][0]["momentum"], momentum, step)
            self.assertEqual(seen[step][1]["momentum"], head["momentum"], step)
        self.assertEqual(outcomes[0]["settings"]["lr/head"]["old"], plain.seen[30][1]["lr"])
        self.assertEqual(outcomes[1]["settings"]["lr_scale"]["effective"], 0.5)

    def test_the_curve_has_what_was_used_and_the_status_what_is_in_force(self):
        optimizer = self.sgd()
        scheduler = lr_scheduler.LambdaLR(optimizer, lambda step: 0.9**step)
        self.run_.watch(optimizer)
        self.run_.control_point(0)
        self.attached(self.wire, self.run_)
        self.train(optimizer, scheduler, 40, {5: ({"lr": 0.25}, 20)})
        self.run_.control_point(self.run_.step + 1)
        told = [one for one in self.wire.result(DESCRIBE)["settings"] if one["name"] in ("lr", "lr_hold")]
        self.assertEqual({one["name"]: one["value"] for one in told}, {"lr": 0.25, "lr_hold": True})
        self.assertEqual([(one["name"], one.get("min"), one.get("max")) for one in told if one["type"] == "double"], [("lr", 0, None)])
        self.run_.finish()
        self.assertEqual(self.end(self.server), 0)
        self.assertEqual([value for _, value in self.curve("lr")], self.column(optimizer))


if __name__ == "__main__":
    unittest.main()
