#include "worker/service/loopback.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/host.h"
#include "base/platform/files.h"
#include "base/protection.h"
#include "base/redact.h"

namespace muster::worker {
namespace {

// Of a canonical literal.
bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "127.") || address == "[::1]";
}

std::string WithoutBrackets(absl::string_view address) {
  absl::ConsumePrefix(&address, "[");
  absl::ConsumeSuffix(&address, "]");
  return std::string(address);
}

// Canonical literals that the text gives to `host`, in its order.
std::vector<std::string> AddressesIn(absl::string_view hosts, const std::string& host) {
  std::vector<std::string> found;
  for (absl::string_view line : absl::StrSplit(hosts, '\n')) {
    line = line.substr(0, line.find('#'));
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    for (size_t i = 1; i < fields.size(); ++i) {
      const auto name = CanonicalHost(fields[i]);
      if (!name.ok() || *name != host) continue;
      const auto address =
          CanonicalHost(absl::StrContains(fields[0], ':') ? absl::StrCat("[", fields[0], "]")
                                                          : std::string(fields[0]));
      if (address.ok() && IsAddressLiteral(*address)) found.push_back(*address);
      break;
    }
  }
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LoopbackAddresses(const std::string& host,
                                                           absl::string_view hosts) {
  if (host == "localhost" || absl::EndsWith(host, ".localhost")) {
    return std::vector<std::string>{"127.0.0.1", "::1"};
  }
  const bool literal = IsAddressLiteral(host);
  const std::vector<std::string> all =
      literal ? std::vector<std::string>{host} : AddressesIn(hosts, host);
  std::vector<std::string> loopback;
  for (const std::string& address : all) {
    if (IsLoopback(address)) loopback.push_back(WithoutBrackets(address));
  }
  if (!loopback.empty()) return loopback;
  const std::string where = literal       ? " is no loopback address"
                            : all.empty() ? " stands in no line of this machine's hosts file"
                                          : absl::StrCat(" leads to ", absl::StrJoin(all, ", "));
  return FailureStatus(FailureCode::kServiceUntrusted,
                       absl::StrCat("serviceconfig.json names the host ", CleanLine(host),
                                    ", which", where, "; the key does not leave this machine"));
}

http::TcpTransport::Options ProvenLoopback(ServiceTrust& trust, std::string hosts_file) {
  if (IsTurnedOff(Protection::kServiceTrust)) {
    return {.resolve = [](const std::string& host) { return std::vector{WithoutBrackets(host)}; },
            .admit = [](const http::TcpEnds&) { return absl::OkStatus(); }};
  }
  return {.resolve =
              [file = std::move(hosts_file)](const std::string& host) {
                // Small, and read where a name makes it necessary only.
                const bool named = !IsAddressLiteral(host) && host != "localhost";
                const auto text = named ? ReadWholeFile(file) : absl::StatusOr<std::string>("");
                return LoopbackAddresses(host, text.ok() ? *text : "");
              },
          .admit = [&trust](const http::TcpEnds& ends) { return trust.CheckPeer(ends); }};
}

}  // namespace muster::worker
