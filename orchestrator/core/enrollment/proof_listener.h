// What a hub's list, or a worker's look, says about servers, as the verifier tells it to the
// enrollments, which move server, attempt and target together (invariant 5).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_PROOF_LISTENER_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_PROOF_LISTENER_H_

#include "absl/status/status.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/control.h"
#include "store/model/server.h"

namespace muster::core {

class ProofListener {
 public:
  virtual ~ProofListener() = default;
  // The one way to enrolled (invariant 3).
  virtual absl::Status OnProven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                const store::HubProof& proof) = 0;
  // What the server was proven by is another's, or nobody can tell whose: it is enrolled no more.
  virtual absl::Status OnTakenBack(Turn& turn, const ServerId& server, const Failure& why) = 0;
  // Readings do not show any more what they proved: the server is enrolled no more, until one does.
  virtual absl::Status OnDegraded(Turn& turn, const ServerId& server, const ZoneId& zone,
                                  const Failure& why) = 0;
  // A claim, or a doubt that the worker could not clear, ends without proof: the server has failed.
  virtual absl::Status OnUnproven(Turn& turn, const ServerId& server, const ZoneId& zone,
                                  const Failure& failure) = 0;
  // A doubt that the worker could not clear, and the hub provably has no record: a new join is
  // safe (invariants 8 and 9).
  virtual absl::Status OnAbsent(Turn& turn, const ServerId& server, const ZoneId& zone) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_PROOF_LISTENER_H_
