"""The package that was built, in this very process: a folder of its own for each test, a server on it where one is wanted, and
requests to it while this thread is the trainer. (Programs of their own are for scripts.py.)"""
import importlib.util
import os
import pathlib
import select
import sys
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
from harness import BUILD, PATIENCE, wait_for  # noqa: E402

sys.path.insert(0, str(BUILD / "python"))
sys.dont_write_bytecode = True
os.environ["TRIMTAB_SERVER"] = "off"  # no server comes by itself, also where a test forgets to say so
PYTHON = os.environ.get("TRIMTAB_PYTHON", sys.executable)
STATUS, DESCRIBE, SUBSCRIBE, HISTORY = 3, 4, 5, 7
PAUSE, RESUME, STOP, ADVANCE, SET, ACT = 16, 17, 18, 19, 20, 21

__all__ = ["ACT", "ADVANCE", "BUILD", "DESCRIBE", "HISTORY", "PATIENCE", "PAUSE", "PYTHON", "RESUME", "SET", "STATUS", "STOP",
           "SUBSCRIBE", "Case", "wait_for"]


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        package = importlib.util.find_spec("trimtab").submodule_search_locations[0]
        self.environment.update(PYTHONPATH=str(pathlib.Path(package).parent), PYTHONDONTWRITEBYTECODE="1")
        here = {name: self.environment[name] for name in ("XDG_STATE_HOME", "HOME", "TRIMTAB_HOME", "TRIMTAB_SERVER")}
        patch = unittest.mock.patch.dict(os.environ, here)
        patch.start()
        for name in ("TRIMTAB", "TRIMTAB_RUN", "TRIMTAB_RESUME", "TRIMTAB_TOKEN", "RANK", "LOCAL_RANK", "WORLD_SIZE"):
            os.environ.pop(name, None)
        self.addCleanup(patch.stop)
        self.lines = []

    def core(self, name="test", kind=None, **options):
        """A trimtab._core.Run (or one derived from it) in the test's folder, quiet, ended with the test."""
        import trimtab._core

        options = {"run": str(self.run_folder), "quiet": True, "no_server": True, **options}
        run = (kind or trimtab._core.Run)(name, **options)
        self.addCleanup(run.close)
        return run

    def wired(self):
        """A server on the test's folder, and a connection to it over RUN/sock."""
        self.server = self.serve()
        return self.unix()

    # ---- this thread is the trainer: it does not wait for a reply, it goes on until there is one ----

    def ask(self, wire, code, **members):
        wire.send({"code": code, **members})

    def answered(self, wire):
        """The reply, where it has come."""
        while b"\n" in wire.bytes or select.select([wire.socket], [], [], 0)[0]:
            message = wire.message()
            if message is None:
                raise AssertionError("the server closed the connection")
            if "event" not in message:
                return message
            wire.events.append(message)
        return None

    def until_answered(self, wire, step, code=None, **members):
        """Sends a request (where one is given) and calls `step` until its reply comes, which is returned."""
        if code is not None:
            self.ask(wire, code, **members)

        def turn():
            step()
            return self.answered(wire)

        return wait_for(f"the reply to {code or 'the request'}", turn)

    def steered(self, wire, run, code, **members):
        """The same with the control points of `run`, one step after another; the reply's result."""
        reply = self.until_answered(wire, lambda: run.control_point(run.step + 1), code, **members)
        if "result" not in reply:
            raise AssertionError(f"code {code} {members}: {reply}")
        return reply["result"]

    def refused(self, wire, run, code, **members):
        """The same of a request that is refused; its sentence."""
        reply = self.until_answered(wire, lambda: run.control_point(run.step + 1), code, **members)
        if "CodeError" not in reply:
            raise AssertionError(f"code {code} {members}: {reply}")
        return reply["Detail"]

    def attached(self, wire, run):
        """Goes on until the server knows what the trainer has declared."""
        def turn():
            run.control_point(run.step + 1)
            status = wire.result(STATUS)
            return status["trainer"]["attached"] and status["run"]["step"] is not None

        wait_for("the trainer", turn)

    def curve(self, name):
        """[(step, value)] of a run that has ended, once it is stored; no server is there any more then."""
        server = self.serve()
        self.wait_status(self.unix(), "all to be stored", lambda s: s["run"]["state"] == "finished" and s["history"]["state"] == "stored")
        self.assertEqual(self.end(server), 0)
        return self.points(name)
