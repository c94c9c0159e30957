#include "orchestrator/net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace muster::net {
namespace {

std::string TextOf(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  return inet_ntop(family, bytes, text, sizeof text) != nullptr ? text : "unknown";
}

}  // namespace

std::string PeerAddress::ToString() const {
  if (port == 0) return address;
  return absl::StrContains(address, ':') ? absl::StrCat("[", address, "]:", port)
                                         : absl::StrCat(address, ":", port);
}

PeerAddress PeerAddressOf(const sockaddr* address) {
  if (address->sa_family == AF_UNIX) return {"unix", "unix", 0};
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    const std::string text = TextOf(AF_INET, &v4.sin_addr);
    return {text, text, ntohs(v4.sin_port)};
  }
  if (address->sa_family != AF_INET6) return {"unknown", "unknown", 0};
  sockaddr_in6 v6;
  std::memcpy(&v6, address, sizeof v6);
  const int port = ntohs(v6.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    const std::string text = TextOf(AF_INET, v6.sin6_addr.s6_addr + 12);
    return {text, text, port};
  }
  const std::string text = TextOf(AF_INET6, &v6.sin6_addr);
  in6_addr network = v6.sin6_addr;
  std::memset(network.s6_addr + 8, 0, 8);
  return {text, absl::StrCat(TextOf(AF_INET6, &network), "/64"), port};
}

std::string PeerOfGrpcName(absl::string_view name) {
  if (absl::StartsWith(name, "unix:")) return "unix";
  if (absl::ConsumePrefix(&name, "ipv4:")) return std::string(name);
  absl::ConsumePrefix(&name, "ipv6:");
  return absl::StrReplaceAll(name, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

}  // namespace muster::net
