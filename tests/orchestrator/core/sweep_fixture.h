// A fleet that is enrolled, and what a test does to its hub: short words for sweeps and findings.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CORE_SWEEP_FIXTURE_H_
#define MUSTER_TESTS_ORCHESTRATOR_CORE_SWEEP_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "orchestrator/core/report/finding_text.h"
#include "orchestrator/core/report/report.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {

class SweepFixture : public HandDriven {
 protected:
  // A fleet that is enrolled; servers 0, 2, … are tenant-0's. Nothing sweeps but when asked.
  void Enroll(int servers = 4, CoreOptions options = {}) {
    options.sweep.every = absl::ZeroDuration();
    options.sweep.records_per_turn = 1;  // A long list, as it were.
    Build(servers, 0, std::move(options));
    const auto rollout = Start();
    ASSERT_TRUE(rollout.ok()) << rollout.status();
    ASSERT_TRUE(Finishes(rollout->id, absl::Hours(2)));
    ASSERT_EQ(world_->ServerAt(0).enrollment, store::Enrollment::kEnrolled);
    RemoveStrangers();
  }
  // The simulation's hubs have an instance that is nobody's, since before.
  void RemoveStrangers() {
    std::vector<std::string> strangers;
    for (const auto& [id, record] : hub().records()) {
      if (record.view.title.str() == "OTHER") strangers.push_back(id);
    }
    for (const std::string& id : strangers) hub().Remove(id);
    Sweep();
    ASSERT_THAT(Found(), testing::IsEmpty());
  }
  sim::SimHub& hub() { return world_->hub(0); }
  std::string RecordId(size_t server = 0) {
    return world_->ServerAt(server).proof->hub_instance_id.value();
  }
  sim::SimHub::Record& Record(size_t server = 0) { return hub().RecordOf(RecordId(server)); }

  store::Sweep Sweep(std::optional<bool> ask_workers = std::nullopt) {
    auto swept = Ask<std::vector<store::Sweep>>([&](auto done) {
      operations().sweeps.Call(&SweepOperations::Run, std::move(done), operator_,
                               std::vector<ZoneId>{zone_}, ask_workers);
    });
    EXPECT_TRUE(swept.ok()) << swept.status();
    return swept.ok() ? swept->front() : store::Sweep();
  }
  // Two readings, far enough apart.
  void SweepTwice() {
    Sweep();
    world_->RunFor(absl::Seconds(90));
    Sweep();
  }
  std::vector<store::Finding> Findings(std::vector<store::FindingState> states = {}) {
    store::FindingQuery query;
    query.wall = store::TenantWall::Everything();
    query.selection.zone_id = zone_;
    query.states = std::move(states);
    return *world_->Read()->findings().List(query);
  }
  std::vector<std::string> Found() {
    std::vector<std::string> found;
    for (const store::Finding& finding : Findings()) {
      found.push_back(
          absl::StrCat(store::ToString(finding.kind), " ", store::ToString(finding.state)));
    }
    return found;
  }
  // The machine goes down, and says so.
  void TurnOff(size_t server) {
    world_->BreakSession(server);
    world_->PowerOff(server);
    world_->RunFor(absl::Minutes(1));
  }
  // What workers said, written down without them.
  void Edit(const std::function<absl::Status(store::Transaction&)>& change) {
    const auto transaction = world_->faulty_store().Begin();
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(change(**transaction).ok());
    ASSERT_TRUE((*transaction)->Commit().ok());
  }
  // The only finding, which is of `kind`, confirmed, and speaks of all `words`; the server is
  // `enrollment` with it.
  void ExpectFinding(store::FindingKind kind, const std::vector<std::string>& words,
                     store::Enrollment enrollment) {
    const std::vector<store::Finding> findings = Findings();
    ASSERT_THAT(findings, testing::SizeIs(1)) << absl::StrJoin(Found(), ", ");
    EXPECT_EQ(findings[0].kind, kind) << store::ToString(findings[0].kind);
    EXPECT_EQ(findings[0].state, store::FindingState::kOpen);
    for (const std::string& word : words) {
      EXPECT_THAT(findings[0].evidence.str(), testing::HasSubstr(word));
    }
    EXPECT_FALSE(CommandFor(findings[0], "tenant-0/prod/x").empty());
    EXPECT_EQ(world_->ServerAt(0).enrollment, enrollment);
  }
  // Nothing is found any more, and everybody is enrolled and proven now.
  void ExpectCured() {
    Sweep();
    EXPECT_THAT(Found(), testing::IsEmpty());
    EXPECT_EQ(world_->ServerAt(0).enrollment, store::Enrollment::kEnrolled);
    EXPECT_FALSE(world_->ServerAt(0).proof->questioned_time.has_value());
    EXPECT_EQ(world_->ServerAt(0).failure, std::nullopt);
  }
  core::Report ReportNow() {
    store::WalledSnapshot snapshot(*(read_ = world_->Read()), store::TenantWall::Everything());
    ReportQuery query;
    query.selection.zone_id = zone_;
    return *MakeReport(snapshot, query, world_->Now());
  }
  absl::StatusOr<std::vector<ZoneVerification>> Verify() {
    return Ask<std::vector<ZoneVerification>>([&](auto done) {
      operations().verification.Call(&VerificationOperations::Verify, std::move(done), operator_,
                                     std::vector<ZoneId>{zone_});
    });
  }
  absl::StatusOr<store::Finding> ChangeFinding(const FindingId& id, FindingAction action) {
    return Ask<store::Finding>([&](auto done) {
      operations().findings.Call(&FindingOperations::Change, std::move(done), operator_, id,
                                 std::move(action));
    });
  }
  FindingAction Suppressed(absl::Duration time) {
    return {FindingAction::Kind::kSuppress, "a test machine", world_->Now() + time};
  }
  std::unique_ptr<store::Snapshot> read_;
};

}  // namespace muster::core

#endif  // MUSTER_TESTS_ORCHESTRATOR_CORE_SWEEP_FIXTURE_H_
