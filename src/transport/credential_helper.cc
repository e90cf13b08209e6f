#include "credential_helper.hh"

#include <unistd.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/utf8.hh"
#include "snug/sys/helper.hh"

namespace snug::transport {
namespace {

constexpr int patience_ms = 60'000;  // it may ask its user for a key

bool is_name(const std::string& name) {
  const auto is_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
  };
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), is_letter);
}

// Docker's own key for its hub.
std::string server_of(const std::string& registry) { return registry == "docker.io" ? "https://index.docker.io/v1/" : registry; }

std::string member(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) throw Error(format("its answer has no {}", name));
  return json[name].get<std::string>();
}

Login read_answer(const Json& json) {
  const std::string name = member(json, "Username"), secret = member(json, "Secret");
  if (name == "<token>") return {.name = name, .identity_token = secret};
  return {.name = name, .password = secret};
}

/// One question to docker-credential-NAME.
class Question {
 public:
  Question(const Connection& connection, const std::string& name, std::string verb) : connection_(connection), program_("docker-credential-" + name), verb_(std::move(verb)) {
    if (!is_name(name)) throw Error(format("{} is no name of a credential helper", quoted(name)));
  }

  /// Gives what it says, in which credentials may stand, also where it fails; nothing where it says that it has none. `failure` says what it
  /// does not do, and `shown` is what may be told of the input.
  [[nodiscard]] std::optional<std::string> ask(std::string input, const std::string& failure, const std::string& shown) const {
    sys::Helper helper({find_program(), verb_}, sys::Helper::Read::output, {std::move(input), connection_.helper_environment});
    sys::HelperEnd end = helper.finish(patience_ms);
    if (end.how == sys::HelperEnd::How::succeeded) return std::move(end.text);
    const bool failed = end.how == sys::HelperEnd::How::failed, open = end.text.find("\"Secret\"") == std::string::npos;
    if (failed && end.text.find("credentials not found") != std::string::npos) return {};
    const std::string said = printable(trimmed(end.text).substr(0, 200));
    const std::string why = end.how == sys::HelperEnd::How::too_late           ? format(" within {} seconds", patience_ms / 1000)
                            : said.empty()                                     ? ", and does not say why"
                            : !failed || verb_ == "store" || !open             ? ", and what it says may be secret"
                                                                               : ": " + said;
    throw Error(format("{} {}{}", quoted(program_), failure, why), format("echo {} | {} {}: so it was asked", shown, program_, verb_));
  }

  template <typename Take>
  auto read(const std::string& text, const Take& take) const {
    try {
      return take(parse_json(text));
    } catch (Error& error) {
      throw error.during(format("asking {}", program_));
    }
  }

 private:
  [[nodiscard]] std::string find_program() const {
    for (const std::string& folder : connection_.helper_folders)
      if (const std::string path = folder + "/" + program_; folder.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
    throw Error(format("{}, which keeps the credentials, is not installed", quoted(program_)), verb_ == "erase" ? "" : "'snug login --authfile FILE' keeps them in a file");
  }

  const Connection& connection_;
  std::string program_, verb_;
};

}  // namespace

std::optional<Login> ask_helper(const Connection& connection, const std::string& name, const std::string& registry) {
  const Question get(connection, name, "get");
  const auto text = get.ask(server_of(registry) + "\n", format("gives no credentials for {}", quoted(registry)), shell_quoted(server_of(registry)));
  return text ? std::optional(get.read(*text, read_answer)) : std::nullopt;
}

void store_in_helper(const Connection& connection, const std::string& name, const std::string& registry, const Login& login) {
  if (!is_utf8(login.name) || !is_utf8(login.password)) throw Error("a name and a password that are no text in UTF-8 cannot be given to a credential helper");
  const Json given{{"ServerURL", server_of(registry)}, {"Username", login.name}, {"Secret", login.password}};
  const std::string failure = format("does not keep the credentials for {}", quoted(registry));
  if (!Question(connection, name, "store").ask(given.dump(), failure, R"('{"ServerURL": ..., "Username": ..., "Secret": ...}')"))
    throw Error(format("{} {}", quoted("docker-credential-" + name), failure));
}

void erase_from_helper(const Connection& connection, const std::string& name, const std::string& registry) {
  static_cast<void>(Question(connection, name, "erase").ask(server_of(registry) + "\n", format("does not forget the credentials for {}", quoted(registry)), shell_quoted(server_of(registry))));
}

std::vector<std::string> list_helper(const Connection& connection, const std::string& name) {
  const Question list(connection, name, "list");
  const auto text = list.ask("\n", "does not list its registries", "");
  std::vector<std::string> registries;
  if (!text) return registries;
  list.read(*text, [&](const Json& json) {
    if (!json.is_object()) throw Error("its answer is no object");
    for (const auto& [server, user] : json.items()) {
      if (std::any_of(server.begin(), server.end(), [](char letter) { return static_cast<unsigned char>(letter) < ' '; })) throw Error("a registry of its answer is none");
      registries.push_back(server);
    }
  });
  return registries;
}

}  // namespace snug::transport
