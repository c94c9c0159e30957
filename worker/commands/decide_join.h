// The decision before a join: from what the service is to what may be done. Pure.
//
//   identity    hub in its files   connected   decision
//   none        any                no          join
//   none        this or none       yes         join (2024 services connect without an identity)
//   none        another            yes         elsewhere
//   stored      this hub           yes         nothing to do
//   stored      this hub           no          rejoin, with the zone's key
//   stored      none               no          join: the identity is a leftover that the hub adopts
//   stored      none               yes         elsewhere: some hub that the files do not name
//   stored      another            any         elsewhere
//
//   elsewhere: refused (E-JOIN-ELSEWHERE), or a takeover where the command allows it.
#ifndef MUSTER_WORKER_COMMANDS_DECIDE_JOIN_H_
#define MUSTER_WORKER_COMMANDS_DECIDE_JOIN_H_

#include <string>

#include "muster/types/v1/facts.pb.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/command.pb.h"

namespace muster::worker {

enum class JoinDecision {
  kNothingToDo,
  kJoin,
  kRejoin,
  kTakeOver,
  kRefuseElsewhere,
  kRefuseZone,  // The command is not of the pinned zone and hub (invariant 6).
};

JoinDecision DecideJoin(const types::v1::ServiceFacts& service, const v1::ZonePin& pin,
                        const v1::Command& command);

// Whether command and pin name the same zone and, however spelled, the same hub.
bool FitsZonePin(const v1::ZonePin& pin, const v1::Command& command);

// Whether the service's files say that it joined this hub.
bool IsJoinedTo(const types::v1::ServiceFacts& service, const std::string& hub_url);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_COMMANDS_DECIDE_JOIN_H_
