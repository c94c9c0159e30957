// An unfinished rollout in memory: its open targets, who of them is ready, how many stand where.
#ifndef MUSTER_ORCHESTRATOR_CORE_ROLLOUT_RUN_H_
#define MUSTER_ORCHESTRATOR_CORE_ROLLOUT_RUN_H_

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/rollout.h"

namespace muster::core {

struct Entry {
  store::Target target;
  bool queued = false;     // In a ready queue, or parked at a pacing bucket.
  absl::Time doubt_since;  // In doubt: since when, as far as this process knows.
  bool holds_slot = true;  // In doubt: not yet forgiven, answered or old.
  bool untold = false;     // In flight, and no audit event says so: the next one does.
};

struct Run {
  store::Rollout rollout;
  store::TargetCounts counts;
  int max_concurrency = 1;
  int max_failures = 0;
  int max_in_doubt = 0;
  // Targets that are not final; addresses are stable.
  std::unordered_map<ServerId, Entry, absl::Hash<ServerId>> entries;
  std::map<ZoneId, std::deque<ServerId>> ready;  // Connected, idle and due.
  std::set<ZoneId> held;      // Zones whose queues were held when last looked at.
  std::set<ServerId> doubts;  // Targets in doubt.
  int forgiven_doubts = 0;    // Of these.
  int slots_in_doubt = 0;     // Slots that these hold.
  // Waiting targets are taken up in pages: out of the plan that this process made, in its order, or
  // else (it was made before a restart) out of the store.
  std::vector<store::Target> planned;
  size_t planned_taken = 0;
  std::string cursor;
  std::set<ServerId> decided;  // Of the plan: became final before their page came.
  bool loaded = false;
  // At the deadline, or when canceled, what still waits is swept out, a page a turn.
  bool expired = false;
  bool canceling = false;
  bool overdue = false;  // What was under way then is awaited no more.
  bool sweep_built = false;
  std::vector<ServerId> sweep;

  bool ending() const { return expired || canceling; }
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_RUN_H_
