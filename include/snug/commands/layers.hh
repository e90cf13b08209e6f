#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "snug/cli/command.hh"
#include "snug/image/store.hh"
#include "snug/layer/seam.hh"
#include "snug/plan/host_facts.hh"
#include "snug/plan/plan.hh"
#include "snug/plan/spec.hh"
#include "snug/plan/step.hh"
#include "snug/state/record.hh"

namespace snug::commands {

// Layers of images are unpacked for one id map, and serve no other.

/// The options of run that choose the id map: --userns, --uidmap, --gidmap.
extern const cli::OptionSet id_map_option_set;

/// Makes a Spec with the id map that run would choose, by the configuration files and by those options of `invocation`, and with
/// nothing else in it. Throws UsageError.
[[nodiscard]] plan::Spec read_id_map(const cli::Invocation& invocation);

/// Gives the maps of such a Spec, or throws why there are none.
[[nodiscard]] plan::WriteIdMaps id_maps_of(const plan::Spec& spec, const plan::HostFacts& facts);

/// Names an id map as image::Store does: the layers below STORE/layers/NAME are unpacked for it. Throws where the map has
/// too many ranges for a name.
[[nodiscard]] std::string layer_map(const plan::WriteIdMaps& maps);

/// Unpacks a layer, a plain tar archive on the descriptor `archive`, into a new folder "root" of the folder at the path
/// `folder`, in walls of its own. Gives what was done: "entries N devices N owners N xattrs N marks N" (layer::Unpacked). Throws where the
/// archive cannot be read to its end, calling it `name`; what is in `folder` then is the caller's to remove. The calling process
/// has one thread.
[[nodiscard]] std::string unpack_layer(const plan::Spec& spec, const plan::HostFacts& facts, const std::string& name, int archive,
                                       const std::string& folder);

/// Raises the limit of open files for so many layers, as far as it can be: each is held by a descriptor, and looked at or mounted
/// through another. The container has limits of its own.
void allow_descriptors(std::size_t layers);

/// The layers of an image for one id map, held: nobody removes them meanwhile.
struct Layers {
  std::vector<std::string> roots;  ///< topmost first, a seam before all; none below one that hides them all
  std::vector<sys::Fd> locks;
};

/// Finds the layers of an image where they are all unpacked for `map`; and those of them alone, without a seam, whether or not one is there.
[[nodiscard]] std::optional<Layers> find_layers(const image::Store& store, const std::string& map, const image::Image& image);
[[nodiscard]] std::optional<Layers> find_bare_layers(const image::Store& store, const std::string& map, const image::Image& image);

/// Makes the seam of an image whose layers are all unpacked for `map`, or notes that it needs none. Throws. The calling process has one thread.
void settle_seam(const Environment& environment, const image::Store& store, const std::string& map, const image::Image& image);

/// Reads what is kept beside the root of the layer in `folder`; nothing where that is missing or damaged.
[[nodiscard]] std::optional<layer::Account> find_account(const std::string& folder);

/// Finds the image that a container was made from; throws where it was made from none, or that is gone.
[[nodiscard]] image::Image base_of(const image::Store& store, const state::Record& record);

/// Gives docker's id of that image, the digest of its configuration; empty where there is none, or it is no longer there.
[[nodiscard]] std::string find_image_id(const std::string& store, const state::Record& record);

/// Keeps others from removing the layers with these roots, for as long as the descriptors live. Throws where one is gone.
[[nodiscard]] std::vector<sys::Fd> hold_layers(const std::vector<std::string>& roots);

/// Files that snug makes, to mount on them, only where a root has none: there an empty one is no change. Elsewhere somebody emptied it.
inline constexpr std::array made_where_missing{"etc/group", "etc/passwd"};

/// What is packed: layers at absolute paths, topmost first; see plan::make_pack_plan.
struct Packing {
  std::string name;  ///< for messages
  plan::Pack what = plan::Pack::tree;
  std::vector<plan::Layer> layers;
  std::vector<std::string> left_out = {};
};

/// Packs layers into a tar archive, which goes to the descriptor `archive` as it is made, in walls of their own. Throws where it cannot be
/// written or read to its end. The calling process has one thread.
void pack_layers(const plan::Spec& spec, const plan::HostFacts& facts, const Packing& what, int archive);

}  // namespace snug::commands
