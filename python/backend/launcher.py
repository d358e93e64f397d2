#!python
"""Runs the program inside the package, whichever folder that is in."""
import os
import sys
from importlib.machinery import PathFinder

package = PathFinder.find_spec("trimtab")
if not package or not package.origin:
    sys.exit("trimtab: this Python does not find the package trimtab: install it again (pip install ./python)")
program = os.path.join(os.path.dirname(package.origin), "trimtab")
os.execv(program, ["trimtab", *sys.argv[1:]])
