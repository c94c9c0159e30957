// The command `join`: makes the local service join its zone's hub, carefully (certify.md 1.6, 3.4).
//
//   zone pin ─► lock ─► survey ─► decide ─┬─► nothing to do ──────────────────────────► claim
//                                         ├─► refuse (elsewhere, zone; an earlier join without an
//                                         │           answer may still run: pending_join.h)
//                                         └─► join, once ─┬─► succeeded ─► (takeover: restart)
//                                                         │                ─► connected? ─► claim
//                                                         ├─► failed ─────────────────► code
//                                                         └─► unsure ─► look at the identity:
//                                                              joined here ──────────► claim
//                                                              else ─────────────────► in doubt
//
// A takeover is noted before its join and until its restart (takeover_mark.h): a worker that dies
// in between finishes it when it looks (Recover), or with the next join.
//
// A claim is no fact: the hub's list decides (invariant 3).
#ifndef MUSTER_WORKER_COMMANDS_JOIN_H_
#define MUSTER_WORKER_COMMANDS_JOIN_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "worker/commands/command_handler.h"
#include "worker/commands/decide_join.h"
#include "worker/commands/pending_join.h"
#include "worker/commands/takeover_mark.h"
#include "worker/platform/service_control.h"
#include "worker/service/driver.h"

namespace muster::worker {

struct JoinHandlerOptions {
  v1::ZonePin zone_pin;
  // Excludes every other worker process of this server (invariant 11).
  std::string lock_path;
  // In a directory that survives a restart of the machine.
  std::string takeover_mark_path;
  std::string pending_join_path;
  absl::Duration connect_wait = absl::Seconds(20);   // For hub/status after a join.
  absl::Duration restart_wait = absl::Seconds(120);  // For the API after a restart.
  // How long a join looks for the outcome of an earlier one that never answered before it refuses.
  // Four tries of a target, with their waits, outlast kLongestJoin.
  absl::Duration pending_join_look = absl::Minutes(3);
  // How long a service may be at a join that its worker did not live to see: the worker's own limit
  // (certify.md 6.2).
  absl::Duration late_join_wait = absl::Seconds(300);
  absl::Duration poll_interval = absl::Seconds(1);
};

class JoinHandler final : public CommandHandler {
 public:
  struct Parts {
    ServiceDriver& api;
    ServiceDriver* cli = nullptr;  // Null where there is no command line.
    ServiceControl& service_control;
    const Clock& clock;
    // The joining key's secret out of a command; an error with an E-… code when it does not open.
    std::function<absl::StatusOr<Secret>(const v1::Command&)> open_secret;
    // Waits; false when the worker stops, and then waiting is over.
    std::function<bool(absl::Duration)> wait;
  };
  // What `parts` refers to outlives the handler.
  JoinHandler(Parts parts, JoinHandlerOptions options);

  v1::Command::KindCase kind() const override { return v1::Command::kJoin; }
  v1::CommandResult Run(const v1::Command& command) override;
  // A join that ran when the process died is an answer lost: looks, never joins. Of a takeover it
  // awaits what the service makes of it, and makes up for the restart.
  v1::CommandResult Recover() override;
  void SetZonePin(const v1::ZonePin& pin) override;

 private:
  v1::CommandResult JoinWith(ServiceDriver& driver, const types::v1::ServiceFacts& before,
                             JoinDecision decision, const JoinCall& call);
  v1::CommandResult SettleUnsure(ServiceDriver& driver, const types::v1::ServiceFacts& before,
                                 JoinDecision decision, const Failure& failure);
  v1::CommandResult Claim(v1::JoinResult::Effect effect, types::v1::ServiceFacts service);
  // Waits for the connection; returns the facts of the moment it gave up or saw it.
  types::v1::ServiceFacts AwaitConnection(ServiceDriver& driver, types::v1::ServiceFacts facts);
  // The end of a takeover: what goes wrong is logged, and the mark stays for the next try.
  void FinishTakeover(ServiceDriver& driver);
  // Whether an earlier join may still run, after looking for pending_join_look if that is how it
  // seems.
  bool MayStillRun(ServiceDriver& driver, types::v1::ServiceFacts& facts);
  // Drops the note of a join that is over, and says whether none is left.
  bool NothingPending(const types::v1::ServiceFacts& facts, const std::string& service_run);
  void ForgetPending(absl::string_view why);
  // Adds to the result what is due on this server: a restart after a takeover.
  // Whether an earlier takeover still waits for its restart; forgets one that somebody restarted.
  bool RestartIsDue(const types::v1::ServiceFacts& facts);
  v1::CommandResult WithProblems(v1::CommandResult result);
  v1::CommandResult RunLocked(const v1::Command& command);
  v1::CommandResult RecoverLocked(bool locked);
  void ForgetTakeover();
  absl::Status RestartService(ServiceDriver& driver);
  // The command line where the service answers no HTTP and the zone allows it; else the HTTP API.
  ServiceDriver& DriverFor(const Survey& survey) const;

  // Takes over what SetZonePin left: a command keeps its pin from its beginning to its end.
  void AdoptZonePin();

  const Parts parts_;
  // Used by the one command that runs.
  JoinHandlerOptions options_;
  TakeoverMark mark_;
  const PendingJoinNote pending_;
  std::string restart_problem_;  // Why the last restart failed; empty: it did not.
  Mutex mu_;
  std::optional<v1::ZonePin> next_pin_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_JOIN_H_
