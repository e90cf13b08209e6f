#include "snug/base/text.hh"
#include "snug/cli/help.hh"

// The script holds the tables as bash arrays, and one function that walks the typed words as the parser does.
// It splits the line itself, since bash takes ':' and '=' for ends of words, and tar:PATH must stay whole.

namespace snug::cli {
namespace {

constexpr std::string_view script = R"script(
_snug_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

# Offers what a kind of value can be: _snug_value KIND WORD
_snug_value() {
  local kind=$1 word=$2 prefix=
  case $kind in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    folder) compopt -o filenames -o nospace; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    words:*) _snug_words "${kind#words:}" "$word" ;;
    command) _snug_words "${_snug_commands[*]}" "$word" ;;
    containers) _snug_words "$(snug ps --all --format '{{.Names}}' 2>/dev/null)" "$word" ;;
    rootfs)
      compopt -o nospace
      case $word in
        dir:*) mapfile -t COMPREPLY < <(compgen -d -P dir: -- "${word#dir:}") ;;
        tar:*) mapfile -t COMPREPLY < <(compgen -f -P tar: -- "${word#tar:}") ;;
        [./]*) mapfile -t COMPREPLY < <(compgen -d -S / -- "$word") ;;
        *) _snug_words 'host dir: tar:' "$word" ;;
      esac ;;
  esac
  # bash replaces only what follows the last ':' or '='.
  if [[ $word == *[:=]* && $COMP_WORDBREAKS == *:* ]]; then
    prefix=${word%"${word##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
  fi
}

_snug() {
  local line=${COMP_LINE:0:COMP_POINT} words word command wants= operands=0 only_operands= at
  read -ra words <<<"$line"
  [[ $line == *[[:blank:]] ]] && words+=('')
  COMPREPLY=()
  command=${words[1]}
  if ((${#words[@]} == 2)); then
    _snug_words "${_snug_commands[*]} --help --version" "$command"
    return
  fi
  for ((at = 2; at < ${#words[@]} - 1; at++)); do
    word=${words[at]}
    if [[ -n $wants ]]; then
      wants=
    elif [[ -n $only_operands || $word != -?* ]]; then
      operands=$((operands + 1))
      only_operands=$only_operands${_snug_stops[$command]}
    elif [[ $word == -- ]]; then
      only_operands=yes
    elif [[ $word == --* ]]; then
      wants=${_snug_values[$command $word]}
    else
      wants=${_snug_values[$command -${word: -1}]}
    fi
  done
  word=${words[-1]}
  if [[ -n $wants ]]; then
    _snug_value "$wants" "$word"
  elif [[ -z $only_operands && $word == --*=* ]]; then
    _snug_value "${_snug_values[$command ${word%%=*}]:-words:true false}" "${word#*=}"
  elif [[ -z $only_operands && $word == -* ]]; then
    _snug_words "${_snug_options[$command]}" "$word"
  elif ((operands == 0)) || [[ ${_snug_operands[$command]} == containers && -z ${_snug_stops[$command]} ]]; then
    _snug_value "${_snug_operands[$command]:-nothing}" "$word"
  elif [[ -n ${_snug_stops[$command]} ]]; then
    _snug_value file "$word"
  fi
}

complete -F _snug snug
)script";

std::string kind_of(const Completer& completer) {
  switch (completer.kind) {
    case Complete::nothing: return "nothing";
    case Complete::file: return "file";
    case Complete::folder: return "folder";
    case Complete::rootfs: return "rootfs";
    case Complete::command: return "command";
    case Complete::containers: return "containers";
    case Complete::words: return format("words:{}", completer.words);
  }
  return "nothing";
}

std::string entry(std::string_view key, std::string_view value) {
  return format("  [{}]={}\n", shell_quoted(key), shell_quoted(value));
}

// The rows of one bash array, gathered over all commands.
struct Arrays {
  std::string commands, options, values, operands, stops;

  void add(const Command& command) {
    commands += format(" {}", command.name);
    std::string names;
    for (const Option* option : options_of(command)) {
      if (option->hidden) continue;
      names += format("{}--{}", names.empty() ? "" : " ", option->name);
      if (option->is_flag()) continue;
      const std::string kind = kind_of(option->completer);
      values += entry(format("{} --{}", command.name, option->name), kind);
      if (option->letter != 0) values += entry(format("{} -{}", command.name, option->letter), kind);
    }
    options += entry(command.name, names);
    operands += entry(command.name, kind_of(command.completer));
    if (command.stop_at_operand) stops += entry(command.name, "yes");
  }
};

}  // namespace

std::string render_bash_completion(CommandTable commands) {
  Arrays arrays;
  for (const Command* command : commands) arrays.add(*command);
  return format(
             "# bash completion for snug; 'snug completion bash' prints it.\n\n"
             "_snug_commands=({})\n\n"
             "# What each command takes.\ndeclare -gA _snug_options=(\n{})\n\n"
             "# What the value of an option is.\ndeclare -gA _snug_values=(\n{})\n\n"
             "# What the first operand is.\ndeclare -gA _snug_operands=(\n{})\n\n"
             "# Where no option follows the first operand.\ndeclare -gA _snug_stops=(\n{})\n",
             arrays.commands.substr(arrays.commands.empty() ? 0 : 1), arrays.options, arrays.values,
             arrays.operands, arrays.stops) +
         std::string(script);
}

}  // namespace snug::cli
