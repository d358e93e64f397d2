"""What the end-to-end tests stand on: the real program, a real trainer, real sockets, a folder that is removed afterwards.

Environment: TRIMTAB_BUILD is the build folder (default: build beside the sources)."""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRIMTAB_BUILD", ROOT / "build")).resolve()
TRIMTAB = str(BUILD / "trimtab")
TOY = str(BUILD / "test" / "toy")
GPT = str(BUILD / "examples" / "gpt" / "gpt")
DUMP = str(BUILD / "test" / "dump_points")
LISTEN = ("--listen", "127.0.0.1:0")
OPEN = LISTEN + ("--auth", "none")  # anybody may connect; tells so on standard error
PATIENCE = float(os.environ.get("TRIMTAB_PATIENCE", "30"))  # seconds until a wait counts as failed


def wait_for(what, condition, patience=None):
    """Asks again until it holds; returns what it gave."""
    until = time.monotonic() + (patience or PATIENCE)
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.005)


def all_of_terminal(master):
    """What was written to a pseudo-terminal until its last writer has gone; closes it."""
    shown = b""
    while select.select([master], [], [], PATIENCE)[0]:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    return shown


class Talk:
    """A connection on which requests are made: of `send`, `message` (None at the end) and `close` the transport makes something."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def reply(self):
        """The next reply; events met on the way are kept in self.events."""
        while True:
            message = self.message()
            if message is None or "event" not in message:
                return message
            self.events.append(message)

    def call(self, code, **members):
        self.send({"code": code, **members})
        return self.reply()

    def result(self, code, **members):
        reply = self.call(code, **members)
        if reply is None or "result" not in reply:
            raise AssertionError(f"code {code} {members}: {reply}")
        return reply["result"]

    def event(self, name, where=lambda e: True):
        """The next event of that name for which `where` holds, kept ones first."""
        while True:
            message = self.events.pop(0) if self.events else self.message()
            if message is None:
                raise AssertionError(f"the connection ended while waiting for {name}")
            if message.get("event") == name and where(message):
                return message


class Wire(Talk):
    """One connection that speaks newline-delimited JSON."""

    def __init__(self, address, patience=None):
        if isinstance(address, str) and "/" in address:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(patience or PATIENCE)
            folder = os.open(os.path.dirname(address), os.O_PATH)  # the path may be longer than a socket's may be
            self.socket.connect(f"/proc/self/fd/{folder}/{os.path.basename(address)}")
            os.close(folder)
        else:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=patience or PATIENCE)
        self.bytes = b""
        self.events = []

    def close(self):
        self.socket.close()

    def send(self, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self.socket.sendall(data)

    def line(self):
        """The next line without its end; None at the end."""
        while b"\n" not in self.bytes:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.bytes += more
        line, self.bytes = self.bytes.split(b"\n", 1)
        return line

    def message(self):
        line = self.line()
        return None if line is None else json.loads(line)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trimtab-test-"))
        self.run_folder = self.folder / "run"
        self.processes = []
        self.addCleanup(self.leave_nothing)  # also where setUp itself fails
        self.environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"), HOME=str(self.folder),
                                TRIMTAB_HOME=str(self.folder / "runs"), TRIMTAB_SERVER="off")
        for name in ("TRIMTAB", "TRIMTAB_RUN", "TRIMTAB_RESUME", "TRIMTAB_TOKEN"):
            self.environment.pop(name, None)

    def leave_nothing(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        log = None
        if options.pop("keep_output", False):
            options.update(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        else:
            if "stdout" not in options:
                options["stdout"] = log = open(self.folder / "out.log", "ab")
            options.setdefault("stderr", subprocess.STDOUT)
        environment = dict(self.environment, **options.pop("env", {}))
        process = subprocess.Popen([str(c) for c in command], env=environment, **options)
        if log:
            log.close()
        self.processes.append(process)
        return process

    def log(self):
        path = self.folder / "out.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def tool(self, *arguments, **options):
        """Runs the program to its end; stdout is a pipe, hence JSON."""
        environment = dict(self.environment, **options.pop("env", {}))
        return subprocess.run([TRIMTAB, *map(str, arguments)], env=environment, capture_output=True, text=True,
                              timeout=options.pop("timeout", PATIENCE), stdin=subprocess.DEVNULL, **options)

    # ---- the parties ----

    def serve(self, *arguments, run=None, **options):
        run = run or self.run_folder
        process = self.start(TRIMTAB, "serve", "--run", run, *OPEN, *arguments, **options)
        self.wait_address(process, run)
        return process

    def wait_address(self, process, run=None):
        """The server holds the lock in its own name first, then writes the address: an older server's is gone by then."""
        def there():
            if process.poll() is not None:
                raise AssertionError(f"the server ended with {process.returncode}: {self.log()}")
            try:
                return self.serves(process, run) and self.address(run)
            except FileNotFoundError:
                return None
        return wait_for("the server's address", there)

    def serves(self, process, run=None):
        """RUN/lock names this process (or, of `trimtab run`, the same)."""
        try:
            return str(process.pid) in (run or self.run_folder).joinpath("lock").read_text().split()
        except FileNotFoundError:
            return False

    def address(self, run=None):
        return ((run or self.run_folder) / "address").read_text().strip()

    def train(self, *arguments, run=None, **options):
        options["env"] = dict(options.get("env", {}), TRIMTAB_RUN=str(run or self.run_folder))
        return self.start(TOY, *arguments, **options)

    def connect(self, run=None):
        wire = Wire(self.address(run))
        self.addCleanup(wire.close)
        return wire

    def unix(self, run=None):
        run = run or self.run_folder
        local = run / "local"
        folder = pathlib.Path(local.read_text().strip()) if local.exists() else run
        wire = Wire(str(folder / "sock"))
        self.addCleanup(wire.close)
        return wire

    def wait_status(self, wire, what, condition):
        def ask():
            status = wire.result(3)
            return status if condition(status) else None
        return wait_for(what, ask)

    def wait_attached(self, wire):
        """A trainer is there, has declared all, and is at its loop."""
        return self.wait_status(wire, "a trainer", lambda s: s["trainer"]["attached"] and s["run"]["step"] is not None)

    def end(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        return process.wait(timeout=PATIENCE)

    def kill(self, process):
        process.kill()
        process.wait()

    # ---- what is left behind ----

    def each_point(self, series="toy/value", run=None):
        """(step, value) as stored, one by one."""
        with open(self.folder / "points", "w+") as out:
            done = subprocess.run([DUMP, str(run or self.run_folder)], stdout=out, stderr=subprocess.PIPE, text=True, timeout=600)
            if done.returncode:
                raise AssertionError(done.stderr)
            out.seek(0)
            for line in out:
                name, step, _, value = line.split(" ")
                if name == series:
                    yield int(step), float(value)

    def points(self, series="toy/value", run=None):
        return list(self.each_point(series, run))

    def audit(self, wire):
        records, at = [], 1
        while at:
            page = wire.result(8, **{"from": at, "limit": 1000})
            records += page["records"]
            at = page["next"]
        return records


def truth(path):
    """(last published step, steps run) of a toy."""
    return struct.unpack("qq", pathlib.Path(path).read_bytes())
