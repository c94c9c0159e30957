#include "orchestrator/app/packet_socket.h"

#include <gtest/gtest.h>

#include "orchestrator/app/door_messages.h"

namespace muster::app {
namespace {

TEST(PacketSocket, KeepsPacketsApart) {
  auto ends = PacketSocket::MakePair();
  ASSERT_TRUE(ends.ok()) << ends.status();
  EXPECT_TRUE(ends->first->Send("one"));
  EXPECT_TRUE(ends->first->Send(std::string(PacketSocket::kMaxPacket, 'x')));
  EXPECT_EQ(ends->second->Receive(), "one");
  EXPECT_EQ(ends->second->Receive()->size(), PacketSocket::kMaxPacket);
  EXPECT_FALSE(ends->first->Send(std::string(PacketSocket::kMaxPacket + 1, 'x')));
  ends->first->End();
  EXPECT_EQ(ends->second->Receive(), std::nullopt);
}

TEST(PacketSocket, DoesNotWaitForWhoDoesNotRead) {
  auto ends = PacketSocket::MakePair();
  ASSERT_TRUE(ends.ok());
  int sent = 0;
  while (sent < 100'000 && ends->first->Send(std::string(4096, 'x'))) ++sent;
  EXPECT_GT(sent, 8);
  EXPECT_LT(sent, 100'000);
}

TEST(DoorMessages, CountsFromOutsideAreNeverNegative) {
  muster::door::v1::Counts foreign;
  foreign.set_connections(-5);
  foreign.set_taken(-1);
  for (int i = 0; i < 100; ++i) foreign.add_refused(i % 2 == 0 ? -1 : INT64_MAX);
  const net::GateCounts counts = FromProto(foreign);
  EXPECT_EQ(counts.connections, 0);
  EXPECT_EQ(counts.taken, 0);
  EXPECT_GT(counts.refused_in_all(), 0) << "no sum of them overflows";
}

TEST(DoorMessages, LimitsComeBackAsTheyWent) {
  net::GateLimits limits;
  limits.connections = 7;
  limits.unproven_per_subnet = 3;
  limits.handshake = absl::Seconds(11);
  limits.open_calls = 4;
  limits.calls_at_once = 5;
  limits.calls_per_second = 6.5;
  const net::GateLimits back = FromProto(ToProto(limits));
  EXPECT_EQ(back.connections, 7);
  EXPECT_EQ(back.unproven_per_subnet, 3);
  EXPECT_EQ(back.handshake, absl::Seconds(11));
  EXPECT_EQ(back.open_calls, 4);
  EXPECT_EQ(back.calls_at_once, 5);
  EXPECT_EQ(back.calls_per_second, 6.5);
}

}  // namespace
}  // namespace muster::app
