#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("sort: keys, one behind the other, each with its own letters") {
  const Folder folder;
  const std::string& at = folder.path();
  CHECK(output("printf 'b 2\\na 10\\na 9\\nB 1\\n' >f; sort -k1,1 -k2,2n f; sort -k1,1r -k2,2nr f; sort -k1f,1 -k2n f; sort -t' ' -k2,2n -r f", at) ==
        "B 1\na 9\na 10\nb 2\n" "b 2\na 10\na 9\nB 1\n" "a 9\na 10\nB 1\nb 2\n" "B 1\nb 2\na 9\na 10\n");
  CHECK(output("printf 'xb1\\nxa2\\nya1\\n' | sort -k1.2,1.2; printf 'xb1\\nxa2\\nya1\\n' | sort -k1.3n; printf 'x  3\\ny 1\\n' | sort -k2b,2; printf 'x  3\\ny 1\\n' | sort -k2,2") ==
        "xa2\nya1\nxb1\n" "xb1\nya1\nxa2\n" "y 1\nx  3\n" "x  3\ny 1\n");
  CHECK(output("printf 'a:3:x\\nb:1:y\\na:3:w\\n' | sort -t: -k2,2n -s; printf 'a:3:x\\nb:1:y\\na:3:w\\n' | sort -t: -k2,2n; printf 'a:3:x\\nb:1:y\\na:3:w\\n' | sort -t: -u -k2,2") ==
        "b:1:y\na:3:x\na:3:w\n" "b:1:y\na:3:w\na:3:x\n" "b:1:y\na:3:x\n");
  CHECK(output("sort -k0 f; echo $?; sort -k1,x f; sort -k1z f; sort -d f", at) ==
        "sort: '0' is no key: fields and characters are counted from 1\n2\nsort: '1,x' is no key: fields and characters are counted from 1\n"
        "sort: '1z' is no key such as 2, 2,3n or 1.2,1.4r\nsort: there is no option -d here; 'help sort' tells those that are\n(2)");
}

TEST_CASE("sort: numbers, units and versions; what is sorted already, and where it goes") {
  CHECK(output("printf '1e3\\n0x10\\n-1\\n 2.50\\n2.5\\n-0\\n99999999999999999999\\n99999999999999999998\\n' | sort -ns") ==
        "-1\n0x10\n-0\n1e3\n 2.50\n2.5\n99999999999999999998\n99999999999999999999\n");
  CHECK(output("printf '1M\\n900K\\n2\\n0\\n-1K\\n1.5G\\n' | sort -h") == "-1K\n0\n2\n900K\n1M\n1.5G\n");
  CHECK(output("printf 'a-1.10\\na-1.9\\na-1.9.tar.gz\\na-1.9~rc\\na-1\\n' | sort -V; printf '1.10\\n1.9\\n' | sort -rV") == "a-1\na-1.9~rc\na-1.9\na-1.9.tar.gz\na-1.10\n1.10\n1.9\n");
  const Folder folder;
  CHECK(output("printf 'b\\na\\n' >f; sort -c f; echo $?; sort -C f; echo $?; sort -o f f; cat f; sort -c f; echo $?; echo a >>f; sort -o /nowhere/x f", folder.path()) ==
        "sort: f:2: disorder: a\n1\n1\na\nb\n0\nsort: /nowhere/x: No such file or directory\n(1)");
}

TEST_CASE("head, tail and cat add no line feed where the text has none") {
  CHECK(output("printf 'a\\nb' | tail -n 1; echo '|'; printf 'a\\nb' | head -n 2; echo '|'; printf 'a\\nb' | cat -v; echo '|'; printf 'a\\nb' | tail -n +2; echo '|'; printf 'a\\nb' | cat -A") ==
        "b|\na\nb|\na\nb|\nb|\na$\nb");
  CHECK(output("printf '1\\n2\\n3\\n' | head -n -2; printf 12345 | head -c -3; echo; printf '1\\n2\\n3\\n' | tail +3; printf 12345 | tail -c +4; echo") ==
        "1\n12\n3\n45\n");
  CHECK(output("printf %02000d 0 | head -c 1K | wc -c; printf %02000d 0 | tail -c 1K | wc -c; echo a | head -n 1x; echo a | tail -c 1b") == "1024\n1024\nhead: '1x' is no number\ntail: '1b' is no number\n(2)");
  const Folder folder;
  CHECK(output("printf '\\ta\\r\\n\\n\\nb\\n' >f; cat -T f | head -n 1; cat -E f | head -n 2; cat -s f | wc -l; cat -A f | head -n 1; cat -t f | head -n 1; printf x >g; cat -n g f | head -n 2", folder.path()) ==
        "^Ia\r\n\ta^M$\n$\n3\n^Ia^M$\n^Ia^M\n     1\tx\ta\r\n     2\t\n");
}
