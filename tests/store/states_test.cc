// The whole transition tables, as text: a move that is added or lost shows here.
#include "store/model/states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "store/model/server.h"

namespace muster::store {
namespace {

using ::testing::ElementsAre;

// All values of a dense enum: those that have a string.
template <typename E>
std::vector<E> AllOf() {
  std::vector<E> all;
  for (int i = 0; !ToString(static_cast<E>(i)).empty(); ++i) all.push_back(static_cast<E>(i));
  return all;
}

// "from: to to …", one line for each state.
template <typename E>
std::vector<std::string> TableOf() {
  std::vector<std::string> lines;
  for (const E from : AllOf<E>()) {
    std::string line = absl::StrCat(ToString(from), ":");
    for (const E to : AllOf<E>()) {
      if (MayMove(from, to)) absl::StrAppend(&line, " ", ToString(to));
    }
    lines.push_back(line);
  }
  return lines;
}

template <typename E>
void CheckStrings(size_t count, std::optional<E> (*parse)(absl::string_view)) {
  const std::vector<E> all = AllOf<E>();
  EXPECT_EQ(all.size(), count);
  std::set<std::string> seen;
  for (const E value : all) {
    const std::string text(ToString(value));
    EXPECT_TRUE(seen.insert(text).second) << text;
    EXPECT_EQ(parse(text), value) << text;
    EXPECT_EQ(parse(absl::StrCat(text, " ")), std::nullopt);
  }
  EXPECT_EQ(parse(""), std::nullopt);
  EXPECT_EQ(parse("Queued"), std::nullopt);
}

TEST(StatesTest, StringsGoBothWays) {
  CheckStrings<Admission>(7, ParseAdmission);
  CheckStrings<Enrollment>(8, ParseEnrollment);
  CheckStrings<AttemptState>(9, ParseAttemptState);
  CheckStrings<ChannelKind>(2, ParseChannelKind);
  CheckStrings<NotificationKind>(12, ParseNotificationKind);
  CheckStrings<DeliveryState>(4, ParseDeliveryState);
  CheckStrings<RolloutState>(8, ParseRolloutState);
  CheckStrings<TargetState>(8, ParseTargetState);
  CheckStrings<KeyVersionState>(2, ParseKeyVersionState);
  CheckStrings<TokenState>(5, ParseTokenState);
  CheckStrings<CertificateState>(3, ParseCertificateState);
  CheckStrings<CommandKind>(2, ParseCommandKind);
  CheckStrings<MatchKind>(3, ParseMatchKind);
  CheckStrings<FindingKind>(13, ParseFindingKind);
  CheckStrings<FindingState>(7, ParseFindingState);
  CheckStrings<Severity>(4, ParseSeverity);
  CheckStrings<SweepState>(5, ParseSweepState);
  CheckStrings<SweepTrigger>(2, ParseSweepTrigger);
}

TEST(StatesTest, Admission) {
  EXPECT_THAT(
      TableOf<Admission>(),
      ElementsAre("registered: pending admitted banned retired",
                  "pending: admitted banned retired rejected", "admitted: evicted banned retired",
                  "evicted: pending admitted banned retired", "banned: registered retired",
                  "retired: registered", "rejected: pending admitted banned retired"));
}

TEST(StatesTest, Enrollment) {
  EXPECT_THAT(
      TableOf<Enrollment>(),
      ElementsAre("not_enrolled: queued enrolled", "queued: not_enrolled joining failed in_doubt",
                  "joining: not_enrolled queued joined_unverified failed in_doubt",
                  "joined_unverified: queued enrolled failed", "enrolled: queued degraded",
                  "failed: queued enrolled",
                  "in_doubt: not_enrolled queued joining joined_unverified enrolled failed",
                  "degraded: queued enrolled"));
}

// Invariant 3: a join under way becomes enrolled through a claim or through doubt.
TEST(StatesTest, AJoinUnderWayIsNotEnrolledByItsWorkersWord) {
  EXPECT_FALSE(MayMove(Enrollment::kQueued, Enrollment::kEnrolled));
  EXPECT_FALSE(MayMove(Enrollment::kJoining, Enrollment::kEnrolled));
}

TEST(StatesTest, Finding) {
  EXPECT_THAT(TableOf<FindingState>(),
              ElementsAre("suspected: open resolved suppressed",
                          "open: acknowledged remediating resolved suppressed",
                          "acknowledged: remediating resolved suppressed reopened",
                          "remediating: resolved suppressed reopened", "resolved: reopened",
                          "suppressed: resolved reopened",
                          "reopened: acknowledged remediating resolved suppressed"));
}

TEST(StatesTest, Sweep) {
  EXPECT_THAT(TableOf<SweepState>(), ElementsAre("running: completed partial failed",
                                                 "completed:", "partial:", "failed:", "skipped:"));
}

TEST(StatesTest, Delivery) {
  EXPECT_THAT(TableOf<DeliveryState>(),
              ElementsAre("waiting: sending failed", "sending: waiting delivered failed",
                          "delivered: waiting", "failed: waiting"));
}

TEST(StatesTest, Attempt) {
  EXPECT_THAT(
      TableOf<AttemptState>(),
      ElementsAre("sent: acknowledged running succeeded failed rejected timed_out in_doubt",
                  "acknowledged: running succeeded failed rejected timed_out in_doubt",
                  "running: succeeded failed rejected timed_out in_doubt", "succeeded:", "failed:",
                  "rejected:", "timed_out:", "in_doubt: running settled", "settled:"));
}

TEST(StatesTest, Rollout) {
  EXPECT_THAT(TableOf<RolloutState>(),
              ElementsAre("planned: running",
                          "running: paused completed completed_with_stragglers canceled canceling "
                          "completed_with_failures",
                          "paused: running completed completed_with_stragglers canceled canceling "
                          "completed_with_failures",
                          "completed:", "completed_with_stragglers:", "canceled:",
                          "canceling: canceled", "completed_with_failures:"));
}

TEST(StatesTest, Target) {
  EXPECT_THAT(TableOf<TargetState>(),
              ElementsAre("waiting: in_flight succeeded failed straggler canceled",
                          "in_flight: waiting verifying succeeded failed in_doubt canceled",
                          "verifying: waiting succeeded failed canceled", "succeeded:", "failed:",
                          "in_doubt: waiting in_flight verifying succeeded failed canceled",
                          "straggler:", "canceled:"));
}

TEST(StatesTest, Credentials) {
  EXPECT_THAT(TableOf<KeyVersionState>(), ElementsAre("active: tainted", "tainted:"));
  EXPECT_THAT(TableOf<TokenState>(),
              ElementsAre("active: exhausted expired revoked locked", "exhausted: revoked",
                          "expired: revoked", "revoked:", "locked: active expired revoked"));
  EXPECT_THAT(TableOf<CertificateState>(),
              ElementsAre("active: superseded revoked", "superseded: revoked", "revoked:"));
}

// What is final or closed has no way out, and what is not has one.
TEST(StatesTest, FinalStatesAreTheEndsOfTheTables) {
  const auto has_way_out = [](auto from) {
    for (const auto to : AllOf<decltype(from)>()) {
      if (MayMove(from, to)) return true;
    }
    return false;
  };
  for (const auto state : AllOf<AttemptState>()) {
    EXPECT_EQ(IsOpen(state), has_way_out(state)) << ToString(state);
  }
  for (const auto state : AllOf<RolloutState>()) {
    EXPECT_EQ(IsFinal(state), !has_way_out(state)) << ToString(state);
  }
  for (const auto state : AllOf<TargetState>()) {
    EXPECT_EQ(IsFinal(state), !has_way_out(state)) << ToString(state);
  }
}

TEST(CursorTest, NamesTheZoneAndTheNameInLowerCase) {
  Server server;
  server.zone_id = ZoneId("acme/prod");
  server.name = "WEB-1";
  EXPECT_EQ(CursorOf(server), "acme/prod/web-1");
}

}  // namespace
}  // namespace muster::store
