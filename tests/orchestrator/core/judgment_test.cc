// What a reading says about a server that waits for proof, row by row.
#include "orchestrator/core/enrollment/judgment.h"

#include <gtest/gtest.h>

#include "base/failure_code.h"

namespace muster::core {
namespace {

using Verdict = Judgment::Verdict;

const absl::Time kJoinBegan = absl::FromUnixSeconds(1'790'000'000);

class JudgmentTest : public testing::Test {
 protected:
  JudgmentTest() {
    proof_.server_id = ServerId("srv-1");
    proof_.claim.machine_name = "web-1";
    proof_.claim.join_start_time = proof_.began = kJoinBegan;
    proof_.claim.verify_deadline = kJoinBegan + absl::Minutes(3);
    reading_.conclusive = true;
  }
  void Doubt(absl::Duration quiet_after) {
    proof_.doubt = proof_.answered = true;
    proof_.quiet = kJoinBegan + quiet_after;
  }
  HubInstance& AddRecord(const std::string& id, const std::string& title) {
    HubInstance& instance = reading_.list.instances.emplace_back();
    instance.id = HubInstanceId(id);
    instance.title = title;
    instance.connected = !title.empty();
    instance.reported_time = instance.registered_time = kJoinBegan + absl::Seconds(10);
    return instance;
  }
  Judgment JudgeAt(absl::Duration after) {
    reading_.started = kJoinBegan + after;
    const TakenByAnother nobody = [](const HubInstanceId&) { return false; };
    const HubIndex index(reading_.list);
    const absl::Time now = kJoinBegan + after + absl::Seconds(1);
    const store::Claim& claim = proof_.claim;
    const Match match =
        Matcher(index, nobody)
            .Find({claim.hub_instance_id, claim.internal_instance_id, claim.machine_name});
    return JudgeReading(proof_, reading_, match, contest_, nobody, options_, now);
  }
  Judgment UnreadAt(absl::Duration after, absl::Duration left_alone = absl::ZeroDuration()) {
    return JudgeUnread(proof_, Failure{FailureCode::kHubRateLimited, "429"},
                       kJoinBegan + after + left_alone, options_, kJoinBegan + after);
  }

  VerifyOptions options_;
  AwaitedProof proof_;
  HubReading reading_;
  Contest contest_;
};

TEST_F(JudgmentTest, PresenceProvesClaimAndDoubtWhateverTheListIsWorth) {
  AddRecord("a", "WEB-1");
  for (const bool conclusive : {true, false}) {
    for (const bool doubt : {true, false}) {
      reading_.conclusive = conclusive;
      proof_.doubt = doubt;
      proof_.answered = false;
      EXPECT_EQ(JudgeAt(absl::Seconds(20)).verdict, Verdict::kProven) << conclusive << doubt;
    }
  }
}

TEST_F(JudgmentTest, TwoWholeListsSettleADoubtWithinAMinute) {
  Doubt(absl::Seconds(70));
  EXPECT_EQ(JudgeAt(absl::Seconds(60)).verdict, Verdict::kWait) << "the hub may show it later";
  EXPECT_EQ(JudgeAt(absl::Seconds(71)).verdict, Verdict::kWait) << "one list is none";
  EXPECT_EQ(JudgeAt(absl::Seconds(80)).verdict, Verdict::kWait) << "too close to the first";
  EXPECT_EQ(JudgeAt(absl::Seconds(87)).verdict, Verdict::kAbsent);
}

TEST_F(JudgmentTest, AHubThatIsEmptyButForItselfProvesAbsence) {
  Doubt(absl::Seconds(70));
  EXPECT_TRUE(reading_.list.instances.empty());
  EXPECT_EQ(JudgeAt(absl::Seconds(71)).verdict, Verdict::kWait);
  EXPECT_EQ(JudgeAt(absl::Seconds(100)).verdict, Verdict::kAbsent);
}

TEST_F(JudgmentTest, NothingIsAbsentWhileTheJoinMayRun) {
  Doubt(absl::Minutes(15));
  EXPECT_EQ(JudgeAt(absl::Minutes(5)).verdict, Verdict::kWait);
  EXPECT_EQ(JudgeAt(absl::Minutes(10)).verdict, Verdict::kWait);
  proof_.answered = false;
  EXPECT_EQ(JudgeAt(absl::Hours(10)).verdict, Verdict::kWait) << "the worker has not answered";
}

TEST_F(JudgmentTest, ANamelessRecordIsNoAbsence) {
  Doubt(absl::Seconds(70));
  AddRecord("ghost", "");
  EXPECT_EQ(JudgeAt(absl::Seconds(100)).verdict, Verdict::kWait);
  const Judgment late = JudgeAt(absl::Minutes(4));
  EXPECT_EQ(late.verdict, Verdict::kUnproven);
  EXPECT_EQ(late.failure->code, FailureCode::kVerifyAmbiguous);
}

// The clock may have been set while no process watched it: the dates of both need not be of one.
TEST_F(JudgmentTest, ANamelessRecordFromShortlyBeforeARestartIsNoAbsenceEither) {
  AddRecord("ghost", "").registered_time = kJoinBegan - absl::Minutes(20);
  for (const bool recovered : {false, true}) {
    proof_.absent_since.reset();
    Doubt(absl::Seconds(70));
    proof_.recovered = recovered;
    EXPECT_EQ(JudgeAt(absl::Seconds(71)).verdict, Verdict::kWait);
    EXPECT_EQ(JudgeAt(absl::Seconds(100)).verdict, recovered ? Verdict::kWait : Verdict::kAbsent);
  }
}

TEST_F(JudgmentTest, WhereTheHubCannotTellTheWorkersLookDecides) {
  const struct {
    Look look;
    Verdict verdict;
    FailureCode code;
  } rows[] = {{Look::kNone, Verdict::kWait, FailureCode::kJoinAnswerLost},
              {Look::kNotJoined, Verdict::kUnproven, FailureCode::kJoinAnswerLost},
              {Look::kJoinedElsewhere, Verdict::kUnproven, FailureCode::kJoinElsewhere},
              {Look::kJoinedHere, Verdict::kUnproven, FailureCode::kVerifyUnproven}};
  for (const auto& row : rows) {
    for (const bool read : {true, false}) {
      proof_.absent_since.reset();
      Doubt(absl::Seconds(70));
      reading_.conclusive = false;
      proof_.look = row.look;
      const auto at = [&](absl::Duration after) { return read ? JudgeAt(after) : UnreadAt(after); };
      EXPECT_EQ(at(absl::Minutes(2)).verdict, Verdict::kWait) << "the list may still show it";
      const Judgment late = at(absl::Minutes(4));
      EXPECT_EQ(late.verdict, row.verdict) << static_cast<int>(row.look) << read;
      if (late.failure.has_value()) {
        EXPECT_EQ(late.failure->code, row.code);
      }
      Doubt(absl::Minutes(15));
      EXPECT_EQ(at(absl::Minutes(10)).verdict, Verdict::kWait) << "it may still run";
    }
  }
}

TEST_F(JudgmentTest, AServiceThatSaysItIsJoinedIsNotJoinedAgain) {
  Doubt(absl::Seconds(70));
  proof_.look = Look::kJoinedHere;
  EXPECT_EQ(JudgeAt(absl::Seconds(80)).verdict, Verdict::kWait);
  EXPECT_EQ(JudgeAt(absl::Seconds(120)).verdict, Verdict::kWait);
  EXPECT_EQ(JudgeAt(absl::Minutes(4)).verdict, Verdict::kUnproven);
}

TEST_F(JudgmentTest, AClaimOutlivesItsDeadlineWhileTheHubWantsToBeLeftAlone) {
  EXPECT_EQ(UnreadAt(absl::Minutes(2)).verdict, Verdict::kWait);
  EXPECT_EQ(UnreadAt(absl::Minutes(4), absl::Minutes(15)).verdict, Verdict::kWait);
  EXPECT_EQ(UnreadAt(absl::Minutes(20)).verdict, Verdict::kWait)
      << "the time that it was left alone does not count";
  EXPECT_EQ(UnreadAt(absl::Minutes(23)).verdict, Verdict::kUnproven);
  EXPECT_EQ(UnreadAt(absl::Hours(9), absl::Minutes(15)).verdict, Verdict::kWait)
      << "as long as that lasts";
}

// Who claims, or comes back, while the hub is left alone has a whole deadline when it is over.
TEST_F(JudgmentTest, TheTimeInWhichTheHubMayNotBeAskedDoesNotCount) {
  PutOff(proof_, kJoinBegan - absl::Minutes(1), options_);
  EXPECT_EQ(proof_.deadline, absl::InfinitePast()) << "that was before its join";
  PutOff(proof_, kJoinBegan + absl::Hours(5), options_);
  EXPECT_EQ(JudgeAt(absl::Hours(5) + absl::Minutes(2)).verdict, Verdict::kWait);
  EXPECT_EQ(JudgeAt(absl::Hours(5) + absl::Minutes(4)).verdict, Verdict::kUnproven);
  Doubt(absl::Seconds(70));
  proof_.deadline = absl::InfinitePast();
  PutOff(proof_, kJoinBegan + absl::Hours(5), options_);
  EXPECT_EQ(proof_.deadline, proof_.claim.verify_deadline + options_.unread_doubt_patience);
}

TEST_F(JudgmentTest, AFailureSoonerThanTheDeadlineIsNoVerdictWithoutARetryAfter) {
  EXPECT_EQ(UnreadAt(absl::Minutes(2)).verdict, Verdict::kWait);
  EXPECT_EQ(UnreadAt(absl::Minutes(4)).verdict, Verdict::kUnproven);
}

TEST_F(JudgmentTest, ADoubtIsNotJudgedByALookWhileTheHubWantsToBeLeftAlone) {
  Doubt(absl::Seconds(70));
  for (const Look look : {Look::kJoinedHere, Look::kNotJoined}) {
    proof_.deadline = absl::InfinitePast();
    proof_.look = look;
    EXPECT_EQ(UnreadAt(absl::Minutes(4), absl::Minutes(30)).verdict, Verdict::kWait)
        << "the hub may tell when it is asked again";
    EXPECT_EQ(UnreadAt(absl::Minutes(36)).verdict, Verdict::kWait);
    EXPECT_EQ(UnreadAt(absl::Minutes(38)).verdict, Verdict::kUnproven);
  }
}

TEST_F(JudgmentTest, TheNextLookComesWhenItCanDecide) {
  const absl::Time now = kJoinBegan + absl::Seconds(60);
  EXPECT_EQ(NextLook(proof_, false, options_, now), now + options_.poll_interval);
  EXPECT_EQ(NextLook(proof_, true, options_, now), now + options_.poll_interval_failing);
  Doubt(absl::Seconds(70));
  EXPECT_EQ(NextLook(proof_, false, options_, now), proof_.quiet);
  EXPECT_EQ(NextLook(proof_, false, options_, proof_.quiet), proof_.quiet + absl::Seconds(15));
  EXPECT_EQ(NextLook(proof_, false, options_, now + absl::Hours(1)),
            now + absl::Hours(1) + options_.poll_interval_doubt);
}

TEST(LookOf, ReadsTheServicesWordAndOneSpellingOfTheHub) {
  store::ServiceFacts service;
  EXPECT_EQ(LookOf(service, "https://hub.example"), Look::kNone);
  service.presence = store::ServicePresence::kRunning;
  EXPECT_EQ(LookOf(service, "https://hub.example"), Look::kNotJoined);
  service.hub_url = "HTTPS://Hub.Example/";
  EXPECT_EQ(LookOf(service, "https://hub.example"), Look::kJoinedHere);
  service.hub_url = "https://other.example";
  EXPECT_EQ(LookOf(service, "https://hub.example"), Look::kJoinedElsewhere);
  service.presence = store::ServicePresence::kUnreachable;
  service.hub_url.clear();
  EXPECT_EQ(LookOf(service, "https://hub.example"), Look::kNone) << "an old file is no word";
}

}  // namespace
}  // namespace muster::core
