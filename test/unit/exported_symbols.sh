#!/bin/sh
# exported_symbols.sh LIST LIBRARY...
# What each library (libtrimtab.so, libtrimtab.a) lets its users see is exactly what the list says.
set -eu
list=$1
shift
status=0
for library in "$@"; do
    case $library in
    *.a) nm=$(nm -g --defined-only "$library") ;;
    *) nm=$(nm -D --defined-only "$library") ;;
    esac
    if ! printf '%s\n' "$nm" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort | diff -u "$list" -; then
        echo "$library does not export what $list says" >&2
        status=1
    fi
done
exit $status
