#!/bin/sh
# What the two programs are made of: snug holds no library for archives, and snug-layer, which runs amid a
# stranger's files, needs none of them to start and can start no program. Arguments: the source folder, the program.
set -eu
unpack=$(dirname "$2")/snug-layer

has() { nm "$1" | grep -q " [TtWwi] $2\$"; } # PROGRAM FUNCTION

# A check that cannot fail is none: snug does start programs.
has "$2" execve || { echo "the check does not see a function" >&2; exit 1; }

bad=
! has "$2" archive_read_new || bad="$bad snug holds libarchive;"
has "$unpack" archive_read_new || bad="$bad snug-layer does not hold libarchive;"
! readelf -l "$unpack" | grep -q INTERP || bad="$bad snug-layer is not static;"
for function in execve execveat posix_spawn __spawni fork vfork clone3; do
  ! has "$unpack" $function || bad="$bad snug-layer has $function;"
done
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
