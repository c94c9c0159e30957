// Which IP addresses lead to machines of the public net, as against the one that asks, its own net,
// its cloud's metadata and what nobody has. Pure.
#ifndef MUSTER_BASE_PUBLIC_ADDRESS_H_
#define MUSTER_BASE_PUBLIC_ADDRESS_H_

#include "absl/strings/string_view.h"

namespace muster {

// `bytes` are the 4 of an IPv4 address or the 16 of an IPv6 address, in the net's order. False for
// loopback, private, link-local (with 169.254.169.254), shared, unique-local, multicast, reserved and
// documentation addresses, for IPv6 addresses that hold such an IPv4 address (mapped, NAT64, 6to4),
// for tunnels (Teredo), and for what is no address.
bool IsPublicAddress(absl::string_view bytes);

}  // namespace muster

#endif  // MUSTER_BASE_PUBLIC_ADDRESS_H_
