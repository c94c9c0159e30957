// Bootstrap tokens, worker certificates, operators and their requests. See store.h.
#ifndef MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_
#define MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/model/identity.h"
#include "store/model/tenant_wall.h"

namespace muster::store {

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  virtual absl::StatusOr<std::optional<BootstrapToken>> Find(const TokenId& id) const = 0;
  virtual absl::StatusOr<std::optional<BootstrapToken>> FindByHash(
      absl::string_view secret_hash) const = 0;
  virtual absl::StatusOr<std::optional<BootstrapToken>> Find(const TenantWall& wall,
                                                             const TokenId& id) const = 0;
  // Newest first. Empty zone: of all that the wall admits.
  virtual absl::StatusOr<std::vector<BootstrapToken>> List(const TenantWall& wall,
                                                           const ZoneId& zone) const = 0;
  virtual absl::Status Insert(const BootstrapToken& token) = 0;
  // Counts one use if any is left; an active token becomes exhausted with the last. An expired one
  // keeps its promises: what was issued before may still be counted. FailedPrecondition when none
  // is left, or it is revoked or locked.
  virtual absl::Status Consume(const TokenId& id) = 0;
  virtual absl::Status SetState(const TokenId& id, TokenState from,
                                TokenState to) = 0;  // Aborted unless in `from`.
  virtual absl::Status AddRefusal(const TokenRefusal& refusal) = 0;
  // Newest first; empty id: of all tokens, and of no known one. Only the newest 10,000 are kept.
  virtual absl::StatusOr<std::vector<TokenRefusal>> ListRefusals(const TokenId& id,
                                                                 int limit) const = 0;
  // Of one token, newest first.
  virtual absl::StatusOr<std::vector<TokenRefusal>> ListRefusals(const TenantWall& wall,
                                                                 const TokenId& id,
                                                                 int limit) const = 0;
  // Forgets at most `limit` refusals from before that time. How many it were.
  virtual absl::StatusOr<int> PruneRefusals(absl::Time before, int limit) = 0;
  // Forgets at most `limit` tokens that expired before that time and that no certificate names. How
  // many it were.
  virtual absl::StatusOr<int> Prune(absl::Time expired_before, int limit) = 0;
};

class CertificateStore {
 public:
  virtual ~CertificateStore() = default;
  virtual absl::StatusOr<std::optional<WorkerCertificate>> Find(const CertificateId& id) const = 0;
  virtual absl::StatusOr<std::vector<WorkerCertificate>> ListOf(
      const ServerId& server) const = 0;  // Newest first.
  virtual absl::StatusOr<std::vector<WorkerCertificate>> ListOf(const TenantWall& wall,
                                                                const ServerId& server) const = 0;
  // How many servers have active, unconfirmed certificates that a token has paid for since `since`
  // and that have not ended by `now`: uses that are promised but not counted yet. Nothing is
  // promised to a rejected server.
  virtual absl::StatusOr<int> CountUnconfirmed(const TokenId& token, absl::Time since,
                                               absl::Time now) const = 0;
  // Of the certificates of the server's zone that wait for their first session, when the newest was
  // made, by the dates that stand in the records. None: none waits.
  virtual absl::StatusOr<std::optional<absl::Time>> NewestWaitingTime(const ZoneId& zone) const = 0;
  // Whether some server's certificate with this key was revoked.
  virtual absl::StatusOr<bool> IsRevokedKey(absl::string_view public_key_hash) const = 0;
  // Admitted servers whose newest active certificate ends before `before`: workers that did not
  // renew in time. Reads the whole table.
  virtual absl::StatusOr<int> CountEnding(absl::Time before) const = 0;
  // The same as figures: of those certificates, how many have ended by `now`, how many others end
  // before `before`, and the next end after `now`.
  struct Endings {
    int ended = 0;
    int ending = 0;
    std::optional<absl::Time> next;
  };
  virtual absl::StatusOr<Endings> LookAtEndings(absl::Time now, absl::Time before) const = 0;
  virtual absl::Status Insert(const WorkerCertificate& certificate) = 0;
  virtual absl::Status Confirm(const CertificateId& id) = 0;
  // An operator let its key in.
  virtual absl::Status SetAdmitted(const CertificateId& id) = 0;
  virtual absl::Status SetState(const CertificateId& id, CertificateState from,
                                CertificateState to) = 0;
  // Forgets at most `limit` certificates that ended before that time, but never the newest of a
  // server, nor a revoked one: its key stays out as long as the server is known. How many it were.
  virtual absl::StatusOr<int> Prune(absl::Time expired_before, int limit) = 0;
};

class OperatorStore {
 public:
  virtual ~OperatorStore() = default;
  virtual absl::StatusOr<std::optional<Operator>> Find(const OperatorId& id) const = 0;
  // The oldest of this name who is not revoked; case does not matter.
  virtual absl::StatusOr<std::optional<Operator>> FindByName(absl::string_view name) const = 0;
  virtual absl::StatusOr<std::vector<Operator>> List() const = 0;  // By name; revoked ones, too.
  // Whom the wall lets see: everybody without a wall; else those who share a tenant with it, and
  // `self`, who may be empty.
  virtual absl::StatusOr<std::vector<Operator>> List(const TenantWall& wall,
                                                     const OperatorId& self) const = 0;
  virtual absl::StatusOr<std::optional<Operator>> Find(const TenantWall& wall,
                                                       const OperatorId& self,
                                                       const OperatorId& id) const = 0;
  // False also for an id that is not on record.
  virtual absl::StatusOr<bool> IsRevoked(const OperatorId& id) const = 0;
  // With tenants and certificates. AlreadyExists when the id is taken; FailedPrecondition when a
  // tenant does not exist, or without a tenant for a role below provider_admin.
  virtual absl::Status Insert(const Operator& op) = 0;
  // A certificate more, in the place of one with the same key. Those with other keys are accepted
  // until `others_until` at the longest; what has ended when this one begins is
  // forgotten. FailedPrecondition when there is no such operator.
  virtual absl::Status PutCertificate(const OperatorId& id, const OperatorCertificate& certificate,
                                      absl::Time others_until) = 0;
  // Aborted when it is revoked already; NotFound.
  virtual absl::Status Revoke(const OperatorId& id, absl::Time time, absl::string_view by,
                              absl::string_view reason) = 0;
  // Forgets at most `limit` operators who were revoked before that time. How many it were.
  virtual absl::StatusOr<int> Prune(absl::Time revoked_before, int limit) = 0;
};

// Whose request: ids of different operators, or for different tenants, have nothing to do with each
// other.
struct RequestKey {
  std::string actor;
  TenantId tenant_id;  // Empty: of no one tenant.
  std::string request_id;
};

// What was made on requests that carried an id, so that asking again makes nothing new.
class RequestStore {
 public:
  struct Made {
    std::string id;     // Of what was made.
    bool same = false;  // By a request of the same content.
  };
  virtual ~RequestStore() = default;
  virtual absl::StatusOr<std::optional<Made>> Find(const RequestKey& key,
                                                   absl::string_view content) const = 0;
  // Keeps the content's digest only. Replaces what the key stood for.
  virtual absl::Status Put(const RequestKey& key, absl::string_view content, absl::string_view made,
                           absl::Time time) = 0;
  // Forgets at most `limit` from before that time. How many it were.
  virtual absl::StatusOr<int> Prune(absl::Time before, int limit) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_
