#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "commands.hh"
#include "looking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"
#include "watching.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "ascii", .help = "draw with ASCII alone"},
    cli::Option{.name = "compare", .help = "tell what separates the two that are named; 'host' is one, too"},
    cli::Option{.name = "dot", .help = "print the picture in the language of graphviz"},
    cli::Option{.name = "inodes", .help = "show the inode of each namespace"},
    cli::Option{.name = "json", .help = "print JSON"},
    cli::Option{.name = "svg", .argument = "FILE", .help = "write the picture into FILE, for a talk; '-' is standard output", .completer = {cli::Complete::file}},
    cli::Option{.name = "watch", .letter = 'w', .help = "draw again each second, until Ctrl-C"},
};

void write_file(const std::string& path, std::string_view text) {
  if (path == "-") return print(text);
  const sys::Fd file = sys::open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0666);
  if (const int error = sys::write_all(file.get(), text)) throw system_error(format("write {}", quoted(path)), error);
}

explain::Picture take_picture(const cli::Invocation& invocation, bool gathered) {
  explain::Picture picture = take_look(invocation.environment).picture;
  look_inside(picture);
  if (gathered) explain::gather_alike(picture);
  read_words(picture.groups);
  return picture;
}

std::string render_machine(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.flag("json")) return explain::render_picture_json(take_picture(invocation, false));
  if (arguments.flag("dot")) return explain::render_picture_dot(take_picture(invocation, true));
  return explain::render_picture(take_picture(invocation, true), style_of(invocation));
}

std::string render_named(const cli::Invocation& invocation) {
  const Look look = take_look(invocation.environment);
  std::string text;
  for (const std::string& typed : invocation.arguments.operands) {
    const Sought sought = find_sought(look, invocation.environment, typed);
    if (!text.empty()) text += "\n";
    text += invocation.arguments.flag("json") ? explain::render_group_json(look.picture, sought.group, sought.process)
                                              : explain::render_group(look.picture, sought.group, sought.process, style_of(invocation));
  }
  return text;
}

std::string compare(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  const Look look = take_look(invocation.environment);
  std::array<explain::Side, 2> sides;
  for (std::size_t at = 0; at < 2; ++at) {
    Sought sought = find_sought(look, invocation.environment, operands[at]);
    sides[at] = {.name = parse_number(operands[at]) ? format("{} {}", sought.process.name, sought.process.pid) : operands[at],
                 .process = std::move(sought.process), .insides = *std::move(sought.group.insides), .networks = sought.group.record ? sought.group.record->networks : std::vector<std::string>{}};
  }
  return invocation.arguments.flag("json") ? explain::render_comparison_json(sides[0], sides[1]) : explain::render_comparison(sides[0], sides[1], style_of(invocation));
}

// What cannot be had at once.
void check(const cli::Arguments& arguments) {
  const bool svg = arguments.find("svg") != nullptr, dot = arguments.flag("dot"), json = arguments.flag("json"), watching = arguments.flag("watch");
  if (svg + dot + json + watching > 1) throw UsageError("of --dot, --json, --svg and --watch one can be had at once");
  if ((svg || dot) && (!arguments.operands.empty() || arguments.flag("compare"))) throw UsageError(format("--{} draws the whole machine, and takes no names", svg ? "svg" : "dot"));
  if (arguments.flag("compare") && arguments.operands.size() != 2) throw UsageError("--compare needs two names or numbers", "snug walls --compare NAME host");
}

int walls(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  check(arguments);
  const auto draw = [&] { return arguments.flag("compare") ? compare(invocation) : arguments.operands.empty() ? render_machine(invocation) : render_named(invocation); };
  if (const std::string* file = arguments.find("svg")) write_file(*file, explain::render_picture_svg(take_picture(invocation, true)));
  else if (arguments.flag("watch")) watch(draw);
  else print(draw());
  return 0;
}

}  // namespace

constinit const cli::Command walls_command{
    .name = "walls",
    .summary = "draw what runs on this machine, and the walls around it",
    .operands = "[CONTAINER|PID...]",
    .description = "Draws every group of processes that has namespaces of its own as a box on the one kernel, whatever\n"
                   "made it: with its processes, its walls and its doors. Those who have no walls, engines and helpers\n"
                   "too, stand beside. Of what is named everything is told: ids, mounts, capabilities, and the path of\n"
                   "a system call. What may not be read is shown as not readable.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = walls};

}  // namespace snug::commands
