#pragma once

#include <memory>
#include <string>

#include "snug/transport/archive.hh"

namespace snug::transport {

/// A collection with the names as they are to stand in the index: of a layout a bare tag is one.
class LayoutCollection : public Collection {
 public:
  [[nodiscard]] std::unique_ptr<Target> add(std::vector<image::Reference> names) override;
  [[nodiscard]] virtual std::unique_ptr<Target> add_as(std::vector<std::string> names) = 0;
};

/// Makes a folder or a tar archive in OCI's layout, or adds to the folder that is there.
[[nodiscard]] std::unique_ptr<LayoutCollection> create_layout(const std::string& path);
[[nodiscard]] std::unique_ptr<LayoutCollection> create_layout_archive(const std::string& path);

}  // namespace snug::transport
