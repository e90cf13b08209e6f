#!/bin/sh
# What `make install` puts somewhere, `make uninstall` takes away there and nowhere else; and as root it leaves nothing
# in the build folder that its owner could not write. Arguments: the source folder, the program.
set -eu
cd "$1"
build=$(dirname "$(dirname "$2")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

files() { (cd "$scratch" && find one two -type f 2>/dev/null | sort); }
run_make() { make --no-print-directory RELEASE="$build" STAGE="$scratch/stage" "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }

run_make install DESTDIR="$scratch/one" PREFIX=/usr
run_make install PREFIX="$scratch/two"
[ -x "$scratch/one/usr/bin/snug" ] && [ -x "$scratch/two/bin/snug" ] || { echo "not installed: $(files)" >&2; exit 1; }
for file in bash-completion/completions/snug zsh/site-functions/_snug fish/vendor_completions.d/snug.fish; do
  for share in one/usr/share two/share; do [ -s "$scratch/$share/$file" ] || { echo "not installed: $share/$file" >&2; exit 1; }; done
done
run_make uninstall DESTDIR="$scratch/one" PREFIX=/usr
case $(files) in *one/*) echo "left behind: $(files)" >&2 && exit 1 ;; esac
[ -x "$scratch/two/bin/snug" ] || { echo "uninstalled what was not named" >&2; exit 1; }
run_make uninstall PREFIX="$scratch/two"
[ -z "$(find "$scratch/one" "$scratch/two" -type d -name snug)" ] || { echo "empty folders left behind" >&2; exit 1; }
[ -z "$(files)" ] || { echo "left behind: $(files)" >&2; exit 1; }

# Sources of somebody else's: programs that say who they are stand for meson and ninja.
[ "$(id -u)" -eq 0 ] || exit 0
mkdir -p "$scratch/sources" "$scratch/bin"
cp -r Makefile .setup "$scratch/sources/"
for program in meson ninja; do
  printf '#!/bin/sh\nid -u >>%s/sources/who\n' "$scratch" >"$scratch/bin/$program"
done
chmod -R 755 "$scratch"
chown -R 65534:65534 "$scratch/sources"
PATH="$scratch/bin:$PATH" make -C "$scratch/sources" install >"$scratch/log" 2>&1 || true # nothing was built
[ "$(sort -u "$scratch/sources/who")" = 65534 ] || { echo "root builds in a folder of somebody else's" >&2; exit 1; }
