#include "memberships.hh"

#include <algorithm>
#include <span>

#include "snug/base/text.hh"

namespace snug::runtime {
namespace {

net::Membership membership_of(const plan::JoinNetwork& step) {
  return {.network = step.network, .interface = step.interface, .hardware = step.hardware, .address4 = step.address4, .address6 = step.address6,
          .names = step.names};
}

}  // namespace

Memberships::Memberships(const plan::Plan& plan) : plan_(plan) {
  if (const auto* join = plan.find<plan::JoinNetwork>()) link_.emplace(join->keeper);
}

std::optional<Memberships::Failure> Memberships::enter(int user, int net) {
  user_ = user, net_ = net;
  for (std::size_t at = 0; at < plan_.steps.size(); ++at) {
    const auto* join = std::get_if<plan::JoinNetwork>(&plan_.steps[at].action);
    if (!join) continue;
    joined_.push_back(membership_of(*join));
    if (std::string reason = link_->join(joined_.back(), user_, net_); !reason.empty()) return Failure{at, std::move(reason)};
  }
  return {};
}

std::string Memberships::rejoin() {
  if (!link_->has_ended()) return {};
  link_->drop();
  if (joined_.empty()) return {};
  std::string failure;
  if (std::exchange(rejoined_, true)) failure = "it has ended before";
  for (const net::Membership& each : joined_)
    if (failure.empty()) failure = link_->join(each, user_, net_);
  if (failure.empty()) return "the keeper of the shared networks has ended: another one was started";
  link_->drop();
  joined_.clear();
  return format("the keeper of the shared networks has ended, and the container is in none of them any more: {}", printable(failure));
}

std::string Memberships::connect(const std::vector<std::string>& words) {
  auto wanted = words.empty() ? std::nullopt : net::parse_membership(std::span(words).subspan(1));
  if (!wanted) return "its monitor does not understand: it is of another version of snug";
  if (net_ < 0) return "it has no network of its own";
  if (!link_) link_.emplace(words.front());
  wanted->interface = free_interface();
  std::string refusal = link_->join(*wanted, user_, net_);
  if (refusal.empty()) joined_.push_back(*wanted);
  return refusal;
}

std::string Memberships::free_interface() const {
  for (unsigned number = 1;; ++number) {
    std::string name = format("eth{}", number);
    if (std::none_of(joined_.begin(), joined_.end(), [&](const net::Membership& each) { return each.interface == name; })) return name;
  }
}

std::string Memberships::disconnect(const std::vector<std::string>& words) {
  if (words.size() != 1) return "its monitor does not understand: it is of another version of snug";
  std::string refusal = link_ ? link_->leave(words.front()) : "it shares no network";
  if (refusal.empty()) std::erase_if(joined_, [&](const net::Membership& each) { return each.network == words.front(); });
  if (joined_.empty() && link_) link_->drop();
  return refusal;
}

}  // namespace snug::runtime
