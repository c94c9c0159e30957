// The small pieces of base/: ids, secret, backoff, strand, timers, log, failures.
#include <atomic>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/backoff.h"
#include "base/blocking_pool.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/host_port.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "base/thread_strand.h"
#include "base/thread_timers.h"
#include "base/utf8.h"
#include "tests/fakes/fake_clock.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(Ids, SlugsAndZones) {
  EXPECT_TRUE(IsSlug("acme"));
  EXPECT_TRUE(IsSlug("a-1"));
  for (const char* bad : {"", "-a", "a-", "A", "a/b", "a b", "ä"}) EXPECT_FALSE(IsSlug(bad)) << bad;
  EXPECT_FALSE(IsSlug(std::string(64, 'a')));
  const ZoneId zone = MakeZoneId(TenantId("acme"), "prod");
  EXPECT_EQ(zone.value(), "acme/prod");
  EXPECT_EQ(TenantOf(zone), TenantId("acme"));
  EXPECT_TRUE(TenantOf(ZoneId("acme")).empty());
}

TEST(Ids, NewIdsCarryTheirPrefixAndDiffer) {
  SeededRandom random(7);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(NewId<ServerId>(random).value());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_THAT(*seen.begin(), testing::StartsWith("srv-"));
}

TEST(Ids, OrderedIdsOnlyGrow) {
  SeededRandom random(7);
  OrderedIds ids(random);
  const absl::Time start = absl::FromUnixSeconds(1'790'000'000);
  CommandId last;
  // More than one millisecond holds, then a clock that goes back, then the present.
  for (int i = 0; i < 40'000; ++i) {
    const auto id = ids.Next<CommandId>(i < 39'000 ? start : start - absl::Hours(i));
    ASSERT_LT(last, id) << i;
    last = id;
  }
  EXPECT_LT(last, ids.Next<CommandId>(start + absl::Seconds(1)));
  EXPECT_EQ(last.value().size(), 24u);
  EXPECT_THAT(last.value(), testing::StartsWith("cmd-"));
}

TEST(Ids, OrderedIdsOfTwoSourcesDiffer) {
  SeededRandom random(7);
  OrderedIds one(random);
  OrderedIds other(random);
  EXPECT_NE(one.Next<ServerId>(absl::UnixEpoch()), other.Next<ServerId>(absl::UnixEpoch()));
}

TEST(Secret, MovesWipeTheSource) {
  std::string source = "s3cret-value-that-is-long-enough-to-live-on-the-heap";
  Secret a = Secret::Take(std::move(source));
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move): the wipe is what is tested.
  Secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.Reveal(), "s3cret-value-that-is-long-enough-to-live-on-the-heap");
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_constructible_v<log::Field, absl::string_view, Secret>);
}

TEST(Backoff, GrowsToTheCapAndStaysAboveZero) {
  SeededRandom random(1);
  const BackoffOptions options{absl::Seconds(1), absl::Seconds(30), 2.0};
  for (int failures = 0; failures < 200; ++failures) {
    const absl::Duration delay = BackoffDelay(options, failures, random);
    EXPECT_GE(delay, absl::Milliseconds(1));
    EXPECT_LE(delay, failures == 0 ? absl::Seconds(1) : absl::Seconds(30));
  }
}

TEST(ThreadStrand, RunsInOrderAndCallsAfterBatch) {
  std::vector<int> seen;
  std::atomic<int> batches = 0;
  {
    ThreadStrand strand("test", [&] { ++batches; });
    for (int i = 0; i < 1000; ++i) strand.Post([&seen, i] { seen.push_back(i); });
    strand.Stop();
    strand.Post([&seen] { seen.push_back(-1); });  // Dropped: it has stopped.
  }
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_GE(batches, 1);
  EXPECT_LE(batches, 1000);
}

TEST(ThreadTimers, FiresWhatIsDueAndForgetsWhatIsCanceled) {
  FakeClock clock;
  std::atomic<bool> canceled_fired = false;
  Mutex mu;
  bool fired = false;
  ThreadTimers timers(clock);
  const TimerId id = timers.After(absl::Hours(1), [&] { canceled_fired = true; });
  EXPECT_TRUE(timers.Cancel(id));
  EXPECT_FALSE(timers.Cancel(id));
  timers.After(-absl::Seconds(1), [&] {
    MutexLock lock(&mu);
    fired = true;
  });
  MutexLock lock(&mu);
  mu.Await(absl::Condition(&fired));
  EXPECT_FALSE(canceled_fired);
}

TEST(BlockingPool, RunsOnItsThreads) {
  BlockingPool pool("pool", 2);
  Mutex mu;
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    pool.Run([&] {
      MutexLock lock(&mu);
      ++done;
    });
  }
  MutexLock lock(&mu);
  mu.Await(absl::Condition(
      +[](int* n) { return *n == 10; }, &done));
}

TEST(FakeClock, FiresInOrderAtTheirOwnTimes) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  std::vector<absl::Time> at;
  clock.At(start + absl::Seconds(2), [&] { at.push_back(clock.Now()); });
  clock.At(start + absl::Seconds(1), [&] {
    at.push_back(clock.Now());
    clock.At(start + absl::Milliseconds(1500), [&] { at.push_back(clock.Now()); });
  });
  clock.Advance(absl::Seconds(3));
  EXPECT_THAT(at, testing::ElementsAre(start + absl::Seconds(1), start + absl::Milliseconds(1500),
                                       start + absl::Seconds(2)));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3));
}

TEST(HostPort, KnowsWhatItIs) {
  for (const char* good : {"muster.example:8443", "10.0.0.1:1", "[::1]:65535", "[fe80::1%2]:80"}) {
    EXPECT_TRUE(IsHostPort(good, 1)) << good;
  }
  for (const char* bad : {"", "nonsense", ":8443", "host:", "host:0", "host:65536", "host:+1",
                          "host:1x", "::1", "::1:80", "[]:80", "[::1:80", "a b:80",
                          "https://host:80", "unix:/run/x", "host:99999999999"}) {
    EXPECT_FALSE(IsHostPort(bad, 1)) << bad;
  }
  EXPECT_TRUE(IsHostPort("0.0.0.0:0", 0));
}

TEST(Log, QuotesWhatNeedsItAndCarriesFields) {
  std::string line;
  log::SetSinkForTesting([&](absl::string_view l) { line = std::string(l); });
  log::Info("worker connected", {{"server", ServerId("srv-1")}, {"note", "two words\n"}, {"n", 3}});
  log::SetSinkForTesting(nullptr);
  EXPECT_THAT(
      line,
      HasSubstr("level=info msg=\"worker connected\" server=srv-1 note=\"two words\\n\" n=3"));
}

TEST(Failure, TheTableIsConsistent) {
  std::set<std::string> texts;
  for (const FailureInfo& row : AllFailures()) {
    EXPECT_TRUE(texts.insert(row.text).second) << row.text << " stands twice";
    EXPECT_THAT(row.text, testing::MatchesRegex("E-[A-Z]+-[A-Z-]+"));
    EXPECT_EQ(std::string(row.remedy).back(), '.') << row.text;
    EXPECT_EQ(FindFailureCode(row.text), row.code);
    EXPECT_EQ(&InfoOf(row.code), &row);
  }
  EXPECT_EQ(FindFailureCode("E-NO-SUCH"), std::nullopt);
}

TEST(Failure, StatusCarriesCodeDetailAndRemedy) {
  const absl::Status status = FailureStatus(FailureCode::kJoinElsewhere, "joined to https://other");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("E-JOIN-ELSEWHERE: joined to https://other. Confirm"));
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kJoinElsewhere);
  EXPECT_EQ(FailureCodeOf(absl::UnknownError("x")), std::nullopt);
}

TEST(Failure, OneInTheOthersPlace) {
  const absl::Status plain = absl::UnknownError("disk on fire");
  const absl::Status coded = EnsureCode(plain, FailureCode::kStoreIo);
  EXPECT_EQ(FailureCodeOf(coded), FailureCode::kStoreIo);
  EXPECT_EQ(EnsureCode(coded, FailureCode::kStoreFull), coded);
  EXPECT_TRUE(EnsureCode(absl::OkStatus(), FailureCode::kStoreFull).ok());
  EXPECT_EQ(DetailOf(coded), "disk on fire");
  EXPECT_EQ(DetailOf(Annotate(coded, "at the start")), "at the start: E-STORE-IO: disk on fire");
  EXPECT_EQ(DetailOf(plain), "disk on fire");
  const absl::Status nested = FailureStatus(FailureCode::kStoreReadOnly, coded.message());
  EXPECT_THAT(std::string(nested.message()), testing::Not(HasSubstr("..")));
}

TEST(Utf8, KnowsWhatItIs) {
  for (const char* good :
       {"", "a", "M\xC3\xBCnchen", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  // Windows-1252, half a sequence, overlong, a surrogate, beyond the last one.
  for (const char* bad : {"M\xFCnchen", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\x80", "\xFF\xFE"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
  EXPECT_EQ(Utf8Prefix("\xC3\xBC\xC3"), 2u);
  EXPECT_EQ(Utf8Prefix("abc"), 3u);
}

}  // namespace
}  // namespace muster
