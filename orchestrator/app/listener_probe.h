// Asks a listener for its health as a client from outside would: a new connection, TLS, one call. A
// listener that no longer accepts, or whose certificate nobody takes, shows here and nowhere else.
#ifndef MUSTER_ORCHESTRATOR_APP_LISTENER_PROBE_H_
#define MUSTER_ORCHESTRATOR_APP_LISTENER_PROBE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::app {

// Whom the probe's certificate names. It is on no record: it may ask for the health of a listener.
inline constexpr char kProbeOperator[] = "opr-health-probe";

enum class ProbeDoor { kMutualTls, kTls, kLocalSocket };

// Where this machine reaches a listener on `listen` ("0.0.0.0:0", "[::]:8443", "unix:PATH") whose
// port turned out to be `port`.
std::string AddressToProbe(absl::string_view listen, int port);

// OK when it answers at all, serving or not. Blocks, at most for `timeout`.
absl::Status ProbeListener(const std::string& address, ProbeDoor door,
                           const identity::CertificateAuthority& authority, absl::Duration timeout);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_LISTENER_PROBE_H_
