#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/net/membership.hh"

namespace snug::net {

// What is known of the names and addresses of those who share networks, and how it is asked for: pure.

struct NameQuestion {
  enum class Kind { address4, address6, name, other };
  Kind kind = Kind::address4;
  std::string text;  ///< a name; of Kind::name an address
};

struct NameAnswer {
  bool known = false;                     ///< also where there is nothing of the kind that is asked for
  std::vector<std::string> found = {};    ///< addresses, or a name
};

/// Looks among the members of networks: a name is that of a container, one of its aliases, or either with ".NETWORK" behind it, in capitals or
/// small letters. `visible` are the members of all networks that the asker is in.
[[nodiscard]] NameAnswer find_name(const std::vector<const Membership*>& visible, const NameQuestion& question);

/// Both as packets of words with NUL between them: the asker's number, and what is above. What is read may be anything.
template <typename What>
struct Numbered {
  std::string number;
  What what;
};
[[nodiscard]] std::string render_packet(const Numbered<NameQuestion>& question);
[[nodiscard]] std::string render_packet(const Numbered<NameAnswer>& answer);
[[nodiscard]] std::optional<Numbered<NameQuestion>> parse_name_question(std::string_view packet);
[[nodiscard]] std::optional<Numbered<NameAnswer>> parse_name_answer(std::string_view packet);

}  // namespace snug::net
