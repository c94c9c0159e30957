// What the orchestrator and its door say to each other (proto/muster/door/v1), as plain values.
#ifndef MUSTER_ORCHESTRATOR_APP_DOOR_MESSAGES_H_
#define MUSTER_ORCHESTRATOR_APP_DOOR_MESSAGES_H_

#include "muster/door/v1/door.pb.h"
#include "orchestrator/net/connection_gate.h"

namespace muster::app {

muster::door::v1::Limits ToProto(const net::GateLimits& limits);
net::GateLimits FromProto(const muster::door::v1::Limits& limits);
muster::door::v1::Counts ToProto(const net::GateCounts& counts);
// Negative numbers, and more reasons than there are, are none.
net::GateCounts FromProto(const muster::door::v1::Counts& counts);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DOOR_MESSAGES_H_
