// What a machine says of itself is foreign text: a host name or an os-release of any bytes must not
// make a message that the orchestrator cannot read.
#ifndef MUSTER_WORKER_PLATFORM_CLEAN_FACTS_H_
#define MUSTER_WORKER_PLATFORM_CLEAN_FACTS_H_

#include "muster/types/v1/facts.pb.h"

namespace muster::worker {

// Each text on one line, valid UTF-8, bounded; bytes that are none become '?'.
types::v1::MachineFacts CleanFacts(types::v1::MachineFacts facts);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_CLEAN_FACTS_H_
