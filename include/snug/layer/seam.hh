#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "snug/layer/unpack.hh"

namespace snug::layer {

/// What is kept beside an unpacked layer: what its archive does not say, and how much there is.
struct Account {
  std::uint64_t names = 0;         ///< as in Unpacked
  std::set<std::string> implied;  ///< as in Unpacked
};

/// Gives the account's text: "names N", a line feed, and each implied folder with a NUL behind it, the root as ".".
[[nodiscard]] std::string render_account(const Unpacked& unpacked);

/// Reads such a text. Nothing where it is none, or has names in it that no entry can have.
[[nodiscard]] std::optional<Account> parse_account(std::string_view text);

/// A layer as it lies in the store: its root, at an absolute path.
struct Accounted {
  std::string root;
  Account account;
};

/// Whether the layers, topmost first, may have folders that the upper implies and the lower describes. Looks at the accounts alone.
[[nodiscard]] bool may_need_seam(const std::vector<Accounted>& layers);

/// Makes what goes on top of the layers, topmost first, so that each folder looks as the uppermost layer says that has an entry for it, where
/// the kernel would show what the topmost layer has only implied. Fills the empty folder `target` with such folders and those on
/// the way to them: owner, mode, attributes, time, and nothing else. False where there are none; `target` is empty then.
///
/// Follows no link. Runs as the caller where all layers are the caller's, else as root of a user namespace with the layers' id map:
/// a folder that may not be read is left as the kernel shows it. Throws an Error.
bool make_seam(const std::vector<Accounted>& layers, int target);

}  // namespace snug::layer
