#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("grep: names, letters, and values that look like options") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir d; echo x >d/a; echo x >b; grep -r x; grep -r x .; grep -r x ./d; echo x | grep -H x; echo x | grep -l x; echo x | grep -c x b -", at) ==
        "b:x\nd/a:x\n./b:x\n./d/a:x\n./d/a:x\n(standard input):x\n(standard input)\nb:1\n(standard input):1\n");
  CHECK(output("printf 'a --color b\\n' | grep -oe --color; printf 'a --color b\\n' | grep -o -e --color --color=never; echo a | grep -e a --color; echo a | grep --colour a") ==
        "--color\n--color\na\ngrep: there is no option --colour here; 'help grep' tells those that are\n(2)");
  CHECK(output("printf '\\303\\244\\303\\266\\n' | grep -o .; printf 'x\\303\\244\\n' | grep --color=always '[^x]'") == "\xc3\xa4\n\xc3\xb6\nx\033[01;31m\xc3\xa4\033[m\n");
}

TEST_CASE("grep: what people type") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("printf 'a\\na\\nb\\nc\\n' >f; grep -m 1 a f; grep -m1 -A1 a f; grep -cm1 a f; grep -1 b f; grep -m0 a f; echo $?; printf 'b\\nc\\n' >p; grep -f p f; grep -f p -e a f | wc -l", at) ==
        "a\na\na\n1\na\nb\nc\n1\nb\nc\n4\n");
  CHECK(output("printf 'a\\0b\\n' >z; grep a z; grep -a -o a z; grep -I a z; echo $?; grep -rl --include='*' a . | sort; grep -rl --include=f --include=p a; grep -rl --exclude='[zp]' a", at) ==
        "z: not a text, but matches\na\n1\n./f\n./z\nf\nf\n");
  CHECK(output("mkdir d e; echo q >d/x; echo q >e/x; ln -s ../e d/l; ln -s .. e/up; grep -r q; grep -r --exclude-dir=e q; grep -Rh q d 2>/dev/null; grep -Rh q d 2>&1 >/dev/null", at) ==
        "d/x:q\ne/x:q\nd/x:q\nq\nq\ngrep: d/l/up/d: a link leads back to a folder above it\ngrep: d/l/up/e: a link leads back to a folder above it\n(2)");
  CHECK(output("echo abc | grep --line-number --only-matching --extended-regexp 'b|c'; echo abc | grep --max-count=1 --no-messages --quiet b; echo $?; grep -P x f", at) ==
        "1:b\n1:c\n0\ngrep: there is no option -P here; 'help grep' tells those that are\n(2)");
}

TEST_CASE("tr: classes that are none are refused") {
  CHECK(output("echo a | tr '[:foo:]' x; echo a | tr '[=a=]' x; echo a | tr a '[x*3]'; echo 'a]b.' | tr -d '[:punct:]'; printf 'a\\001\\n' | tr '[:cntrl:]' _; echo; echo a-z | tr '[a-c]' x") ==
        "tr: '[:foo:]' is no class such as [:upper:]\ntr: '[=a=]' is no class such as [:upper:]\ntr: '[x*3]': repeats are not understood here\nab\na__\nx-z\n");
}

TEST_CASE("xxd: halves of bytes, groups, bits and the end") {
  CHECK(output("printf '6\\n1\\n6 2\\n' | xxd -r -p; echo; printf 616 | xxd -r -ps; printf '0: 616\\n' | xxd -r") == "ab\naxxd: half a byte is left at the end\nxxd: '0: 616' has half a byte\n(1)");
  CHECK(output("printf abcde | xxd -g 1 -c 4; printf abcde | xxd -g 0 -c 5; printf jk | xxd -u -ps; printf a | xxd -b; printf abc | xxd -c 3") ==
        "00000000: 61 62 63 64  abcd\n00000004: 65           e\n00000000: 6162636465  abcde\n6A6B\n00000000: 01100001                                               a\n00000000: 6162 63  abc\n");
  const Folder folder;
  CHECK(output("printf 0123456789 >f; xxd -s -3 f; xxd -p -s 0x8 f; printf x | xxd -s -1", folder.path()) ==
        "00000007: 3738 39                                  789\n3839\nxxd: -s -1: the end of what is no file is not known\n(1)");
}

TEST_CASE("ls: orders, columns and links") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("mkdir d; touch a.2 b.1 a.10; ln -s d l; ls -dF l; ls -F l; ls l; ls -C a.2 b.1; ls -v a*; ls -X a.2 b.1; ls -p | head -n 4 | tail -n 1; ls --group-directories-first | head -n 1; ls -1C a.2 b.1", at) ==
        "l@\nl@\na.2  b.1\na.2\na.10\nb.1\na.2\nd/\nd\na.2  b.1\n");
  CHECK(output("touch -d @9 a.2; touch -ad @1 b.1; touch -ad @5 a.10; ls -ltu --full-time b.1 a.10 | cut -d' ' -f6-; ls -tL l a.2; ls -lL l | head -n 1; ls -sd /nowhere 2>/dev/null; ls -U", at)
        == "1970-01-01 00:00:05.000000000 +0000 a.10\n1970-01-01 00:00:01.000000000 +0000 b.1\na.2\n\nl:\ntotal 0\nls: there is no option -U here; 'help ls' tells those that are\n(2)");
  CHECK(output("ln -s nowhere n; ls n; ls -L n; echo $?; ls -s a.2", at) == "n\nn\n0\n   0 a.2\n");
}

TEST_CASE("less: what cannot be read is passed over") {
  const Folder folder;
  CHECK(output("printf b >f; less nosuch f; echo; less -N f f", folder.path()) == "less: nosuch: No such file or directory\nb\n      1 b      1 b");
}
