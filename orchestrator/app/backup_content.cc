#include "orchestrator/app/backup_content.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/archive/tar_file.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/database.h"
#include "base/sql/migrate.h"
#include "base/status_macros.h"
#include "store/sqlite/audit_log.h"
#include "store/sqlite/schema.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormat = 1;
constexpr size_t kMaxManifestBytes = 1 << 20;

absl::Status Damaged(absl::string_view what) {
  return FailureStatus(FailureCode::kBackupDamaged, what);
}

// The words of the reader of tar files, as a failure of the backup.
absl::Status AsBackupFailure(const absl::Status& status) {
  if (status.ok() || FailureCodeOf(status).has_value()) return status;
  const bool content = absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
  return FailureStatus(content ? FailureCode::kBackupDamaged : FailureCode::kBackupFile,
                       status.message());
}

std::string TextAt(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t NumberAt(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

// Writes one entry below `folder` and returns what it was.
absl::StatusOr<BackupManifest::File> Extract(archive::TarEntry& entry, const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) {
    return FailureStatus(FailureCode::kSystemDataDir,
                         absl::StrCat("cannot write ", path, ": ", error.message()));
  }
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  crypto::Sha256Stream hash;
  RETURN_IF_ERROR(entry.Read([&](absl::string_view piece) -> absl::Status {
    hash.Add(piece);
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return absl::OkStatus();
  }));
  out.close();
  if (!out) {
    return FailureStatus(FailureCode::kSystemDataDir,
                         absl::StrCat("cannot write ", path, "; is the disk full?"));
  }
  return BackupManifest::File{entry.size(), hash.FinishHex()};
}

// The first line of a check's answer that is no praise.
absl::StatusOr<std::optional<std::string>> FirstComplaint(sql::Database& db, const char* pragma) {
  ASSIGN_OR_RETURN(const auto rows,
                   db.Prepare(pragma).All([](const sql::Row& row) { return row.Text(0); }));
  if (rows.empty() || rows.front() == "ok") return std::optional<std::string>();
  return std::optional<std::string>(rows.front());
}

absl::StatusOr<DatabaseFacts> ReadDatabase(const std::string& path) {
  ASSIGN_OR_RETURN(const auto db, sql::Database::Open({.path = path, .read_only = true}));
  const auto migrated = sql::Migrate(*db, store::Migrations(), {});
  DatabaseFacts facts;
  if (migrated.ok()) {
    facts.schema_version = migrated->to_version;
  } else if (FailureCodeOf(migrated.status()).has_value()) {
    return migrated.status();
  } else {  // An older schema: the next start brings it up to date.
    ASSIGN_OR_RETURN(facts.schema_version, sql::SchemaVersion(*db));
    if (facts.schema_version == 0) return migrated.status();
  }
  for (const char* pragma : {"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"}) {
    ASSIGN_OR_RETURN(const auto complaint, FirstComplaint(*db, pragma));
    if (complaint.has_value()) {
      return FailureStatus(FailureCode::kStoreCorrupt, absl::StrCat(path, ": ", *complaint));
    }
  }
  ASSIGN_OR_RETURN(const auto audit, store::SqliteAuditLog(*db).Verify());
  if (!audit.intact) {
    return FailureStatus(
        FailureCode::kStoreCorrupt,
        absl::StrCat(path, ": the audit log's chain breaks at event ", audit.first_bad_sequence));
  }
  facts.audit_events = audit.events;
  return facts;
}

}  // namespace

bool IsBackupName(absl::string_view name) {
  for (const char* folder : {"ca/", "operator/", "audit/", "evidence/"}) {
    if (!absl::ConsumePrefix(&name, folder)) continue;
    return !name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/');
  }
  return name == kDatabaseName || name == kMasterKeyName;
}

std::string FormatManifest(const BackupManifest& manifest) {
  json files = json::object();
  for (const auto& [name, file] : manifest.files) {
    files[name] = {{"bytes", file.bytes}, {"sha256", file.sha256}};
  }
  return json{{"format", kFormat},
              {"time", absl::FormatTime(absl::RFC3339_full, manifest.time, absl::UTCTimeZone())},
              {"muster_version", manifest.muster_version},
              {"schema_version", manifest.schema_version},
              {"audit_events", manifest.audit_events},
              {"files", files}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

absl::StatusOr<BackupManifest> ParseManifest(absl::string_view text) {
  const json parsed = json::parse(text.begin(), text.end(), nullptr, false);
  if (!parsed.is_object()) return Damaged("its manifest is no JSON object");
  if (const int64_t format = NumberAt(parsed, "format"); format != kFormat) {
    return Damaged(absl::StrCat("its manifest has format ", format, "; this program knows ",
                                kFormat, ", and a newer Muster may know it"));
  }
  BackupManifest manifest{.muster_version = TextAt(parsed, "muster_version"),
                          .schema_version = static_cast<int>(NumberAt(parsed, "schema_version")),
                          .audit_events = NumberAt(parsed, "audit_events")};
  std::string ignored;
  if (!absl::ParseTime(absl::RFC3339_full, TextAt(parsed, "time"), &manifest.time, &ignored)) {
    return Damaged("its manifest has no time");
  }
  const auto files = parsed.find("files");
  if (files == parsed.end() || !files->is_object()) return Damaged("its manifest names no files");
  for (const auto& [name, file] : files->items()) {
    if (!IsBackupName(name)) return Damaged(absl::StrCat("its manifest names '", name, "'"));
    manifest.files[name] = {NumberAt(file, "bytes"), TextAt(file, "sha256")};
  }
  for (const char* needed : {kDatabaseName, "ca/ca.crt", "ca/ca.key", "ca/addresses"}) {
    if (!manifest.files.contains(needed)) return Damaged(absl::StrCat(needed, " is not in it"));
  }
  return manifest;
}

absl::StatusOr<BackupManifest> ExtractBackup(const std::string& file, const std::string& folder) {
  std::optional<BackupManifest> manifest;
  size_t found = 0;
  const absl::Status read = archive::ReadTar(file, [&](archive::TarEntry& entry) -> absl::Status {
    if (!manifest.has_value()) {
      if (entry.name() != kManifestName) return Damaged("it does not begin with a manifest");
      ASSIGN_OR_RETURN(const std::string text, entry.ReadAll(kMaxManifestBytes));
      ASSIGN_OR_RETURN(manifest, ParseManifest(text));
      return absl::OkStatus();
    }
    const auto expected = manifest->files.find(entry.name());
    if (expected == manifest->files.end()) {
      return Damaged(absl::StrCat("'", entry.name(), "' is not in its manifest"));
    }
    const std::string path = absl::StrCat(folder, "/", entry.name());
    std::error_code error;
    if (fs::exists(path, error)) return Damaged(absl::StrCat(entry.name(), " is in it twice"));
    ASSIGN_OR_RETURN(const BackupManifest::File written, Extract(entry, path));
    if (written.bytes != expected->second.bytes || written.sha256 != expected->second.sha256) {
      return Damaged(absl::StrCat(entry.name(), " is not what its manifest says"));
    }
    ++found;
    return absl::OkStatus();
  });
  RETURN_IF_ERROR(AsBackupFailure(read));
  if (!manifest.has_value()) return Damaged(absl::StrCat(file, " is empty"));
  if (found != manifest->files.size()) {
    return Damaged(
        absl::StrCat(file, " ends after ", found, " of ", manifest->files.size(), " files"));
  }
  return *std::move(manifest);
}

absl::StatusOr<DatabaseFacts> CheckDatabase(const std::string& path) {
  auto facts = ReadDatabase(path);
  if (facts.ok() || FailureCodeOf(facts.status()).has_value()) return facts;
  const bool corrupt = sql::ErrorKindOf(facts.status()) == sql::ErrorKind::kCorrupt;
  return FailureStatus(corrupt ? FailureCode::kStoreCorrupt : FailureCode::kStoreUnusable,
                       facts.status().message());
}

absl::StatusOr<BackupManifest::File> HashFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::UnavailableError(absl::StrCat("cannot read ", path));
  crypto::Sha256Stream hash;
  BackupManifest::File file;
  std::vector<char> piece(1 << 20);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    file.bytes += in.gcount();
    hash.Add(absl::string_view(piece.data(), static_cast<size_t>(in.gcount())));
  }
  if (in.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", path));
  file.sha256 = hash.FinishHex();
  return file;
}

PrivateFolder::PrivateFolder(std::string path) : path_(std::move(path)) {
  std::error_code error;
  const bool made = fs::create_directory(path_, error);
  if (!made) {
    status_ = absl::UnavailableError(absl::StrCat("cannot make the folder ", path_, ": ",
                                                  error ? error.message() : "it exists already"));
    return;
  }
  fs::permissions(path_, fs::perms::owner_all, error);
}

PrivateFolder::~PrivateFolder() {
  if (!status_.ok()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string PrivateFolder::operator/(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

}  // namespace muster::app
