// The decision before a join, row by row of worker/commands/decide_join.h.
#include "worker/commands/decide_join.h"

#include <gtest/gtest.h>

#include "tests/worker/worker_fixture.h"

namespace muster::worker {
namespace {

constexpr char kElsewhere[] = "https://other.example";

struct Row {
  const char* name;
  const char* id;
  const char* url;
  bool connected;
  JoinDecision decision;
  JoinDecision with_takeover;
};

class DecideJoinTest : public testing::TestWithParam<Row> {};

TEST_P(DecideJoinTest, FollowsTheTable) {
  types::v1::ServiceFacts service;
  service.set_hub_instance_id(GetParam().id);
  service.set_hub_url(GetParam().url);
  service.set_hub_connected(GetParam().connected);
  EXPECT_EQ(DecideJoin(service, Pin(), JoinCommand()), GetParam().decision);
  EXPECT_EQ(DecideJoin(service, Pin(), JoinCommand("c", "a", kHub, true)),
            GetParam().with_takeover);
  // The zone lock stands before everything.
  v1::Command foreign = JoinCommand("c", "a", kElsewhere, true);
  EXPECT_EQ(DecideJoin(service, Pin(), foreign), JoinDecision::kRefuseZone);
  foreign = JoinCommand("c", "a", kHub, true);
  foreign.set_zone_id("acme/test");
  EXPECT_EQ(DecideJoin(service, Pin(), foreign), JoinDecision::kRefuseZone);
}

using D = JoinDecision;
INSTANTIATE_TEST_SUITE_P(
    Table, DecideJoinTest,
    testing::Values(
        Row{"fresh", "", "", false, D::kJoin, D::kJoin},
        Row{"url_alone", "", kElsewhere, false, D::kJoin, D::kJoin},
        Row{"old_service_here", "", kHub, true, D::kJoin, D::kJoin},
        Row{"old_service_elsewhere", "", kElsewhere, true, D::kRefuseElsewhere, D::kTakeOver},
        Row{"here", "id", kHub, true, D::kNothingToDo, D::kNothingToDo},
        Row{"here_other_spelling", "id", "HTTPS://Hub.Example:8443/", true, D::kNothingToDo,
            D::kNothingToDo},
        Row{"here_disconnected", "id", kHub, false, D::kRejoin, D::kRejoin},
        Row{"leftover", "id", "", false, D::kJoin, D::kJoin},
        Row{"unnamed_hub", "id", "", true, D::kRefuseElsewhere, D::kTakeOver},
        Row{"elsewhere", "id", kElsewhere, true, D::kRefuseElsewhere, D::kTakeOver},
        Row{"elsewhere_disconnected", "id", kElsewhere, false, D::kRefuseElsewhere, D::kTakeOver},
        Row{"other_port", "id", "https://hub.example", true, D::kRefuseElsewhere, D::kTakeOver}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FitsZonePinTest, AnEmptyPinFitsNothing) {
  v1::Command command = JoinCommand();
  EXPECT_TRUE(FitsZonePin(Pin(), command));
  EXPECT_TRUE(FitsZonePin(Pin("https://HUB.example:8443/"), command));
  EXPECT_FALSE(FitsZonePin(Pin("https://hub.example:8443/prefix"), command));
  EXPECT_FALSE(FitsZonePin(v1::ZonePin(), v1::Command()));
}

}  // namespace
}  // namespace muster::worker
