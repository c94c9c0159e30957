// A trust zone: one hub, its verifier credentials and the versions of its joining key. Secrets are
// sealed bytes here and everywhere below the key vault; the zone id and key version are bound to
// them as associated data (invariant 6).
#ifndef MUSTER_STORE_MODEL_ZONE_H_
#define MUSTER_STORE_MODEL_ZONE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::store {

// Opaque ciphertext; safe to store, useless without the master key.
struct Sealed {
  std::string bytes;
  bool empty() const { return bytes.empty(); }
  friend bool operator==(const Sealed&, const Sealed&) = default;
};

// How the orchestrator reads the hub's list.
struct Verifier {
  VerifierKind kind = VerifierKind::kNone;
  std::string principal;    // Client id or user name.
  Sealed secret;            // Client secret or password.
  std::string fingerprint;  // Of the secret, by the vault; empty: sealed before there were any.
};

inline constexpr absl::Duration kDefaultVerifyWithin = absl::Hours(24);
inline constexpr absl::Duration kDefaultDisconnectPatience = absl::Hours(1);

// When a zone is swept: a cron line in a time zone, or every so often; none of these: the default.
struct SweepPlan {
  std::string schedule;
  std::string time_zone;  // As the IANA names it; empty: UTC.
  absl::Duration every;
  bool off = false;
  bool ask_workers = true;  // Before the hub is read: what their services say.
  friend bool operator==(const SweepPlan&, const SweepPlan&) = default;
};

struct Zone {
  ZoneId id;
  TenantId tenant_id;
  std::string display_name;
  std::string hub_url;     // As http::CanonicalAddress.
  std::string hub_ca_pem;  // Empty: the system's trust anchors.
  int max_concurrent_joins = 50;
  bool allow_cli_join = false;
  std::string service_account;  // Believed to be the service's besides root; empty: none.
  Verifier verifier;
  // A proof that is older proves nothing any more (invariant 9).
  absl::Duration verify_within = kDefaultVerifyWithin;
  // How long a server that was proven may be disconnected before it is enrolled no more.
  absl::Duration disconnect_patience = kDefaultDisconnectPatience;
  SweepPlan sweep;
  // Of the pin that ties workers to hub_url, allow_cli_join and service_account. Rises with each
  // change of these, by the time it was made, so that a pin made after a restored backup is newer
  // than all before.
  int64_t pin_version = 1;
  absl::Time create_time;
};

struct JoiningKeyVersion {
  KeyVersionId id;
  ZoneId zone_id;
  int version = 0;  // 1, 2, … inside the zone.
  KeyVersionState state = KeyVersionState::kActive;
  std::string client_id;
  Sealed secret;
  std::string fingerprint;  // As Verifier::fingerprint.
  absl::Time create_time;
  std::optional<absl::Time> expire_time;  // When the hub stops taking it, as was said; none: never.
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_ZONE_H_
