"""The C part: can it be built here, building it by script/build, and what came of it.

It is built in ROOT/build-python, which is kept: the next build, also for another Python, takes seconds."""
from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Dict, Iterator, List

from metadata import PYTHON, ROOT

BUILD = ROOT / "build-python"
OF_THE_SYSTEM = re.compile(r"(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread)\.so)")


# ---- can it be built here? ----


def check_place() -> None:
    if not (ROOT / "script" / "build").is_file():
        sys.exit(
            f"trimtab: the C sources are not beside {PYTHON}. They belong to the build: give pip the folder `python` of a whole clone."
            " A pip before 21.3 copies that folder away: upgrade it (pip install --upgrade pip), or let a newer one make a wheel"
            " for this one (pip wheel ./python)."
        )
    if not os.access(ROOT, os.W_OK):
        sys.exit(f"trimtab: {ROOT} cannot be written, and the build needs a folder there: copy the clone to where you may write")


def check_python() -> None:
    if sys.implementation.name != "cpython" or sys.version_info < (3, 9):
        sys.exit(f"trimtab: needs CPython 3.9 or newer, not {platform.python_implementation()} {platform.python_version()}")
    if not sys.platform.startswith("linux"):
        sys.exit(f"trimtab: runs on Linux only, not on {sys.platform}")


def check() -> None:
    check_python()
    check_place()


# ---- the C part ----


def interpreter() -> str:
    """Not a virtual environment's, which may be gone when the build folder is used again."""
    base: str = getattr(sys, "_base_executable", "")
    return base if base and os.access(base, os.X_OK) else sys.executable


def environment() -> Dict[str, str]:
    """Without pip's isolation, which is for this process, not for meson: that is a Python program of another Python."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One build at a time."""
    folder = os.open(PYTHON, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a network's file system may know no locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def compile_all() -> None:
    command = [str(ROOT / "script" / "build"), "--package", str(BUILD), f"-Dpython={interpreter()}"]
    if subprocess.run(command, env=environment(), stdout=sys.stderr).returncode != 0:
        sys.exit("trimtab: the C part could not be built; what is above says why")


def beside(program: Path) -> List[Path]:
    """The shared libraries that the program needs and that another machine may not have."""
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, env=environment()).stdout
    paths = re.findall(r"=> (/\S+)", said)
    return [Path(path) for path in paths if not OF_THE_SYSTEM.match(Path(path).name)]


def built() -> Dict[str, Path]:
    """What script/build made, by the names that it has in the package."""
    core = "_core" + sysconfig.get_config_var("EXT_SUFFIX")
    files = {core: BUILD / "python" / "trimtab" / core, "trimtab": BUILD / "trimtab"}
    for name, file in files.items():
        if not file.is_file():
            sys.exit(f"trimtab: {file} was not built: remove {BUILD} and try again")
    return {**files, **{library.name: library for library in beside(files["trimtab"])}}
