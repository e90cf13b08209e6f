// The plan as a script. Three shells do it, a file each: the one that was called, outside; `enter`, in the new namespaces, up to the
// step that takes an id; and `inside`, which does the rest with that id. Mounts that the plan holds by descriptor are attached in
// a tmpfs of the script's own, each under the name of its slot, until their place inside is there.
//
// Programs of the host are needed to the end, and so the pivot comes last. By then two others wait: the command's last
// shell, which has laid all rights down and whose root the pivot changes with everybody else's; and a helper with another root, a copy
// of the host's, which does the pivot, unmounts the old root, and is gone before the command starts.

#include "script.hh"

#include <sched.h>

#include <optional>

#include "snug/base/text.hh"
#include "snug/explain/plan.hh"

namespace snug::explain {
namespace {

using namespace plan;

constexpr std::string_view head = R"sh(#!/bin/sh
# What 'snug run' does for the same words, without snug: by util-linux, coreutils, iproute2, uidmap{} and hostname(1) alone.
# Made by 'snug plan --sh'. Steps have the plan's own words and order. What no script can do is told where it would stand.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
export PATH
)sh";

// The overlay's work folder is closed to its owner, and sub-ids may own what was written.
constexpr std::string_view folder_lines = R"sh(
# The container's folder, and its end. Who maps the ids waits there for whom to map, as long as "pid" is there: for ever, where nothing
# was started. What sub-ids own goes away in a map that has them.
(umask 077; mkdir -p -- "$store")
box=$(mktemp -d -- "$store/script-XXXXXX")
trap '[ ! -p "$box/pid" ] || { kill -KILL "${mapper-}" && wait "$mapper"; } 2>/dev/null || :
cd /
rm -rf -- "$box" 2>/dev/null || unshare --user --map-root-user rm -rf -- "$box" 2>/dev/null || unshare --user --map-root-user --map-auto rm -rf -- "$box"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$box"
cd -- "$box"
mkdir stage
)sh";

constexpr std::string_view functions = R"sh(
own=' ' # the numbers of mounts in which places may be made: the container's own

fail() { # REASON
  echo "script: $1" >&2
  exit 125
}

number() { # of the mount that descriptor 9 is open on
  while read -r key value; do [ "$key" != mnt_id: ] || echo "$value"; done </proc/self/fdinfo/9
}
own() { own="$own$(number 9<"$1") "; }
is_own() { case $own in *" $(number 9<"$1") "*) ;; *) return 1 ;; esac; }

is_device() { # PATH [MAJOR:MINOR, hexadecimal]
  [ -c "$1" ] || { [ -z "${2-}" ] && [ -b "$1" ]; } || fail "$1 is no such device"
  [ -z "${2-}" ] || [ "$(stat -L -c %t:%T -- "$1")" = "$2" ] || fail "$1 is another device"
}

is_no_link() { # PATH
  [ "$(readlink -f -- "$1")" = "$1" ] || fail "there is a link on the way to $1"
}

# Attaches a copy of a folder, with what is mounted below it (--rbind), or of a file.
take() { # MOUNT SOURCE --bind|--rbind
  if [ -d "$2" ]; then mkdir "$1"; else : >"$1"; fi
  mount "$3" "$2" "$1"
  eval "$1=\$1"
}

# Adds flags to those that a mount has, and (-R) to those of the mounts below it.
flags() { # FLAGS MOUNT [-R]
  list=$(findmnt -rn -o TARGET,VFS-OPTIONS ${3-} -M "$2") && [ -n "$list" ] || fail "there is no mount at $2"
  printf '%s\n' "$list" | while read -r target options; do
    case $target in *\\*) target=$(env printf %b "$target") ;; esac
    mount -o "remount,bind,$options,$1" none "$target"
  done
}

# Finds a path below the root, whatever links lie there: sets `place`.
follow() { # PATH
  rest=$1 place=$root hops=0
  while [ -n "$rest" ]; do
    name=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    case $name in
      '' | .) ;;
      ..)
        [ -d "$place" ] || make folder "$place" || return 1
        [ "$place" = "$root" ] || place=${place%/*}
        ;;
      *)
        if [ -L "$place/$name" ]; then
          hops=$((hops + 1))
          [ $hops -le 40 ] || fail "too many links: $1"
          link=$(readlink -n -- "$place/$name" && echo .)
          link=${link%.}
          case $link in /*) place=$root ;; esac
          rest=$link/$rest
        else
          place=$place/$name
        fi
        ;;
    esac
  done
}

new_file() { true 2>/dev/null >"$1"; } # not ':', whose failure would end the shell

# Makes a folder or a file, and the folders above it, in file systems of the container's own.
make() { # folder|file PLACE
  [ -d "${2%/*}" ] || make folder "${2%/*}" || return 1
  is_own "${2%/*}" || return 1
  if [ "$1" = folder ]; then mkdir "$2"; else new_file "$2"; fi
}

make_link() { # LINK PLACE
  [ -d "${2%/*}" ] || make folder "${2%/*}" || fail "cannot make ${2%/*}"
  [ -L "$2" ] || [ -e "$2" ] || { is_own "${2%/*}" && ln -s -- "$1" "$2"; } || fail "cannot make $2"
}

find_place() { # PATH MOUNT must-exist|make
  follow "$1"
  [ ! -e "$place" ] || return 0
  [ "$3" = make ] || return 1
  eval "[ -d \"\$$2\" ]" && make folder "$place" || make file "$place"
}

# Moves a mount to `place`.
attach() { # MOUNT [own]
  [ "$place" != "$root" ] || fail "the place is the root itself"
  eval "mount --move \"\$$1\" \"\$place\" && $1=\$place"
  [ -z "${2-}" ] || own "$place"
}

part_folder() {
  [ "$place" != "$root" ] || fail "the place is the root itself"
  ! mountpoint -q "$place" || return 0
  was_own=
  ! is_own "$place" || was_own=yes
  mount --bind "$place" "$place"
  [ -z "$was_own" ] || own "$place"
}

# Covers what is there: a file by the null device, a folder by an empty one.
hide() { # NULL PATH
  follow "$2"
  if [ ! -d "$place" ]; then
    [ ! -e "$place" ] || mount --bind "$1" "$place"
  elif [ -n "${empty-}" ]; then
    mount --bind "$empty" "$place"
  else
    mount -t tmpfs -o nosuid,nodev,noexec,mode=0555,size=4096 none "$place"
    flags ro "$place"
    empty=$place
  fi
}
protect() { # PATH
  follow "$1"
  [ -e "$place" ] || return 0
  mount --rbind "$place" "$place" # with what is mounted below, from which it may not be parted
  flags ro "$place" -R
}

cd stage
mount -t tmpfs -o mode=0755,nosuid,nodev none .
cd . # into what is mounted there now
cd "$PWD"
)sh";

constexpr std::string_view mount_as_root = "\nmount() { command mount -n \"$@\"; }\n";
constexpr std::string_view mount_as_other = R"sh(
# mount(8) refuses work to whoever is not root and could become it: it is called without that right.
mount() { setpriv --ambient-caps=-setuid mount -n "$@"; }
)sh";

constexpr std::string_view wait_for_maps = R"sh(
# The ids are mapped from outside, by the number that this process has there.
read -r pid rest </proc/self/stat
echo "$pid" >pid
read -r word <go
[ "$word" = go ]
)sh";

// Descriptor 3 is the old root: by name nobody reaches it once it is no longer "/".
constexpr std::string_view pivot = R"sh(
# The pivot. The helper's root is a copy of the old one, which the pivot leaves to it.
mkfifo ready gone
exec 3</ 4<>ready 5<>gone 6<gone
mkdir tools
mount --rbind / tools
chroot tools sh -c '
  read -r word <&4
  word=no
  nsenter --mount=/proc/self/ns/mnt sh -c "cd \"\$1\" && pivot_root . ." sh "$1" &&
    setpriv --ambient-caps=-setuid umount -n --no-canonicalize --lazy /proc/self/fd/3 && word=go
  echo "$word" >&5' sh "$root" 6<&- &
exec 3<&- 5>&- # the helper has its own; nobody inside is to find the old root here
)sh";

// The second read ends when the helper has.
constexpr std::string_view last_shell = R"sh(
last='echo ready >&4; read -r word <&6; [ "$word" = go ] || exit 125; read -r word <&6; exec 3<&- 4<&- 6<&-
cd -- "$1" || exit 125; shift; '
)sh";

std::string heading_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "outside";
    case Actor::init: return "the first process inside";
    case Actor::payload: return "what becomes the command: the words that start it are put together";
    case Actor::errand: return "a process that works on files";
  }
  return {};
}

class Script {
 public:
  explicit Script(const Plan& plan) : plan_(plan) {}

  std::string render(std::string_view store) {
    const bool by_helpers = has_map_helpers();
    std::string text = format(head, plan_.find<RestrictEgress>() ? ", nftables" : "");
    text += format("\nstore={}\n{}{}set --\n", script_word(store), folder_lines, plan_.null_input ? "exec </dev/null # standard input is a terminal that the container must not have\n" : "");
    text += steps(Actor::monitor, 0, plan_.steps.size());
    const std::size_t start = first_inside();
    text += file("enter", format("set -eu{}{}", by_helpers ? wait_for_maps : "\n", steps(Actor::init, 0, start)));
    text += file("inside", format("set -eu\n{}{}{}{}{}{}{}", is_root() ? mount_as_root : mount_as_other, functions, steps(Actor::init, start, plan_.steps.size()), last_shell,
                                  steps(Actor::payload, 0, plan_.steps.size()), pivot, plan_.init ? "\"$@\" || exit $?\n" : "exec \"$@\"\n"));
    return text + "\ncode=0\n\"$@\" sh ./enter || code=$?\nexit $code\n";
  }

 private:
  [[nodiscard]] bool has_map_helpers() const {
    const auto* write = plan_.find<WriteIdMaps>();
    return write && !write->newuidmap.empty();
  }

  // Whether the first process is root while it builds.
  [[nodiscard]] bool is_root() const {
    const auto* become = plan_.find<BecomeUser>();
    return become && become->uid.value == 0;
  }

  // The step behind the one that takes an id.
  [[nodiscard]] std::size_t first_inside() const {
    for (std::size_t at = 0; at < plan_.steps.size(); ++at)
      if (plan_.steps[at].actor == Actor::init && std::holds_alternative<BecomeUser>(plan_.steps[at].action)) return at + 1;
    return 0;
  }

  [[nodiscard]] std::string steps(Actor actor, std::size_t from, std::size_t to) const {
    std::string text = format("\n# --- {} ---\n", heading_of(actor));
    for (std::size_t at = from; at < to; ++at)
      if (plan_.steps[at].actor == actor) text += step(at);
    return text;
  }

  [[nodiscard]] std::string step(std::size_t number) const {
    const Step& step = plan_.steps[number];
    const ScriptStep script = script_of(plan_, step);
    std::string text = format("\n# {}. {}\n", number + 1, describe(plan_, step));
    for (const std::string& lack : script.lacks) text += format("#    {}\n", lack);
    for (const std::string& line : script.lines)
      if (!line.empty()) text += line + "\n";
    return text;
  }

  // A document that is no line of what it ends.
  static std::string file(std::string_view name, const std::string& text) {
    std::string end = "END";
    while (("\n" + text).find("\n" + end + "\n") != std::string::npos) end += "_END";
    return format("\ncat >{} <<'{}'\n{}{}\n", name, end, text, end);
  }

  const Plan& plan_;
};

}  // namespace

std::string render_script(const Plan& plan, std::string_view store) { return Script(plan).render(store); }

}  // namespace snug::explain
