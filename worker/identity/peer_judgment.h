// Why the orchestrator cannot be talked to, by what it shows in the handshake. A pure decision.
//
//   its certificate, of our CA    this machine's clock    its answer           the reason
//   in date                       -                       refuses ours         E-CLOCK-SKEW
//   not begun, or ended           outside of the dates    -                    E-CLOCK-SKEW
//   of another CA                 -                       -                    `foreign`
#ifndef MUSTER_WORKER_IDENTITY_PEER_JUDGMENT_H_
#define MUSTER_WORKER_IDENTITY_PEER_JUDGMENT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/crypto/tls_look.h"
#include "base/failure.h"

namespace muster::worker {

struct PeerQuestion {
  std::string address;          // For messages.
  std::string ca_bundle_pem;    // What the peer's certificate must descend from.
  std::string certificate_pem;  // Ours, where one was shown.
  absl::Time now;               // By this machine's clock.
  FailureCode foreign;          // The code for a peer of another CA.
};

// None: nothing about it explains a failure.
std::optional<Failure> JudgePeer(const crypto::TlsLook& look, const PeerQuestion& question);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_PEER_JUDGMENT_H_
