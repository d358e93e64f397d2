#!/bin/sh
# one_object.sh OUTPUT LD OBJCOPY AR TRAINER_LIB LIB...
# A static library of one relocatable object: all of TRAINER_LIB and what it needs of the other libraries, with every
# hidden symbol made local, so that a user's own `buf_add` and ours never meet.
set -eu
output=$1 ld=$2 objcopy=$3 ar=$4 trainer=$5
shift 5
object=$output.d/trimtab.o
mkdir -p "$output.d"
"$ld" -r -o "$object" --whole-archive "$trainer" --no-whole-archive --start-group "$@" --end-group
"$objcopy" --localize-hidden "$object"
rm -f "$output"
"$ar" cr "$output" "$object"
rm -r "$output.d"
