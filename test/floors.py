#!/usr/bin/env python3
"""#include points down only: each room may include the rooms listed for it, and no others (ARCHITECTURE.md, the floors)."""
import pathlib
import re
import sys

ROOMS = {
    "base": {"base"},
    "channel": {"channel", "base"},
    "protocol": {"protocol", "base"},
    "trainer": {"trainer", "channel", "base", "trimtab"},
    "model": {"model", "protocol", "channel", "base"},
    "wire": {"wire", "model", "protocol", "channel", "base"},
    "store": {"store", "model", "protocol", "channel", "base"},
    "net": {"net", "protocol", "base"},
    "assets": {"assets", "base"},
    "access": {"access", "model", "protocol", "channel", "base"},
    "commands": {"commands", "model", "protocol", "base"},
    "server": {"server", "commands", "net", "assets", "store", "access", "wire", "model", "protocol", "channel", "base", "trimtab"},
    "client": {"client", "protocol", "base", "trimtab"},
    "exchange": {"exchange", "base"},
    "cli": {"cli", "client", "exchange", "server", "channel", "store", "wire", "access", "model", "protocol", "base", "trimtab"},
}
FORBIDDEN = {  # what a room must not know, whatever floor it comes from
    "jansson.h": {"wire", "store", "client", "cli"},
    "sqlite3.h": {"store"},
    "uv.h": {"net", "server"},
    "wslay/wslay.h": {"wire"},
    "event.pb-c.h": {"exchange"},
    "stdatomic.h": {"base", "channel", "trainer"},
}


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


def faults(source):
    for path in sorted(source.rglob("*.[ch]")):
        room = path.relative_to(source).parts[0]
        if room not in ROOMS:
            if path.parent != source:
                yield f"{path}: room {room} has no floor in test/floors.py"
            continue
        for name in includes(path):
            head = name.split("/")[0]
            if "/" in name and head in set(ROOMS) | {"trimtab"} and head not in ROOMS[room]:
                yield f"{path}: {room}/ may not include {name}"
            if name in FORBIDDEN and room not in FORBIDDEN[name]:
                yield f"{path}: {room}/ may not include <{name}>"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(faults(root / "src"))
    for fault in found:
        print(fault)
    count = len(list((root / "src").rglob("*.[ch]")))
    print(f"{count} files, {len(found)} includes that point up")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
