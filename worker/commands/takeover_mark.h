// The durable note that a takeover began and its restart is still due.
//
// A service that changes hubs keeps its connection to the old one until it is restarted, and its
// hub/status does not say which hub that is (certify.md 1.4, 3.4). A worker that dies between join
// and restart would find a service whose files name the new hub and that says "connected": nothing
// visible tells that the restart is missing. This note does, and by the service's run at that time
// it knows a restart that somebody else made.
//
//   Set ─► join ─► restart ─► Clear      found set: the next look, or the next join, restarts
//                                        found set, the service runs anew: nothing is due any more
#ifndef MUSTER_WORKER_COMMANDS_TAKEOVER_MARK_H_
#define MUSTER_WORKER_COMMANDS_TAKEOVER_MARK_H_

#include <string>

#include "absl/status/status.h"

namespace muster::worker {

// A file that holds the hub's address and, on a second line, the service's run; empty or missing:
// nothing is due. Blocks on the disk.
class TakeoverMark {
 public:
  TakeoverMark(std::string path, const std::string& hub_url);
  // `service_run` is ServiceControl::RunId() before the join; empty: not known. Durable when it
  // returns OK.
  absl::Status Set(const std::string& service_run) const;
  absl::Status Clear() const;
  // For this hub: what a worker of another zone left says nothing.
  bool IsSet() const;
  // For whichever hub it is set, normalized; empty: it is not set.
  std::string MarkedHub() const;
  // Whether the service is known to run anew since Set.
  bool RestartedSince(const std::string& service_run) const;

 private:
  std::string path_;
  std::string hub_url_;  // Normalized.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_TAKEOVER_MARK_H_
