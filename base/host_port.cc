#include "base/host_port.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/host.h"
#include "base/status_macros.h"

namespace muster {
namespace {

absl::Status BadEndpoint(absl::string_view why) { return absl::InvalidArgumentError(why); }

// What is wrong with the text whatever it was meant to be; empty when nothing is.
std::string ProblemOfEndpoint(absl::string_view text) {
  if (text.empty()) return "it is empty";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte)) {
      return "it holds blanks or control characters";
    }
  }
  if (const size_t at = text.find("://"); at != absl::string_view::npos) {
    return absl::StrCat("it is a URL; leave \"", text.substr(0, at + 3), "\" away");
  }
  if (absl::StrContains(text, '/')) return "it holds a path";
  if (absl::StrContains(text, '@')) return "it holds a user name";
  return "";
}

}  // namespace

std::string HostPort::ToString() const {
  const bool bare = absl::StrContains(host, ':') && !absl::StartsWith(host, "[");
  return absl::StrCat(bare ? "[" : "", host, bare ? "]" : "", ":", port);
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text, int smallest_port) {
  if (const std::string problem = ProblemOfEndpoint(text); !problem.empty()) {
    return BadEndpoint(problem);
  }
  const size_t colon = text.rfind(':');
  const size_t bracket = text.rfind(']');
  if (colon == absl::string_view::npos || (bracket != absl::string_view::npos && colon < bracket)) {
    return BadEndpoint("the port is missing: write host:port");
  }
  HostPort out;
  ASSIGN_OR_RETURN(out.host, CanonicalHost(text.substr(0, colon)));
  const absl::string_view port = text.substr(colon + 1);
  const bool digits =
      !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      });
  if (!digits || !absl::SimpleAtoi(port, &out.port) || out.port < smallest_port ||
      out.port > 65535) {
    return BadEndpoint(absl::StrCat("the port must be a number from ", smallest_port, " to 65535"));
  }
  return out;
}

bool IsHostPort(absl::string_view text, int smallest_port) {
  return ParseHostPort(text, smallest_port).ok();
}

absl::StatusOr<std::string> ParseHostAlone(absl::string_view text) {
  if (const std::string problem = ProblemOfEndpoint(text); !problem.empty()) {
    return BadEndpoint(problem);
  }
  const bool bracketed = absl::StartsWith(text, "[");
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (bracketed ? !absl::EndsWith(text, "]") : colons == 1) {
    return BadEndpoint("only a host is wanted here, without a port");
  }
  absl::StatusOr<std::string> host =
      CanonicalHost(!bracketed && colons > 1 ? absl::StrCat("[", text, "]") : std::string(text));
  if (host.ok() && !host->empty() && host->front() == '[') return host->substr(1, host->size() - 2);
  return host;
}

}  // namespace muster
