#!/bin/sh
# The man pages are sound mdoc. Arguments: the source folder.
set -eu
cd "$1"
set -- man/*.[1-9]
[ -e "$1" ] || { echo "there are no man pages" >&2; exit 1; }
bad=$(mandoc -T lint -W warning "$@" 2>&1 || true)
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
