#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "snug/layer/copy.hh"
#include "snug/layer/unpack.hh"
#include "snug/sys/fd.hh"
#include "tar_reader.hh"

namespace snug::layer {

/// Makes what is received. Names are resolved one by one from the folder `base_`, each only as what it is itself.
class Receiver {
 public:
  Receiver(int stream, const Receiving& what);

  CopyLosses run();

 private:
  /// Where an entry belongs.
  struct Place {
    int parent;
    std::string name;
    const std::string& path;  ///< for people
  };

  /// A folder that was made here, whose mode and time wait until nothing more is put into it.
  struct Made {
    std::string path;
    dev_t device;
    ino_t inode;
    unsigned mode;
    timespec time;
  };

  void await_first() const;
  void open_target();
  void choose_base(const Entry& first);
  std::string enter_parent();
  void place(Entry& entry);
  Place find_place(const std::string& path);
  sys::Fd open_folder(std::string_view path, bool make);
  sys::Fd make_or_enter(int parent, const std::string& name, std::string_view path, const Entry* entry);
  void settle(int folder, std::string_view path, const Entry& entry);

  void make_file(const Place& place, const Entry& entry);
  void make_link(const Place& place, const Entry& entry);
  void make_hard_link(const Place& place, const Entry& entry);
  void write_contents(int file, const std::string& path, const Entry& entry);
  [[nodiscard]] unsigned own(int fd, const Entry& entry);
  [[nodiscard]] bool keeps_owners() const;
  void finish_folders();

  const Receiving& what_;
  int stream_;
  TarReader reader_;
  Unpacked counts_;
  CopyLosses losses_;
  sys::Fd base_;
  bool there_ = false;       ///< what the target names
  std::string target_name_;  ///< in `base_`; empty: `base_` is the target
  std::string only_name_;  ///< of a copy that is no folder: what it is called in `base_`
  std::string only_path_;  ///< and the whole path of that, for people
  std::string parent_path_;
  sys::Fd parent_;         ///< of the entry before, for the next is mostly in it
  std::deque<Made> made_;
};

}  // namespace snug::layer
