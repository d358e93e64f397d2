"""A wheel as a zip: the same content gives the same bytes."""
from __future__ import annotations

import base64
import hashlib
import stat
import zipfile
from pathlib import Path
from typing import Dict, Tuple

Content = Dict[str, Tuple[bytes, bool]]  # name in the wheel -> bytes, may be run
NEVER = (1980, 1, 1, 0, 0, 0)  # the least that a zip can tell


def record(content: Content, name: str) -> str:
    lines = []
    for file, (data, _) in sorted(content.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{file},sha256={digest},{len(data)}\n")
    return "".join(lines) + f"{name},,\n"


def put(archive: zipfile.ZipFile, name: str, data: bytes, runs: bool) -> None:
    entry = zipfile.ZipInfo(name, NEVER)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
    archive.writestr(entry, data)


def write(path: Path, content: Content, info: str) -> None:
    """Writes the wheel; `info` is the name of its .dist-info, whose RECORD is made here and comes last."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, (data, runs) in sorted(content.items()):
            put(archive, name, data, runs)
        put(archive, f"{info}/RECORD", record(content, f"{info}/RECORD").encode(), False)
