// The whole of it on virtual time: the real core over the real SQLite store, and around it workers,
// hubs, a network that delays, loses and repeats, and crashes. Everything follows from one seed.
//
//   world.Settle(…)   runs events until a condition or a time
//   faults            Network and crash levers; off by default, so the world also serves as the
//                     bench of the core's own tests
#ifndef MUSTER_TESTS_SIM_SIM_WORLD_H_
#define MUSTER_TESTS_SIM_SIM_WORLD_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "orchestrator/core/core.h"
#include "store/interface/store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fault_injecting_store.h"
#include "tests/fakes/manual_strand.h"
#include "tests/sim/machine_clock.h"
#include "tests/sim/sim_audit.h"
#include "tests/sim/sim_hub.h"
#include "tests/sim/sim_vault.h"
#include "tests/sim/sim_worker.h"

namespace muster::sim {

inline constexpr int kTenants = 2;

// Probabilities and waits; all zero: a perfect world.
struct Faults {
  absl::Duration latency = absl::Milliseconds(20);  // Up to; of each message.
  double late_copy = 0;  // Of a command that was under way when its session broke.
  double session_break_per_hour = 0;
  double long_outage = 0;  // Of a broken session: the worker is away for up to 40 minutes.
  double worker_kill_per_hour = 0;
  double orchestrator_kill_per_hour = 0;
  double clock_step_per_hour = 0;  // Of the orchestrator's machine, to within an hour of the truth.
  double power_cut_per_hour = 0;   // Of the orchestrator's machine: turns not yet synced are lost.
  double hub_read_fails = 0;
  double hub_read_empty = 0;
  double hub_read_partial = 0;  // Records are left out, and the list says that it is not whole.
  absl::Duration hub_list_lag;  // Up to.
  double odd_join = 0;          // A join that does not take the good course.
};

struct WorldOptions {
  uint64_t seed = 1;
  int servers = 6;  // Spread over two tenants, each with one zone and one hub.
  int offline = 0;  // The last ones never connect.
  Faults faults;
  core::CoreOptions core;
  core::WorkWatch* work_watch = nullptr;       // Borrowed; null: nobody counts.
  core::NotificationSender* sender = nullptr;  // Null: nobody is told of anything.
};

class SimWorld final : private core::WorkerLink,
                       private core::HubReader,
                       private core::RolloutWatch {
 public:
  explicit SimWorld(WorldOptions options);
  ~SimWorld() override;

  // ---- levers ----
  FakeClock& clock() { return clock_; }
  FaultInjectingStore& faulty_store() { return *faulty_; }
  SimVault& vault() { return vault_; }
  SimAuditKey& audit_key() { return audit_key_; }
  SimHeadBook& head_book() { return head_book_; }
  const core::Operations& operations();
  core::Core& core();
  core::WorkerEvents& worker_events();
  std::vector<std::unique_ptr<SimWorker>>& workers() { return workers_; }
  // The hub of the tenant's zone; that of an address, null when nothing answers there.
  SimHub& hub(int tenant) { return *hubs_[static_cast<size_t>(tenant)]; }
  SimHub* HubAt(const std::string& url);
  const std::vector<std::unique_ptr<SimHub>>& all_hubs() const { return all_hubs_; }
  const std::vector<ServerId>& servers() const { return servers_; }
  // The newest command of a session, null before the first. What only reads is not on record before
  // it has ended.
  struct Sent {
    CommandId command;
    AttemptId attempt;
    store::CommandKind kind = store::CommandKind::kProbe;
  };
  const Sent* LastSent(core::SessionId session) const {
    const auto it = last_sent_.find(session);
    return it == last_sent_.end() ? nullptr : &it->second;
  }
  // Fixes the course of a worker's next joins, first to last; then they are good (or diced).
  void Plan(size_t worker, std::vector<JoinCourse> courses);
  void SetFaults(const Faults& faults) { options_.faults = faults; }
  void Connect(size_t worker);
  void BreakSession(size_t worker);
  void KillWorker(size_t worker);
  void KillOrchestrator();
  // An operator puts the worker out; Reenroll brings it back with a new token and certificate.
  void Evict(size_t worker);
  void Reenroll(size_t worker);
  bool IsOut(size_t worker) const { return evicted_.contains(worker); }
  // As 'muster server ban' and its like; a worker that is out comes back with BringBack.
  void Act(size_t worker, core::ServerAction::Kind kind);
  void BringBack(size_t worker);
  absl::StatusOr<store::Server> Settle(size_t worker, bool joined);
  // The zone of this tenant gets a new joining key; commands on their way have the old one.
  void ChangeKey(int tenant);
  // The worker uses a renewed certificate from its next session on.
  void Renew(size_t worker);
  // The hub of this tenant gets a new address, and its zone with it.
  void MoveHub(int tenant, const std::string& url);
  // The tenant's zone gets a new hub URL: of another hub, or of its own. Refused while joins run.
  void ChangeHub(int tenant, bool another);
  // The orchestrator's machine is set so far ahead of the truth (behind it, when negative).
  void StepClock(absl::Duration offset) {
    clock_was_set_ = true;
    machine_clock_.SetOffset(offset);
  }
  bool clock_was_set() const { return clock_was_set_; }
  // Readings with this zone's verifier are refused.
  void RefuseVerifier(const ZoneId& zone, bool on) {
    on ? (void)refused_verifiers_.insert(zone) : (void)refused_verifiers_.erase(zone);
  }
  // All hubs answer 429 until then, unless somebody insists.
  void LeaveHubsAlone(absl::Duration time) { left_alone_until_ = clock_.Now() + time; }
  absl::Status Apply(int tenant, const std::string& hub_url);
  // The tenant gets another zone on the same hub.
  absl::Status ApplySecondZone(int tenant, const std::string& slug);
  // Runs `react` once, when the next report of the worker is queued at the core: what it asks for is
  // decided in the same turn.
  void AfterReport(size_t worker, std::function<void()> react) {
    after_report_[worker] = std::move(react);
  }
  // Runs `react` once, when the worker's service begins its next join.
  void AtJoin(size_t worker, std::function<void()> react) { at_join_[worker] = std::move(react); }
  // Runs `react` once, before the next list of a hub is queued at the core: what it asks for is
  // decided in the same turn, first.
  void BeforeReading(std::function<void()> react) { before_reading_ = std::move(react); }
  // Each join takes its machine down from now on; it comes back with Connect.
  void SetPowerOffAtJoin(bool on) { power_off_at_join_ = on; }

  // ---- driving ----
  // Runs events until `done` holds; false when the virtual time is over first.
  bool RunUntil(const std::function<bool()>& done, absl::Duration at_most);
  void RunFor(absl::Duration time);
  // The machine goes down with what runs on it, until Connect.
  void PowerOff(size_t worker);
  // Calls an operation and runs until its answer is there.
  template <typename T>
  absl::StatusOr<T> Ask(const std::function<void(core::Answer<T>)>& call) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<T>>>();
    call([answer](absl::StatusOr<T> value) { answer->emplace(std::move(value)); });
    RunUntil([answer] { return answer->has_value(); }, absl::Minutes(10));
    if (!answer->has_value()) return absl::DeadlineExceededError("no answer");
    return std::move(**answer);
  }
  absl::StatusOr<store::Rollout> StartJoin(core::RolloutInput input = {});

  // ---- looking ----
  absl::Time Now() const;  // The orchestrator's clock.
  std::unique_ptr<store::Snapshot> Read();
  std::vector<store::AuditEvent> AuditOf(const std::string& subject, int limit);  // Newest first.
  store::Server ServerAt(size_t index);
  store::Rollout RolloutNow(const RolloutId& id);
  store::TargetCounts Counts(const RolloutId& id);
  int orchestrator_starts() const { return starts_; }
  int looks_sent() const { return looks_sent_; }
  // What was pushed to sessions.
  const std::vector<std::pair<core::SessionId, core::ZonePin>>& pins_sent() const {
    return pins_sent_;
  }
  const std::set<RolloutId>& watched() const { return watched_; }
  // Whether a result of this command has reached an orchestrator.
  bool heard_of(const CommandId& command) const { return heard_.contains(command); }
  // What broke an invariant while it ran.
  const std::vector<std::string>& violations() const { return violations_; }
  void Violation(const std::string& what);

  static core::Actor Operator() { return {"operator:opr-sim", store::TenantWall::Everything()}; }

 private:
  struct Node;  // One life of the orchestrator.
  struct Link;  // One session.

  SimHub* AddHub(const std::string& url);
  void CheckLook(core::SessionId session, const core::OutboundCommand& command);
  void CheckOnRecord(core::SessionId session, const core::OutboundCommand& command);
  void CheckIntent(const store::Attempt& attempt, const core::OutboundCommand& command);
  void CheckReading(const ServerId& server, const core::OutboundCommand& command);
  int64_t AuditHead();
  // Whether an operator asked for this join, knowing that an earlier one may have left a record: the
  // one that was registered when the audit log had come to `since`.
  bool WasAskedFor(size_t worker, const CommandId& command, int64_t since);
  void OpenStore();
  void StartNode();
  void RestartIfLost();
  void EndNode();
  void SaveImage();
  void PowerCut();
  void SetUpFleet();
  core::TenantInput FleetOf(int tenant, const std::string& hub_url) const;
  absl::Status Apply(core::TenantInput tenant);
  void Dial(size_t worker);
  void RedialLater(size_t worker);
  void Break(const std::shared_ptr<Link>& link, absl::Duration until_core_knows);
  void ToCore(const std::shared_ptr<Link>& link, std::function<void(core::WorkerEvents&)> word);
  void ToWorker(const std::shared_ptr<Link>& link, std::function<void(SimWorker&)> word,
                const std::shared_ptr<core::OutboundCommand>& command = nullptr);
  absl::Duration Latency();
  bool Chance(double probability) { return random_.Fraction() < probability; }
  void ScheduleFaults();
  void Later(absl::Duration after, std::function<void()> task);

  // core::WorkerLink
  void SendCommand(core::SessionId session, core::OutboundCommand command) override;
  void SendResultAck(core::SessionId session, const CommandId& command) override;
  void SendCancel(core::SessionId session, const CommandId& command) override;
  void SendZonePin(core::SessionId session, const core::ZonePin& pin) override;
  void End(core::SessionId session, const Failure& why, bool may_reconnect) override;
  // core::HubReader
  void Read(core::HubReadRequest request,
            absl::AnyInvocable<void(core::HubReadResult)> done) override;
  // core::RolloutWatch
  void RolloutChanged(const RolloutId& rollout) override { watched_.insert(rollout); }

  WorldOptions options_;
  std::vector<std::pair<core::SessionId, core::ZonePin>> pins_sent_;
  FakeClock clock_;
  SeededRandom random_;
  sql::TempDir dir_;
  SimVault vault_;
  SimAuditKey audit_key_;
  SimHeadBook head_book_;
  MachineClock machine_clock_;
  bool clock_was_set_ = false;
  std::vector<std::unique_ptr<SimHub>> all_hubs_;
  std::vector<SimHub*> hubs_;  // Of the tenants' zones.
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::vector<ServerId> servers_;
  std::map<size_t, std::vector<JoinCourse>> plans_;
  std::unique_ptr<store::Store> sqlite_;
  std::unique_ptr<FaultInjectingStore> faulty_;
  std::unique_ptr<Node> node_;
  std::map<core::SessionId, std::shared_ptr<Link>> links_;
  std::map<core::SessionId, Sent> last_sent_;
  std::map<size_t, std::shared_ptr<Link>> link_of_;
  core::SessionId next_session_ = 1;
  int starts_ = 0;
  bool lost_ = false;
  bool power_off_at_join_ = false;
  std::set<size_t> powered_off_;
  std::map<size_t, std::function<void()>> after_report_;
  std::map<size_t, std::function<void()>> at_join_;
  std::function<void()> before_reading_;
  std::map<std::string, std::string> image_;  // The store's files as of the last Sync.
  bool power_fails_ = false;
  std::set<size_t> evicted_;
  std::set<ZoneId> refused_verifiers_;
  std::set<std::pair<ZoneId, std::string>> hubs_read_;  // For whom, at which address; ever.
  absl::Time left_alone_until_ = absl::InfinitePast();
  int changes_ = 0;
  std::set<RolloutId> watched_;
  std::set<CommandId> heard_;
  int looks_sent_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_WORLD_H_
