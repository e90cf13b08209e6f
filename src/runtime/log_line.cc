#include "log_line.hh"

#include <algorithm>
#include <limits>

#include "snug/base/base64.hh"
#include "snug/base/json.hh"
#include "snug/base/time.hh"
#include "snug/base/utf8.hh"

namespace snug::runtime {
namespace {

constexpr LogTime second = 1'000'000'000;

// Appends the character at the front of `text`, and gives its length; 0 where it had to be replaced.
std::size_t append_odd(std::string& out, std::string_view text) {
  const std::size_t length = utf8_length(text);
  const char byte = text.front();
  if (length == 0)
    out += "\xef\xbf\xbd";
  else if (length > 1)
    out += text.substr(0, length);
  else if (byte == '\n')
    out += "\\n";
  else if (byte == '"' || byte == '\\')
    (out += '\\') += byte;
  else
    out += format("\\u{:04x}", static_cast<unsigned char>(byte));
  return length;
}

bool is_plain(char byte) { return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\'; }

// JSON's escapes; false where something had to be replaced.
bool append_escaped(std::string& out, std::string_view text) {
  bool whole = true;
  while (!text.empty()) {
    std::size_t length = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    if (length == 0) length = append_odd(out, text);
    else out += text.substr(0, length);
    whole = whole && length > 0;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return whole;
}

}  // namespace

std::string render_log_time(LogTime time) {
  std::string text = render_time(time / second);
  text.insert(text.size() - 1, format(".{:09}", time % second));
  return text;
}

std::optional<LogTime> parse_log_time(std::string_view text) {
  constexpr std::int64_t latest = std::numeric_limits<LogTime>::max() / second - 2 * 86400;  // of whatever zone
  const auto whole = parse_time(text);
  if (!whole || *whole > latest || *whole < -latest) return {};
  LogTime fraction = 0;
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    LogTime unit = second / 10;
    for (std::size_t at = dot + 1; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) fraction += (text[at] - '0') * unit;
  }
  return *whole * second + fraction;
}

void append_log_line(std::string& out, std::string_view text, std::string_view stream, std::string_view time) {
  out += R"({"log":")";
  const bool whole = append_escaped(out, text);
  out += format(R"(","stream":"{}","time":"{}")", stream, time);
  if (!whole) out += format(R"(,"raw":"{}")", to_base64(text));
  out += "}\n";
}

std::optional<LogLine> parse_log_line(std::string_view line) {
  try {
    const Json json = parse_json(line);
    const auto time = parse_log_time(json.at("time").get<std::string>());
    auto text = json.contains("raw") ? from_base64(json.at("raw").get<std::string>()) : json.at("log").get<std::string>();
    if (!time || !text) return {};
    return LogLine{.text = *std::move(text), .error = json.at("stream") == "stderr", .time = *time};
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace snug::runtime
