#include "base/sql/migrate.h"

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/sqlite_error.h"
#include "base/sql/transaction.h"
#include "base/status_macros.h"

namespace muster::sql {
namespace {

struct SchemaInfo {
  int version = 0;
  int min_compatible_version = 0;
};

absl::Status CheckList(std::span<const Migration> migrations) {
  int expected = 1;
  int compatible = 0;
  for (const Migration& migration : migrations) {
    if (migration.version != expected ||
        migration.min_compatible_version < std::max(compatible, 1) ||
        migration.min_compatible_version > migration.version) {
      return absl::InvalidArgumentError(
          absl::StrCat("migration ", migration.version, " ", migration.name,
                       ": versions count 1, 2, 3, and min_compatible_version lies between that of "
                       "the migration before and its own"));
    }
    compatible = migration.min_compatible_version;
    ++expected;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HasTable(Database& db, absl::string_view condition) {
  ASSIGN_OR_RETURN(
      const std::optional<int64_t> count,
      db.Prepare(
            absl::StrCat("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND ", condition))
          .One([](const Row& row) { return row.Int64(0); }));
  return count.value_or(0) > 0;
}

absl::StatusOr<SchemaInfo> ReadInfo(Database& db) {
  ASSIGN_OR_RETURN(const bool has_info, HasTable(db, "name = 'schema_info'"));
  if (!has_info) {
    ASSIGN_OR_RETURN(const bool has_content, HasTable(db, "name NOT LIKE 'sqlite_%'"));
    if (!has_content) return SchemaInfo{};
    return MakeError(
        ErrorKind::kForeign,
        absl::StrCat(db.path(), " is a database of another program; choose another path"));
  }
  ASSIGN_OR_RETURN(
      const std::optional<SchemaInfo> info,
      db.Prepare("SELECT version, min_compatible_version FROM schema_info").One([](const Row& row) {
        return SchemaInfo{row.Get<int>(0), row.Get<int>(1)};
      }));
  return info.value_or(SchemaInfo{});
}

absl::Status CreateInfo(Database& db) {
  return db.Exec(
      "CREATE TABLE IF NOT EXISTS schema_info (\n"
      "  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),\n"
      "  version INTEGER NOT NULL,\n"
      "  min_compatible_version INTEGER NOT NULL\n"
      ") STRICT;\n"
      "CREATE TABLE IF NOT EXISTS schema_migrations (\n"
      "  version INTEGER PRIMARY KEY,\n"
      "  name TEXT NOT NULL,\n"
      "  applied_at_us INTEGER NOT NULL\n"
      ") STRICT;");
}

absl::Status Apply(Database& db, const Migration& migration, absl::Time now) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(db));
  RETURN_IF_ERROR(CreateInfo(db));
  RETURN_IF_ERROR(db.Exec(migration.sql));
  RETURN_IF_ERROR(db.Prepare("INSERT INTO schema_info VALUES (1, ?, ?) ON CONFLICT (only_row) DO "
                             "UPDATE SET version = excluded.version, "
                             "min_compatible_version = excluded.min_compatible_version")
                      .RunWith(migration.version, migration.min_compatible_version));
  RETURN_IF_ERROR(db.Prepare("INSERT INTO schema_migrations VALUES (?, ?, ?)")
                      .RunWith(migration.version, migration.name, now));
  return transaction.Commit();
}

absl::StatusOr<std::string> Backup(Database& db, int version, const MigrateOptions& options) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(options.backup_dir, error);
  if (error) {
    return MakeError(ErrorKind::kCannotOpen,
                     absl::StrCat("create ", options.backup_dir, ": ", error.message()));
  }
  const std::string stamp = absl::FormatTime("%Y%m%dT%H%M%SZ", options.now, absl::UTCTimeZone());
  const std::string stem =
      absl::StrCat((fs::path(options.backup_dir) / fs::path(db.path()).filename()).string(), "-v",
                   version, "-", stamp);
  std::string path = stem + ".bak";
  for (int n = 2; fs::exists(path, error); ++n) path = absl::StrCat(stem, "-", n, ".bak");
  RETURN_IF_ERROR(Annotate(db.BackupTo(path), "copy before the migration; nothing was changed"));
  return path;
}

}  // namespace

absl::StatusOr<int> SchemaVersion(Database& db) {
  ASSIGN_OR_RETURN(const SchemaInfo info, ReadInfo(db));
  return info.version;
}

absl::StatusOr<MigrateResult> Migrate(Database& db, std::span<const Migration> migrations,
                                      const MigrateOptions& options) {
  RETURN_IF_ERROR(CheckList(migrations));
  const int known = static_cast<int>(migrations.size());
  db.SetCheckpointOnClose(false);  // Until it is known to be this program's to write.
  ASSIGN_OR_RETURN(const SchemaInfo info, ReadInfo(db));
  MigrateResult result{.from_version = info.version, .to_version = info.version};
  if (info.version > known && info.min_compatible_version > known) {
    return WithKind(
        FailureStatus(FailureCode::kStoreNewer,
                      absl::StrCat(db.path(), " has schema version ", info.version,
                                   " and needs a program that knows ", info.min_compatible_version,
                                   "; this one knows ", known)),
        ErrorKind::kNewer);
  }
  db.SetCheckpointOnClose(true);
  if (info.version >= known) return result;
  if (db.read_only()) {
    return absl::FailedPreconditionError(
        absl::StrCat(db.path(), " has schema version ", info.version, ", this program needs ",
                     known, "; start the program that owns the file first"));
  }
  if (info.version > 0 && !options.backup_dir.empty()) {
    ASSIGN_OR_RETURN(result.backup_path, Backup(db, info.version, options));
  }
  for (const Migration& migration : migrations.subspan(static_cast<size_t>(info.version))) {
    RETURN_IF_ERROR(Annotate(Apply(db, migration, options.now),
                             absl::StrCat("migration ", migration.version, " ", migration.name)));
    result.to_version = migration.version;
  }
  return result;
}

}  // namespace muster::sql
