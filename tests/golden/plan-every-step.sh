#!/bin/sh
# What 'snug run' does for the same words, without snug: by util-linux, coreutils, iproute2, uidmap, nftables and hostname(1) alone.
# Made by 'snug plan --sh'. Steps have the plan's own words and order. What no script can do is told where it would stand.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
export PATH

store='/home/me/it'\''s here'

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
set --

# --- outside ---

# 1. make the folders 'upper0', 'work0'
mkdir -m 0755 -- ./upper0
mkdir -m 0700 -- ./work0

# 2. make a cgroup in a scope of systemd's, limited to memory.max 67108864, pids.max 50
#    Not done: who is in a cgroup cannot remove it. 'systemd-run --user --scope' could run this script in one with such limits.

# 3. make a cgroup
#    Not done: without limits the cgroup is there to be paused, and who is in it cannot remove it.

# 4. join the container's cgroup
#    Not done: the script makes a container, and visits none.

# 5. enter the user namespace '/proc/7/ns/user', the net namespace '/proc/7/ns/net'
set -- nsenter --preserve-credentials --user=/proc/7/ns/user --net=/proc/7/ns/net

# 6. start a process in new namespaces: mount, pid, time
set -- "$@" unshare --mount --pid --cgroup --time --fork --kill-child --propagation=unchanged

# 7. map the ids
mkfifo pid go
{
  read -r pid <pid
  word=no
  /usr/bin/newuidmap "$pid" 0 1000 1 1 100000 65536 &&
    /usr/bin/newgidmap "$pid" 0 1000 1 1 100000 65536 && word=go
  echo "$word" >go
  rm pid
} &
mapper=$!

# 50. start the gate, which knows names
#    Not done: a process has to ask for names while the container runs.

# 51. join the network 'back' as eth1, 10.89.0.2/24
#    Not done: it takes the keeper of the networks, outside. With root: ip link add veth type veth peer eth1 netns $pid; ip link set veth master BRIDGE up;
#      inside: ip address add 10.89.0.2/24 dev eth1; ip link set eth1 up

# 52. watch for the first packet that wants out, and start pasta then
#    Not done: there is no interface for pasta.

# 53. start pasta, which carries packets out and in
#    Not done: there is no interface for pasta.

# 60. enter the container's namespaces: user
set -- nsenter --preserve-credentials --user=/proc/7/fd/4

# 61. start a process there
set -- "$@" unshare --cgroup --fork --kill-child --propagation=unchanged

cat >enter <<'END'
set -eu
# The ids are mapped from outside, by the number that this process has there.
read -r pid rest </proc/self/stat
echo "$pid" >pid
read -r word <go
[ "$word" = go ]

# --- the first process inside ---

# 8. map the ids
echo deny >/proc/self/setgroups
printf '0 1000 1
' >/proc/self/uid_map
printf '0 1000 1
' >/proc/self/gid_map

# 9. become uid 0, gid 0
exec setpriv --reuid=0 --regid=0 --keep-groups sh ./inside
END

cat >inside <<'END'
set -eu

mount() { command mount -n "$@"; }

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

# --- the first process inside ---

# 10. make the container's cgroup the root of what it sees of them
#    unshare above has made it.

# 11. stop mounts from travelling between the host and here
mount --make-rprivate /

# 12. make the interface 'eth0'
#    Not done: a monitor has to hold its outer end. The script's network has a loopback interface alone.

# 13. set the sysctls of the network
#    Not done: it is for the interface.

# 14. give the interface 'eth0' 192.0.2.7, 2001:db8::7
#    Not done: there is no such interface.

# 15. make a new tmpfs file system (read-only)
mkdir m0; m0=m0
mount -t tmpfs -o nosuid,nodev,mode=0700,noswap none m0
flags ro,nosuid,nodev m0

# 16. set the new tmpfs aside, where overlays can take it for a layer
#    All that a script mounts is attached from the start.
mkdir -m 0755 -- "$m0"/empty0

# 17. make an overlay over '/srv/a "root"', 'empty0' in the new tmpfs
ln -s -- '/srv/a "root"' l1.0
ln -s -- "$m0"/empty0 l1.1
mkdir m1; m1=m1
mount -t overlay -o lowerdir=l1.0:l1.1,userxattr,nosuid,nodev snug m1
flags ro,nosuid,nodev m1

# 18. make an overlay over 2 layers of the image 'debian:\x1b[31m12'
ln -s -- /layers/b/root l10.0
ln -s -- /layers/a/root l10.1
ln -s -- ../upper1 u10
ln -s -- ../work1 w10
mkdir m10; m10=m10
mount -t overlay -o lowerdir=l10.0:l10.1,upperdir=u10,workdir=w10,volatile,userxattr,nosuid,nodev snug m10

# 19. set the overlay of '/srv/a "root"' aside, where overlays can take it for a layer
#    All that a script mounts is attached from the start.

# 20. make an overlay over the overlay of '/srv/a "root"'
ln -s -- "$m1" l2.0
ln -s -- ../upper0 u2
ln -s -- ../work0 w2
mkdir m2; m2=m2
mount -t overlay -o lowerdir=l2.0,upperdir=u2,workdir=w2,volatile,userxattr,nodev snug m2

# 21. take '/dev/null'
is_device /dev/null 1:3
take m3 /dev/null --bind
flags nosuid,noexec m3

# 22. take '/dev/fuse'
is_device /dev/fuse
take m9 /dev/fuse --bind
flags nosuid,noexec m9

# 23. take '/srv/data' (read-only)
take m4 /srv/data --rbind
flags ro,nosuid,nodev m4 -R

# 24. take '/srv/data/x', by no link below '/srv/data'
is_no_link /srv/data/x
take m4 /srv/data/x --rbind
flags nosuid,nodev m4 -R

# 25. take 'root'
take m4 ../root --bind
flags nosuid,nodev m4

# 26. make a new devpts file system
mkdir m5; m5=m5
mount -t devpts -o nosuid,gid=5 none m5

# 27. make a new proc file system
mkdir m6; m6=m6
mount -t proc -o nosuid,nodev,noexec none m6

# 28. write our own hosts, passwd
mkdir files.d
mount -t tmpfs -o nosuid,nodev,noexec none files.d
printf %s '127.0.0.1 localhost
10.0.0.1 db
' >files.d/hosts
take m7 files.d/hosts --bind
printf %s 'root:x:0:0::/:
me:x:1:1::/:
' >files.d/passwd
take m8 files.d/passwd --bind

# 29. teach the container the terminal 'xterm-kitty'
follow /run/terminfo/x
[ -d "$place" ] || make folder "$place" || fail "cannot be made"
printf '\032\001\000\377' >"$place"/xterm-kitty

# 30. make the overlay the root file system and let go of the host's
#    Done at the end, since until then the programs of the old root are needed: what is "inside" is below $root now.
root=$PWD/$m2
own "$root"

# 31. hand the namespaces to the monitor, which keeps them
#    Not done: there is no monitor to hand them to.

# 32. bind '/dev/null' on '/dev/null'
place="$m0"/null
new_file "$place"
attach m3

# 33. bind '/srv/data' on '/data' (read-only)
find_place /data m4 must-exist || fail 'the root file system has no place for /data'
attach m4 own

# 34. bind '/dev/fuse' on '/dev/fuse'
find_place /dev/fuse m9 make || fail 'the root file system has no place for /dev/fuse'
attach m9

# 35. mount the new proc on '/proc'
find_place /proc m6 make || fail 'the root file system has no place for /proc'
attach m6 own

# 36. bind our own hosts on '/etc/hosts'
if find_place /etc/hosts m7 make; then attach m7; fi

# 37. link '/dev/fd' to '/proc/self/fd'
ln -s -- /proc/self/fd "$m0"/fd

# 38. link '/bin' to 'usr/bin'
follow /
make_link usr/bin "$place"/bin

# 39. make the folder '/w'
follow /w
if [ ! -d "$place" ]; then make folder "$place" || fail "cannot be made"; chmod 0755 "$place"; fi

# 40. make the folder '/var/lib/db' a mount of its own
follow /var/lib/db
[ -d "$place" ] || make folder "$place" || fail "cannot be made"
part_folder

# 41. set the flags of the mount '/' (read-only)
follow /
flags ro,nosuid,nodev "$place" -R

# 42. forbid user namespaces inside
echo 0 >"$m6"/sys/user/max_user_namespaces

# 43. forbid user namespaces inside
echo 0 >/proc/sys/user/max_user_namespaces

# 44. cover 2 paths where they are there, and make 1 read-only
hide "$m3" /proc/kcore
hide "$m3" /sys/firmware
protect /proc/sys

# 45. set the host name to 'box'
hostname box

# 46. bring the loopback interface up
ip link set lo up

# 47. let nothing out but to *.example.org:443, 10.0.0.0/8, [2001:db8::]:443
#    Not done: the rule *.example.org:443, which is for the addresses of a name.
nft add table inet snug
nft 'add chain inet snug output { type filter hook output priority 0; policy drop; }'
nft add rule inet snug output oif lo accept
nft add rule inet snug output ct state established,related accept
nft add rule inet snug output 'icmpv6 type 133-136 accept'
nft add rule inet snug output 'icmpv6 type 143 accept'
nft add rule inet snug output ip daddr 10.0.0.0/8 accept
nft add rule inet snug output ip6 daddr 2001:db8::/128 meta l4proto '{ tcp, udp }' th dport 443 accept
nft add rule inet snug output meta l4proto tcp reject with tcp reset
nft add rule inet snug output reject with icmpx admin-prohibited

# 48. let nothing out
nft add table inet snug
nft 'add chain inet snug output { type filter hook output priority 0; policy drop; }'
nft add rule inet snug output oif lo accept
nft add rule inet snug output ct state established,related accept
nft add rule inet snug output 'icmpv6 type 133-136 accept'
nft add rule inet snug output 'icmpv6 type 143 accept'
nft add rule inet snug output meta l4proto tcp reject with tcp reset
nft add rule inet snug output reject with icmpx admin-prohibited

# 49. make the interface 'snug0', for questions for names to 169.254.1.1, fd73:6e75:67::53
#    Not done: there is nobody who would answer.

# 54. wait until the networks are ready
#    Not done: nothing is opened.

# 55. open a terminal of the container's own
#    Not done: a terminal of the container's own needs a process outside that relays it. The command gets yours.

# 56. join a new session keyring
#    Not done: only keyctl(1) of keyutils could.

# 57. bind the first process to the monitor's life and close it to tracers
#    unshare --kill-child binds it to the life of this script.
#    Not done: no program closes a shell to tracers, prctl(PR_SET_DUMPABLE, 0).

# 58. fork the payload
#    A shell is pid 1: it waits for the command, but passes no signals on.

# 59. drop all capabilities but kill
#    Not done: a shell cannot lay down its own capabilities, and pid 1 is one.

# 62. open a terminal of the container's own
#    Not done: a terminal of the container's own needs a process outside that relays it. The command gets yours.

# 63. bind the first process to the monitor's life and close it to tracers
#    unshare --kill-child binds it to the life of this script.
#    Not done: no program closes a shell to tracers, prctl(PR_SET_DUMPABLE, 0).

# 64. close the process to tracers
#    unshare --kill-child binds it to the life of this script.
#    Not done: no program closes a shell to tracers, prctl(PR_SET_DUMPABLE, 0).

# 65. fork the payload
#    A shell is pid 1: it waits for the command, but passes no signals on.

# 66. fork the payload and leave it to pid 1
#    A shell is pid 1: it waits for the command, but passes no signals on.

last='echo ready >&4; read -r word <&6; [ "$word" = go ] || exit 125; read -r word <&6; exec 3<&- 4<&- 6<&-
cd -- "$1" || exit 125; shift; '

# --- what becomes the command: the words that start it are put together ---

# 67. become the foreground of the terminal
#    Not done: without a terminal of its own the command stays in the session of yours.
set --

# 68. set the limits core 1:1, nofile 1024:unlimited
set -- "$@" prlimit --core=1:1 --nofile=1024:unlimited

# 69. reset the signals and set the umask to 0022
umask 0022
set -- "$@" env --default-signal

# 70. drop all but 5 capabilities for ever
set -- "$@" setpriv --bounding-set=-all,+chown,+kill,+setgid,+setuid,+net_raw

# 71. become uid 5, gid 6, groups 27, 100
set -- "$@" --reuid=5 --regid=6 --groups=27,100

# 72. drop all capabilities
#    exec(2) gives root what the bounding set has, and nobody else anything.
set -- "$@" --inh-caps=-all --ambient-caps=-all

# 73. bind the process to the life of its parent
set -- "$@" --pdeathsig=KILL

# 74. close all descriptors but 0, 1 and 2
#    Done at the end for those of this script. Not done for what you left open: a shell knows descriptors up to 9.

# 75. change to the folder '/w'
folder=/w

# 76. forbid new privileges
set -- "$@" --no-new-privs

# 77. have a process outside remember the owners of files
#    Not done: it takes a process that answers while the container runs.

# 78. confine what can be opened to the root and what is open already (Landlock)
#    Not done: setpriv(1) can from util-linux 2.41 on; the older ones have no word for it.

# 79. load the filter of system calls 'default'
#    Not done: no program of these loads a filter of system calls.

# 80. run 'make'
#    Variables whose names are none to a shell are lost.
set -- "$@" env -i -- \
  PATH=/bin:/usr/bin \
  'A=b c'
set -- "$@" /bin/sh -c "${last}unset PWD OLDPWD; exec \"\$@\"" sh "$folder"
set -- "$@" make a"$(printf '\033')"'[31mb'

# 81. run '/usr/libexec/snug/snug-layer'
#    Variables whose names are none to a shell are lost.
set -- "$@" env -i --
set -- "$@" /bin/sh -c "${last}unset PWD OLDPWD; exec \"\$@\"" sh "$folder"
set -- "$@" /usr/libexec/snug/snug-layer

# 82. become snug's own shell, with the tools of '/bin/busybox'
#    Not done: snug's own shell is in no file that a script could start. A shell of the root file system stands for it.
#    Variables whose names are none to a shell are lost.
set -- "$@" env -i -- \
  PATH=/bin
set -- "$@" /bin/sh -c "${last}unset PWD OLDPWD; exec \"\$@\"" sh "$folder"
set -- "$@" /bin/sh -c '"$@"' sh ls a"$(printf '\033')"'[31mb'

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
"$@" || exit $?
END

code=0
"$@" sh ./enter || code=$?
exit $code
