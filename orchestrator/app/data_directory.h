// The orchestrator's data directory: made once by `init`, opened by `serve`.
//
//   LOCK          one process at a time                    (base/platform/directory_lock.h)
//   ca/           ca.crt  ca.key (0600)  addresses         the certificate authority
//   master.key    0600; absent when the master key comes from elsewhere (secrets/master_key.h)
//   audit/        key.pem (0600)  heads.log                what vouches for the audit log
//   muster.db     the store; backups/ before migrations
//   operator/     operator.crt  operator.key  ca.crt  address
//                 the first operator, for the CLI; may be moved away
//   listeners/    server.crt  server.key (0600)  addresses: what the listeners show, kept
//   initialized   written last: init, or a restore, was finished
//   last-event    number of the newest audit event              (event_mark.h)
//   last-backup   when and where to the newest backup went      (backup.h)
//   restored      when and of which moment, if it came out of a backup
//
// An init that was cut off is finished by running it again: what it made already is kept.
#ifndef MUSTER_ORCHESTRATOR_APP_DATA_DIRECTORY_H_
#define MUSTER_ORCHESTRATOR_APP_DATA_DIRECTORY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/platform/directory_lock.h"
#include "base/random.h"
#include "base/secret.h"
#include "orchestrator/identity/certificate_authority.h"

namespace muster::app {

struct DataPaths {
  explicit DataPaths(std::string directory) : root(std::move(directory)) {}
  std::string database() const { return root + "/muster.db"; }
  std::string backups() const { return root + "/backups"; }
  std::string master_key() const { return root + "/master.key"; }
  std::string authority(const char* file) const { return root + "/ca/" + file; }
  std::string operators(const char* file) const { return root + "/operator/" + file; }
  std::string audit(const char* file) const { return root + "/audit/" + file; }
  std::string evidence(const char* file) const { return root + "/evidence/" + file; }
  std::string listeners(const std::string& file) const { return root + "/listeners/" + file; }
  std::string marker() const { return root + "/initialized"; }
  std::string admin_socket() const { return root + "/admin.sock"; }
  std::string root;
};

struct InitOptions {
  std::string data_dir;
  // Names and IP addresses by which others reach this orchestrator; the first is handed out. At
  // least one.
  std::vector<std::string> addresses;
  std::string operator_name = "admin";
  std::string admin_address;  // Of the operator directory: "host:port".
};

struct InitReport {
  std::string operator_dir;
  OperatorId operator_id;
  std::string ca_fingerprint;
  std::string evidence_fingerprint;
};

// E-SYSTEM-ALREADY-INITIALIZED, E-SYSTEM-DATA-DIR-BUSY, E-SYSTEM-DATA-DIR (it holds something else,
// or cannot be written), E-SYSTEM-CA and E-KEY-MASTER for what an init that was cut off left.
// Blocks on the disk.
absl::StatusOr<InitReport> InitDataDirectory(const InitOptions& options, const Clock& clock,
                                             Random& random);

// What `serve` needs of it, besides the store.
struct DataDirectory {
  DataPaths paths;
  std::unique_ptr<DirectoryLock> lock;
  identity::CertificateAuthority authority;
  Secret master_key;
  std::vector<std::string> addresses;
};

enum class MasterKey { kNeeded, kNotNeeded };

// Without a need for it the master key is neither looked for nor there.
// E-SYSTEM-NOT-INITIALIZED (also when init was cut off), E-SYSTEM-DATA-DIR-BUSY, E-SYSTEM-DATA-DIR
// (it cannot be used, or others can), E-SYSTEM-CA (damaged, unreadable or expired), E-KEY-MASTER,
// E-STORE-UNUSABLE (the database is gone). Changes nothing.
absl::StatusOr<DataDirectory> OpenDataDirectory(const std::string& directory, const Clock& clock,
                                                Random& random, MasterKey key = MasterKey::kNeeded);

// The certificate authority alone. E-SYSTEM-CA. Blocks on the disk.
absl::StatusOr<identity::CertificateAuthority> LoadAuthority(const DataPaths& paths,
                                                             const Clock& clock, Random& random);

// The addresses that init was given, or an operator edited since. E-SYSTEM-CA. Blocks on the disk.
absl::StatusOr<std::vector<std::string>> LoadAddresses(const DataPaths& paths);

// Replaces the file in one step; mode 0600. Also for the port file and operator/address.
absl::Status ReplaceFile(const std::string& path, absl::string_view content);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DATA_DIRECTORY_H_
