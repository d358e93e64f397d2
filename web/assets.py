#!/usr/bin/env python3
"""Turns the page's files into a C table.

assets.py OUTPUT NAME... FILE...      writes OUTPUT: each FILE is served as /NAME; the same files give the same bytes
assets.py --check FOLDER NAME...      is every file of the page in FOLDER, and every file that one of them names, a NAME?"""
import hashlib
import pathlib
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
}
A_LINE = 40


def array(number, data):
    yield f"static const unsigned char bytes_{number}[] = {{\n"
    for at in range(0, len(data), A_LINE):
        yield ",".join(map(str, data[at:at + A_LINE])) + ",\n"
    yield "};\n"


def row(number, name, data):
    etag = hashlib.sha256(data).hexdigest()
    return f'    {{"/{name}", "{TYPES[pathlib.Path(name).suffix]}", "\\"{etag}\\"", bytes_{number}, {len(data)}}},\n'


def table(names, files):
    rows = []
    yield '/* Made by web/assets.py. */\n#include "assets/table.h"\n\n'
    for number, (name, file) in enumerate(sorted(zip(names, files))):
        data = pathlib.Path(file).read_bytes()
        if not data:
            raise SystemExit(f"{file} is empty: nothing to serve as /{name}")
        yield from array(number, data)
        rows.append(row(number, name, data))
    yield "\nconst struct asset asset_table[] = {\n" + "".join(rows) + "};\n"
    yield f"const size_t asset_table_size = {len(rows)};\n"


def named(text):
    return re.findall(r"""(?:\b(?:href|src)="|\b(?:from|import)\s*\(?\s*["']\./)([^"'#:]+)["']""", text)


def check(folder, names):
    found = sorted(path for path in pathlib.Path(folder).iterdir() if path.suffix in TYPES)
    faults = [f"web/{path.name} is not part of the page: add it to the list in web/meson.build"
              for path in found if path.name not in names]
    faults += [f"web/{path.name} names {name}, which is not part of the page"
               for path in found for name in named(path.read_text()) if name not in names]
    print("\n".join(faults + [f"{len(found)} files of the page, {len(faults)} faults"]))
    return 1 if faults or not found else 0


def main(words):
    if words[0] == "--check":
        return check(words[1], words[2:])
    names, files = words[1:1 + len(words) // 2], words[1 + len(words) // 2:]
    pathlib.Path(words[0]).write_text("".join(table(names, files)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
