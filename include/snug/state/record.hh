#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::state {

/// What a container was made of, for the commands that look at it from outside: STORE/containers/ID/config.json.
struct Record {
  std::string id;                   ///< the name of its folder
  std::string name;                 ///< of --name; may be empty
  std::string image, manifest;      ///< the image's name and the digest of its manifest
  std::string map;                  ///< the name of its id map (image::Store::map_name)
  std::vector<std::string> lowers;  ///< absolute paths, topmost first
  std::string upper;                ///< absolute path
  bool operator==(const Record&) const = default;
};

/// Writes the record into the container's folder, whole or not at all. Throws.
void write_record(const std::string& store, const Record& record);

/// Lists the records of all containers. What cannot be read is left out.
[[nodiscard]] std::vector<Record> list_records(const std::string& store);

/// Whether somebody holds the container's folder: its monitor lives.
[[nodiscard]] bool is_running(const std::string& store, const Record& record);

/// Keeps a container's files from being removed while the descriptor lives, for who reads them. Throws where that has begun already.
[[nodiscard]] sys::Fd hold_files(const std::string& store, const Record& record);

/// Waits until nobody reads the files of the container's folder `path` any more; nobody begins to while the descriptor lives.
[[nodiscard]] sys::Fd wait_for_readers(const std::string& path);

/// Finds a container by its name, or by the first letters of its id. Throws where there is none, or more than one.
[[nodiscard]] Record find_record(const std::string& store, std::string_view typed);

}  // namespace snug::state
