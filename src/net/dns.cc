#include "snug/net/dns.hh"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "snug/base/text.hh"

namespace snug::net {
namespace {

constexpr std::size_t header_size = 12, longest_name = 255, longest_label = 63;
constexpr unsigned most_leaps = 16;  // a name of a thousand would take its time
constexpr std::uint16_t is_answer = 0x8000, is_truncated = 0x0200, wants_recursion = 0x0100, has_recursion = 0x0080, no_checking = 0x0010;
constexpr std::uint16_t operation = 0x7800, class_in = 1;
constexpr std::uint32_t do_bit = 0x8000;
// What an answer by UDP may be long without being cut to pieces on its way.
constexpr std::uint16_t usual_size = 512, longest_size = 1232;

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

void append_label(std::string& name, std::string_view label) {
  if (!name.empty()) name += '.';
  for (const char c : label)
    if (is_plain(small(c))) name += small(c);
    else name += format("\\{:03}", static_cast<unsigned char>(c));
}

/// Reads a message from its front. Past its end it gives zeros, and is not good() any more.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t at() const { return at_; }

  std::uint16_t number16() {
    const std::string_view bytes = take(2);
    return good_ ? static_cast<std::uint16_t>(byte(bytes[0]) << 8U | byte(bytes[1])) : std::uint16_t{0};
  }

  std::uint32_t number32() {
    const std::uint32_t high = number16();
    return high << 16U | number16();
  }

  std::string_view take(std::size_t count) {
    if (!good_ || count > message_.size() - at_) return good_ = false, std::string_view();
    at_ += count;
    return message_.substr(at_ - count, count);
  }

  // A name may go on where an earlier one stands. Each such leap leads further to the front, so that there is an end to them.
  std::string name() {
    std::string text;
    Reader from = *this;
    unsigned leaps = 0;
    for (std::size_t length = 1, front = at_;;) {
      const std::string_view head = from.take(1);
      if (!from.good_) return good_ = false, std::string();
      const std::size_t size = byte(head[0]);
      if (size > longest_label) {
        const std::string_view low = from.take(1);
        const std::size_t target = from.good_ ? (size & 0x3fU) << 8U | byte(low[0]) : front;
        if ((size & 0xc0U) != 0xc0U || target >= front || target < header_size) return good_ = false, std::string();
        if (++leaps > most_leaps) return good_ = false, std::string();
        if (leaps == 1) at_ = from.at_;
        from.at_ = front = target;
        continue;
      }
      if (size == 0) break;
      length += size + 1;
      const std::string_view label = from.take(size);
      if (!from.good_ || length > longest_name) return good_ = false, std::string();
      append_label(text, label);
    }
    if (leaps == 0) at_ = from.at_;
    return text;
  }

 private:
  static std::size_t byte(char c) { return static_cast<unsigned char>(c); }

  std::string_view message_;
  std::size_t at_ = 0;
  bool good_ = true;
};

struct Header {
  std::uint16_t id = 0, flags = 0, questions = 0, answers = 0, authorities = 0, more = 0;
};

Header read_header(Reader& reader) {
  Header header;
  for (std::uint16_t* field : {&header.id, &header.flags, &header.questions, &header.answers, &header.authorities, &header.more}) *field = reader.number16();
  return header;
}

// The one question of a message; nothing where that is not in the class IN.
std::optional<DnsQuestion> read_question(Reader& reader) {
  std::string name = reader.name();
  const auto type = static_cast<DnsType>(reader.number16());
  const std::uint16_t kind = reader.number16();
  if (!reader.good() || kind != class_in) return {};
  return DnsQuestion{std::move(name), type};
}

struct Record {
  std::string name;
  DnsType type{};
  std::uint16_t kind = 0;
  std::uint32_t ttl = 0;
  std::string_view data = {};
  std::string target = {};  ///< of CNAME
};

Record read_record(Reader& reader) {
  Record record{.name = reader.name()};
  record.type = static_cast<DnsType>(reader.number16());
  record.kind = reader.number16();
  record.ttl = reader.number32();
  const std::uint16_t size = reader.number16();
  Reader inner = reader;
  record.data = reader.take(size);
  if (record.type == DnsType::cname) record.target = inner.name();
  return record;
}

// RFC 2181: what has its highest bit set is 0.
std::uint32_t sane(std::uint32_t ttl) { return ttl > 0x7fffffffU ? 0 : ttl; }

std::optional<sys::NetAddress> address_of(const Record& record) {
  const bool four = record.type == DnsType::a && record.data.size() == 4, six = record.type == DnsType::aaaa && record.data.size() == 16;
  if (!four && !six) return {};
  sys::NetAddress address{.family = four ? AF_INET : AF_INET6};
  std::copy(record.data.begin(), record.data.end(), address.bytes.begin());
  return address;
}

// Which names the one that was asked for stands for, and how long that holds. In any order, and in a circle at worst; a chain that goes
// against the order is followed only so far.
std::map<std::string, std::uint32_t> names_for(const std::string& asked, const std::vector<Record>& records) {
  std::map<std::string, std::uint32_t> names{{asked, ~std::uint32_t{0}}};
  constexpr unsigned patience = 16;
  bool found = true;
  for (unsigned round = 0; found && round < patience; ++round) {
    found = false;
    for (const Record& record : records) {
      const auto alias = names.find(record.name);
      if (record.type != DnsType::cname || alias == names.end()) continue;
      found |= names.try_emplace(record.target, std::min(alias->second, sane(record.ttl))).second;
    }
  }
  return names;
}

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8U & 0xffU);
  out += static_cast<char>(value & 0xffU);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16U);
  put16(out, value & 0xffffU);
}

std::string make_header(std::uint16_t id, std::size_t flags, std::size_t answers, bool options) {
  std::string out;
  for (const std::size_t field : {std::size_t{id}, flags, std::size_t{1}, answers, std::size_t{0}, std::size_t{options}}) put16(out, field);
  return out;
}

// RFC 8914: why a question is not answered, where it may be said.
constexpr std::string_view prohibited{"\0\x0f\0\x02\0\x12", 6};

void put_options(std::string& out, std::uint16_t size, bool dnssec, std::string_view data = {}) {
  out += '\0';
  put16(out, static_cast<std::size_t>(DnsType::options));
  put16(out, size);
  put32(out, dnssec ? do_bit : 0);
  put16(out, data.size());
  out += data;
}

char escaped(std::string_view digits) {
  unsigned char byte = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), byte);
  return static_cast<char>(byte);
}

std::string wire_name(std::string_view name) {
  std::string out, label;
  const auto end_label = [&] {
    label.resize(std::min(label.size(), longest_label));
    out += static_cast<char>(label.size());
    out += std::exchange(label, {});
  };
  for (std::size_t at = 0; at < name.size(); ++at)
    if (name[at] == '.') end_label();
    else if (name[at] == '\\' && at + 3 < name.size()) label += escaped(name.substr(at + 1, 3)), at += 3;
    else label += name[at];
  if (!label.empty()) end_label();
  return out + '\0';
}

std::string data_of(const DnsRecord& record) {
  if (const auto* name = std::get_if<std::string>(&record.data)) return wire_name(*name);
  return std::string(std::get<sys::NetAddress>(record.data).view());
}

DnsType type_of(const DnsRecord& record) {
  const auto* address = std::get_if<sys::NetAddress>(&record.data);
  return !address ? DnsType::ptr : address->family == AF_INET ? DnsType::a : DnsType::aaaa;
}

std::size_t flags_of(const DnsQuery& query, DnsCode code) {
  return is_answer | has_recursion | (query.recursion ? wants_recursion : 0U) | (query.checking_disabled ? no_checking : 0U) | static_cast<std::size_t>(code);
}

// For UDP: what the asker takes, and for TCP what there can be.
std::string cut_short(const DnsQuery& query) {
  std::string out = make_header(query.id, flags_of(query, DnsCode::ok) | is_truncated, 0, query.extended) + query.wire;
  if (query.extended) put_options(out, longest_size, query.dnssec);
  return out;
}

std::optional<std::uint8_t> hexadecimal(std::string_view digit) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t value = digit.size() == 1 ? digits.find(digit[0]) : std::string_view::npos;
  if (value == std::string_view::npos) return {};
  return static_cast<std::uint8_t>(value);
}

}  // namespace

std::optional<DnsQuery> parse_dns_query(std::string_view message) {
  Reader reader(message);
  const Header header = read_header(reader);
  if (!reader.good() || (header.flags & (is_answer | operation)) != 0 || header.questions != 1 || header.answers != 0) return {};
  DnsQuery query{.id = header.id, .recursion = (header.flags & wants_recursion) != 0, .checking_disabled = (header.flags & no_checking) != 0};
  auto question = read_question(reader);
  if (!question) return {};
  query.question = *std::move(question);
  query.wire = message.substr(header_size, reader.at() - header_size);
  for (unsigned left = header.authorities + header.more; left > 0; --left) {
    const Record record = read_record(reader);
    if (!reader.good()) return {};
    if (record.type != DnsType::options) continue;
    query.extended = true;
    query.dnssec = (record.ttl & do_bit) != 0;
    query.size = std::clamp(record.kind, usual_size, longest_size);
  }
  return query;
}

std::optional<DnsAnswer> parse_dns_answer(std::string_view message) {
  Reader reader(message);
  const Header header = read_header(reader);
  if (!reader.good() || (header.flags & is_answer) == 0 || (header.flags & operation) != 0 || header.questions != 1) return {};
  DnsAnswer answer{.id = header.id, .code = static_cast<DnsCode>(header.flags & 0xfU), .truncated = (header.flags & is_truncated) != 0};
  auto question = read_question(reader);
  if (!question) return {};
  answer.question = *std::move(question);
  std::vector<Record> records;
  for (unsigned left = header.answers; left > 0; --left) {
    records.push_back(read_record(reader));
    // An answer that was cut short may end anywhere.
    if (!reader.good()) return answer.truncated ? std::optional(std::move(answer)) : std::nullopt;
    if (records.back().kind != class_in) records.pop_back();
  }
  const auto names = names_for(answer.question.name, records);
  for (const Record& record : records)
    if (const auto name = names.find(record.name); name != names.end())
      if (const auto address = address_of(record)) answer.addresses.push_back({*address, std::min(name->second, sane(record.ttl))});
  return answer;
}

std::string make_dns_answer(const DnsQuery& query, DnsCode code, std::span<const DnsRecord> records, std::size_t limit) {
  constexpr std::uint16_t asked = 0xc000U | header_size;  // the name stands there
  std::string out = make_header(query.id, flags_of(query, code), records.size(), query.extended) + query.wire;
  for (const DnsRecord& record : records) {
    const std::string data = data_of(record);
    put16(out, asked);
    put16(out, static_cast<std::size_t>(type_of(record)));
    put16(out, class_in);
    put32(out, record.ttl);
    put16(out, data.size());
    out += data;
  }
  if (query.extended) put_options(out, longest_size, query.dnssec, code == DnsCode::refused ? prohibited : std::string_view());
  return out.size() <= limit ? out : cut_short(query);
}

std::string make_dns_query(const DnsQuery& query, std::uint16_t id) {
  std::string out = make_header(id, wants_recursion | (query.checking_disabled ? no_checking : 0U), 0, query.extended) + query.wire;
  if (query.extended) put_options(out, query.size, query.dnssec);
  return out;
}

bool answers(const DnsAnswer& answer, const DnsQuery& query, std::uint16_t id) { return answer.id == id && answer.question == query.question; }

std::string pass_dns_answer(std::string_view message, const DnsQuery& query, std::size_t limit) {
  if (message.size() > limit) return cut_short(query);
  std::string out;
  put16(out, query.id);
  return out.append(message.substr(2));
}

std::optional<std::string> find_dns_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > longest_name - 2) return {};
  std::string name;
  for (const std::string& label : split(text, '.')) {
    if (label.empty() || label.size() > longest_label || !std::all_of(label.begin(), label.end(), [](char c) { return is_plain(small(c)); })) return {};
    append_label(name, label);
  }
  return name;
}

std::optional<sys::NetAddress> find_reverse(std::string_view name) {
  std::vector<std::string> labels = split(name, '.');
  if (name.ends_with(".in-addr.arpa") && labels.size() == 6) {
    const std::string text = format("{}.{}.{}.{}", labels[3], labels[2], labels[1], labels[0]);
    const sys::NetAddress address = sys::read_address(text.c_str());
    return address.family == AF_INET ? std::optional(address) : std::nullopt;
  }
  constexpr std::size_t digits = 32;
  if (!name.ends_with(".ip6.arpa") || labels.size() != digits + 2) return {};
  sys::NetAddress address{.family = AF_INET6};
  for (std::size_t at = 0; at < digits; ++at) {
    const auto digit = hexadecimal(labels[digits - 1 - at]);
    if (!digit) return {};
    address.bytes[at / 2] = static_cast<std::uint8_t>(address.bytes[at / 2] << 4U | *digit);
  }
  return address;
}

}  // namespace snug::net
