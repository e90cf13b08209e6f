#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace snug::layer {

// A copy is an archive on its way: one process sends it through a pipe, another receives it, each in the mount namespace
// where its files are. snug-cp(1).

/// A path to copy from or to.
struct CopyPath {
  std::string path;
  bool inside = false;  ///< as if the folder that the process stands in were "/"; else as the caller sees it
};

/// What was left out of a copy, or came without what belongs to it.
struct CopyLosses {
  std::uint64_t special = 0;  ///< devices, FIFOs and sockets
  std::uint64_t kernel = 0;   ///< folders that are windows to the kernel: /proc, /sys and the like
  std::uint64_t owners = 0;   ///< of an owner that cannot be had
  std::uint64_t xattrs = 0;   ///< extended attributes that cannot be had
};

/// What is sent, and as what.
struct Sending {
  CopyPath from;
  std::string name;      ///< of a file or a link; of a folder where it is `named`, which is "./" else
  bool named = false;
  bool follow = false;   ///< the path may end in a symbolic link, which is followed; links below are copied as links
};

/// Sends a file, a link, or a folder with everything in it: by descriptors, through no link below the path, without what lies in
/// the kernel's own file systems. What changes meanwhile is sent as it is found. Memory goes with the largest folder and
/// the number of files that have several names. Throws an Error that tells what is wrong with which file.
CopyLosses send_copy(const Sending& what, int stream);

/// Where what is received goes.
struct Receiving {
  CopyPath to;
  std::string name = {};  ///< what the copy is called in a folder that is there; empty: the contents of a folder go into it
  bool archive = false;   ///< with owners and extended attributes, as far as they can be had; else all belongs to who receives
  bool remembered = false;  ///< an owner that cannot be had is kept in `owner_xattr`, for somebody who tells it as if it were, and counted where that cannot be
  bool entries = false;   ///< an archive of any number of entries, into a folder that is there

  /// Called with the open folder below which all is made, once the first byte has come and before one is read. From then on nothing is
  /// opened but below it, and there no file to read.
  std::function<void(int folder)> confine = [](int) {};
};

/// Receives what send_copy or rewrite_archive sends. Whatever is made is made by descriptor, new, under another name first,
/// and never through a link below the path; a file may be replaced by another or by a link, but no folder by a file and no file by a
/// folder, and a folder that was there keeps its owner and mode. Without `archive` no file is set-user-ID. Throws an
/// Error that tells what could not be made; what was received until then stays.
CopyLosses receive_copy(int stream, const Receiving& what);

/// Reads a tar archive of any kind, plain or compressed, and sends its entries. Throws an Error that tells what is wrong with it.
void rewrite_archive(int archive, int stream);

}  // namespace snug::layer
