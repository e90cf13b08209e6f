#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("text: grep") {
  CHECK(output("printf 'one\\ntwo\\nThree\\n' | grep -n 'o'") == "1:one\n2:two\n");
  CHECK(output("printf 'one\\ntwo\\nThree\\n' | grep -ic t; printf 'a.b\\nacb\\n' | grep -F a.b") == "2\na.b\n");
  CHECK(output("printf 'ab\\ncd\\n' | grep -vE 'a|x'; printf 'foo food\\n' | grep -ow foo; echo x | grep y") == "cd\nfoo\n(1)");
  CHECK(output("seq() { i=1; while [ $i -le 9 ]; do echo $i; i=$((i+1)); done; }; seq | grep -A1 -B1 5") == "4\n5\n6\n");
  CHECK(output("echo a | grep '['").find("(2)") != std::string::npos);
  CHECK(output("echo xay | grep --color=always -n a; echo a | grep --color a; echo a | grep --color=never a; grep --color=x a") ==
        "\033[32m1\033[m\033[36m:\033[mx\033[01;31ma\033[my\na\na\ngrep: --color is auto, always or never, and not 'x'\n(2)");
  CHECK(output("printf 'aba\\nc\\n' | grep --color=always -o a; printf 'aba\\nc\\n' | grep --color=always -v a; printf 'aba\\nc\\n' | grep --color=always -A1 a") ==
        "\033[01;31ma\033[m\n\033[01;31ma\033[m\nc\n\033[01;31ma\033[mb\033[01;31ma\033[m\nc\n");
  const Folder folder;
  CHECK(output("mkdir d; echo needle >d/a; echo hay >d/b; ln -s /etc d/c; grep -r needle; grep -l e d/a d/b", folder.path()) == "d/a:needle\nd/a\n");
}

TEST_CASE("text: head, tail, sort, uniq, cut, tr, wc") {
  CHECK(output("printf '1\\n2\\n3\\n' | head -n 2; printf '1\\n2\\n3\\n' | tail -1; printf '1\\n2\\n3\\n' | tail -n +2; printf abc | head -c 2; printf abc | tail -c 1") == "1\n2\n3\n2\n3\nabc");
  CHECK(output("printf '10\\n9\\n1\\n9\\n' | sort; printf '10\\n9\\n1\\n9\\n' | sort -nru; printf 'b 1\\na 2\\n' | sort -k2") == "1\n10\n9\n9\n10\n9\n1\nb 1\na 2\n");
  CHECK(output("printf 'a\\na\\nb\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -u") == "      2 a\n      1 b\nb\n");
  CHECK(output("echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4,6; echo abc | cut -f2; echo abc | cut -s -f2") == "a:c\nbcdf\nabc\n");
  CHECK(output("echo hello | tr a-y b-z; echo aabb | tr -s a; echo a1b2 | tr -d '[:digit:]'; echo ab | tr -cd 'a\\n'") == "ifmmp\nabb\nab\na\n");
  CHECK(output("printf 'a b\\nc\\n' | wc -l; printf 'a b\\nc\\n' | wc") == "2\n      2       3       6\n");
  CHECK(output("printf 'a\\tb\\033\\n' | cat -v; printf 'a\\n\\nb\\n' | cat -n") == "a\tb^[\n     1\ta\n     2\t\n     3\tb\n");
}

TEST_CASE("text: bytes") {
  CHECK(output("printf 'ABC\\0' | xxd") == "00000000: 4142 4300                                ABC.\n");
  CHECK(output("printf '0123456789' | xxd -s 2 -l 2") == "00000002: 3233                                     23\n");
  CHECK(output("printf '0123456789' | xxd -p; printf '%040d' 0 | xxd -p; printf abcdef | xxd -c 4") ==
        "30313233343536373839\n303030303030303030303030303030303030303030303030303030303030\n30303030303030303030\n00000000: 6162 6364  abcd\n00000004: 6566       ef\n");
  CHECK(output("printf 'a\\0b  c d0123456789 xyz' | xxd | xxd -r | xxd -p; printf '61 62\\n630a\\n' | xxd -r -p; echo '00000003: 6263  bc' | xxd -r | xxd -p") ==
        "6100622020632064303132333435363738392078797a\nabc\n0000006263\n");
  CHECK(output("echo 'no offset' | xxd -r; printf '8: 61\\n0: 62\\n' | xxd -r | wc -c").find("'no offset' has no offset and bytes") != std::string::npos);
  CHECK(output("printf 'ab\\0long\\1x' | strings; printf 'ab\\0' | strings -n 2") == "long\nab\n");
  const Folder folder;
  CHECK(output("echo a | tee f | tr a b; cat f", folder.path()) == "b\na\n");
  CHECK(output("cat f >>f; cat f f 1<>f; cat <f >>f; grep a f >>f; cat f; cat f >f; cat f; echo $?", folder.path()) ==
        "cat: f: input file is output file\ncat: f: input file is output file\ncat: f: input file is output file\ncat: -: input file is output file\n"
        "grep: f: input file is also the output\na\n0\n");
  CHECK(output("echo b >g; echo c >h; less g h; less -N g", folder.path()) == "b\nc\n      1 b\n");
}

TEST_CASE("files: made, copied, moved, removed") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir -p a/b/c; echo x >a/b/f; ln -s f a/b/l; cp -a a d; find d | sort; readlink d/b/l", at) == "d\nd/b\nd/b/c\nd/b/f\nd/b/l\nf\n");
  CHECK(output("cp a e; echo $?; cp -r a/b a/b/c; echo $?; cp a/b/f a/b/f", at) ==
        "cp: 'a' is a folder: -r copies it\n1\ncp: 'a/b/c/b' is not copied into itself\n1\ncp: 'a/b/f' and 'a/b/f' are the same file\n(1)");
  CHECK(output("mv d/b/f d/g; ls d; mv d/g d/h a; ls a", at) == "b\ng\nmv: 'd/h' to 'a/h': No such file or directory\nb\ng\n");
  CHECK(output("rm d; rm nothing; rm -f nothing; rm -r d; ls; rm -rf . ; rmdir a", at) ==
        "rm: d: Is a directory\nrm: nothing: No such file or directory\na\nrm: .: is not removed\nrmdir: a: Directory not empty\n(1)");
  CHECK(output("chmod 640 a/g; stat -c '%a %A %s %F' a/g; chmod u+x,g-r,o=r a/g; stat -c %a a/g; chmod -x a/g; stat -c %a a/g", at) == "640 -rw-r----- 2 regular file\n704\n604\n");
  CHECK(output("touch -r a/g n; [ n -nt a/g ] || echo same; ln n m; stat -c %h n; ln -s x n; echo $?", at) == "same\n2\nln: n: File exists\n1\n");
  CHECK(output("mkdir out; echo kept >out/k; mkdir t; ln -s ../out t/link; rm -r t; cat out/k", at) == "kept\n");
  CHECK(output("basename /a/b.c .c; dirname /a/b; dirname a; basename /") == "b\n/a\n.\n/\n");
}

TEST_CASE("files: ls, find, du") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("echo abc >f; mkdir d; echo x >d/.h; chmod 604 f; ls; ls -A d; ls -l f | cut -c1-10; ls -dF d; ls nothing; echo $?", at) ==
        "d\nf\n.h\n-rw----r--\nd/\nls: nothing: No such file or directory\n2\n");
  CHECK(output("ls --color=auto; ls --color=always -d d; ls --color=never; ls --color=x", at) == "d\nf\n\033[01;34md\033[0m\nd\nf\nls: --color is auto, always or never, and not 'x'\n(2)");
  CHECK(output("/usr/bin/touch -d @1.5 f; ls --full-time f | cut -d' ' -f6-", at) == "1970-01-01 00:00:01.500000000 +0000 f\n");
  CHECK(output("find . -type f -name '*h'; find . -maxdepth 1 -type d; find . ! -type d -a -size -2 | sort; find d -empty -o -name .h -print", at) ==
        "./d/.h\n.\n./d\n./d/.h\n./f\nd/.h\n");
  CHECK(output("find . -type f -exec echo got {} ';' | sort; find . -type f -exec echo {} + | wc -w; find d -delete; ls", at) == "got ./d/.h\ngot ./f\n2\nf\n");
  CHECK(output("find . -nonsense").find("is not among the tests here") != std::string::npos);
  CHECK(output("du -s . | grep -c .; ls -R / >/dev/null 2>&1 & kill %1; echo killed", at) == "1\nkilled\n");
}

TEST_CASE("system: what is told of this process and the kernel") {
  CHECK(output("id -u; [ $(uname -s) = Linux ] && echo ok").ends_with("ok\n"));
  CHECK(output("ps -o pid,args | grep -c ps") != "0\n");
  CHECK(output("env -i A=1 env; A=2 env | grep ^A=; env -u HOME sh -c 'echo ${HOME-none}'") == "A=1\nA=2\nnone\n");
  CHECK(output("time true 2>&1 | cut -d' ' -f1") == "real\nuser\nsys\n");
  CHECK(output("which sh nothing; echo $?").ends_with("/sh\n1\n"));
  CHECK(output("walls | head -n 1").starts_with("kernel         Linux "));
  CHECK(output("which cd; echo $?") == "cd: a command of this shell\n0\n");
  CHECK(output("which -a ls").ends_with("/ls\nls: a command of this shell\n"));
  CHECK(output("ip link | head -n 1").starts_with("1: lo: <LOOPBACK"));
  for (const char* way : {"addr show lo", "a show dev lo", "address list lo", "a dev lo", "-4 a s lo", "link show lo"}) {
    CAPTURE(way);
    const std::string told = output(std::string("ip ") + way);
    CHECK(told.starts_with("1: lo: <LOOPBACK"));
    CHECK(told.find("\n2: ") == std::string::npos);
  }
  CHECK(output("ip -br a show lo").starts_with("lo               UNKNOWN        "));
  CHECK(output("ip -brief link show lo").find("<LOOPBACK,UP,LOWER_UP>") != std::string::npos);
  CHECK(output("ip a show nosuch") == "ip: there is no interface 'nosuch'\n(1)");
  CHECK(output("ip a add lo").find("networks are only looked at here") != std::string::npos);
  CHECK(output("printf 'a\\nb\\n' | less -N") == "      1 a\n      2 b\n");
  CHECK(output("ip nonsense").find("is none of address, link, route and listeners") != std::string::npos);
  CHECK(output("mount | head -n 1").find(" type ") != std::string::npos);
  CHECK(output("kill -l | head -n 1").starts_with("1 HUP"));
  CHECK(output("date +%Y | wc -c; sleep 0; sleep x") == "5\nsleep: 'x' is no time such as 5, 0.2 or 3m\n(2)");
}
