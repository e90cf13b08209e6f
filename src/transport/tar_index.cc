#include "tar_index.hh"

#include <algorithm>
#include <utility>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "tar_header.hh"

namespace snug::transport {
namespace {

constexpr std::size_t most_members = 100000, most_name_bytes = std::size_t{16} << 20U;
constexpr std::uint64_t largest_extra = std::uint64_t{1} << 20U;
constexpr int longest_chain = 8;

/// Reads headers one after the other, and adds to each what extra headers before it say.
class HeaderReader {
 public:
  HeaderReader(int file, std::uint64_t size) : file_(file), size_(size) {}

  /// Reads the next member's; nothing at the end of the archive. Its data lie at `data`.
  std::optional<TarHeader> next(std::uint64_t& data) {
    std::string name, link;
    std::optional<std::uint64_t> size;
    for (;;) {
      if (at_ == size_) return {};
      std::optional<TarHeader> header = read_header();
      if (!header) return {};
      if (size && !is_extra(header->type)) header->size = *size;
      if (header->type == 'S') throw Error("it holds a sparse file");
      if (header->has_data() && header->size > size_ - at_) throw Error("it ends too early");
      data = at_;
      if (!is_extra(header->type)) {
        if (header->has_data()) skip(header->size);
        if (!name.empty()) header->name = name;
        if (!link.empty()) header->link = link;
        return header;
      }
      take_extra(*header, name, link, size);
    }
  }

 private:
  static bool is_extra(char type) { return type == 'x' || type == 'g' || type == 'L' || type == 'K'; }

  std::optional<TarHeader> read_header() {
    const bool is_first = at_ == 0;
    try {
      return parse_tar_header(read(tar_block));
    } catch (const Error& error) {
      if (!is_first) throw;
      throw Error(format("it is no tar archive: {}", error.message()));
    }
  }

  void take_extra(const TarHeader& header, std::string& name, std::string& link, std::optional<std::uint64_t>& size) {
    if (header.size > largest_extra) throw Error(format("one of its extended headers is larger than {} bytes", largest_extra));
    std::string text = read(header.size);
    skip(0);
    if (header.type == 'L') name = text.c_str();
    if (header.type == 'K') link = text.c_str();
    if (header.type != 'x') return;
    parse_pax(text, [&](std::string_view key, std::string_view value) {
      if (key == "path") name = value;
      if (key == "linkpath") link = value;
      if (key != "size") return;
      size = parse_number(value);
      if (!size) throw Error("a record of a pax header is damaged");
    });
  }

  std::string read(std::uint64_t count) {
    std::string bytes;
    if (count <= size_ - at_) read_extent({file_, at_, count}, 0, [&](std::string_view part) { bytes += part; });
    if (bytes.size() != count) throw Error("it ends too early");
    at_ += count;
    return bytes;
  }

  /// Passes over `count` bytes, and over what fills up the block. The end of the last one may be missing.
  void skip(std::uint64_t count) {
    at_ += count;
    at_ = std::min(size_, at_ + tar_padding(at_));
  }

  int file_;
  std::uint64_t size_, at_ = 0;
};

std::string link_target(const TarHeader& header) {
  if (header.type == '1' || header.link.starts_with('/')) return normal_name(header.link);
  const std::size_t slash = normal_name(header.name).rfind('/');
  return normal_name(slash == std::string::npos ? header.link : normal_name(header.name).substr(0, slash + 1) + header.link);
}

}  // namespace

std::string normal_name(std::string_view name) {
  std::vector<std::string> parts;
  for (std::string& part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") parts.push_back(std::move(part));
    else if (!parts.empty()) parts.pop_back();
  }
  return join(parts, "/");
}

TarIndex::TarIndex(int file, std::uint64_t size) {
  HeaderReader reader(file, size);
  std::uint64_t data = 0;
  while (const auto header = reader.next(data)) {
    const bool is_link = header->type == '1' || header->type == '2';
    if (header->is_file()) add(normal_name(header->name), {.extent = {file, data, header->size}});
    else if (is_link) add(normal_name(header->name), {.link = link_target(*header)});
  }
}

void TarIndex::add(const std::string& name, Member member) {
  name_bytes_ += name.size() + member.link.size();
  if (members_.size() >= most_members || name_bytes_ > most_name_bytes) throw Error("it has more members than an archive of images has");
  const auto [place, is_new] = members_.emplace(name, std::move(member));
  if (!is_new) place->second.twice = true;
}

std::optional<Extent> TarIndex::find(std::string_view name) const {
  std::string at = normal_name(name);
  for (int length = 0; length < longest_chain; ++length) {
    const auto found = members_.find(at);
    if (found == members_.end()) {
      if (length > 0) throw Error(format("its {} is a link to {}, which is not there", quoted(name), quoted(at)));
      return {};
    }
    if (found->second.twice) throw Error(format("it has {} twice", quoted(at)));
    if (found->second.extent.file >= 0) return found->second.extent;
    at = found->second.link;
  }
  throw Error(format("its {} leads from link to link", quoted(name)));
}

}  // namespace snug::transport
