// A store with known content, in which every word that may be nobody's business says "secret", and
// the figures that are made of it.
#ifndef MUSTER_TESTS_ORCHESTRATOR_METRICS_FIGURES_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_METRICS_FIGURES_BENCH_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/failure_code.h"
#include "orchestrator/metrics/store_figures.h"
#include "orchestrator/metrics/system_figures.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::metrics {

inline const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);
inline const ZoneId kAcmeProd("acme/prod");
inline const ZoneId kAcmeTest("acme/test");
inline const ZoneId kGlobexProd("globex/prod");

class SomeConnected final : public core::ConnectedServers {
 public:
  int Count() const override { return static_cast<int>(ids.size()); }
  bool IsConnected(const ServerId& server) const override { return ids.contains(server); }
  std::set<ServerId> ids;
};

class FiguresTest : public testing::Test {
 protected:
  FiguresTest() {
    store_ = *store::SqliteStore::Open({.path = dir_ / "muster.db", .durable = false});
    Change([&](store::Transaction& t) {
      Check(t.tenants().Put({TenantId("acme"), "Acme's secret-name", kNow}));
      Check(t.tenants().Put({TenantId("globex"), "Globex", kNow}));
      for (const ZoneId& zone : {kAcmeProd, kAcmeTest, kGlobexProd}) {
        Check(t.zones().Put(
            {.id = zone,
             .tenant_id = TenantOf(zone),
             .hub_url = "https://secret-hub.example",
             .verifier = {.kind = store::VerifierKind::kApiToken, .principal = "secret-principal"},
             .create_time = kNow}));
      }
      Check(t.zones().ActivateKey({.id = KeyVersionId("key-1"),
                                   .zone_id = kAcmeProd,
                                   .version = 1,
                                   .client_id = "secret-client",
                                   .secret = {"secret-sealed"},
                                   .create_time = kNow}));
      FillAcme(t);
    });
  }
  static void Check(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }
  void Change(const std::function<void(store::Transaction&)>& change) {
    auto transaction = *store_->Begin();
    change(*transaction);
    Check(transaction->Commit());
  }
  static ServerId Add(store::Transaction& t, const ZoneId& zone, const std::string& name,
                      store::Enrollment enrollment,
                      absl::Duration proof_age = absl::ZeroDuration()) {
    store::Server server{.id = ServerId(absl::StrCat("srv-", zone.value(), "-", name)),
                         .tenant_id = TenantOf(zone),
                         .zone_id = zone,
                         .name = absl::StrCat("secret-", name),
                         .admission = store::Admission::kAdmitted,
                         .enrollment = enrollment,
                         .create_time = kNow};
    if (enrollment == store::Enrollment::kEnrolled) {
      server.proof = store::HubProof{.hub_instance_id = HubInstanceId("secret-record " + name),
                                     .verified_time = kNow - proof_age};
    }
    Check(t.servers().Insert(server));
    return server.id;
  }
  void FillAcme(store::Transaction& t) {
    const ServerId fresh = Add(t, kAcmeProd, "fresh", store::Enrollment::kEnrolled, absl::Hours(1));
    const ServerId old = Add(t, kAcmeProd, "old", store::Enrollment::kEnrolled, absl::Hours(30));
    Add(t, kAcmeProd, "failed", store::Enrollment::kFailed);
    Check(t.servers().SetLastContact(fresh, kNow - absl::Hours(24 * 30)));
    Check(t.servers().SetLastContact(old, kNow - absl::Hours(24 * 30)));
    const ServerId gone = Add(t, kAcmeProd, "gone", store::Enrollment::kEnrolled);
    Check(t.servers().MoveAdmission(gone, store::Admission::kAdmitted, store::Admission::kRetired));
    const ServerId waits = Add(t, kAcmeTest, "waits", store::Enrollment::kNotEnrolled);
    Check(t.servers().SetLastContact(waits, kNow - absl::Hours(1)));
    Add(t, kGlobexProd, "theirs", store::Enrollment::kEnrolled, absl::Minutes(1));
    connected_.ids = {fresh};

    Check(t.zones().PutReading({.zone_id = kAcmeProd,
                                .read_time = kNow - absl::Hours(2),
                                .instances = 7,
                                .unmatched = 4,
                                .failure = Failure{FailureCode::kHubAuth, "secret-detail"},
                                .try_time = kNow - absl::Minutes(3)}));
    Check(t.zones().PutReading({.zone_id = kAcmeTest, .try_time = kNow - absl::Minutes(5)}));
    Check(t.zones().PutContact({.zone_id = kAcmeProd,
                                .try_time = kNow - absl::Minutes(3),
                                .read_time = kNow - absl::Hours(2),
                                .failures = 4,
                                .failing_time = kNow - absl::Hours(1),
                                .failure = Failure{FailureCode::kHubAuth, "secret-detail"},
                                .open_time = kNow - absl::Minutes(30),
                                .not_before = kNow + absl::Minutes(1),
                                .list_kind = store::HubListKind::kFull,
                                .hub_version = ForeignText("secret-version"),
                                .instances = 7,
                                .short_readings = 2,
                                .short_instances = 3,
                                .short_digest = "secret-digest",
                                .short_time = kNow}));
    Check(t.zones().PutContact({.zone_id = kAcmeTest,
                                .try_time = kNow - absl::Minutes(5),
                                .read_time = kNow - absl::Minutes(5)}));
    for (const auto& [id, kind, state] :
         {std::tuple("fnd-1", store::FindingKind::kWrongZone, store::FindingState::kOpen),
          std::tuple("fnd-2", store::FindingKind::kGhost, store::FindingState::kSuspected),
          std::tuple("fnd-3", store::FindingKind::kGhost, store::FindingState::kSuspected),
          std::tuple("fnd-4", store::FindingKind::kMissing, store::FindingState::kResolved)}) {
      Check(t.findings().Insert({.id = FindingId(id),
                                 .tenant_id = TenantId("acme"),
                                 .zone_id = kAcmeProd,
                                 .kind = kind,
                                 .subject = id,
                                 .state = state,
                                 .evidence = ForeignText("secret-evidence"),
                                 .first_seen = kNow,
                                 .last_seen = kNow,
                                 .state_time = kNow}));
    }
    for (const auto& [id, start, state] :
         {std::tuple("swp-1", absl::Hours(4), store::SweepState::kFailed),
          std::tuple("swp-2", absl::Hours(3), store::SweepState::kCompleted)}) {
      Check(t.sweeps().Insert({.id = SweepId(id),
                               .tenant_id = TenantId("acme"),
                               .zone_id = kAcmeProd,
                               .state = state,
                               .reason = "secret-reason",
                               .start_time = kNow - start,
                               .finish_time = kNow - start + absl::Seconds(7)}));
    }
    const auto rollout = [&t](const char* id, const char* tenant, store::RolloutState state,
                              const std::vector<ServerId>& servers) {
      store::Rollout made{.id = RolloutId(id),
                          .tenant_id = TenantId(tenant),
                          .state = state,
                          .max_concurrency = "1",
                          .max_failures = "0",
                          .max_in_doubt = "0",
                          .note = "secret-note",
                          .created_by = "operator:secret",
                          .create_time = kNow,
                          .deadline = kNow + absl::Hours(1)};
      if (IsFinal(state)) made.finish_time = kNow;
      std::vector<store::Target> targets;
      for (const ServerId& server : servers) {
        targets.push_back({.rollout_id = made.id,
                           .server_id = server,
                           .zone_id = kAcmeProd,
                           .name = "secret-target"});
      }
      Check(t.rollouts().Insert(made, targets));
    };
    rollout("rol-1", "acme", store::RolloutState::kRunning, {fresh, old});
    rollout("rol-2", "acme", store::RolloutState::kCompleted, {});
    rollout("rol-3", "", store::RolloutState::kPaused, {});

    for (const auto& [id, days, server] : {std::tuple("0a", -1, fresh), std::tuple("0b", 3, old)}) {
      Check(t.certificates().Insert({.id = CertificateId(id),
                                     .server_id = server,
                                     .zone_id = kAcmeProd,
                                     .public_key_hash = "ff",
                                     .not_before = kNow - absl::Hours(24 * 40),
                                     .not_after = kNow + days * absl::Hours(24),
                                     .create_time = kNow}));
    }
    for (const auto& [id, days] : {std::pair("opr-1", 100), std::pair("opr-2", 9)}) {
      Check(t.operators().Insert({.id = OperatorId(id),
                                  .name = absl::StrCat("secret-", id),
                                  .role = store::OperatorRole::kProviderAdmin,
                                  .certificates = {{.id = CertificateId(absl::StrCat("c-", id)),
                                                    .public_key_hash = "ee",
                                                    .not_after = kNow + days * absl::Hours(24),
                                                    .create_time = kNow}},
                                  .created_by = "system",
                                  .create_time = kNow}));
    }
  }

  Families Collect(const store::TenantWall& wall = store::TenantWall::Everything(),
                   int most_zones = 2000) {
    StoreFigures figures({.usual_sweep = absl::Hours(1), .most_zones = most_zones});
    Families families;
    const auto snapshot = *store_->Read();
    Check(figures.AddTo(families, store::WalledSnapshot(*snapshot, wall), connected_, kNow));
    return families;
  }
  static std::vector<std::string> LinesOf(const Families& families) {
    return absl::StrSplit(families.Text(), '\n');
  }
  static api::SystemReport Report() {
    return {.ready = true,
            .checks = {{"disk", api::SystemCheck::Result::kWarning, "secret-seen", ""},
                       {"store", api::SystemCheck::Result::kOk, "", ""}},
            .disk_free_bytes = 12345,
            .last_backup_time = kNow,
            .traffic = {.listeners = {{.name = "session",
                                       .connections = 3,
                                       .limit = 10,
                                       .taken = 77,
                                       .refused = {{"it said nothing", 5}}}},
                        .open_files = 40,
                        .open_files_limit = 100}};
  }
  static ProcessFacts Process() {
    return {.version = "1.2.3",
            .start_time = kNow,
            .resident_bytes = 99,
            .database_bytes = 4096,
            .log_bytes = 0,
            .authority_end = kNow,
            .listeners_end = kNow};
  }

  sql::TempDir dir_;
  std::unique_ptr<store::Store> store_;
  SomeConnected connected_;
};

}  // namespace muster::metrics

#endif  // MUSTER_TESTS_ORCHESTRATOR_METRICS_FIGURES_BENCH_H_
