#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "snug/layer/unpack.hh"
#include "tar.hh"

// What the tests of this room stand on: a folder to unpack into, and a canary beside it.
namespace snug::test {

class Target {
 public:
  Target();
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// Unpacks `bytes`, given as a file, or as a pipe that gives a few bytes at a time.
  layer::Unpacked unpack(const std::string& bytes, const layer::Limits& limits = {}) const;
  layer::Unpacked unpack_layer(const std::string& bytes, const layer::Limits& limits = {}) const;
  layer::Unpacked unpack_pipe(const std::string& bytes, layer::Form form = layer::Form::tree) const;

  /// Packs it.
  [[nodiscard]] std::string pack(layer::Form form, const std::vector<std::string>& left_out = {}) const;

  /// A line for each file: its name, kind, mode, owner, time to the nanosecond, size, number of names, link, contents and attributes.
  [[nodiscard]] std::vector<std::string> listing() const;

  /// Unpacks what must not be unpacked; gives the message, or "" where nothing is thrown. The canary lives.
  std::string refusal(const std::string& bytes, const layer::Limits& limits = {}) const;
  std::string layer_refusal(const std::string& bytes) const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string outside() const { return base_ + "/outside"; }  ///< where the canary lives
  [[nodiscard]] std::optional<struct stat> status(const std::string& name) const;
  [[nodiscard]] unsigned mode(const std::string& name) const;  ///< with the bits of the kind; 0 where nothing is
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] std::string link(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> xattr(const std::string& name, const std::string& key) const;
  [[nodiscard]] std::vector<std::string> names() const;  ///< of all that is in the target

  /// Says whether everything outside the target is as it was.
  [[nodiscard]] bool canary_lives() const;

 private:
  layer::Unpacked unpack(const std::string& bytes, layer::Form form, const layer::Limits& limits) const;
  std::string refusal(const std::string& bytes, layer::Form form, const layer::Limits& limits) const;
  [[nodiscard]] std::vector<std::string> canary() const;

  std::string base_, path_;
  std::vector<std::string> before_;
};

/// Compresses with a filter of libarchive's, by its name.
std::string compressed(const std::string& bytes, const std::string& filter);

}  // namespace snug::test
