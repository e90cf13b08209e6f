#include "log_line.hh"

#include <algorithm>

#include "snug/base/base64.hh"
#include "snug/base/json.hh"
#include "snug/base/time.hh"
#include "snug/base/utf8.hh"

namespace snug::runtime {
namespace {

constexpr LogTime second = 1'000'000'000;

// JSON's escapes; false where something had to be replaced.
bool append_escaped(std::string& out, std::string_view text) {
  bool whole = true;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const unsigned char byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\xef\xbf\xbd";
      whole = false;
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += format("\\u{:04x}", byte);
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.substr(0, length);
    }
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
  const auto whole = parse_time(text);
  if (!whole) return {};
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
