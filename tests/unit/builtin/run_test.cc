#include <doctest/doctest.h>

#include "script.hh"

using namespace snug::test;

TEST_CASE("lists, pipelines and exit codes") {
  CHECK(output("echo a; echo b") == "a\nb\n");
  CHECK(output("true && echo yes || echo no; false && echo yes || echo no") == "yes\nno\n");
  CHECK(output("! true; echo $?; ! false; echo $?") == "1\n0\n");
  CHECK(output("echo abc | tr a-c A-C | cat") == "ABC\n");
  CHECK(output("exit 7") == "(7)");
  CHECK(output("false | true; echo $?; true | false; echo $?") == "0\n1\n");
  CHECK(output("(echo in; exit 3); echo $?") == "in\n3\n");
  CHECK(output("sh -c 'kill -TERM $$'; echo $?") == "143\n");
  CHECK(output("nothing-of-that-name; echo $?") == "nothing-of-that-name: not found\n127\n");
  CHECK(output("/etc/passwd; echo $?") == "/etc/passwd: Permission denied\n126\n");
  CHECK(output("if") == "the end stands where a command of 'if' is wanted\n(2)");
  CHECK(output("yes() { while true; do echo y; done; }; yes | head -n 2") == "y\ny\n");
}

TEST_CASE("loops, conditions and functions") {
  CHECK(output("for i in 1 2 3 4; do if [ $i = 2 ]; then continue; fi; if [ $i -gt 3 ]; then break; fi; echo $i; done") == "1\n3\n");
  CHECK(output("i=0; while [ $i -lt 3 ]; do i=$((i + 1)); echo $i; done; until [ $i = 0 ]; do i=0; done; echo $i") == "1\n2\n3\n0\n");
  CHECK(output("for i in a b; do for j in 1 2; do echo $i$j; break 2; done; done; echo $j") == "a1\n1\n");
  CHECK(output("case abc in x) echo x;; a*|y) echo a;; *) echo other;; esac") == "a\n");
  CHECK(output("f() { echo $1 $#; return 4; echo never; }; f 'x y' z; echo $?; echo $#") == "x y 2\n4\n0\n");
  CHECK(output("f() { f; }; f; echo $?").find("without an end") != std::string::npos);
  CHECK(output("set -e; false || echo on; if false; then :; fi; ! true; false; echo never") == "on\n(1)");
  CHECK(output("echo a b | while read x y; do echo $y $x; done") == "b a\n");
  CHECK(output("break; echo $?") == "break: no loop is running\n1\n");
}

TEST_CASE("variables") {
  CHECK(output("A=1 B='x y'; echo $A \"$B\"; unset A; echo ${A-none}") == "1 x y\nnone\n");
  CHECK(output("A=1 sh -c 'echo $A'; echo ${A-none}; export B=2; sh -c 'echo $B'") == "1\nnone\n2\n");
  CHECK(output("readonly A=1; A=2; echo $A") == "A is read-only\n1\n");
  CHECK(output("set -- a 'b c'; shift; echo $# $1; for x; do echo \"[$x]\"; done") == "1 b c\n[b c]\n");
  CHECK(output("x=$(echo a; echo b; exit 5); echo $? \"$x\"") == "5 a\nb\n");
  CHECK(output("IFS=: read a b </etc/passwd; echo $a; echo \"$IFS\" | wc -l") == "root\n2\n");
  CHECK(output("false & wait $!; echo $?; (exit 3) & wait %1; echo $?") == "1\n3\n");
  const Ran ran = script("echo $0 $1 $2", "/", {"name", "x", "y z"});
  CHECK(ran.out == "name x y z\n");
}

TEST_CASE("what is quoted is a word, also where it comes out empty") {
  CHECK(output("set -- \"${q+set}\"; echo $#; [ -n \"${q+set}\" ] || echo no; set -- \"${q:+a}\" b \"${y-}\" ${z-} ${z+q}; echo $#") == "1\nno\n3\n");
  CHECK(output("y=; set -- \"${y:+a}\" \"${y-b}\" ${y+}; echo $#; set -- x\"${q+a}\"y \"${q-}\"; echo $# $1") == "2\n2 xy\n");
}

TEST_CASE("patterns in values, tildes and IFS, as POSIX has them") {
  CHECK(output("IFS=' :'; for x in 'a : b' ' : a:b :: c ' 'a :' 'a : :b'; do set -- $x; echo $#; done") == "2\n5\n1\n3\n");
  CHECK(output("f=/a/b.tar; echo \"${f##*/}\" \"${f%.*}\"; case \"${f##*.}\" in tar) echo tar;; esac\ncat <<E\n${f##*/} \"${f%'.tar'}\"\nE") ==
        "b.tar /a/b\ntar\nb.tar \"/a/b\"\n");
  CHECK(output("unset IFS; echo '1 2 3' | { read a b; echo \"$b|$a\"; }; IFS=; echo ' 1 2' | { read a b; echo \"$b|$a\"; }") == "2 3|1\n| 1 2\n");
  CHECK(output("x=~/y:~; export E=~/z; echo $x $E x=~/y; v='a  b'; export W=$v; sh -c 'echo \"$W\"'") == "/root/y:/root /root/z x=~/y\na  b\n");
  const Folder folder;
  CHECK(output("mkdir d e; echo x >f; ln -s d l; ln -s nowhere n; echo */; echo f*/; rm -r d e l; echo */", folder.path()) == "d/ e/ l/\nf*/\n*/\n");
}

TEST_CASE("lines of standard input") {
  CHECK(lines("echo a\\\nb\n# of nothing \\\necho \"c\\\nd\"\ncat <<E\ne\\\nf\nE\n") == "ab\ncd\nef\n");
  CHECK(lines("echo a\r\nif true\r\nthen echo b\r\nfi") == "a\nb\n");
  CHECK(lines("if true\n") == "the last command is not finished\n(2)");
  CHECK(lines("echo a\n)\n") == "a\nline 2: ')' ends nothing that was begun\n(2)");
}

TEST_CASE("variables that have to be there, and those of a function") {
  CHECK(output("set -u; echo $-; echo ${none-a} ${none+b} $# \"$@\"; none=; echo [$none]") == "u\na 0\n[]\n");
  for (const char* use : {"$none", "${none#x}", "${#none}", "$1", "$((none + 1))", "\"${none}\""}) {
    CAPTURE(use);
    CHECK(output(std::string("set -u; (echo ") + use + "; echo never); echo $?; set +u; echo on").ends_with(": is not set\n1\non\n"));
  }
  CHECK(output("echo ${none:?has to be}; echo never") == "none: has to be\n(1)");
  CHECK(output("echo $((1 / 0)); echo never") == "division by zero\n(1)");
  CHECK(output("(x=$((2 3)); echo never); echo $?") == "no arithmetic: '2 3'\n1\n");
  CHECK(output("f() { local a=1 b; b=2; a=$a$a; g; echo $a $b; }; g() { a=g$a; local c=$1; }; a=out; f; echo $a ${b-none}; local x") ==
        "g11 2\nout none\nlocal: no function is running\n(1)");
  CHECK(output("f() { local x='a  b'; local y=$x; echo \"$y\"; local -z; }; f") == "a  b\nlocal: there is no option -z here; 'help local' tells those that are\n(2)");
  CHECK(output("f() { local a=$1; [ $1 = 0 ] || f $(($1 - 1)); echo $a; }; f 2; readonly r=1; g() { local r=2; echo $r; }; g; echo $r") == "0\n1\n2\nlocal: r is read-only\n1\n1\n");
}

TEST_CASE("redirections are undone, and what is open stays where it was") {
  const Folder folder;
  CHECK(output("echo a >f; echo b >>f; cat <f; cat f | wc -l", folder.path()) == "a\nb\n2\n");
  CHECK(output("{ echo out; echo err >&2; } >f 2>&1; echo done; cat f", folder.path()) == "done\nout\nerr\n");
  CHECK(output("echo a >/nowhere/x; echo $?") == "/nowhere/x: No such file or directory\n1\n");
  CHECK(output("exec 3>g; echo x >&3; exec 3>&-; cat g; echo y >&3", folder.path()).starts_with("x\n3: Bad file descriptor"));
  CHECK(output("for i in 1 2; do echo $i; done >h; cat h; ls", folder.path()) == "1\n2\nf\ng\nh\n");
  CHECK(output("n=$(ls /proc/self/fd | wc -l); cat </dev/null; echo x >&2 2>/dev/null; [ $n = $(ls /proc/self/fd | wc -l) ] && echo same") == "x\nsame\n");
}

TEST_CASE("here-documents") {
  CHECK(output("x=1\ncat <<E\n$x $((x + 1)) \\$x \"q\"\nE\ncat <<'E' | tr a b\na $x\nE\necho end") == "1 2 $x \"q\"\nb $x\nend\n");
  CHECK(output("cat <<-E\n\t\ta\n\tE\ncat <<A - <<B\na\nA\nb\nB\nwhile read x; do echo \"[$x]\"; done <<E\n1\n2\nE") == "a\nb\n[1]\n[2]\n");
  CHECK(output("cat <<E | wc -c\n$(i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo 12345; done)\nE") == "120000\n");
  CHECK(output("f() { cat; }\nf <<E\nof a function\nE\ncat <<E\nx").ends_with("the lines of << up to 'E' are missing\n(2)"));
}

TEST_CASE("traps") {
  CHECK(output("trap 'echo end $?' EXIT; (exit 4)") == "end 4\n(4)");
  CHECK(output("trap 'echo end; exit 9' 0; exit 4") == "end\n(9)");
  CHECK(output("trap 'echo got' TERM; kill -TERM $$; echo $?; trap - TERM; trap") == "got\n0\n");
  CHECK(output("trap 'echo stop; exit 3' INT\nwhile true; do kill -INT $$; done") == "stop\n(3)");
  CHECK(output("trap '' INT; sh -c 'kill -INT $$; echo on'; kill -INT $$; echo on") == "on\non\n");
  CHECK(output("trap 'echo T' TERM; (trap; sh -c 'kill -TERM $PPID'; echo never); echo $?; trap") == "143\ntrap -- 'echo T' TERM\n");
  CHECK(output("(trap 'echo of the child' EXIT; true); trap 'echo x' USR1; sleep 100 & (sleep 0.1; kill -USR1 $$) & wait $!; sleep 0; kill %1") .find("x\n") != std::string::npos);
  CHECK(output("trap x NOSUCH; echo $?; trap x KILL; echo $?") == "trap: 'NOSUCH' is no signal, and not EXIT; 'kill -l' lists them\n1\ntrap: KILL: Invalid argument\n1\n");
}

TEST_CASE("aliases") {
  CHECK(output("alias e='echo -n' say=e\ne a\nsay b; alias; alias e; type e; command -v say; unalias e; alias e; unalias -a; alias") ==
        "ab" "alias e='echo -n'\nalias say=e\nalias e='echo -n'\ne is an alias for echo -n\nalias say=e\nalias: 'e' is no alias\n");
  CHECK(output("alias e=echo; e a") == "e: not found\n(127)");  // the line was read before
  CHECK(output("alias 'a b=c'") == "alias: 'a b' is no name of an alias\n(1)");
}

TEST_CASE("scripts that were written on Windows") {
  const Folder folder;
  CHECK(output("printf 'echo a\\r\\nif true\\r\\nthen echo b\\r\\nfi\\r\\n' >s; . ./s; chmod +x s; ./s", folder.path()) == "a\nb\na\nb\n");
  CHECK(output("printf '#!/bin/sh\\r\\necho a\\r\\n' >t; chmod +x t; ./t", folder.path()).find("a carriage return, which its first line takes for") != std::string::npos);
  CHECK(output("printf 'echo \"a\\r\"\\n' >u; . ./u", folder.path()) == "a\r\n");
}

TEST_CASE("scripts of files, and programs that are none") {
  const Folder folder;
  CHECK(output("echo 'echo $1 $0; exit 4' >s; chmod +x s; ./s x; echo $?; . ./s; echo never", folder.path()) == "x ./s\n4\nsnug\n(4)");
  CHECK(output("printf '#!/nowhere/sh\\n' >t; chmod +x t; ./t", folder.path()) == "./t: the interpreter of its first line, or its dynamic loader, is not here\n(127)");
  CHECK(output("printf '\\0\\1' >u; chmod +x u; ./u", folder.path()) == "./u: no program for this machine, and no script\n(126)");
  CHECK(output("command -v cd ls sh; type cd nothing; eval 'echo a;' 'echo b'") == "cd\nls\n/usr/bin/sh\ncd is a shell builtin\ntype: nothing: not found\na\nb\n");
}

TEST_CASE("test, echo and printf") {
  CHECK(output("[ a = a ] && [ a != b ] && [ -n a ] && [ -z '' ] && [ 2 -lt 10 ] && [ -d / ] && ! [ -f / ] && [ ! -e /nowhere ] && echo ok") == "ok\n");
  CHECK(output("[ a = a -a '(' b = c -o -d / ')' ] && echo ok; [ ! ] && echo one; [ '' ] || echo none; [ -f ] && echo word") == "ok\none\nnone\nword\n");
  CHECK(output("[ 1 -eq x ]; echo $?; [ a; echo $?") == "[: 'x' is no number\n2\n[: ']' is missing\n2\n");
  CHECK(output("echo -n a; echo -e 'b\\tc\\x41\\0101\\cd'; echo; echo '\\t' -n") == "ab\tcAA\n\\t -n\n");
  CHECK(output("printf '%s-%d|%5s|%-3s|%03d|%x|%c%%\\n' a 7 b c 5 255 xyz") == "a-7|    b|c  |005|ff|x%\n");
  CHECK(output("printf '%s\\n' a b; printf '%d\\n' 0x10 010 -3; printf x") == "a\nb\n16\n8\n-3\nx");
  CHECK(output("printf '%5.2f|%e|%g|%.0f|%F\\n' 3.14159 1000 0.5 -2.5 x") == " 3.14|1.000000e+03|0.5|-2|printf: 'x' is no number\n0.000000\n(1)");
  CHECK(output("printf '%d\\n' a; echo $?") == "printf: 'a' is no number\n0\n1\n");
  CHECK(output("printf '%999999999999999999s' a").find("too wide") != std::string::npos);
}

TEST_CASE("umask, as a number and in words") {
  CHECK(output("umask 022; umask; umask -S; umask 0; umask -S") == "0022\nu=rwx,g=rx,o=rx\nu=rwx,g=rwx,o=rwx\n");
  CHECK(output("umask 0; umask u=rwx,g=rx,o=; umask; umask g-x; umask; umask +r; umask; umask a=; umask -S") == "0027\n0037\n0033\nu=,g=,o=\n");
  CHECK(output("umask 027; umask o=q; umask 8; umask") == "umask: 'q' is no letter of a mode\numask: '8' is no mode\n0027\n");
}

TEST_CASE("functions whose bodies are other commands, and return out of a file") {
  const Folder folder;
  CHECK(output("x=1; f() ( x=5; exit 3 ); f; echo $? [$x]") == "3 [1]\n");
  CHECK(output("f() ( cd /usr; return 4; echo never ); cd /; f && echo no || echo $? $PWD") == "4 /\n");
  CHECK(output("f() if [ $1 = a ]; then echo yes; fi; f a; g() for i; do echo $i; done; g 1 2; h() { echo out; } >h; h; cat h", folder.path()) == "yes\n1\n2\nout\n");
  CHECK(output("printf 'echo a\\nreturn 3\\necho never\\n' >s; . ./s; echo $?; f() { . ./s; echo on $?; }; f; while true; do . ./s; break; done", folder.path()) ==
        "a\n3\na\non 3\na\n");
  CHECK(output(". ./s a; echo $?", folder.path()) == "a\n3\n");
  CHECK(output("return; echo $?") == "return: no function and no file is being done\n1\n");
}

TEST_CASE("files of commands are found by PATH, and may have parameters of their own") {
  const Folder folder;
  REQUIRE(::mkdir((folder.path() + "/bin").c_str(), 0700) == 0);
  CHECK(output("echo 'echo path $#:$1' > bin/one; echo 'echo here; set -- x' > two; echo 'set -- y' > three; PATH=$PWD/bin; . one a b; . one; set -- p; . two; echo $1; . ./three q; echo $1", folder.path()) ==
        "path 2:a\npath 0:\nhere\nx\nx\n");
  CHECK(output("mkdir bin/four; echo 'echo found' > four; PATH=bin; . four; . nosuch", folder.path()) == "found\n.: nosuch: No such file or directory\n(1)");
}

TEST_CASE("folders, by the names that led there") {
  const Folder folder;
  CHECK(output("mkdir -p d/e; ln -s d/e l; cd l; pwd; pwd -P; cd ..; pwd; cd -P l; pwd; cd -; echo ${OLDPWD##*/}", folder.path()) ==
        snug::format("{0}/l\n{0}/d/e\n{0}\n{0}/d/e\n{0}\ne\n", folder.path()));
  CHECK(output("cd d/./e/../e//; pwd; cd nowhere/..; cd ''; sh -c pwd; cd ..; echo ${PWD##*/}", folder.path()) ==
        snug::format("{0}/d/e\ncd: {0}/d/e/nowhere/..: No such file or directory\ncd: a folder without a name is none\n{0}/d/e\nd\n", folder.path()));
  CHECK(output("CDPATH=/nowhere:/usr; cd bin; cd ./bin; cd \"$OLDPWD\"; unset OLDPWD; cd -") ==
        "/usr/bin\ncd: ./bin: No such file or directory\ncd: there is no folder to go back to\n(1)");
  CHECK(output("mkdir p; cd p; touch .a b; echo .* * ./.*; rm -r ../p", folder.path()) == ".a b ./.a\n");
  CHECK(output("cd /../..; pwd; cd //usr; pwd; PWD=/nowhere; pwd") == "/\n/usr\n/usr\n");
  CHECK(output("mkdir g; cd g; rmdir ../g; cd ..; echo $?; cd /; pwd", folder.path()).ends_with("\n/\n"));
}

TEST_CASE("homes of others") {
  CHECK(output("echo ~root ~root/x ~nobody-here '~root' ~root\\x a~root; x=~root:~/y:~none; echo $x; HOME=/h; echo ~") ==
        "/root /root/x ~nobody-here ~root ~rootx a~root\n/root:/root/y:~none\n/h\n");
}

TEST_CASE("what set turns on and off") {
  const Folder folder;
  CHECK(output("set -C; echo a >f; echo b >f; echo $?; echo c >|f; echo d >>f; cat f; echo x >/dev/null && echo $-", folder.path()) ==
        "f: is there, and kept by 'set -C'; >| overwrites it\n1\nc\nd\nC\n");
  CHECK(output("set -o pipefail; false | true; echo $?; (exit 3) | (exit 4) | true; echo $?; ! false | true; echo $?; set +o pipefail; false | true; echo $?") == "1\n4\n0\n0\n");
  CHECK(output("set -o noglob -o nounset; echo /* $-; set +o noglob; set -o | grep glob; set +o | grep unset") == "/* fu\nnoglob     off\nset -o nounset\n");
  CHECK(output("set -n\necho never\nif") == "the end stands where a command of 'if' is wanted\n(2)");
  CHECK(output("set -v; echo $?; set -o posix; set -- -a b; echo $1") == "set: there is no option '-v' here; 'help set' tells those that are\n2\nset: there is no option '-o posix' here; 'help set' tells those that are\n-a\n");
}

TEST_CASE("read, for a while and so many characters") {
  CHECK(output("printf 'äbc\\nd' | { read -n 2 x; read y; echo $x $y; }; sleep 1 | { read -t 0.05 x; echo $?; }; printf 'a' | { read -t 5 -s x; echo $? $x; }") == "äb c\n142\n1 a\n");
  CHECK(output("read -n 0 x; echo $?; read -t x y; echo $?") == "read: -n takes a number of characters, from 1 on\n2\nread: 'x' is no number of seconds up to a million\n2\n");
}

TEST_CASE("getopts") {
  CHECK(output("set -- -ab -c one -dtwo -e -- rest; while getopts abc:d: o; do echo $o ${OPTARG-none}; done; shift $((OPTIND - 1)); echo $*") ==
        "a none\nb none\nc one\nd two\nsnug: there is no option -e here\n? none\nrest\n");
  CHECK(output("getopts :a:b o -x -a; echo $o $OPTARG; getopts :a:b o -x -a; echo $o $OPTARG; getopts :a:b o -x -a; echo $? $o; OPTIND=1; getopts b o -bb; OPTIND=1; getopts b o -b; echo $o $OPTIND") ==
        "? x\n: a\n1 ?\nb 2\n");
}

TEST_CASE("limits, times and names") {
  CHECK(output("ulimit -n 64; ulimit -n; ulimit -Sn 32; ulimit -Sn; ulimit -Hn; sh -c 'ulimit -n'; ulimit -c 0; ulimit -c; ulimit -n x; ulimit -a | grep -c .") ==
        "64\n32\n64\n32\n0\nulimit: 'x' is no number, and not unlimited\n9\n");
  CHECK(output("times | grep -c 'm0.*s 0m0'; hash ls cd nothing; hash -r; hash; [ -O . ]; [ -G /proc/self ] && echo mine; [ $PPID -gt 0 ] && echo parent") ==
        "2\nhash: nothing: not found\nmine\nparent\n");
  CHECK(output("f() { :; }; command -V cd f; kill -l 9 TERM 143 SIGHUP; kill -l nothing; kill -l | grep -c .") ==
        "cd is a shell builtin\nf is a function\nKILL\n15\nTERM\n1\nkill: 'nothing' is no signal; 'kill -l' lists them\n6\n");
}

TEST_CASE("help knows each command, and the nearest name of a wrong one") {
  CHECK(output("help false") == "false\n    do nothing, and fail\n");
  CHECK(output("help gerp") == "help: 'gerp' is no command of this shell; did you mean grep?\n(1)");
  CHECK(output("ls --colour").starts_with("ls: there is no option --colour here; 'help ls' tells those that are\n"));
  CHECK(output("help | grep -c .") != "0\n");
}
