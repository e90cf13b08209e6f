#include "snug/base/owner_mark.hh"

#include <sys/stat.h>

#include <charconv>

namespace snug {
namespace {

// Of a type that a device has, or of none.
bool is_mode(std::uint32_t mode, bool device) noexcept {
  const std::uint32_t type = mode & S_IFMT;
  return mode <= (S_IFMT | 07777U) && (device ? type == S_IFCHR || type == S_IFBLK : type == 0);
}

}  // namespace

bool OwnerMark::is_device() const noexcept { return mode && (*mode & S_IFMT) != 0; }

std::uint32_t OwnerMark::shown_mode(std::uint32_t now) const noexcept {
  constexpr std::uint32_t all = 07777, had = 01777;
  if (!mode) return now;
  if (is_device()) return (*mode & S_IFMT) | (now & all);
  return (now & had) == (*mode & had) ? (now & ~all) | *mode : now;
}

std::optional<OwnerMark> parse_owner_mark(std::string_view text) noexcept {
  constexpr std::uint32_t no_id = UINT32_MAX;  // the kernel takes all ones for "leave it as it is"
  std::array<std::uint32_t, 5> numbers{};
  std::size_t count = 0;
  for (const char* at = text.data(), *end = at + text.size();; ++at) {
    if (count == numbers.size()) return {};
    const auto [rest, error] = std::from_chars(at, end, numbers[count], count == 2 ? 8 : 10);
    if (error != std::errc()) return {};
    ++count;
    at = rest;
    if (at == end) break;
    if (*at != ':') return {};
  }
  if (count != 2 && count != 3 && count != 5) return {};
  if (numbers[0] == no_id || numbers[1] == no_id || !is_mode(numbers[2], count == 5)) return {};
  OwnerMark mark{.uid = numbers[0], .gid = numbers[1], .major = numbers[3], .minor = numbers[4]};
  if (count > 2) mark.mode = numbers[2];
  return mark;
}

OwnerText::OwnerText(const OwnerMark& mark) noexcept {
  constexpr int octal = 8, decimal = 10;
  add(mark.uid, decimal);
  add(mark.gid, decimal);
  if (mark.mode) add(*mark.mode, octal);
  if (!mark.is_device()) return;
  add(mark.major, decimal);
  add(mark.minor, decimal);
}

// Five numbers of 32 bits and what stands between them have room.
void OwnerText::add(std::uint32_t number, int base) noexcept {
  if (size_ > 0) text_[size_++] = ':';
  size_ = static_cast<std::size_t>(std::to_chars(text_.data() + size_, text_.data() + text_.size(), number, base).ptr - text_.data());
}

}  // namespace snug
