// A way in: a listener of this process, or the door, which is a process of its own.
#ifndef MUSTER_ORCHESTRATOR_APP_ENTRANCE_H_
#define MUSTER_ORCHESTRATOR_APP_ENTRANCE_H_

#include <string>

#include "absl/time/time.h"
#include "orchestrator/net/connection_gate.h"

namespace muster::app {

// All but Stop are thread-safe and do not block.
class Entrance {
 public:
  virtual ~Entrance() = default;  // Stops at once.

  virtual int port() const = 0;  // 0 for a Unix socket.
  virtual const std::string& name() const = 0;
  virtual net::GateCounts counts() const = 0;  // Zeros after Stop.
  virtual const net::GateLimits& limits() const = 0;
  virtual void SetServing(bool serving) = 0;  // Nothing after Drain.
  // The first step of a stop: health says NOT_SERVING for ever, and nobody's Watch of it is waited
  // for.
  virtual void Drain() = 0;
  // Lets nobody in, refuses new calls, waits for open ones until `deadline`, then cancels them.
  // Blocks.
  virtual void Stop(absl::Time deadline) = 0;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_ENTRANCE_H_
