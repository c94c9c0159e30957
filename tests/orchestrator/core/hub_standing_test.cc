// When a hub is left alone, when a key may leave for it, and when a short list is believed.
#include "orchestrator/core/hubs/hub_standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "orchestrator/core/hubs/hub_reading.h"

namespace muster::core {
namespace {

using store::HubListKind;
using testing::HasSubstr;

const absl::Time kNoon = absl::FromUnixSeconds(1'790'000'000);
const Failure kDown{FailureCode::kHubUnreachable, "nothing answers"};

class HubStandingTest : public testing::Test {
 protected:
  HubStandingTest() { contact_.zone_id = ZoneId("acme/prod"); }
  // How long the hub is left alone after one more failure at noon.
  absl::Duration FailOnce(std::optional<absl::Duration> retry = std::nullopt) {
    NoteUnread(contact_, {kDown, retry}, options_, kNoon);
    const absl::Time until = LeftAloneUntil(contact_, options_, kNoon);
    return until == absl::InfinitePast() ? absl::ZeroDuration() : until - kNoon;
  }
  static HubList ListOf(int records, int first = 0) {
    HubList list;
    for (int i = 0; i < records; ++i) {
      list.instances.emplace_back().id = HubInstanceId(absl::StrCat("id-", first + i));
    }
    return list;
  }
  bool Believes(const HubList& list, absl::Duration after) {
    return IsBelieved(contact_, list, last_, kNoon + after, options_);
  }

  VerifyOptions options_;
  store::HubContact contact_;
  std::optional<int> last_ = 40;
};

TEST_F(HubStandingTest, AHubThatGoesOnFailingIsLeftAloneForLongerAndLonger) {
  const absl::Duration expected[] = {absl::ZeroDuration(), absl::ZeroDuration(), absl::Seconds(30),
                                     absl::Minutes(1),     absl::Minutes(2),     absl::Minutes(4),
                                     absl::Minutes(5),     absl::Minutes(5)};
  for (const absl::Duration alone : expected) {
    EXPECT_EQ(FailOnce(), alone) << contact_.failures;
    EXPECT_EQ(contact_.open_time.has_value(), alone > absl::ZeroDuration());
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(FailOnce(), absl::Minutes(5));
  EXPECT_EQ(contact_.failing_time, kNoon);
  NoteRead(contact_, ListOf(3), kNoon + absl::Hours(1));
  EXPECT_EQ(contact_.failures, 0);
  EXPECT_FALSE(contact_.open_time.has_value() || contact_.not_before.has_value() ||
               contact_.failing_time.has_value() || contact_.failure.has_value());
  EXPECT_EQ(contact_.instances, 3);
  EXPECT_EQ(FailOnce(), absl::ZeroDuration()) << "it is counted anew";
}

TEST_F(HubStandingTest, AHubsOwnWishIsObeyedUpToALimit) {
  EXPECT_EQ(FailOnce(absl::Minutes(7)), absl::Minutes(7));
  EXPECT_EQ(contact_.open_time, kNoon);
  EXPECT_EQ(FailOnce(absl::Hours(24)), absl::Minutes(15));
  // A clock that was set back since does not prolong it.
  EXPECT_EQ(LeftAloneUntil(contact_, options_, kNoon - absl::Hours(5)), absl::InfinitePast());
}

TEST_F(HubStandingTest, KeysLeaveForAHubThatWasJustReadAndForNoOther) {
  const auto may = [&](absl::Duration after) { return MayJoin(contact_, options_, kNoon + after); };
  EXPECT_FALSE(may(absl::ZeroDuration())) << "it was never read";
  NoteRead(contact_, ListOf(0), kNoon);
  EXPECT_TRUE(may(absl::ZeroDuration()));
  EXPECT_TRUE(may(absl::Minutes(10)));
  EXPECT_FALSE(may(absl::Minutes(11)));
  EXPECT_FALSE(may(-absl::Minutes(1))) << "read in the future, by a clock that was set back";
  FailOnce();
  EXPECT_FALSE(may(absl::ZeroDuration())) << "the last try failed";
}

TEST_F(HubStandingTest, SaysSinceWhenAndUntilWhen) {
  EXPECT_EQ(WhyHeld(contact_, kNoon), std::nullopt) << "nobody has tried";
  FailOnce();
  EXPECT_EQ(WhyHeld(contact_, kNoon)->code, FailureCode::kHubUnreachable);
  EXPECT_EQ(WhyHeld(contact_, kNoon)->detail,
            "the hub of acme/prod is not read since 2026-09-21T14:13:20Z, 1 try: nothing answers");
  FailOnce();
  FailOnce();
  EXPECT_THAT(WhyHeld(contact_, kNoon)->detail,
              HasSubstr("3 tries, and left alone until 2026-09-21T14:13:50Z: nothing"));
  EXPECT_EQ(WhyHeld(contact_, kNoon + absl::Minutes(1))->detail,
            "the hub of acme/prod is not read since 2026-09-21T14:13:20Z, 3 tries: nothing answers")
      << "it may be asked again";
  NoteRead(contact_, ListOf(0), kNoon);
  EXPECT_EQ(WhyHeld(contact_, kNoon), std::nullopt);
}

// The hub has told another zone's reading so: nobody joins meanwhile, and who looks is told why.
TEST_F(HubStandingTest, OperatorsAreShownOneWordForIt) {
  const auto word = [this](absl::Duration after = absl::ZeroDuration()) {
    return ToString(StandingOf(contact_, kNoon + after));
  };
  EXPECT_EQ(word(), "never_read");
  FailOnce();
  EXPECT_EQ(word(), "failing");
  FailOnce();
  FailOnce();
  EXPECT_EQ(word(absl::Seconds(29)), "left_alone");
  EXPECT_EQ(word(absl::Seconds(30)), "failing") << "it may be asked again";
  NoteRead(contact_, ListOf(3), kNoon);
  EXPECT_EQ(word(), "read");
  NoteWish(contact_, kNoon + absl::Minutes(1), kNoon);
  EXPECT_EQ(word(), "left_alone") << "whatever it answered last";
}

TEST_F(HubStandingTest, NobodyJoinsAHubThatWantsToBeLeftAlone) {
  NoteRead(contact_, ListOf(0), kNoon);
  contact_.open_time = kNoon;
  contact_.not_before = kNoon + absl::Minutes(5);
  EXPECT_FALSE(MayJoin(contact_, options_, kNoon));
  EXPECT_EQ(WhyHeld(contact_, kNoon)->code, FailureCode::kHubRateLimited);
  EXPECT_THAT(WhyHeld(contact_, kNoon)->detail,
              HasSubstr("acme/prod is left alone until 2026-09-21T14:18:20Z, as it asked for"));
  EXPECT_TRUE(MayJoin(contact_, options_, kNoon + absl::Minutes(5)));
  EXPECT_EQ(WhyHeld(contact_, kNoon + absl::Minutes(5)), std::nullopt);
}

TEST_F(HubStandingTest, ListsAreNamedByWhatTheyShow) {
  HubList list;
  EXPECT_EQ(KindOf(list), HubListKind::kFull);
  list.shows_pending = false;
  EXPECT_EQ(KindOf(list), HubListKind::kWithoutPending);
  list.shows_disconnected = false;
  EXPECT_EQ(KindOf(list), HubListKind::kConnectedOnly);
  list.route = HubList::Route::kPublic;
  EXPECT_EQ(KindOf(list), HubListKind::kSummary);
  list.route = HubList::Route::kLegacy;
  EXPECT_EQ(KindOf(list), HubListKind::kLegacy);
}

TEST_F(HubStandingTest, AShrunkHubIsBelievedWhenThreeReadingsAgree) {
  const HubList shrunk = ListOf(5);
  EXPECT_FALSE(Believes(shrunk, absl::ZeroDuration()));
  EXPECT_FALSE(Believes(shrunk, absl::Minutes(5))) << "too close to count";
  EXPECT_EQ(contact_.short_readings, 1);
  EXPECT_FALSE(Believes(shrunk, absl::Minutes(10)));
  EXPECT_EQ(contact_.short_readings, 2);
  EXPECT_EQ(contact_.short_instances, 5);
  EXPECT_TRUE(Believes(shrunk, absl::Minutes(20)));
  EXPECT_EQ(contact_.short_readings, 0) << "it is no short list any more";
}

TEST_F(HubStandingTest, ListsThatDifferAreNoAgreement) {
  EXPECT_FALSE(Believes(ListOf(5), absl::ZeroDuration()));
  EXPECT_FALSE(Believes(ListOf(5), absl::Minutes(10)));
  EXPECT_FALSE(Believes(ListOf(5, /*first=*/1), absl::Minutes(20))) << "as many, but others";
  EXPECT_EQ(contact_.short_readings, 1);
  EXPECT_TRUE(Believes(ListOf(30), absl::Minutes(30))) << "it was restored";
  EXPECT_EQ(contact_.short_readings, 0);
}

TEST_F(HubStandingTest, TheOrderOfRecordsIsNoDifference) {
  HubList list = ListOf(5);
  EXPECT_FALSE(Believes(list, absl::ZeroDuration()));
  std::swap(list.instances[0], list.instances[4]);
  EXPECT_FALSE(Believes(list, absl::Minutes(10)));
  EXPECT_EQ(contact_.short_readings, 2);
}

TEST_F(HubStandingTest, AnOperatorsWordIsBelievedAtOnceAndOnce) {
  EXPECT_FALSE(Believes(ListOf(5), absl::ZeroDuration()));
  contact_.accepted_instances = 5;
  EXPECT_FALSE(Believes(ListOf(1), absl::Minutes(1))) << "far less than what was accepted";
  EXPECT_TRUE(Believes(ListOf(4), absl::Minutes(2)));
  EXPECT_FALSE(contact_.accepted_instances.has_value());
  EXPECT_FALSE(Believes(ListOf(4), absl::Minutes(3))) << "the baseline is the store's";
}

TEST_F(HubStandingTest, ANewAndEmptyHubIsNoFault) {
  last_ = std::nullopt;
  EXPECT_TRUE(Believes(ListOf(0), absl::ZeroDuration()));
  last_ = 0;
  EXPECT_TRUE(Believes(ListOf(0), absl::ZeroDuration()));
}

TEST_F(HubStandingTest, SaysWhyAListConfirmsPresenceOnly) {
  HubReading reading;
  reading.list = ListOf(4);
  EXPECT_EQ(WhyInconclusive(reading, 40), "4 records, 40 before");
  reading.list.whole = false;
  EXPECT_THAT(WhyInconclusive(reading, 40), HasSubstr("nothing shows that the list is whole"));
  reading.list.shows_pending = reading.list.shows_disconnected = false;
  EXPECT_THAT(WhyInconclusive(reading, 40), HasSubstr("as hubs of 2025 do not"));
}

}  // namespace
}  // namespace muster::core
