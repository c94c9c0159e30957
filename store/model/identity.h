// Who may come in: bootstrap tokens, worker certificates, operators.
#ifndef MUSTER_STORE_MODEL_IDENTITY_H_
#define MUSTER_STORE_MODEL_IDENTITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::store {

struct BootstrapToken {
  TokenId id;
  TenantId tenant_id;
  ZoneId zone_id;
  std::string secret_hash;  // Lower-case hex SHA-256 of the token's secret text.
  TokenState state = TokenState::kActive;
  TokenMode mode = TokenMode::kAuto;
  int max_uses = 1;
  int uses = 0;                           // Counted when a worker opens its first session.
  std::vector<std::string> server_names;  // Empty: those that the inventory expects in the zone.
  bool any_name = false;                  // Also names that it does not expect.
  absl::Time create_time;
  absl::Time expire_time;
};

struct TokenRefusal {
  TokenId token_id;  // Empty when the token is unknown.
  absl::Time time;
  std::string address;
  std::string server_name;
  FailureCode code;
  int64_t times = 1;  // That it stands for; address, name and code are those of the last.
};

struct WorkerCertificate {
  CertificateId id;  // Serial number, lower-case hex.
  ServerId server_id;
  ZoneId zone_id;
  TokenId token_id;  // The token that paid for it; empty for a renewal.
  CertificateState state = CertificateState::kActive;
  bool confirmed = false;       // A session was opened with it: possession is proven.
  std::string public_key_hash;  // Hex SHA-256 of the SPKI.
  absl::Time not_before;
  absl::Time not_after;
  absl::Time create_time;
  std::string pem;        // Answered again to who asks again; empty: made before it was kept.
  bool admitted = false;  // An operator let in the server with this key.
};

struct OperatorCertificate {
  CertificateId id;             // Serial number; empty: made before it was kept.
  std::string public_key_hash;  // Hex SHA-256 of the SPKI.
  std::string pem;              // Empty: as above.
  absl::Time not_after;  // Accepted until then: its end, or sooner once there is a newer one.
  absl::Time create_time;
};

struct Operator {
  OperatorId id;
  std::string name;  // Whoever sees two of one name, whatever its case, tells them by their ids.
  OperatorRole role = OperatorRole::kViewer;
  std::vector<TenantId> tenants;  // Empty with provider_admin: all. With any other role: nothing.
  std::vector<OperatorCertificate> certificates;  // The newest first.
  std::string created_by;                         // "operator:opr-…", "system"
  absl::Time create_time;
  std::optional<absl::Time> revoke_time;
  std::string revoked_by;
  std::string revoke_reason;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_IDENTITY_H_
