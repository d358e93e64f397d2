"""Programs that use the package, as processes of their own: written to a file, started, steered over the run's socket."""
import textwrap

from support import (ACT, ADVANCE, BUILD, DESCRIBE, HISTORY, PATIENCE, PAUSE, PYTHON, RESUME, SET, STATUS, STOP, SUBSCRIBE, harness,
                     wait_for)

BUILD_PYTHON = str(BUILD / "python")  # what PYTHONPATH names

__all__ = ["ACT", "ADVANCE", "BUILD_PYTHON", "DESCRIBE", "HISTORY", "PATIENCE", "PAUSE", "PYTHON", "RESUME", "SET", "STATUS", "STOP",
           "SUBSCRIBE", "ScriptCase", "wait_for"]


class ScriptCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.environment.update(PYTHONPATH=BUILD_PYTHON, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
        for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"):
            self.environment.pop(name, None)

    def script(self, text, *arguments, name="train.py", python=PYTHON, **options):
        """Starts the program `text`; what it prints is its stdout and stderr, pipes unless said otherwise."""
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        options["env"] = {"TRIMTAB_RUN": str(self.run_folder), **options.get("env", {})}
        options.setdefault("cwd", self.folder)
        options.setdefault("keep_output", True)
        return self.start(python, path, *arguments, **options)

    def end_of(self, process, status=0, patience=PATIENCE):
        """(stdout, stderr) of a program that ends with `status`."""
        out, err = (text.decode() for text in process.communicate(timeout=patience))
        self.assertEqual(process.returncode, status, err)
        return out, err

    def ran(self, text, *arguments, status=0, patience=PATIENCE, **options):
        return self.end_of(self.script(text, *arguments, **options), status, patience)

    def kept(self):
        """A wire to a server of the run's folder, once all that was told is stored."""
        self.assertTrue((self.run_folder / "journal").exists(), "the program has recorded nothing")
        self.serve()
        wire = self.connect()
        self.wait_status(wire, "the end", lambda s: s["run"]["state"] in ("finished", "lost") and s["history"]["state"] == "stored")
        return wire

    def messages(self, wire):
        """[(level, text)], oldest first."""
        wire.result(SUBSCRIBE, topics=["messages", "run"])
        wire.send({"code": 2, "id": "last"})
        told = []
        while True:
            message = wire.message()
            if message.get("id") == "last" and "result" in message:
                return told
            if message.get("event") == "message":
                told.append((message["level"], message["text"]))

    def curve(self, wire, name):
        """[(step, value)] as stored."""
        def stored():
            reply = wire.call(HISTORY, series=[name], points=4096)
            return reply["result"]["series"] if "result" in reply else None
        (series,) = wait_for(f"the curve {name}", stored)
        return [(point[0], point[2]) for point in series["points"]]

    def attached(self, process):
        """A wire to the server, once the program stands in its loop."""
        def ended():
            if process.poll() is not None:
                raise AssertionError(f"the program ended with {process.returncode}: {process.stderr.read().decode()}")
        wire = self.connect()
        def ask():
            ended()
            status = wire.result(STATUS)
            return status["trainer"]["attached"] and status["run"]["step"] is not None
        wait_for("a trainer at its loop", ask)
        return wire

    def reached(self, wire, step):
        return self.wait_status(wire, f"step {step}", lambda s: (s["run"]["step"] or 0) >= step)
