// The certificate that the listeners show: kept in the data directory over restarts, so that it
// began long before any machine with a slow clock meets it, and renewed while the process runs.
//
//   kept       listeners/server.crt  server.key (0600)  clients.crt (the authority's anchors)
//              listeners/bootstrap.crt  bootstrap.key: what the door holds
//   renewed    in the last third of its life · when the addresses changed · when it is not of the
//              authority any more · when it cannot be read
#ifndef MUSTER_ORCHESTRATOR_APP_LISTENER_CERTIFICATE_H_
#define MUSTER_ORCHESTRATOR_APP_LISTENER_CERTIFICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::app {

struct ListenerCertificateFiles {
  std::string certificate;
  std::string private_key;
  std::string client_ca_bundle;  // The authority's anchors.
  absl::Time not_after;
  bool renewed = false;  // By this call.
};

// The certificate of this name for these addresses, as it was or made now. E-SYSTEM-DATA-DIR when it cannot be
// written. Blocks on the disk.
absl::StatusOr<ListenerCertificateFiles> KeepListenerCertificate(
    const DataPaths& paths, const identity::CertificateAuthority& authority,
    const std::vector<std::string>& addresses, const Clock& clock,
    const std::string& name = "server");

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_LISTENER_CERTIFICATE_H_
