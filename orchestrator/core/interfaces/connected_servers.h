// Who is connected at this moment.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONNECTED_SERVERS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONNECTED_SERVERS_H_

#include "base/ids.h"

namespace muster::core {

// Thread-safe; does not block.
class ConnectedServers {
 public:
  virtual ~ConnectedServers() = default;
  virtual int Count() const = 0;                               // Open sessions, of all tenants.
  virtual bool IsConnected(const ServerId& server) const = 0;  // A session of it is open.
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_CONNECTED_SERVERS_H_
