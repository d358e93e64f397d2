"""`import trimtab as wandb`: a script that somebody wrote for wandb, with that one line changed, watched and steered."""
import unittest

from scripts import ADVANCE, PAUSE, RESUME, STOP, ScriptCase, wait_for

# As people write them: nothing here knows trimtab but the first line.
TRAINING = """
    import trimtab as wandb
    import argparse, math, sys, time

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=1_000_000)
    args = parser.parse_args()

    wandb.login()
    wandb.init(project="digits", name="first", config=args, tags=["baseline"], notes="a try", entity="me", dir=".",
               save_code=True, settings=wandb.Settings(start_method="thread"))
    config = wandb.config
    wandb.define_metric("val/*", summary="max")
    ended = "by itself"
    try:
        for epoch in range(config.epochs):
            loss = math.exp(-epoch * config.lr / 1000)
            wandb.log({"epoch": epoch, "train": {"loss": loss, "accuracy": 1 - loss}}, commit=False)
            wandb.log({"val/loss": loss * 1.1, "samples": [wandb.Image([[1]], caption="x")]})
            print(epoch, flush=True)
            time.sleep(0.002)
    except Exception as error:
        print("caught", error, flush=True)
    finally:
        print("finally", wandb.run.step, flush=True)
        wandb.summary["best"] = 1.0
"""


class SteeredScript(ScriptCase):
    def lines(self, process):
        """The last line that the script has printed, as it is now."""
        return (self.folder / "printed").read_text().split()

    def printed(self):
        text = (self.folder / "printed").read_text()
        return [int(line) for line in text.split("\n")[:-1] if line.isdigit()]

    def training(self, *arguments):
        with open(self.folder / "printed", "wb") as out, open(self.folder / "said", "wb") as err:
            return self.script(TRAINING, *arguments, keep_output=False, stdout=out, stderr=err)

    def test_is_paused_advanced_and_stopped_as_it_is(self):
        self.serve()
        process = self.training()
        wire = self.connect()
        self.wait_attached(wire)
        self.reached(wire, 20)

        paused = wire.result(PAUSE)
        self.assertEqual(paused["outcome"], "applied")
        step = paused["step"]
        wait_for("all that was printed", lambda: len(self.printed()) >= step - 1)
        before = self.printed()
        for _ in range(20):
            self.assertEqual(wire.result(3)["run"]["step"], step)
        self.assertEqual(self.printed(), before)

        advanced = wire.result(ADVANCE, steps=3)
        self.assertEqual(advanced["pause_step"], step + 3)
        self.wait_status(wire, "the pause after it", lambda s: s["run"]["state"] == "paused" and s["run"]["step"] == step + 3)
        self.assertEqual(len(self.printed()), len(before) + 3)

        self.assertEqual(wire.result(RESUME)["outcome"], "applied")
        self.reached(wire, step + 10)
        stopped = wire.result(STOP)
        self.assertEqual(process.wait(30), 0, (self.folder / "said").read_text())
        lines = (self.folder / "printed").read_text().split("\n")
        self.assertEqual(lines[-2], f"finally {stopped['step']}")
        self.assertEqual(len(self.printed()), stopped["step"] - 1)  # the log that was the control point did not come back
        self.assertNotIn("caught", " ".join(lines))
        self.wait_status(wire, "its end", lambda s: s["run"]["state"] == "finished")

        config = wire.result(3)["trainer"]["config"]
        self.assertEqual(config["lr"], 0.1)
        self.assertEqual(config["tags"], ["baseline"])
        self.assertEqual(config["notes"], "a try")
        self.assertEqual(config["project"], "digits")
        self.assertEqual(config["summary"], {"best": 1.0})
        said = (self.folder / "said").read_text()
        self.assertEqual(said.count("Image is not recorded"), 1, said)
        self.assertNotIn("samples", said)
        self.assertNotIn("Traceback", said)

    def test_runs_to_its_end_and_its_curves_are_whole(self):
        process = self.training("--epochs", "50")
        self.assertEqual(process.wait(30), 0, (self.folder / "said").read_text())
        self.assertEqual(self.printed(), list(range(50)))
        wire = self.kept()
        self.assertEqual([step for step, _ in self.curve(wire, "train/loss")], list(range(50)))
        self.assertEqual(self.curve(wire, "epoch"), [(n, n) for n in range(50)])
        self.assertEqual([step for step, _ in self.curve(wire, "val/loss")], list(range(50)))
        self.assertEqual(wire.result(3)["run"]["step"], 50)


class Accepted(ScriptCase):
    def test_before_init_each_use_says_what_to_do(self):
        out, _ = self.ran("""
            import trimtab as wandb
            assert wandb.run is None
            for use in (lambda: wandb.log({"a": 1}), lambda: wandb.config.lr, lambda: wandb.config["lr"],
                        lambda: wandb.config.update({}), lambda: wandb.summary.update({}), lambda: wandb.alert("x"),
                        lambda: wandb.define_metric("x"), lambda: wandb.watch(None), lambda: wandb.save("x")):
                try:
                    use()
                except wandb.Error as error:
                    print(error)
            wandb.finish()
            """)
        self.assertEqual(out.splitlines(), ["call trimtab.init() first"] * 9)

    def test_what_is_not_recorded_is_accepted_and_said_once(self):
        _, err = self.ran("""
            import trimtab as wandb
            with wandb.init(project="p", no_server=True, mode="offline") as run:
                assert wandb.run is run
                for _ in range(3):
                    table = wandb.Table(columns=["a"], data=[[1]])
                    table.add_data(2)
                    artifact = wandb.Artifact("model", type="model", metadata={"a": 1})
                    artifact.add_file("nowhere")
                    with artifact.new_file("x", mode="wb") as file:
                        file.write(b"1")
                    run.log_artifact(artifact, aliases=["best"]).wait()
                    wandb.log({"t": table, "h": wandb.Histogram([1]), "v": wandb.Video(None, fps=4), "x": [wandb.Audio(1)],
                               "p": wandb.plot.confusion_matrix(probs=None), "html": wandb.Html("x"), "n": None,
                               "text": "abc", "good": 1})
                    wandb.watch(object(), log="all", log_freq=10)
                    wandb.save("*.pt")
                    run.log_code(".")
                    wandb.define_metric("x", step_metric="epoch")
                for use in (lambda: run.use_artifact("a:latest"), lambda: wandb.restore("model.h5")):
                    try:
                        use()
                    except wandb.Error as error:
                        pass
                    else:
                        raise AssertionError("used")
                for absent in ("sweep", "Api", "nonsense"):
                    assert not hasattr(wandb, absent)
            """)
        for what in ("Table is", "Artifact", "artifacts are not kept", "Histogram is", "Video is", "Audio is", "Html is", "text is not",
                     "watch takes an optimizer", "save:", "log_code:", "define_metric:"):
            self.assertLessEqual(err.count(what), 1, err)
        for what in ("Table is", "Histogram is", "text is not recorded", "n is not recorded", "watch takes"):
            self.assertIn(what, err)
        self.assertNotIn("Traceback", err)
        self.assertEqual(self.curve(self.kept(), "good"), [(0, 1), (1, 1), (2, 1)])

    def test_facts_of_the_run(self):
        self.ran("""
            import os, trimtab as wandb
            run = wandb.init(project="p", name="n", group="g", job_type="train", id="abc", tags="one", config={"lr": 1},
                             config_exclude_keys=["secret"], no_server=True, quiet=True)
            assert (run.name, run.project, run.id, run.group, run.job_type) == ("n", "p", "abc", "g", "train")
            assert run.tags == ("one",) and run.notes is None and run.entity == "" and run.path == "p/abc"
            run.tags += ("two",)
            run.notes = "better"
            run.name = "renamed"
            assert run.tags == ("one", "two") and run.notes == "better" and wandb.run.name == "renamed"
            assert os.path.isdir(run.dir) and run.dir.startswith(os.environ["TRIMTAB_RUN"])
            assert run.url is None and not run.disabled and not run.resumed and run.step == 0
            wandb.config.update({"lr": 2, "depth": 3}, allow_val_change=True)
            wandb.config.batch = 4
            wandb.config["epochs"] = 5
            wandb.config.setdefaults({"lr": 9, "seed": 1})
            assert dict(wandb.config)["lr"] == 2 and wandb.config.seed == 1 and wandb.config.get("none", 7) == 7
            wandb.log({"loss": 0.5})
            assert wandb.summary["loss"] == 0.5 and run.summary.loss == 0.5
            run.summary["loss"] = 0.25
            assert wandb.summary["loss"] == 0.25
            run.finish()
            assert wandb.run is None
            again = wandb.init(mode="disabled")
            assert again.disabled and again.folder is None
            wandb.log({"loss": 1})
            assert again.step == 1
            """)
        config = self.kept().result(3)["trainer"]["config"]
        expected = {"lr": 2, "depth": 3, "batch": 4, "epochs": 5, "seed": 1, "group": "g", "job_type": "train", "id": "abc",
                    "tags": ["one", "two"], "notes": "better", "name": "renamed", "project": "p", "summary": {"loss": 0.25}}
        self.assertEqual({name: config.get(name) for name in expected}, expected)

    def test_alerts_are_messages(self):
        self.ran("""
            import datetime, trimtab as wandb
            wandb.init(no_server=True, quiet=True)
            wandb.alert("low", "accuracy is low", level=wandb.AlertLevel.WARN, wait_duration=datetime.timedelta(hours=1))
            wandb.alert(title="low", text="again", wait_duration=3600)
            wandb.alert("bad", level="ERROR")
            wandb.alert("all well", "really", level=wandb.AlertLevel.INFO)
            """)
        self.assertEqual(self.messages(self.kept()), [
            ("warning", "low: accuracy is low"), ("error", "bad"), ("info", "all well: really")])

    def test_steps_that_the_script_counts(self):
        self.ran("""
            import trimtab as wandb
            run = wandb.init(no_server=True, quiet=True)
            for epoch in range(3):
                wandb.log({"loss": epoch}, step=epoch * 10)
                wandb.log({"accuracy": epoch}, epoch * 10)
                assert run.step == epoch * 10, run.step
            wandb.log({"loss": 9}, step=5)
            assert run.step == 20
            wandb.log({"loss": 3}, step=30, commit=True)
            assert run.step == 31
            wandb.log({"loss": 4}, step="many")
            """)
        wire = self.kept()
        self.assertEqual(self.curve(wire, "loss"), [(0, 0), (10, 1), (20, 2), (5, 9), (30, 3), (31, 4)])
        self.assertEqual(self.curve(wire, "accuracy"), [(0, 0), (10, 1), (20, 2)])


if __name__ == "__main__":
    unittest.main()
