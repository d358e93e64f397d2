"""What is told about the package: its name, version, tag, and the licences of what is inside."""
from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import Dict

PYTHON = Path(__file__).resolve().parent.parent  # the folder that pip was given
ROOT = PYTHON.parent

# Debian's packages of what becomes part of the program, where their .a or .so is taken.
LIBRARIES = ("libuv1-dev", "libjansson-dev", "libsqlite3-dev", "libssl-dev", "libzstd-dev", "libprotobuf-c-dev", "libwslay-dev")


def found(pattern: str, file: Path) -> str:
    match = re.search(pattern, file.read_text(encoding="utf-8"))
    return match.group(1) if match else "none"


def version() -> str:
    """The version of meson.build, which must be that of trimtab.h too."""
    project = found(r"version: '([^']*)'", ROOT / "meson.build")
    header = found(r'#define TRIMTAB_VERSION "([^"]*)"', ROOT / "include" / "trimtab" / "trimtab.h")
    if project != header:
        sys.exit(f"trimtab: meson.build says version {project}, include/trimtab/trimtab.h {header}: make them agree")
    return project


def tag() -> str:
    """Of a wheel for this Python, e.g. cp311-cp311-linux_x86_64."""
    abi = "cp" + sysconfig.get_config_var("SOABI").split("-")[1]
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    return f"cp{sys.version_info[0]}{sys.version_info[1]}-{abi}-{platform}"


def licences() -> Dict[str, bytes]:
    """The texts, by the names that they get in the wheel."""
    files = {"LICENSE": ROOT / "LICENSE", "uPlot.LICENSE": ROOT / "web" / "node_modules" / "uplot" / "LICENSE"}
    for package in LIBRARIES:
        files[package.replace("-dev", ".copyright")] = Path("/usr/share/doc") / package / "copyright"
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def metadata() -> str:
    head = f"""\
Metadata-Version: 2.1
Name: trimtab
Version: {version()}
Summary: Steer a running deep-learning model
License: MIT
License-File: LICENSE
Classifier: Development Status :: 3 - Alpha
Classifier: Intended Audience :: Science/Research
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3
Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence
Classifier: Typing :: Typed
Requires-Python: >=3.9
Description-Content-Type: text/markdown

"""
    return head + (PYTHON / "backend" / "description.md").read_text(encoding="utf-8")


def wheel() -> str:
    return f"Wheel-Version: 1.0\nGenerator: trimtab ({version()})\nRoot-Is-Purelib: false\nTag: {tag()}\n"
