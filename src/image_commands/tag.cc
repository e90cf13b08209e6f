#include "functions.hh"
#include "store_of.hh"

namespace snug::image_commands {

int tag(const cli::Invocation& invocation) {
  need_operands(invocation, 2, "an image and a name for it");
  const auto& operands = invocation.arguments.operands;
  image::Store store = store_of(invocation);
  const sys::Fd lock = store.exists() ? image::lock_shared(store) : sys::Fd();
  const image::Image image = find_image(invocation, store, operands[0]);
  std::vector<std::string> names;
  for (std::size_t at = 1; at < operands.size(); ++at) names.push_back(new_name(operands[at]));
  for (const std::string& name : names) store.set_name(name, image.descriptor);
  return 0;
}

}  // namespace snug::image_commands
