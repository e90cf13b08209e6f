#pragma once

#include <string>
#include <vector>

#include "harness.hh"

// Images for functional tests: made by umoci, carried by skopeo, which are not ours.
namespace snug::test {

/// A data folder of a test's own ($XDG_DATA_HOME), and snug with it.
class Data {
 public:
  Data() = default;

  /// Runs snug with these words; `input` goes to its standard input.
  [[nodiscard]] Result snug(std::vector<std::string> words, const std::string& input = {}) const;

  [[nodiscard]] std::string store() const { return scratch_.path() + "/data/snug"; }
  [[nodiscard]] const std::string& folder() const { return scratch_.path(); }
  [[nodiscard]] std::string environment() const { return "XDG_DATA_HOME=" + scratch_.path() + "/data"; }

 private:
  Scratch scratch_;
};

/// Makes an image with umoci in the OCI layout `layout` (made where it is missing) under `tag`: a layer for each of `trees`
/// (folders whose contents become "/"), and what `config` tells `umoci config` besides.
void make_image(const std::string& layout, const std::string& tag, const std::vector<std::string>& trees, const std::vector<std::string>& config = {});

/// Makes an image by hand in a new OCI layout, which no tool would make so: `layers` are plain tar archives, the lowest first, and
/// `config` is the object "config" of its configuration, in JSON.
void make_odd_image(const std::string& layout, const std::string& name, const std::vector<std::string>& layers, const std::string& config);

/// Runs a shell script that must succeed; gives what it prints.
std::string shell_output(const std::string& script);

}  // namespace snug::test
