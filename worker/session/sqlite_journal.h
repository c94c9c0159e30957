// The journal on disk.
#ifndef MUSTER_WORKER_SESSION_SQLITE_JOURNAL_H_
#define MUSTER_WORKER_SESSION_SQLITE_JOURNAL_H_

#include <memory>
#include <string>

#include "base/sql/database.h"
#include "worker/session/journal.h"

namespace muster::worker {

class SqliteJournal final : public Journal {
 public:
  // Opens or creates the file. E-WORKER-JOURNAL (damaged, full disk, no permission), E-STORE-NEWER.
  static absl::StatusOr<std::unique_ptr<SqliteJournal>> Open(const std::string& path,
                                                             absl::Time now);

  absl::StatusOr<std::optional<JournalRecord>> Find(const CommandId& command) override;
  absl::Status Receive(const JournalRecord& record) override;
  absl::Status Readdress(const CommandId& command, const AttemptId& attempt) override;
  absl::Status Reopen(const JournalRecord& record) override;
  absl::Status Start(const CommandId& command) override;
  absl::Status Finish(const CommandId& command, absl::string_view result) override;
  absl::Status Acknowledge(const CommandId& command) override;
  absl::StatusOr<std::vector<JournalRecord>> Unacknowledged() override;
  absl::Status Prune(absl::Time now) override;

  sql::Database& database() { return *db_; }  // For the commit hooks of tests.

 private:
  explicit SqliteJournal(std::unique_ptr<sql::Database> db) : db_(std::move(db)) {}
  const std::unique_ptr<sql::Database> db_;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_SQLITE_JOURNAL_H_
