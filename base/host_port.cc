#include "base/host_port.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {
    return absl::ConsumeSuffix(&host, "]") && !host.empty() &&
           std::all_of(host.begin(), host.end(), [](char c) {
             return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.' ||
                    c == '%';
           });
  }
  return !host.empty() && host.find_first_of(":/@[] \t") == absl::string_view::npos;
}

bool IsPort(absl::string_view text, int smallest) {
  int port = 0;
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) &&
         absl::SimpleAtoi(text, &port) && port >= smallest && port <= 65535;
}

}  // namespace

bool IsHostPort(absl::string_view text, int smallest_port) {
  const size_t colon = text.rfind(':');
  return colon != absl::string_view::npos && IsHost(text.substr(0, colon)) &&
         IsPort(text.substr(colon + 1), smallest_port);
}

}  // namespace muster
