"""The processes of a benchmark, each in folders of its own; none outlives the benchmark, nor does any file."""
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test" / "e2e"))
from harness import Wire, wait_for  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TRIMTAB_BUILD", ROOT / "build-bench")).resolve()
TRIMTAB = BUILD / "trimtab"
GPT = BUILD / "examples" / "gpt" / "gpt"
HERE = pathlib.Path(__file__).resolve().parent
PYTHON = os.environ.get("TRIMTAB_PYTHON", "/usr/bin/python3")  # the one that the package was built for
COST, SPIN, LATENCY, SLOWDOWN = (BUILD / "bench" / name for name in ("cost", "spin", "latency", "slowdown"))
PATIENCE = 120  # seconds for whatever should come soon
LONG = 900      # seconds for any one program; also those that run until they are stopped end by then

ALL_TOPICS = ["scalars", "run", "settings", "outcomes", "messages", "declarations"]
STATUS, SUBSCRIBE, PAUSE = 3, 5, 16


class Failed(Exception):
    """Something did not run as it should; without a figure."""


def cpu_seconds(process):
    """CPU time of a living process, all its threads, user and kernel, in nanoseconds' resolution: the clock that
    clock_getcpuclockid(3) names."""
    return time.clock_gettime((~process.pid << 3) | 2)


class Party:
    """A process that talks over its standard input and output."""

    def __init__(self, command, environment, log):
        self.command = [str(word) for word in command]
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(self.command, env=environment, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        self.pid = self.process.pid

    def line(self):
        """The next line, the last one before go() or rest(): what is read ahead here is not theirs."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Failed(f"{self.command[0]} said nothing")
        return line.strip()

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def rest(self):
        """What else it prints, split into lines and words; it must end well."""
        out, _ = self.process.communicate(timeout=LONG)
        if self.process.returncode != 0:
            raise Failed(f"{' '.join(self.command)} ended with {self.process.returncode}")
        return [line.split() for line in out.splitlines()]

    def end(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()


class Stage:
    """One run's folder, and who plays in it."""

    def __init__(self, within):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=within))
        self.run = self.folder / "run"
        self.parties, self.wires = [], []
        self.environment = dict(os.environ, TRIMTAB_RUN=str(self.run), XDG_STATE_HOME=str(self.folder / "state"),
                                HOME=str(self.folder), TRIMTAB_SERVER="off")
        for name in ("TRIMTAB", "TRIMTAB_RESUME"):
            self.environment.pop(name, None)
        self.log = self.folder / "log"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for wire in self.wires:
            wire.close()
        for party in reversed(self.parties):
            party.end()
        if kind and issubclass(kind, Exception) and self.log.exists():
            sys.stderr.write(self.log.read_text(errors="replace"))
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *command, **environment):
        party = Party(command, dict(self.environment, **environment), self.log)
        self.parties.append(party)
        return party

    def serve(self):
        """Returns once it listens."""
        server = self.start(TRIMTAB, "serve", "--run", self.run, "--listen", "127.0.0.1:0", "--auth", "none", "--json")
        server.address = json.loads(server.line())["address"]
        return server

    def connect(self, server):
        wire = Wire(server.address, LONG)
        self.wires.append(wire)
        return wire

    def wait_attached(self, wire):
        """The server knows the trainer and what it declared."""
        wait_for("the trainer", lambda: wire.result(STATUS)["trainer"]["attached"], PATIENCE)
