#include <algorithm>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

constexpr std::uint64_t id_limit = 1U << 31U;

template <typename Entry>
const Entry* find_named(const std::vector<Entry>& entries, std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

const Account* find_account(const std::vector<Account>& accounts, ContainerId uid) {
  const auto found = std::find_if(accounts.begin(), accounts.end(), [&](const Account& a) { return a.uid == uid.value; });
  return found == accounts.end() ? nullptr : &*found;
}

// All digits are a number, even where an account has such a name: what strangers wrote must not redirect it.
bool is_all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Turns a name or number into an id, or says why not. Root is root, also where nobody has written it down.
template <typename Entry, typename GetId>
std::variant<ContainerId, Refusal> look_up(const std::vector<Entry>& entries, const std::string& word,
                                           std::string_view option, std::string_view file, GetId id_of) {
  if (is_all_digits(word)) {
    const auto number = parse_number(word);
    if (!number || *number >= id_limit) return Refusal{format("{} {}: the number is not an id", option, quoted(word)), {}};
    return ContainerId{static_cast<std::uint32_t>(*number)};
  }
  const Entry* entry = find_named(entries, word);
  if (!entry && word == "root") return ContainerId{0};
  if (!entry)
    return Refusal{format("{} {}: the root file system's {} has no such name", option, quoted(word), file),
                   "a number needs no entry there"};
  return ContainerId{id_of(*entry)};
}

Verdict choose_user(Draft& draft, const UserChoice& choice) {
  const std::string_view option = choice.of_image ? "the image's User" : "--user";
  const RootfsFacts& rootfs = draft.facts.rootfs;
  Identity& who = draft.identity;
  const auto uid = look_up(rootfs.accounts, choice.user, option, "/etc/passwd", [](const Account& a) { return a.uid; });
  if (const auto* refused = std::get_if<Refusal>(&uid)) return *refused;
  who.uid = std::get<ContainerId>(uid);
  // Several may have one uid: whoever was named is meant.
  const Account* account = is_all_digits(choice.user) ? find_account(rootfs.accounts, who.uid) : find_named(rootfs.accounts, choice.user);
  who.account = account;
  who.gid = account ? ContainerId{account->gid} : ContainerId{0};
  if (!choice.group.empty()) {
    const auto gid = look_up(rootfs.groups, choice.group, option, "/etc/group", [](const Group& g) { return g.gid; });
    if (const auto* refused = std::get_if<Refusal>(&gid)) return *refused;
    who.gid = std::get<ContainerId>(gid);
  }
  who.groups.emplace();
  if (account && choice.group.empty())
    for (const Group& group : rootfs.groups)
      if (std::find(group.members.begin(), group.members.end(), account->name) != group.members.end() &&
          find_range(draft.maps.gids, {group.gid}))
        who.groups->push_back({group.gid});
  return {};
}

Verdict add_groups(Draft& draft) {
  Identity& who = draft.identity;
  const std::vector<std::string>& words = draft.spec.groups;
  const bool keep = std::find(words.begin(), words.end(), "keep-groups") != words.end();
  if (keep && std::any_of(words.begin(), words.end(), [](const std::string& word) { return word != "keep-groups"; }))
    return Refusal{"--group-add keep-groups: the caller's groups can be kept, or others set in their place", "leave keep-groups out, or the others"};
  if (keep) {
    who.groups.reset();
    return {};
  }
  for (const std::string& word : words) {
    const auto gid =
        look_up(draft.facts.rootfs.groups, word, "--group-add", "/etc/group", [](const Group& g) { return g.gid; });
    if (const auto* refused = std::get_if<Refusal>(&gid)) return *refused;
    if (Verdict refused = check_mapped(draft.maps.gids, std::get<ContainerId>(gid), "--group-add: gid")) return refused;
    if (!who.groups) who.groups.emplace();
    who.groups->push_back(std::get<ContainerId>(gid));
  }
  return {};
}

// Of whom the root's passwd has no line: root is root all the same, and the caller by another number is the caller. What is not inside is
// no home.
void choose_unlisted(Draft& draft, bool is_caller) {
  Identity& who = draft.identity;
  const bool is_root = who.uid.value == 0;
  who.name = is_root ? "root" : is_caller && !draft.facts.account.name.empty() ? draft.facts.account.name : format("{}", who.uid.value);
  who.home = is_root ? "/root" : is_caller ? draft.facts.account.home : "/";
  if (!is_folder_inside(draft, who.home)) who.home = "/";
}

void choose_home(Draft& draft, bool is_caller) {
  Identity& who = draft.identity;
  const Account& caller = draft.facts.account;
  if (who.account) who.name = who.account->name, who.home = who.account->home;
  else choose_unlisted(draft, is_caller);
  // In the host's own root the caller's files lie in the caller's home, whatever his number is inside.
  if (is_caller && draft.spec.rootfs.kind == Rootfs::Kind::host) who.home = caller.home;
  if (who.home.empty() || who.home[0] != '/') who.home = "/";
  const std::string_view top = find_replaced(who.home);
  if (top.empty() || is_folder_inside(draft, who.home)) return;
  if (is_caller && draft.spec.rootfs.kind == Rootfs::Kind::host)
    draft.notice("host-root", format("your home {} is not inside, where {} is not the host's; -v \"$HOME:$HOME\" shows it, to be changed for good",
                                     quoted(who.home), top));
  who.home = "/";
}

}  // namespace

Verdict check_mapped(const std::vector<IdRange>& map, ContainerId id, std::string_view what, bool of_image) {
  if (find_range(map, id)) return {};
  if (of_image)
    return Refusal{format("the image runs as {} {}, which is not mapped into the container", what, id.value),
                   "--user 0 runs it as root inside; see snug-walls(7), \"id maps\", for how more ids are mapped"};
  return Refusal{format("{} {} is not mapped into the container", what, id.value),
                 "ids that are mapped: snug plan; see snug-walls(7), \"id maps\""};
}

Verdict plan_identity(Draft& draft) {
  Identity& who = draft.identity;
  const IdMaps& maps = draft.maps;
  if (draft.spec.user) {
    if (Verdict refused = choose_user(draft, *draft.spec.user)) return refused;
  } else {
    const bool root = draft.spec.id_map.mode != IdMapChoice::Mode::keep_id && find_range(maps.uids, {0});
    who.uid = root ? ContainerId{0} : maps.caller_uid;
    who.gid = root && find_range(maps.gids, {0}) ? ContainerId{0} : maps.caller_gid;
    who.account = find_account(draft.facts.rootfs.accounts, who.uid);
  }
  const bool of_image = draft.spec.user && draft.spec.user->of_image;
  if (!draft.spec.user && !find_range(maps.uids, who.uid))
    return Refusal{"neither uid 0 nor your own is mapped into the container", "map one of them, or choose another that is mapped: --user UID"};
  if (Verdict refused = check_mapped(maps.uids, who.uid, "uid", of_image)) return refused;
  if (Verdict refused = check_mapped(maps.gids, who.gid, "gid", of_image)) return refused;
  if (Verdict refused = add_groups(draft)) return refused;
  if (!maps.sets_groups) {
    if (who.groups && !who.groups->empty())
      draft.notice("groups", "groups cannot be set where no group but one is mapped; the caller's stay in force");
    who.groups.reset();
  }
  choose_home(draft, who.uid == maps.caller_uid);
  return {};
}

}  // namespace snug::plan
