#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "archive.hh"
#include "entry.hh"
#include "snug/layer/unpack.hh"
#include "snug/sys/fd.hh"

namespace snug::layer {

/// The tree that an archive becomes. Every entry goes through `place`: its name is split, its parent is opened as if
/// the target were "/", and what it is made of is made by descriptor, new, and never through a link at its own name.
class Tree {
 public:
  /// `target` stays the caller's; it, `limits` and `counts` must outlive this.
  Tree(int target, Form form, const Limits& limits, Unpacked& counts) noexcept;

  /// Makes the entry, with its contents from `archive`, in place of what was there before.
  void place(const Entry& entry, Archive& archive);

  /// Gives the folders their modes and times, now that nothing more is put into them.
  void finish();

 private:
  /// Where an entry belongs: {parent, leaf} for calls, `path` for people.
  struct Place {
    int parent;
    const std::string& path;
    const char* leaf;
  };

  /// A folder whose mode and time wait.
  struct Folder {
    std::string path;
    timespec time;
    unsigned mode;
  };

  Place open_place(const std::string& path);
  sys::Fd open_parents(const std::string& path);
  sys::Fd step(int folder, const std::string& path);
  sys::Fd make_parent(int folder, const std::string& path);
  bool reveal(int folder, const std::string& path);
  [[nodiscard]] bool is_plain(const Entry& entry) const noexcept;
  void remember(std::size_t bytes);
  sys::Fd open_folder(std::string_view path) const;

  void make_file(const Place& place, const Entry& entry, Archive& archive);
  void make_folder(const Place& place, const Entry& entry);
  void make_symlink(const Place& place, const Entry& entry);
  void make_hard_link(const Place& place, const Entry& entry);
  void make_fifo(const Place& place, const Entry& entry);
  void make_device(const Place& place, const Entry& entry);
  void hide(const std::string& path);
  void make_opaque(const std::string& path);
  void remember_opaque(int folder, std::string_view path);
  void clear_opaque();
  void make_root(const Entry& entry);

  template <typename Make>
  void replace(const Place& place, Make make);
  void clear(const Place& place);
  void write_data(int file, const Entry& entry, Archive& archive);
  void set_folder(int folder, const std::string& path, const Entry& entry);
  void count();

  int target_;
  Form form_;
  std::uint32_t uid_, gid_;  ///< who makes all this
  unsigned masked_;          ///< what the umask takes from the mode of what is made
  const Limits& limits_;
  Unpacked& counts_;
  std::uint64_t made_ = 0, bytes_ = 0;
  std::size_t memory_ = 0;
  std::deque<Folder> folders_;
  std::deque<std::string> opaque_;
  std::string parent_path_;
  sys::Fd parent_;  ///< of the entry before, for the next is mostly in it; an entry replaces what is below, never it
};

}  // namespace snug::layer
