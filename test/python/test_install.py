"""`pip install ./python` from a clone, without an index: what it installs works by itself, with each Python that is here.

The C part is built once, in a copy of the tree. TRIMTAB_QUICK: only for the system's Python."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
OTHERS = [f"python3.{minor}" for minor in range(9, 15)]

TRAIN = """\
import trimtab
run = trimtab.init("smoke", total_steps=100)
for step in run.steps(100):
    run.log({"loss": 1 / (step + 1)})
"""
ASK = """\
import os, sys, sysconfig, venv, ensurepip
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")), "without headers"
print(sys.version_info[1], getattr(sys, "_base_executable", sys.executable))
"""


def clean(**more):
    """An environment in which nothing points at this tree, at another Python, or at somebody's runs."""
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("TRIMTAB", "PYTHON", "PIP_", "VIRTUAL_ENV"))}
    return {**mine, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **more}


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"in vain waited for: {what}")


def places(command):
    """Where a Python of that name may be: on PATH; where what is on PATH is pyenv's stand-in, also among its versions."""
    path = shutil.which(command)
    shim = path and pathlib.Path(path).parent.name == "shims"
    return [path] * bool(path) + (sorted(map(str, pathlib.Path(path).parents[1].glob(f"versions/*/bin/{command}"))) if shim else [])


def ask(command):
    """(minor version, path) of a Python that can build and install the package; None where it cannot, said why."""
    why = "not on PATH"
    for path in places(command):
        said = subprocess.run([path, "-c", ASK], env=clean(), capture_output=True, text=True)
        if said.returncode == 0:
            minor, path = said.stdout.split(maxsplit=1)
            return int(minor), path.strip()
        why = said.stderr.strip().rpartition("\n")[2]
    print(f"test_install: goes without {command}: {why}", file=sys.stderr)
    return None


def copy_of_the_tree(target):
    """What a clone would hold if all were committed, and what npm has fetched already."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    if (ROOT / "web" / "node_modules").is_dir():
        shutil.copytree(ROOT / "web" / "node_modules", target / "web" / "node_modules", symlinks=True)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="trimtab-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.clone = cls.folder / "clone"
        copy_of_the_tree(cls.clone)

    def run_(self, *command, cwd=None, env=None):
        done = subprocess.run([str(word) for word in command], cwd=cwd or self.clone, env=env or clean(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{command}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def venv(self, python):
        venv = self.folder / ("venv" + python.replace("/", "-"))
        if not venv.exists():
            self.run_(python, "-m", "venv", venv)
        return venv

    def pip(self, venv, *words):
        return self.run_(venv / "bin" / "python", "-m", "pip", *words)

    def end_server(self, run):
        lock = run / "lock"
        for pid in [int(word) for word in lock.read_text().split() if word.isdigit()] if lock.exists() else []:
            if alive(pid) and os.readlink(f"/proc/{pid}/exe").endswith("/trimtab"):
                os.kill(pid, signal.SIGTERM)
                until("the server's end", lambda: not alive(pid))

    def served_by(self, run):
        """The server of `run`, once it is there."""
        until("the server", lambda: (run / "address").exists())
        pid, = [int(word) for word in (run / "lock").read_text().split() if word.isdigit() and alive(int(word))]
        return pid

    def check_works(self, venv, package):
        """In an empty folder, with nothing on PATH: a run is recorded, its server is the one of the package."""
        work = pathlib.Path(tempfile.mkdtemp(prefix="work-", dir=self.folder))
        (work / "nothing").mkdir()
        env = {"PATH": str(work / "nothing"), "HOME": str(work), "XDG_STATE_HOME": str(work / "state")}
        (work / "train.py").write_text(TRAIN)
        self.run_(venv / "bin" / "python", "train.py", cwd=work, env=env)
        run, = (work / "trimtab-runs" / "smoke").iterdir()
        self.addCleanup(self.end_server, run)
        server = self.served_by(run)
        self.assertEqual(pathlib.Path(os.readlink(f"/proc/{server}/exe")), package / "trimtab")
        trimtab = venv / "bin" / "trimtab"
        count = (trimtab, "sql", run, "select count(*) as points from scalars where series = 'loss'")
        until("all points", lambda: "100" in self.run_(*count, cwd=work, env=env))
        self.assertIn('"state":"finished"', self.run_(trimtab, "status", "--run", run, cwd=work, env=env))
        self.assertIn('"name":"smoke"', self.run_(trimtab, "ls", cwd=work, env=env))
        self.run_(trimtab, "shutdown", "--run", run, cwd=work, env=env)
        until("the server's end", lambda: not alive(server))

    def package(self, venv):
        return next(venv.glob("lib/python3*/site-packages")).resolve() / "trimtab"

    def check_gone(self, venv):
        self.pip(venv, "uninstall", "-y", "trimtab")
        self.assertEqual([str(path) for path in venv.rglob("*trimtab*")], [])

    def test_system_python(self):
        venv = self.venv(SYSTEM)
        self.pip(venv, "install", "--no-index", "./python")
        self.check_works(venv, self.package(venv))
        self.check_gone(venv)

    @unittest.skipIf("TRIMTAB_QUICK" in os.environ, "quick")
    def test_other_pythons(self):
        system = ask(SYSTEM)
        for python in filter(None, map(ask, OTHERS)):
            if python[0] == system[0]:
                continue
            with self.subTest(python=f"3.{python[0]}"):
                venv = self.venv(python[1])
                self.pip(venv, "install", "--no-index", "./python")
                self.check_works(venv, self.package(venv))

    def test_editable(self):
        venv = self.venv(SYSTEM)
        self.pip(venv, "install", "--no-index", "-e", "./python")
        self.check_works(venv, self.clone.resolve() / "python" / "trimtab")
        self.check_gone(venv)

    def test_wheel(self):
        venv = self.venv(SYSTEM)
        wheels = []
        for name in ("one", "two"):
            self.pip(venv, "wheel", "--no-index", "-w", name, "./python")
            wheels += (self.clone / name).iterdir()
        self.assertEqual(wheels[0].read_bytes(), wheels[1].read_bytes())
        with zipfile.ZipFile(wheels[0]) as wheel:
            modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in wheel.infolist()}
            self.assertNotIn(b"/" + str(self.folder).encode().strip(b"/"), wheel.read("trimtab/trimtab"))
        self.assertEqual(modes["trimtab/trimtab"], 0o755)
        self.assertEqual(modes["trimtab/py.typed"], 0o644)
        licences = {name.rpartition("/")[2] for name in modes if "/licenses/" in name}
        self.assertLessEqual({"LICENSE", "uPlot.LICENSE"}, licences)

    def test_the_folder_alone_is_refused(self):
        venv = self.venv(SYSTEM)
        shutil.copytree(self.clone / "python", self.folder / "alone")
        done = subprocess.run([venv / "bin" / "pip", "install", "--no-index", self.folder / "alone"], env=clean(), capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("give pip the folder `python` of a whole clone", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
