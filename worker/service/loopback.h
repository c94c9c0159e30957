// How the worker reaches the local Certify service: over loopback addresses, and only to a listener
// that is proven to be the service's (invariant 13). What serviceconfig.json says changes nothing
// in that. No name server is asked: what a name means here stands on this machine.
#ifndef MUSTER_WORKER_SERVICE_LOOPBACK_H_
#define MUSTER_WORKER_SERVICE_LOOPBACK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/http/tcp_transport.h"
#include "worker/platform/service_trust.h"

namespace muster::worker {

// The loopback addresses of `host` (as http::Url::host), as numbers. An address stands for itself,
// localhost for 127.0.0.1 and ::1; another name for what `hosts`, the text of a hosts file, gives
// it. E-SERVICE-UNTRUSTED, saying where the host leads, when none of them is a loopback one. Pure.
absl::StatusOr<std::vector<std::string>> LoopbackAddresses(const std::string& host,
                                                           absl::string_view hosts);

// `trust` outlives what is returned. `hosts_file`: see HostsFile (platform/service_trust.h).
http::TcpTransport::Options ProvenLoopback(ServiceTrust& trust, std::string hosts_file);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_LOOPBACK_H_
