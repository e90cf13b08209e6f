#include "snug/cli/help.hh"

#include <algorithm>

#include "snug/base/text.hh"

namespace snug::cli {
namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t help_column = 30;

// Lines with two blanks between words are a table's, and stay as they are.
std::string flowed(std::string_view text) {
  std::string out, prose;
  const auto flush = [&] {
    if (!prose.empty()) out += wrapped(prose, page_width) + "\n";
    prose.clear();
  };
  for (const std::string& line : split(text, '\n')) {
    if (line.find("  ") == std::string::npos) {
      prose += (prose.empty() ? "" : " ") + line;
      continue;
    }
    flush();
    out += line + "\n";
  }
  flush();
  return out;
}

std::string synopsis(const Command& command) {
  std::string text = format("snug {} [OPTION...]", command.name);
  if (!command.operands.empty()) text += format(" {}", command.operands);
  return text;
}

std::string option_line(const Option& option) {
  std::string line = option.letter != 0 ? format("  -{}, --{}", option.letter, option.name)
                                        : format("      --{}", option.name);
  if (!option.is_flag()) line += format(" {}", option.argument);
  if (line.size() + 2 > help_column) line += "\n";
  const std::size_t used = line.back() == '\n' ? 0 : line.size();
  line.append(help_column - used, ' ');
  return line + wrapped(option.help, page_width, help_column, help_column) + "\n";
}

std::vector<const Option*> visible_options(const Command& command) {
  std::vector<const Option*> options = options_of(command);
  std::erase_if(options, [](const Option* option) { return option->hidden; });
  std::sort(options.begin(), options.end(), [](auto* a, auto* b) { return a->name < b->name; });
  return options;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent, std::size_t column) {
  std::string out;
  std::string one_line(text);
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  for (const std::string& word : split(one_line, ' ')) {
    const bool first = out.empty();
    if (!first && column + 1 + word.size() > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string render_help(const Command& command) {
  std::string text = format("Usage: {}\n\n", synopsis(command));
  text += flowed(command.description.empty() ? command.summary : command.description) + "\nOptions:\n";
  for (const Option* option : visible_options(command)) text += option_line(*option);
  return text;
}

std::string render_overview(std::string_view about, CommandTable commands) {
  std::vector<std::vector<std::string>> rows;
  for (const Command* command : commands)
    rows.push_back({format("  {}", command->name), std::string(command->summary)});
  return format("Usage: snug COMMAND [OPTION...] [WORD...]\n\n{}\n\nCommands:\n{}\n", wrapped(about, page_width),
                render_columns(rows)) +
         "'snug COMMAND --help' says more; 'man snug' says all.\n";
}

std::string render_tables(CommandTable commands) {
  const auto or_dash = [](std::string_view text) { return text.empty() ? std::string_view("-") : text; };
  std::string text;
  for (const Command* command : commands) {
    text += format("{}\t-\t-\t{}\t{}\n", command->name, or_dash(command->operands), command->summary);
    for (const Option* option : visible_options(*command))
      text += format("{}\t{}\t{}\t{}\t{}\n", command->name,
                     option->letter != 0 ? format("-{}", option->letter) : std::string("-"),
                     format("--{}", option->name), or_dash(option->argument), option->help);
  }
  return text;
}

}  // namespace snug::cli
