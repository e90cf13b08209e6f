#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace snug::builtin {

/// The attributes behind a message of rtnetlink(7), by their numbers.
class Attributes {
 public:
  explicit Attributes(std::string_view bytes) : bytes_(bytes) {}

  /// Gives the bytes of one; empty where there is none.
  [[nodiscard]] std::string_view find(unsigned type) const;
  [[nodiscard]] std::uint32_t number(unsigned type) const;
  /// A text, without the zero at its end.
  [[nodiscard]] std::string text(unsigned type) const;

 private:
  std::string_view bytes_;
};

/// Asks the kernel for all links, addresses or routes (RTM_GET…) of a family of addresses, and hands the body of each
/// message to `work`. Throws Failure.
void ask_kernel(std::uint16_t type, unsigned char family, const std::function<void(std::string_view body)>& work);

/// Gives an address of 4 or 16 bytes as text.
[[nodiscard]] std::string address_text(std::string_view bytes);

}  // namespace snug::builtin
