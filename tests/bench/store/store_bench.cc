// What the store costs above SQLite itself, in the same run on the same disk.
//
//   build/release/bin/muster_store_bench
//
// "Plain" is one prepared INSERT of a row as wide as an audit event, synchronous=FULL: the disk's
// and SQLite's limit. "Turn" is what one enrollment step writes: a compare-and-set on a server and
// its audit event; 1 or 100 of them in a commit that is then on the disk.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::store {
namespace {

class Directory {
 public:
  Directory() { path_ = mkdtemp(path_.data()); }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file() const { return path_ + "/bench.db"; }

 private:
  std::string path_ = "muster-bench-XXXXXX";
};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "%s\n", status.ToString().c_str());
  abort();
}

const TenantId kTenant("acme");
const ZoneId kZone("acme/prod");
constexpr int kServers = 10'000;

ServerId IdOf(int i) { return ServerId(absl::StrCat("srv-", i)); }

std::unique_ptr<Store> OpenFleet(const Directory& directory, int servers) {
  auto store = SqliteStore::Open({.path = directory.file(), .now = absl::UnixEpoch()});
  Check(store.status());
  auto t = *(*store)->Begin();
  Check(t->tenants().Put({kTenant, "Acme", absl::UnixEpoch()}));
  Check(t->zones().Put({.id = kZone, .tenant_id = kTenant, .create_time = absl::UnixEpoch()}));
  for (int i = 0; i < servers; ++i) {
    Check(t->servers().Insert({.id = IdOf(i),
                               .tenant_id = kTenant,
                               .zone_id = kZone,
                               .name = absl::StrCat("server-", i),
                               .labels = {{"role", "web"}, {"site", "x"}},
                               .create_time = absl::UnixEpoch()}));
  }
  Check(t->Commit());
  return *std::move(store);
}

void PlainSqlite(benchmark::State& state) {
  const Directory directory;
  sqlite3* db = nullptr;
  sqlite3_open(directory.file().c_str(), &db);
  sqlite3_exec(db,
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c TEXT, d TEXT, e TEXT, f TEXT)",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db,
                     "INSERT INTO t (b, c, d, e, f) VALUES (1, 'system', 'server.enrollment', "
                     "'srv-mzxw6ytboi4dcmrtgq2t', 'not_enrolled to queued')",
                     -1, &insert, nullptr);
  for (auto _ : state) {
    sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    for (int64_t i = 0; i < state.range(0); ++i) {
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  sqlite3_finalize(insert);
  sqlite3_close(db);
}
BENCHMARK(PlainSqlite)->Arg(1)->Arg(100)->UseRealTime();

void AuditEvents(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, 0);
  for (auto _ : state) {
    auto t = *store->Begin();
    for (int64_t i = 0; i < state.range(0); ++i) {
      Check(t->audit().Append({.time = absl::UnixEpoch(),
                               .actor = "system",
                               .action = "server.enrollment",
                               .subject = "srv-mzxw6ytboi4dcmrtgq2t",
                               .tenant_id = kTenant,
                               .detail = "not_enrolled to queued"}));
    }
    Check(t->Commit());
    Check(store->Sync());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AuditEvents)->Arg(1)->Arg(100)->UseRealTime();

void Turn(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, kServers);
  int next = 0;
  for (auto _ : state) {
    auto t = *store->Begin();
    for (int64_t i = 0; i < state.range(0); ++i) {
      const ServerId id = IdOf(next % kServers);
      const bool queued = next / kServers % 2 != 0;
      ++next;
      Check(t->servers().MoveEnrollment(id, queued ? Enrollment::kQueued : Enrollment::kNotEnrolled,
                                        queued ? Enrollment::kNotEnrolled : Enrollment::kQueued,
                                        {}));
      Check(t->audit().Append({.time = absl::UnixEpoch(),
                               .actor = "system",
                               .action = "server.enrollment",
                               .subject = id.value(),
                               .tenant_id = kTenant,
                               .detail = "not_enrolled to queued"}));
    }
    Check(t->Commit());
    Check(store->Sync());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Turn)->Arg(1)->Arg(100)->UseRealTime();

// A rollout of so many targets, planned and dropped.
void InsertTargets(benchmark::State& state) {
  const Directory directory;
  const int count = static_cast<int>(state.range(0));
  const auto store = OpenFleet(directory, count);
  const Rollout rollout{.id = RolloutId("rol-1"), .state = RolloutState::kPlanned};
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) {
    targets.push_back({.rollout_id = rollout.id,
                       .server_id = IdOf(i),
                       .zone_id = kZone,
                       .name = absl::StrCat("server-", i)});
  }
  for (auto _ : state) {
    auto t = *store->Begin();
    Check(t->rollouts().Insert(rollout, targets));
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(InsertTargets)->Arg(50'000)->Unit(benchmark::kMillisecond);

void CountTargets(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, 50'000);
  const Rollout rollout{.id = RolloutId("rol-1"), .state = RolloutState::kPlanned};
  std::vector<Target> targets;
  for (int i = 0; i < 50'000; ++i) {
    targets.push_back({.server_id = IdOf(i), .zone_id = kZone, .name = absl::StrCat("s", i)});
  }
  auto t = *store->Begin();
  Check(t->rollouts().Insert(rollout, targets));
  for (auto _ : state) benchmark::DoNotOptimize(t->rollouts().Count(rollout.id)->waiting);
}
BENCHMARK(CountTargets);

void FindServer(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, kServers);
  const auto snapshot = *store->Read();
  int next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(snapshot->servers().Find(IdOf(next++ % kServers))->has_value());
  }
}
BENCHMARK(FindServer);

void ListServers(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, kServers);
  const auto snapshot = *store->Read();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        snapshot->servers().List({.wall = TenantWall::Everything(), .limit = 0})->size());
  }
  state.SetItemsProcessed(state.iterations() * kServers);
}
BENCHMARK(ListServers)->Unit(benchmark::kMillisecond);

void Snapshots(benchmark::State& state) {
  const Directory directory;
  const auto store = OpenFleet(directory, 0);
  for (auto _ : state) benchmark::DoNotOptimize(store->Read().ok());
}
BENCHMARK(Snapshots);

}  // namespace
}  // namespace muster::store
