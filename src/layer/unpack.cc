#include "snug/layer/unpack.hh"

#include "archive.hh"
#include "tree.hh"

namespace snug::layer {

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

}  // namespace snug::layer
