// Bootstrap tokens, worker certificates, operators. See store.h.
#ifndef MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_
#define MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/model/identity.h"

namespace muster::store {

class TokenStore {
 public:
  virtual ~TokenStore() = default;
  virtual absl::StatusOr<std::optional<BootstrapToken>> Find(const TokenId& id) const = 0;
  virtual absl::StatusOr<std::optional<BootstrapToken>> FindByHash(
      absl::string_view secret_hash) const = 0;
  virtual absl::StatusOr<std::optional<BootstrapToken>> FindByRequestId(
      absl::string_view request_id) const = 0;
  virtual absl::StatusOr<std::vector<BootstrapToken>> List(
      const ZoneId& zone) const = 0;  // Empty zone: all. Newest first.
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
  // How many active, unconfirmed certificates a token has paid for since `since`: uses that are
  // promised but not counted yet. Nothing is promised to a rejected server.
  virtual absl::StatusOr<int> CountUnconfirmed(const TokenId& token, absl::Time since) const = 0;
  // Admitted servers whose newest active certificate ends before `before`: workers that did not
  // renew in time. Reads the whole table.
  virtual absl::StatusOr<int> CountEnding(absl::Time before) const = 0;
  virtual absl::Status Insert(const WorkerCertificate& certificate) = 0;
  virtual absl::Status Confirm(const CertificateId& id) = 0;
  virtual absl::Status SetState(const CertificateId& id, CertificateState from,
                                CertificateState to) = 0;
  // Forgets at most `limit` certificates that ended before that time, but never the newest of a
  // server. How many it were.
  virtual absl::StatusOr<int> Prune(absl::Time expired_before, int limit) = 0;
};

class OperatorStore {
 public:
  virtual ~OperatorStore() = default;
  virtual absl::StatusOr<std::optional<Operator>> Find(const OperatorId& id) const = 0;
  virtual absl::StatusOr<std::vector<Operator>> List() const = 0;
  virtual absl::Status Insert(const Operator& op) = 0;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_INTERFACE_IDENTITY_STORE_H_
