#include "lesson.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

namespace snug::explain {
namespace {

using namespace plan;
using Details = std::vector<std::string>;

void add_map(Details& details, std::string_view what, const std::vector<IdRange>& map) {
  for (const IdRange& range : map) {
    const std::uint32_t inside = range.inside.value, outside = range.outside.value, more = range.count - 1;
    details.push_back(range.count == 1
                          ? format("{0} {1} inside is {0} {2} outside", what, inside, outside)
                          : format("{0}s {1}-{2} inside are {0}s {3}-{4} outside", what, inside, inside + more, outside,
                                   outside + more));
  }
}

// Of the accounts and groups all but the last line are the root's own, which nobody wants to read here.
void add_file(Details& details, const MakeFiles::File& file) {
  if (!is_utf8(file.content)) return details.push_back(format("{}: {} bytes that are no text", file.name, file.content.size()));
  const std::vector<std::string_view> all = lines(file.content);
  const std::size_t skipped = (file.name == "passwd" || file.name == "group") && !all.empty() ? all.size() - 1 : 0;
  if (skipped) details.push_back(format("{}: (the root's own, {} lines)", file.name, skipped));
  for (std::size_t at = skipped; at < all.size(); ++at)
    details.push_back(format("{}: {}", file.name, printable(all[at])));
}

// Packs words into lines.
Details pack(const std::vector<std::string>& words) {
  constexpr std::size_t width = 80;
  Details rows;
  for (const std::string& word : words) {
    if (rows.empty() || rows.back().size() + 2 + word.size() > width)
      rows.push_back(word);
    else
      rows.back() += ", " + word;
  }
  return rows;
}

Details variables(const std::vector<std::string>& env) {
  Details details;
  for (const std::string& variable : env) details.push_back("env " + shell_quoted(printable(variable)));
  return details;
}

struct DetailsOf {
  Details operator()(const WriteIdMaps& step) const {
    Details details;
    add_map(details, "uid", step.uids);
    add_map(details, "gid", step.gids);
    return details;
  }
  Details operator()(const MakeFiles& step) const {
    Details details;
    for (const MakeFiles::File& file : step.files) add_file(details, file);
    return details;
  }
  Details operator()(const MaskPaths& step) const {
    Details details;
    for (const std::string& row : pack(step.hidden)) details.push_back("hidden: " + printable(row));
    for (const std::string& row : pack(step.read_only)) details.push_back("read-only: " + printable(row));
    return details;
  }
  Details operator()(const SetCapabilities& step) const {
    std::vector<std::string> names;
    for (const int number : step.kept) names.push_back(describe_capability(number));
    return pack(names);
  }
  Details operator()(const Exec& step) const { return variables(step.env); }
  Details operator()(const RunShell& step) const { return variables(step.env); }
  template <typename Other>
  Details operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::vector<std::string> details_of(const Action& action) { return std::visit(DetailsOf{}, action); }

}  // namespace snug::explain
