#include "snug/base/json.hh"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug {
namespace {

constexpr std::size_t deepest = 100;

/// Looks at a document while the library reads it, and stops it at what it would take silently: the library's own reader
/// lets the last of two equal names win, where others let the first, and recurses on nothing but keeps every level.
class Guard {
 public:
  bool operator()(int /*depth*/, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    switch (event) {
      case Event::object_start: open(); break;
      case Event::array_start: open(); break;
      case Event::object_end:
      case Event::array_end: names_.pop_back(); break;
      case Event::key:
        if (!names_.back().insert(value.get<std::string>()).second)
          throw Error(format("the name {} stands twice in one object", quoted(value.get<std::string>())));
        break;
      case Event::value: break;
    }
    return true;
  }

 private:
  void open() {
    if (names_.size() >= deepest) throw Error(format("it is more than {} levels deep", deepest));
    names_.emplace_back();
  }

  std::vector<std::set<std::string>> names_;
};

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text.begin(), text.end(), Guard());
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …"
    const std::string_view words = error.what();
    const std::size_t end = words.find("] ");
    throw Error(format("it is no JSON: {}", printable(words.substr(end == std::string_view::npos ? 0 : end + 2, 200))));
  }
}

}  // namespace snug
