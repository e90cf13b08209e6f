#include "bringing.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

// A name that is none does not keep the image out.
std::vector<std::string> whole_names(const std::vector<std::string>& names) {
  std::vector<std::string> whole;
  for (const std::string& name : names) {
    try {
      whole.push_back(contained_name(name));
    } catch (const UsageError& error) {
      commands::say(format("snug: notice: the archive calls an image {}: {}\n", quoted(name), error.message()));
    }
  }
  return whole;
}

// A digest in a name is what others trust in.
bool may_be_called(const std::string& name, const image::Stored& stored) {
  const image::Reference reference = image::parse_reference(name);
  return !reference.digest || *reference.digest == stored.manifest.digest;
}

void load_one(const cli::Invocation& invocation, transport::Contained& contained, image::Store& store) {
  const std::vector<std::string> names = whole_names(contained.names);
  constexpr std::size_t most_names = 128;
  if (names.size() > most_names) throw Error(format("the archive gives an image {} names; {} are as many as one gets", names.size(), most_names));
  const sys::Fd lock = image::lock_shared(store);  // until it has all its names
  const image::Stored stored = bring(invocation, *contained.source, store, names.empty() ? "" : names[0]);
  for (std::size_t at = 0; at < names.size(); ++at) {
    const std::string& name = names[at];
    if (!may_be_called(name, stored)) {
      commands::say(format("snug: notice: the archive calls an image {}, which has another digest\n", quoted(name)));
      continue;
    }
    if (at > 0) store.set_name(name, stored.manifest);
    commands::print(format("Loaded image: {}\n", short_name(name)));
  }
  if (names.empty()) commands::print(format("Loaded image ID: {}\n", store.open(stored).id().text()));
}

}  // namespace

int load(const cli::Invocation& invocation) {
  const std::string* input = invocation.arguments.find("input");
  image::Store store = store_of(invocation);
  std::vector<transport::Contained> images = transport::open_all(input ? *input : "-", store);
  if (images.empty()) throw Error(format("there is no image in {}", input ? quoted(*input) : "standard input"));
  for (transport::Contained& contained : images) load_one(invocation, contained, store);
  return 0;
}

}  // namespace snug::image_commands
