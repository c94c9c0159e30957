// "HOST:PORT", as people write an endpoint: a name, an IPv4 address, or an IPv6 address in
// brackets.
#ifndef MUSTER_BASE_HOST_PORT_H_
#define MUSTER_BASE_HOST_PORT_H_

#include "absl/strings/string_view.h"

namespace muster {

// Whether `text` is a host, a colon and a decimal port from `smallest_port` (0 where "any free
// one" is meant, else 1) to 65535. gRPC itself takes a greater port for another one, and retries
// for ever what is no address at all. Does not look the host up.
bool IsHostPort(absl::string_view text, int smallest_port);

}  // namespace muster

#endif  // MUSTER_BASE_HOST_PORT_H_
