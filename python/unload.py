"""Of a sanitizer build: what Python was started with is not for the programs that it starts, but for another Python."""
import os
import sys

os.environ.pop("LD_PRELOAD", None)
sys.executable = os.environ.get("TRIMTAB_PYTHON", sys.executable)
