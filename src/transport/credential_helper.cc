#include "credential_helper.hh"

#include <unistd.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
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

std::string find_program(const Connection& connection, const std::string& program) {
  for (const std::string& folder : connection.helper_folders)
    if (const std::string path = folder + "/" + program; folder.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  throw Error(format("{}, which keeps the credentials, is not installed", quoted(program)), "'snug login --authfile FILE' keeps them in a file");
}

// Docker's own key for its hub.
std::string server_of(const std::string& registry) { return registry == "docker.io" ? "https://index.docker.io/v1/" : registry; }

std::string member(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) throw Error(format("its answer has no {}", name));
  return json[name].get<std::string>();
}

Login read_answer(const std::string& text) {
  const Json json = parse_json(text);
  const std::string name = member(json, "Username"), secret = member(json, "Secret");
  if (name == "<token>") return {.name = name, .identity_token = secret};
  return {.name = name, .password = secret};
}

}  // namespace

std::optional<Login> ask_helper(const Connection& connection, const std::string& name, const std::string& registry) {
  if (!is_name(name)) throw Error(format("{} is no name of a credential helper", quoted(name)));
  const std::string program = "docker-credential-" + name;
  sys::Helper helper({find_program(connection, program), "get"}, sys::Helper::Read::output, {server_of(registry) + "\n", connection.helper_environment});
  const sys::HelperEnd end = helper.finish(patience_ms);
  if (end.how == sys::HelperEnd::How::failed && end.text.find("credentials not found") != std::string::npos) return {};
  if (end.how != sys::HelperEnd::How::succeeded) {
    const std::string said = printable(trimmed(end.text).substr(0, 200));
    throw Error(format("{} gives no credentials for {}{}", quoted(program), quoted(registry), said.empty() ? ", and does not say why" : ": " + said),
                format("echo {} | {} get: so it was asked", server_of(registry), program));
  }
  try {
    return read_answer(end.text);
  } catch (Error& error) {
    throw error.during(format("asking {}", program));
  }
}

}  // namespace snug::transport
