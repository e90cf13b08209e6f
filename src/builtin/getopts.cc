// getopts: what stands in the parameters is taken one option a call.

#include <optional>

#include "session.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

/// What one call finds.
struct Found {
  char letter;  ///< '?': no option that there is; ':': its value is missing, and it is the caller who says so
  std::optional<std::string> value = {};  ///< of OPTARG
};

/// Goes on where the last call stopped.
class Taker {
 public:
  Taker(Session& session, std::string_view letters, std::vector<std::string> words)
      : session_(session), silent_(letters.starts_with(':')), letters_(letters.substr(silent_)), words_(std::move(words)) {
    const auto index = parse_number(session.value("OPTIND"));
    index_ = index && *index > 0 ? *index - 1 : 0;
    place_ = index ? session.option_place : 0;
  }

  // Nothing behind the last one.
  std::optional<Found> take() {
    if (place_ == 0) {
      if (index_ >= words_.size() || words_[index_].size() < 2 || words_[index_][0] != '-') return {};
      if (words_[index_] == "--") return ++index_, std::nullopt;
      place_ = 1;
    }
    if (index_ >= words_.size() || place_ >= words_[index_].size()) return next_word(), take();
    const char letter = words_[index_][place_++];
    const std::string shown = printable(std::string(1, letter));
    const std::size_t known = letter == ':' ? std::string_view::npos : letters_.find(letter);
    const bool takes_value = known != std::string_view::npos && letters_.substr(known + 1, 1) == ":";
    std::string rest = words_[index_].substr(place_);
    if (takes_value || rest.empty()) next_word();
    if (known == std::string_view::npos) return fault('?', letter, format("there is no option -{} here", shown));
    if (!takes_value) return Found{letter};
    if (rest.empty() && index_ >= words_.size()) return fault(':', letter, format("-{} needs a value", shown));
    if (rest.empty()) rest = words_[index_++];
    return Found{letter, rest};
  }

  void keep() {
    session_.set("OPTIND", format("{}", index_ + 1));
    session_.option_place = place_;
  }

 private:
  void next_word() {
    ++index_;
    place_ = 0;
  }

  Found fault(char kind, char letter, std::string_view text) const {
    if (silent_) return {kind, std::string(1, letter)};
    static_cast<void>(sys::write_all(2, format("{}: {}\n", printable(session_.name), text)));
    return {'?', {}};
  }

  Session& session_;
  bool silent_;
  std::string_view letters_;
  std::vector<std::string> words_;
  std::size_t index_ = 0, place_ = 0;
};

}  // namespace

int take_option(Call& call) {
  if (call.words.size() < 3) throw Failure("letters and the name of a variable are needed", 2);
  const std::string letters = call.words[1], name = call.words[2];
  if (!is_name(name)) throw Failure(format("{} is no name of a variable", quoted(name)), 2);
  Taker taker(call.session, letters, call.words.size() > 3 ? std::vector(call.words.begin() + 3, call.words.end()) : call.session.parameters);
  const auto found = taker.take();
  taker.keep();
  call.session.set(name, std::string(1, found ? found->letter : '?'));
  if (found && found->value) call.session.set("OPTARG", *found->value);
  else call.session.unset("OPTARG");
  return found ? 0 : 1;
}

}  // namespace snug::builtin
