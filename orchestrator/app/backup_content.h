// What stands in a backup file, and how it is judged. For the sources of backup.h alone.
#ifndef MUSTER_ORCHESTRATOR_APP_BACKUP_CONTENT_H_
#define MUSTER_ORCHESTRATOR_APP_BACKUP_CONTENT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::app {

inline constexpr char kManifestName[] = "manifest.json";
inline constexpr char kDatabaseName[] = "muster.db";
inline constexpr char kMasterKeyName[] = "master.key";

struct BackupManifest {
  struct File {
    int64_t bytes = 0;
    std::string sha256;  // Hex.
  };
  absl::Time time;
  std::string muster_version;
  int schema_version = 0;
  int64_t audit_events = 0;
  std::map<std::string, File> files;  // By name; only names that IsBackupName.
};

// Whether a backup may hold a file of this name: nothing leads out of the data directory.
bool IsBackupName(absl::string_view name);
std::string FormatManifest(const BackupManifest& manifest);
// E-BACKUP-DAMAGED, also for the format of a newer Muster, which it names.
absl::StatusOr<BackupManifest> ParseManifest(absl::string_view text);

// Reads a backup against its manifest and writes its files below `folder`, which exists, each for
// its owner alone. E-BACKUP-DAMAGED, E-BACKUP-FILE, or E-SYSTEM-DATA-DIR when `folder` cannot be
// written.
absl::StatusOr<BackupManifest> ExtractBackup(const std::string& file, const std::string& folder);

struct DatabaseFacts {
  int schema_version = 0;
  int64_t audit_events = 0;
};
// The whole database, read only: structure, references, audit chain, and whether this program may
// open it. E-STORE-CORRUPT, E-STORE-NEWER, E-STORE-UNUSABLE. Blocks.
absl::StatusOr<DatabaseFacts> CheckDatabase(const std::string& path);

// The file's bytes and hash. Unavailable when it cannot be read.
absl::StatusOr<BackupManifest::File> HashFile(const std::string& path);

// A folder of its own for its lifetime, that only the owner reaches. `path` must not exist.
class PrivateFolder {
 public:
  explicit PrivateFolder(std::string path);
  ~PrivateFolder();  // Removes it with all in it, unless it was moved away.
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const absl::Status& status() const { return status_; }  // Why it could not be made.
  const std::string& path() const { return path_; }
  std::string operator/(absl::string_view name) const;

 private:
  const std::string path_;
  absl::Status status_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_BACKUP_CONTENT_H_
