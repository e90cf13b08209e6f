#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace snug::layer {

/// What an archive is.
enum class Form {
  tree,   ///< a whole root: names are names
  layer,  ///< a layer of an image, plain (not compressed): it becomes the lower layer of an overlay with `userxattr`
  onto,   ///< a layer, as pack() writes it, that goes onto the layers below in one tree
  fuse_layer,  ///< of pack() alone: a layer, read from the upper folder of fuse-overlayfs
};

/// What an archive may ask for. Past a limit unpacking ends with an Error that names it.
struct Limits {
  std::uint64_t entries = std::uint64_t{1} << 24U;  ///< entries, and folders that they need and the archive lacks
  std::uint64_t bytes = 0;                          ///< contents of all files together; 0: as many as the disk takes
  std::size_t memory = std::size_t{256} << 20U;     ///< bytes, for the folders that wait for their mode and time
};

/// What unpacking did, and what it left out.
struct Unpacked {
  std::uint64_t entries = 0;  ///< in the archive
  std::uint64_t devices = 0;  ///< that an empty file stands for: the devices of a container are its runtime's
  std::uint64_t owners = 0;   ///< entries with an owner that cannot be had: the caller's, not set-user-ID for it
  std::uint64_t kept = 0;     ///< of these owners, in `owner_xattr`
  std::uint64_t marks = 0;    ///< of a layer: whiteouts and opaque folders
  std::uint64_t xattrs = 0;   ///< extended attributes left out: not for a container, or not for this file system
  std::uint64_t names = 0;    ///< that there are in the tree now, of a layer; the root is none
  std::set<std::string> implied = {};  ///< folders of a layer that no entry speaks of; "" is the root
};

/// Unpacks a tar archive, plain or compressed, into a folder: names are bytes, owners are numbers, and no name, link
/// or order of entries reaches out of the folder.
///
/// The marks of a layer become overlayfs's: `.wh.NAME` a character device 0:0 of that name, `.wh..wh..opq` the attribute
/// user.overlay.opaque=y of its folder; other names that begin with `.wh..wh.` are left out. They speak of the layers below: what the
/// same layer brings stands whatever the order, and a folder that is both hidden and brought is opaque. On the root the
/// kernel does not look for the mark: whoever mounts a layer whose root has it leaves out the layers below.
///
/// A folder that a layer needs and has no entry for is root's, with the mode 0755: what the layers below say of it counts, and
/// make_seam() brings that up.
///
/// With Form::onto what a mark hides is removed, and it has to stand before what the same layer brings in that place.
///
/// An owner that cannot be had is kept in `owner_xattr`, by the numbers of the archive, and so is what a device was: pack() gives them back. An archive's own attribute of
/// that name is dropped.
///
/// Reads `archive` (a file or a pipe) from where it stands to the archive's end mark, and of a layer to its end. `target` is an open folder
/// that nobody else changes meanwhile. Both stay the caller's. Runs in any process; owners need CAP_CHOWN over
/// the ids in question, and CAP_DAC_OVERRIDE and CAP_FOWNER over what was given away. Throws an Error that tells
/// what is wrong with which entry; it does not know the archive's name. What was unpacked until then stays.
Unpacked unpack(int archive, int target, Form form = Form::tree, const Limits& limits = {});

}  // namespace snug::layer
