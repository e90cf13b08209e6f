#pragma once

#include <string>

#include "snug/base/ids.hh"
#include "snug/probe/host.hh"

namespace snug::probe {

/// Where snug keeps its data, and why not elsewhere.
struct StorePlace {
  std::string path, type;           ///< with the name of its file system
  bool takes_upper = false;
  std::string replaced, replaced_type;  ///< the data folder that `path` stands in for, if it does
  std::string no_local;             ///< why nothing stands in for a data folder that would need it
};

/// Finds the place: the data folder, where overlays can write in it, or where there are images or containers in it and none elsewhere, which would
/// seem to be gone; else a folder of this machine, if that can be had: /var/tmp/snug-UID, or the one that CallerEnvironment::data_local names. It
/// is made, open to nobody else, and taken only where nobody else can put another in its place.
[[nodiscard]] StorePlace find_store_place(const std::string& data_folder, const CallerEnvironment& environment, HostId uid);

}  // namespace snug::probe
