#include "registries_conf.hh"

#include <fcntl.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/toml.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

/// Reads the keys that snug knows, and leaves the others to those who do.
class Reader {
 public:
  Reader(RegistriesConf& conf, const std::string& file) : conf_(conf), file_(file) {}

  void read(const toml::table& root) {
    if (const toml::node* old = root.get("registries")) refuse(*old, "registries", "is of version 1 of this file, which snug does not read");
    if (const toml::node* search = root.get("unqualified-search-registries")) conf_.search = texts(*search, "unqualified-search-registries");
    if (const toml::node* helpers = root.get("credential-helpers")) conf_.credential_helpers = texts(*helpers, "credential-helpers");
    if (const toml::node* aliases = root.get("aliases"))
      for (const auto& [name, node] : table(*aliases, "aliases")) conf_.aliases[std::string(name.str())] = text(node, name.str());
    if (const toml::node* rules = root.get("registry"))
      for (const toml::node& rule : array(*rules, "registry")) add_rule(table(rule, "registry"));
  }

 private:
  void add_rule(const toml::table& table) {
    RegistryRule rule{.prefix = find_text(table, "prefix"), .location = location(table), .blocked = find_flag(table, "blocked"), .file = file_};
    if (rule.prefix.empty()) rule.prefix = rule.location.name;
    if (rule.prefix.empty()) refuse(table, "registry", "has neither a prefix nor a location");
    if (const toml::node* mirrors = table.get("mirror"))
      for (const toml::node& mirror : array(*mirrors, "mirror")) add_mirror(rule, this->table(mirror, "mirror"), find_flag(table, "mirror-by-digest-only"));
    std::erase_if(conf_.rules, [&](const RegistryRule& other) { return other.prefix == rule.prefix; });
    conf_.rules.push_back(std::move(rule));
  }

  void add_mirror(RegistryRule& rule, const toml::table& table, bool digests_only) {
    RegistryLocation mirror = location(table);
    if (mirror.name.empty()) refuse(table, "mirror", "has no location");
    const std::string from = find_text(table, "pull-from-mirror");
    if (!from.empty() && from != "all" && from != "tag-only" && from != "digest-only") refuse(table, "pull-from-mirror", "is all, tag-only or digest-only");
    if (from == "tag-only") mirror.serves = RegistryLocation::For::tags;
    if (from == "digest-only" || (from.empty() && digests_only)) mirror.serves = RegistryLocation::For::digests;
    rule.mirrors.push_back(std::move(mirror));
  }

  RegistryLocation location(const toml::table& table) {
    RegistryLocation location{.name = find_text(table, "location"), .insecure = find_flag(table, "insecure")};
    if (location.name.find("://") != std::string::npos || location.name.ends_with('/')) refuse(table, "location", "is HOST[:PORT][/PATH]");
    return location;
  }

  std::string find_text(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    return node ? text(*node, key) : "";
  }

  bool find_flag(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (!node) return false;
    if (const auto flag = node->value_exact<bool>()) return *flag;
    refuse(*node, key, "has to be true or false");
  }

  std::vector<std::string> texts(const toml::node& node, std::string_view key) const {
    std::vector<std::string> all;
    for (const toml::node& one : array(node, key)) all.push_back(text(one, key));
    return all;
  }

  std::string text(const toml::node& node, std::string_view key) const {
    if (const auto text = node.value_exact<std::string>()) return *text;
    refuse(node, key, "has to be a string");
  }

  const toml::array& array(const toml::node& node, std::string_view key) const {
    if (const toml::array* array = node.as_array()) return *array;
    refuse(node, key, "has to be a list");
  }

  const toml::table& table(const toml::node& node, std::string_view key) const {
    if (const toml::table* table = node.as_table()) return *table;
    refuse(node, key, "has to be a table");
  }

  [[noreturn]] void refuse(const toml::node& node, std::string_view key, std::string_view why) const {
    UsageError error(format("{} {}", printable(key), why));
    error.during(format("reading {}:{}", printable(file_), node.source().begin.line));
    throw error;
  }

  RegistriesConf& conf_;
  const std::string& file_;
};

void add_file(RegistriesConf& conf, const std::string& path) {
  if (const auto text = sys::find_file_text(path.c_str())) add_registries(conf, *text, path);
}

void add_folder(RegistriesConf& conf, const std::string& path) {
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return;
  std::vector<std::string> names;
  for (sys::Entry& entry : sys::list_folder(folder.get()))
    if (entry.name.ends_with(".conf")) names.push_back(std::move(entry.name));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) add_file(conf, path + "/" + name);
}

// How many letters of `name` a prefix fits: all of it, or up to where a part ends. 0: it does not.
std::size_t fit(const std::string& prefix, const std::string& name) {
  if (prefix.starts_with("*.")) {
    const std::string_view host = std::string_view(name).substr(0, name.find('/')), domain = std::string_view(prefix).substr(1);
    return host.size() > domain.size() && host.ends_with(domain) ? host.size() : 0;
  }
  if (!name.starts_with(prefix)) return 0;
  return name.size() == prefix.size() || name[prefix.size()] == '/' ? prefix.size() : 0;
}

// docker.io is a name alone: what answers for it is another host.
std::string host_for(const std::string& registry) { return registry == "docker.io" ? "registry-1.docker.io" : registry; }

Endpoint make_endpoint(const std::string& name, bool insecure) {
  const std::size_t slash = name.find('/');
  return {host_for(name.substr(0, slash)), slash == std::string::npos ? "" : name.substr(slash + 1), insecure};
}

bool serves(const RegistryLocation& mirror, const image::Reference& reference) {
  return mirror.serves == RegistryLocation::For::all || (mirror.serves == RegistryLocation::For::digests) == reference.digest.has_value();
}

}  // namespace

void add_registries(RegistriesConf& conf, std::string_view text, const std::string& file) {
  const toml::table table = parse_toml(text, file);
  Reader(conf, file).read(table);
}

RegistriesConf read_registries(const Connection& connection) {
  constexpr const char* system = "/etc/containers/registries.conf";
  const std::string own = connection.config_folder + "/containers/registries.conf", &typed = connection.registries_file;
  const auto is_there = [](const std::string& path) { return sys::find_status(AT_FDCWD, path.c_str()).has_value(); };
  if (!typed.empty() && !is_there(typed)) throw Error(format("there is no file {}, which CONTAINERS_REGISTRIES_CONF names", quoted(typed)));
  RegistriesConf conf;
  add_file(conf, !typed.empty() ? typed : is_there(own) ? own : system);
  add_folder(conf, std::string(system) + ".d");
  add_folder(conf, own + ".d");
  return conf;
}

const RegistryRule* find_rule(const RegistriesConf& conf, const std::string& registry, const std::string& repository) {
  const std::string name = repository.empty() ? registry : registry + "/" + repository;
  const RegistryRule* best = nullptr;
  for (const RegistryRule& rule : conf.rules)
    if (fit(rule.prefix, name) > 0 && (!best || rule.prefix.size() > best->prefix.size())) best = &rule;
  return best;
}

std::vector<Endpoint> endpoints_of(const RegistriesConf& conf, const image::Reference& reference, const Connection& connection, bool mirrors) {
  const std::string name = reference.repository.empty() ? reference.registry : reference.registry + "/" + reference.repository;
  const bool insecure = !connection.insecure_host.empty() && connection.insecure_host == reference.registry;
  const RegistryRule* rule = find_rule(conf, reference.registry, reference.repository);
  if (!rule) return {make_endpoint(name, insecure)};
  if (rule->blocked) throw Error(format("{} is blocked by {}", quoted(rule->prefix), printable(rule->file)));

  const std::string rest = name.substr(fit(rule->prefix, name));
  std::vector<Endpoint> endpoints;
  for (const RegistryLocation& mirror : rule->mirrors)
    if (mirrors && serves(mirror, reference)) endpoints.push_back(make_endpoint(mirror.name + rest, mirror.insecure));
  const std::string& place = rule->location.name;
  endpoints.push_back(make_endpoint(place.empty() ? name : place + rest, insecure || rule->location.insecure));
  return endpoints;
}

std::vector<image::Reference> find_candidates(const image::Reference& reference, const Connection& connection) {
  if (!reference.short_name) return {reference};
  const RegistriesConf conf = read_registries(connection);
  const std::string name = image::familiar_name(reference, false);
  const std::string suffix = image::familiar_name(reference).substr(name.size());
  std::vector<std::string> names;
  if (const auto alias = conf.aliases.find(name); alias != conf.aliases.end() && !alias->second.empty())
    names.push_back(alias->second);
  else
    for (const std::string& registry : conf.search) names.push_back(registry + "/" + name);
  std::vector<image::Reference> candidates;
  for (const std::string& one : names) candidates.push_back(image::parse_reference(one + suffix));
  return candidates.empty() ? std::vector{reference} : candidates;
}

}  // namespace snug::transport
