"""copy_package.py FROM TO STAMP: what of the package needs no compiler, as it is now: new files are found, gone ones go."""
import pathlib
import sys

KINDS = (".py", ".pyi", ".typed")


def files(folder):
    return {p.relative_to(folder) for p in folder.rglob("*") if p.suffix in KINDS and p.is_file()}


def main(source, target, stamp):
    source, target = pathlib.Path(source), pathlib.Path(target)
    for name in files(target) - files(source):
        (target / name).unlink()
    for name in files(source):
        data = (source / name).read_bytes()
        if not (target / name).exists() or (target / name).read_bytes() != data:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
    pathlib.Path(stamp).touch()


main(*sys.argv[1:])
