#pragma once

#include <string>
#include <vector>

namespace snug::transport {

/// Lists the folders of container tools that may hold authorities for HOST[:PORT].
[[nodiscard]] std::vector<std::string> authority_folders(const std::string& host);

/// Reads all *.crt of these folders, those that are there: the texts one after the other. Throws where one cannot be read.
[[nodiscard]] std::string read_authorities(const std::vector<std::string>& folders);

}  // namespace snug::transport
