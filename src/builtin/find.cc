#include <algorithm>
#include <cerrno>

#include "query.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

/// Which links are followed: none, those on the command line with -H, or all with -L.
enum class Links { none, named, all };

class Walk {
 public:
  Walk(Call& call, Query& query, Links links) : call_(call), query_(query), links_(links) {}

  void start(const std::string& path) {
    auto status = find_stat(path, links_ != Links::none);
    if (!status && links_ != Links::none) status = find_stat(path);
    if (!status) return call_.complain(path, errno);
    device_ = status->st_dev;
    visit({path, *status, 0, path.size() - path.ends_with('/')});
  }

 private:
  void visit(const Found& found) {
    const bool shown = found.depth >= query_.least_deep;
    if (shown && !query_.depth_first) static_cast<void>(query_.check(found));
    const bool pruned = query_.take_prune();
    if (S_ISDIR(found.status.st_mode) && !pruned && found.depth < query_.most_deep && !(query_.stays && found.status.st_dev != device_)) enter(found);
    if (shown && query_.depth_first) static_cast<void>(query_.check(found)), static_cast<void>(query_.take_prune());
  }

  void enter(const Found& found) {
    try {
      above_.enter(found.path, found.status, [&] { visit_all(found, list_folder(found.path)); });
    } catch (const Failure& problem) {
      call_.complain(problem.message());
    }
  }

  void visit_all(const Found& found, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const std::string path = join_path(found.path, name);
      auto status = find_stat(path, links_ == Links::all);
      if (!status && links_ == Links::all) status = find_stat(path);
      if (status) visit({path, *status, found.depth + 1, found.start});
      else if (errno != ENOENT) call_.complain(path, errno);  // else it has just gone
    }
  }

  Call& call_;
  Query& query_;
  Links links_;
  dev_t device_ = 0;
  Above above_;
};

}  // namespace

int find_files(Call& call) {
  Links links = Links::none;
  std::size_t at = 1;
  for (; at < call.words.size() && (call.words[at] == "-L" || call.words[at] == "-H" || call.words[at] == "-P"); ++at)
    links = call.words[at] == "-L" ? Links::all : call.words[at] == "-H" ? Links::named : Links::none;
  std::vector<std::string> paths;
  for (; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    if (word.starts_with('-') || word == "(" || word == "!") break;
    paths.push_back(word);
  }
  if (paths.empty()) paths.emplace_back(".");
  Query query(call, {call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end()}, links == Links::all);
  try {
    Walk walk(call, query, links);
    for (const std::string& path : paths) walk.start(path);
  } catch (const Quit&) {
  }
  query.finish();
  return call.status;
}

}  // namespace snug::builtin
