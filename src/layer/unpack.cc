#include "snug/layer/unpack.hh"

#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "archive.hh"
#include "name.hh"
#include "tree.hh"

namespace snug::layer {

namespace {

// Whoever writes the stream has to come to its end, which may lie behind the archive's.
void read_rest(int archive) {
  std::array<char, std::size_t{64} << 10U> rest;
  ssize_t count = 0;
  do count = ::read(archive, rest.data(), rest.size());
  while (count > 0 || (count < 0 && errno == EINTR));
}

// The root is whose all is; what is made in it inherits neither a group nor a list of rights.
void take_over(int target) {
  if (::fchown(target, ::geteuid(), ::getegid()) != 0) fail("take over the folder", ".", errno);
  static_cast<void>(::fremovexattr(target, "system.posix_acl_default"));
}

}  // namespace

Unpacked unpack(int archive, int target, Form form, const Limits& limits) {
  Unpacked counts;
  Archive reader(archive, form);
  if (form == Form::layer) take_over(target);
  Tree tree(target, form, limits, counts);
  for (Entry entry; reader.next(entry);) {
    ++counts.entries;
    tree.place(entry, reader);
  }
  tree.finish();
  if (form == Form::layer) read_rest(archive);
  return counts;
}

}  // namespace snug::layer
