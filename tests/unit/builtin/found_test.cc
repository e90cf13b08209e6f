#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("find: types, pruning, formats and links") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir d e; echo abc >d/f; ln -s f d/l; ln -s .. e/up; find . -type f,l; find . -type q; echo $?; find . -name d -prune -o -print; find . -name f -quit -o -name d -print", at) ==
        "./d/f\n./d/l\n./e/up\nfind: 'q' is no type: f d l c b p s\n2\n.\n./e\n./e/up\n./d\n");
  CHECK(output("chmod 640 d/f; touch -d @7.5 d/f; find d -name '[fl]' -printf '%p|%f|%P|%h|%s|%m|%y|%l|%d\\n'; find d/f -printf '%T@ %TY %-4s| %6s\\t\\0' | tr '\\0' '!'; find d -printf %q; find d -printf '\\q'", at) ==
        "d/f|f|f|d|4|640|f||1\nd/l|l|l|d|1|777|l|f|1\n7.5000000000 1970 4   |      4\t!"
        "find: %q is not among the fields of -printf here: %p %f %P %h %s %m %M %u %U %g %G %y %l %d %i %n %b %k %T@ %TY\nfind: \\q is no escape of -printf here\n(2)");
  CHECK(output("find -L e -name f 2>&1; find -L d -type f; find d -samefile d/f; find d -newermt 1970-01-02 -type l; find d/f -executable; find d -name f -uid $(id -u) -exec echo is={}. ';'; find . -regex x", at) ==
        "e/up/d/f\nfind: e/up/e: a link leads back to a folder above it\nd/f\nd/l\nd/f\nd/l\nis=d/f.\nfind: '-regex' is not among the tests here; 'help find' tells those that are\n(2)");
}

TEST_CASE("df and du: what their options say") {
  CHECK(output("df -T / | head -n 1 | tr -s ' '; df -P / | head -n 1 | tr -s ' '; df -hT / | head -n 1 | tr -s ' '") ==
        "Filesystem Type 1K-blocks Used Available Use% Mounted on\nFilesystem 1024-blocks Used Available Capacity Mounted on\nFilesystem Type Size Used Available Use% Mounted on\n");
  const Folder folder;
  CHECK(output("printf 12345 >a; printf 1 >b; du -bc a b; mkdir d; du -am a", folder.path()) == "5\ta\n1\tb\n6\ttotal\n1\ta\n");
}

TEST_CASE("date, ps, id and stat: what is asked for, or refused by name") {
  CHECK(output("date -d @0 -R; date -d '2026-11-28 10:21:00.123456789' '+%N %3N %s%%N'; date -d @86400 -I; date -d @0 -Iseconds; date -d soon") ==
        "Thu, 01 Jan 1970 00:00:00 +0000\n123456789 123 1795861260%N\n1970-01-02\n1970-01-01T00:00:00+00:00\n"
        "date: 'soon' is no time such as @1790000000, 2026-11-28 or 2026-11-28 10:21:00\n(2)");
  CHECK(output("ps -l").starts_with("ps: there is no option -l here"));
  CHECK(output("t=7.$$; sh -c \"sleep $t; :\" & n=0; until ps axfo args | grep -q \"_ sleep $t\\$\" || [ $((n += 1)) = 100 ]; do sleep 0.05; done; "
               "ps axo args --forest | grep \"_ sh -c sleep $t\" | cut -d_ -f1 >a; ps -Ao args --forest | grep \"_ sleep $t\\$\" | cut -d_ -f1 >b; "
               "kill $!; [ $(wc -c <b) = $(($(wc -c <a) + 2)) ]; echo $?; ps -ax >/dev/null; echo $?", Folder().path()) == "0\n0\n");
  CHECK(output("[ $(ps -p $$ -o pid | tail -n 1) = $$ ] && echo one; ps -p 1 -o pid,pgid,sid,tty | head -n 1 | tr -s ' '; ps -C no-such-name -o pid; ps aux | head -n 1 | cut -c1-5; ps -aux >/dev/null && ps -ef >/dev/null; echo $?") ==
        "one\nPID PGID SID TTY\nPID\nPID  \n0\n");
  CHECK(output("id -u root; id root | cut -d' ' -f1,2; id nobody-of-that-name") == "0\nuid=0(root) gid=0(root)\nid: 'nobody-of-that-name' is no user here\n(1)");
  const Folder folder;
  CHECK(output("ln -s a l; stat --printf '%N\\t%s\\n' l; stat -c %B l; stat --printf '\\q' l", folder.path()) == "'l' -> 'a'\t1\n512\nstat: \\q is no escape here: \\n \\t \\0\n(2)");
}
