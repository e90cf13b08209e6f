#!/bin/sh
# Words that the sources do not use: each has a better way here. Arguments: the source folder.
set -eu
cd "$1"
forbidden='\bgetenv\(|\bsystem\(|\bpopen\(|<iostream>|<regex>|<thread>|std::thread|\bgetpwnam|\bgetpwuid'

find_words() { grep -nE "$forbidden" "$@" || true; }

sample=$(mktemp)
trap 'rm -f "$sample"' EXIT
echo 'const char* home = getenv("HOME");' >"$sample"
[ -n "$(find_words "$sample")" ] || { echo "the check does not see a bad word" >&2; exit 1; }

# Threads work in snug-image, which raises no walls itself, and where processes are read for a picture; they are gone when that is done.
bad=$(find_words src/*.cc src/*/*.cc src/*/*.hh include/snug/*/*.hh | sed '/^src\/transport\/.*thread/d; /^src\/probe\/halves.cc:.*thread/d')
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
