#pragma once

#include <memory>
#include <string>

#include "snug/base/json_fwd.hh"
#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::config {

/// Gives all that was asked for as JSON, as containers' records keep it. What has its default value is left out.
[[nodiscard]] std::shared_ptr<const Json> render_spec(const plan::Spec& spec);

/// Reads what render_spec gave. Throws an Error where it is nothing like that.
[[nodiscard]] plan::Spec parse_spec(const Json& json);

/// Gives what is known of a root file system as one line of JSON, for another process of this program; bytes that are no text are lost. And reads it.
[[nodiscard]] std::string render_rootfs_facts(const plan::RootfsFacts& facts);
[[nodiscard]] plan::RootfsFacts parse_rootfs_facts(const std::string& text);

}  // namespace snug::config
