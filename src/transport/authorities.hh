#pragma once

#include <string>
#include <vector>

namespace snug::transport {

/// What is known of the certificates of a host: PEM.
struct Certificates {
  std::string authorities;  ///< whom to trust besides the system's; may be empty
  std::string client, key;  ///< what this side shows of itself; both or none
};

/// Lists the folders of container tools that may hold certificates for HOST[:PORT]. `config_folder` as in Connection.
[[nodiscard]] std::vector<std::string> certificate_folders(const std::string& host, const std::string& config_folder);

/// Reads these folders, those that are there: *.crt are authorities, and *.cert is a client's certificate, with its key in *.key.
/// Of several pairs the last counts. Throws where a file cannot be read, and where one of a pair is missing.
[[nodiscard]] Certificates read_certificates(const std::vector<std::string>& folders);

}  // namespace snug::transport
