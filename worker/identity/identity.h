// Who this worker is: the key it made, the certificate it got for it, and the zone it is pinned to.
#ifndef MUSTER_WORKER_IDENTITY_IDENTITY_H_
#define MUSTER_WORKER_IDENTITY_IDENTITY_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/crypto/key.h"
#include "base/failure.h"
#include "base/ids.h"
#include "base/secret.h"
#include "muster/worker/v1/bootstrap.pb.h"

namespace muster::worker {

struct Identity {
  ServerId server_id;
  v1::ZonePin zone_pin;
  std::string session_address;  // "host:port"
  bool admitted = false;        // As of the enrollment; for messages to people.
  std::string certificate_pem;
  std::string ca_bundle_pem;
  Secret private_key_pem;

  Identity Clone() const;
};

// Whether a certificate is for this key, descends from `ca_bundle_pem`, is valid at `now`, and
// names this server of this zone (muster://<tenant>/<zone>/<server-id>). E-CERT-FOREIGN says what
// is wrong.
absl::Status CheckCertificate(const std::string& certificate_pem, const std::string& ca_bundle_pem,
                              const crypto::PublicKey& key, const std::string& zone_id,
                              const ServerId& server_id, absl::Time now);

// What is wrong with a certificate by its dates: E-CERT-EXPIRED after them, E-CLOCK-SKEW before
// them (it was made with a day's leeway, so this machine's clock is behind); nothing in between.
std::optional<Failure> ProblemByDates(const std::string& certificate_pem, absl::Time now);

// When a certificate is due for renewal: two thirds of its life. InfinitePast if it is not
// readable.
absl::Time RenewalTime(const std::string& certificate_pem);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_IDENTITY_IDENTITY_H_
