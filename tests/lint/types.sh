#!/bin/sh
# Two types of one room do not share a name: the linker would take the functions of the one for those of the other, and
# no compiler sees both. Arguments: the source folder.
set -eu
cd "$1"

find_twins() { grep -hoE '^(struct|class) [A-Z][A-Za-z]+( final)?( :| \{)' "$@" 2>/dev/null | cut -d' ' -f2 | sort | uniq -d; }

sample=$(mktemp)
trap 'rm -f "$sample"' EXIT
printf 'struct Twin {\n};\nclass Twin final : Other {\n};\nstruct Twin;\n' >"$sample"
[ "$(find_twins "$sample")" = Twin ] || { echo "the check does not see a bad pair" >&2; exit 1; }

bad=$(for room in src/*/; do
  room=$(basename "$room")
  find_twins src/"$room"/*.hh include/snug/"$room"/*.hh | sed "s/^/$room: /"
done)
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
