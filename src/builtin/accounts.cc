#include <fcntl.h>

#include <algorithm>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

constexpr const char* users_file = "/etc/passwd";
constexpr const char* groups_file = "/etc/group";

// The lines of a file of the root, each with a name, a number behind it, and more.
struct Account {
  std::vector<std::string> fields;
  unsigned id = 0;
};

std::vector<Account> read_accounts(const char* path) {
  std::vector<Account> all;
  const sys::Fd file = sys::try_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
  constexpr off_t most = 1 << 20;
  if (!status || !S_ISREG(status->st_mode) || status->st_size > most) return all;
  const std::string text = sys::read_all(file.get(), std::size_t{most} * 2);
  for (const std::string_view line : lines(text)) {
    std::vector<std::string> fields = split(line, ':');
    const auto id = fields.size() > 2 ? parse_number(fields[2]) : std::nullopt;
    if (id && *id <= 0xffffffffU && !fields[0].empty()) all.push_back({std::move(fields), static_cast<unsigned>(*id)});
  }
  return all;
}

std::map<unsigned, std::string> read_names(const char* path) {
  std::map<unsigned, std::string> names;
  for (const Account& each : read_accounts(path)) names.try_emplace(each.id, each.fields[0]);
  return names;
}

}  // namespace

std::optional<std::string> home_of(const std::string& user) {
  constexpr std::size_t home = 5;
  for (const Account& each : read_accounts(users_file))
    if (each.fields[0] == user && each.fields.size() > home) return each.fields[home];
  return {};
}

const Accounts::Names& Accounts::users() const {
  if (!users_) users_ = read_names(users_file);
  return *users_;
}

const Accounts::Names& Accounts::groups() const {
  if (!groups_) groups_ = read_names(groups_file);
  return *groups_;
}

std::optional<gid_t> Accounts::find_login_group(uid_t uid) const {
  for (const Account& each : read_accounts(users_file))
    if (const auto gid = each.id == uid && each.fields.size() > 3 ? parse_number(each.fields[3]) : std::nullopt; gid && *gid < 0xffffffffU) return static_cast<gid_t>(*gid);
  return {};
}

std::vector<gid_t> Accounts::groups_of(std::string_view user) const {
  std::vector<gid_t> all;
  for (const Account& each : read_accounts(groups_file)) {
    const std::vector<std::string> members = each.fields.size() > 3 ? split(each.fields[3], ',') : std::vector<std::string>();
    if (std::find(members.begin(), members.end(), user) != members.end()) all.push_back(each.id);
  }
  return all;
}

std::string Accounts::name_of(const Names& names, unsigned id) {
  const auto found = names.find(id);
  return found == names.end() ? format("{}", id) : found->second;
}

unsigned Accounts::id_of(const Names& names, std::string_view name, std::string_view what) {
  if (const auto number = parse_number(name); number && *number < 0xffffffffU) return static_cast<unsigned>(*number);
  for (const auto& [id, each] : names)
    if (each == name) return id;
  throw Failure(format("{} is no {} here", quoted(name), what));
}

}  // namespace snug::builtin
