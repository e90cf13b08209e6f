#!/bin/sh
# The man pages are sound mdoc. Arguments: the source folder.
set -eu
cd "$1"
set -- man/*.[1-9]
[ -e "$1" ] || { echo "there are no man pages" >&2; exit 1; }

find_faults() { mandoc -T lint -W warning "$@" 2>&1 || true; }

# Words of what is to be typed that mdoc takes for punctuation, and a Ql that goes on around another; \& makes words of them.
find_swallowed() { grep -nE '^\.(D[1l]( .*)? [][().,:;?!]|(.* )?Ql( .*)? ([])]|Ql))( |$)' "$@" || true; }

sample=$(mktemp)
trap 'rm -f "$sample"' EXIT
printf '.Dd today\n.Dt X 1\n.Os\n.Sh NAME\n.Xx\n.Dl cp a .\n.Ql $( )\n.It Ql a , Ql b\n' >"$sample"
[ -n "$(find_faults "$sample")" ] && [ "$(find_swallowed "$sample" | wc -l)" -eq 3 ] || { echo "the check does not see a bad page" >&2; exit 1; }

bad=$(find_faults "$@" && find_swallowed "$@")
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
