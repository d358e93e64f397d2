"""The callbacks for other people's loops, called by stand-ins in the order that the frameworks document. The frameworks
themselves are not here: what these tests cannot show is that the frameworks do so."""
import importlib
import sys
import types
import unittest
import unittest.mock

from frameworks import Callback, KerasCallback, LightningTrainer, Logger, Model, Trainer, TrainerCallback
from support import ACT, DESCRIBE, SET, STATUS, STOP, Case, wait_for

import trimtab
from trimtab import said


class IntegrationCase(Case):
    framework = ""

    def setUp(self):
        super().setUp()
        said._said.clear()
        self.modules = unittest.mock.patch.dict(sys.modules)
        self.modules.start()
        self.addCleanup(self.modules.stop)
        for name in [one for one in sys.modules if one.startswith("trimtab.integrations.")]:
            del sys.modules[name]

    def module(self, name, **members):
        """A stand-in that can be imported."""
        module = types.ModuleType(name)
        module.__path__ = []
        vars(module).update(members)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)

    def integration(self):
        return importlib.import_module(f"trimtab.integrations.{self.framework}")

    def served(self):
        """The run to be steered, with a server, and a callback that looks for a reply at each step."""
        self.wire = self.wired()
        self.run_ = self.core("test", trimtab.Run)
        self.replies = []

    def steering(self, **requests):
        """To be called at each step: once the server knows the trainer it asks for each request (code, members) in
        turn, the next one when the one before is answered, and then goes on."""
        todo = list(requests.values())

        def look():
            if self.asked == len(self.replies):
                if todo and (self.replies or self.wire.result(STATUS)["trainer"]["attached"]):
                    code, members = todo.pop(0)
                    self.ask(self.wire, code, **members)
                    self.asked += 1
            else:
                reply = self.answered(self.wire)
                if reply is not None:
                    self.replies.append(reply)

        self.asked = 0
        return look

    def told(self, name):
        """The curve of the run, which ends with this."""
        if not self.run_.closed:
            self.run_.finish()
            self.assertEqual(self.end(self.server), 0)
        return self.curve(name)


class Transformers(IntegrationCase):
    framework = "transformers"

    def setUp(self):
        super().setUp()
        self.module("transformers", TrainerCallback=TrainerCallback)

    def trainer(self, look=None, max_steps=10**6, **options):
        callback = self.integration().TrimtabCallback(self.run_, **options)
        watcher = TrainerCallback()
        watcher.on_step_end = lambda *_, **__: look and look()
        return Trainer(self.folder / "out", [callback, watcher], max_steps)

    def test_settings_stop_and_checkpoints(self):
        self.served()
        look = self.steering(set=(SET, {"settings": {"lr": 0.5}}), save=(ACT, {"action": "checkpoint"}),
                             stop=(STOP, {}))
        trainer = self.trainer(look)
        trainer.train()
        self.replies += [self.wire.reply() for _ in range(3 - len(self.replies))]
        changed, saved, stopped = (one["result"] for one in self.replies)
        step = changed["step"]
        self.assertEqual(changed["settings"]["lr"]["effective"], 0.5)
        self.assertEqual(set(trainer.optimizer.seen[:step]), {0.1})
        self.assertEqual(set(trainer.optimizer.seen[step:]), {0.5})
        self.assertEqual(trainer.state.global_step, stopped["step"], "no further step after the stop")
        self.assertEqual(len(trainer.optimizer.seen), stopped["step"])
        status = self.wait_status(self.wire, "the checkpoint", lambda s: s["checkpoints"])
        checkpoint = status["checkpoints"][0]
        self.assertEqual((checkpoint["id"], checkpoint["bytes"]), (f"checkpoint-{saved['step']}", 1000))
        self.assertEqual(status["run"]["total"], 10**6)
        self.assertEqual(status["trainer"]["config"]["seed"], 42)
        self.assertEqual(self.told("train/loss")[:3], [(1, 1.0), (2, 0.5), (3, 1 / 3)])

    def test_what_is_logged_of_an_evaluation_is_there_once(self):
        self.served()
        self.trainer(max_steps=25).train()
        self.assertEqual(self.told("eval/loss"), [(10, 0.5), (20, 0.5), (25, 0.5)])
        self.assertEqual(len(self.points("train/epoch")), 25)

    def test_a_second_training_begins_anew(self):
        self.served()
        trainer = self.trainer(max_steps=5)
        trainer.train()
        trainer.state.global_step = 0
        trainer.train()
        self.assertEqual(len(trainer.optimizer.seen), 10)

    def test_an_action_of_the_programs_own_stays(self):
        self.served()
        calls = []

        @self.run_.action
        def checkpoint(id: str = "x"):
            calls.append(id)

        look = self.steering(save=(ACT, {"action": "checkpoint", "params": {"id": "mine"}}), stop=(STOP, {}))
        self.trainer(look).train()
        self.assertEqual(calls, ["mine"])

    def test_without_a_run_one_is_begun_with_the_options(self):
        self.run_ = None
        trainer = self.trainer(max_steps=3, name="tuned", quiet=True, no_server=True)
        self.addCleanup(trimtab.finish)
        trainer.train()
        self.assertEqual((trimtab.run.name, trimtab.run.step), ("tuned", 3))
        self.assertFalse(trimtab.run.closed)


class Lightning(IntegrationCase):
    framework = "lightning"

    def install(self, package="lightning.pytorch"):
        parent = package.rpartition(".")[0]
        if parent:
            self.module(parent)
        self.module(package, Callback=Callback)
        self.module(package + ".loggers", Logger=Logger)

    def fit(self, look, **options):
        callback = self.integration().TrimtabCallback(self.run_)
        watcher = Callback()
        watcher.on_train_batch_end = lambda *_: look and look()
        trainer = LightningTrainer([callback, watcher], **options)
        trainer.fit()
        return trainer

    def test_settings_and_stop(self):
        self.install()
        self.served()
        look = self.steering(set=(SET, {"settings": {"lr": 0.5}}), stop=(STOP, {}))
        trainer = self.fit(look, steps=10**6)
        self.replies += [self.wire.reply() for _ in range(2 - len(self.replies))]
        changed, stopped = (one["result"] for one in self.replies)
        seen = trainer.optimizers[0].seen
        self.assertEqual(set(seen[:changed["step"]]), {0.1})
        self.assertEqual(set(seen[changed["step"]:]), {0.5})
        self.assertEqual(len(seen), stopped["step"])
        self.assertEqual(self.wire.result(STATUS)["run"]["total"], 10**6)

    def test_several_optimizers_and_accumulation(self):
        self.install()
        self.served()
        trainer = self.fit(None, steps=7, optimizers=2, accumulate=3)
        self.assertEqual([len(one.seen) for one in trainer.optimizers], [7, 7])
        self.assertEqual(self.run_.step, 7)
        names = wait_for("the settings", lambda: [one["name"] for one in self.wire.result(DESCRIBE)["settings"]][1:])
        self.assertEqual(names, [f"optimizer{i}/{name}" for i in (0, 1) for name in ("lr", "lr_hold", "lr_scale")])

    def test_logger(self):
        self.install()
        self.served()
        logger = self.integration().TrimtabLogger(self.run_)
        self.assertEqual((logger.name, logger.version), ("test", "run"))
        logger.log_hyperparams(types.SimpleNamespace(width=64), {"score": 0.5})
        self.fit(None, logger=logger, steps=4)
        path = self.folder / "last.ckpt"
        path.write_bytes(b"12345")
        callback = types.SimpleNamespace(last_model_path=str(path), best_model_path="")
        for _ in range(2):
            logger.after_save_checkpoint(callback)
        logger.save()
        logger.finalize("success")
        status = self.wait_status(self.wire, "the checkpoint", lambda s: s["checkpoints"])
        self.assertEqual([(one["id"], one["bytes"]) for one in status["checkpoints"]], [("last.ckpt", 5)])
        self.assertEqual(status["trainer"]["config"]["width"], 64)
        self.assertEqual(self.told("train_loss"), [(step, 0.5) for step in range(4)])

    def test_the_older_package(self):
        self.install("pytorch_lightning")
        self.served()
        self.assertEqual(len(self.fit(None, steps=3).optimizers[0].seen), 3)

    def test_how_many_steps_is_not_known(self):
        self.install()
        self.served()
        trainer = LightningTrainer([], steps=float("inf"))
        callback = self.integration().TrimtabCallback(self.run_)
        callback.on_train_start(trainer, None)
        self.assertEqual(self.run_.total_steps, 0)


class Keras(IntegrationCase):
    framework = "keras"

    def setUp(self):
        super().setUp()
        self.module("keras")
        self.module("keras.callbacks", Callback=KerasCallback)
        self.served()

    def fit(self, model, look=None, **options):
        watcher = KerasCallback()
        watcher.on_train_batch_end = lambda *_: look and look()
        model.fit([self.integration().TrimtabCallback(self.run_), watcher], **options)

    def test_settings_and_stop(self):
        model = Model()
        look = self.steering(set=(SET, {"settings": {"lr": 0.3}}), stop=(STOP, {}))
        self.fit(model, look, epochs=10**6, steps=7)
        self.replies += [self.wire.reply() for _ in range(2 - len(self.replies))]
        changed, stopped = (one["result"] for one in self.replies)
        effective = changed["settings"]["lr"]["effective"]
        self.assertAlmostEqual(effective, 0.3, places=6)
        self.assertEqual(set(model.seen[changed["step"]:]), {effective})
        self.assertNotIn(effective, model.seen[:changed["step"]])
        self.assertEqual(len(model.seen), stopped["step"])
        self.assertEqual(self.wire.result(STATUS)["run"]["total"], 7 * 10**6)

    def test_a_schedule_cannot_be_set(self):
        look = self.steering(set=(SET, {"settings": {"lr": 0.3}}), stop=(STOP, {}))
        self.fit(Model(schedule=True), look, epochs=10**6)
        self.assertIn("LearningRateSchedule", self.replies[0]["Detail"])

    def test_logs(self):
        self.fit(Model(), epochs=2, steps=6, at_once=2)
        self.assertEqual(self.run_.step, 12)
        self.assertEqual(self.told("train/loss"), [(1, 1.0), (3, 1 / 3), (5, 1 / 5), (7, 1.0), (9, 1 / 3), (11, 1 / 5)])
        self.assertEqual(self.points("val/loss"), [(5, 0.25), (11, 0.25)])
        self.assertEqual(self.points("epoch/loss"), [(5, 0.5), (11, 0.5)])


ABSENT = ("transformers", "lightning", "pytorch_lightning", "keras", "tf_keras", "tensorflow")


class Absent(IntegrationCase):
    def test_a_framework_that_is_not_there_is_named(self):
        for name, wanted in [("transformers", "transformers"), ("lightning", "lightning.pytorch"), ("keras", "keras")]:
            with self.subTest(name), unittest.mock.patch.dict(sys.modules, {
                    one: None for one in ABSENT}):
                with self.assertRaisesRegex(ImportError, f"needs {wanted}.*pip install"):
                    importlib.import_module(f"trimtab.integrations.{name}")

    def test_each_says_that_it_is_experimental(self):
        self.module("transformers", TrainerCallback=TrainerCallback)
        self.module("lightning")
        self.module("lightning.pytorch", Callback=Callback)
        self.module("lightning.pytorch.loggers", Logger=Logger)
        self.module("keras")
        self.module("keras.callbacks", Callback=KerasCallback)
        for name in ("transformers", "lightning", "keras"):
            self.assertIn("EXPERIMENTAL", importlib.import_module(f"trimtab.integrations.{name}").__doc__)
        self.assertIn("EXPERIMENTAL", trimtab.integrations.__doc__)


if __name__ == "__main__":
    unittest.main()
