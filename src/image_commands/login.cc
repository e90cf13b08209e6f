#include <unistd.h>

#include "asking.hh"
#include "connection.hh"
#include "functions.hh"
#include "registry_operand.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"

namespace snug::image_commands {
namespace {

constexpr std::size_t longest_password = std::size_t{64} << 10U;

std::string read_password() {
  std::string text = sys::read_all(STDIN_FILENO, longest_password);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::string credentials_of(const cli::Arguments& arguments) {
  const std::string *name = arguments.find("username"), *password = arguments.find("password");
  const bool from_input = arguments.flag("password-stdin");
  if (password && from_input) throw UsageError("--password and --password-stdin cannot be used together");
  if (from_input && !name) throw UsageError("--password-stdin needs --username");
  const std::string typed_name = name ? *name : ask("Username: ", false);
  if (typed_name.empty() || typed_name.find(':') != std::string::npos) throw UsageError("a user's name is not empty, and has no ':' in it");
  const std::string typed_password = password ? *password : from_input ? read_password() : ask("Password: ", true);
  if (typed_password.empty()) throw UsageError("the password is empty");
  return typed_name + ":" + typed_password;
}

int tell_login(const std::string& registry, const transport::Connection& connection) {
  const auto name = transport::find_login_name(registry, connection);
  if (!name) throw Error(format("not logged in to {}", quoted(registry)));
  commands::print(printable(*name) + "\n");
  return 0;
}

}  // namespace

int login(const cli::Invocation& invocation) {
  const std::string registry = registry_operand(invocation);
  const transport::Connection connection = connection_of(invocation, registry.substr(0, registry.find('/')));
  if (invocation.arguments.flag("get-login")) return tell_login(registry, connection);
  transport::log_in(registry, credentials_of(invocation.arguments), connection);
  commands::print("Login Succeeded!\n");
  return 0;
}

}  // namespace snug::image_commands
