// The files of an operator directory, as they are made: the private key is made here and stays here.
//
//   KeepOperatorKey ─► operator.key ─► certificate request ─► orchestrator
//                                              operator.crt  ca.crt  address ◄─┘  InstallCredentials
//
// A key is never overwritten, a certificate only by another one for the same key. A renewal with a new
// key writes both beside the old ones and renames them; one that was cut off between the two is
// finished by whoever opens the directory next (FinishNewKey).
#ifndef MUSTER_ORCHESTRATOR_CLI_OPERATOR_FILES_H_
#define MUSTER_ORCHESTRATOR_CLI_OPERATOR_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/crypto/key.h"

namespace muster::cli {

// The key in the directory, made now if there is none, as the directory is: both for their owner
// alone. InvalidArgument when they cannot be made or the key cannot be read.
absl::StatusOr<crypto::PrivateKey> KeepOperatorKey(const std::string& directory);
// As above for a directory of a new operator: InvalidArgument when a certificate is there already.
absl::StatusOr<crypto::PrivateKey> KeepNewOperatorKey(const std::string& directory);

// PEM of a certificate request. Its name is a placeholder: the orchestrator chooses.
absl::StatusOr<std::string> MakeRequest(const crypto::PrivateKey& key);

struct CredentialFiles {
  std::string certificate_pem;
  std::string ca_bundle_pem;
  std::string address;  // Empty: what is there stays.
};
// Writes them. InvalidArgument when a key or a certificate with another key is there, or when the
// disk or the directory does not let them be written.
absl::Status InstallCredentials(const std::string& directory, const CredentialFiles& files);

// A new key beside the one in use, taking the place of one that was never used.
absl::StatusOr<crypto::PrivateKey> MakeNextKey(const std::string& directory);
// The certificate of that key arrived: both take the place of those in use, and the trust anchors
// that came along of those that were there.
absl::Status InstallNextKey(const std::string& directory, const CredentialFiles& files);
// Finishes an InstallNextKey that was cut off; false when there is nothing to finish.
bool FinishNewKey(const std::string& directory);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_OPERATOR_FILES_H_
