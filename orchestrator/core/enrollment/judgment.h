// What a reading of the hub, or its absence, says about one server that waits for proof. Pure.
//
//   waits with    the hub's list                       the worker's look            judgment
//   claim, doubt  matched, connected, reported since,  -                            proven
//                 and it is the server's to have
//   claim         its deadline has passed              -                            unproven
//   doubt         two whole lists without it           -                            absent
//   doubt         cannot tell                          joined to its hub            as a claim
//   doubt         cannot tell                          joined elsewhere, not joined unproven
//   doubt         cannot tell                          none yet                     wait
//
// Of a doubt nothing is concluded but presence until nothing of the join can run any more: the
// worker has answered, and `quiet` has passed (invariants 8, 9 and 11).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_JUDGMENT_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_JUDGMENT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/enrollment/matcher.h"
#include "orchestrator/core/enrollment/record_claim.h"
#include "orchestrator/core/hubs/hub_reading.h"
#include "orchestrator/core/options.h"
#include "store/model/server.h"

namespace muster::core {

// What the local service said of itself, as the worker reported it.
enum class Look { kNone, kNotJoined, kJoinedHere, kJoinedElsewhere };
Look LookOf(const store::ServiceFacts& service, const std::string& hub_url);

// A server that waits for the hub's word.
struct AwaitedProof {
  ServerId server_id;
  ZoneId zone_id;
  store::Claim claim;
  bool doubt = false;     // in_doubt, else joined_unverified.
  bool answered = false;  // With doubt: the worker cannot clear it; absence counts.
  // With doubt: from then on nothing of the join can run any more.
  absl::Time quiet = absl::InfinitePast();
  // When the join began, as a clock says that has run evenly since: what the hub's dates are
  // compared with. Set for each judgment (Turn::AgeOf).
  absl::Time began = absl::InfinitePast();
  // `quiet` as that clock says it; set for each judgment, too.
  absl::Time over = absl::InfiniteFuture();
  // The claim's verify deadline, moved on by the time that the hub was left alone (PutOff).
  absl::Time deadline = absl::InfinitePast();
  // The join began in an earlier process: its date may be of a clock that was set since.
  bool recovered = false;
  Look look = Look::kNone;  // Since the doubt began.
  std::string elsewhere;    // With kJoinedElsewhere: that hub.
  // When the first whole list without it began, of those that count.
  std::optional<absl::Time> absent_since;
};

struct Judgment {
  enum class Verdict { kWait, kProven, kUnproven, kAbsent } verdict = Verdict::kWait;
  Match match;                     // With kProven.
  std::optional<Failure> failure;  // With kUnproven.
  bool tied = false;               // With kUnproven: nobody has the record.
};

// Whether it decides anything who has the record of `match`: it proves, or the time is up.
bool ContestMatters(const AwaitedProof& proof, const HubReading& reading, const Match& match,
                    const VerifyOptions& options, absl::Time now);
// `match` is of the list of `reading`, `contest` is about its record. `taken` says of a record
// without a name that it is another server's. Remembers a first absence in `proof`.
Judgment JudgeReading(AwaitedProof& proof, const HubReading& reading, const Match& match,
                      const Contest& contest, const TakenByAnother& taken,
                      const VerifyOptions& options, absl::Time now);
// The hub may be asked (again) from `askable` on: the time before does not count, so that no deadline
// runs out while nobody may ask; for a doubt up to unread_doubt_patience.
void PutOff(AwaitedProof& proof, absl::Time askable, const VerifyOptions& options);
// The hub could not be read; `failure` says why. It is left alone until `again`: nobody fails for
// that (PutOff).
Judgment JudgeUnread(AwaitedProof& proof, const Failure& failure, absl::Time again,
                     const VerifyOptions& options, absl::Time now);
// When the hub should be read next for this server, after a reading that left it waiting.
absl::Time NextLook(const AwaitedProof& proof, bool failed, const VerifyOptions& options,
                    absl::Time now);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_JUDGMENT_H_
