// Which hub record is a server's, and what it proves (certify.md 4.4 and 4.6).
#include "orchestrator/core/enrollment/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::core {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

HubInstance Record(const std::string& id, const std::string& internal, const std::string& title) {
  HubInstance instance;
  instance.id = HubInstanceId(id);
  instance.internal_instance_id = internal;
  instance.title = title;
  instance.connected = true;
  instance.reported_time = kNow;
  instance.registered_time = kNow - absl::Minutes(1);
  return instance;
}

class MatcherTest : public testing::Test {
 protected:
  Match Find(const MatchSubject& subject) {
    const HubIndex index(list_);
    const TakenByAnother taken = [this](const HubInstanceId& id) { return id == taken_; };
    return Matcher(index, taken).Find(subject);
  }
  HubList list_;
  HubInstanceId taken_;
};

TEST_F(MatcherTest, TheHubIdWinsThenTheInternalIdThenTheName) {
  list_.instances = {Record("a", "int-1", "WEB-1"), Record("b", "int-2", "WEB-2"),
                     Record("c", "", "web-3")};
  Match match = Find({HubInstanceId("b"), "int-1", "web-3"});
  ASSERT_EQ(match.kind, Match::Kind::kOne);
  EXPECT_EQ(match.instance->id.value(), "b");
  EXPECT_EQ(match.by, store::MatchKind::kHubId);
  match = Find({HubInstanceId(), "INT-1", "web-3"});
  ASSERT_EQ(match.kind, Match::Kind::kOne);
  EXPECT_EQ(match.instance->id.value(), "a");
  EXPECT_EQ(match.by, store::MatchKind::kInternalId);
  match = Find({HubInstanceId(), "", "WEB-3"});
  ASSERT_EQ(match.kind, Match::Kind::kOne);
  EXPECT_EQ(match.by, store::MatchKind::kMachineName);
}

TEST_F(MatcherTest, ANameIsWeak) {
  list_.instances = {Record("a", "int-1", "WEB-1"), Record("b", "int-2", "web-1"),
                     Record("c", "int-3", "WEB-2")};
  EXPECT_EQ(Find({HubInstanceId(), "", "web-1"}).kind, Match::Kind::kSeveral);
  // Another service with this name: a re-installation or a clone.
  EXPECT_EQ(Find({HubInstanceId(), "int-9", "web-2"}).kind, Match::Kind::kNone);
  // An id that the hub does not know is not replaced by a name.
  EXPECT_EQ(Find({HubInstanceId("gone"), "", "web-2"}).kind, Match::Kind::kNone);
  taken_ = HubInstanceId("c");
  EXPECT_EQ(Find({HubInstanceId(), "", "web-2"}).kind, Match::Kind::kNone);
}

TEST_F(MatcherTest, ARecordOfAnotherServerIsTakenAndSeveralAreAmbiguous) {
  list_.instances = {Record("a", "int-1", "WEB-1")};
  taken_ = HubInstanceId("a");
  const Match taken = Find({HubInstanceId("a"), "", ""});
  ASSERT_EQ(taken.kind, Match::Kind::kTaken);
  EXPECT_EQ(taken.instance->id.value(), "a");
  taken_ = HubInstanceId();
  list_.instances.push_back(Record("b", "int-1", "WEB-1"));
  EXPECT_EQ(Find({HubInstanceId(), "int-1", ""}).kind, Match::Kind::kSeveral);
  EXPECT_EQ(Find({HubInstanceId("b"), "int-1", ""}).kind, Match::Kind::kOne);
}

// A list that contradicts itself about an id tells nobody by it, whichever way the record is found.
TEST_F(MatcherTest, AnIdListedTwiceIsSeveralUnlessBothSayTheSame) {
  for (const HubInstance& second : {Record("a", "int-1", "another"), Record("a", "int-2", "WEB-1"),
                                    Record("a", "", "WEB-1"), Record("a", "int-1", "")}) {
    for (const bool reversed : {false, true}) {
      list_.instances = {Record("a", "int-1", "WEB-1"), second, Record("b", "int-8", "WEB-8")};
      if (reversed) std::swap(list_.instances[0], list_.instances[1]);
      for (const MatchSubject& subject :
           {MatchSubject{HubInstanceId("a"), "int-1", "web-1"},
            MatchSubject{HubInstanceId("a"), "", ""}, MatchSubject{HubInstanceId(), "int-1", ""},
            MatchSubject{HubInstanceId(), "", "web-1"}}) {
        const Match match = Find(subject);
        EXPECT_EQ(match.kind, Match::Kind::kSeveral);
        EXPECT_EQ(match.instance, nullptr);
      }
      EXPECT_EQ(Find({HubInstanceId("b"), "", ""}).kind, Match::Kind::kOne);
    }
  }
  list_.instances = {Record("a", "int-1", "WEB-1"), Record("a", "INT-1", "web-1")};
  EXPECT_EQ(Find({HubInstanceId("a"), "", ""}).kind, Match::Kind::kOne);
}

TEST(Proof, ConnectedAndReportedSinceTheJoinByOneClock) {
  HubList list;
  ProofRule rule;
  rule.now = kNow;
  rule.join_start = kNow - absl::Seconds(30);
  HubInstance record = Record("a", "int-1", "WEB-1");
  EXPECT_TRUE(ProvesEnrollment(record, list, rule));
  record.connected = false;
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  record.connected = true;
  record.pending = true;
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  record.pending = false;
  record.reported_time.reset();
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  record.reported_time = kNow - absl::Minutes(1);  // Before the join began.
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  // A hub whose clock is an hour ahead: the old report looks new, the offset says so.
  record.reported_time = kNow + absl::Minutes(59);
  list.clock_offset = absl::Hours(1);
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  record.reported_time = kNow + absl::Hours(1);
  EXPECT_TRUE(ProvesEnrollment(record, list, rule));
}

TEST(Proof, WithoutConnectionStatusAFreshReportCounts) {
  HubList list;
  list.route = HubList::Route::kPublic;
  ProofRule rule;
  rule.now = kNow;
  rule.join_start = kNow - absl::Hours(1);
  HubInstance record = Record("a", "", "WEB-1");
  record.connected.reset();
  EXPECT_TRUE(ProvesEnrollment(record, list, rule));
  record.reported_time = kNow - absl::Minutes(2);
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
  // Its registration counts as a report there: without a title it never connected.
  record.reported_time = kNow;
  record.title.clear();
  EXPECT_FALSE(ProvesEnrollment(record, list, rule));
}

GhostRule Since(absl::Duration before) {
  return {kNow - before, absl::InfiniteFuture(), "", absl::Seconds(2)};
}

TEST(Absence, NamelessRecordsOfTheTimeForbidIt) {
  HubList list;
  HubInstance ghost = Record("g", "", "");
  ghost.connected = false;
  ghost.registered_time = kNow - absl::Minutes(5);
  list.instances = {ghost};
  const TakenByAnother nobody = [](const HubInstanceId&) { return false; };
  const TakenByAnother everybody = [](const HubInstanceId&) { return true; };
  EXPECT_TRUE(HasAnonymousRecord(list, Since(absl::Minutes(6)), nobody));
  EXPECT_FALSE(HasAnonymousRecord(list, Since(absl::Minutes(4)), nobody));
  EXPECT_FALSE(HasAnonymousRecord(list, Since(absl::Minutes(6)), everybody));
  // What was made after the join was over, or by another service, is not this join's.
  GhostRule over = Since(absl::Minutes(10));
  over.until = kNow - absl::Minutes(6);
  EXPECT_FALSE(HasAnonymousRecord(list, over, nobody));
  over.until = kNow - absl::Minutes(5) - absl::Seconds(1);
  EXPECT_TRUE(HasAnonymousRecord(list, over, nobody)) << "within what is known of the clocks";
  GhostRule service = Since(absl::Minutes(6));
  service.internal_instance_id = "A";
  EXPECT_TRUE(HasAnonymousRecord(list, service, nobody)) << "it may be of any service";
  list.instances[0].internal_instance_id = "b";
  EXPECT_FALSE(HasAnonymousRecord(list, service, nobody));
  list.instances[0].internal_instance_id = "a";
  EXPECT_TRUE(HasAnonymousRecord(list, service, nobody));
  list.instances[0].registered_time.reset();
  list.instances[0].reported_time.reset();
  EXPECT_TRUE(HasAnonymousRecord(list, Since(absl::ZeroDuration()), nobody));
}

}  // namespace
}  // namespace muster::core
