// Which zone pin a worker believes (docs/decisions/zone-pins.md).
//
//   offered pin is          decision
//   of another zone         kOtherZone    never taken; the worker leaves and tries again later
//   the same                kSame
//   of a lower version      kOlder        kept: pins never roll back
//   newer, signature good   kNewer        taken
//   otherwise               kUnsigned     kept: the orchestrator does not vouch for it
#ifndef MUSTER_WORKER_IDENTITY_ZONE_PIN_H_
#define MUSTER_WORKER_IDENTITY_ZONE_PIN_H_

#include <string>

#include "muster/worker/v1/bootstrap.pb.h"

namespace muster::worker {

enum class PinDecision { kSame, kNewer, kOlder, kUnsigned, kOtherZone };

// `ca_bundle_pem`: the anchors of the worker's sessions; the signature may be of any of them.
PinDecision JudgePin(const v1::ZonePin& held, const v1::ZonePin& offered,
                     const std::string& ca_bundle_pem);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_ZONE_PIN_H_
