#include <algorithm>
#include <array>

#include "functions.hh"
#include "progress.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

using transport::Form;

constexpr std::array<std::pair<std::string_view, Form>, 3> formats{
    {{"docker-archive", Form::docker_archive}, {"oci-archive", Form::oci_archive}, {"oci-dir", Form::oci}}};

Form chosen_form(const cli::Arguments& arguments) {
  const std::string* text = arguments.find("format");
  if (!text) return Form::docker_archive;
  for (const auto& [word, form] : formats)
    if (*text == word) return form;
  throw UsageError(format("there is no format {}", quoted(*text)), "docker-archive, docker-dir, oci-archive and oci-dir are there");
}

/// An image to save, by all names that were typed.
struct Chosen {
  image::Image image;
  std::vector<image::Reference> names;
};

void add_name(Chosen& chosen, const std::string& name) {
  try {
    if (image::Reference reference = image::parse_reference(name); std::find(chosen.names.begin(), chosen.names.end(), reference) == chosen.names.end())
      chosen.names.push_back(std::move(reference));
  } catch (const UsageError&) {  // it has none, or one that somebody else wrote into the store
  }
}

std::vector<Chosen> chosen_images(const cli::Invocation& invocation, const image::Store& store) {
  std::vector<Chosen> all;
  for (const std::string& typed : invocation.arguments.operands) {
    const std::string operand = name_here(invocation, store, typed);
    image::Image image = find_image(invocation, store, operand);
    const std::string name = image.name;
    auto found = std::find_if(all.begin(), all.end(), [&](const Chosen& one) { return one.image.descriptor.digest == image.descriptor.digest; });
    if (found == all.end()) found = all.insert(all.end(), Chosen{std::move(image), {}});
    if (image::is_name_of(operand, name)) add_name(*found, name);  // an id gives it none, as with docker
  }
  return all;
}

// What skopeo calls dir: has room for one image.
int save_folder(const cli::Invocation& invocation, const image::Store& store, const std::vector<Chosen>& images, const std::string* output) {
  if (!output || images.size() != 1) throw UsageError("--format docker-dir makes a folder of one image", "snug save --format docker-dir --output FOLDER IMAGE");
  ProgressDisplay progress(error_screen(invocation.arguments.flag("quiet")));
  transport::deliver(store, images.front().image, *transport::open_folder_target(*output), &progress, 1);
  return 0;
}

}  // namespace

int save(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an image");
  const cli::Arguments& arguments = invocation.arguments;
  const std::string *format = arguments.find("format"), *output = arguments.find("output");
  const image::Store store = store_of(invocation);
  const std::vector<Chosen> images = chosen_images(invocation, store);
  if (format && *format == "docker-dir") return save_folder(invocation, store, images, output);
  const Form form = chosen_form(arguments);
  const auto collection = transport::create_collection(form, output ? *output : "-");
  ProgressDisplay progress(error_screen(arguments.flag("quiet")));
  for (const Chosen& one : images)  // one layer at a time: the same images give the same archive
    transport::deliver(store, one.image, *collection->add(one.names), &progress, 1);
  collection->finish();
  return 0;
}

}  // namespace snug::image_commands
