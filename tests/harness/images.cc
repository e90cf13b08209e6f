#include "images.hh"

#include <doctest/doctest.h>

#include <filesystem>

namespace snug::test {

Result Data::snug(std::vector<std::string> words, const std::string& input) const {
  words.insert(words.begin(), program());
  return run(words, {.env = {environment()}, .input = input});
}

std::string shell_output(const std::string& script) {
  const Result result = run({"sh", "-ec", script});
  const std::string said = script + ": " + result.err;
  REQUIRE_MESSAGE(result.code == 0, said);
  return result.out;
}

void make_image(const std::string& layout, const std::string& tag, const std::vector<std::string>& trees, const std::vector<std::string>& config) {
  if (!std::filesystem::exists(layout)) shell_output("umoci init --layout '" + layout + "'");
  const std::string image = "'" + layout + ":" + tag + "'";
  shell_output("umoci new --image " + image);
  for (const std::string& tree : trees) shell_output("umoci insert --rootless --image " + image + " '" + tree + "' /");
  if (config.empty()) return;
  std::vector<std::string> words{"umoci", "config", "--image", layout + ":" + tag};
  words.insert(words.end(), config.begin(), config.end());
  const Result result = run(words);
  REQUIRE_MESSAGE(result.code == 0, result.err);
}

}  // namespace snug::test
