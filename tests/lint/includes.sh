#!/bin/sh
# Holds the rooms apart: who may include whom, as the table of the design says. Arguments: the source folder.
set -eu
cd "$1"

# Prints "FILE: includes WHAT" for each include that goes against the table.
check() { # FILE...
  awk '
    # The rooms whose public headers it may include.
    function allow(rooms, others,   n, list) {
      n = split(rooms, list, " ")
      while (n > 0) allowed[list[n--]] = " base " others " "
    }
    BEGIN {
      allow("base", "")
      allow("sys", "sys"); allow("cli", "cli"); allow("plan", "plan")
      allow("explain", "plan explain"); allow("config", "plan config")
      allow("probe", "sys plan probe")
      allow("runtime", "sys plan net runtime") # the monitor watches over the way out, which knows of no plan
      allow("image", "sys image"); allow("layer", "sys layer"); allow("net", "sys net"); allow("state", "sys state")
      allow("transport", "sys image transport") # takes images into the store and out of it
      allow("shell", "cli shell")
      allow("builtin", "sys shell builtin") # works on the kernel, and types with the line editor of the prompt
      allow("commands", "sys plan cli config probe runtime image layer net state explain shell builtin commands")
      allow("main", "cli commands")
      allow("image_commands", "sys plan cli config probe runtime image transport state commands image_commands") # what snug-image does
      allow("image_main", "commands image_commands")
      allow("layer_main", "sys layer") # snug-layer: a program of its own, with nothing else in it
    }
    FNR == 1 { # src/ROOM/X.cc, include/snug/ROOM/X.hh, src/ROOM.cc
      room = FILENAME
      if (room ~ /^src\/[a-z_]*\.cc$/) sub(/\.cc$/, "", room); else sub(/\/[^\/]*$/, "", room)
      sub(/.*\//, "", room)
    }
    function tell(what) { print FILENAME ": includes " what }
    /^#include "snug\// {
      split($0, part, "/")
      if (index(allowed[room], " " part[2] " ") == 0) tell(part[2])
    }
    /^#include "[a-z.]*\/.*"/ && !/^#include "(snug|linux)\// { tell("the private " $2) }
    /^#include <readline/ && room != "shell" { tell("readline") }
    /^#include <fmt\// && FILENAME !~ /\/base\/text\./ { tell("fmt") }' "$@"
}

# A check that cannot fail is none: a bad sample first.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/plan"
printf '#include %s\n' '"snug/runtime/launch.hh"' '<fmt/core.h>' '"../probe/parse.hh"' '<readline/readline.h>' >"$scratch/plan/sample.cc"
[ "$(check "$scratch/plan/sample.cc" | wc -l)" -eq 4 ] || { echo "the check does not see a bad include" >&2; exit 1; }

bad=$(check src/*.cc src/*/*.cc src/*/*.hh include/snug/*/*.hh)
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
