#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>

#include "files.hh"
#include "pattern.hh"
#include "runner.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

struct Found {
  std::string path;
  struct stat status {};
  long long depth = 0;
};

using Test = std::function<bool(const Found&)>;

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& each : out)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return out;
}

/// What is asked for, as functions of what is found.
class Query {
 public:
  Query(Call& call, std::vector<std::string> words) : call_(call), words_(std::move(words)) {
    test_ = words_.empty() ? Test([](const Found&) { return true; }) : either();
    if (at_ < words_.size()) throw Failure(format("no use for {} here", quoted(words_[at_])), 2);
    if (!acts_)
      test_ = [this, wanted = std::move(test_)](const Found& found) { return wanted(found) && (call_.out.line(call_.out.name(found.path)), true); };
  }

  [[nodiscard]] bool check(const Found& found) const { return test_(found); }

  void finish() {
    for (auto& gathered : gathered_) flush(gathered);
  }

  long long least_deep = 0, most_deep = INT64_MAX;
  bool stays = false, depth_first = false;

 private:
  struct Gathered {
    std::vector<std::string> command, paths;
  };

  [[nodiscard]] bool sees(std::string_view word) const { return at_ < words_.size() && words_[at_] == word; }

  Test either() {
    Test left = both();
    while (sees("-o") || sees("-or")) {
      ++at_;
      left = [left, right = both()](const Found& found) { return left(found) || right(found); };
    }
    return left;
  }

  Test both() {
    Test left = negated();
    while (at_ < words_.size() && !sees("-o") && !sees("-or") && !sees(")")) {
      if (sees("-a") || sees("-and")) ++at_;
      left = [left, right = negated()](const Found& found) { return left(found) && right(found); };
    }
    return left;
  }

  Test negated() {
    if (at_ >= words_.size()) throw Failure("something is missing at the end", 2);
    const std::string word = words_[at_++];
    if (word == "!" || word == "-not") return [inner = negated()](const Found& found) { return !inner(found); };
    if (word != "(") return primary(word);
    Test inner = either();
    if (!sees(")")) throw Failure("')' is missing", 2);
    ++at_;
    return inner;
  }

  std::string value(const std::string& option) {
    if (at_ >= words_.size()) throw Failure(format("{} needs a value", option), 2);
    return words_[at_++];
  }

  // +N more, -N fewer, N just so many.
  std::function<bool(long long)> number(std::string text) {
    const char sign = text.empty() ? ' ' : text[0];
    if (sign == '+' || sign == '-') text.erase(0, 1);
    return [sign, wanted = number_of(text)](long long found) { return sign == '+' ? found > wanted : sign == '-' ? found < wanted : found == wanted; };
  }

  Test primary(const std::string& word) {
    if (auto test = of_name(word)) return test;
    if (auto test = of_status(word)) return test;
    if (auto test = of_action(word)) return test;
    const Test always = [](const Found&) { return true; };
    if (word == "-maxdepth") return most_deep = number_of(value(word)), always;
    if (word == "-mindepth") return least_deep = number_of(value(word)), always;
    if (word == "-xdev" || word == "-mount") return stays = true, always;
    if (word == "-depth") return depth_first = true, always;
    if (word == "-true") return always;
    throw Failure(format("{} is not among the tests here; 'help find' tells those that are", quoted(word)), 2);
  }

  Test of_name(const std::string& word) {
    if (word == "-name") return [pattern = value(word)](const Found& found) { return matches(pattern, base_name(found.path)); };
    if (word == "-iname") return [pattern = lowered(value(word))](const Found& found) { return matches(pattern, lowered(base_name(found.path))); };
    if (word == "-path" || word == "-wholename") return [pattern = value(word)](const Found& found) { return matches(pattern, found.path); };
    if (word == "-lname") return [pattern = value(word)](const Found& found) { return S_ISLNK(found.status.st_mode) && matches(pattern, link_of(found.path)); };
    return {};
  }

  Test of_status(const std::string& word) {
    if (word == "-type") return [letter = value(word)](const Found& found) { return letter == (S_ISREG(found.status.st_mode) ? "f" : mode_text(found.status.st_mode).substr(0, 1)); };
    if (word == "-links") return [test = number(value(word))](const Found& found) { return test(static_cast<long long>(found.status.st_nlink)); };
    if (word == "-inum") return [test = number(value(word))](const Found& found) { return test(static_cast<long long>(found.status.st_ino)); };
    if (word == "-user") return [uid = accounts_.find_user(value(word))](const Found& found) { return found.status.st_uid == uid; };
    if (word == "-group") return [gid = accounts_.find_group(value(word))](const Found& found) { return found.status.st_gid == gid; };
    if (word == "-size") return of_size(value(word));
    if (word == "-perm") return of_mode(value(word));
    if (word == "-newer") return of_age(value(word));
    if (word == "-mtime" || word == "-mmin")
      return [test = number(value(word)), unit = word == "-mmin" ? 60 : 86400, now = ::time(nullptr)](const Found& found) { return test((now - found.status.st_mtim.tv_sec) / unit); };
    if (word == "-empty") return [](const Found& found) { return is_empty(found); };
    return {};
  }

  static bool is_empty(const Found& found) {
    if (!S_ISDIR(found.status.st_mode)) return S_ISREG(found.status.st_mode) && found.status.st_size == 0;
    try {
      return list_folder(found.path).empty();
    } catch (const Failure&) {  // it is told when it is gone into
      return false;
    }
  }

  Test of_size(std::string text) {
    static constexpr std::string_view units = "cwbkMG";
    static constexpr std::array<long long, 6> sizes{1, 2, 512, 1024, 1 << 20, 1 << 30};
    const std::size_t unit = text.empty() ? std::string_view::npos : units.find(text.back());
    if (unit != std::string_view::npos) text.pop_back();
    const long long size = unit == std::string_view::npos ? 512 : sizes[unit];
    return [test = number(text), size](const Found& found) { return test((found.status.st_size + size - 1) / size); };
  }

  Test of_mode(std::string text) {
    const char sign = text.empty() ? ' ' : text[0];
    if (sign == '-' || sign == '/') text.erase(0, 1);
    const mode_t wanted = parse_mode(text, 0, false);
    return [sign, wanted](const Found& found) {
      const mode_t mode = found.status.st_mode & 07777U;
      return sign == '-' ? (mode & wanted) == wanted : sign == '/' ? wanted == 0 || (mode & wanted) : mode == wanted;
    };
  }

  Test of_age(const std::string& path) {
    const auto like = find_stat(path, true);
    if (!like) throw failure(path, errno);
    return [time = like->st_mtim](const Found& found) {
      const timespec& own = found.status.st_mtim;
      return own.tv_sec != time.tv_sec ? own.tv_sec > time.tv_sec : own.tv_nsec > time.tv_nsec;
    };
  }

  Test of_action(const std::string& word) {
    if (word != "-print" && word != "-print0" && word != "-delete" && word != "-exec" && word != "-ls") return {};
    acts_ = true;
    if (word == "-print") return [this](const Found& found) { return call_.out.line(call_.out.name(found.path)), true; };
    if (word == "-print0") return [this](const Found& found) { return call_.out.put(found.path), call_.out.put(std::string_view("\0", 1)), true; };
    if (word == "-ls")
      return [this](const Found& found) {
        return call_.out.line(format("{} {} {:>9} {} {}", mode_text(found.status.st_mode), call_.out.name(accounts_.user(found.status.st_uid)), found.status.st_size,
                                     time_text(found.status.st_mtim.tv_sec), call_.out.name(found.path))), true;
      };
    if (word == "-exec") return of_command();
    depth_first = true;
    return [this](const Found& found) {
      const int result = S_ISDIR(found.status.st_mode) ? ::rmdir(found.path.c_str()) : ::unlink(found.path.c_str());
      if (result != 0) call_.complain(found.path, errno);
      return result == 0;
    };
  }

  Test of_command() {
    std::vector<std::string> command;
    while (!sees(";") && !(sees("+") && !command.empty() && command.back() == "{}")) command.push_back(value("-exec"));
    const bool gathers = words_[at_++] == "+";
    if (command.empty()) throw Failure("-exec needs a command", 2);
    if (!gathers) return [this, command](const Found& found) { return run(command, {found.path}) == 0; };
    command.pop_back();
    gathered_.push_back(std::make_unique<Gathered>(Gathered{command, {}}));
    return [this, gathered = gathered_.back().get()](const Found& found) {
      gathered->paths.push_back(found.path);
      return true;
    };
  }

  void flush(const std::unique_ptr<Gathered>& gathered) {
    constexpr std::size_t most = 1000;
    for (std::size_t at = 0; at < gathered->paths.size(); at += most) {
      std::vector<std::string> words = gathered->command;
      const auto front = gathered->paths.begin() + static_cast<std::ptrdiff_t>(at);
      words.insert(words.end(), front, front + static_cast<std::ptrdiff_t>(std::min(most, gathered->paths.size() - at)));
      if (run(words, {}) != 0) call_.status = 1;
    }
  }

  int run(std::vector<std::string> words, const std::vector<std::string>& paths) {
    for (std::string& word : words)
      if (word == "{}" && !paths.empty()) word = paths[0];
    call_.out.flush();
    return call_.runner.run_words(std::move(words));
  }

  Call& call_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  Accounts accounts_;
  bool acts_ = false;
  std::vector<std::unique_ptr<Gathered>> gathered_;
  Test test_;
};

void walk(Call& call, const Query& query, const Found& found, dev_t device) {
  const bool shown = found.depth >= query.least_deep;
  if (shown && !query.depth_first) static_cast<void>(query.check(found));
  if (S_ISDIR(found.status.st_mode) && found.depth < query.most_deep && !(query.stays && found.status.st_dev != device)) {
    std::vector<std::string> names;
    try {
      names = list_folder(found.path);
    } catch (const Failure& problem) {
      call.complain(problem.message());
    }
    for (const std::string& name : names) {
      const std::string path = join_path(found.path, name);
      if (const auto status = find_stat(path)) walk(call, query, {path, *status, found.depth + 1}, device);
      else if (errno != ENOENT) call.complain(path, errno);  // else it has just gone
    }
  }
  if (shown && query.depth_first) static_cast<void>(query.check(found));
}

}  // namespace

int find_files(Call& call) {
  std::vector<std::string> paths;
  std::size_t at = 1;
  for (; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    if (word.starts_with('-') || word == "(" || word == "!") break;
    paths.push_back(word);
  }
  if (paths.empty()) paths.emplace_back(".");
  Query query(call, {call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end()});
  for (const std::string& path : paths) {
    const auto status = find_stat(path);
    if (status) walk(call, query, {path, *status, 0}, status->st_dev);
    else call.complain(path, errno);
  }
  query.finish();
  return call.status;
}

}  // namespace snug::builtin
