// When hubs are read, on virtual time: how often, when not, and what a restart remembers.
#include "orchestrator/core/hubs/hub_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "orchestrator/core/control/turn_control.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"

namespace muster::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Hubs that answer at once with what the test has set for a zone: a list of so many records, or a
// failure.
class SetHubs final : public HubReader {
 public:
  explicit SetHubs(const Clock& clock) : clock_(clock) {}
  void Read(HubReadRequest request, absl::AnyInvocable<void(HubReadResult)> done) override {
    reads[request.zone_id].push_back(clock_.Now());
    if (const auto it = failures.find(request.zone_id); it != failures.end()) {
      return done(it->second);
    }
    HubList list;
    for (int i = 0; i < records; ++i) {
      list.instances.emplace_back().id = HubInstanceId(absl::StrCat("id-", i));
    }
    done(std::move(list));
  }
  std::map<ZoneId, std::vector<absl::Time>> reads;
  std::map<ZoneId, HubUnread> failures;
  int records = 0;

 private:
  const Clock& clock_;
};

class HubPollerTest : public testing::Test, protected HubListener {
 protected:
  HubPollerTest()
      : hubs_(clock_),
        store_(*store::SqliteStore::Open(
            {.path = dir_ / "test.db", .now = clock_.Now(), .durable = false})),
        control_(*store_, strand_, nullptr, clock_, 4, [](const absl::Status&) {}) {
    Restart();
    Put(prod_, "https://a.example", "verifier");
  }
  // Nothing but the store stays.
  void Restart() {
    poller_.reset();
    if (agenda_ != nullptr) agenda_->Clear();
    agenda_ = std::make_unique<Agenda>(control_, clock_, clock_);
    poller_ = std::make_unique<HubPoller>(options_, control_, *agenda_, hubs_, zones_);
    poller_->SetListener(this);
    Do([&](Turn& turn) { return poller_->Recover(turn); });
  }
  void Put(const ZoneId& id, const std::string& url, const std::string& principal) {
    Do([&](Turn& turn) -> absl::Status {
      EXPECT_TRUE(turn.store().tenants().Put({TenantId("acme"), "Acme", clock_.Now()}).ok());
      store::Zone zone;
      zone.id = id;
      zone.tenant_id = TenantId("acme");
      zone.hub_url = url;
      zone.create_time = clock_.Now();
      zone.verifier.principal = principal;
      return turn.store().zones().Put(zone);
    });
    zones_.Clear();
  }
  void Do(std::function<absl::Status(Turn&)> task) {
    control_.PostFirm(std::move(task));
    strand_.RunUntilIdle();
  }
  void Want(const ZoneId& zone, absl::Duration in) {
    Do([&](Turn& turn) { return poller_->WantAt(turn, zone, clock_.Now() + in); });
  }
  void ReadNow(const ZoneId& zone) {
    Do([&](Turn& turn) { return poller_->ReadNow(turn, zone); });
  }
  bool MayJoin(const ZoneId& zone) {
    bool may = false;
    Do([&](Turn& turn) -> absl::Status {
      const auto answer = poller_->MayJoin(turn, zone);
      may = answer.ok() && *answer;
      return answer.status();
    });
    return may;
  }
  void Pass(absl::Duration time) {
    for (const absl::Time end = clock_.Now() + time; clock_.Now() < end;) {
      clock_.Advance(absl::Seconds(1));
      strand_.RunUntilIdle();
    }
  }
  size_t Reads(const ZoneId& zone) { return hubs_.reads[zone].size(); }
  void Fail(const ZoneId& zone, std::optional<absl::Duration> retry = std::nullopt) {
    hubs_.failures.insert_or_assign(zone, HubUnread({FailureCode::kHubError, "502"}, retry));
  }
  store::HubContact Contact(const ZoneId& zone) {
    const auto contact = *(*store_->Read())->zones().FindContact(zone);
    EXPECT_TRUE(contact.has_value());
    return contact.value_or(store::HubContact());
  }

  absl::Status OnRead(Turn& turn, const std::vector<ZoneId>& zones,
                      const std::shared_ptr<const IndexedReading>& read) override {
    const HubReading* const reading = &read->reading;
    conclusive_ = reading->conclusive;
    for (const ZoneId& zone : zones) {
      if (!reading->conclusive) continue;
      store::HubReading row{.zone_id = zone,
                            .read_time = turn.now(),
                            .instances = reading->instances(),
                            .try_time = turn.now()};
      RETURN_IF_ERROR(turn.store().zones().PutReading(row));
    }
    return absl::OkStatus();
  }
  absl::Status OnUnread(Turn&, const std::vector<ZoneId>& zones, const Failure&,
                        absl::Time again) override {
    for (const ZoneId& zone : zones) again_[zone] = again;
    return absl::OkStatus();
  }

  sql::TempDir dir_;
  FakeClock clock_;
  ManualStrand strand_;
  SetHubs hubs_;
  std::unique_ptr<store::Store> store_;
  TurnControl control_;
  VerifyOptions options_;
  ZoneTable zones_;
  std::unique_ptr<Agenda> agenda_;
  std::unique_ptr<HubPoller> poller_;
  std::map<ZoneId, absl::Time> again_;
  bool conclusive_ = false;
  const ZoneId prod_{"acme/prod"};
  const ZoneId test_{"acme/test"};
};

TEST_F(HubPollerTest, ReadingsKeepTheirDistanceHoweverManyAsk) {
  for (int i = 0; i < 60; ++i) {
    Want(prod_, absl::Seconds(2));  // A claim a second.
    Pass(absl::Seconds(1));
  }
  const std::vector<absl::Time>& reads = hubs_.reads[prod_];
  EXPECT_GE(reads.size(), 10u);
  EXPECT_LE(reads.size(), 12u);
  for (size_t i = 1; i < reads.size(); ++i) {
    EXPECT_GE(reads[i] - reads[i - 1], options_.poll_interval) << i;
  }
}

TEST_F(HubPollerTest, AnOperatorIsNotKeptWaiting) {
  ReadNow(prod_);
  ReadNow(prod_);
  EXPECT_EQ(Reads(prod_), 2u);
}

TEST_F(HubPollerTest, ARetryAfterHoldsAcrossARestart) {
  Fail(prod_, absl::Minutes(10));
  Want(prod_, absl::ZeroDuration());
  Pass(absl::Seconds(1));
  ASSERT_EQ(Reads(prod_), 1u);
  EXPECT_EQ(again_[prod_], hubs_.reads[prod_][0] + absl::Minutes(10));
  const absl::Time until = *Contact(prod_).not_before;
  Restart();
  hubs_.failures.clear();
  Want(prod_, absl::ZeroDuration());
  EXPECT_EQ(poller_->AskableSince(prod_), until);
  Pass(absl::Minutes(10) - absl::Seconds(2));
  EXPECT_EQ(Reads(prod_), 1u);
  Pass(absl::Seconds(4));
  EXPECT_EQ(Reads(prod_), 2u);
  EXPECT_FALSE(Contact(prod_).not_before.has_value());
  EXPECT_EQ(poller_->AskableSince(prod_), until) << "who has waited meanwhile counts from there";
}

TEST_F(HubPollerTest, ARetryAfterIsForAllCredentialsAndNothingElseIs) {
  Put(test_, "https://a.example", "other verifier");
  ReadNow(test_);
  Fail(prod_, absl::Minutes(10));
  ReadNow(prod_);
  Want(test_, absl::Seconds(20));
  Pass(absl::Minutes(9));
  EXPECT_EQ(Reads(test_), 1u);
  EXPECT_FALSE(Contact(test_).failure.has_value()) << "its own last reading was good";
  Pass(absl::Minutes(2));
  EXPECT_EQ(Reads(test_), 2u);
  // Without a wish of the hub, each is judged by its own.
  Fail(prod_);
  for (int i = 0; i < 4; ++i) ReadNow(prod_);
  EXPECT_TRUE(Contact(prod_).not_before.has_value());
  EXPECT_FALSE(Contact(test_).not_before.has_value());
  EXPECT_TRUE(MayJoin(test_));
  EXPECT_FALSE(MayJoin(prod_));
}

// It was not asked for yet when the hub said so; nor does another verifier make it forget.
TEST_F(HubPollerTest, WhoComesLaterLeavesTheHubAloneToo) {
  Fail(prod_, absl::Minutes(10));
  ReadNow(prod_);
  Put(test_, "https://a.example", "other verifier");
  EXPECT_FALSE(MayJoin(test_));
  Pass(absl::Minutes(9));
  EXPECT_EQ(Reads(test_), 0u);
  Pass(absl::Minutes(2));
  EXPECT_EQ(Reads(test_), 1u);
  EXPECT_TRUE(MayJoin(test_));
}

// What comes of the old settings after the change is not known of the new ones.
TEST_F(HubPollerTest, NothingOfTheOldSettingsIsKeptForTheNewOnes) {
  Put(test_, "https://a.example", "other verifier");
  ReadNow(test_);
  ASSERT_TRUE(MayJoin(test_));
  Do([&](Turn& turn) { return turn.store().zones().DropContact(test_); });  // As apply does.
  Put(test_, "https://a.example", "yet another");
  Fail(prod_, absl::Minutes(10));
  ReadNow(prod_);  // Whose wish concerns the sources of the same hub.
  EXPECT_FALSE((*store_->Read())->zones().FindContact(test_)->has_value());
  EXPECT_FALSE(MayJoin(test_));
  EXPECT_EQ(Reads(test_), 1u);
}

TEST_F(HubPollerTest, TheBreakerOpensAfterThreeFailuresAndClosesByOneReading) {
  Fail(prod_);
  for (int i = 0; i < 3; ++i) {
    Want(prod_, absl::Seconds(15));
    Pass(absl::Seconds(16));
  }
  ASSERT_EQ(Reads(prod_), 3u);
  EXPECT_EQ(Contact(prod_).failures, 3);
  EXPECT_EQ(Contact(prod_).open_time, hubs_.reads[prod_][2]);
  const absl::Time until = *Contact(prod_).not_before;
  Want(prod_, absl::ZeroDuration());
  hubs_.failures.clear();
  Pass(until - clock_.Now() - absl::Seconds(1));
  EXPECT_EQ(Reads(prod_), 3u);
  Pass(absl::Seconds(2));
  EXPECT_EQ(Reads(prod_), 4u);
  EXPECT_EQ(Contact(prod_).failures, 0);
}

TEST_F(HubPollerTest, WhoWantsToJoinHasTheHubReadOnceAndAgainWhenThatIsOld) {
  EXPECT_FALSE(MayJoin(prod_));
  Pass(absl::Seconds(1));
  EXPECT_EQ(Reads(prod_), 1u);
  EXPECT_TRUE(MayJoin(prod_));
  Pass(absl::Minutes(9));
  EXPECT_TRUE(MayJoin(prod_));
  Restart();
  EXPECT_TRUE(MayJoin(prod_)) << "it is known beyond this process";
  Pass(absl::Minutes(2));
  EXPECT_FALSE(MayJoin(prod_));
  Pass(absl::Seconds(1));
  EXPECT_EQ(Reads(prod_), 2u);
  EXPECT_TRUE(MayJoin(prod_));
}

TEST_F(HubPollerTest, AHubThatFailsIsNotAskedInEachTurn) {
  Fail(prod_);
  for (int i = 0; i < 120; ++i) {
    EXPECT_FALSE(MayJoin(prod_));
    Pass(absl::Seconds(1));
  }
  EXPECT_LE(Reads(prod_), 5u);  // 0 s, 15 s, 30 s, 60 s, 120 s.
  EXPECT_GE(Reads(prod_), 4u);
}

TEST_F(HubPollerTest, ADoubtAboutTheHubIsAnsweredByALaterReadingOnly) {
  ReadNow(prod_);
  ASSERT_TRUE(MayJoin(prod_));
  Do([&](Turn& turn) { return poller_->Question(turn, prod_); });
  EXPECT_FALSE(MayJoin(prod_));
  Pass(options_.poll_interval + absl::Seconds(1));
  EXPECT_EQ(Reads(prod_), 2u);
  EXPECT_TRUE(MayJoin(prod_));
}

TEST_F(HubPollerTest, OtherCredentialsAreReadAnew) {
  ReadNow(prod_);
  ASSERT_TRUE(MayJoin(prod_));
  Do([&](Turn& turn) { return turn.store().zones().DropContact(prod_); });  // As apply does.
  Put(prod_, "https://a.example", "another");
  EXPECT_FALSE(MayJoin(prod_));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(MayJoin(prod_));
}

TEST_F(HubPollerTest, AShrunkHubIsBelievedByItselfAlthoughNobodyWaits) {
  hubs_.records = 40;
  ReadNow(prod_);
  EXPECT_TRUE(conclusive_);
  hubs_.records = 3;
  ReadNow(prod_);
  EXPECT_FALSE(conclusive_);
  Pass(absl::Minutes(12));
  EXPECT_EQ(Contact(prod_).short_readings, 2);
  Restart();  // What was seen before counts, and the next look is due all the same.
  EXPECT_FALSE(conclusive_);
  Pass(absl::Minutes(9));
  EXPECT_TRUE(conclusive_);
  EXPECT_EQ(Contact(prod_).short_readings, 0);
  const size_t reads = Reads(prod_);
  Pass(absl::Hours(1));
  EXPECT_EQ(Reads(prod_), reads) << "nobody waits for it";
}

TEST_F(HubPollerTest, AnOutageDoesNotEndTheLooksAtAShrunkHub) {
  hubs_.records = 40;
  ReadNow(prod_);
  hubs_.records = 3;
  ReadNow(prod_);
  Fail(prod_);
  Pass(absl::Minutes(35));
  EXPECT_EQ(Reads(prod_), 5u) << "every ten minutes, for nobody waits";
  hubs_.failures.clear();
  Pass(absl::Minutes(21));
  EXPECT_TRUE(conclusive_);
}

TEST_F(HubPollerTest, AnOperatorBelievesAtOnce) {
  std::optional<int> accepted;
  const auto accept = [&] {
    Do([&](Turn& turn) -> absl::Status {
      ASSIGN_OR_RETURN(accepted, poller_->AcceptShrink(turn, prod_));
      return absl::OkStatus();
    });
    return accepted;
  };
  hubs_.records = 40;
  ReadNow(prod_);
  EXPECT_EQ(accept(), std::nullopt) << "nothing is short";
  hubs_.records = 3;
  ReadNow(prod_);
  EXPECT_FALSE(conclusive_);
  EXPECT_EQ(accept(), 3);
  EXPECT_TRUE(conclusive_);
}

}  // namespace
}  // namespace muster::core
