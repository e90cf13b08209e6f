#include "report.hh"

#include <doctest/doctest.h>

using namespace snug;
using namespace snug::runtime;

TEST_CASE("what the child tells is believed of a step of the plan that tells it, and of no other") {
  plan::Plan plan;
  plan.steps.push_back({plan::Actor::init, plan::KeepNamespaces{}});
  plan.steps.push_back({plan::Actor::payload, plan::RememberOwners{}});
  const auto believed = [&](Report::Kind kind, std::uint32_t step) { return fits({.kind = kind, .step = step}, plan); };
  for (const Report::Kind kind : {Report::done, Report::failed}) {
    CHECK(believed(kind, 0));
    CHECK(believed(kind, 1));
    CHECK(!believed(kind, 2));
    CHECK(!believed(kind, 1U << 20U));
  }
  CHECK(believed(Report::namespaces, 0));
  CHECK(!believed(Report::namespaces, 1));
  CHECK(believed(Report::listener, 1));
  CHECK(!believed(Report::listener, 0));
  for (const Report::Kind kind : {Report::server, Report::interface, Report::wall, Report::line, static_cast<Report::Kind>(99)})
    for (const std::uint32_t step : {0U, 1U}) CHECK(!believed(kind, step));
}
