#include "orchestrator/core/enrollment/renewal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"

namespace muster::core {
namespace {

using What = Showing::What;
using testing::HasSubstr;

const absl::Time kReadTime = absl::FromUnixSeconds(1'790'000'000);
constexpr absl::Duration kZonePatience = absl::Hours(1);

class RenewalTest : public testing::Test {
 protected:
  RenewalTest() {
    server_.id = ServerId("srv-1");
    server_.zone_id = ZoneId("acme/prod");
    server_.name = "web-1";
    server_.machine.machine_name = "WEB-1";
    server_.service.internal_instance_id = "service-a";
    store::HubProof& proof = server_.proof.emplace();
    proof.hub_instance_id = HubInstanceId("rec");
    proof.title = "WEB-1";
    proof.internal_instance_id = "service-a";
    record_.id = HubInstanceId("rec");
    record_.title = "WEB-1";
    record_.internal_instance_id = "SERVICE-A";
    record_.connected = true;
    record_.reported_time = kReadTime - absl::Seconds(20);
  }
  Showing Show(std::optional<absl::Time> newest = kReadTime) {
    return ShowingOf(server_, &record_, contradiction_, list_, newest, kZonePatience, options_,
                     kReadTime);
  }
  HubReading Reading(absl::Duration after, bool conclusive = true) {
    HubReading reading;
    reading.started = kReadTime + after;
    reading.conclusive = conclusive;
    return reading;
  }

  store::Server server_;
  HubInstance record_;
  const HubInstance* contradiction_ = nullptr;
  HubList list_;
  const VerifyOptions options_;
};

TEST_F(RenewalTest, AConnectedRecordOfTheMachineIsShown) {
  EXPECT_EQ(Show().what, What::kShown);
  EXPECT_FALSE(Show().renamed);
  EXPECT_FALSE(Show().failure.has_value());
}

TEST_F(RenewalTest, WhatIsNotThereIsGone) {
  const Showing gone =
      ShowingOf(server_, nullptr, nullptr, list_, kReadTime, kZonePatience, options_, kReadTime);
  EXPECT_EQ(gone.what, What::kGone);
  EXPECT_TRUE(gone.lasts);
  EXPECT_EQ(gone.failure->code, FailureCode::kVerifyGone);
}

TEST_F(RenewalTest, AnIdThatTheHubListsTwiceIsNoMachinesAnyMore) {
  HubInstance second = record_;
  second.title = "another";
  contradiction_ = &second;
  EXPECT_EQ(Show().what, What::kAnother);
  EXPECT_TRUE(Show().lasts);
  EXPECT_EQ(Show().failure->code, FailureCode::kVerifyIdentity);
  EXPECT_THAT(Show().failure->detail, testing::HasSubstr("lists one id twice"));
  EXPECT_THAT(Show().failure->detail, testing::HasSubstr("\"another\""));
}

TEST_F(RenewalTest, DisconnectedLastsFromThePatienceOn) {
  record_.connected = false;
  record_.reported_time = kReadTime - absl::Minutes(59);
  EXPECT_EQ(Show().what, What::kDisconnected);
  EXPECT_FALSE(Show().lasts);
  EXPECT_EQ(Show().lasts_from, kReadTime + absl::Minutes(1));
  record_.reported_time = kReadTime - absl::Minutes(61);
  EXPECT_TRUE(Show().lasts);
  EXPECT_EQ(Show().failure->code, FailureCode::kVerifyDisconnected);
  // Without a date it is counted from the first reading that showed it so.
  record_.reported_time.reset();
  EXPECT_FALSE(Show().lasts);
  server_.proof->questioned_time = kReadTime - absl::Minutes(61);
  EXPECT_TRUE(Show().lasts);
}

TEST_F(RenewalTest, TheHubsClockLosesNobody) {
  // Ahead by a day: its offset is known, or all dates of the list have it in common.
  record_.reported_time = kReadTime + absl::Hours(24);
  EXPECT_EQ(Show(kReadTime + absl::Hours(24)).what, What::kShown);
  record_.reported_time = kReadTime - absl::Hours(24);
  EXPECT_EQ(Show(kReadTime - absl::Hours(24)).what, What::kShown) << "behind, and nobody says so";
  list_.clock_offset = -absl::Hours(24);
  EXPECT_EQ(Show(kReadTime - absl::Hours(24)).what, What::kShown);
  record_.connected = false;
  EXPECT_FALSE(Show().lasts) << "disconnected just now, by its own clock";
}

TEST_F(RenewalTest, AConnectedRecordThatIsSilentWhileOthersReportIsNotConnected) {
  record_.reported_time = kReadTime - absl::Minutes(9);
  EXPECT_EQ(Show().what, What::kShown);
  record_.reported_time = kReadTime - absl::Minutes(11);
  EXPECT_EQ(Show().what, What::kDisconnected);
  EXPECT_THAT(Show().failure->detail, HasSubstr("silent"));
  EXPECT_FALSE(Show().lasts);
  EXPECT_EQ(Show(kReadTime - absl::Minutes(11)).what, What::kShown)
      << "all are: the hub's dates stand";
}

TEST_F(RenewalTest, WhoStandsBehindTheRecord) {
  const struct {
    const char* title;
    const char* service;
    const char* machine;      // As its own worker says.
    const char* own_service;  // Likewise.
    What what;
    bool renamed;
  } rows[] = {
      {"web-1", "service-a", "WEB-1", "service-a", What::kShown, false},
      {"WEB-1.corp.example", "service-a", "WEB-1", "service-a", What::kShown, false},
      {"WEB-1", "", "WEB-1", "service-a", What::kShown, false},
      {"WEB-1", "service-b", "WEB-1", "service-b", What::kShown, false},  // Installed anew.
      {"WEB-1", "service-b", "WEB-1", "service-a", What::kAnother, false},
      {"WEB-9", "service-a", "WEB-9", "service-a", What::kShown, true},     // Renamed.
      {"WEB-9", "service-a", "WEB-1", "service-a", What::kAnother, false},  // A clone.
      {"WEB-9", "service-b", "WEB-1", "service-a", What::kAnother, false},
      {"WEB-9", "", "WEB-1", "", What::kAnother, false},
  };
  for (const auto& row : rows) {
    record_.title = row.title;
    record_.internal_instance_id = row.service;
    server_.machine.machine_name = row.machine;
    server_.service.internal_instance_id = row.own_service;
    const Showing showing = Show();
    EXPECT_EQ(showing.what, row.what) << row.title << row.service << row.machine;
    EXPECT_EQ(showing.renamed, row.renamed) << row.title << row.service << row.machine;
    if (row.what == What::kAnother) {
      EXPECT_TRUE(showing.lasts);
      EXPECT_EQ(showing.failure->code, FailureCode::kVerifyIdentity);
      EXPECT_THAT(showing.failure->detail, HasSubstr(row.title));
    }
  }
}

TEST_F(RenewalTest, ARecordWithoutATitleIsOfNobodyYet) {
  record_.title.clear();
  record_.connected = false;
  record_.pending = true;
  EXPECT_EQ(Show().what, What::kDisconnected) << "removed, and made again at the next heartbeat";
}

TEST_F(RenewalTest, TwoWholeReadingsApartTakeBackWhatLasts) {
  Showing gone;
  gone.what = What::kGone;
  gone.lasts = true;
  EXPECT_FALSE(TakesBack(gone, Reading(absl::Hours(1)), std::nullopt, options_)) << "the first";
  EXPECT_FALSE(TakesBack(gone, Reading(absl::Seconds(30)), kReadTime, options_)) << "too close";
  EXPECT_FALSE(TakesBack(gone, Reading(absl::Hours(1), false), kReadTime, options_)) << "not whole";
  EXPECT_TRUE(TakesBack(gone, Reading(absl::Minutes(1)), kReadTime, options_));
  gone.lasts = false;
  EXPECT_FALSE(TakesBack(gone, Reading(absl::Hours(1)), kReadTime, options_));
  EXPECT_FALSE(TakesBack(Showing(), Reading(absl::Hours(1)), kReadTime, options_));
}

TEST(AskAgain, MoreAndMoreSlowlyAndNotForEver) {
  const VerifyOptions options;
  EXPECT_EQ(AskAgainAfter(-absl::Minutes(1), options), absl::Minutes(1));
  EXPECT_EQ(AskAgainAfter(absl::ZeroDuration(), options), absl::Minutes(1));
  EXPECT_EQ(AskAgainAfter(absl::Minutes(40), options), absl::Minutes(10));
  EXPECT_EQ(AskAgainAfter(absl::Hours(30), options), absl::Hours(1));
  EXPECT_EQ(AskAgainAfter(absl::Hours(24 * 7), options), std::nullopt);
}

}  // namespace
}  // namespace muster::core
