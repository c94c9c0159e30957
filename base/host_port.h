// "HOST:PORT", as people write an endpoint: a name, an IPv4 address, or an IPv6 address in
// brackets.
#ifndef MUSTER_BASE_HOST_PORT_H_
#define MUSTER_BASE_HOST_PORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

struct HostPort {
  std::string host;  // As CanonicalHost (base/host.h), or as ParseHostAlone.
  int port = 0;
  std::string ToString() const;  // "host:port", "[2001:db8::1]:443"
};

// A host, a colon and a decimal port from `smallest_port` (0 where "any free one" is meant, else 1)
// to 65535. gRPC itself takes a greater port for another one, and retries for ever what is no
// address at all. InvalidArgument with the reason and how to write it, such as for a URL, for an
// IPv6 address without brackets, for blanks and for what CanonicalHost refuses.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text, int smallest_port);
bool IsHostPort(absl::string_view text, int smallest_port);

// A host alone, where no port is wanted ("init --address"): as CanonicalHost, and an IPv6 address
// may stand without brackets. Answers it without brackets, as a certificate names it.
// InvalidArgument with the reason; a URL and a port are named as such.
absl::StatusOr<std::string> ParseHostAlone(absl::string_view text);

}  // namespace muster

#endif  // MUSTER_BASE_HOST_PORT_H_
