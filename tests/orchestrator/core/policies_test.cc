// Decisions that are pure functions, row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"
#include "base/random.h"
#include "orchestrator/core/enrollment/retry_policy.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/inventory/names.h"
#include "orchestrator/core/pacing/token_bucket.h"
#include "orchestrator/core/report/report.h"
#include "orchestrator/core/rollout/limits.h"
#include "orchestrator/core/rollout/policies.h"

namespace muster::core {
namespace {

TEST(Absence, ShortListsProveNothing) {
  EXPECT_TRUE(IsPlausible(0, std::nullopt)) << "a hub that is empty but for itself";
  EXPECT_TRUE(IsPlausible(0, 0));
  EXPECT_FALSE(IsPlausible(0, 1));
  EXPECT_TRUE(IsPlausible(1, std::nullopt));
  EXPECT_TRUE(IsPlausible(50, 100));
  EXPECT_FALSE(IsPlausible(49, 100));
  EXPECT_TRUE(IsPlausible(200, 100));
}

TEST(Limits, ReadAndResolved) {
  const struct {
    const char* text;
    int size;
    int want;  // -1: refused.
  } rows[] = {{"10", 5, 10}, {"0", 9, 0},     {"10%", 200, 20}, {"10%", 1, 1},  {"5%", 21, 2},
              {"0%", 50, 0}, {"100%", 7, 7},  {"101%", 7, -1},  {"", 7, -1},    {"%", 7, -1},
              {"-1", 7, -1}, {"1.5%", 7, -1}, {" 3", 7, -1},    {"1e3", 7, -1}, {"10%%", 7, -1}};
  for (const auto& row : rows) {
    const auto limit = ParseLimit(row.text);
    EXPECT_EQ(limit.ok(), row.want >= 0) << row.text;
    EXPECT_EQ(limit.ok() ? Resolve(*limit, row.size) : -1, row.want) << row.text;
  }
  EXPECT_EQ(ResolveMaxConcurrency("", 20), 2);
  EXPECT_EQ(ResolveMaxConcurrency("", 20000), 50);
  EXPECT_EQ(ResolveMaxConcurrency("", 1), 1);
  EXPECT_EQ(ResolveMaxConcurrency("400", 20), 400);
  EXPECT_EQ(ResolveMaxFailures("", 20), 1);
  EXPECT_EQ(ResolveMaxFailures("0", 20), 0);
}

TEST(Limits, DoubtStaysBelowTheSlotsThatItHolds) {
  const struct {
    const char* text;
    int size;
    int max_concurrency;
    int want;
  } rows[] = {{"", 1, 1, 0},       {"", 10, 1, 0},        {"", 20, 2, 1},   {"", 200, 20, 10},
              {"", 20000, 50, 25}, {"", 20000, 400, 200}, {"", 40, 400, 2}, {"0", 20, 2, 0},
              {"10%", 21, 50, 3},  {"100%", 20, 2, 20},   {"7", 20, 2, 7}};
  for (const auto& row : rows) {
    EXPECT_EQ(ResolveMaxInDoubt(row.text, row.size, row.max_concurrency), row.want)
        << row.text << " of " << row.size << ", " << row.max_concurrency << " at once";
  }
  for (const int size : {1, 5, 19, 20, 21, 100, 1000, 50000}) {
    const int slots = ResolveMaxConcurrency("", size);
    EXPECT_LT(ResolveMaxInDoubt("", size, slots), slots) << size;
  }
}

TEST(Gates, FailuresTripAboveTheLimitAndResumeForgives) {
  store::Rollout rollout;
  store::TargetCounts counts;
  counts.failed = 2;
  EXPECT_FALSE(FailuresTrip(rollout, counts, 2));
  EXPECT_TRUE(FailuresTrip(rollout, counts, 1));
  rollout.forgiven_failures = 2;
  EXPECT_FALSE(FailuresTrip(rollout, counts, 0));
}

TEST(Gates, DoubtCountsWhenItLasts) {
  const absl::Time since = absl::FromUnixSeconds(1000);
  const absl::Duration patience = absl::Minutes(5);
  store::Target target;
  target.state = store::TargetState::kInDoubt;
  const auto counts = [&](absl::Duration after) {
    return DoubtCounts(target, since, patience, since + after);
  };
  EXPECT_FALSE(counts(absl::ZeroDuration())) << "a restart leaves such doubts in numbers";
  EXPECT_FALSE(counts(patience - absl::Seconds(1)));
  EXPECT_TRUE(counts(patience));
  target.doubt_forgiven = true;
  EXPECT_FALSE(counts(patience));
  target = {};
  target.state = store::TargetState::kInFlight;
  EXPECT_FALSE(counts(patience));
  EXPECT_FALSE(DoubtsTrip(2, 2));
  EXPECT_TRUE(DoubtsTrip(1, 0));
}

TEST(Gates, ADoubtHoldsItsSlotWhileItsWorkerIsAwayForAWhile) {
  const absl::Time since = absl::FromUnixSeconds(1000);
  const absl::Duration patience = absl::Minutes(8);
  store::Target target;
  target.state = store::TargetState::kInDoubt;
  EXPECT_TRUE(DoubtHoldsSlot(target, false, since, patience, since));
  EXPECT_TRUE(DoubtHoldsSlot(target, false, since, patience, since + absl::Minutes(7)));
  EXPECT_FALSE(DoubtHoldsSlot(target, false, since, patience, since + patience));
  EXPECT_FALSE(DoubtHoldsSlot(target, true, since, patience, since)) << "nothing runs there";
  target.doubt_forgiven = true;
  EXPECT_FALSE(DoubtHoldsSlot(target, false, since, patience, since));
}

TEST(End, EveryOpenTargetGetsAStateThatSaysWhy) {
  using enum store::TargetState;
  const Failure late{FailureCode::kJoinRateLimited, "429"};
  const struct {
    store::TargetState state;
    bool connected;
    std::optional<Failure> last;
    store::TargetState at_deadline;
    FailureCode code;
  } rows[] = {
      {kWaiting, false, std::nullopt, kStraggler, FailureCode::kDispatchOffline},
      {kWaiting, true, std::nullopt, kFailed, FailureCode::kRolloutDeadline},
      {kWaiting, true, late, kFailed, FailureCode::kJoinRateLimited},
      {kWaiting, false, late, kFailed, FailureCode::kJoinRateLimited},
      {kInDoubt, false, late, kFailed, FailureCode::kDispatchInDoubt},
      {kInFlight, true, std::nullopt, kFailed, FailureCode::kRolloutDeadline},
      {kVerifying, true, std::nullopt, kFailed, FailureCode::kRolloutDeadline},
  };
  for (const auto& row : rows) {
    store::Target target;
    target.state = row.state;
    target.failure = row.last;
    const bool under_way = row.state == kInFlight || row.state == kVerifying;
    for (const bool canceling : {false, true}) {
      const auto ending = EndingOf(target, row.connected, canceling, false);
      ASSERT_EQ(ending.has_value(), !under_way) << "what is under way is awaited";
      const auto end = EndingOf(target, row.connected, canceling, true);
      ASSERT_TRUE(end.has_value());
      EXPECT_EQ(end->state, canceling ? kCanceled : row.at_deadline);
      EXPECT_TRUE(MayMove(row.state, end->state));
      if (!canceling) {
        EXPECT_EQ(end->failure.code, row.code);
      }
    }
  }
  store::TargetCounts counts;
  counts.total = counts.failed = 1;
  EXPECT_EQ(FinalStateOf(counts, false), store::RolloutState::kCompletedWithFailures);
  counts.stragglers = 1;
  EXPECT_EQ(FinalStateOf(counts, false), store::RolloutState::kCompletedWithFailures);
  counts.failed = 0;
  EXPECT_EQ(FinalStateOf(counts, false), store::RolloutState::kCompletedWithStragglers);
  EXPECT_EQ(FinalStateOf(counts, true), store::RolloutState::kCanceled);
}

// Every move that an event asks for is one that the store allows.
TEST(Outcomes, TargetsFollowTheirServers) {
  using enum store::TargetState;
  using What = EnrollmentEvent::What;
  for (const What what : {What::kDoubt, What::kResumed, What::kNeverArrived, What::kClaimed,
                          What::kAnswered, What::kFailed, What::kProven}) {
    for (const bool retry : {false, true}) {
      EnrollmentEvent event;
      event.what = what;
      if (retry) event.retry = absl::Seconds(1);
      for (const store::TargetState from : {kWaiting, kInFlight, kVerifying, kSucceeded, kFailed,
                                            kInDoubt, kStraggler, kCanceled}) {
        const auto to = NextState(from, event);
        if (to.has_value()) {
          EXPECT_TRUE(MayMove(from, *to)) << static_cast<int>(what);
        }
        if (IsFinal(from)) {
          EXPECT_FALSE(to.has_value());
        }
      }
    }
  }
  EnrollmentEvent claimed;
  claimed.what = What::kClaimed;
  EXPECT_EQ(NextState(kInDoubt, claimed), kVerifying) << "an operator settled it";
  EnrollmentEvent failed;
  EXPECT_EQ(NextState(kWaiting, failed), std::nullopt) << "another attempt's failure";
  failed.unproven = true;
  for (const store::TargetState from : {kWaiting, kInFlight, kVerifying, kInDoubt}) {
    EXPECT_EQ(NextState(from, failed), kFailed) << "nobody joins beside a record that may be there";
  }
  EXPECT_EQ(NextState(kSucceeded, failed), std::nullopt);
}

TEST(Retries, OnlyTransientFailuresAndNotForEver) {
  SeededRandom random(1);
  const RetryOptions options;
  EXPECT_TRUE(RetryDelay(options, {FailureCode::kServiceUnreachable, ""}, 1, random).has_value());
  EXPECT_FALSE(RetryDelay(options, {FailureCode::kJoinKeyRefused, ""}, 1, random).has_value());
  EXPECT_FALSE(
      RetryDelay(options, {FailureCode::kServiceUnreachable, ""}, options.max_attempts, random)
          .has_value());
  // Before the hub's window of a minute is over a retry is in vain.
  EXPECT_GE(*RetryDelay(options, {FailureCode::kJoinRateLimited, ""}, 1, random), absl::Minutes(1));
}

TEST(Plan, WhoIsATarget) {
  store::ServerState server;
  server.admission = store::Admission::kAdmitted;
  EXPECT_TRUE(IsTarget(store::CommandKind::kJoin, {}, server));
  server.enrollment = store::Enrollment::kEnrolled;
  EXPECT_FALSE(IsTarget(store::CommandKind::kJoin, {}, server));
  EXPECT_TRUE(IsTarget(store::CommandKind::kProbe, {}, server));
  server.enrollment = store::Enrollment::kFailed;
  server.admission = store::Admission::kBanned;
  EXPECT_FALSE(IsTarget(store::CommandKind::kProbe, {}, server));
  server.admission = store::Admission::kRegistered;  // Away: a straggler at worst.
  EXPECT_TRUE(IsTarget(store::CommandKind::kJoin, {}, server));
  server.admission = store::Admission::kRejected;
  EXPECT_FALSE(IsTarget(store::CommandKind::kJoin, {}, server));
}

TEST(TokenBucket, TwelveAMinuteThenByWhatTheHubDoes) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  TokenBucket bucket(PacingOptions{}, start);
  int taken = 0;
  for (int second = 0; second < 600; ++second) taken += bucket.Take(start + absl::Seconds(second));
  EXPECT_NEAR(taken, 120, 3);
  for (int i = 0; i < 24; ++i) bucket.OnSuccess(start);
  EXPECT_DOUBLE_EQ(bucket.joins_per_minute(), 24);
  const absl::Time later = start + absl::Minutes(20);
  bucket.OnRefused(later);
  bucket.OnRefused(later + absl::Seconds(1));  // The same burst.
  EXPECT_DOUBLE_EQ(bucket.joins_per_minute(), 12);
  EXPECT_FALSE(bucket.Take(later + absl::Seconds(1)));
  const absl::Time next = bucket.NextToken(later + absl::Seconds(1));
  EXPECT_TRUE(bucket.Take(next));
  for (int i = 1; i < 20; ++i) bucket.OnRefused(later + i * absl::Minutes(1));
  EXPECT_DOUBLE_EQ(bucket.joins_per_minute(), 2);
}

TEST(TokenBucket, StatedLimitHolds) {
  PacingOptions options;
  options.initial_joins_per_minute = 100;
  options.max_joins_per_minute = 30;
  TokenBucket bucket(options, absl::UnixEpoch());
  EXPECT_DOUBLE_EQ(bucket.joins_per_minute(), 30);
  bucket.OnSuccess(absl::UnixEpoch());
  EXPECT_DOUBLE_EQ(bucket.joins_per_minute(), 30);
}

TEST(Names, Labels) {
  EXPECT_EQ(ProblemOfLabels({{"site", "berlin"}}), "");
  EXPECT_NE(ProblemOfLabels({{"", "x"}}), "");
  EXPECT_NE(ProblemOfLabels({{"k", std::string(300, 'x')}}), "");
  EXPECT_THAT(ProblemOfLabels({{"k", "a\xE2\x80\xAE"}}), testing::HasSubstr("U+202E"));
}

TEST(Connectivity, IsDerived) {
  store::Server server;
  const absl::Time now = absl::FromUnixSeconds(10'000'000);
  EXPECT_EQ(ConnectivityOf(server, false, now), Connectivity::kNeverSeen);
  EXPECT_EQ(ConnectivityOf(server, true, now), Connectivity::kOnline);
  server.last_contact_time = now - absl::Hours(1);
  EXPECT_EQ(ConnectivityOf(server, false, now), Connectivity::kOffline);
  server.last_contact_time = now - absl::Hours(24 * 8);
  EXPECT_EQ(ConnectivityOf(server, false, now), Connectivity::kStale);
}

}  // namespace
}  // namespace muster::core
