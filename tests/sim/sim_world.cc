// One file because the world is one machine: its parts share one clock, one dice and one network.
#include "tests/sim/sim_world.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/executor.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::sim {
namespace {

constexpr int kTenants = 2;

// Timers of one life of the orchestrator: they die with it.
class MortalTimers final : public Timers {
 public:
  explicit MortalTimers(FakeClock& clock) : clock_(clock) {}
  ~MortalTimers() override { *alive_ = false; }
  TimerId After(absl::Duration wait, absl::AnyInvocable<void()> task) override {
    return clock_.After(wait, [alive = alive_, task = std::move(task)]() mutable {
      if (*alive) task();
    });
  }
  bool Cancel(TimerId id) override { return clock_.Cancel(id); }

 private:
  FakeClock& clock_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Takes its time, one wait after the other, while the core decides on.
class SimDisk final : public Executor {
 public:
  using Later = std::function<void(std::function<void()>)>;
  SimDisk(Later later, std::shared_ptr<bool> alive)
      : later_(std::move(later)), alive_(std::move(alive)) {}
  void Run(absl::AnyInvocable<void()> task) override {
    auto shared = std::make_shared<absl::AnyInvocable<void()>>(std::move(task));
    later_([shared, alive = alive_] {
      if (*alive) (*shared)();
    });
  }

 private:
  const Later later_;
  const std::shared_ptr<bool> alive_;
};

}  // namespace

struct SimWorld::Node {
  Node(FakeClock& clock, SimDisk::Later later) : timers(clock), disk(std::move(later), alive) {}
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  ManualStrand strand;
  MortalTimers timers;
  SimDisk disk;
  std::unique_ptr<core::Core> core;
};

struct SimWorld::Link {
  core::SessionId id = 0;
  size_t worker = 0;
  bool up = true;           // Bytes still pass.
  bool core_knows = false;  // The core has opened it and has not heard of its end.
  bool worker_knows = false;
  absl::Time last_up;  // Order inside the stream.
  absl::Time last_down;
};

SimWorld::SimWorld(WorldOptions options) : options_(std::move(options)), random_(options_.seed) {
  log::SetSinkForTesting([](absl::string_view) {});
  for (int i = 0; i < kTenants; ++i) {
    hubs_.push_back(std::make_unique<SimHub>(absl::StrCat("https://hub-", i, ".example"), random_));
    // A record that was there before, so that an empty list is not the truth.
    const std::string id = hubs_.back()->Register("other", clock_.Now() - absl::Hours(24));
    hubs_.back()->Connect(id, "other", "OTHER", clock_.Now() - absl::Hours(24));
  }
  OpenStore();
  StartNode();
  SetUpFleet();
  ScheduleFaults();
}

SimWorld::~SimWorld() {
  if (node_ != nullptr) *node_->alive = false;
  node_.reset();
  log::SetSinkForTesting(nullptr);
}

const core::Operations& SimWorld::operations() { return node_->core->operations(); }

core::WorkerEvents& SimWorld::worker_events() { return node_->core->worker_events(); }

void SimWorld::Violation(const std::string& what) {
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
  options.now = clock_.Now();
  options.quick_check = false;
  options.durable = false;
  sqlite_ = *store::SqliteStore::Open(options);
  faulty_ = std::make_unique<FaultInjectingStore>(*sqlite_);
  faulty_->SetSyncHook([this] { SaveImage(); });
}

void SimWorld::StartNode() {
  ++starts_;
  lost_ = false;
  node_ = std::make_unique<Node>(
      clock_, [this](std::function<void()> task) { Later(Latency(), std::move(task)); });
  core::CoreOptions options = options_.core;
  options.on_store_lost = [this](const absl::Status&) { lost_ = true; };
  node_->core = std::make_unique<core::Core>(core::CoreDependencies{
      *faulty_, node_->strand, &node_->disk, clock_, node_->timers, random_, vault_, *this, *this,
      *this, std::move(options), &audit_key_, &head_book_});
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
    std::ifstream file(dir_ / name, std::ios::binary);
    image_[name].assign(std::istreambuf_iterator<char>(file), {});
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

core::TenantInput SimWorld::FleetOf(int tenant, const std::string& hub_url) const {
  core::TenantInput input;
  input.id = TenantId(absl::StrCat("tenant-", tenant));
  core::ZoneInput& zone = input.zones.emplace_back();
  zone.slug = "prod";
  zone.hub_url = hub_url;
  zone.joining_key =
      core::JoiningKeyInput{"client", Secret::CopyOf(absl::StrCat("secret-", tenant))};
  zone.verifier = core::VerifierInput{store::VerifierKind::kApiToken, "viewer",
                                      Secret::CopyOf("viewer-secret")};
  return input;
}

absl::Status SimWorld::Apply(int tenant, const std::string& hub_url) {
  return Apply(FleetOf(tenant, hub_url));
}

absl::Status SimWorld::ApplySecondZone(int tenant, const std::string& slug) {
  core::TenantInput input = FleetOf(tenant, hub(tenant).url());
  input.zones[0].slug = slug;
  return Apply(std::move(input));
}

absl::Status SimWorld::Apply(core::TenantInput tenant) {
  auto fleet = std::make_shared<std::vector<core::TenantInput>>();
  fleet->push_back(std::move(tenant));
  return Ask<std::vector<std::string>>([&](auto done) {
           operations().fleet.Call(&core::FleetOperations::Apply, std::move(done), Operator(),
                                   std::move(*fleet),
                                   core::ApplyChoices{.replace_keys = true, .replace_hub = true});
         })
      .status();
}

void SimWorld::MoveHub(int tenant, const std::string& url) {
  hub(tenant).MoveTo(url);
  // A crash may swallow the answer; what was applied twice is applied once.
  for (int i = 0; i < 5 && !Apply(tenant, url).ok(); ++i) {
  }
}

void SimWorld::ChangeKey(int tenant) {
  const std::string secret = absl::StrCat("secret-", tenant, "-", ++enrollments_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (static_cast<int>(i) % kTenants == tenant) workers_[i]->AlsoAccept(secret);
  }
  (void)Ask<store::Zone>([&](auto done) {
    operations().fleet.Call(&core::FleetOperations::SetJoiningKey, std::move(done), Operator(),
                            MakeZoneId(TenantId(absl::StrCat("tenant-", tenant)), "prod"),
                            core::JoiningKeyInput{"client", Secret::CopyOf(secret)});
  });
}

void SimWorld::Renew(size_t worker) {
  if (evicted_.contains(worker)) return;
  store::WorkerCertificate certificate;
  certificate.id = CertificateId(absl::StrCat("renewed", worker, "-", ++enrollments_));
  certificate.server_id = servers_[worker];
  certificate.zone_id = workers_[worker]->options().zone_id;
  certificate.public_key_hash = certificate.id.value();
  certificate.not_before = certificate.create_time = clock_.Now();
  certificate.not_after = clock_.Now() + absl::Hours(24 * 30);
  if (!Ask<store::WorkerCertificate>([&](auto done) {
         operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                     certificate);
       }).ok()) {
    return;
  }
  workers_[worker]->UseCertificate(certificate.id);
}

void SimWorld::Evict(size_t worker) {
  evicted_.insert(worker);
  (void)Ask<store::Server>([&](auto done) {
    operations().servers.Call(&core::ServerOperations::Evict, std::move(done), Operator(),
                              servers_[worker], "by the simulation");
  });
}

void SimWorld::Reenroll(size_t worker) {
  const std::string suffix = absl::StrCat(worker, "-", ++enrollments_);
  core::TokenInput token;
  token.zone_id = workers_[worker]->options().zone_id;
  token.secret_hash = absl::StrCat("hash-", suffix);
  const auto made = Ask<core::CreatedToken>([&](auto done) {
    operations().tokens.Call(&core::TokenOperations::Create, std::move(done), Operator(), token);
  });
  core::BootstrapRequest request;
  request.secret_hash = token.secret_hash;
  request.server_name = workers_[worker]->options().name;
  request.public_key_hash = absl::StrCat("key-", suffix);
  const auto grant = Ask<core::BootstrapGrant>([&](auto done) {
    operations().admission.Call(&core::AdmissionOperations::Bootstrap, std::move(done), request);
  });
  if (!made.ok() || !grant.ok()) return;  // A crash; it stays out until the next try.
  store::WorkerCertificate certificate;
  certificate.id = CertificateId(absl::StrCat("cert", suffix));
  certificate.server_id = grant->server_id;
  certificate.zone_id = token.zone_id;
  certificate.token_id = grant->token_id;
  certificate.public_key_hash = request.public_key_hash;
  certificate.not_before = certificate.create_time = clock_.Now();
  certificate.not_after = clock_.Now() + absl::Hours(24 * 30);
  if (!Ask<store::WorkerCertificate>([&](auto done) {
         operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                     certificate);
       }).ok()) {
    return;
  }
  BreakSession(worker);
  workers_[worker]->Reenrolled(certificate.id);
  evicted_.erase(worker);
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
    certificate.not_before = clock_.Now();
    certificate.not_after = clock_.Now() + absl::Hours(24 * 30);
    certificate.create_time = clock_.Now();
    (void)Ask<store::WorkerCertificate>([&](auto done) {
      operations().admission.Call(&core::AdmissionOperations::RecordCertificate, std::move(done),
                                  certificate);
    });
    servers_.push_back(grant->server_id);
    const auto index = static_cast<size_t>(i);
    SimWorker::Options worker;
    worker.server_id = grant->server_id;
    worker.zone_id = zone;
    worker.certificate_id = certificate.id;
    worker.name = name;
    worker.address = absl::StrCat("10.0.0.", i);
    worker.secret = absl::StrCat("secret-", tenant);
    worker.violation = [this](const std::string& what) { Violation(what); };
    worker.join_begins = [this, index] {
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
      return static_cast<JoinCourse>(1 + static_cast<int>(random_.Fraction() * 6));
    };
    workers_.push_back(std::make_unique<SimWorker>(std::move(worker), clock_, random_,
                                                   *hubs_[static_cast<size_t>(tenant)]));
    if (i < options_.servers - options_.offline) Connect(index);
  }
}

// ---- network ----

void SimWorld::Connect(size_t worker) {
  powered_off_.erase(worker);
  Later(Latency(), [this, worker] { Dial(worker); });
}

void SimWorld::RedialLater(size_t worker) {
  // Most come back soon; some machines are away for long.
  const bool long_away = Chance(options_.faults.long_outage);
  Later(absl::Seconds(1 + (long_away ? 2400 : 10) * random_.Fraction()),
        [this, worker] { Dial(worker); });
}

void SimWorld::Dial(size_t worker) {
  if (powered_off_.contains(worker)) return;
  if (link_of_[worker] != nullptr && link_of_[worker]->up) return;
  auto link = std::make_shared<Link>();
  link->id = next_session_++;
  link->worker = worker;
  link_of_[worker] = link;
  links_[link->id] = link;
  core::SessionOpening opening = workers_[worker]->Hello();
  opening.session = link->id;
  const auto shared = std::make_shared<core::SessionOpening>(std::move(opening));
  ToCore(link, [this, link, shared](core::WorkerEvents& events) {
    link->core_knows = true;
    events.OpenSession(std::move(*shared), [this,
                                            link](const absl::StatusOr<core::SessionGrant>& grant) {
      if (!grant.ok()) {
        link->core_knows = false;
        if (FailureCodeOf(grant.status()).has_value() && !lost_ && !faulty_->crashed() &&
            !evicted_.contains(link->worker)) {
          Violation(absl::StrCat("a session was refused: ", grant.status().ToString()));
        }
        Break(link, absl::InfiniteDuration());
        return;
      }
      // Welcome is queued, then commands may be.
      ToWorker(link, [this, link](SimWorker& w) {
        link->worker_knows = true;
        w.Connected({
            [this, link](const CommandId& command, const AttemptId& attempt) {
              ToCore(link,
                     [=](core::WorkerEvents& e) { e.Acknowledged(link->id, command, attempt); });
            },
            [this, link](const CommandId& command, const AttemptId& attempt) {
              ToCore(link, [=](core::WorkerEvents& e) { e.Started(link->id, command, attempt); });
            },
            [this, link](const core::CommandReport& report) {
              ToCore(link, [this, link, report](core::WorkerEvents& e) {
                heard_.insert(report.command_id);
                e.Finished(link->id, report);
                // Still in the turn that will hear of it.
                if (const auto react = after_report_.extract(link->worker); !react.empty()) {
                  react.mapped()();
                }
              });
            },
        });
      });
      node_->core->worker_events().SessionReady(link->id);
    });
  });
}

void SimWorld::ToCore(const std::shared_ptr<Link>& link,
                      std::function<void(core::WorkerEvents&)> word) {
  link->last_up = std::max(link->last_up, clock_.Now() + Latency());
  clock_.At(link->last_up, [this, link, word = std::move(word)] {
    if (link->up && node_ != nullptr) word(node_->core->worker_events());
  });
}

void SimWorld::ToWorker(const std::shared_ptr<Link>& link, std::function<void(SimWorker&)> word,
                        const std::shared_ptr<core::OutboundCommand>& command) {
  link->last_down = std::max(link->last_down, clock_.Now() + Latency());
  clock_.At(link->last_down, [this, link, word = std::move(word), command] {
    SimWorker& worker = *workers_[link->worker];
    if (link->up) return word(worker);
    // What was under way when the stream broke may sit in a buffer and come out after the next
    // Hello: the command id must make it harmless.
    if (command != nullptr && Chance(options_.faults.late_copy)) {
      Later(absl::Seconds(20 * random_.Fraction()), [word, &worker] { word(worker); });
    }
  });
}

// The worker notices soon and dials again; the core hears of the end later, or (a crash) never.
void SimWorld::Break(const std::shared_ptr<Link>& link, absl::Duration until_core_knows) {
  if (!link->up) return;
  link->up = false;
  const size_t worker = link->worker;
  Later(Latency(), [this, link, worker] {
    if (link_of_[worker] != link) return;
    workers_[worker]->Disconnected();
    RedialLater(worker);
  });
  if (!link->core_knows || until_core_knows == absl::InfiniteDuration()) {
    links_.erase(link->id);
    return;
  }
  Later(until_core_knows, [this, link, alive = node_->alive] {
    links_.erase(link->id);
    if (*alive) node_->core->worker_events().SessionEnded(link->id);
  });
}

void SimWorld::BreakSession(size_t worker) {
  const auto link = link_of_[worker];
  if (link != nullptr) Break(link, absl::Seconds(30 * random_.Fraction()));
}

void SimWorld::PowerOff(size_t worker) {
  powered_off_.insert(worker);
  workers_[worker]->PowerOff();
  // Nobody says goodbye: the core finds out by its own deadlines.
  if (link_of_[worker] != nullptr) Break(link_of_[worker], absl::InfiniteDuration());
}

void SimWorld::KillWorker(size_t worker) {
  workers_[worker]->Restart();
  BreakSession(worker);
}

void SimWorld::SendCommand(core::SessionId session, core::OutboundCommand command) {
  // Seen by a reader of its own: what is not committed is not there.
  const std::vector<store::Attempt> attempts = *Read()->attempts().ListOf(command.command_id);
  const auto intent = std::find_if(attempts.begin(), attempts.end(), [&](const store::Attempt& a) {
    return a.id == command.attempt_id;
  });
  if (intent == attempts.end()) {
    Violation(absl::StrCat(command.command_id.value(), " was sent before it was on record as ",
                           "attempt ", command.attempt_id.value(), " (invariant 1)"));
  }
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  const auto shared = std::make_shared<core::OutboundCommand>(std::move(command));
  ToWorker(
      it->second, [shared](SimWorker& worker) { worker.Receive(*shared); }, shared);
}

void SimWorld::SendResultAck(core::SessionId session, const CommandId& command) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  ToWorker(it->second, [command](SimWorker& worker) { worker.ResultAcknowledged(command); });
}

void SimWorld::SendCancel(core::SessionId session, const CommandId& command) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  ToWorker(it->second, [command](SimWorker& worker) { worker.Cancel(command); });
}

void SimWorld::End(core::SessionId session, const Failure&, bool) {
  const auto it = links_.find(session);
  if (it == links_.end()) return;
  const std::shared_ptr<Link> link = it->second;
  Break(link, absl::InfiniteDuration());
}

void SimWorld::Read(core::HubReadRequest request,
                    absl::AnyInvocable<void(core::HubReadResult)> done) {
  auto shared = std::make_shared<absl::AnyInvocable<void(core::HubReadResult)>>(std::move(done));
  const absl::Duration lag = options_.faults.hub_list_lag * random_.Fraction();
  Later(
      absl::Milliseconds(100) + 20 * Latency(), [this, shared, request, lag, alive = node_->alive] {
        if (!*alive) return;
        if (refused_verifiers_.contains(request.zone_id)) {
          return (*shared)(Failure{FailureCode::kHubAuth, "401"});
        }
        if (left_alone_until_ > clock_.Now() && !request.insist) {
          return (*shared)(core::HubUnread({FailureCode::kHubRateLimited, "429"},
                                           left_alone_until_ - clock_.Now()));
        }
        if (Chance(options_.faults.hub_read_fails)) {
          return (*shared)(Failure{FailureCode::kHubUnreachable, "down"});
        }
        if (Chance(options_.faults.hub_read_empty)) {
          core::HubList nothing;  // Nor is the hub's own record there.
          nothing.whole = false;
          return (*shared)(std::move(nothing));
        }
        for (const auto& hub : hubs_) {
          if (hub->url() != request.hub_url) continue;
          core::HubList list = hub->List(clock_.Now(), lag);
          if (Chance(options_.faults.hub_read_partial)) {
            list.whole = false;
            std::erase_if(list.instances, [this](const core::HubInstance&) { return Chance(0.5); });
          }
          return (*shared)(std::move(list));
        }
        (*shared)(Failure{FailureCode::kHubUnreachable, "nothing answers at this address"});
      });
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
