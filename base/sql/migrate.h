// Brings a database to the schema that this program knows. Forward only.
//
//   file's version   its oldest program   program knows   result
//   (empty file)                          5               migrations 1 to 5
//   3                2                    5               copy of the file to backup_dir, then
//                                                         migrations 4 and 5
//   5                4                    5               nothing to do
//   6                4                    5               opens: version 6 promises that programs
//                                                         from 4 on can use it
//   6                6                    5               refused, kNewer (E-STORE-NEWER)
//
// Each migration is one transaction, together with the two numbers in table schema_info and its row
// in schema_migrations: a crash between two of them leaves a whole older schema, which the next
// start continues from.
#ifndef MUSTER_BASE_SQL_MIGRATE_H_
#define MUSTER_BASE_SQL_MIGRATE_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/sql/database.h"

namespace muster::sql {

struct Migration {
  int version = 0;         // 1, 2, 3, … without gaps.
  absl::string_view name;  // "initial", "add_findings"; kept in schema_migrations.
  absl::string_view sql;
  // The oldest program, named by the newest migration it knows, that can still use the file after
  // this one. A change that only adds keeps the number of the migration before it.
  int min_compatible_version = 0;
};

struct MigrateOptions {
  // Where a copy of the file goes before a database with content is migrated: <file
  // name>-v<version>-<time>.bak. Empty: no copy.
  std::string backup_dir;
  absl::Time now;  // For the copy's name and schema_migrations.
};

struct MigrateResult {
  int from_version = 0;  // 0: the file was empty.
  int to_version = 0;
  std::string backup_path;  // Empty when no copy was needed.
};

// Errors: kNewer, kForeign (a database that has tables but no schema_info), InvalidArgument for a
// list with gaps, and those of the SQL, annotated with the migration's number and name. A read-only
// connection only checks: FailedPrecondition if a migration is due.
absl::StatusOr<MigrateResult> Migrate(Database& db, std::span<const Migration> migrations,
                                      const MigrateOptions& options);

// The schema's version, 0 for an empty file.
absl::StatusOr<int> SchemaVersion(Database& db);

}  // namespace muster::sql

#endif  // MUSTER_BASE_SQL_MIGRATE_H_
