#include "orchestrator/net/connection_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace muster::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PeerAddress From(const std::string& address, const std::string& subnet = "") {
  return {address, subnet.empty() ? address : subnet, 1};
}

class ConnectionGateTest : public testing::Test {
 protected:
  ConnectionGateTest() {
    limits_.connections = 10;
    limits_.per_address = 4;
    limits_.per_subnet = 6;
    limits_.unproven = 8;
    limits_.unproven_per_subnet = 3;
    limits_.handshakes = 2;
    limits_.turns_per_second = 100;
  }
  ConnectionGate& gate() {
    if (!gate_.has_value()) gate_.emplace(limits_, now_);
    return *gate_;
  }
  std::optional<Refusal> Arrive(ConnectionId id, const PeerAddress& peer) {
    return gate().Arrive(id, peer, now_).refusal;
  }
  void Queue(ConnectionId id, const std::string& address) {
    ASSERT_EQ(Arrive(id, From(address)), std::nullopt);
    gate().Speak(id, now_);
  }
  // Through all states.
  void LetIn(ConnectionId id, const PeerAddress& peer) {
    ASSERT_EQ(Arrive(id, peer), std::nullopt);
    gate().Speak(id, now_);
    ASSERT_THAT(gate().Turns(now_), ElementsAre(id));
    gate().Prove(id);
  }
  const GateCounts& counts() { return gate().counts(); }

  GateLimits limits_;
  absl::Duration now_ = absl::Hours(1);
  std::optional<ConnectionGate> gate_;
};

TEST_F(ConnectionGateTest, CountsWhatComesAndGoes) {
  LetIn(1, From("a"));
  Queue(2, "b");
  EXPECT_EQ(Arrive(3, From("c")), std::nullopt);
  EXPECT_EQ(counts().connections, 3);
  EXPECT_EQ(counts().unproven, 2);
  EXPECT_EQ(counts().queued, 1);
  for (const ConnectionId id : {1, 2, 3, 3, 77}) gate().End(id);
  EXPECT_EQ(counts().connections, 0);
  EXPECT_EQ(counts().unproven, 0);
  EXPECT_EQ(counts().queued, 0);
  EXPECT_EQ(counts().taken, 3);
  EXPECT_EQ(counts().refused_in_all(), 0);
  EXPECT_THAT(gate().Turns(now_), IsEmpty());
}

TEST_F(ConnectionGateTest, AnAddressHasItsLimitAndOthersTheirs) {
  for (int id = 1; id <= 4; ++id) LetIn(id, From("a"));
  EXPECT_EQ(Arrive(5, From("a")), Refusal::kAddress);
  LetIn(6, From("b"));
  gate().End(2);
  LetIn(7, From("a"));
  EXPECT_EQ(counts().refused[static_cast<size_t>(Refusal::kAddress)], 1);
}

TEST_F(ConnectionGateTest, AnAddressThatSentTooMuchWaitsLongerEachTime) {
  const PeerAddress peer = From("2001:db8::1", "2001:db8::/64");
  LetIn(1, peer);
  gate().CutOff(peer, Refusal::kTooMuch, now_);
  LetIn(9, From("2001:db8::9", "2001:db8::/64"));  // Once is not yet a habit.
  gate().CutOff(peer, Refusal::kTooMuch, now_);
  gate().CutOff(peer, Refusal::kTooMuch,
                now_);  // Another connection of its, meanwhile: no second time.
  EXPECT_EQ(Arrive(2, From("2001:db8::2", "2001:db8::/64")), Refusal::kTooMuch);
  EXPECT_EQ(Arrive(3, From("b")), std::nullopt);
  now_ += limits_.wait_after_cut;
  LetIn(4, peer);
  gate().CutOff(peer, Refusal::kTooMuch, now_);
  now_ += 2 * limits_.wait_after_cut - absl::Milliseconds(1);
  EXPECT_EQ(Arrive(5, peer), Refusal::kTooMuch);
  now_ += absl::Milliseconds(1);
  EXPECT_EQ(Arrive(6, peer), std::nullopt);
  for (int i = 0; i < 20; ++i) {
    gate().CutOff(peer, Refusal::kTooMuch, now_);
    now_ += limits_.longest_wait_after_cut;
  }
  EXPECT_EQ(Arrive(7, peer), std::nullopt);
  // Forgotten, and so it waits as at first.
  now_ += 2 * limits_.longest_wait_after_cut;
  gate().Expire(now_);
  gate().CutOff(peer, Refusal::kTooMuch, now_);
  EXPECT_EQ(Arrive(8, peer), std::nullopt);
}

TEST_F(ConnectionGateTest, AConnectionHasSoManyCallsOpenAndBegunAndOthersTheirs) {
  limits_.open_calls = 3;
  limits_.calls_at_once = 5;
  limits_.calls_per_second = 2;
  LetIn(1, From("a"));
  LetIn(2, From("a"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gate().BeginCall(1, now_), std::nullopt);
  EXPECT_EQ(gate().BeginCall(1, now_), Refusal::kCalls);
  EXPECT_EQ(gate().BeginCall(2, now_), std::nullopt);
  for (int i = 0; i < 4; ++i) gate().EndCall(1);
  for (int i = 0; i < 2; ++i) {  // Five in all: three that stayed open, two that ended at once.
    EXPECT_EQ(gate().BeginCall(1, now_), std::nullopt);
    gate().EndCall(1);
  }
  EXPECT_EQ(gate().BeginCall(1, now_), Refusal::kCalls);
  gate().EndCall(1);
  now_ += absl::Milliseconds(500);
  EXPECT_EQ(gate().BeginCall(1, now_), std::nullopt);
  EXPECT_EQ(gate().BeginCall(77, now_), std::nullopt);  // Of nobody.
  gate().EndCall(77);
}

TEST_F(ConnectionGateTest, WithoutALimitOfCallsThereIsNone) {
  LetIn(1, From("a"));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(gate().BeginCall(1, now_), std::nullopt);
}

TEST_F(ConnectionGateTest, ACertificateIsShownBySoManyConnections) {
  limits_.per_certificate = 2;
  for (const ConnectionId id : {1, 2, 3, 4}) LetIn(id, From(id % 2 == 0 ? "a" : "b"));
  gate().Show(1, "one");
  gate().Show(2, "one");
  EXPECT_FALSE(gate().IsCrowded(1));
  gate().Show(3, "other");
  EXPECT_FALSE(gate().IsCrowded(3));
  gate().Show(4, "one");
  EXPECT_TRUE(gate().IsCrowded(4));
  gate().End(1);
  EXPECT_FALSE(gate().IsCrowded(4));
  for (const ConnectionId id : {5, 6, 7}) {
    LetIn(id, From("c"));
    gate().Show(id, "");  // Shows none.
    EXPECT_FALSE(gate().IsCrowded(id));
  }
}

TEST_F(ConnectionGateTest, ASubnetHasItsLimitWhateverItsAddresses) {
  for (int id = 1; id <= 6; ++id) LetIn(id, From(absl::StrCat("2001:db8::", id), "2001:db8::/64"));
  EXPECT_EQ(Arrive(7, From("2001:db8::7", "2001:db8::/64")), Refusal::kSubnet);
  EXPECT_EQ(Arrive(8, From("2001:db9::1", "2001:db9::/64")), std::nullopt);
}

TEST_F(ConnectionGateTest, TheUnprovenOfASubnetHaveALimit) {
  for (int id = 1; id <= 3; ++id) {
    EXPECT_EQ(Arrive(id, From(absl::StrCat("2001:db8::", id), "2001:db8::/64")), std::nullopt);
    gate().Speak(id, now_);
  }
  EXPECT_EQ(Arrive(4, From("2001:db8::4", "2001:db8::/64")), Refusal::kUnproven);
  ASSERT_THAT(gate().Turns(now_), testing::Contains(1));
  EXPECT_EQ(Arrive(5, From("2001:db8::5", "2001:db8::/64")), Refusal::kUnproven);
  gate().Prove(1);
  EXPECT_EQ(Arrive(6, From("2001:db8::6", "2001:db8::/64")), std::nullopt);
}

// Somebody honest may come from the address of those who keep silent.
TEST_F(ConnectionGateTest, AtTheLimitOfASubnetItsOldestSilentGivesWay) {
  EXPECT_EQ(Arrive(1, From("b")), std::nullopt);
  for (int id = 2; id <= 4; ++id) {
    EXPECT_EQ(Arrive(id, From(absl::StrCat("2001:db8::", id), "2001:db8::/64")), std::nullopt);
  }
  gate().Speak(2, now_);
  const auto arrival = gate().Arrive(5, From("2001:db8::5", "2001:db8::/64"), now_);
  EXPECT_EQ(arrival.refusal, std::nullopt);
  EXPECT_EQ(arrival.displaced, 3) << "1 is another's, 2 has spoken";
  EXPECT_EQ(counts().unproven, 4);
}

TEST_F(ConnectionGateTest, WhenThereIsNoRoomTheOldestSilentGivesWay) {
  for (int id = 1; id <= 8; ++id) {
    ASSERT_EQ(Arrive(id, From(absl::StrCat("a", id))), std::nullopt);
  }
  gate().Speak(1, now_);
  const ConnectionGate::Arrival arrival = gate().Arrive(9, From("b"), now_);
  EXPECT_EQ(arrival.refusal, std::nullopt);
  EXPECT_EQ(arrival.displaced, 2);
  EXPECT_EQ(counts().unproven, 8);
  EXPECT_EQ(counts().refused[static_cast<size_t>(Refusal::kSilent)], 1);
}

TEST_F(ConnectionGateTest, WhereNobodyIsSilentTheNewcomerIsRefused) {
  for (int id = 1; id <= 8; ++id) Queue(id, absl::StrCat("a", id));
  EXPECT_TRUE(gate().Refuses(From("b")));
  EXPECT_EQ(Arrive(9, From("b")), Refusal::kFull);
  EXPECT_EQ(counts().connections, 8);
}

TEST_F(ConnectionGateTest, ThoseWhoAreInStayInWhateverComes) {
  limits_.per_address = 100;
  for (int id = 1; id <= 10; ++id) LetIn(id, From(absl::StrCat("a", id)));
  for (int id = 11; id <= 500; ++id) {
    const ConnectionGate::Arrival arrival = gate().Arrive(id, From(absl::StrCat("b", id)), now_);
    EXPECT_EQ(arrival.refusal, Refusal::kFull);
    EXPECT_EQ(arrival.displaced, std::nullopt);
  }
  EXPECT_EQ(counts().connections, 10);
}

TEST_F(ConnectionGateTest, TurnsAreInOrderAndOnlySoManyAtOnce) {
  Queue(1, "a");
  Queue(2, "a");
  Queue(3, "a");
  EXPECT_THAT(gate().Turns(now_), ElementsAre(1, 2));
  EXPECT_THAT(gate().Turns(now_), IsEmpty());
  EXPECT_THAT(gate().ShakingHands(), ElementsAre(1, 2));
  gate().Prove(2);
  EXPECT_THAT(gate().Turns(now_), ElementsAre(3));
  gate().End(1);  // A handshake that failed.
  EXPECT_EQ(counts().handshakes, 1);
}

TEST_F(ConnectionGateTest, ACrowdDelaysAnotherAddressByOneTurn) {
  limits_.handshakes = 1;
  Queue(1, "crowd");
  Queue(2, "crowd");
  Queue(3, "crowd");
  Queue(4, "lonely");
  std::vector<ConnectionId> order;
  for (int i = 0; i < 4; ++i) {
    for (const ConnectionId id : gate().Turns(now_)) {
      order.push_back(id);
      gate().Prove(id);
    }
  }
  EXPECT_THAT(order, ElementsAre(1, 4, 2, 3));
}

TEST_F(ConnectionGateTest, WhoLeavesTheQueueCostsNobodyATurn) {
  limits_.handshakes = 1;
  Queue(1, "a");
  Queue(2, "a");
  Queue(3, "b");
  gate().End(1);
  EXPECT_THAT(gate().Turns(now_), ElementsAre(2));
  gate().End(2);
  EXPECT_THAT(gate().Turns(now_), ElementsAre(3));
}

TEST_F(ConnectionGateTest, TurnsHaveARate) {
  limits_ = GateLimits{};
  limits_.turns_per_second = 10;
  for (int id = 1; id <= 40; ++id) Queue(id, "a");
  EXPECT_EQ(gate().Turns(now_).size(), 10u);
  now_ += absl::Milliseconds(500);
  EXPECT_EQ(gate().Turns(now_).size(), 5u);
  now_ += absl::Minutes(1);
  EXPECT_EQ(gate().Turns(now_).size(), 10u) << "what was not used is not saved up";
}

TEST_F(ConnectionGateTest, TimeEndsWhatIsUnproven) {
  ASSERT_EQ(Arrive(1, From("a")), std::nullopt);
  limits_.handshakes = 1;
  Queue(2, "b");
  Queue(3, "b");
  Queue(4, "b");
  ASSERT_THAT(gate().Turns(now_), ElementsAre(2, 3));
  now_ += limits_.silence;
  const auto silent = gate().Expire(now_);
  ASSERT_EQ(silent.size(), 1u);
  EXPECT_EQ(silent[0].id, 1);
  EXPECT_EQ(silent[0].why, Refusal::kSilent);
  now_ += limits_.wait_for_turn;  // And longer than a handshake may take.
  const auto queued = gate().Expire(now_);
  ASSERT_EQ(queued.size(), 1u);
  EXPECT_EQ(queued[0].id, 4);
  EXPECT_EQ(queued[0].why, Refusal::kTurn);
  EXPECT_EQ(counts().connections, 2) << "whom gRPC did not close has shaken hands";
  EXPECT_EQ(counts().unproven, 0);
  EXPECT_EQ(counts().handshakes, 0);
}

// A flood of everything, then nothing: no count is left behind.
TEST_F(ConnectionGateTest, CountsComeBackToNothing) {
  limits_.handshakes = 3;
  uint32_t random = 20260718;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525u + 1013904223u;
    return (random >> 8) % below;
  };
  for (int id = 1; id <= 20'000; ++id) {
    gate().Arrive(id, From(absl::StrCat("a", next(6)), absl::StrCat("s", next(3))), now_);
    const auto some = static_cast<ConnectionId>(id) - next(12);
    switch (next(5)) {
      case 0:
        gate().Speak(some, now_);
        break;
      case 1:
        gate().Turns(now_);
        break;
      case 2:
        gate().Prove(some);
        break;
      case 3:
        gate().End(some);
        break;
      default:
        gate().Expire(now_ += absl::Milliseconds(next(900)));
    }
    ASSERT_LE(counts().connections, limits_.connections);
    ASSERT_LE(counts().unproven, limits_.unproven);
    ASSERT_LE(counts().handshakes, limits_.handshakes);
    ASSERT_GE(counts().queued, 0);
  }
  for (int id = 1; id <= 20'000; ++id) gate().End(id);
  EXPECT_EQ(counts().connections, 0);
  EXPECT_EQ(counts().unproven, 0);
  EXPECT_EQ(counts().handshakes, 0);
  EXPECT_EQ(counts().queued, 0);
  for (int id = 30'001; id <= 30'004; ++id) LetIn(id, From("a1"));
}

}  // namespace
}  // namespace muster::net
