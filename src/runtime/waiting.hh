#pragma once

#include "snug/sys/waiting.hh"

namespace snug::runtime {

using sys::Waiting;

}  // namespace snug::runtime
