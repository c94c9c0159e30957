// One contract for both journals, and what only the one on disk must do.
#include "worker/session/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>

#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/worker/memory_journal.h"
#include "tests/worker/worker_fixture.h"
#include "worker/session/sqlite_journal.h"

namespace muster::worker {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

std::unique_ptr<SqliteJournal> OpenJournal(const TempDir& folder) {
  auto journal = SqliteJournal::Open(folder.path() + "/journal.db", kNow);
  EXPECT_TRUE(journal.ok()) << journal.status();
  return *std::move(journal);
}

JournalRecord Record(const std::string& id) {
  return {.command_id = CommandId(id),
          .attempt_id = AttemptId("att-1"),
          .kind = "join",
          .expire_time = kNow};
}

class JournalTest : public testing::TestWithParam<const char*> {
 protected:
  JournalTest() {
    if (std::string(GetParam()) == "memory") {
      journal_ = std::make_unique<MemoryJournal>();
    } else {
      journal_ = OpenJournal(folder_);
    }
  }
  JournalState StateOf(const std::string& id) {
    return journal_->Find(CommandId(id))->value().state;
  }
  TempDir folder_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(JournalTest, MovesOneWay) {
  const CommandId id("cmd-1");
  EXPECT_FALSE(journal_->Find(id)->has_value());
  EXPECT_FALSE(journal_->Start(id).ok());
  ASSERT_TRUE(journal_->Receive(Record("cmd-1")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(journal_->Receive(Record("cmd-1"))));
  ASSERT_TRUE(journal_->Acknowledge(id).ok());  // Not finished: nothing happens.
  EXPECT_EQ(StateOf("cmd-1"), JournalState::kReceived);
  ASSERT_TRUE(journal_->Start(id).ok());
  EXPECT_FALSE(journal_->Start(id).ok());
  ASSERT_TRUE(journal_->Finish(id, std::string("\0\xff", 2)).ok());
  EXPECT_FALSE(journal_->Finish(id, "other").ok());
  EXPECT_FALSE(journal_->Start(id).ok());
  EXPECT_EQ(journal_->Find(id)->value().result, std::string("\0\xff", 2));
  ASSERT_TRUE(journal_->Readdress(id, AttemptId("att-2")).ok());
  ASSERT_EQ(journal_->Unacknowledged()->size(), 1u);
  EXPECT_EQ(journal_->Unacknowledged()->at(0).attempt_id, AttemptId("att-2"));
  ASSERT_TRUE(journal_->Acknowledge(id).ok());
  ASSERT_TRUE(journal_->Acknowledge(id).ok());
  EXPECT_TRUE(journal_->Unacknowledged()->empty());
  EXPECT_EQ(StateOf("cmd-1"), JournalState::kAcknowledged);
  EXPECT_EQ(journal_->Find(id)->value().expire_time, kNow);
}

TEST_P(JournalTest, OnlyAFinishedCommandIsOpenedAgain) {
  JournalRecord record = Record("cmd-1");
  ASSERT_TRUE(journal_->Receive(record).ok());
  EXPECT_FALSE(journal_->Reopen(record).ok());
  ASSERT_TRUE(journal_->Finish(record.command_id, "r").ok());
  ASSERT_TRUE(journal_->Acknowledge(record.command_id).ok());
  record.attempt_id = AttemptId("att-2");
  ASSERT_TRUE(journal_->Reopen(record).ok());
  EXPECT_EQ(StateOf("cmd-1"), JournalState::kReceived);
  EXPECT_EQ(journal_->Unacknowledged()->at(0).attempt_id, AttemptId("att-2"));
}

TEST_P(JournalTest, KeepsTheOrderOfReceipt) {
  for (const char* id : {"b", "a", "c"}) ASSERT_TRUE(journal_->Receive(Record(id)).ok());
  const auto open = *journal_->Unacknowledged();
  ASSERT_EQ(open.size(), 3u);
  EXPECT_EQ(open[0].command_id, CommandId("b"));
  EXPECT_EQ(open[2].command_id, CommandId("c"));
}

TEST_P(JournalTest, ForgetsOnlyWhatIsAcknowledgedAndOld) {
  for (const char* id : {"open", "done"}) {
    ASSERT_TRUE(journal_->Receive(Record(id)).ok());
    ASSERT_TRUE(journal_->Finish(CommandId(id), "r").ok());
  }
  ASSERT_TRUE(journal_->Acknowledge(CommandId("done")).ok());
  ASSERT_TRUE(journal_->Prune(kNow + kJournalKeep).ok());
  EXPECT_TRUE(journal_->Find(CommandId("done"))->has_value());
  ASSERT_TRUE(journal_->Prune(kNow + kJournalKeep + absl::Seconds(1)).ok());
  EXPECT_FALSE(journal_->Find(CommandId("done"))->has_value());
  EXPECT_TRUE(journal_->Find(CommandId("open"))->has_value());
}

INSTANTIATE_TEST_SUITE_P(Both, JournalTest, testing::Values("memory", "sqlite"),
                         [](const auto& row) { return std::string(row.param); });

TEST(SqliteJournalTest, RemembersAcrossOpens) {
  const TempDir folder;
  {
    const auto journal = OpenJournal(folder);
    ASSERT_TRUE(journal->Receive(Record("cmd-1")).ok());
    ASSERT_TRUE(journal->Start(CommandId("cmd-1")).ok());
  }
  const auto journal = OpenJournal(folder);
  EXPECT_EQ(journal->Find(CommandId("cmd-1"))->value().state, JournalState::kRunning);
  EXPECT_EQ(journal->Find(CommandId("cmd-1"))->value().kind, "join");
}

TEST(SqliteJournalTest, ADamagedFileIsAnErrorThatSaysWhatToDo) {
  const TempDir folder;
  std::ofstream(folder.path() + "/journal.db") << std::string(8192, 'x');
  const auto journal = SqliteJournal::Open(folder.path() + "/journal.db", kNow);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(FailureCodeOf(journal.status()), FailureCode::kWorkerJournal);
}

TEST(SqliteJournalTest, ANewerFileIsRefused) {
  const TempDir folder;
  {
    const auto journal = OpenJournal(folder);
    ASSERT_TRUE(journal->database()
                    .Exec("UPDATE schema_info SET version = 99, min_compatible_version = 99")
                    .ok());
  }
  const auto journal = SqliteJournal::Open(folder.path() + "/journal.db", kNow);
  EXPECT_EQ(FailureCodeOf(journal.status()), FailureCode::kStoreNewer);
}

}  // namespace
}  // namespace muster::worker
