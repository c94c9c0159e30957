#include "base/sql/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sql/database.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::sql {
namespace {

using ::testing::HasSubstr;

class TransactionTest : public testing::Test {
 protected:
  TransactionTest() {
    db_ = Open();
    EXPECT_EQ(absl::OkStatus(),
              db_->Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT"));
  }
  std::unique_ptr<Database> Open() {
    auto db = Database::Open({.path = dir_ / "t.db", .busy_timeout = absl::ZeroDuration()});
    EXPECT_TRUE(db.ok()) << db.status();
    return *std::move(db);
  }
  absl::Status Insert(int id) {
    return db_->Cached("INSERT INTO t (id) VALUES (?)").BindAll(id).Run();
  }
  // What another connection sees: what is committed.
  int64_t Committed() {
    auto other = Open();
    return other->Cached("SELECT count(*) FROM t")
        .One([](const Row& row) { return row.Int64(0); })
        ->value();
  }
  TempDir dir_;
  std::unique_ptr<Database> db_;
};

TEST_F(TransactionTest, CommitKeepsAndScopeEndRollsBack) {
  {
    auto transaction = Transaction::Begin(*db_);
    ASSERT_TRUE(transaction.ok());
    ASSERT_EQ(absl::OkStatus(), Insert(1));
    EXPECT_EQ(Committed(), 0);
    EXPECT_EQ(absl::OkStatus(), transaction->Commit());
    EXPECT_FALSE(transaction->active());
    EXPECT_FALSE(transaction->Commit().ok());
  }
  {
    auto transaction = Transaction::Begin(*db_);
    ASSERT_EQ(absl::OkStatus(), Insert(2));
  }
  EXPECT_FALSE(db_->in_transaction());
  EXPECT_EQ(Committed(), 1);
}

TEST_F(TransactionTest, TransactionsDoNotNest) {
  auto outer = Transaction::Begin(*db_);
  EXPECT_FALSE(Transaction::Begin(*db_).ok());
  ASSERT_EQ(absl::OkStatus(), Insert(1));
  EXPECT_EQ(absl::OkStatus(), outer->Commit());
}

TEST_F(TransactionTest, ASecondWriterIsBusyAndAReaderKeepsItsView) {
  auto other = Open();
  auto reader = Transaction::Begin(*other, TransactionMode::kDeferred);
  const auto count = [&] {
    return other->Cached("SELECT count(*) FROM t")
        .One([](const Row& row) { return row.Int64(0); })
        ->value();
  };
  EXPECT_EQ(count(), 0);
  auto writer = Transaction::Begin(*db_);
  ASSERT_EQ(absl::OkStatus(), Insert(1));
  auto third = Open();
  const absl::Status busy = Transaction::Begin(*third).status();
  EXPECT_TRUE(absl::IsUnavailable(busy)) << busy;
  EXPECT_EQ(ErrorKindOf(busy), ErrorKind::kBusy);
  ASSERT_EQ(absl::OkStatus(), writer->Commit());
  EXPECT_EQ(count(), 0);
  reader->Rollback();
  EXPECT_EQ(count(), 1);
}

TEST_F(TransactionTest, TheCommitHookFailsACommitWithItsOwnError) {
  int commits = 0;
  db_->SetCommitHook([&]() -> absl::Status {
    if (++commits == 2) return MakeError(ErrorKind::kFull, "planted");
    return absl::OkStatus();
  });
  ASSERT_EQ(absl::OkStatus(), Insert(1));  // A statement alone commits, too.
  auto transaction = Transaction::Begin(*db_);
  ASSERT_EQ(absl::OkStatus(), Insert(2));
  const absl::Status failed = transaction->Commit();
  EXPECT_EQ(ErrorKindOf(failed), ErrorKind::kFull) << failed;
  EXPECT_EQ(failed.message(), "planted");
  EXPECT_FALSE(db_->in_transaction());
  EXPECT_EQ(Committed(), 1);
  ASSERT_EQ(absl::OkStatus(), Insert(3));
  EXPECT_EQ(commits, 3);
  db_->SetCommitHook(nullptr);
  ASSERT_EQ(absl::OkStatus(), Insert(4));
  EXPECT_EQ(commits, 3);
}

TEST_F(TransactionTest, TheAfterCommitHookSeesWhatIsDurable) {
  std::vector<int64_t> seen;
  db_->SetAfterCommitHook([&] { seen.push_back(Committed()); });
  {
    auto transaction = Transaction::Begin(*db_);
    ASSERT_EQ(absl::OkStatus(), Insert(1));
    ASSERT_EQ(absl::OkStatus(), transaction->Commit());
  }
  {
    auto dropped = Transaction::Begin(*db_);
    ASSERT_EQ(absl::OkStatus(), Insert(2));
  }
  ASSERT_EQ(absl::OkStatus(), Insert(3));
  EXPECT_THAT(seen, testing::ElementsAre(1, 2));
}

TEST_F(TransactionTest, AFullDatabaseIsFullAndKeepsWhatWasCommitted) {
  ASSERT_EQ(absl::OkStatus(), Insert(1));
  ASSERT_EQ(absl::OkStatus(), db_->Exec("PRAGMA max_page_count=8"));
  auto transaction = Transaction::Begin(*db_);
  absl::Status status;
  for (int id = 2; status.ok() && id < 1000; ++id) {
    status = db_->Cached("INSERT INTO t VALUES (?, ?)").BindAll(id, std::string(1000, 'x')).Run();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ErrorKindOf(status), ErrorKind::kFull);
  EXPECT_TRUE(IsFatal(ErrorKindOf(status)));
  transaction->Rollback();
  EXPECT_EQ(Committed(), 1);
}

TEST_F(TransactionTest, CommitSaysWhyTheTransactionIsGone) {
  ASSERT_EQ(absl::OkStatus(),
            db_->Exec("CREATE TRIGGER refuse BEFORE INSERT ON t WHEN new.id = 7 BEGIN "
                      "SELECT raise(ROLLBACK, 'seven is refused'); END"));
  auto transaction = Transaction::Begin(*db_);
  ASSERT_EQ(absl::OkStatus(), Insert(1));
  EXPECT_FALSE(Insert(7).ok());
  const absl::Status commit = transaction->Commit();
  EXPECT_THAT(std::string(commit.message()), HasSubstr("seven is refused"));
  EXPECT_EQ(ErrorKindOf(commit), ErrorKind::kConstraintCheck);
  EXPECT_EQ(Committed(), 0);
}

TEST_F(TransactionTest, SavepointsUndoTheirPartAlone) {
  auto transaction = Transaction::Begin(*db_);
  ASSERT_EQ(absl::OkStatus(), Insert(1));
  {
    auto kept = Savepoint::Begin(*db_);
    ASSERT_EQ(absl::OkStatus(), Insert(2));
    {
      auto undone = Savepoint::Begin(*db_);
      ASSERT_EQ(absl::OkStatus(), Insert(3));
    }
    ASSERT_EQ(absl::OkStatus(), kept->Release());
  }
  ASSERT_EQ(absl::OkStatus(), transaction->Commit());
  EXPECT_EQ(Committed(), 2);
}

}  // namespace
}  // namespace muster::sql
