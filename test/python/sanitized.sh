#!/bin/sh
# Python with the sanitizer's runtime; what of Python's own is not freed at the end is no matter of ours.
LD_PRELOAD=@RUNTIME@ ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc exec @PYTHON@ "$@"
