// Which record of a hub's list is a given server, and what that record proves. Pure
// (certify.md 4.6).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_MATCHER_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_MATCHER_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/hubs/hub_index.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "store/model/states.h"

namespace muster::core {

// What is known of the server: each part may be empty.
struct MatchSubject {
  HubInstanceId hub_instance_id;
  std::string internal_instance_id;
  std::string machine_name;
};

struct Match {
  // kTaken: one record, and it is known to be another server's.
  enum class Kind { kNone, kOne, kTaken, kSeveral } kind = Kind::kNone;
  const HubInstance* instance = nullptr;  // With kOne and kTaken.
  store::MatchKind by = store::MatchKind::kHubId;
};

// Says whether a record is known to be another server's.
using TakenByAnother = std::function<bool(const HubInstanceId&)>;

// The hub-assigned id, else the internal id, else a unique machine name. The name is asked only
// when the hub id is unknown; it does not match a record whose internal id is known to differ, nor
// one that belongs to another server. Whether what fits is really the server's, record_claim.h says.
class Matcher {
 public:
  Matcher(const HubIndex& index, const TakenByAnother& taken) : index_(index), taken_(taken) {}
  Match Find(const MatchSubject& subject) const;

 private:
  Match ByHubId(const MatchSubject& subject) const;
  Match ByInternalId(const MatchSubject& subject) const;
  Match ByName(const MatchSubject& subject) const;
  Match One(int position, store::MatchKind by) const;

  const HubIndex& index_;
  const TakenByAnother& taken_;
};

struct ProofRule {
  std::optional<absl::Time>
      join_start;  // Our clock; none: nobody joined, being connected is enough.
  absl::Duration clock_tolerance = absl::Seconds(2);
  absl::Duration fresh_report = absl::Seconds(90);
  absl::Time now;  // When the list was read; our clock.
};

// Enrolled = connected and reported after the join began; the hub's clock is corrected by the
// list's offset. Where the list does not say who is connected (public route), a record that has
// connected before (it has a title) and reported within fresh_report counts as connected.
bool ProvesEnrollment(const HubInstance& instance, const HubList& list, const ProofRule& rule);

// When a join can have left a record without a name, by our clock, and whose service it was.
struct GhostRule {
  absl::Time since;
  absl::Time until = absl::InfiniteFuture();
  std::string internal_instance_id;  // Empty: not known.
  absl::Duration clock_tolerance;
};

// Whether the list holds a record that never connected, carries no name, was registered in that time
// or at an unknown one, is of no service that is known to be another, and belongs to nobody known:
// it may be what a join with a lost answer left behind, so the absence of a named record proves
// nothing (certify.md 1.6, 3).
bool HasAnonymousRecord(const HubList& list, const GhostRule& rule, const TakenByAnother& taken);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_MATCHER_H_
