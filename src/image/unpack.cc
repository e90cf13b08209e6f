#include "snug/image/unpack.hh"

#include "archive.hh"
#include "tree.hh"

namespace snug::image {

Unpacked unpack(int archive, int target, const Limits& limits) {
  Unpacked counts;
  Archive reader(archive);
  Tree tree(target, limits, counts);
  for (Entry entry; reader.next(entry);) {
    ++counts.entries;
    tree.place(entry, reader);
  }
  tree.finish();
  return counts;
}

}  // namespace snug::image
