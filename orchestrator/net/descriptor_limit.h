// How many files and sockets this process may have open.
#ifndef MUSTER_ORCHESTRATOR_NET_DESCRIPTOR_LIMIT_H_
#define MUSTER_ORCHESTRATOR_NET_DESCRIPTOR_LIMIT_H_

#include <cstdint>

namespace muster::net {

// Raises the soft limit to the hard one, which needs no rights. Returns what holds from then on.
int64_t RaiseDescriptorLimit();
// What holds now.
int64_t DescriptorLimit();
// How many are open; 0 when the system does not say. Reads a directory.
int64_t OpenDescriptors();

}  // namespace muster::net

#endif  // MUSTER_ORCHESTRATOR_NET_DESCRIPTOR_LIMIT_H_
