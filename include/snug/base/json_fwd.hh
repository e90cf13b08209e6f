#pragma once

#include <nlohmann/json_fwd.hpp>

namespace snug {

/// A JSON value; objects keep the order in which their names came. Of those who only hand it on; base/json.hh has the whole, which
/// takes the compiler seconds.
using Json = nlohmann::ordered_json;

}  // namespace snug
