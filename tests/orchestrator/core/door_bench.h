// A core at whose doors the test stands: it shows tokens and opens sessions with what it likes.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CORE_DOOR_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_CORE_DOOR_BENCH_H_

#include <string>
#include <utility>
#include <vector>

#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {

class DoorBench : public CoreBench {
 protected:
  DoorBench() { Build(0); }

  // A machine called `name`, with that key and machine id, shows the token with the given hash.
  absl::StatusOr<BootstrapGrant> Show(const std::string& hash, const std::string& name,
                                      const std::string& key, const std::string& machine = "") {
    BootstrapRequest request;
    request.secret_hash = hash;
    request.server_name = name;
    request.address = "10.9.9.9";
    request.public_key_hash = key;
    request.machine.machine_id_hash = machine;
    return Ask<BootstrapGrant>([&](auto done) {
      operations().admission.Call(&AdmissionOperations::Bootstrap, std::move(done), request);
    });
  }
  // A session of the server, with a certificate whose key is "key of …".
  SessionOpening OpeningOf(const ServerId& server, const ZoneId& zone,
                           const std::string& certificate) {
    SessionOpening opening;
    opening.session = next_session_++;
    opening.certificate_id = CertificateId(certificate);
    opening.zone_id = zone;
    opening.tenant_id = TenantOf(zone);
    opening.server_id = server;
    opening.address = "10.9.9.9";
    opening.public_key_hash = "key of " + certificate;
    opening.not_before = world_->clock().Now();
    opening.not_after = world_->clock().Now() + absl::Hours(24 * 30);
    return opening;
  }
  absl::StatusOr<SessionGrant> AskToOpen(const SessionOpening& opening) {
    return Ask<SessionGrant>(
        [&](auto done) { world_->worker_events().OpenSession(opening, std::move(done)); });
  }

  store::Server ServerOf(const ServerId& id) { return **world_->Read()->servers().Find(id); }
  std::vector<FailureCode> Observed(const ServerId& id) {
    std::vector<FailureCode> codes;
    const std::vector<store::Observation> all = *world_->Read()->observations().ListOf(id);
    for (const store::Observation& observation : all) codes.push_back(observation.code);
    return codes;
  }

  SessionId next_session_ = 1000;
};

}  // namespace muster::core

#endif  // MUSTER_TESTS_ORCHESTRATOR_CORE_DOOR_BENCH_H_
