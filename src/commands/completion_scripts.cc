// Names come from strangers, who may have put the syntax of a shell into them: whatever is offered is quoted, by the shell where it
// does that by itself, and nothing of it is ever evaluated.

#include "completion_scripts.hh"

namespace snug::commands {
namespace {

// bash splits words at ':' and '=', and replaces only what is behind the last of them, its second argument. Where names of
// files alone are offered, or a quote is open, readline quotes; it would put a backslash in front of each ':' as well.
constexpr std::string_view bash = R"script(# bash completion for snug; 'snug completion bash' prints it.

_snug() {
  local files from typed words word prefix quote=%q
  COMPREPLY=()
  { read -r files from; IFS= read -r typed; mapfile -t words; } \
    < <(snug completion line "snug ${COMP_LINE:${#COMP_WORDS[0]}:COMP_POINT-${#COMP_WORDS[0]}}" 2>/dev/null)
  if ((${#words[@]} == 0)) || [[ ${COMP_WORDS[COMP_CWORD]} == [\"\']* ]]; then
    compopt -o filenames
    quote=%s
  fi
  prefix=${typed%"${2//\\/}"}
  case $files in
    files) mapfile -t -O ${#words[@]} words < <(compgen -f -P "${typed:0:from}" -- "${typed:from}") ;;
    folders) mapfile -t -O ${#words[@]} words < <(compgen -d -P "${typed:0:from}" -- "${typed:from}") ;;
  esac
  for word in "${words[@]}"; do
    word=${word%%$'\t'*}
    [[ $quote == %q && $files == files && -d $word ]] && word+=/
    printf -v word "$quote" "${word#"$prefix"}"
    COMPREPLY+=("$word")
  done
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=/] ]] && compopt -o nospace
  return 0
}

complete -F _snug snug
)script";

constexpr std::string_view zsh = R"script(#compdef snug
# zsh completion for snug; 'snug completion zsh' prints it.

_snug() {
  local line word files from
  local -a lines ended continued
  lines=("${(@f)$(snug completion words "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  read -r files from <<<"$lines[1]"
  for line in "${(@)lines[3,-1]}"; do
    word=${line%%$'\t'*}
    line=${${word//\\/\\\\}//:/\\:}:${line#*$'\t'}
    [[ $word == *[:=/] ]] && continued+=("$line") || ended+=("$line")
  done
  _describe -V 'snug' ended -- continued -S ''
  case $files in
    files) compset -P "${(l:$from::?:)}"; _files ;;
    folders) compset -P "${(l:$from::?:)}"; _files -/ ;;
  esac
}

if [[ $funcstack[1] == _snug ]]; then _snug "$@"; else compdef _snug snug; fi
)script";

constexpr std::string_view fish = R"script(# fish completion for snug; 'snug completion fish' prints it.

function __snug_complete
    set -l words (commandline -opc)
    set -l raw (commandline -ct)
    set -l typed (string unescape -- "$raw"; or echo -- "$raw")
    set -l lines (snug completion words $words[2..] "$typed" 2>/dev/null)
    set -q lines[1]; or return
    set -l head (string split ' ' -- $lines[1])
    set -q lines[3]; and printf '%s\n' $lines[3..]
    test $head[1] = none; and return
    set -l front (string sub -l $head[2] -- "$raw")
    set -l paths (complete -C "'' "(string sub -s (math $head[2] + 1) -- "$raw") | string replace -r '\t.*' '')
    test $head[1] = folders; and set paths (string match -- '*/' $paths)
    set -q paths[1]; and printf '%s\n' $front$paths
end

complete -c snug -f -a '(__snug_complete)'
)script";

}  // namespace

std::optional<std::string_view> find_completion_script(std::string_view shell) {
  if (shell == "bash") return bash;
  if (shell == "zsh") return zsh;
  if (shell == "fish") return fish;
  return {};
}

}  // namespace snug::commands
