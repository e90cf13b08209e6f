#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snug/layer/unpack.hh"

namespace snug::layer {

/// What packing did, and what it left out.
struct Packed {
  std::uint64_t entries = 0;  ///< in the archive
  std::uint64_t sockets = 0;  ///< left out: nothing listens on them any more
  std::uint64_t devices = 0;  ///< left out: the devices of a container are its runtime's
  std::uint64_t xattrs = 0;   ///< left out: names that an archive cannot hold
};

/// Packs a folder into a tar archive (pax), which it writes to `archive`: the same tree gives the same bytes.
///
/// Form::tree takes all as it is. Form::layer takes the upper folder of an overlay for what a container has changed: 0:0
/// devices become `.wh.NAME` entries, user.overlay.opaque becomes `.wh..wh..opq`, and what snug puts into an upper to mount on
/// (empty: dev, proc, run, sys, tmp, etc/hosts, etc/resolv.conf, etc/hostname, and `left_out`) is left out; what stands in `left_out` with a
/// slash at its end is left out with all that is in it. Form::fuse_layer does the same with what fuse-overlayfs leaves,
/// whose marks are files. Form::onto takes a layer as it lies in the store, and leaves nothing out. In all of them the attributes
/// user.* (but for the overlays' own) and security.capability are kept, hard links are, holes stay holes, and owners come back from
/// `owner_xattr`, where nobody has changed them since, and devices from files that stand for them.
///
/// Reads `tree`, which stays the caller's, by descriptors, follows no link and crosses no mount. Ids are those of the user namespace that it
/// runs in; it needs CAP_DAC_READ_SEARCH over what is not the caller's. Memory goes with the largest folder and the number of files that
/// have several names. Throws an Error that tells what is wrong with which file.
Packed pack(int tree, int archive, Form form, const std::vector<std::string>& left_out = {});

}  // namespace snug::layer
