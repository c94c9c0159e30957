// Zone pins on their way out and in: signed by our authority, and believed only with its signature.
#ifndef MUSTER_ORCHESTRATOR_RPC_WORKER_ZONE_PINS_H_
#define MUSTER_ORCHESTRATOR_RPC_WORKER_ZONE_PINS_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::rpc {

// Thread-safe. A fleet that comes back asks for the same few pins: each is signed once.
class ZonePins {
 public:
  // `authority` outlives it; null: pins go out unsigned and none is believed (tests).
  explicit ZonePins(const identity::CertificateAuthority* authority) : authority_(authority) {}

  muster::worker::v1::ZonePin Signed(const core::ZonePin& pin);
  // What a worker says it holds; nothing unless our authority signed it.
  std::optional<core::ZonePin> Believed(const muster::worker::v1::ZonePin& pin) const;

 private:
  const identity::CertificateAuthority* const authority_;
  Mutex mu_;
  // By zone: what was signed last, and its signature.
  absl::flat_hash_map<std::string, std::pair<std::string, std::string>> last_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_WORKER_ZONE_PINS_H_
