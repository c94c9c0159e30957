// Registering servers, letting them in and putting them out.
#ifndef MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_
#define MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ids.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/interfaces/control.h"
#include "orchestrator/core/interfaces/server_operations.h"
#include "store/model/server.h"

namespace muster::core {

class Dispatcher;
class Enrollments;
class LookAlikes;
class ServerChange;
class Verifier;

// On the strand only.
class Servers final : public ServerOperations {
 public:
  // `dispatcher` ends the sessions of those who are put out, `verifier` forgets those who are taken
  // out, `enrollments` ends doubts and takes records back.
  Servers(OrderedIds& ids, Dispatcher& dispatcher, Verifier& verifier, Enrollments& enrollments,
          LookAlikes& look_alikes)
      : ids_(ids),
        dispatcher_(dispatcher),
        verifier_(verifier),
        enrollments_(enrollments),
        look_alikes_(look_alikes) {}

  absl::StatusOr<ImportOutcome> Import(Turn& turn, const Actor& actor,
                                       const std::vector<ServerInput>& rows, bool partial,
                                       bool dry_run) override;
  absl::StatusOr<store::Server> Evict(Turn& turn, const Actor& actor, const ServerId& server,
                                      const std::string& reason) override;
  absl::StatusOr<store::Server> Admit(Turn& turn, const Actor& actor, const ServerId& server,
                                      const std::string& key_fingerprint) override;
  absl::StatusOr<store::Server> Change(Turn& turn, const Actor& actor, const ServerId& server,
                                       const ServerAction& action) override;
  absl::StatusOr<store::Server> Settle(Turn& turn, const Actor& actor, const ServerId& server,
                                       const Settlement& settlement) override;
  absl::StatusOr<store::Server> ReleaseRecord(Turn& turn, const Actor& actor,
                                              const ServerId& server,
                                              const std::string& reason) override;
  absl::StatusOr<store::Server> CureClone(Turn& turn, const Actor& actor, const ServerId& server,
                                          const CloneChoice& choice) override;

 private:
  OrderedIds& ids_;
  Dispatcher& dispatcher_;
  Verifier& verifier_;
  Enrollments& enrollments_;
  LookAlikes& look_alikes_;
};

// All of them, with which all keys that the server ever had are out.
absl::Status RevokeCertificates(Turn& turn, ServerChange& change, const ServerId& server);

// The server, if the actor may see it; else E-INVENTORY-SERVER.
absl::StatusOr<store::Server> GetVisibleServer(Turn& turn, const Actor& actor,
                                               const ServerId& server);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INVENTORY_SERVERS_H_
