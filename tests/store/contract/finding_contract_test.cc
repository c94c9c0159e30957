// Findings, sweeps, and how old a proof is.
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Finding MakeFinding(absl::string_view id, const ZoneId& zone = kProd,
                    FindingKind kind = FindingKind::kGhost) {
  return {.id = FindingId(id),
          .tenant_id = TenantOf(zone),
          .zone_id = zone,
          .kind = kind,
          .subject = absl::StrCat("record ", id),
          .state = FindingState::kSuspected,
          .evidence = "seen",
          .times = 1,
          .first_seen = At(10),
          .last_seen = At(10),
          .seen_since = At(10),
          .state_time = At(10)};
}
std::vector<std::string> IdsOf(const std::vector<Finding>& findings) {
  std::vector<std::string> ids;
  for (const Finding& finding : findings) ids.push_back(finding.id.value());
  return ids;
}
FindingQuery AllFindings() {
  FindingQuery query;
  query.wall = TenantWall::Everything();
  return query;
}

TEST_P(StoreContract, AFindingKeepsEveryField) {
  Finding finding = MakeFinding("fnd-1");
  Change([&](Transaction& t) { EXPECT_OK(t.findings().Insert(finding)); });
  finding.server_id = ServerId("srv-1");
  finding.hub_instance_id = HubInstanceId("rec");
  finding.state = FindingState::kSuppressed;
  finding.evidence = "seen again";
  finding.times = 7;
  finding.last_seen = At(20);
  finding.seen_since.reset();
  finding.state_time = At(21);
  finding.suppressed_until = At(99);
  finding.actor = "operator:opr-1";
  finding.reason = "a test machine";
  Change(
      [&](Transaction& t) { EXPECT_OK(t.findings().Update(finding, FindingState::kSuspected)); });
  const auto read = **Read()->findings().FindOf(kProd, FindingKind::kGhost, "record fnd-1");
  EXPECT_EQ(read.id, finding.id);
  EXPECT_EQ(read.tenant_id, kAcme);
  EXPECT_EQ(read.server_id, finding.server_id);
  EXPECT_EQ(read.hub_instance_id, finding.hub_instance_id);
  EXPECT_EQ(read.state, FindingState::kSuppressed);
  EXPECT_EQ(read.evidence.str(), "seen again");
  EXPECT_EQ(read.times, 7);
  EXPECT_EQ(read.first_seen, At(10));
  EXPECT_EQ(read.last_seen, At(20));
  EXPECT_EQ(read.seen_since, std::nullopt);
  EXPECT_EQ(read.state_time, At(21));
  EXPECT_EQ(read.suppressed_until, At(99));
  EXPECT_EQ(read.actor, "operator:opr-1");
  EXPECT_EQ(read.reason, "a test machine");
}

TEST_P(StoreContract, OneFaultIsOneFinding) {
  Change([&](Transaction& t) { EXPECT_OK(t.findings().Insert(MakeFinding("fnd-1"))); });
  auto t = *store_->Begin();
  Finding same = MakeFinding("fnd-2");
  same.subject = "record fnd-1";
  EXPECT_EQ(Code(t->findings().Insert(same)), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Code(t->findings().Insert(MakeFinding("fnd-3", ZoneId("acme/none")))),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, AFindingMovesByItsTableAlone) {
  Finding finding = MakeFinding("fnd-1");
  Change([&](Transaction& t) { EXPECT_OK(t.findings().Insert(finding)); });
  auto t = *store_->Begin();
  EXPECT_OK(t->findings().Update(finding, FindingState::kSuspected)) << "staying is no move";
  finding.state = FindingState::kReopened;
  EXPECT_EQ(Code(t->findings().Update(finding, FindingState::kSuspected)),
            absl::StatusCode::kInternal);
  finding.state = FindingState::kAcknowledged;
  EXPECT_EQ(Code(t->findings().Update(finding, FindingState::kOpen)), absl::StatusCode::kAborted);
  finding.id = FindingId("fnd-none");
  EXPECT_EQ(Code(t->findings().Update(finding, FindingState::kOpen)), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, FindingsAreListedByWhatIsAsked) {
  Change([&](Transaction& t) {
    EXPECT_OK(t.findings().Insert(MakeFinding("fnd-1")));
    EXPECT_OK(t.findings().Insert(MakeFinding("fnd-2", kProd, FindingKind::kUnknown)));
    EXPECT_OK(t.findings().Insert(MakeFinding("fnd-3", kTest)));
    Finding done = MakeFinding("fnd-4");
    EXPECT_OK(t.findings().Insert(done));
    done.state = FindingState::kResolved;
    done.state_time = At(50);
    EXPECT_OK(t.findings().Update(done, FindingState::kSuspected));
  });
  const auto snapshot = Read();
  const FindingStore& findings = snapshot->findings();
  EXPECT_THAT(IdsOf(*findings.List(AllFindings())), ElementsAre("fnd-1", "fnd-2", "fnd-3"));
  FindingQuery query = AllFindings();
  query.states = {FindingState::kResolved};
  EXPECT_THAT(IdsOf(*findings.List(query)), ElementsAre("fnd-4"));
  query = AllFindings();
  query.selection.zone_id = kProd;
  query.kinds = {FindingKind::kUnknown};
  EXPECT_THAT(IdsOf(*findings.List(query)), ElementsAre("fnd-2"));
  query = AllFindings();
  query.after = FindingId("fnd-1");
  query.limit = 1;
  EXPECT_THAT(IdsOf(*findings.List(query)), ElementsAre("fnd-2"));
  query = AllFindings();
  query.server_id = ServerId("srv-none");
  EXPECT_THAT(*findings.List(query), IsEmpty());
  EXPECT_THAT(IdsOf(*findings.ListUnresolved(kProd)), ElementsAre("fnd-1", "fnd-2"));
  EXPECT_EQ(*findings.CountUnresolved(kProd), 2);
  EXPECT_THAT(IdsOf(*findings.ListChanged(kProd, At(10), 10)), ElementsAre("fnd-4"));
  const auto counts = *findings.CountBy(AllFindings());
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts[0].findings, 1);
  // Behind a wall there is nothing of anybody else.
  query = AllFindings();
  query.wall = TenantWall::Of({TenantId("other")});
  EXPECT_THAT(*findings.List(query), IsEmpty());
  EXPECT_THAT(*findings.CountBy(query), IsEmpty());
  EXPECT_EQ(*findings.Find(query.wall, FindingId("fnd-1")), std::nullopt);
  EXPECT_TRUE((*findings.Find(TenantWall::Of({kAcme}), FindingId("fnd-1"))).has_value());
}

TEST_P(StoreContract, ResolvedFindingsAreForgottenInTime) {
  Change([&](Transaction& t) {
    EXPECT_OK(t.findings().Insert(MakeFinding("fnd-1")));
    for (const char* id : {"fnd-2", "fnd-3"}) {
      Finding done = MakeFinding(id);
      EXPECT_OK(t.findings().Insert(done));
      done.state = FindingState::kResolved;
      done.state_time = id == std::string("fnd-2") ? At(20) : At(40);
      EXPECT_OK(t.findings().Update(done, FindingState::kSuspected));
    }
    EXPECT_EQ(*t.findings().Prune(At(30), 10), 1);
    EXPECT_EQ(*t.findings().Prune(At(99), 0), 0);
  });
  EXPECT_EQ(*Read()->findings().FindOf(kProd, FindingKind::kGhost, "record fnd-2"), std::nullopt);
  EXPECT_TRUE((*Read()->findings().FindOf(kProd, FindingKind::kGhost, "record fnd-3")).has_value());
}

Sweep MakeSweep(absl::string_view id, SweepState state = SweepState::kRunning) {
  return {.id = SweepId(id),
          .tenant_id = kAcme,
          .zone_id = kProd,
          .state = state,
          .trigger = SweepTrigger::kOperator,
          .actor = "operator:opr-1",
          .start_time = At(10)};
}

TEST_P(StoreContract, ASweepKeepsEveryField) {
  Sweep sweep = MakeSweep("swp-1");
  Change([&](Transaction& t) { EXPECT_OK(t.sweeps().Insert(sweep)); });
  EXPECT_EQ(Read()->sweeps().ListRunning()->size(), 1u);
  sweep.state = SweepState::kPartial;
  sweep.reason = "E-HUB-IMPLAUSIBLE: 3 records";
  sweep.finish_time = At(12);
  sweep.counts = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  sweep.differences = {"one", "two: 2"};
  Change([&](Transaction& t) { EXPECT_OK(t.sweeps().Update(sweep, SweepState::kRunning)); });
  const Sweep read = **Read()->sweeps().FindLast(kProd);
  EXPECT_EQ(read.id, sweep.id);
  EXPECT_EQ(read.state, SweepState::kPartial);
  EXPECT_EQ(read.trigger, SweepTrigger::kOperator);
  EXPECT_EQ(read.actor, sweep.actor);
  EXPECT_EQ(read.reason, sweep.reason);
  EXPECT_EQ(read.start_time, At(10));
  EXPECT_EQ(read.finish_time, At(12));
  EXPECT_EQ(read.counts.instances, 1);
  EXPECT_EQ(read.counts.unmatched, 2);
  EXPECT_EQ(read.counts.servers, 3);
  EXPECT_EQ(read.counts.enrolled, 4);
  EXPECT_EQ(read.counts.confirmed, 5);
  EXPECT_EQ(read.counts.degraded, 6);
  EXPECT_EQ(read.counts.healed, 7);
  EXPECT_EQ(read.counts.findings, 8);
  EXPECT_EQ(read.counts.asked, 9);
  EXPECT_EQ(read.counts.answered, 10);
  EXPECT_EQ(read.counts.disagreed, 11);
  EXPECT_EQ(read.differences, sweep.differences);
  EXPECT_THAT(*Read()->sweeps().ListRunning(), IsEmpty());
  auto t = *store_->Begin();
  EXPECT_EQ(Code(t->sweeps().Update(sweep, SweepState::kRunning)), absl::StatusCode::kAborted);
}

TEST_P(StoreContract, SweepsAreListedNewestFirstAndForgottenInTime) {
  Change([&](Transaction& t) {
    for (const char* id : {"swp-1", "swp-2", "swp-3"}) {
      EXPECT_OK(t.sweeps().Insert(MakeSweep(id, SweepState::kSkipped)));
    }
    EXPECT_OK(t.sweeps().Insert(MakeSweep("swp-4")));
  });
  SweepQuery query;
  query.wall = TenantWall::Of({kAcme});
  query.limit = 2;
  std::vector<Sweep> page = *Read()->sweeps().List(query);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, SweepId("swp-4"));
  query.before = page[1].id;
  page = *Read()->sweeps().List(query);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[1].id, SweepId("swp-1"));
  query.wall = TenantWall::Of({TenantId("other")});
  EXPECT_THAT(*Read()->sweeps().List(query), IsEmpty());
  EXPECT_EQ(*Read()->sweeps().Find(query.wall, SweepId("swp-1")), std::nullopt);
  Change([&](Transaction& t) { EXPECT_EQ(*t.sweeps().Prune(At(11), 10), 3); });
  EXPECT_EQ(Read()->sweeps().FindLast(kProd)->value().id, SweepId("swp-4")) << "it still runs";
}

// One row renews the proofs of a zone.
TEST_P(StoreContract, AConfirmedZoneProvesItsEnrolledServersThatAreNotQuestioned) {
  std::vector<Server> servers;
  for (const char* name : {"a", "b", "c", "d"}) servers.push_back(MakeServer(name));
  for (Server& server : servers) {
    server.enrollment = Enrollment::kEnrolled;
    server.proof = HubProof{.hub_instance_id = HubInstanceId("h"), .verified_time = At(100)};
  }
  servers[1].proof->questioned_time = At(150);
  servers[2].enrollment = Enrollment::kDegraded;
  servers[3].proof->verified_time = At(300);
  Change([&](Transaction& t) {
    for (const Server& server : servers) EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.zones().Confirm(kProd, At(180)));
    EXPECT_OK(t.zones().Confirm(kProd, At(200)));
    EXPECT_EQ(Code(t.zones().Confirm(ZoneId("acme/none"), At(1))),
              absl::StatusCode::kFailedPrecondition);
  });
  const auto verified = [&](int i) {
    return (**Read()->servers().Find(servers[static_cast<size_t>(i)].id)).proof->verified_time;
  };
  EXPECT_EQ(verified(0), At(200));
  EXPECT_EQ(verified(1), At(100)) << "it was not shown";
  EXPECT_EQ(verified(2), At(100)) << "not enrolled";
  EXPECT_EQ(verified(3), At(300)) << "proven later";
  EXPECT_EQ((**Read()->servers().Find(servers[1].id)).proof->questioned_time, At(150));

  ServerQuery query;
  query.wall = TenantWall::Everything();
  query.selection.zone_id = kProd;
  const absl::Time late = At(190) + kDefaultVerifyWithin;
  const auto proven = *Read()->servers().CountProven(query, late);
  ASSERT_EQ(proven.size(), 1u);
  EXPECT_EQ(proven[0].proven, 2);
  EXPECT_EQ(proven[0].oldest, At(100));
  EXPECT_EQ((*Read()->servers().CountProven(query, At(201)))[0].proven, 3);
  EXPECT_EQ((*Read()->servers().CountProven(query, late + absl::Hours(24)))[0].proven, 0);
  query.wall = TenantWall::Of({TenantId("other")});
  EXPECT_THAT(*Read()->servers().CountProven(query, late), IsEmpty());
  // Whom the report names beside those that are not enrolled.
  query.wall = TenantWall::Everything();
  query.enrollments = {Enrollment::kDegraded};
  query.or_unproven_at = late;
  EXPECT_THAT(NamesOf(*Read()->servers().List(query)), ElementsAre("b", "c"));
  query.or_unproven_at = At(201);
  EXPECT_THAT(NamesOf(*Read()->servers().List(query)), ElementsAre("c"));
}

TEST_P(StoreContract, ServersThatAreOneMachineAreFoundInsideATenant) {
  Change([&](Transaction& t) {
    EXPECT_OK(t.tenants().Put({TenantId("other"), "Other", At(0)}));
    EXPECT_OK(t.zones().Put(MakeZone(ZoneId("other/prod"))));
    const struct {
      const char* name;
      ZoneId zone;
      const char* machine;
      Admission admission;
    } rows[] = {{"a", kProd, "m1", Admission::kAdmitted},
                {"b", kTest, "m1", Admission::kAdmitted},
                {"c", kProd, "m2", Admission::kAdmitted},
                {"d", kProd, "", Admission::kAdmitted},
                {"e", kProd, "", Admission::kAdmitted},
                {"f", kProd, "m1", Admission::kRetired},
                {"g", ZoneId("other/prod"), "m1", Admission::kAdmitted}};
    for (const auto& row : rows) {
      Server server = MakeServer(row.name, row.zone);
      server.machine.machine_id_hash = row.machine;
      server.admission = row.admission;
      EXPECT_OK(t.servers().Insert(server));
    }
  });
  EXPECT_THAT(NamesOf(*Read()->servers().ListSharedMachines(kAcme, 10)), ElementsAre("a", "b"));
  EXPECT_THAT(NamesOf(*Read()->servers().ListSharedMachines(kAcme, 1)), ElementsAre("a"));
}

}  // namespace
}  // namespace muster::store
