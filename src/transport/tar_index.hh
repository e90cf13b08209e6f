#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "extent.hh"

namespace snug::transport {

/// Gives a member's name in one form: no "." and no empty part, each ".." taken back, none above the root.
[[nodiscard]] std::string normal_name(std::string_view name);

/// Where the members of a plain tar archive lie: looked up by name, never unpacked. Knows ustar, pax and GNU's forms.
class TarIndex {
 public:
  /// Reads all headers of the archive, which must be seekable. Throws an Error that says where it is damaged, or past which limit it goes.
  TarIndex(int file, std::uint64_t size);

  /// Finds a file by its name; links lead to other members. Throws where the name stands for two files, or its link leads nowhere.
  [[nodiscard]] std::optional<Extent> find(std::string_view name) const;

 private:
  struct Member {
    Extent extent = {};
    std::string link = {};  ///< in normal form, where there is no extent
    bool twice = false;
  };

  void add(const std::string& name, Member member);

  std::map<std::string, Member, std::less<>> members_;
  std::size_t name_bytes_ = 0;
};

}  // namespace snug::transport
