// What one reading shows that is otherwise than it should be: what findings are made of.
#ifndef MUSTER_ORCHESTRATOR_CORE_SWEEP_SIGHTING_H_
#define MUSTER_ORCHESTRATOR_CORE_SWEEP_SIGHTING_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/model/server.h"
#include "store/model/states.h"

namespace muster::core {

// The subject of what is found of a zone's hub itself.
inline constexpr char kTheHub[] = "hub";

// Its join is under way, or waits for proof: what is seen of it is in motion.
inline bool IsBeingJoined(const store::Server& server) {
  switch (server.enrollment) {
    case store::Enrollment::kQueued:
    case store::Enrollment::kJoining:
    case store::Enrollment::kJoinedUnverified:
    case store::Enrollment::kInDoubt:
      return true;
    default:
      return false;
  }
}

struct Sighting {
  store::FindingKind kind = store::FindingKind::kMissing;
  std::string subject;   // As store::Finding::subject.
  ServerId server;       // Empty: none of the inventory.
  HubInstanceId record;  // Empty: none.
  std::string evidence;
  bool lasts = true;  // Else it is only suspected, however often it is seen.
};

struct Sightings {
  std::vector<Sighting> all;
  std::map<store::FindingKind, int> counts;
  std::set<ServerId> disagreeing;  // Whose service says otherwise than the hub, asked just now.
  // Kinds of which there are more than anybody reads: of these nothing is concluded from absence.
  std::set<store::FindingKind> cut_off;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_SWEEP_SIGHTING_H_
