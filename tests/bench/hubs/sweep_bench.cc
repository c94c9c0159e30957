// What a sweep costs: a hub's list of so many instances against as many servers in the store, read in
// pages. Prints processor time, the longest turn of the strand (so long a command may wait), and the
// memory above the list itself; then the same with one server in a hundred gone.
//
//   muster_sweep_bench [servers]     100000 if not said
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/random.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/sweep/sweeper.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"

namespace muster::core {
namespace {

const ZoneId kZone("acme/prod");

// MiB.
double Resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, "VmRSS")) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t:"), absl::SkipEmpty());
    double kilobytes = 0;
    return words.size() > 1 && absl::SimpleAtod(words[1], &kilobytes) ? kilobytes / 1024 : 0;
  }
  return 0;
}

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class HubOfMany final : public HubReader {
 public:
  void Read(HubReadRequest, absl::AnyInvocable<void(HubReadResult)> done) override {
    const auto begin = std::chrono::steady_clock::now();
    const double before = Resident();
    HubList list = make();
    list_mib = std::max(0.0, Resident() - before);
    resident_with_list = Resident();
    done(std::move(list));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    beside += took.count();
  }
  std::function<HubList()> make;
  // Seconds: the orchestrator has a thread of its own for it.
  double beside = 0;
  double list_mib = 0;
  double resident_with_list = 0;
};

class NoEnrollments final : public ProofListener {
 public:
  absl::Status OnProven(Turn&, const ServerId&, const ZoneId&, const store::HubProof&) override {
    return absl::OkStatus();
  }
  absl::Status OnTakenBack(Turn&, const ServerId&, const Failure&) override {
    return absl::OkStatus();
  }
  absl::Status OnDegraded(Turn& turn, const ServerId& server, const ZoneId&,
                          const Failure& why) override {
    return turn.store().servers().MoveEnrollment(server, store::Enrollment::kEnrolled,
                                                 store::Enrollment::kDegraded, why);
  }
  absl::Status OnUnproven(Turn&, const ServerId&, const ZoneId&, const Failure&) override {
    return absl::OkStatus();
  }
  absl::Status OnAbsent(Turn&, const ServerId&, const ZoneId&) override { return absl::OkStatus(); }
};

class SweepBench {
 public:
  explicit SweepBench(int servers)
      : servers_(servers),
        store_(*store::SqliteStore::Open(
            {.path = dir_ / "bench.db", .now = clock_.Now(), .durable = false})),
        control_(*store_, strand_, nullptr, clock_, 512, [](const absl::Status&) {}),
        agenda_(control_, clock_, clock_),
        ids_(random_),
        hubs_({}, control_, agenda_, reader_, zones_),
        verifier_({}, control_, hubs_, zones_),
        findings_({}, ids_),
        sweeper_({}, {control_, agenda_, ids_, zones_, verifier_, findings_,
                      [](const ServerId&) { return true; },
                      [](Turn&, const ZoneId&, TakeAnswers) { return false; }}) {
    verifier_.SetListener(&enrollments_);
    Fill();
    control_.Post([this](Turn& turn) { return verifier_.LoadOwners(turn, ""); }, nullptr);
    strand_.RunUntilIdle();
  }

  void Run(const char* what, int gone) {
    reader_.make = [this, gone] { return List(gone); };
    std::vector<store::Sweep> swept;
    control_.Post(
        [&](Turn& turn) {
          return sweeper_.Run(
              turn, [&](absl::StatusOr<std::vector<store::Sweep>> done) { swept = *done; },
              Actor{"operator:bench", store::TenantWall::Everything()}, {kZone}, std::nullopt);
        },
        nullptr);
    const double begin = ProcessorSeconds();
    double longest = 0;
    double highest = 0;
    int turns = 0;
    while (true) {
      const auto before = std::chrono::steady_clock::now();
      const double beside = reader_.beside;
      if (!strand_.RunOne()) break;
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
      longest = std::max(longest, took.count() - (reader_.beside - beside));
      ++turns;
      if (turns % 16 == 0) highest = std::max(highest, Resident());
    }
    const double took = ProcessorSeconds() - begin;
    const store::SweepCounts& counts = swept.front().counts;
    std::printf(
        "%-28s %8.0f ms processor time, longest turn %6.1f ms of %d, %6.1f MiB above the list's "
        "%.1f; %d of %d confirmed, %d findings\n",
        what, took * 1000, longest * 1000, turns,
        std::max(0.0, highest - reader_.resident_with_list), reader_.list_mib, counts.confirmed,
        counts.enrolled, counts.findings);
    clock_.Advance(absl::Minutes(2));
    strand_.RunUntilIdle();
  }

 private:
  std::string NameOf(int i) const { return absl::StrCat("WEB-", 100'000 + i); }

  void Fill() {
    control_.PostFirm([this](Turn& turn) -> absl::Status {
      store::Transaction& t = turn.store();
      RETURN_IF_ERROR(t.tenants().Put({TenantId("acme"), "Acme", clock_.Now()}));
      store::Zone zone;
      zone.id = kZone;
      zone.tenant_id = TenantId("acme");
      zone.hub_url = "https://hub.example";
      zone.create_time = clock_.Now();
      RETURN_IF_ERROR(t.zones().Put(zone));
      for (int i = 0; i < servers_; ++i) {
        store::Server server;
        server.id = ids_.Next<ServerId>(clock_.Now());
        server.tenant_id = zone.tenant_id;
        server.zone_id = kZone;
        server.name = NameOf(i);
        server.labels = {{"site", "berlin"}};
        server.admission = store::Admission::kAdmitted;
        server.enrollment = store::Enrollment::kEnrolled;
        server.machine.machine_name = server.name;
        server.machine.machine_id_hash = absl::StrCat("machine-", i);
        server.service.internal_instance_id = absl::StrCat("internal-", i);
        server.service.hub_url = zone.hub_url;
        server.create_time = server.last_contact_time.emplace(clock_.Now());
        server.proof = store::HubProof{HubInstanceId(absl::StrCat("record-", i)),
                                       store::MatchKind::kHubId,
                                       clock_.Now(),
                                       clock_.Now(),
                                       server.name,
                                       server.service.internal_instance_id,
                                       std::nullopt};
        RETURN_IF_ERROR(t.servers().Insert(server));
      }
      return absl::OkStatus();
    });
    strand_.RunUntilIdle();
  }

  HubList List(int gone) const {
    HubList list;
    list.instances.reserve(static_cast<size_t>(servers_));
    for (int i = gone; i < servers_; ++i) {
      HubInstance& record = list.instances.emplace_back();
      record.id = HubInstanceId(absl::StrCat("record-", i));
      record.title = NameOf(i);
      record.internal_instance_id = absl::StrCat("internal-", i);
      record.os = "Windows";
      record.client_version = "7.0.2.0";
      record.connected = true;
      record.pending = false;
      record.reported_time = clock_.Now();
      record.registered_time = clock_.Now();
    }
    return list;
  }

  const int servers_;
  sql::TempDir dir_;
  FakeClock clock_;
  SeededRandom random_{1};
  ManualStrand strand_;
  std::unique_ptr<store::Store> store_;
  TurnControl control_;
  Agenda agenda_;
  OrderedIds ids_;
  HubOfMany reader_;
  ZoneTable zones_;
  HubPoller hubs_;
  Verifier verifier_;
  NoEnrollments enrollments_;
  FindingKeeper findings_;
  Sweeper sweeper_;
};

}  // namespace
}  // namespace muster::core

int main(int argc, char** argv) {
  int servers = 100'000;
  if (argc > 1 && !absl::SimpleAtoi(argv[1], &servers)) return 2;
  muster::core::SweepBench bench(servers);
  bench.Run("all as it should be", 0);
  bench.Run("the same again", 0);
  bench.Run("one in a hundred gone", servers / 100);
  bench.Run("and gone for good", servers / 100);
  bench.Run("all back", 0);
  return 0;
}
