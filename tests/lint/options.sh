#!/bin/sh
# Holds the man pages and the option table against each other. Arguments: the source folder, the program.
set -eu
cd "$1"

in_page() { sed -n 's/^\.It.* \(Fl \)*-\([a-z][a-z-]*\).*/\2/p; s/^\.It.*, -\([a-z][a-z-]*\).*/\1/p' "$1" | sort -u; }

own_options() { "$2" help "$1" | sed -n 's/^ *\(-[a-zA-Z], \)\{0,1\}--\([a-z][a-z-]*\).*/\2/p' | sort -u; }

bad=
for page in $("$2" help --dump | cut -f1 | sort -u); do
  case $page in completion | help | version) continue ;; esac # snug(1) has them
  documented=$(in_page "man/snug-$page.1")
  for option in $(own_options $page "$2"); do
    case $page in plan | create) false ;; esac || ! own_options run "$2" | grep -qx "$option" || continue
    [ "$option" != help ] || continue
    echo "$documented" | grep -qx -- "$option" || bad="$bad snug-$page.1 lacks --$option;"
  done
  for option in $documented; do
    own_options $page "$2" | grep -qx -- "$option" || bad="$bad snug-$page.1 has --$option, which is no option;"
  done
done
[ -z "$bad" ] || { echo "$bad" >&2; exit 1; }
