// The named pipe on which a Certify service of Windows may publish its API instead of a port
// (certify.md 1.1): HTTP with the host "localhost", over \\.\pipe\certify-service.
#ifndef MUSTER_WORKER_PLATFORM_SERVICE_PIPE_H_
#define MUSTER_WORKER_PLATFORM_SERVICE_PIPE_H_

#include <memory>
#include <string>

#include "base/http/transport.h"
#include "worker/platform/service_trust.h"

namespace muster::worker {

// "\\.\pipe\certify-service".
std::string DefaultServicePipe();

// Connects to that pipe whatever the URL's host is, and only when the process at its other end is
// trusted: anybody can make a pipe of a name that is free. The other end learns who this process is
// and cannot act as it. `trust` outlives the result. Null where there are no such pipes.
std::unique_ptr<http::Transport> ServicePipeTransport(ServiceTrust& trust, std::string pipe);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_SERVICE_PIPE_H_
