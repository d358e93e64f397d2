"""run.watch and the optimizers themselves: groups, copies, checkpoints, closures, tensors; watched twice."""
import copy
import functools
import gc
import inspect
import io
import pickle
import time
import types
import unittest
import weakref

from watching import SCHEDULERS, SGD, Adam, WatchCase

import torch
from torch.optim import lr_scheduler

import trimtab
from trimtab.watch import watch


class Groups(WatchCase):
    def several(self, names=(None, None), lrs=(0.1, 0.2)):
        groups = []
        for one, name, lr in zip(self.parameters(len(names)), names, lrs):
            groups.append({"params": [one], "lr": lr, **({"name": name} if name is not None else {})})
        return SGD(groups, lr=1.0, momentum=0.9)

    def test_names(self):
        rest = ["lr_hold", "lr_scale", "momentum_hold", "weight_decay_hold"]
        for names, wanted in [((None,), [""]), (("head",), [""]), ((None, None), ["/0", "/1"]),
                              (("body", "head"), ["/body", "/head"]), (("body", None), ["/body", "/1"]),
                              (("a", "a"), ["/a", "/1"]), (("1", None), ["/1", "/group 1"]),
                              (("a\nb", 3), ["/0", "/1"])]:
            watched = self.new_run().watch(self.several(names, (0.1, 0.2)))
            values = [key + suffix for suffix in wanted for key in ("lr", "momentum", "weight_decay")]
            self.assertEqual(sorted(watched.settings), sorted(values + rest), names)

    def test_a_name_goes_before_them(self):
        watched = self.run_.watch(self.several(("a", "b")), name="generator")
        self.assertIn("generator/lr/a", watched.settings)
        self.assertIn("generator/lr_hold", watched.settings)

    def test_only_numbers_are_settings(self):
        optimizer = Adam(self.parameters(), lr=0.1)
        optimizer.param_groups[0]["weight_decay"] = None
        self.assertEqual(list(self.run_.watch(optimizer).settings), ["lr", "lr_hold", "lr_scale"])

    def test_momentum_is_none_where_the_optimizer_would_fail_with_it(self):
        rmsprop = torch.optim.RMSprop(self.parameters(), lr=0.1)
        self.assertNotIn("momentum", self.run_.watch(rmsprop).settings)
        with_momentum = torch.optim.RMSprop(self.parameters(), lr=0.1, momentum=0.5)
        settings = self.new_run().watch(with_momentum).settings
        self.learn(with_momentum, None, 6, {2: [lambda: settings["momentum"].apply(0.0)],
                                            4: [lambda: settings["momentum"].apply(0.9)]})
        sgd = SGD(self.parameters(), lr=0.1)
        settings = self.new_run().watch(sgd).settings
        self.learn(sgd, None, 6, {3: [lambda: settings["momentum"].apply(0.9)]})
        self.assertEqual(self.column(sgd, "momentum"), [0, 0, 0, 0.9, 0.9, 0.9])

    def test_each_group_is_held_by_itself(self):
        optimizer = self.several()
        settings = self.run_.watch(optimizer).settings
        scheduler = SCHEDULERS["LambdaLR"](optimizer)
        self.learn(optimizer, scheduler, 30, {5: [lambda: settings["lr/1"].apply(0.7)],
                                              10: [lambda: settings["lr_scale"].apply(2)],
                                              20: [lambda: settings["lr_hold"].apply(False)]})
        factor = [0.99**step for step in range(30)]
        scale = [1] * 10 + [2] * 20
        self.assertEqual(self.column(optimizer), [s * (0.1 * f) for s, f in zip(scale, factor)])
        self.assertEqual(self.column(optimizer, group=1), [0.2 * f for f in factor[:5]] + [0.7] * 15 +
                         [2 * (0.2 * f) for f in factor[20:]])

    def test_a_group_that_is_added_later_is_declared_at_the_next_step(self):
        optimizer = self.sgd()
        watched = self.run_.watch(optimizer)
        self.learn(optimizer, None, 3)
        optimizer.add_param_group({"params": self.parameters(seed=2), "lr": 0.3})
        self.assertNotIn("lr/1", watched.settings)
        self.learn(optimizer, None, 1)
        self.assertEqual(watched.settings["lr/1"].value, 0.3)
        watched.settings["lr/1"].apply(0.4)
        self.learn(optimizer, None, 2)
        self.assertEqual(self.column(optimizer)[-1], 0.1)
        self.assertEqual([groups[1]["lr"] for groups in optimizer.seen[-2:]], [0.4, 0.4])

    def test_more_groups_than_a_run_has_settings_are_said_once(self):
        optimizer = SGD([{"params": [one]} for one in self.parameters(100)], lr=0.1)
        with self.heard() as said_:
            watched = self.run_.watch(optimizer)
            self.learn(optimizer, None, 3)
        self.assertEqual(said_.getvalue().count("trimtab: "), 1, said_.getvalue())
        watched.settings["lr/0"].apply(0.2)
        self.learn(optimizer, None, 1)
        watched.settings["lr_hold"].apply(False)
        self.learn(optimizer, None, 1)
        self.assertEqual(self.column(optimizer), [0.1, 0.1, 0.1, 0.2, 0.1])


class State(WatchCase):
    def test_a_checkpoint_has_the_plan_not_what_was_held_and_loading_one_keeps_the_hold(self):
        schedule = SCHEDULERS["CosineAnnealingLR"]
        optimizer = self.sgd()
        scheduler = schedule(optimizer)
        settings = self.run_.watch(optimizer).settings
        saved = {}

        def save():
            saved.update(copy.deepcopy(dict(optimizer=optimizer.state_dict(), scheduler=scheduler.state_dict())))

        def load():
            optimizer.load_state_dict(saved["optimizer"])
            scheduler.load_state_dict(saved["scheduler"])

        self.learn(optimizer, scheduler, 200, {10: [lambda: settings["lr"].apply(0.05)], 30: [save], 60: [load],
                                               160: [lambda: settings["lr_hold"].apply(False)]})
        plain = self.sgd()
        self.learn(plain, schedule(plain), 200)
        plan, seen = self.column(plain), self.column(optimizer)
        self.assertEqual(saved["optimizer"]["param_groups"][0]["lr"], plan[30])
        self.assertEqual(set(seen[10:160]), {0.05})
        self.assertEqual(seen[160:], plan[130:170])

    def test_a_copy_and_a_pickle_are_not_watched(self):
        optimizer = self.sgd()
        SCHEDULERS["LambdaLR"](optimizer)
        settings = self.run_.watch(optimizer).settings
        settings["lr"].apply(0.5)
        self.learn(optimizer, None, 1)
        for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(torch.optim.SGD(self.parameters(), lr=0.1)))):
            self.assertNotIn("step", vars(twin))
        twin = copy.deepcopy(optimizer)
        self.learn(twin, None, 1)
        self.assertEqual(self.column(twin)[-1], 0.1)

    def test_a_watched_optimizer_pickles(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        twin = pickle.loads(pickle.dumps(optimizer))
        self.assertEqual(twin.param_groups[0]["lr"], 0.1)

    def test_a_copy_that_takes_the_attribute_along_steps_itself(self):
        class Bare:
            def __init__(self):
                self.param_groups, self.steps = [{"lr": 0.1}], 0

            def step(self):
                self.steps += 1
                return self.param_groups[0]["lr"]

        optimizer = Bare()
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        twin = copy.deepcopy(optimizer)
        self.assertEqual((optimizer.step(), twin.step(), twin.step()), (0.5, 0.1, 0.1))
        self.assertEqual((optimizer.steps, twin.steps), (1, 2))

        counted = Bare()
        counted.step = functools.partial(Bare.step, counted)  # as a scheduler leaves it: bound to nobody
        self.run_.watch(counted, name="counted")
        twin = copy.deepcopy(counted)
        twin.step()
        self.assertEqual((counted.steps, twin.steps), (0, 1))


class Steps(WatchCase):
    def test_signature_and_names_are_those_of_the_optimizer(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        name, wanted = optimizer.step.__name__, inspect.signature(optimizer.step)
        self.run_.watch(optimizer)
        self.assertEqual(inspect.signature(optimizer.step), wanted)
        self.assertEqual(optimizer.step.__name__, name)
        self.assertIs(optimizer.step.__self__, optimizer)

    def test_a_closure_is_called_and_its_loss_returned(self):
        one = self.parameters()[0]
        optimizer = torch.optim.LBFGS([one], lr=0.1, max_iter=4)
        settings = self.run_.watch(optimizer).settings
        settings["lr"].apply(0.5)
        inside = []

        def closure():
            optimizer.zero_grad()
            inside.append(optimizer.param_groups[0]["lr"])
            loss = (one**2).sum()
            loss.backward()
            return loss

        first = optimizer.step(closure)
        self.assertLess(optimizer.step(closure), first)
        self.assertEqual(set(inside), {0.5})
        self.assertEqual(optimizer.param_groups[0]["lr"], 0.1)

    def test_an_exception_in_a_step_leaves_the_plan(self):
        class Failing(torch.optim.SGD):
            def step(self, closure=None):
                raise FloatingPointError("no")

        optimizer = Failing(self.parameters(), lr=0.1)
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        with self.assertRaises(FloatingPointError):
            optimizer.step()
        self.assertEqual(optimizer.param_groups[0]["lr"], 0.1)

    def test_an_optimizer_that_writes_its_own_rate_is_not_overruled(self):
        class Decaying(torch.optim.SGD):
            def step(self, closure=None):
                super().step(closure)
                self.param_groups[0]["lr"] = self.param_groups[0]["lr"] * 0.5

        optimizer = Decaying(self.parameters(), lr=0.1)
        settings = self.run_.watch(optimizer).settings
        settings["lr"].apply(0.4)
        self.learn(optimizer, None, 1)
        self.assertEqual(optimizer.param_groups[0]["lr"], 0.2)
        settings["lr_hold"].apply(False)
        self.learn(optimizer, None, 1)
        self.assertEqual(optimizer.param_groups[0]["lr"], 0.1)

    def test_a_rate_that_is_a_tensor_is_written_in_place(self):
        rate, inside = torch.tensor(0.1), []

        class Captured(Adam):
            def step(self, closure=None):
                inside.append(self.param_groups[0]["lr"])
                return super().step(closure)

        optimizer = Captured(self.parameters(), lr=rate)
        settings = self.run_.watch(optimizer).settings
        self.learn(optimizer, None, 30, {10: [lambda: settings["lr"].apply(0.25)],
                                         20: [lambda: settings["lr_hold"].apply(False)]})
        self.assertEqual(self.column(optimizer), [rate.item()] * 10 + [0.25] * 10 + [rate.item()] * 10)
        self.assertTrue(all(one is rate for one in inside), "a graph that was captured reads this tensor")

    def test_a_tensor_that_the_optimizer_itself_writes_is_not_overruled(self):
        class Decaying(torch.optim.SGD):
            def step(self, closure=None):
                self.param_groups[0]["lr"].mul_(0.5)

        optimizer = Decaying(self.parameters(), lr=0.1)
        rate = optimizer.param_groups[0]["lr"] = torch.tensor(0.125)
        settings = self.run_.watch(optimizer).settings
        settings["lr"].apply(0.5)
        optimizer.step()
        self.assertEqual(rate.item(), 0.25)

    def test_what_is_in_force_of_a_tensor_is_what_the_tensor_takes(self):
        optimizer = Adam(self.parameters(), lr=torch.tensor(0.1))
        lr = self.run_.watch(optimizer).settings["lr"]
        taken = lr.apply(0.3)
        self.learn(optimizer, None, 2)
        self.assertEqual(self.column(optimizer), [taken, taken])
        self.assertEqual(lr.value, taken)

    def test_a_tensor_with_a_gradient_is_exchanged(self):
        rate = torch.tensor(0.1, requires_grad=True)
        optimizer = Adam(self.parameters(), lr=0.1)
        optimizer.param_groups[0]["lr"] = rate
        watched = self.run_.watch(optimizer)
        watched.settings["lr_scale"].apply(2)
        self.learn(optimizer, None, 2)
        self.assertEqual(self.column(optimizer), [2 * torch.tensor(0.1).item()] * 2)
        self.assertIs(optimizer.param_groups[0]["lr"], rate)

    def test_an_int_comes_back_as_an_int(self):
        optimizer = SGD(self.parameters(), lr=0.1)
        settings = self.run_.watch(optimizer).settings
        settings["weight_decay"].apply(0.5)
        self.learn(optimizer, None, 1)
        settings["weight_decay_hold"].apply(False)
        self.learn(optimizer, None, 1)
        self.assertEqual(self.column(optimizer, "weight_decay"), [0.5, 0])
        self.assertIs(type(optimizer.param_groups[0]["weight_decay"]), int)

    def test_what_goes_wrong_in_the_wrapper_does_not_fail_the_training(self):
        optimizer = self.sgd()
        settings = self.run_.watch(optimizer).settings
        settings["lr"].apply(0.5)
        optimizer.step._trimtab_seat.watch.run = types.SimpleNamespace(closed=False)
        with self.heard() as said_:
            self.learn(optimizer, None, 3)
        self.assertEqual(said_.getvalue().count("could not be put in"), 1, said_.getvalue())
        self.assertEqual(self.column(optimizer), [0.5] * 3)
        self.assertEqual(optimizer.param_groups[0]["lr"], 0.1)
        settings["lr_hold"].apply(False)


class Twice(WatchCase):
    def test_the_same_optimizer_is_watched_once(self):
        optimizer = self.sgd()
        first = self.run_.watch(optimizer)
        step = optimizer.step
        with self.heard() as said_:
            self.assertIs(self.run_.watch(optimizer), first)
            self.assertEqual(said_.getvalue(), "")
            self.assertIs(self.run_.watch(optimizer, name="other"), first)
            self.assertIs(self.run_.watch(optimizer, name="other"), first)
        self.assertEqual(said_.getvalue().count("watched already, as `lr`"), 1)
        self.assertNotIn("other/lr", first.settings)
        self.assertEqual(optimizer.step, step)

    def test_through_a_scheduler_that_came_between(self):
        optimizer = self.sgd()
        first = self.run_.watch(optimizer)
        SCHEDULERS["LambdaLR"](optimizer)
        with self.heard():
            self.assertIs(self.run_.watch(optimizer), first)

    def test_another_run_takes_the_optimizer_over(self):
        optimizer = self.sgd()
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        self.learn(optimizer, None, 1)
        step = optimizer.step
        settings = self.new_run().watch(optimizer).settings
        self.assertEqual(optimizer.step, step)
        self.learn(optimizer, None, 1)
        settings["lr"].apply(0.7)
        self.learn(optimizer, None, 1)
        self.assertEqual(self.column(optimizer), [0.5, 0.1, 0.7])

    def test_a_new_optimizer_of_the_same_names_as_a_notebooks_cell_makes_it_takes_them(self):
        older, newer = self.sgd(), self.sgd()
        self.run_.watch(older).settings["lr"].apply(0.5)
        with self.heard() as said_:
            self.run_.watch(newer).settings["lr"].apply(0.7)
            self.learn(newer, None, 2)
            self.assertEqual(said_.getvalue(), "")
            self.learn(older, None, 2)
        self.assertEqual(self.column(newer), [0.7, 0.7])
        self.assertEqual(self.column(older), [0.1, 0.1], "nobody could release it")
        self.assertEqual(said_.getvalue().count("give"), 1, said_.getvalue())

    def test_two_optimizers_with_names(self):
        one, other = self.sgd(), self.sgd()
        self.run_.watch(one, name="generator")
        self.run_.watch(other, name="critic").settings["critic/lr"].apply(0.7)
        self.learn(one, None, 1)
        self.learn(other, None, 1)
        self.assertEqual((self.column(one), self.column(other)), ([0.1], [0.7]))

    def test_a_name_that_something_else_has(self):
        self.run_.setting("lr", "fast", choices=["fast", "slow"])
        optimizer = self.sgd()
        with self.assertRaisesRegex(ValueError, "lr.*name="):
            self.run_.watch(optimizer)
        self.assertNotIn("step", vars(optimizer))

    def test_what_is_no_optimizer(self):
        for wrong in (None, torch.nn.Linear(1, 1), self.parameters()):
            with self.assertRaisesRegex(TypeError, "watch needs an optimizer"):
                watch(self.run_, wrong)
        for name in ("", 3):
            with self.assertRaisesRegex(TypeError, "name is a text"):
                self.run_.watch(self.sgd(), name=name)


class After(WatchCase):
    """The run has ended, the optimizer goes on."""

    def test_the_step_is_the_optimizers_own_again(self):
        optimizer = self.sgd()
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        self.learn(optimizer, None, 1)
        self.run_.finish()
        self.assertNotIn("step", vars(optimizer))
        self.learn(optimizer, None, 1)
        self.assertEqual(self.column(optimizer), [0.5, 0.1], "nobody could release it")

    def test_what_was_there_before_and_after_stays(self):
        optimizer = self.sgd()
        before = optimizer.step = types.MethodType(type(optimizer).step, optimizer)
        self.run_.watch(optimizer)
        self.run_.finish()
        self.assertIs(vars(optimizer)["step"], before)
        again, last = self.new_run(), self.new_run()
        again.watch(optimizer).settings["lr"].apply(0.5)
        scheduler = lr_scheduler.ExponentialLR(optimizer, 0.9)
        after = vars(optimizer)["step"]
        again.finish()
        self.assertIs(vars(optimizer)["step"], after)
        self.learn(optimizer, scheduler, 2)
        self.assertEqual(self.column(optimizer), [0.1, 0.1 * 0.9])
        last.watch(optimizer).settings["lr"].apply(0.7)
        self.learn(optimizer, scheduler, 1)
        self.assertEqual(self.column(optimizer)[2:], [0.7])

    def test_the_optimizer_does_not_keep_the_run(self):
        for wrapped in (False, True):
            run, optimizer = trimtab.Run("gone", record=False, quiet=True), self.sgd()
            run.watch(optimizer)
            scheduler = lr_scheduler.ExponentialLR(optimizer, 0.9) if wrapped else None
            run.finish()
            gone = weakref.ref(run)
            del run
            gc.collect()
            self.assertIsNone(gone())
            self.learn(optimizer, scheduler, 1)

    def test_closed_from_within_a_control_point_it_holds_nothing_either(self):
        optimizer = self.sgd()
        self.run_.watch(optimizer).settings["lr"].apply(0.5)
        self.run_.close()
        self.learn(optimizer, None, 1)
        self.assertEqual(self.column(optimizer), [0.1])


class Copies(WatchCase):
    def holder(self):
        model = torch.nn.Linear(2, 1)
        model.optimizer, model.run = torch.optim.SGD(model.parameters(), lr=0.1), self.run_
        model.watch = self.run_.watch(model.optimizer)
        model.noise = self.run_.setting("noise", 0.25)
        return model

    def test_a_deep_copy_is_steered_alike(self):
        model = self.holder()
        copied = copy.deepcopy(model)
        self.assertIs(copied.run, self.run_)
        self.assertIs(copied.noise, model.noise)
        self.assertIs(copied.watch, model.watch)
        self.assertNotIn("step", vars(copied.optimizer))
        self.assertIs(copy.copy(model.noise), model.noise)

    def test_in_a_file_it_is_a_value_of_its_own(self):
        model = self.holder()
        model.watch.settings["lr"].apply(0.5)
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        loaded = torch.load(file)
        self.assertEqual((loaded.noise.name, loaded.noise.value), ("noise", 0.25))
        self.assertEqual((loaded.watch, loaded.run.live), (None, False))
        self.assertEqual(loaded.optimizer.param_groups[0]["lr"], 0.1)
        loaded.optimizer.step()
        loaded.noise.apply(0.5)
        self.assertEqual(model.noise.value, 0.25)


class Logged(WatchCase):
    def test_the_value_that_was_used_is_logged_under_the_settings_name(self):
        optimizer = SGD([{"params": [one]} for one in self.parameters(2)], lr=0.1)
        logged = []
        run = self.run_
        settings = run.watch(optimizer).settings
        settings["lr/1"].apply(0.5)
        watched = optimizer.step._trimtab_seat.watch
        watched.run = types.SimpleNamespace(closed=False, log=lambda name, value: logged.append((name, value)))
        self.learn(optimizer, None, 1)
        self.assertEqual(logged, [("lr/0", 0.1), ("lr/1", 0.5)])

    def test_not_where_log_is_false(self):
        optimizer = self.sgd()
        self.run_.watch(optimizer, log=False)
        watched = optimizer.step._trimtab_seat.watch
        watched.run = types.SimpleNamespace(closed=False)
        with self.heard() as said_:
            self.learn(optimizer, None, 1)
        self.assertEqual(said_.getvalue(), "")


class Cost(WatchCase):
    def test_a_wrapper_with_nothing_in_force_costs_next_to_nothing(self):
        class Bare:
            def __init__(self):
                self.param_groups = [{"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0}]

            def step(self):
                pass

        plain, watched = Bare(), Bare()
        self.run_.watch(watched)

        def cost(step, count=20000):
            best = float("inf")
            for _ in range(5):
                start = time.perf_counter()
                for _ in range(count):
                    step()
                best = min(best, time.perf_counter() - start)
            return best / count

        self.assertLess(cost(watched.step) - cost(plain.step), 20e-6)  # one or two in an idle process


if __name__ == "__main__":
    unittest.main()
