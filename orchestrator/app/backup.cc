#include "orchestrator/app/backup.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/archive/tar_file.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/private_file.h"
#include "base/sql/database.h"
#include "base/status_macros.h"
#include "orchestrator/app/backup_content.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/master_key_check.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "store/sqlite/notification_store.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/zone_store.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSmallFileBytes = 64 << 20;  // The book of audit heads only grows.

absl::Status BackupFileFailure(absl::string_view what) {
  return FailureStatus(FailureCode::kBackupFile, what);
}

BackupFacts FactsOf(const BackupManifest& manifest) {
  return {.time = manifest.time,
          .muster_version = manifest.muster_version,
          .schema_version = manifest.schema_version,
          .audit_events = manifest.audit_events,
          .has_master_key = manifest.files.contains(kMasterKeyName)};
}

// Names of the small files to keep, as they stand in the backup.
absl::StatusOr<std::vector<std::string>> SmallFiles(const DataPaths& paths, bool with_master_key) {
  std::vector<std::string> names;
  for (const char* folder : {"ca", "operator", "audit", "evidence"}) {
    std::error_code error;
    for (fs::directory_iterator at(absl::StrCat(paths.root, "/", folder), error), end;
         !error && at != end; at.increment(error)) {
      const std::string name = absl::StrCat(folder, "/", at->path().filename().string());
      std::error_code ignored;
      if (!IsBackupName(name) || absl::EndsWith(name, ".new")) continue;
      if (at->is_regular_file(ignored)) names.push_back(name);
    }
    // The operator's files may have been moved away; the authority's must be there.
    if (error && absl::string_view(folder) == "ca") {
      return FailureStatus(FailureCode::kSystemAuthority,
                           absl::StrCat("cannot look into ", paths.root, "/ca: ", error.message()));
    }
  }
  if (with_master_key) names.push_back(kMasterKeyName);
  return names;
}

// The database as it is now, alone in one file, checked.
absl::StatusOr<DatabaseFacts> CopyDatabase(const DataPaths& paths, const std::string& copy) {
  {
    auto source = sql::Database::Open({.path = paths.database(), .read_only = true});
    if (!source.ok()) return EnsureCode(source.status(), FailureCode::kStoreUnusable);
    const absl::Status copied = (*source)->BackupTo(copy);
    if (!copied.ok()) return BackupFileFailure(copied.message());
  }
  {
    const auto alone = sql::Database::Open({.path = copy, .wal = false});
    if (!alone.ok()) return BackupFileFailure(alone.status().message());
    const absl::Status closed = (*alone)->Exec("PRAGMA journal_mode=DELETE");
    if (!closed.ok()) return BackupFileFailure(closed.message());
  }
  return CheckDatabase(copy);
}

absl::Status WriteTar(const std::string& file, const BackupManifest& manifest,
                      const std::map<std::string, std::string>& small,
                      const std::string& database) {
  ASSIGN_OR_RETURN(const auto tar, archive::TarWriter::Create(file));
  RETURN_IF_ERROR(tar->AddBytes(kManifestName, FormatManifest(manifest), manifest.time));
  for (const auto& [name, content] : small) {
    RETURN_IF_ERROR(tar->AddBytes(name, content, manifest.time));
  }
  RETURN_IF_ERROR(tar->AddFile(kDatabaseName, database, manifest.time));
  return tar->Close();
}

// A note is for `muster system status` and doctor; a backup without it is as good.
void LeaveNote(const DataPaths& paths, const std::string& file, absl::Time time) {
  std::error_code error;
  const auto whole = fs::absolute(file, error);
  const nlohmann::json note = {
      {"time", absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone())},
      {"file", error ? file : whole.string()}};
  (void)ReplaceFile(paths.root + "/last-backup",
                    note.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

absl::StatusOr<BackupFacts> MakeInFolder(const BackupOptions& options, const DataPaths& paths,
                                         const PrivateFolder& folder, const Clock& clock,
                                         Random& random) {
  BackupManifest manifest{.time = clock.Now(), .muster_version = MUSTER_VERSION};
  RETURN_IF_ERROR(LoadAuthority(paths, clock, random).status());
  ASSIGN_OR_RETURN(const auto names, SmallFiles(paths, options.with_master_key));
  std::map<std::string, std::string> small;
  for (const std::string& name : names) {
    auto content =
        ReadPrivateFile(absl::StrCat(paths.root, "/", name), FileReach::kAny, kMostSmallFileBytes);
    if (!content.ok()) {
      return EnsureCode(content.status(), name == kMasterKeyName ? FailureCode::kKeyMaster
                                                                 : FailureCode::kSystemDataDir);
    }
    small[name] = std::string(content->Reveal());
    crypto::Sha256Stream hash;
    hash.Add(small[name]);
    manifest.files[name] = {static_cast<int64_t>(small[name].size()), hash.FinishHex()};
  }
  const std::string database = folder / kDatabaseName;
  ASSIGN_OR_RETURN(const DatabaseFacts facts, CopyDatabase(paths, database));
  manifest.schema_version = facts.schema_version;
  manifest.audit_events = facts.audit_events;
  auto hashed = HashFile(database);
  if (!hashed.ok()) return BackupFileFailure(hashed.status().message());
  manifest.files[kDatabaseName] = *std::move(hashed);

  const std::string tar = folder / "backup.tar";
  const absl::Status written = WriteTar(tar, manifest, small, database);
  if (!written.ok()) return BackupFileFailure(written.message());
  // Read once more: what the disk gives back is what counts.
  const PrivateFolder again(folder / "again");
  if (!again.status().ok()) return BackupFileFailure(again.status().message());
  std::error_code error;
  fs::remove(database, error);  // Its place is needed once only.
  ASSIGN_OR_RETURN(const BackupManifest read, ExtractBackup(tar, again.path()));
  BackupFacts made = FactsOf(read);
  made.bytes = static_cast<int64_t>(fs::file_size(tar, error));
  std::error_code ignored;
  fs::create_hard_link(tar, options.file, error);  // Unlike a rename it overwrites nothing.
  if (error) {
    if (fs::exists(options.file, ignored))
      return BackupFileFailure(options.file + " exists already");
    fs::rename(tar, options.file, error);  // A disk without hard links.
  }
  if (error) return BackupFileFailure(absl::StrCat(options.file, ": ", error.message()));
  LeaveNote(paths, options.file, manifest.time);
  return made;
}

}  // namespace

absl::StatusOr<BackupFacts> MakeBackup(const BackupOptions& options, const Clock& clock,
                                       Random& random) {
  const DataPaths paths(options.data_dir);
  std::error_code error;
  if (!fs::exists(paths.marker(), error)) {
    return FailureStatus(FailureCode::kSystemNotInitialized,
                         absl::StrCat(paths.root, " is no initialized data directory"));
  }
  if (fs::exists(options.file, error)) return BackupFileFailure(options.file + " exists already");
  const PrivateFolder folder(options.file + ".making");
  if (!folder.status().ok()) {
    return BackupFileFailure(absl::StrCat(
        folder.status().message(), "; a backup that was cut off leaves it, and it may be removed"));
  }
  return MakeInFolder(options, paths, folder, clock, random);
}

absl::StatusOr<BackupFacts> CheckBackup(const std::string& file, const Clock& clock,
                                        Random& random) {
  std::error_code error;
  const auto temporary = fs::temp_directory_path(error);
  if (error) return BackupFileFailure(absl::StrCat("no temporary folder: ", error.message()));
  const PrivateFolder folder(absl::StrCat(temporary.string(), "/muster-check-", random.Base32(12)));
  if (!folder.status().ok()) return BackupFileFailure(folder.status().message());
  ASSIGN_OR_RETURN(const BackupManifest manifest, ExtractBackup(file, folder.path()));
  RETURN_IF_ERROR(CheckDatabase(folder / kDatabaseName).status());
  RETURN_IF_ERROR(LoadAuthority(DataPaths(folder.path()), clock, random).status());
  BackupFacts facts = FactsOf(manifest);
  facts.bytes = static_cast<int64_t>(fs::file_size(file, error));
  return facts;
}

absl::StatusOr<BackupFacts> CheckDataDirectory(const std::string& directory, const Clock& clock,
                                               Random& random) {
  ASSIGN_OR_RETURN(DataDirectory opened, OpenDataDirectory(directory, clock, random));
  const std::string database = opened.paths.database();
  ASSIGN_OR_RETURN(const DatabaseFacts facts, CheckDatabase(database));
  if (facts.schema_version == static_cast<int>(store::Migrations().size())) {
    ASSIGN_OR_RETURN(const auto vault,
                     secrets::SealedKeyVault::Create(std::move(opened.master_key), random));
    ASSIGN_OR_RETURN(const auto db, sql::Database::Open({.path = database, .read_only = true}));
    RETURN_IF_ERROR(
        CheckMasterKey(store::SqliteZoneStore(*db), store::SqliteNotificationStore(*db), *vault));
  }
  std::error_code error;
  return BackupFacts{.time = clock.Now(),
                     .muster_version = MUSTER_VERSION,
                     .schema_version = facts.schema_version,
                     .audit_events = facts.audit_events,
                     .bytes = static_cast<int64_t>(fs::file_size(database, error)),
                     .has_master_key = fs::exists(opened.paths.master_key(), error)};
}

}  // namespace muster::app
