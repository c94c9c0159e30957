// What the door gives up before it lets anybody in (docs/security.md, "The door").
#ifndef MUSTER_ORCHESTRATOR_APP_DOOR_WALLS_H_
#define MUSTER_ORCHESTRATOR_APP_DOOR_WALLS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"

namespace muster::app {

struct DoorWalls {
  std::string user;  // To become when it is root; empty: stay who it is.
  int files = 1024;  // That it may have open.
  pid_t parent = 0;  // Ends with it.
};

// Before threads start: no core dumps, nobody may look into its memory, no new rights, another
// user, few files, little of the processors; ends when its parent's thread does. FailedPrecondition
// when it is root and cannot become the user, or when the parent is gone.
absl::Status BuildDoorWalls(const DoorWalls& walls);

// Once all that must be opened is open: from now on no thread opens files, sockets or programs,
// or sends signals to other processes. A system call that is not on the list fails with EPERM.
// Unimplemented where the system has no seccomp.
absl::Status CloseSystemCalls();

// Ends the process with exit code kDoorGrown, at once and with a line on standard error, when it
// has `bytes` more in memory than now; the system refuses it memory beyond a quarter more.
inline constexpr int kDoorGrown = 6;
class MemoryWatch {
 public:
  static std::unique_ptr<MemoryWatch> Start(int64_t bytes);
  virtual ~MemoryWatch() = default;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DOOR_WALLS_H_
