#pragma once

#include "entry.hh"
#include "snug/layer/unpack.hh"

namespace snug::layer {

/// Gives what {folder, name} names, never what it points to, the entry's owner; "" is the folder itself. Where the
/// user namespace does not map the owner it stays, and is counted. Returns the mode that goes with the owner that it
/// has now: the entry's, without a set-user-ID or set-group-ID bit that would make it another's.
[[nodiscard]] unsigned set_owner(int folder, const char* name, const Entry& entry, Unpacked& counts);

/// The same for an open file or folder, which keeps what it lost in `owner_xattr` where that can be.
[[nodiscard]] unsigned set_or_keep_owner(int fd, const Entry& entry, Unpacked& counts);

/// Keeps in `owner_xattr` which device an empty file stands for, and whose that is, where that can be.
void keep_device(int fd, const Entry& entry);

/// Gives an open file or folder the entry's extended attributes: `user.*` and `security.capability`. Others, and
/// those that the file system does not take, are counted.
void set_xattrs(int fd, const Entry& entry, Unpacked& counts);

/// Takes from an open folder the attributes that set_xattrs and set_or_keep_owner have given it.
void clear_xattrs(int fd) noexcept;

/// Tells whether an extended attribute is for the programs of a container. trusted.* and security.* speak to the host's
/// kernel, user.overlay.* to the overlay that this folder is a layer of (redirects and whiteouts of a stranger's
/// choice), and user.snug.* to snug.
[[nodiscard]] bool is_kept(std::string_view name) noexcept;

/// Makes an open folder opaque for an overlay with `userxattr`.
void set_opaque(int folder, std::string_view name);

/// Gives an open file or folder its time of modification.
void set_time(int fd, std::string_view name, const timespec& time);

/// Gives an open file or folder its mode and then its time of modification: the last that is done to it.
void set_mode_and_time(int fd, std::string_view name, unsigned mode, const timespec& time);

}  // namespace snug::layer
