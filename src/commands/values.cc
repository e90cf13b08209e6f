#include "values.hh"

#include <arpa/inet.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "keys.hh"
#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/image/document.hh"
#include "snug/plan/limits.hh"

namespace snug::commands {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letters_and_digits.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

bool is_blank_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

std::uint64_t parse_limit_value(std::string_view text) {
  if (text == "-1" || text == "unlimited") return RLIM_INFINITY;
  const auto number = parse_number(text);
  if (!number) throw UsageError(format("{} is no limit: a number, or -1 for none", quoted(text)));
  return *number;
}

}  // namespace

void refuse_word(std::string_view what, std::string_view word, std::vector<std::string> known) {
  const auto nearest = find_nearest(word, known);
  throw UsageError(format("{} is no {}", quoted(word), what),
                   nearest ? format("did you mean {}?", *nearest) : format("known: {}", join(known, ", ")));
}

std::optional<plan::Variable> parse_variable(std::string_view text, const Environment& environment) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (name.empty() || std::any_of(name.begin(), name.end(), is_blank_or_control))
    throw UsageError(format("{} is no name of a variable", quoted(name)));
  if (equals != std::string_view::npos)
    return plan::Variable{std::string(name), std::string(text.substr(equals + 1))};
  const auto value = environment.find(name);
  if (!value) return {};
  return plan::Variable{std::string(name), std::string(*value)};
}

std::vector<plan::Variable> parse_variables(std::string_view text, std::string_view file,
                                            const Environment& environment) {
  std::vector<plan::Variable> variables;
  unsigned number = 0;
  for (std::string_view line : lines(text)) {
    ++number;
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line == "\r" || line.starts_with('#')) continue;
    if (line.find('\0') != std::string_view::npos)
      throw UsageError(format("{}:{} holds a zero byte", printable(file), number));
    try {
      if (auto variable = parse_variable(line, environment)) variables.push_back(*std::move(variable));
    } catch (UsageError& error) {
      error.during(format("reading {}:{}", printable(file), number));
      throw;
    }
  }
  return variables;
}

plan::ResourceLimit parse_limit(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const auto* known = std::find_if(plan::limit_names.begin(), plan::limit_names.end(), [&](auto& limit) { return limit.name == name; });
  if (known == plan::limit_names.end()) {
    std::vector<std::string> names;
    for (const plan::LimitName& limit : plan::limit_names) names.emplace_back(limit.name);
    refuse_word("limit", name, std::move(names));
  }
  if (equals == std::string_view::npos) throw UsageError(format("it has to be {}=SOFT[:HARD]", name));
  const std::vector<std::string> values = split(text.substr(equals + 1), ':');
  if (values.size() > 2) throw UsageError(format("it has to be {}=SOFT[:HARD]", name));
  const std::uint64_t soft = parse_limit_value(values.front()), hard = parse_limit_value(values.back());
  if (soft > hard) throw UsageError("the soft limit is above the hard one");
  return {.name = std::string(name), .number = known->number, .soft = soft, .hard = hard};
}

std::string parse_address(std::string_view text) {
  const std::string address(text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2)
                                                                         : text);
  in6_addr ignored;
  if (::inet_pton(AF_INET, address.c_str(), &ignored) != 1 &&
      ::inet_pton(AF_INET6, address.c_str(), &ignored) != 1)
    throw UsageError(format("{} is no IPv4 or IPv6 address", quoted(text)), text == "localhost" ? "127.0.0.1" : text == "*" ? "0.0.0.0 is for all of IPv4, [::] for both" : "");
  return address;
}

std::string parse_hostname(std::string_view text) {
  constexpr std::size_t longest = 64;  // of the kernel: __NEW_UTS_LEN
  if (text.empty() || text.size() > longest || text[0] == '-' || text[0] == '.' || !consists_of(text, "-._"))
    throw UsageError(
        format("{} is no host name: up to {} letters, digits, '-', '_' and '.'", quoted(text), longest));
  return std::string(text);
}

plan::HostEntry parse_host_entry(std::string_view text) {
  const std::size_t mark = text.find_first_of(":=");
  if (mark == std::string_view::npos) throw UsageError("it has to be NAME:ADDRESS");
  if (text.substr(mark + 1) == "host-gateway")
    throw UsageError("no address leads to all of the host", "--host-loopback PORT makes host.snug.internal of one port");
  return {parse_hostname(text.substr(0, mark)), parse_address(text.substr(mark + 1))};
}

std::string parse_name(std::string_view text) {
  constexpr std::size_t longest_label = 63;  // of a name that others look up, and of a host name
  if (text.empty() || text.size() > longest_label || text[0] == '-' || text[0] == '.' || text[0] == '_' ||
      !consists_of(text, "-._"))
    throw UsageError(
        format("{} is no name: a letter or digit, then letters, digits, '_', '.' and '-', up to {} together", quoted(text), longest_label));
  return std::string(text);
}

namespace {

// "1.5g", as docker takes it: of a unit that is larger than a byte.
std::optional<std::uint64_t> parse_part_of_unit(std::string_view text) {
  const std::size_t point = text.find('.'), unit = text.find_first_not_of("0123456789", std::min(point, text.size() - 1) + 1);
  if (point == std::string_view::npos || unit == std::string_view::npos || unit == point + 1 || unit > point + 4) return {};
  const auto whole = parse_size(std::string(text.substr(0, point)) + std::string(text.substr(unit))), one = parse_size("1" + std::string(text.substr(unit)));
  const auto thousandths = parse_number("1" + std::string(text.substr(point + 1, unit - point - 1)) + std::string(point + 4 - unit, '0'));  // after a 1, or 0.05 would be none
  if (!whole || !one || *one == 1 || !thousandths) return {};
  return *whole + *one / 1000 * (*thousandths - 1000) + *one % 1000 * (*thousandths - 1000) / 1000;
}

}  // namespace

std::uint64_t parse_bytes(std::string_view text) {
  const auto size = text.find('.') == std::string_view::npos ? parse_size(text) : parse_part_of_unit(text);
  if (!size || *size == 0 || *size > INT64_MAX)
    throw UsageError(format("{} is no size: a number and b, k, m, g or t, such as 64m or 1.5g", quoted(text)));
  return *size;
}

bool parse_shell(std::string_view text) {
  if (text != "builtin") throw UsageError("the shell that can be chosen is 'builtin'", "another one is a COMMAND: snug run ROOTFS /bin/sh");
  return true;
}

std::pair<std::string, std::string> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (text.empty() || equals == 0) throw UsageError("it has to be NAME or NAME=VALUE");
  return {std::string(text.substr(0, equals)), equals == std::string_view::npos ? std::string() : std::string(text.substr(equals + 1))};
}

std::string parse_stop_signal(std::string_view text) {
  if (parse_signal(text)) return std::string(text);
  std::vector<std::string> names;
  for (int signal = 1; signal < 32; ++signal) names.push_back(signal_name(signal)), names.push_back(signal_name(signal).substr(3));
  const auto nearest = find_nearest(text, names);
  throw UsageError(format("{} is no signal", quoted(text)), nearest ? format("did you mean {}?", *nearest) : "signal(7) lists them");
}

unsigned parse_seconds(std::string_view text) {
  const auto seconds = parse_number(text);
  if (!seconds || *seconds > INT32_MAX / 1000) throw UsageError(format("{} is no number of seconds", quoted(text)));
  return static_cast<unsigned>(*seconds);
}

plan::Restart parse_restart(std::string_view text) {
  using When = plan::Restart::When;
  if (text == "no" || text == "never") return {};
  if (text == "always" || text == "unless-stopped") return {.when = When::always};
  if (text == "on-failure") return {.when = When::on_failure};
  constexpr std::string_view counted = "on-failure:";
  if (text.starts_with(counted))
    if (const auto count = parse_number(text.substr(counted.size())); count && *count <= UINT16_MAX)
      return {.when = When::on_failure, .attempts = static_cast<unsigned>(*count)};
  refuse_word("policy", text, {"no", "on-failure", "always", "unless-stopped"});
}

void add_log_option(plan::LogChoice& log, std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals), value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
  if (key == "max-size") {
    log.size = parse_bytes(value);
  } else if (key == "max-file") {
    const auto count = parse_number(value);
    if (!count || *count < 1 || *count > 100) throw UsageError(format("{} is no number of files, 1 to 100", quoted(value)));
    log.files = static_cast<unsigned>(*count);
  } else {
    refuse_word("option of the log", key, {"max-size", "max-file"});
  }
}

bool parse_log_driver(std::string_view text) {
  if (text == "json-file") return true;
  if (text == "none") return false;
  refuse_word("driver", text, {"json-file", "none"});
}

plan::RootEmulation parse_emulation(std::string_view text) {
  using plan::RootEmulation;
  if (text == "auto") return RootEmulation::automatic;
  if (text == "off") return RootEmulation::off;
  if (text == "static") return RootEmulation::stateless;
  if (text == "remembered") return RootEmulation::remembered;
  refuse_word("choice", text, {"auto", "off", "static", "remembered"});
}

plan::Pull parse_pull(std::string_view text) {
  using plan::Pull;
  if (text == "missing") return Pull::missing;
  if (text == "always") return Pull::always;
  if (text == "newer") return Pull::newer;
  if (text == "never") return Pull::never;
  refuse_word("choice", text, {"missing", "always", "newer", "never"});
}

plan::StorageDriver parse_storage(std::string_view text) {
  using plan::StorageDriver;
  if (text == "overlay") return StorageDriver::overlay;
  if (text == "fuse-overlayfs") return StorageDriver::fuse_overlayfs;
  if (text == "copy" || text == "vfs") return StorageDriver::copy;
  refuse_word("driver", text, {"overlay", "fuse-overlayfs", "copy"});
}

std::string parse_platform(std::string_view text) { return image::render_platform(image::parse_platform(text)); }

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> words(1);
  bool quotes = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool starts = words.back().empty() && (at == 0 || text[at - 1] == ',');
    if (!quotes && text[at] == ',') words.emplace_back();
    else if (!quotes && starts && text[at] == '"') quotes = true;
    else if (!quotes || text[at] != '"') words.back() += text[at];
    else if (text.substr(at + 1).starts_with('"')) words.back() += text[++at];
    else quotes = false;
  }
  if (quotes) throw UsageError(format("{}: a double quote is not closed", printable(text)));
  return words;
}

std::vector<std::string> parse_walls(std::string_view text) {
  static constexpr std::array<std::string_view, 10> walls{"groups", "host-root", "idmap", "landlock", "limits", "mounts", "nesting", "network", "program", "storage"};
  std::vector<std::string> found = split(text, ',');
  for (const std::string& word : found)
    if (std::find(walls.begin(), walls.end(), word) == walls.end())
      refuse_word("wall that can be required", word, {walls.begin(), walls.end()});
  return found;
}

}  // namespace snug::commands
