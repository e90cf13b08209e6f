#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace snug {

/// The extended attribute that keeps what a file cannot be where its owner is no id of the user namespace, on what can carry it: files and
/// folders, not symbolic links, FIFOs and sockets.
inline constexpr const char* owner_xattr = "user.snug.owner";

/// What `owner_xattr` says: "UID:GID"; "UID:GID:MODE", in octal, where set-user-ID or set-group-ID had to be left out; or
/// "UID:GID:MODE:MAJOR:MINOR" of an empty file that stands for a device, whose MODE has the type as well. Numbers are those of the container
/// or the archive.
struct OwnerMark {
  std::uint32_t uid = 0, gid = 0;
  std::optional<std::uint32_t> mode = {};
  std::uint32_t major = 0, minor = 0;  ///< of a device

  /// Whether the file stands for a device.
  [[nodiscard]] bool is_device() const noexcept;
  /// What the file is to be, whose mode, with its type, is `now`: a mode that was set since stays, but for the bits that could not be had.
  [[nodiscard]] std::uint32_t shown_mode(std::uint32_t now) const noexcept;
  bool operator==(const OwnerMark&) const = default;
};

/// Reads a mark; nothing where it is none. Allocates nothing.
[[nodiscard]] std::optional<OwnerMark> parse_owner_mark(std::string_view text) noexcept;

/// The text of a mark, which allocates nothing.
class OwnerText {
 public:
  explicit OwnerText(const OwnerMark& mark) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  void add(std::uint32_t number, int base) noexcept;

  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

}  // namespace snug
