#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace snug::transport {

inline constexpr std::uint64_t tar_block = 512;

/// What snug reads of the header of a member: of outer archives, which hold documents and layers.
struct TarHeader {
  char type = '0';
  std::uint64_t size = 0;
  std::string name, link;
  std::uint64_t uid = 0, gid = 0;  ///< only written

  /// Whether `size` bytes follow.
  [[nodiscard]] bool has_data() const noexcept { return type < '1' || type > '6'; }
  [[nodiscard]] bool is_file() const noexcept { return type == '0' || type == '\0' || type == '7'; }
};

/// Reads a block of 512 bytes; nothing for the zeros at the archive's end. Throws an Error.
[[nodiscard]] std::optional<TarHeader> parse_tar_header(std::string_view block);

/// Reads the records of a pax header; throws an Error.
void parse_pax(std::string_view text, const std::function<void(std::string_view key, std::string_view value)>& record);

/// Makes the header of a file or, of type '5', a folder. A name of more than 100 bytes stands in a pax header before it.
[[nodiscard]] std::string render_tar_header(const TarHeader& header);

/// Gives how many zeros follow a member of that size.
[[nodiscard]] constexpr std::uint64_t tar_padding(std::uint64_t size) noexcept { return (tar_block - size % tar_block) % tar_block; }

}  // namespace snug::transport
