// Who answers at an address: dials, shakes hands without judging what it is shown, and tells what
// was seen. For diagnoses after a connection has failed; nothing is sent over it.
#ifndef MUSTER_BASE_CRYPTO_TLS_LOOK_H_
#define MUSTER_BASE_CRYPTO_TLS_LOOK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/crypto/certificate.h"
#include "base/secret.h"

namespace muster::crypto {

// TLS alerts that speak of dates (RFC 8446, section 6).
inline constexpr int kAlertBadCertificate = 42;
inline constexpr int kAlertCertificateExpired = 45;

struct TlsLook {
  std::vector<Certificate> chain;  // What the peer showed, leaf first; empty: nothing.
  int alert = 0;                   // By which the peer ended the handshake; 0: it did not.
  // The handshake was complete, and the peer ended the connection in order and without another
  // word: it likely does not take the certificate that it was shown. Not every peer says so by an
  // alert. A connection that is reset, as by a firewall or a listener that is full, says nothing of
  // that.
  bool ended = false;
};

struct TlsLookOptions {
  std::string address;      // "host:port"
  std::string server_name;  // For SNI.
  // Shown when the peer asks for them; both empty: nothing is.
  std::string certificate_pem;
  Secret private_key_pem;
  absl::Duration timeout = absl::Seconds(3);  // Of each of the three steps.
};

// Blocks up to three times the timeout. Unavailable when nobody answers there.
absl::StatusOr<TlsLook> LookAtTlsPeer(const TlsLookOptions& options);

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_TLS_LOOK_H_
