// Proof that what a worker talks to is this machine's Certify service (invariant 13): an
// unprivileged user who puts files into the service's folder, or listens on its port before it,
// gets no joining key.
//
//   trusted are   root (on Windows LocalSystem, Administrators, TrustedInstaller), the account this
//                 worker runs as, the service's account, and the one that the zone pin names
//                 (docs/decisions/zone-pins.md)
//
//   folder   exists; it and all that leads to it belong to the trusted, and nobody else can make
//            or replace names there
//   files    plain, no links, belong to the trusted, and nobody else can write to them
//   peer     who accepted the connection, or listens on its port while it is not accepted yet; on
//            Windows its program is a file as above, too
#ifndef MUSTER_WORKER_PLATFORM_SERVICE_TRUST_H_
#define MUSTER_WORKER_PLATFORM_SERVICE_TRUST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/http/tcp_transport.h"
#include "worker/platform/process.h"

namespace muster::worker {

// Thread-safe. All of it blocks on the disk and on local tables only, never on a pipe's other end.
// E-SERVICE-UNTRUSTED says what was found; transport errors (transport_error.h) mean that the
// connection is gone.
class ServiceTrust {
 public:
  virtual ~ServiceTrust() = default;
  // From now on `account`, a name or a number, is believed as well; empty: none. Which addresses
  // are connected to is no matter of trust, and not changed by it (service/loopback.h).
  virtual void SetZoneAccount(const std::string& account) = 0;
  // E-SERVICE-MISSING: there is no such folder. E-SERVICE-ACCESS-DENIED: it cannot be looked at.
  virtual absl::Status CheckFolder(const std::string& folder) = 0;
  // The whole file `name` of a checked folder, at most 1 MiB; none when there is no such file.
  virtual absl::StatusOr<std::optional<std::string>> ReadFile(const std::string& folder,
                                                              const std::string& name) = 0;
  // That `program`, a full path, is a plain file that only the trusted can change.
  virtual absl::Status CheckProgram(const std::string& program) = 0;
  // That the other end of this process's connection is held by the trusted.
  virtual absl::Status CheckPeer(const http::TcpEnds& ends) = 0;
  // The same of process `pid`, which holds `what` ("what serves …").
  virtual absl::Status CheckProcess(uint32_t pid, const std::string& what) = 0;
};

struct ServiceTrustOptions {
  // The service's account, as a name or a number; empty: ask.
  std::string account;
  // Asked when something belongs to neither root nor this worker's account: the service's account;
  // empty when it is not known. May block for seconds. Null: not asked.
  std::function<std::string()> ask_account;
};

// The operating system's.
std::unique_ptr<ServiceTrust> SystemServiceTrust(ServiceTrustOptions options);

// The account that the service manager runs `unit` as, a name or a number; empty when it does not
// tell, or when it is root. Blocks for seconds at most.
std::string ServiceAccountOf(ProcessRunner& runner, const std::string& unit);

// Where the machine keeps names and addresses of hosts: "/etc/hosts".
std::string HostsFile();

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_SERVICE_TRUST_H_
