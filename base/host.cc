#include "base/host.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

constexpr size_t kLongestHost = 253;
constexpr size_t kLongestLabel = 63;

absl::Status BadHost(absl::string_view why) { return absl::InvalidArgumentError(why); }

// One part of an IPv4 address: decimal, octal with a leading 0, or hexadecimal with 0x.
std::optional<uint64_t> Ipv4Part(absl::string_view text) {
  int base = 10;
  if (absl::ConsumePrefix(&text, "0x")) {
    base = 16;
    if (text.empty()) return 0;
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty() || text.size() > 12) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const int digit = absl::ascii_isdigit(static_cast<unsigned char>(c)) ? c - '0'
                      : c >= 'a' && c <= 'f'                             ? c - 'a' + 10
                                                                         : 99;
    if (digit >= base) return std::nullopt;
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  return value;
}

// One to four parts, the last of which fills what is left of the 32 bits.
std::optional<uint32_t> ParseIpv4(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() > 4) return std::nullopt;
  uint64_t address = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::optional<uint64_t> part = Ipv4Part(parts[i]);
    if (!part.has_value()) return std::nullopt;
    if (i + 1 < parts.size()) {
      if (*part > 255) return std::nullopt;
      address |= *part << (8 * (3 - i));
    } else {
      if (*part >= uint64_t{1} << (8 * (5 - parts.size()))) return std::nullopt;
      address |= *part;
    }
  }
  return static_cast<uint32_t>(address);
}

std::string Ipv4Text(uint32_t address) {
  return absl::StrCat(address >> 24, ".", (address >> 16) & 255, ".", (address >> 8) & 255, ".",
                      address & 255);
}

using Ipv6 = std::array<uint16_t, 8>;

// The groups of one side of "::"; an IPv4 address may be the last two.
std::optional<std::vector<uint16_t>> Ipv6Groups(absl::string_view text, bool may_end_in_ipv4) {
  std::vector<uint16_t> groups;
  if (text.empty()) return groups;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (may_end_in_ipv4 && i + 1 == parts.size() && absl::StrContains(parts[i], '.')) {
      const std::optional<uint32_t> ipv4 = ParseIpv4(parts[i]);
      // Here all four parts stand, without leading zeros.
      if (!ipv4.has_value() || Ipv4Text(*ipv4) != parts[i]) return std::nullopt;
      groups.push_back(static_cast<uint16_t>(*ipv4 >> 16));
      groups.push_back(static_cast<uint16_t>(*ipv4 & 0xFFFF));
      continue;
    }
    if (parts[i].empty() || parts[i].size() > 4) return std::nullopt;
    const std::optional<uint64_t> group = Ipv4Part(absl::StrCat("0x", parts[i]));
    if (!group.has_value()) return std::nullopt;
    groups.push_back(static_cast<uint16_t>(*group));
  }
  return groups;
}

std::optional<Ipv6> ParseIpv6(absl::string_view text) {
  Ipv6 address{};
  const size_t gap = text.find("::");
  const auto left = Ipv6Groups(text.substr(0, gap), gap == absl::string_view::npos);
  if (!left.has_value()) return std::nullopt;
  if (gap == absl::string_view::npos) {
    if (left->size() != address.size()) return std::nullopt;
    std::copy(left->begin(), left->end(), address.begin());
    return address;
  }
  const auto right = Ipv6Groups(text.substr(gap + 2), true);
  if (!right.has_value() || left->size() + right->size() >= address.size()) return std::nullopt;
  std::copy(left->begin(), left->end(), address.begin());
  std::copy(right->begin(), right->end(), address.end() - static_cast<ptrdiff_t>(right->size()));
  return address;
}

// As RFC 5952 writes it: lower case, no leading zeros, the longest run of zero groups as "::".
std::string Ipv6Text(const Ipv6& address) {
  size_t run = 0;
  size_t run_length = 1;  // A single zero is written out.
  for (size_t i = 0; i < address.size();) {
    size_t end = i;
    while (end < address.size() && address[end] == 0) ++end;
    if (end - i > run_length) {
      run = i;
      run_length = end - i;
    }
    i = end + 1;
  }
  const auto join = [&address](size_t begin, size_t end) {
    std::vector<std::string> parts;
    for (size_t i = begin; i < end; ++i) parts.push_back(absl::StrCat(absl::Hex(address[i])));
    return absl::StrJoin(parts, ":");
  };
  if (run_length == 1) return join(0, address.size());
  return absl::StrCat(join(0, run), "::", join(run + run_length, address.size()));
}

absl::StatusOr<std::string> CanonicalIpv6(absl::string_view text) {
  absl::string_view zone;
  if (const size_t percent = text.find('%'); percent != absl::string_view::npos) {
    zone = text.substr(percent + 1);
    text = text.substr(0, percent);
    absl::ConsumePrefix(&zone, "25");  // "%" as a URL writes it.
    if (zone.empty() || zone.find_first_of("[]%/ ") != absl::string_view::npos) {
      return BadHost("the zone of the IPv6 address is malformed");
    }
  }
  const std::optional<Ipv6> address = ParseIpv6(absl::AsciiStrToLower(text));
  if (!address.has_value()) return BadHost("what stands in brackets is no IPv6 address");
  const Ipv6& a = *address;
  const bool mapped =
      std::all_of(a.begin(), a.begin() + 5, [](uint16_t g) { return g == 0; }) && a[5] == 0xFFFF;
  if (mapped && zone.empty()) return Ipv4Text(uint32_t{a[6]} << 16 | a[7]);
  return absl::StrCat("[", Ipv6Text(a), zone.empty() ? "" : "%", zone, "]");
}

bool IsNumeric(absl::string_view label) {
  const bool hex = absl::StartsWith(label, "0x");
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) ||
         (hex && Ipv4Part(label).has_value());
}

}  // namespace

absl::StatusOr<std::string> CanonicalHost(absl::string_view text) {
  if (text.empty()) return BadHost("the host is missing");
  if (absl::ConsumePrefix(&text, "[")) {
    if (!absl::ConsumeSuffix(&text, "]")) {
      return BadHost("the bracket of the IPv6 address is not closed");
    }
    return CanonicalIpv6(text);
  }
  std::string host = absl::AsciiStrToLower(text);
  for (const char c : host) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      return BadHost("the host holds letters beyond a-z; write it in its \"xn--\" form");
    }
    if (c == ':') return BadHost("an IPv6 address stands in brackets, such as [2001:db8::1]");
    if (absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte)) {
      return BadHost("the host holds blanks or control characters");
    }
    if (!absl::ascii_isalnum(byte) && c != '.' && c != '-' && c != '_') {
      return BadHost(
          absl::StrCat("the host holds '", absl::string_view(&c, 1), "', which no host name has"));
    }
  }
  if (host.back() == '.') host.pop_back();
  const std::vector<absl::string_view> labels = absl::StrSplit(host, '.');
  for (const absl::string_view label : labels) {
    if (label.empty()) return BadHost("the host has an empty part between its dots");
    if (label.size() > kLongestLabel) {
      return BadHost("a part of the host is longer than 63 characters");
    }
    if (label.front() == '-' || label.back() == '-') {
      return BadHost("a part of the host begins or ends with '-', which no host name does");
    }
  }
  if (host.size() > kLongestHost) return BadHost("the host is longer than 253 characters");
  // A host that ends in a number is an IPv4 address or nothing: so do all who look it up see it.
  if (!IsNumeric(labels.back())) return host;
  const std::optional<uint32_t> address = ParseIpv4(host);
  if (!address.has_value()) {
    return BadHost("the host ends in a number but is no IPv4 address");
  }
  return Ipv4Text(*address);
}

bool IsAddressLiteral(absl::string_view host) {
  return absl::StartsWith(host, "[") ||
         (!host.empty() && IsNumeric(host.substr(host.rfind('.') + 1)));
}

bool IsThisMachine(absl::string_view host) {
  // As the hosts files of distributions have them.
  for (const absl::string_view name :
       {"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback"}) {
    if (host == name) return true;
  }
  return absl::StartsWith(host, "localhost.") || absl::EndsWith(host, ".localhost") ||
         host == "localhost4.localdomain4" || host == "localhost6.localdomain6" ||
         host == "0.0.0.0" || host == "[::]" || host == "[::1]" ||
         (absl::StartsWith(host, "127.") && IsAddressLiteral(host));
}

std::string WhyNobodyAnswersAt(absl::string_view host) {
  if (absl::StartsWith(host, "[")) {
    if (host == "[::]") return "it is the address of no machine";
    return absl::StartsWith(host, "[ff") && host.find(':') == 5
               ? "it is the address of a group of machines"
               : "";
  }
  if (!IsAddressLiteral(host)) return "";
  const uint32_t address = ParseIpv4(host).value_or(0);
  if (address >> 24 == 0) return "it is the address of no machine";
  if (address >> 28 == 0xE) return "it is the address of a group of machines";
  return address == 0xFFFFFFFF ? "it is the address of all machines" : "";
}

}  // namespace muster
