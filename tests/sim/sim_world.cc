#include "tests/sim/sim_world.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/sim/sim_world_parts.h"

namespace muster::sim {

SimWorld::SimWorld(WorldOptions options)
    : options_(std::move(options)), random_(options_.seed), machine_clock_(clock_) {
  log::SetSinkForTesting([](absl::string_view) {});
  for (int i = 0; i < kTenants; ++i) {
    hubs_.push_back(AddHub(absl::StrCat("https://hub-", i, ".example")));
  }
  OpenStore();
  StartNode();
  SetUpFleet();
  ScheduleFaults();
}

SimHub* SimWorld::AddHub(const std::string& url) {
  SimHub& hub = *all_hubs_.emplace_back(std::make_unique<SimHub>(url, random_));
  // A record that was there before, so that an empty list is not the truth.
  const std::string id = hub.Register("other", clock_.Now() - absl::Hours(24));
  hub.Connect(id, "other", "OTHER", clock_.Now() - absl::Hours(24));
  return &hub;
}

SimWorld::~SimWorld() {
  if (node_ != nullptr) *node_->alive = false;
  node_.reset();
  log::SetSinkForTesting(nullptr);
}

const core::Operations& SimWorld::operations() { return node_->core->operations(); }

core::Core& SimWorld::core() { return *node_->core; }

core::WorkerEvents& SimWorld::worker_events() { return node_->core->worker_events(); }

void SimWorld::Violation(const std::string& what) {
  if (violations_.size() >= 20) return;  // One fault may show without end.
  violations_.push_back(
      absl::StrCat(absl::FormatTime(clock_.Now(), absl::UTCTimeZone()), " ", what));
}

void SimWorld::Later(absl::Duration after, std::function<void()> task) {
  clock_.At(clock_.Now() + after, [task = std::move(task)] { task(); });
}

absl::Duration SimWorld::Latency() {
  return absl::Milliseconds(1) + options_.faults.latency * random_.Fraction();
}

void SimWorld::OpenStore() {
  store::SqliteStoreOptions options;
  options.path = dir_ / "muster.db";
  options.now = machine_clock_.Now();
  options.quick_check = false;
  options.durable = false;
  sqlite_ = *store::SqliteStore::Open(options);
  faulty_ = std::make_unique<FaultInjectingStore>(*sqlite_);
  faulty_->SetSyncHook([this] { SaveImage(); });
}

void SimWorld::StartNode() {
  ++starts_;
  lost_ = false;
  node_ = std::make_unique<Node>(clock_, machine_clock_, [this](std::function<void()> task) {
    Later(Latency(), std::move(task));
  });
  core::CoreOptions options = options_.core;
  options.on_store_lost = [this](const absl::Status&) { lost_ = true; };
  node_->core = std::make_unique<core::Core>(
      core::CoreDependencies{*faulty_, node_->strand, &node_->disk, node_->clock, node_->timers,
                             random_, vault_, *this, *this, *this, std::move(options), &audit_key_,
                             &head_book_, nullptr, options_.work_watch, options_.sender});
  const absl::Status started = node_->core->Start();
  if (!started.ok() && !faulty_->crashed()) {
    Violation(absl::StrCat("the core does not start: ", started.ToString()));
  }
}

void SimWorld::EndNode() {
  for (auto& [worker, link] : link_of_) {
    if (link != nullptr && link->up) Break(link, absl::InfiniteDuration());
  }
  links_.clear();
  *node_->alive = false;
  node_->strand.DropAll();
  node_.reset();
}

void SimWorld::KillOrchestrator() {
  EndNode();
  faulty_->Revive();
  StartNode();
}

void SimWorld::SaveImage() {
  if (options_.faults.power_cut_per_hour == 0) return;
  for (const char* name : {"muster.db", "muster.db-wal"}) {
    std::ifstream file(dir_ / name, std::ios::binary | std::ios::ate);
    std::string& bytes = image_[name];
    bytes.resize(static_cast<size_t>(std::max<std::streamoff>(0, file.tellg())));
    file.seekg(0);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

// What was committed and not synced is gone, and with it whatever had not left the machine yet.
void SimWorld::PowerCut() {
  power_fails_ = false;
  if (image_.empty()) return;
  EndNode();
  faulty_.reset();
  sqlite_.reset();
  std::error_code ignored;
  std::filesystem::remove(dir_ / "muster.db-shm", ignored);
  for (const auto& [name, bytes] : image_) {
    std::ofstream(dir_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  OpenStore();
  StartNode();
}

// As the program does: it ends when the store is lost, and is started again.
void SimWorld::RestartIfLost() {
  if (power_fails_) PowerCut();
  while (node_ != nullptr && (lost_ || faulty_->crashed())) KillOrchestrator();
}

bool SimWorld::RunUntil(const std::function<bool()>& done, absl::Duration at_most) {
  const absl::Time end = clock_.Now() + at_most;
  while (true) {
    node_->strand.RunUntilIdle();
    RestartIfLost();
    if (node_->strand.size() > 0) continue;
    if (done()) return true;
    if (clock_.NextTimer() > end) break;
    clock_.AdvanceToNext();
  }
  clock_.Advance(std::max(absl::ZeroDuration(), end - clock_.Now()));
  node_->strand.RunUntilIdle();
  RestartIfLost();
  return done();
}

void SimWorld::RunFor(absl::Duration time) {
  RunUntil([] { return false; }, time);
}

void SimWorld::SetUpFleet() {
  for (int i = 0; i < kTenants; ++i) {
    if (const absl::Status status = Apply(i, hub(i).url()); !status.ok()) {
      Violation(status.ToString());
    }
  }
  for (int i = 0; i < options_.servers; ++i) {
    const int tenant = i % kTenants;
    const std::string name = absl::StrCat("web-", i);
    const ZoneId zone = MakeZoneId(TenantId(absl::StrCat("tenant-", tenant)), "prod");
    core::TokenInput token;
    token.zone_id = zone;
    token.ttl = absl::Hours(24 * 30);
    token.any_name = true;  // The fleet is not imported.
    token.secret_hash = absl::StrCat("hash-", i);
    (void)Ask<core::CreatedToken>([&](auto done) {
      operations().tokens.Call(&core::TokenOperations::Create, std::move(done), Operator(), token);
    });
    core::BootstrapRequest request;
    request.secret_hash = token.secret_hash;
    request.server_name = name;
    request.public_key_hash = absl::StrCat("key-", i);
    const auto grant = Ask<core::BootstrapGrant>([&](auto done) {
      operations().admission.Call(&core::AdmissionOperations::Bootstrap, std::move(done), request);
    });
    if (!grant.ok()) return Violation(grant.status().ToString());
    store::WorkerCertificate certificate;
    certificate.id = CertificateId(absl::StrCat("cert", i));
    certificate.server_id = grant->server_id;
    certificate.zone_id = zone;
    certificate.token_id = grant->token_id;
    certificate.public_key_hash = request.public_key_hash;
    certificate.not_before = Now();
    certificate.not_after = Now() + absl::Hours(24 * 30);
    certificate.create_time = Now();
    (void)Ask<store::WorkerCertificate>([&](auto done) {
      operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                  certificate);
    });
    servers_.push_back(grant->server_id);
    const auto index = static_cast<size_t>(i);
    SimWorker::Options worker;
    worker.hub_at = [this](const std::string& url) { return HubAt(url); };
    worker.may_meet_a_join = [this] { return clock_was_set_; };
    worker.audit_head = [this] { return AuditHead(); };
    worker.was_asked_for = [this, index](const CommandId& command, int64_t since) {
      return WasAskedFor(index, command, since);
    };
    worker.server_id = grant->server_id;
    worker.zone_id = zone;
    worker.certificate_id = certificate.id;
    worker.name = name;
    worker.address = absl::StrCat("10.0.0.", i);
    worker.secret = absl::StrCat("secret-", tenant);
    worker.violation = [this](const std::string& what) { Violation(what); };
    worker.join_begins = [this, index] {
      if (const auto react = at_join_.extract(index); !react.empty()) react.mapped()();
      if (power_off_at_join_) PowerOff(index);
    };
    worker.course = [this, index] {
      std::vector<JoinCourse>& plan = plans_[index];
      if (!plan.empty()) {
        const JoinCourse next = plan.front();
        plan.erase(plan.begin());
        return next;
      }
      if (!Chance(options_.faults.odd_join)) return JoinCourse::kGood;
      return static_cast<JoinCourse>(1 + static_cast<int>(random_.Fraction() * 7));
    };
    workers_.push_back(std::make_unique<SimWorker>(std::move(worker), clock_, random_));
    workers_.back()->SetPin(hub(tenant).url());
    if (i < options_.servers - options_.offline) Connect(index);
  }
}

// ---- dice ----

void SimWorld::ScheduleFaults() {
  Later(absl::Seconds(10), [this] {
    const auto per_tick = [](double per_hour) { return per_hour / 360; };
    const Faults& faults = options_.faults;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (Chance(per_tick(faults.session_break_per_hour))) BreakSession(i);
      if (Chance(per_tick(faults.worker_kill_per_hour))) KillWorker(i);
    }
    power_fails_ |= Chance(per_tick(faults.power_cut_per_hour));
    if (Chance(per_tick(faults.clock_step_per_hour))) {
      StepClock(absl::Hours(2) * (random_.Fraction() - 0.5));
    }
    if (Chance(per_tick(faults.orchestrator_kill_per_hour))) {
      // Inside one of the next commits: before it took effect, or after.
      const int commit = faulty_->commits() + 1 + static_cast<int>(random_.Fraction() * 5);
      faulty_->FailCommit(commit, Chance(0.5) ? Fault::kCrashBefore : Fault::kCrashAfter);
    }
    ScheduleFaults();
  });
}

void SimWorld::Plan(size_t worker, std::vector<JoinCourse> courses) {
  plans_[worker] = std::move(courses);
}

// ---- looking ----

absl::Time SimWorld::Now() const { return node_->clock.Now(); }

SimHub* SimWorld::HubAt(const std::string& url) {
  for (const auto& hub : all_hubs_) {
    if (hub->url() == url) return hub.get();
  }
  return nullptr;
}

std::vector<store::AuditEvent> SimWorld::AuditOf(const std::string& subject, int limit) {
  return *Read()->audit().List(store::TenantWall::Everything(), subject, 0, limit);
}

int64_t SimWorld::AuditHead() {
  const std::vector<store::AuditEvent> newest = AuditOf("", 1);
  return newest.empty() ? 0 : newest[0].sequence;
}

// A verdict on what the ghost is of, then an operator who knows it and asks for a join; or an
// operator's own word that there is none.
bool SimWorld::WasAskedFor(size_t worker, const CommandId& command, int64_t since) {
  int64_t verdict = 0;
  for (const store::AuditEvent& event : AuditOf(servers_[worker].value(), 1000)) {
    if (event.sequence <= since) break;
    if (event.action == "server.settle") return true;
    if (event.action == "server.unproven") verdict = std::max(verdict, event.sequence);
  }
  if (verdict == 0) return false;
  const std::optional<store::Command> row = *Read()->attempts().FindCommand(command);
  if (!row.has_value()) return false;
  for (const store::AuditEvent& event : AuditOf(row->rollout_id.value(), 1000)) {
    if (event.action == "rollout.create") return event.sequence > verdict;
  }
  return false;
}

absl::StatusOr<store::Rollout> SimWorld::StartJoin(core::RolloutInput input) {
  const auto shared = std::make_shared<core::RolloutInput>(std::move(input));
  return Ask<store::Rollout>([&](auto done) {
    operations().rollouts.Call(&core::RolloutOperations::Create, std::move(done), Operator(),
                               *shared);
  });
}

std::unique_ptr<store::Snapshot> SimWorld::Read() { return *sqlite_->Read(); }

store::Server SimWorld::ServerAt(size_t index) { return **Read()->servers().Find(servers_[index]); }

store::Rollout SimWorld::RolloutNow(const RolloutId& id) { return **Read()->rollouts().Find(id); }

store::TargetCounts SimWorld::Counts(const RolloutId& id) { return *Read()->rollouts().Count(id); }

}  // namespace muster::sim
