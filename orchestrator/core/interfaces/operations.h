// What operators and bootstrapping machines ask for, as the core hears it. The admin and bootstrap
// services (orchestrator/rpc) call it after they authorized the caller; the core validates,
// decides, writes and audits. Thread-safe, returns at once; `done` runs on the control strand after
// the commit, so it must only hand the answer over. Errors are Status with an E-… code
// (base/failure.h).
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "base/secret.h"
#include "store/model/identity.h"
#include "store/model/rollout.h"
#include "store/model/server.h"
#include "store/model/zone.h"

namespace muster::core {

template <typename T>
using Answer = absl::AnyInvocable<void(absl::StatusOr<T>)>;

// Who asks, for the audit log and the tenants' wall.
struct Actor {
  std::string name;                       // "operator:opr-…", "system"
  std::vector<TenantId> visible_tenants;  // Empty: all.
};

// ---- inventory ----
struct JoiningKeyInput {
  std::string client_id;
  Secret secret;
};
struct VerifierInput {
  store::VerifierKind kind = store::VerifierKind::kNone;
  std::string principal;
  Secret secret;
};
struct ZoneInput {
  std::string slug;
  std::string display_name;
  std::string hub_url;
  std::string hub_ca_pem;
  int max_concurrent_joins = 0;  // 0: the default.
  bool allow_cli_join = false;
  std::optional<JoiningKeyInput> joining_key;  // Absent: keep.
  std::optional<VerifierInput> verifier;       // Absent: keep.
};
struct TenantInput {
  TenantId id;
  std::string display_name;
  std::vector<ZoneInput> zones;
};
struct ServerInput {
  int line = 0;
  TenantId tenant_id;
  std::string zone_slug;
  std::string name;
  store::Labels labels;
};
struct RowProblem {
  int line = 0;
  std::string reason;
};
struct ImportOutcome {
  int created = 0;
  int updated = 0;
  int unchanged = 0;
  std::vector<RowProblem> problems;
};

// ---- identity ----
struct TokenInput {
  ZoneId zone_id;
  absl::Duration ttl = absl::Hours(24);
  int max_uses = 1;
  std::vector<std::string> server_names;
  store::TokenMode mode = store::TokenMode::kAuto;
  std::string request_id;
  std::string secret_hash;  // Hex SHA-256; the caller made the secret and keeps it to itself.
};
struct CreatedToken {
  store::BootstrapToken token;
  bool repeated = false;  // The request id had been used: this is the token made then.
};
struct BootstrapRequest {
  std::string secret_hash;
  std::string server_name;
  std::string address;
  std::string public_key_hash;
  store::MachineFacts machine;
};
struct BootstrapGrant {
  ServerId server_id;
  TokenId token_id;
  store::Zone zone;
  bool admitted = true;
};

// ---- rollouts and verification ----
struct RolloutInput {
  store::CommandKind kind = store::CommandKind::kJoin;
  store::Selection selection;
  std::string max_concurrency;  // Empty: the default.
  std::string max_failures;
  std::string max_in_doubt;
  absl::Duration deadline = absl::Hours(24);
  bool allow_takeover = false;
  std::string request_id;
};
struct ZoneVerification {
  ZoneId zone_id;
  enum class State { kCompleted, kPartial, kFailed } state = State::kFailed;
  int instances = 0;
  int confirmed = 0;
  std::optional<Failure> failure;
};

class Operations {
 public:
  virtual ~Operations() = default;

  // All or nothing; answers one line per change. Secrets are sealed before the first write.
  virtual void ApplyFleet(Actor actor, std::vector<TenantInput> fleet, bool dry_run,
                          Answer<std::vector<std::string>> done) = 0;
  virtual void SetJoiningKey(Actor actor, ZoneId zone, JoiningKeyInput key,
                             Answer<store::Zone> done) = 0;
  virtual void ImportServers(Actor actor, std::vector<ServerInput> rows, bool partial, bool dry_run,
                             Answer<ImportOutcome> done) = 0;
  virtual void EvictServer(Actor actor, ServerId server, std::string reason,
                           Answer<store::Server> done) = 0;
  virtual void AdmitServer(Actor actor, ServerId server, Answer<store::Server> done) = 0;

  virtual void CreateToken(Actor actor, TokenInput input, Answer<CreatedToken> done) = 0;
  virtual void RevokeToken(Actor actor, TokenId token, Answer<store::BootstrapToken> done) = 0;
  // First step of a bootstrap: is this token good for this machine? A refusal is recorded. Nothing
  // is consumed.
  virtual void Bootstrap(BootstrapRequest request, Answer<BootstrapGrant> done) = 0;
  // Second step, after the certificate was made, and also for renewals: it is on record before the
  // worker gets it.
  virtual void RecordCertificate(store::WorkerCertificate certificate,
                                 Answer<store::WorkerCertificate> done) = 0;

  virtual void CreateRollout(Actor actor, RolloutInput input, Answer<store::Rollout> done) = 0;
  virtual void PauseRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) = 0;
  virtual void ResumeRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) = 0;
  virtual void CancelRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) = 0;

  // Reads the hubs of these zones now (one poll each, shared with polls under way) and settles what
  // they prove.
  virtual void Verify(Actor actor, std::vector<ZoneId> zones,
                      Answer<std::vector<ZoneVerification>> done) = 0;
};

// Told, after the commit, that a rollout or one of its targets changed. Called on the strand; must
// not block.
class RolloutWatch {
 public:
  virtual ~RolloutWatch() = default;
  virtual void RolloutChanged(const RolloutId& rollout) = 0;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_OPERATIONS_H_
