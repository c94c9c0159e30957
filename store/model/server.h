// A server of the inventory: three independent facts (admission, contact, enrollment), what its
// worker knows, what it claims, and what the hub confirmed.
#ifndef MUSTER_STORE_MODEL_SERVER_H_
#define MUSTER_STORE_MODEL_SERVER_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/foreign_text.h"
#include "base/ids.h"
#include "store/model/states.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

using Labels = std::map<std::string, std::string>;

// As muster.types.v1.MachineFacts.
struct MachineFacts {
  ForeignText machine_name;
  ForeignText os;
  ForeignText os_version;
  ForeignText architecture;
  ForeignText worker_version;
  ForeignText machine_id_hash;
  friend bool operator==(const MachineFacts&, const MachineFacts&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const MachineFacts& f) {
    return H::combine(std::move(h), f.machine_name, f.os, f.os_version, f.architecture,
                      f.worker_version, f.machine_id_hash);
  }
};

// As muster.types.v1.ServiceFacts.
struct ServiceFacts {
  ServicePresence presence = ServicePresence::kUnknown;
  ForeignText endpoint;
  ForeignText version;
  HubInstanceId hub_instance_id;
  ForeignText hub_url;
  bool hub_connected = false;
  ForeignText internal_instance_id;
  friend bool operator==(const ServiceFacts&, const ServiceFacts&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ServiceFacts& f) {
    return H::combine(std::move(h), f.presence, f.endpoint, f.version, f.hub_instance_id, f.hub_url,
                      f.hub_connected, f.internal_instance_id);
  }
};

// What the worker says that it did, until the hub confirms or denies it (invariant 3).
struct Claim {
  HubInstanceId hub_instance_id;     // Empty when the service did not say (2025).
  ForeignText internal_instance_id;  // Empty when unknown.
  ForeignText machine_name;
  absl::Time join_start_time;  // Orchestrator's clock: when the attempt was sent.
  absl::Time verify_deadline;  // Unproven after this is a failure.
};

// What the hub's list said when it last proved this server.
struct HubProof {
  HubInstanceId hub_instance_id;
  MatchKind match = MatchKind::kHubId;
  // When the hub proved it last: of an enrolled server that is not questioned at least the zone's
  // last confirmation (ZoneStore::Confirm).
  absl::Time verified_time;
  absl::Time reported_time;  // dateLastReported at the proof: the hub's clock.
  // What the record was called, and which service was behind it; empty: not known.
  ForeignText title;
  ForeignText internal_instance_id;
  // Since when whole readings do not show what was proven; none: the last one did.
  std::optional<absl::Time> questioned_time;
};

struct Server {
  ServerId id;
  TenantId tenant_id;
  ZoneId zone_id;
  std::string name;  // Unique in its zone, compared by FoldName (base/names.h).
  Labels labels;
  Admission admission = Admission::kRegistered;
  std::optional<absl::Time> admission_time;  // When it changed last, as far as is known.
  Enrollment enrollment = Enrollment::kNotEnrolled;
  std::optional<Failure> failure;  // Why enrollment is failed, in_doubt or degraded.
  MachineFacts machine;
  ServiceFacts service;
  std::optional<Claim> claim;
  std::optional<HubProof> proof;
  std::optional<absl::Time> last_contact_time;  // When the last session began or ended.
  absl::Time create_time;
};

// What the plan of a rollout needs of a server.
struct ServerState {
  ServerId id;
  ZoneId zone_id;
  std::string name;
  Admission admission = Admission::kRegistered;
  Enrollment enrollment = Enrollment::kNotEnrolled;
  std::optional<FailureCode> failure;  // Why enrollment is failed, in_doubt or degraded.
};

// Which servers; all given parts must hold.
struct Selection {
  TenantId tenant_id;
  ZoneId zone_id;
  Labels labels;
  std::vector<std::string> names;  // Any may match, by FoldName; a trailing '*' matches a prefix.
};

struct ServerQuery {
  Selection selection;
  TenantWall wall = TenantWall();       // Nothing is found without one.
  std::vector<Enrollment> enrollments;  // Empty: all.
  // Set: beside those, the enrolled whose proof is older at this time than their zone's
  // verify_within.
  std::optional<absl::Time> or_unproven_at;
  RolloutId rollout_id;          // Set: only targets of this rollout.
  bool include_retired = false;  // Else the retired are left out.
  std::string
      after;        // Page cursor: the last row's "zone/name-in-lower-case"; empty: from the start.
  int limit = 200;  // 0: no limit.
};

// The cursor that continues behind this server.
std::string CursorOf(const Server& server);

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_SERVER_H_
