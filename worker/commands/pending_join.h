// The durable note that a join was begun and never answered: the service may still be at it
// (certify.md 6.2: minutes, and longer behind a hub that hangs), and a second join beside it would
// make a second record on the hub (invariant 11).
//
//   Write ─► join ─► an answer, good or bad ─► Clear
//              └──► none (timeout, broken connection, this worker's end): the note stays
//
//   next join, of this or a later process: look. It is over when the service shows an outcome (its
//   files name the hub under a new identity, or it is connected), when the service runs anew, or
//   after kLongestJoin. Until then nothing is joined.
#ifndef MUSTER_WORKER_COMMANDS_PENDING_JOIN_H_
#define MUSTER_WORKER_COMMANDS_PENDING_JOIN_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "muster/types/v1/facts.pb.h"

namespace muster::worker {

// No service is at one join for longer: its own calls to the hub end within minutes each.
inline constexpr absl::Duration kLongestJoin = absl::Minutes(15);

struct PendingJoin {
  std::string hub_url;  // Normalized.
  absl::Time begin_time;
  std::string service_run;      // ServiceControl::RunId() when it began; empty: not known.
  std::string identity_before;  // The service's hub_instance_id then; may be empty.
  std::string hub_before;       // The hub that its files named then; may be empty.
};

// Why the join is over, for the log; none: it may still run. Pure.
std::optional<std::string> WhyOver(const PendingJoin& pending, const types::v1::ServiceFacts& now,
                                   const std::string& service_run, absl::Time time);

// The file that holds the note; empty or missing: nothing is pending. Without a path nothing is
// noted: for load generators, whose services live in their own process. Blocks on the disk.
class PendingJoinNote {
 public:
  explicit PendingJoinNote(std::string path) : path_(std::move(path)) {}
  // Durable when they return OK.
  absl::Status Write(const PendingJoin& pending) const;
  absl::Status Clear() const;
  // A note that cannot be read counts as one that was written now: nothing is known of its join.
  std::optional<PendingJoin> Read(absl::Time now) const;

 private:
  const std::string path_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_PENDING_JOIN_H_
