// Whom a connection comes from, in the forms that limits and logs want.
#ifndef MUSTER_ORCHESTRATOR_NET_PEER_ADDRESS_H_
#define MUSTER_ORCHESTRATOR_NET_PEER_ADDRESS_H_

#include <string>

#include "absl/strings/string_view.h"

struct sockaddr;

namespace muster::net {

struct PeerAddress {
  std::string address;  // "10.0.0.7", "2001:db8::7"; "unix" for a Unix socket.
  // Who is given one address is often given a whole /64 of IPv6: "2001:db8:0:1::/64". Elsewhere the
  // address.
  std::string subnet;
  int port = 0;

  // "10.0.0.7:40122", "[2001:db8::7]:40122", "unix".
  std::string ToString() const;
};

// An IPv4 address that comes through an IPv6 socket is an IPv4 address. "unknown" for a family that
// is none of the three.
PeerAddress PeerAddressOf(const sockaddr* address);

// As PeerAddress::ToString, out of what gRPC calls a peer ("ipv4:10.0.0.7:40122",
// "ipv6:%5B2001:db8::7%5D:40122").
std::string PeerOfGrpcName(absl::string_view name);

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_PEER_ADDRESS_H_
