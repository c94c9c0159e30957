#include "orchestrator/net/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace muster::net {
namespace {

PeerAddress V6(const char* text) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(443);
  EXPECT_EQ(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
  return PeerAddressOf(reinterpret_cast<const sockaddr*>(&address));
}

TEST(PeerAddress, OfEachFamily) {
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(40122);
  inet_pton(AF_INET, "10.0.0.7", &v4.sin_addr);
  const PeerAddress peer = PeerAddressOf(reinterpret_cast<const sockaddr*>(&v4));
  EXPECT_EQ(peer.address, "10.0.0.7");
  EXPECT_EQ(peer.subnet, "10.0.0.7");
  EXPECT_EQ(peer.ToString(), "10.0.0.7:40122");

  EXPECT_EQ(V6("2001:db8:1:2:3:4:5:6").address, "2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(V6("2001:db8:1:2:3:4:5:6").subnet, "2001:db8:1:2::/64");
  EXPECT_EQ(V6("2001:db8:1:2:3:4:5:6").ToString(), "[2001:db8:1:2:3:4:5:6]:443");
  EXPECT_EQ(V6("::ffff:10.0.0.7").address, "10.0.0.7");
  EXPECT_EQ(V6("::ffff:10.0.0.7").subnet, "10.0.0.7");

  sockaddr local = {};
  local.sa_family = AF_UNIX;
  EXPECT_EQ(PeerAddressOf(&local).ToString(), "unix");
}

TEST(PeerAddress, IsWhatGrpcCallsIt) {
  EXPECT_EQ(PeerOfGrpcName("ipv4:10.0.0.7:40122"), "10.0.0.7:40122");
  EXPECT_EQ(PeerOfGrpcName("ipv6:%5B2001:db8::7%5D:443"), "[2001:db8::7]:443");
  EXPECT_EQ(PeerOfGrpcName("unix:/run/muster/admin.sock"), "unix");
  EXPECT_EQ(PeerOfGrpcName(""), "");
}

}  // namespace
}  // namespace muster::net
