// The door: the process that machines without a certificate talk to. Started by DoorKeeper, with
// `muster-orchestrator door`, which is no command for people.
//
//   its end of a socket pair and the listening sockets are there ─► Setup ─► walls ─► gRPC server
//     ─► no more system calls than needed ─► accept ─► Ask, Answer, Ask, … ─► Drain, or the
//     orchestrator is gone
#ifndef MUSTER_ORCHESTRATOR_APP_DOOR_PROCESS_H_
#define MUSTER_ORCHESTRATOR_APP_DOOR_PROCESS_H_

#include <sys/types.h>

#include "orchestrator/app/traffic_limits.h"

namespace muster::app {

// Where the inherited descriptors are.
inline constexpr int kDoorPipe = 3;
inline constexpr int kDoorFirstListener = 4;

// Without an answer yet; the orchestrator takes some more, and ends a door that asks more than that.
inline constexpr int kMostQuestionsOfDoor = 96;

struct DoorArguments {
  pid_t parent = 0;
  int listeners = 0;  // How many sockets that listen it inherited.
};

// Blocks until the end; the process's exit code. Call it before any thread was started.
int RunDoor(const DoorArguments& arguments);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DOOR_PROCESS_H_
