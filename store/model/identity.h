// Who may come in: bootstrap tokens, worker certificates, operators.
#ifndef MUSTER_STORE_MODEL_IDENTITY_H_
#define MUSTER_STORE_MODEL_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::store {

enum class TokenMode { kAuto, kPending };

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
  std::string request_id;                 // Empty: none.
  absl::Time create_time;
  absl::Time expire_time;
};

struct TokenRefusal {
  TokenId token_id;  // Empty when the token is unknown.
  absl::Time time;
  std::string address;
  std::string server_name;
  FailureCode code;
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
};

enum class OperatorRole { kViewer, kOperator, kTenantAdmin, kProviderAdmin };

struct Operator {
  OperatorId id;
  std::string name;
  OperatorRole role = OperatorRole::kViewer;
  std::vector<TenantId> tenants;  // Empty with provider_admin: all.
  std::string public_key_hash;    // Of the operator's certificate.
  bool disabled = false;
  absl::Time create_time;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_IDENTITY_H_
