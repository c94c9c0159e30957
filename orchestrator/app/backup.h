// Backups of a data directory: one tar file, made while the orchestrator runs or not.
//
//   manifest.json   first; format, time, versions, and of each file below: bytes and SHA-256
//   muster.db       a consistent copy by SQLite's own means: never a copy of the live file
//   ca/…            certificate authority, with its private key: keep the file as you keep that
//   audit/…         the key and the book of the audit log's heads
//   evidence/…      the key that signs evidence packs
//   operator/…      the first operator's files, where they still are
//   master.key      only when asked for: with it the file opens every joining key inside
//
// Every backup is read again, compared with its manifest and checked like a database that is
// started, audit chain included, before it gets its name.
#ifndef MUSTER_ORCHESTRATOR_APP_BACKUP_H_
#define MUSTER_ORCHESTRATOR_APP_BACKUP_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"

namespace muster::app {

// What a backup, or a data directory, turned out to be.
struct BackupFacts {
  absl::Time time;  // Of the backup; now, for a data directory.
  std::string muster_version;
  int schema_version = 0;
  int64_t audit_events = 0;
  int64_t bytes = 0;  // Of the backup file; of the database, for a data directory.
  bool has_master_key = false;
};

struct BackupOptions {
  std::string data_dir;
  std::string
      file;  // Must not exist; its folder must. Twice the database's size is used meanwhile.
  bool with_master_key = false;
};
// E-BACKUP-FILE (it exists, or cannot be written), E-SYSTEM-NOT-INITIALIZED, E-STORE-… and
// E-SYSTEM-CA for a source that is damaged: no backup is left behind then. Leaves a note for
// LastBackup in the data directory. Blocks.
absl::StatusOr<BackupFacts> MakeBackup(const BackupOptions& options, const Clock& clock,
                                       Random& random);

// Reads the whole file, with the folder for temporary files as its place to unpack. E-BACKUP-DAMAGED,
// E-BACKUP-FILE (it cannot be read), E-STORE-NEWER, E-SYSTEM-CA. Blocks.
absl::StatusOr<BackupFacts> CheckBackup(const std::string& file, const Clock& clock,
                                        Random& random);
// A data directory that no process works in, read only: what `serve` would need, the whole
// database, the audit chain, and the master key. Errors as OpenDataDirectory, E-STORE-CORRUPT,
// E-STORE-NEWER, E-KEY-UNSEALABLE. Blocks.
absl::StatusOr<BackupFacts> CheckDataDirectory(const std::string& directory, const Clock& clock,
                                               Random& random);

struct RestoreOptions {
  std::string file;
  std::string data_dir;         // Must not exist, or be empty.
  std::string master_key_file;  // Empty: in the backup, or where `serve` would look for it.
};
struct RestoreReport {
  BackupFacts backup;
  std::string generation;        // Names the restored life, in the audit log too.
  bool master_key_kept = false;  // It stands in the data directory now.
};
// All or nothing: E-BACKUP-RESTORE-INTO (the data directory holds something), E-BACKUP-DAMAGED,
// E-BACKUP-FILE, E-KEY-MASTER (give the key), E-KEY-UNSEALABLE (it is another one),
// E-STORE-NEWER. Blocks.
absl::StatusOr<RestoreReport> RestoreBackup(const RestoreOptions& options, const Clock& clock,
                                            Random& random);

struct BackupNote {
  absl::Time time;
  std::string file;
};
// The newest backup that was made of this data directory; empty when there is none.
std::optional<BackupNote> LastBackup(const std::string& data_dir);

struct RestoreNote {
  absl::Time time;         // Of the restore.
  absl::Time backup_time;  // What came later is not known here.
  std::string generation;
};
// Whether this data directory came out of a backup.
std::optional<RestoreNote> RestoredFrom(const std::string& data_dir);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_BACKUP_H_
