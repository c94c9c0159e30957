// The way back of backup.h: unpacked beside the data directory's place, checked as a start would
// check it, marked, and moved into that place as the last step.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "orchestrator/app/backup.h"
#include "orchestrator/app/backup_content.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/master_key_check.h"
#include "orchestrator/secrets/master_key.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNoteBytes = 64 << 10;
constexpr char kRestoredNote[] = "restored";

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

absl::Status CheckPlace(const std::string& data_dir) {
  std::error_code error;
  const auto kind = fs::symlink_status(data_dir, error).type();
  if (kind == fs::file_type::not_found) return absl::OkStatus();
  if (error || kind != fs::file_type::directory) {
    return FailureStatus(FailureCode::kBackupRestoreInto, data_dir + " is no directory");
  }
  const bool empty = fs::is_empty(data_dir, error);
  if (!error && empty) return absl::OkStatus();
  return FailureStatus(FailureCode::kBackupRestoreInto,
                       error ? absl::StrCat("cannot look into ", data_dir, ": ", error.message())
                             : data_dir + " holds files");
}

// The key that `serve` will find: from the given file alone, or from wherever it looks.
absl::StatusOr<bool> PlaceMasterKey(const RestoreOptions& options, const DataPaths& stage) {
  if (options.master_key_file.empty()) {
    std::error_code error;
    return fs::exists(stage.master_key(), error);
  }
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  ASSIGN_OR_RETURN(const auto key, secrets::LoadMasterKey({options.master_key_file, none}));
  auto content = ReadPrivateFile(options.master_key_file, FileReach::kOwnerOnly, kMostNoteBytes);
  if (!content.ok()) return EnsureCode(content.status(), FailureCode::kKeyMaster);
  RETURN_IF_ERROR(ReplaceFile(stage.master_key(), content->Reveal()));
  return true;
}

// Opens it as a start does, migrations included, and puts the restore on record.
absl::Status MarkDatabase(DataDirectory& directory, const BackupManifest& manifest,
                          const std::string& generation, const Clock& clock, Random& random) {
  ASSIGN_OR_RETURN(const auto vault,
                   secrets::SealedKeyVault::Create(std::move(directory.master_key), random));
  auto store = store::SqliteStore::Open({.path = directory.paths.database(), .now = clock.Now()});
  if (!store.ok()) return EnsureCode(store.status(), FailureCode::kStoreUnusable);
  RETURN_IF_ERROR(CheckMasterKey(**store, *vault));
  ASSIGN_OR_RETURN(const auto transaction, (*store)->Begin());
  RETURN_IF_ERROR(transaction->audit().Append(
      {.time = clock.Now(),
       .actor = "system",
       .action = "system.restore",
       .subject = generation,
       .detail = absl::StrCat("from the backup of ", TimeText(manifest.time), " by Muster ",
                              manifest.muster_version)}));
  RETURN_IF_ERROR(transaction->Commit());
  return (*store)->Sync();
}

// Where a package made the directory for a user of its own, root gives the files to that user.
void GiveTo(const struct stat& owner, const std::string& folder) {
  if (geteuid() != 0) return;
  std::error_code error;
  bool given = lchown(folder.c_str(), owner.st_uid, owner.st_gid) == 0;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    given = lchown(at->path().c_str(), owner.st_uid, owner.st_gid) == 0 && given;
  }
  if (!given || error) {
    log::Warning("not all restored files could be given to the owner of the directory",
                 {{"directory", folder}});
  }
}

absl::Status MoveInto(const std::string& stage, const std::string& data_dir) {
  struct stat before {};
  const bool was_there = stat(data_dir.c_str(), &before) == 0;
  if (was_there) GiveTo(before, stage);
  // A rename takes the place of an empty directory, and of nothing else.
  if (rename(stage.c_str(), data_dir.c_str()) != 0) {
    const std::error_code error(errno, std::generic_category());
    return FailureStatus(
        FailureCode::kBackupRestoreInto,
        absl::StrCat("cannot move ", stage, " to ", data_dir, ": ", error.message()));
  }
  return absl::OkStatus();
}

std::optional<nlohmann::json> ReadNote(const std::string& path) {
  const auto content = ReadPrivateFile(path, FileReach::kAny, kMostNoteBytes);
  if (!content.ok()) return std::nullopt;
  auto note =
      nlohmann::json::parse(content->Reveal().begin(), content->Reveal().end(), nullptr, false);
  if (!note.is_object()) return std::nullopt;
  return note;
}

std::string NoteText(const nlohmann::json& note, const char* name) {
  const auto found = note.find(name);
  return found != note.end() && found->is_string() ? found->get<std::string>() : "";
}

bool NoteTime(const nlohmann::json& note, const char* name, absl::Time& time) {
  std::string ignored;
  return absl::ParseTime(absl::RFC3339_full, NoteText(note, name), &time, &ignored);
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreBackup(const RestoreOptions& options, const Clock& clock,
                                            Random& random) {
  RETURN_IF_ERROR(CheckPlace(options.data_dir));
  std::string place = options.data_dir;
  while (place.size() > 1 && place.back() == '/') place.pop_back();
  const PrivateFolder folder(absl::StrCat(
      place, ".restoring-", absl::FormatTime("%Y%m%dT%H%M%SZ", clock.Now(), absl::UTCTimeZone())));
  if (!folder.status().ok()) {
    return FailureStatus(FailureCode::kSystemDataDir, folder.status().message());
  }
  const DataPaths stage(folder.path());
  ASSIGN_OR_RETURN(const BackupManifest manifest, ExtractBackup(options.file, stage.root));
  RETURN_IF_ERROR(CheckDatabase(stage.database()).status());
  RestoreReport report{.backup = {.time = manifest.time,
                                  .muster_version = manifest.muster_version,
                                  .schema_version = manifest.schema_version,
                                  .audit_events = manifest.audit_events,
                                  .has_master_key = manifest.files.contains(kMasterKeyName)},
                       .generation = absl::StrCat("gen-", random.Base32(20))};
  ASSIGN_OR_RETURN(report.master_key_kept, PlaceMasterKey(options, stage));
  const nlohmann::json note = {{"time", TimeText(clock.Now())},
                               {"backup_time", TimeText(manifest.time)},
                               {"generation", report.generation}};
  RETURN_IF_ERROR(
      ReplaceFile(stage.root + "/" + kRestoredNote,
                  note.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
  RETURN_IF_ERROR(CreatePrivateFile(stage.marker(), Secret::CopyOf(MUSTER_VERSION "\n")));
  {
    ASSIGN_OR_RETURN(DataDirectory opened, OpenDataDirectory(stage.root, clock, random));
    RETURN_IF_ERROR(MarkDatabase(opened, manifest, report.generation, clock, random));
  }
  RETURN_IF_ERROR(MoveInto(stage.root, place));
  return report;
}

std::optional<BackupNote> LastBackup(const std::string& data_dir) {
  const auto note = ReadNote(data_dir + "/last-backup");
  BackupNote last;
  if (!note.has_value() || !NoteTime(*note, "time", last.time)) return std::nullopt;
  last.file = NoteText(*note, "file");
  return last;
}

std::optional<RestoreNote> RestoredFrom(const std::string& data_dir) {
  const auto note = ReadNote(absl::StrCat(data_dir, "/", kRestoredNote));
  RestoreNote restored;
  if (!note.has_value() || !NoteTime(*note, "time", restored.time) ||
      !NoteTime(*note, "backup_time", restored.backup_time)) {
    return std::nullopt;
  }
  restored.generation = NoteText(*note, "generation");
  return restored;
}

}  // namespace muster::app
