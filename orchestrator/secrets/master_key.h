// The master key seals every secret in the database and is itself never there (invariant 7).
//
//   order   place                                             written as
//   1       systemd credential muster-master-key              base64 of 32 bytes, or the bytes
//           (in $CREDENTIALS_DIRECTORY)
//   2       environment variable MUSTER_MASTER_KEY            base64 of 32 bytes
//   3       a file, mode 0600; `init` makes it                base64 of 32 bytes, or the bytes
//
// The first place that holds something counts: a wrong key there is an error, not a reason to look
// further.
#ifndef MUSTER_ORCHESTRATOR_SECRETS_MASTER_KEY_H_
#define MUSTER_ORCHESTRATOR_SECRETS_MASTER_KEY_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/random.h"
#include "base/secret.h"

namespace muster::secrets {

inline constexpr char kMasterKeyVariable[] = "MUSTER_MASTER_KEY";
inline constexpr char kMasterKeyCredential[] = "muster-master-key";

struct MasterKeyPlaces {
  std::string file;  // Empty: there is none.
  // Looks a variable of the environment up. Null: this process's environment.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

struct MasterKey {
  Secret bytes;        // 32 of them.
  std::string source;  // "file /var/lib/muster/master.key", for the log.
};

// Blocks for the disk. E-KEY-MASTER, saying which place was looked at and what is wrong with it:
// none holds a key, the file is open to others, or what is there is no key.
absl::StatusOr<MasterKey> LoadMasterKey(const MasterKeyPlaces& places);

// Makes a new key and writes it to `file`, which only its owner can read. AlreadyExists when the
// file is there: a master key is never overwritten, for all that it sealed would be lost.
absl::Status CreateMasterKeyFile(const std::string& file, Random& random);

}  // namespace muster::secrets

#endif  // MUSTER_ORCHESTRATOR_SECRETS_MASTER_KEY_H_
