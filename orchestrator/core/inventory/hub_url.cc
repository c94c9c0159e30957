#include "orchestrator/core/inventory/hub_url.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::core {
namespace {

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

// "[::1]" or a name or an IPv4 address.
bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || host.empty()) return false;
    for (char c : host) {
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(c)) && c != ':' && c != '.')
        return false;
    }
    return true;
  }
  for (char c : host) {
    if (!IsHostCharacter(c)) return false;
  }
  return !host.empty();
}

}  // namespace

absl::StatusOr<std::string> NormalizeHubUrl(absl::string_view text) {
  const auto bad = [&text](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("hub URL \"", text, "\": ", why));
  };
  const size_t colon = text.find("://");
  if (colon == absl::string_view::npos) return bad("write it as https://host[:port][/path]");
  const std::string scheme = absl::AsciiStrToLower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return bad("the scheme must be http or https");
  absl::string_view rest = text.substr(colon + 3);
  for (char c : rest) {
    if (c == '?' || c == '#') return bad("a query or fragment is not part of a hub's address");
    if (absl::ascii_isspace(static_cast<unsigned char>(c)) ||
        absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return bad("blanks are not allowed");
    }
  }
  const size_t slash = rest.find('/');
  absl::string_view authority = rest.substr(0, slash);
  absl::string_view path = slash == absl::string_view::npos ? "" : rest.substr(slash);
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  if (absl::StrContains(authority, '@')) return bad("user names do not belong into it");
  absl::string_view host = authority;
  std::string port;
  const size_t port_colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (port_colon != absl::string_view::npos &&
      (bracket == absl::string_view::npos || port_colon > bracket)) {
    host = authority.substr(0, port_colon);
    int number = 0;
    if (!absl::SimpleAtoi(authority.substr(port_colon + 1), &number) || number < 1 ||
        number > 65535) {
      return bad("the port must be 1 to 65535");
    }
    if (number != (scheme == "https" ? 443 : 80)) port = absl::StrCat(":", number);
  }
  if (!IsHost(host)) return bad("the host is missing or malformed");
  return absl::StrCat(scheme, "://", absl::AsciiStrToLower(host), port, path);
}

}  // namespace muster::core
