// A certificate authority for the bare phase: keys and certificates of the kind that the product
// makes (ECDSA P-256, one name in the URI SAN), so that both phases shake hands over the same
// bytes.
#ifndef MUSTER_TESTS_BENCH_LOAD_CERTIFICATES_H_
#define MUSTER_TESTS_BENCH_LOAD_CERTIFICATES_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/crypto/certificate.h"
#include "base/crypto/key.h"

namespace muster::bench {

inline constexpr char kBareServerName[] = "muster-orchestrator";

struct PemPair {
  std::string certificate;
  std::string key;
};

class BareAuthority {
 public:
  static absl::StatusOr<BareAuthority> Create();
  std::string ca_pem() const { return certificate_.ToPem(); }
  absl::StatusOr<PemPair> IssueServer() const;
  absl::StatusOr<PemPair> IssueWorker(int number) const;

 private:
  BareAuthority(crypto::PrivateKey key, crypto::Certificate certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}
  crypto::PrivateKey key_;
  crypto::Certificate certificate_;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_CERTIFICATES_H_
