#include "tour_exercises.hh"

#include <algorithm>
#include <array>

#include "snug/base/text.hh"

namespace snug::commands {
namespace {

using Lines = std::span<const std::string_view>;

bool has(Lines lines, std::string_view words) {
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) { return line.find(words) != std::string_view::npos; });
}

bool is_refused_to_root(Lines lines, const TourFacts&) { return !lines.empty() && lines[0] == "root" && has(lines, "not permitted"); }
bool is_first(Lines lines, const TourFacts&) { return !lines.empty() && lines.back() == "1"; }
bool has_two_numbers(Lines lines, const TourFacts&) {
  if (lines.size() != 1 || !lines[0].starts_with("NSpid:")) return false;
  const auto words = split(trimmed(lines[0].substr(6)), '\t');
  return words.size() > 1 && words.back() == "1" && words[words.size() - 2] != "1";
}
bool are_same(Lines lines, const TourFacts&) { return lines.size() == 2 && lines[0] == lines[1] && !lines[0].empty(); }
bool are_namespaces_apart(Lines lines, const TourFacts&) {
  return lines.size() == 2 && lines[0] != lines[1] && lines[0].starts_with("net:[") && lines[1].starts_with("net:[");
}
// Notices of snug's stand before it.
bool is_lonely(Lines lines, const TourFacts&) {
  const auto is_notice = [](std::string_view line) { return line.starts_with("snug: ") || line.starts_with("  hint:"); };
  return !lines.empty() && trimmed(lines.back()).starts_with("lo:") && std::all_of(lines.begin(), lines.end() - 1, is_notice);
}
bool is_gone_inside_only(Lines lines, const TourFacts&) {
  return has(lines, "No such file") && std::find(lines.begin(), lines.end(), "/etc/passwd") != lines.end();
}
bool is_nobody(Lines lines, const TourFacts&) { return has(lines, "No such process") || has(lines, "no such process"); }
bool is_map(Lines lines, const TourFacts& facts) {
  if (lines.empty()) return false;
  std::vector<std::string> words = split(lines[0], ' ');
  std::erase(words, "");
  return words.size() == 3 && words[0] == "0" && words[1] == format("{}", facts.uid) && words[2] == "1" && facts.has_ranges == (lines.size() > 1);
}
bool has_pivot(Lines lines, const TourFacts&) { return has(lines, "pivot_root("); }

constexpr std::array exercises{
    Exercise{"Be root, and fail", "You are root in there. Set the clock.", true, "id -un; date -s 12:00",
             "'root', and then 'Operation not permitted'",
             "root is the name of an id. What it may do depends on whose thing it is: the clock is the machine's, and the "
             "kernel asks for a right over the machine, which nobody gave to you.",
             is_refused_to_root},
    Exercise{"Be pid 1", "Have a container in which your command is the first process that there is.", false,
             "snug run --no-init host sh -c 'echo $$'", "the number 1",
             "Numbers of processes are counted in a PID namespace, and this one was new. With pid 1 all the rest of it ends.", is_first},
    Exercise{"See one process from both sides", "The kernel says by which numbers a process goes, from the outermost namespace in.", false,
             "grep NSpid: /proc/$INIT/status", "two numbers, of which the last is 1",
             "There is one process, with two numbers. It is in your process list like any other: nothing is hidden from the outside.", has_two_numbers},
    Exercise{"Find who answers uname", "Ask for the kernel's version out here, and in there.", false, "uname -rv; snug exec $TOUR uname -rv",
             "the same line twice",
             "The same kernel answers both, and directly: no engine, no machine in the machine. Walls are what a process sees, "
             "not what it runs on.",
             are_same},
    Exercise{"Touch a wall", "A wall is a namespace, and a namespace has a number. Compare yours with the container's.", false,
             "readlink /proc/self/ns/net; snug exec $TOUR readlink /proc/self/ns/net", "two different numbers",
             "That is all that makes a container: other numbers in /proc/PID/ns. 'man 7 namespaces' has the list.", are_namespaces_apart},
    Exercise{"Lose the network", "Have a container without a way out, and list its network devices.", false,
             "snug run --network none host tail -n +3 /proc/net/dev", "one line, of 'lo'",
             "The cards are still in the machine. They belong to a network namespace, and that is another one.", is_lonely},
    Exercise{"Break the machine, and do not", "Remove the list of users in there. Then look for it in both places.", false,
             "snug exec $TOUR sh -c 'rm /etc/passwd; ls /etc/passwd'; ls /etc/passwd", "'No such file' in there, and '/etc/passwd' as ever out here",
             "The container's root is this machine's, copy-on-write: what is written goes into a folder of its own, and away with it.", is_gone_inside_only},
    Exercise{"Hit somebody outside", "This very program waits for you outside. Send its process a signal, from in there.", true, "kill -9 $OUTSIDE",
             "'No such process'", "Who has no number in your PID namespace cannot be named, and so not be hit.", is_nobody},
    Exercise{"Read who you are", "The map says which id in there is which id out here: from, to, how many.", true, "cat /proc/self/uid_map",
             "a line that says: 0 is your own id",
             "Root in there is you out here, with all that you may do and nothing that you may not. That is why nobody had to ask root.", is_map,
             "With sub-ids there would be a second line, for the other users in there; 'snug doctor' tells how to get some."},
    Exercise{"Read what was done", "All of this was a plan before it was done. Find the call that changed the root.", false,
             "snug plan host true | grep pivot_root", "a line with pivot_root(\".\", \".\")",
             "'snug plan' prints each step with its calls and reasons, --sh makes a script of it that needs no snug, and --verify "
             "watches whether the kernel was asked for that and nothing else.",
             has_pivot},
};

}  // namespace

std::span<const Exercise> tour_exercises() { return exercises; }

}  // namespace snug::commands
