"""The build backend (PEP 517 and 660) behind `pip install ./python`: script/build makes the C part, this makes a wheel of it.

It needs nothing but Python's standard library."""
from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import metadata
import wheel_file
from compiled import BUILD, alone, built, check, compile_all
from metadata import PYTHON

SOURCE = PYTHON / "trimtab"
KINDS = (".py", ".pyi", ".typed")


class UnsupportedOperation(Exception):
    """PEP 517: this backend does not do that."""


# ---- the wheel ----


def sources() -> Dict[str, Path]:
    return {str(file.relative_to(SOURCE)): file for file in SOURCE.rglob("*") if file.suffix in KINDS and file.is_file()}


def information() -> wheel_file.Content:
    info = f"trimtab-{metadata.version()}.dist-info"
    texts = {f"{info}/METADATA": metadata.metadata().encode(), f"{info}/WHEEL": metadata.wheel().encode()}
    texts.update({f"{info}/licenses/{name}": text for name, text in metadata.licences().items()})
    return {name: (text, False) for name, text in texts.items()}


def finish(folder: str, content: wheel_file.Content) -> str:
    version = metadata.version()
    name = f"trimtab-{version}-{metadata.tag()}.whl"
    launcher = (PYTHON / "backend" / "launcher.py").read_bytes()
    content = {**content, **information(), f"trimtab-{version}.data/scripts/trimtab": (launcher, True)}
    wheel_file.write(Path(folder) / name, content, f"trimtab-{version}.dist-info")
    return name


def lay_into_sources() -> None:
    """For an editable installation: the compiled files beside the .py, which are then used where they are."""
    for name, file in built().items():
        shutil.copy2(file, SOURCE / f"{name}.new")
        os.replace(SOURCE / f"{name}.new", SOURCE / name)  # a server may be running from the old one
    link = BUILD / "editable" / "trimtab"
    link.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(SOURCE)


# ---- what pip calls ----

Settings = Optional[Mapping[str, Any]]


def get_requires_for_build_wheel(config_settings: Settings = None) -> List[str]:
    check()
    return []


get_requires_for_build_editable = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    check()
    for name, (data, _) in information().items():
        file = Path(metadata_directory) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return f"trimtab-{metadata.version()}.dist-info"


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: Optional[str] = None) -> str:
    check()
    with alone():
        compile_all()
        files = {**sources(), **built()}
        content = {f"trimtab/{name}": (file.read_bytes(), name == "trimtab") for name, file in files.items()}
    return finish(wheel_directory, content)


def build_editable(wheel_directory: str, config_settings: Settings = None, metadata_directory: Optional[str] = None) -> str:
    check()
    with alone():
        compile_all()
        lay_into_sources()
    return finish(wheel_directory, {"trimtab.pth": (f"{BUILD / 'editable'}\n".encode(), False)})


def get_requires_for_build_sdist(config_settings: Settings = None) -> List[str]:
    return []


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    raise UnsupportedOperation("trimtab has no source archive: the C sources are beside this folder. Use a clone, or a wheel (pip wheel ./python)")
