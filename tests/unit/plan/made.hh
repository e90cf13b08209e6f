#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <variant>

#include "snug/plan/plan.hh"

namespace snug::test {

/// The plan that these make; a case that gets a refusal ends.
inline plan::Plan plan_of(const plan::Spec& spec, const plan::HostFacts& facts) {
  auto made = plan::make_plan(spec, facts);
  REQUIRE_MESSAGE(std::holds_alternative<plan::Plan>(made), std::get<plan::Refusal>(made).message);
  return std::get<plan::Plan>(std::move(made));
}

/// Why these make none; "a plan" where they do.
inline std::string refusal(const plan::Spec& spec, const plan::HostFacts& facts) {
  const auto made = plan::make_plan(spec, facts);
  return std::holds_alternative<plan::Refusal>(made) ? std::get<plan::Refusal>(made).message : "a plan";
}

}  // namespace snug::test
