#include <array>

#include "keys.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "values.hh"

namespace snug::commands {
namespace {

constexpr std::uint32_t id_end = 1U << 31U;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A name, or a number in its one spelling: what looks like a number is never looked up as a name.
std::string parse_name_or_id(std::string_view what, std::string_view text) {
  constexpr std::string_view rest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-@$";
  if (is_digits(text)) return format("{}", parse_id(text));
  if (text.empty() || text[0] == '-' || text[0] == '.' ||
      text.find_first_not_of(rest) != std::string_view::npos)
    throw UsageError(format("{} is neither the name nor the number of a {}", quoted(text), what));
  return std::string(text);
}

constexpr std::string_view container = "container:";

using Keep = plan::IdMapChoice;
constexpr std::array keep_keys = std::to_array<Key<Keep>>({
    {"uid", Key<Keep>::Value::needed,
     [](auto& keep, auto value) { keep.keep_uid = ContainerId{parse_id(value)}; }},
    {"gid", Key<Keep>::Value::needed,
     [](auto& keep, auto value) { keep.keep_gid = ContainerId{parse_id(value)}; }},
});

}  // namespace

std::uint32_t parse_id(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number >= id_end)
    throw UsageError(
        format("{} is no id: a decimal number below {}, without sign or leading zero", quoted(text), id_end));
  return static_cast<std::uint32_t>(*number);
}

plan::IdRange parse_id_range(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 3) throw UsageError("it has to be CONTAINER:HOST:COUNT");
  const plan::IdRange range{{parse_id(parts[0])}, {parse_id(parts[1])}, parse_id(parts[2])};
  if (range.count == 0) throw UsageError("the count is 0");
  if (range.inside.value + range.count > id_end || range.outside.value + range.count > id_end)
    throw UsageError(format("the range ends past the last id, {}", id_end - 1));
  return range;
}

plan::NamespaceChoice parse_namespace(std::string_view text, std::string_view folder) {
  if (text == "private") return plan::NewNamespace{};
  if (text == "host") return plan::HostNamespace{};
  if (text.starts_with("ns:")) return plan::JoinNamespace{parse_host_path(text.substr(3), folder)};
  if (text.starts_with(container)) return plan::JoinNamespace{{}, parse_name(text.substr(container.size()))};
  refuse_word("choice", text, {"private", "host", "container:NAME", "ns:PATH"});
}

UserNamespace parse_userns(std::string_view text, std::string_view folder) {
  using Mode = plan::IdMapChoice::Mode;
  if (text == "root") return {plan::NewNamespace{}, {.mode = Mode::root}};
  if (text == "single") return {plan::NewNamespace{}, {.mode = Mode::single}};
  if (text == "host") return {plan::HostNamespace{}, {}};
  if (text.starts_with("ns:") || text.starts_with(container)) return {parse_namespace(text, folder), {}};
  if (text == "keep-id" || text.starts_with("keep-id:")) {
    plan::IdMapChoice ids{.mode = Mode::keep_id};
    if (text.size() > 7) set_keys<Keep>(ids, "key of keep-id", keep_keys, text.substr(8));
    return {plan::NewNamespace{}, ids};
  }
  refuse_word("choice", text, {"root", "keep-id", "single", "host", "container:NAME", "ns:PATH"});
}

plan::UserChoice parse_user(std::string_view text) {
  const std::size_t colon = text.find(':');
  plan::UserChoice choice{.user = parse_name_or_id("user", text.substr(0, colon))};
  if (colon != std::string_view::npos) choice.group = parse_name_or_id("group", text.substr(colon + 1));
  return choice;
}

std::string parse_group(std::string_view text) { return parse_name_or_id("group", text); }

std::string parse_capability(std::string_view text) {
  std::string name;
  for (const char c : text) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (name.starts_with("CAP_")) name.erase(0, 4);
  if (name.empty() || name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string::npos)
    throw UsageError(format("{} is no capability", quoted(text)), "capabilities(7) lists them");
  return name;
}

}  // namespace snug::commands
