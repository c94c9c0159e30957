// Rollouts with targets, commands with attempts, the audit log. See store.h.
#ifndef MUSTER_STORE_INTERFACE_WORK_STORE_H_
#define MUSTER_STORE_INTERFACE_WORK_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/audit_event.h"
#include "store/model/command.h"
#include "store/model/rollout.h"

namespace muster::store {

class RolloutStore {
 public:
  virtual ~RolloutStore() = default;
  virtual absl::StatusOr<std::optional<Rollout>> Find(const RolloutId& id) const = 0;
  virtual absl::StatusOr<std::optional<Rollout>> Find(const TenantWall& wall,
                                                      const RolloutId& id) const = 0;
  virtual absl::StatusOr<std::vector<Rollout>> List(const RolloutQuery& query) const = 0;
  virtual absl::StatusOr<std::vector<Rollout>> ListUnfinished() const = 0;  // Oldest first.
  virtual absl::StatusOr<int> CountUnfinished(const TenantWall& wall) const = 0;
  // How many rollouts there are in each state, per tenant; none: of several.
  struct StateCount {
    TenantId tenant_id;
    RolloutState state = RolloutState::kPlanned;
    int rollouts = 0;
  };
  virtual absl::StatusOr<std::vector<StateCount>> CountByState(const TenantWall& wall) const = 0;
  virtual absl::StatusOr<TargetCounts> Count(const RolloutId& id) const = 0;
  virtual absl::StatusOr<TargetCounts> Count(const TenantWall& wall, const RolloutId& id) const = 0;

  // AlreadyExists when a server is an unfinished target of another rollout.
  virtual absl::Status Insert(const Rollout& rollout, const std::vector<Target>& targets) = 0;
  // Compare-and-set as ServerStore::MoveEnrollment. A final state needs finish_time.
  virtual absl::Status Move(const RolloutId& id, RolloutState from, RolloutState to,
                            absl::string_view reason,
                            const std::optional<absl::Time>& finish_time) = 0;
  virtual absl::Status SetForgivenFailures(const RolloutId& id, int failures) = 0;

  virtual absl::StatusOr<std::optional<Target>> FindTarget(const RolloutId& rollout,
                                                           const ServerId& server) const = 0;
  virtual absl::StatusOr<std::vector<Target>> ListTargets(
      const TargetQuery& query) const = 0;  // By zone, then name.
  virtual absl::StatusOr<std::vector<Target>> ListTargets(const TenantWall& wall,
                                                          const TargetQuery& query) const = 0;
  // The unfinished rollout that has this server as an unfinished target.
  virtual absl::StatusOr<std::optional<RolloutId>> FindActiveRolloutOf(
      const ServerId& server) const = 0;
  // Compare-and-set on target.state; writes all mutable fields of `target`. target.state may equal
  // `from`: then only the others change.
  virtual absl::Status UpdateTarget(const Target& target, TargetState from) = 0;

  // Forgets the oldest rollout that was finished before that time and has no command left, with its
  // targets: at most `limit` of these at once, and the rollout with the last of them. How many rows
  // it were; 0: none is left.
  virtual absl::StatusOr<int> Prune(absl::Time finished_before, int limit) = 0;
};

class AttemptStore {
 public:
  virtual ~AttemptStore() = default;
  virtual absl::StatusOr<std::optional<Command>> FindCommand(const CommandId& id) const = 0;
  // Attempts of the command, newest first.
  virtual absl::StatusOr<std::vector<Attempt>> ListOf(const CommandId& command) const = 0;
  virtual absl::StatusOr<std::vector<Attempt>> ListOfServer(const ServerId& server,
                                                            int limit) const = 0;  // Newest first.
  virtual absl::StatusOr<std::vector<Attempt>> ListOfServer(const TenantWall& wall,
                                                            const ServerId& server,
                                                            int limit) const = 0;
  virtual absl::StatusOr<std::vector<Attempt>> ListOpen()
      const = 0;  // Of all servers, oldest first: what a restart finds.
  virtual absl::StatusOr<std::vector<Attempt>> ListOpenOf(const ServerId& server) const = 0;

  // FailedPrecondition when the key version or the server is of another zone (invariant 6, by
  // foreign key).
  virtual absl::Status InsertCommand(const Command& command) = 0;
  // AlreadyExists when the server has an open join attempt (invariant 11, by a unique partial
  // index). FailedPrecondition when there is no such server, or of a join no such command for it.
  virtual absl::Status Insert(const Attempt& attempt) = 0;
  // Compare-and-set on attempt.state; writes state, reason, failure and times. attempt.state may
  // equal `from`: then only the others change.
  virtual absl::Status Update(const Attempt& attempt, AttemptState from) = 0;
  // Forgets commands whose expiry lies before `expired_before` and that no open attempt has
  // (invariant 2: expiry + 7 days), and attempts that only read and ended before then; at most `limit`
  // of each, oldest first; 0: all. How many it were, of which there were more.
  virtual absl::StatusOr<int> Prune(absl::Time expired_before, int limit) = 0;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual absl::Status Append(const AuditEvent& event) = 0;  // Sequence and hash are the store's.
  virtual absl::StatusOr<std::vector<AuditEvent>> List(const AuditQuery& query) const = 0;
  // By subject alone, with the other words of AuditQuery.
  absl::StatusOr<std::vector<AuditEvent>> List(const TenantWall& wall, absl::string_view subject,
                                               int64_t before, int limit) const;
  // Those with one of these actions among the `window` events behind a sequence, oldest first.
  virtual absl::StatusOr<std::vector<AuditEvent>> ListBehind(
      int64_t sequence, int window, const std::vector<std::string>& actions) const = 0;
  virtual absl::StatusOr<AuditCheck> Verify() const = 0;  // Reads the whole log.

  // The newest event's link, that of a checkpoint when no event is left, or sequence 0.
  virtual absl::StatusOr<AuditLink> Last() const = 0;
  // The hash of an event; none when it is not there (any more).
  virtual absl::StatusOr<std::optional<std::string>> HashAt(int64_t sequence) const = 0;
  // The newest event before a time; its sequence is 0 when there is none.
  virtual absl::StatusOr<AuditLink> LastBefore(absl::Time time) const = 0;

  // Events of one tenant behind a sequence, oldest first; none of one whom the wall does not admit.
  virtual absl::StatusOr<std::vector<LinkedEvent>> ListLinked(const TenantWall& wall,
                                                              const TenantId& tenant, int64_t after,
                                                              int limit) const = 0;
  // The link of the tenant's chain at its last event that is not behind a sequence: 32 bytes, zeros
  // where the chain has not begun. NotFound when the wall does not admit the tenant.
  virtual absl::StatusOr<std::string> LinkAt(const TenantWall& wall, const TenantId& tenant,
                                             int64_t sequence) const = 0;

  virtual absl::Status AppendHead(const AuditHead& head) = 0;
  virtual absl::StatusOr<std::vector<AuditHead>> ListHeads() const = 0;  // By sequence.
  // Makes at most `limit` events findable by subject without reading them; List finds them in any
  // case. How many it were.
  virtual absl::StatusOr<int> IndexSubjects(int limit) = 0;
  // Deletes at most `limit` events at or before the newest checkpoint, oldest first, and the heads
  // that vouch for nothing else. How many events it were. Events behind it cannot be deleted.
  virtual absl::StatusOr<int> Prune(int limit) = 0;
};

inline absl::StatusOr<std::vector<AuditEvent>> AuditLog::List(const TenantWall& wall,
                                                              absl::string_view subject,
                                                              int64_t before, int limit) const {
  AuditQuery query;
  query.subject = std::string(subject.data(), subject.size());
  query.wall = wall;
  query.before = before;
  query.limit = limit;
  return List(query);
}

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_WORK_STORE_H_
