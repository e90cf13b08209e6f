#pragma once

#include <memory>

#include "snug/base/json_fwd.hh"
#include "snug/plan/spec.hh"

namespace snug::config {

/// Gives all that was asked for as JSON, as containers' records keep it. What has its default value is left out.
[[nodiscard]] std::shared_ptr<const Json> render_spec(const plan::Spec& spec);

/// Reads what render_spec gave. Throws an Error where it is nothing like that.
[[nodiscard]] plan::Spec parse_spec(const Json& json);

}  // namespace snug::config
