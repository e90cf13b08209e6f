#!/bin/sh
# Holds the rooms apart: who may include whom, as the table of the design says. Arguments: the source folder.
set -eu
cd "$1"

allowed() { # ROOM: the rooms whose public headers it may include
  case $1 in
    base) echo base ;;
    sys | cli | plan) echo "base $1" ;;
    explain | config) echo "base plan $1" ;;
    probe) echo "base sys plan $1" ;;
    runtime) echo "base sys plan net $1" ;; # the monitor watches over the container's way out, which knows of no plan
    image | layer | net | state) echo "base sys $1" ;;
    transport) echo "base sys image transport" ;; # takes images into the store and out of it
    shell) echo "base cli shell" ;;
    builtin) echo "base sys shell builtin" ;; # snug's own shell: it works on the kernel, and types with the prompt's line editor
    commands) echo "base sys plan cli config probe runtime image layer net state explain shell builtin commands" ;;
    main) echo "base cli commands" ;;
    image_commands) echo "base sys plan cli config probe runtime image transport state commands image_commands" ;; # what snug-image does
    image_main) echo "base commands image_commands" ;;
    layer_main) echo "base sys layer" ;; # snug-layer: a program of its own, with nothing else in it
  esac
}

# Prints "FILE: includes ROOM" for each include that goes against the table.
check() { # ROOM FILE
  sed -n 's/^#include "snug\/\([a-z_]*\)\/.*/\1/p' "$2" | sort -u | while read -r other; do
    [ "$other" = base ] || case " $(allowed "$1") " in *" $other "*) ;; *) echo "$2: includes $other" ;; esac
  done
  sed -n "s|^#include \"\([a-z.]*/.*\)\".*|\1|p" "$2" | grep -v '^snug/\|^linux/' | sed "s|^|$2: includes the private |" || true
  case $1 in shell) ;; *) sed -n "s/^#include <readline.*/$(echo "$2" | sed 's/\//\\\//g'): includes readline/p" "$2" ;; esac
  case $2 in */base/text.*) ;; *) sed -n "s/^#include <fmt\/.*/$(echo "$2" | sed 's/\//\\\//g'): includes fmt/p" "$2" ;; esac
}

# A check that cannot fail is none: a bad sample first.
sample=$(mktemp)
trap 'rm -f "$sample"' EXIT
printf '#include %s\n' '"snug/runtime/launch.hh"' '<fmt/core.h>' '"../probe/parse.hh"' '<readline/readline.h>' >"$sample"
[ "$(check plan "$sample" | wc -l)" -eq 4 ] || { echo "the check does not see a bad include" >&2; exit 1; }

bad=$(for file in src/*.cc src/*/*.cc src/*/*.hh include/snug/*/*.hh; do
  [ ! -e "$file" ] || check "$(echo "$file" | sed 's/.*\(src\|snug\)\/\([a-z_]*\)\/[^/]*$/\2/; s/^src\/\(.*\)\.cc$/\1/')" "$file"
done)
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
