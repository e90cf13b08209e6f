#include "snug/base/json.hh"

#include <array>
#include <set>
#include <string>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug {
namespace {

constexpr std::size_t deepest = 100;

/// Looks through a document before it is read, for what the library would take silently: it lets the last of two equal names
/// win, where others let the first. (As a callback of the reader itself this would cost the square of the document's size.)
class Guard : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override { return open(); }
  bool start_array(std::size_t /*elements*/) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second) throw Error(format("the name {} stands twice in one object", quoted(name)));
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const Json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …"
    const std::string_view words = error.what();
    const std::size_t end = words.find("] ");
    throw Error(format("it is no JSON: {}", printable(words.substr(end == std::string_view::npos ? 0 : end + 2, 200))));
  }

 private:
  bool open() {
    if (names_.size() >= deepest) throw Error(format("it is more than {} levels deep", deepest));
    names_.emplace_back();
    return true;
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> names_;
};

// What a terminal could act on, of all that is no ASCII: C1, and marks that turn the direction of what follows.
bool is_acted_on(std::string_view text) {
  static constexpr std::array<std::string_view, 2> marks{"\xe2\x80", "\xe2\x81"};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (text.size() >= 2 && byte(0) == 0xc2) return byte(1) < 0xa0;
  if (text.size() < 3) return false;
  if (text.starts_with(marks[0])) return byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xaa && byte(2) <= 0xae);
  return text.starts_with(marks[1]) && byte(2) >= 0xa6 && byte(2) <= 0xa9;
}

}  // namespace

Json parse_json(std::string_view text) {
  Guard guard;
  Json::sax_parse(text.begin(), text.end(), &guard);
  return Json::parse(text.begin(), text.end());
}

std::string render_json(const Json& json) {
  const std::string text = json.dump(2);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (text[at] == '\x7f') {
      out += "\\u007f";
    } else if (is_acted_on(rest)) {
      const bool two = static_cast<unsigned char>(rest[0]) == 0xc2;
      const auto low = [&](std::size_t n) { return static_cast<unsigned>(static_cast<unsigned char>(rest[n])) & 0x3fU; };
      out += format("\\u{:04x}", two ? 0x80U | low(1) : 0x2000U | (low(1) << 6U) | low(2));
      at += two ? 1 : 2;
    } else {
      out += text[at];
    }
  }
  return out + "\n";
}

}  // namespace snug
