#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("chown and chgrp: links themselves, and the group of a login") {
  const Folder folder;
  const std::string& at = folder.path();
  // Root changes the owner; others are told that they may not. Nobody is left in the belief that it was done.
  for (const char* how : {"chown -h 12345", "chgrp -h 12345", "chown -R 12345"}) {
    CAPTURE(how);
    const std::string told = output(std::string("rm -f l; ln -s nowhere l; ") + how + " l; stat -c '%u %g' l", at);
    CHECK((told.find("chown: l: Operation not permitted\n") == 0 || told.find("chgrp: l: Operation not permitted\n") == 0 || told.starts_with("12345 ") || told.ends_with(" 12345\n")));
  }
  CHECK(output("touch f; chown $(id -u): f; echo $?; chown 54321: f", at) == "0\nchown: '54321:': /etc/passwd gives this user no group\n(1)");
  CHECK(output("touch f; chmod 640 f; chmod -v o=g f; chmod -v g+w f; chmod -c g+w f; chmod -v g+w f; chmod g=u,o= f; stat -c %a f; chmod -v q f", at) ==
        "mode of 'f' changed from 0640 (rw-r-----) to 0644 (rw-r--r--)\nmode of 'f' changed from 0644 (rw-r--r--) to 0664 (rw-rw-r--)\n"
        "mode of 'f' retained as 0664 (rw-rw-r--)\n660\nchmod: 'q' is no mode\n(2)");
}

TEST_CASE("cp: hard links stay such, and links are followed as GNU cp does") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir a; echo x >a/f; ln a/f a/g; ln -s f a/s; cp -a a b; stat -c '%h' b/f; [ b/f -ef b/g ] && echo one; cp -a a/f a/g c 2>&1; mkdir c; cp -a a/f a/g c; stat -c %h c/g; cp -r a d; stat -c %h d/f", at) ==
        "2\none\ncp: 'c' is no folder\n2\n1\n");
  CHECK(output("ln -s a l; cp -R l x; readlink x; cp -rL l y; ls y; readlink y/s; cp -rH l z; readlink z/s; cp l/s n; cp -P l/s p; readlink n p", at) == "a\nf\ng\ns\nf\nf\n(1)");
}

TEST_CASE("cp, mv and rm: over what is there, one file twice, and what is no folder") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("echo 1 >a; echo 2 >b; mv a a; echo $?; mv a ./a; ln a h; mv a h; ls; mkdir d; mv d d", at) ==
        "mv: 'a' and 'a' are the same file\n1\nmv: 'a' and './a' are the same file\nb\nh\nmv: 'd' to 'd/d': Invalid argument\n(1)");
  CHECK(output("cp -n h b; cat b; echo n | cp -i h b; echo; cat b; touch -d @1 h; cp -u h b; cat b; echo y | cp -i h b; echo; cat b; cp -t d h b; ls d; mv -n h b; ls; mv -vt d h", at) ==
        "2\ncp: overwrite 'b'? \n2\n2\ncp: overwrite 'b'? \n1\nb\nh\nb\nd\nh\nrenamed 'h' -> 'd/h'\n");
  CHECK(output("ln -s d l; rm -r l/; echo $?; ls d; rm b/; rm -rfv l d | sort; rm -v b; mkdir e; rm -dv e; rm -r nothing", at) ==
        "rm: l/: Not a directory\n1\nb\nh\nrm: b/: Not a directory\nremoved 'd/b'\nremoved 'd/h'\nremoved 'l'\nremoved directory 'd'\nremoved 'b'\nremoved directory 'e'\n"
        "rm: nothing: No such file or directory\n(1)");
  CHECK(output("touch a b c d; echo n | rm -i a; echo; echo n | rm -I a b c d; echo; echo y | rm -I a b c d; echo; ls", at) ==
        "rm: remove 'a'? \nrm: remove 4 arguments? \nrm: remove 4 arguments? \n");
}

TEST_CASE("cp and mv: nothing is lost, and nothing is written through a link that promises something") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir s t d; echo data >s/f; ln s/f t/f; cp -a s/f t/f d; cat d/f; mkdir e; cp -a s/. t/. e; cat e/f", at) == "data\ndata\n");
  CHECK(output("echo x >g; ln -s nowhere dang; cp g dang; ls nowhere 2>&1; mkdir a b c; echo safe >victim; ln -s ../victim a/x; echo evil >b/x; cp -a a/x b/x c; cat victim", at) ==
        "cp: dang: File exists\nls: nowhere: No such file or directory\ncp: 'c/x' is a link that was just made: 'b/x' is not copied through it\nsafe\n");
  CHECK(output("mkdir L; ln -s . L/up; cp -rL L M 2>&1; ls -RL L 2>&1 | grep -c above; ls M", at) == "cp: L/up: a link leads back to a folder above it\n1\n");
  CHECK(output("truncate -s 4M h 2>/dev/null || dd if=/dev/zero of=h bs=1M count=0 seek=4 2>/dev/null; printf end >>h; cp h i; cmp h i && du -k i | cut -f1 | grep -c '^[0-9]$'", at) == "1\n");
  CHECK(output("chmod 644 g; umask 022; chmod +w g; stat -c %a g; chmod 4755 g; chmod u=rwx g; stat -c %a g; chmod 6755 g; chmod =rx g; stat -c %a g; mkdir D; chmod 2775 D; chmod 755 D; stat -c %a D", at) ==
        "644\n755\n555\n2755\n");
}

TEST_CASE("sort, find and set do the whole or nothing") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("echo keep >o; sort -o o nofile; echo $?; cat o; mkdir f; cd f; touch x; find . -delete; echo $?; ls", at) == "sort: nofile: No such file or directory\n2\nkeep\n0\n");
  CHECK(output("set -euo pipefail; set -o | grep -c 'on$'; false | true; echo never", at).starts_with("3\n"));
  CHECK(output("echo '  lead  ' | { read; echo \"[$REPLY]\"; }; echo a | tail -f", at) == "[  lead  ]\na\n");
}

TEST_CASE("mkdir, ln, touch, dirname and readlink say and do what GNU's do") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir -v a; mkdir -pv a/b/c; ln -sv a l; echo x >f; ln -v f g; dirname a//b/; dirname //a; dirname a/", at) ==
        "created directory 'a'\ncreated directory 'a/b'\ncreated directory 'a/b/c'\n'l' -> 'a'\n'g' => 'f'\na\n/\n.\n");
  CHECK(output("ln -s no/where n; ln -s gone d; readlink -f d; echo $?; readlink -f n; echo $?; readlink -e d; echo $?; readlink -m n/x; readlink -f l/b/../f; readlink -n l; readlink -f f/x; echo $?", at) ==
        at + "/gone\n0\n1\n1\n" + at + "/no/where/x\n" + at + "/a/f\na1\n");
  CHECK(output("touch -d '1970-01-02 00:00:01.25' t; stat -c '%Y %y' t; touch -t 200001020304.05 t; stat -c %y t; touch -d @5 t; stat -c %Y t; touch -d soon t; touch -t 1 t; touch -d 2026-02-30 t", at) ==
        "86401 1970-01-02 00:00:01.250000000 +0000\n2000-01-02 03:04:05.000000000 +0000\n5\n"
        "touch: 'soon' is no time such as @1790000000, 2026-11-28 or 2026-11-28 10:21:00\ntouch: '1' is no time such as 202611281021.00\n"
        "touch: '2026-02-30' is no time such as @1790000000, 2026-11-28 or 2026-11-28 10:21:00\n(2)");
}
