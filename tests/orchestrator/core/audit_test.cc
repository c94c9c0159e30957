// The audit log's end: cut off, rewritten, restored, pruned; and what each looks like afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/sql/database.h"
#include "orchestrator/core/audit/audit_verdict.h"
#include "orchestrator/core/audit/head_keeper.h"
#include "orchestrator/core/audit/head_text.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/control/turn_control.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/sim/sim_audit.h"

namespace muster::core {
namespace {

using State = AuditVerdict::State;
using ::testing::HasSubstr;

// One life of the orchestrator's audit part over a file that others may have had their hands on.
class AuditTest : public testing::Test {
 protected:
  std::string path() const { return dir_ / "muster.db"; }
  void Start() {
    store_ = *store::SqliteStore::Open({.path = path(), .now = clock_.Now(), .durable = false});
    control_ = std::make_unique<TurnControl>(*store_, strand_, nullptr, clock_, 100, nullptr);
    agenda_ = std::make_unique<Agenda>(*control_, clock_, clock_);
    heads_ = std::make_unique<HeadKeeper>(
        AuditHeadOptions{.every_events = 10, .every = absl::Minutes(10)}, &key_, &book_, *agenda_);
    control_->SetLastStep([this](Turn& turn) { return heads_->Consider(turn); });
    Write(started_++ == 0 ? 1 : 0);  // As init does.
    ASSERT_TRUE(control_->RunNow([this](Turn& turn) { return heads_->Recover(turn); }).ok());
  }
  void Stop() {
    if (agenda_ != nullptr) agenda_->Clear();
    heads_.reset();
    agenda_.reset();
    control_.reset();
    store_.reset();
  }
  void Write(int events) {
    for (int i = 0; i < events; ++i) {
      ASSERT_TRUE(control_
                      ->RunNow([&](Turn& turn) {
                        return Audit(turn, "test", "test", absl::StrCat("s", ++written_),
                                     TenantId("acme"), "a thing happened");
                      })
                      .ok());
    }
  }
  AuditVerdict Judge(const std::vector<std::string>& exported = {}) {
    return *JudgeAudit(**store_->Read(), key_, book_.lines, exported);
  }
  // Another program's hands on the file.
  void Tamper(const std::string& sql) {
    const bool running = store_ != nullptr;
    if (running) Stop();
    {
      const auto db = *sql::Database::Open({.path = path()});
      for (const char* trigger : {"audit_events_are_not_changed", "audit_events_are_not_deleted"}) {
        ASSERT_TRUE(db->Exec(absl::StrCat("DROP TRIGGER IF EXISTS ", trigger)).ok());
      }
      const absl::Status status = db->Exec(sql);
      ASSERT_TRUE(status.ok()) << status;
    }
    store_ = *store::SqliteStore::Open({.path = path(), .now = clock_.Now(), .durable = false});
  }
  void CopyTo(const std::string& to) {
    Stop();
    std::filesystem::copy_file(path(), to, std::filesystem::copy_options::overwrite_existing);
  }

  sql::TempDir dir_;
  FakeClock clock_;
  ManualStrand strand_;
  sim::SimAuditKey key_;
  sim::SimHeadBook book_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<TurnControl> control_;
  std::unique_ptr<Agenda> agenda_;
  std::unique_ptr<HeadKeeper> heads_;
  int started_ = 0;
  int written_ = 0;
};

TEST_F(AuditTest, HeadsComeWithEventsAndWithTime) {
  Start();
  EXPECT_EQ(book_.lines.size(), 1u);  // A log with events is vouched for from the start on.
  Write(9);
  EXPECT_EQ(book_.lines.size(), 1u);
  Write(1);
  EXPECT_EQ(book_.lines.size(), 2u);
  Write(1);
  clock_.Advance(absl::Minutes(11));
  strand_.RunUntilIdle();
  EXPECT_EQ(book_.lines.size(), 3u);
  clock_.Advance(absl::Minutes(30));
  strand_.RunUntilIdle();
  EXPECT_EQ(book_.lines.size(), 3u);  // Nothing happened since.
  const AuditVerdict verdict = Judge();
  EXPECT_EQ(verdict.state, State::kIntact) << absl::StrJoin(verdict.remarks, " ");
  EXPECT_EQ(verdict.heads, 3);
  EXPECT_EQ(verdict.events, 12);
}

TEST_F(AuditTest, TheEndIsSignedWhenItIsToldTo) {
  Start();
  Write(3);
  EXPECT_EQ(book_.lines.size(), 1u);
  ASSERT_TRUE(control_->RunNow([this](Turn& turn) { return heads_->SignEnd(turn); }).ok());
  EXPECT_EQ(book_.lines.size(), 2u);
  ASSERT_TRUE(control_->RunNow([this](Turn& turn) { return heads_->SignEnd(turn); }).ok());
  EXPECT_EQ(book_.lines.size(), 2u);  // It is signed already.
  Tamper("DELETE FROM audit_events WHERE sequence = 4");
  EXPECT_EQ(Judge().state, State::kBroken);
}

TEST_F(AuditTest, ACutOffEndIsABreak) {
  Start();
  Write(50);
  const std::vector<std::string> exported = book_.lines;
  Tamper("DELETE FROM audit_events WHERE sequence > 30");
  EXPECT_EQ(Judge().state, State::kBroken);
  EXPECT_EQ(Judge().first_bad_sequence, 31);
  // The heads in the database with it: the book knows.
  Tamper("DELETE FROM audit_heads WHERE sequence > 30");
  EXPECT_EQ(Judge().state, State::kBroken);
  // And the book cut, too: what was exported knows.
  std::erase_if(book_.lines,
                [](const std::string& line) { return ParseHead(line)->sequence > 30; });
  EXPECT_EQ(Judge().state, State::kIntact);
  EXPECT_EQ(Judge(exported).state, State::kBroken);
  EXPECT_THAT(Judge(exported).remarks.back(), HasSubstr("is missing: the log ends at 30"));
}

TEST_F(AuditTest, NothingAtAllIsABreak) {
  Start();
  Write(3);
  Tamper("DELETE FROM audit_events");
  EXPECT_EQ(Judge().state, State::kBroken);
  Tamper("DELETE FROM audit_heads");
  book_.lines.clear();
  EXPECT_EQ(Judge().state, State::kBroken);
  EXPECT_THAT(Judge().remarks.front(), HasSubstr("not a single event"));
}

TEST_F(AuditTest, EventsWithoutAnyHeadAreABreak) {
  Start();
  Write(3);
  Tamper("DELETE FROM audit_heads");
  book_.lines.clear();
  EXPECT_EQ(Judge().state, State::kBroken);
}

TEST_F(AuditTest, ARewrittenChainDoesNotFitItsHeads) {
  Start();
  Write(25);
  Stop();
  // Another log with a true chain of its own, as whoever has the program but not the key can make.
  const std::vector<std::string> book = book_.lines;
  std::filesystem::remove(path());
  sim::SimAuditKey forged("sim-key-2");
  {
    const auto store =
        *store::SqliteStore::Open({.path = path(), .now = clock_.Now(), .durable = false});
    auto t = *store->Begin();
    for (int i = 0; i < 26; ++i) {
      ASSERT_TRUE(
          t->audit().Append({.time = clock_.Now(), .actor = "test", .action = "forged"}).ok());
    }
    store::AuditHead head{.sequence = 26, .hash = t->audit().Last()->hash, .time = clock_.Now()};
    ASSERT_TRUE(SignHead(forged, head).ok());
    head.key_id = key_.id();
    ASSERT_TRUE(t->audit().AppendHead(head).ok());
    ASSERT_TRUE(t->Commit().ok());
  }
  store_ = *store::SqliteStore::Open({.path = path(), .now = clock_.Now(), .durable = false});
  EXPECT_EQ(Judge().state, State::kBroken);
  EXPECT_EQ(JudgeAudit(**store_->Read(), key_, {}, {})->state, State::kBroken);
  EXPECT_EQ(book_.lines, book);
}

// Who has the files puts another key in its place, and writes the log anew to fit it.
TEST_F(AuditTest, ExportedHeadsFindAnotherKeysLog) {
  Start();
  Write(25);
  std::vector<std::string> exported;
  for (const std::string& line : book_.lines) {
    store::AuditHead head = *ParseHead(line);
    head.key_id = "0123456789abcdef";
    exported.push_back(LineOf(head));
  }
  EXPECT_EQ(Judge(exported).state, State::kIntact);  // They fit: the key was lost, and no more.
  store::AuditHead other = *ParseHead(exported[1]);
  other.hash = std::string(32, 'x');
  EXPECT_EQ(Judge({LineOf(other)}).state, State::kBroken);
}

TEST_F(AuditTest, AlteredHeadsAndForeignLinesAreBreaks) {
  Start();
  Write(25);
  const std::vector<std::string> good = book_.lines;
  for (const auto& [from, to] :
       {std::pair("head 1 ", "head 2 "), std::pair("head 1", "restored 1")}) {
    book_.lines = good;
    book_.lines[0] = absl::StrReplaceAll(good[0], {{from, to}});
    ASSERT_NE(book_.lines[0], good[0]);
    EXPECT_EQ(Judge().state, State::kBroken) << book_.lines[0];
  }
  book_.lines = good;
  book_.lines.push_back("and all was well");
  EXPECT_EQ(Judge().state, State::kBroken);
  book_.lines = good;
  EXPECT_EQ(Judge().state, State::kIntact);
}

// The book is ahead of the database: said, in the log itself and ever after, and not called a break.
TEST_F(AuditTest, ARestoredBackupIsSaid) {
  Start();
  Write(15);
  CopyTo(dir_ / "backup.db");
  Start();
  Write(30);
  const std::vector<std::string> exported = book_.lines;
  Stop();
  std::filesystem::copy_file(dir_ / "backup.db", path(),
                             std::filesystem::copy_options::overwrite_existing);
  clock_.Advance(absl::Seconds(1));
  Start();
  AuditVerdict verdict = Judge(exported);
  EXPECT_EQ(verdict.state, State::kRestored) << absl::StrJoin(verdict.remarks, " ");
  EXPECT_THAT(verdict.remarks,
              testing::ElementsAre(HasSubstr("events 17 to 41 of before are lost")));
  EXPECT_EQ((*store_->Read())
                ->audit()
                .List(store::TenantWall::Everything(), "audit", 0, 1)
                ->front()
                .action,
            "audit.restored");
  // Once is enough, and what is cut off afterwards is a break again.
  Write(30);
  Stop();
  Start();
  verdict = Judge(exported);
  EXPECT_EQ(verdict.state, State::kRestored) << absl::StrJoin(verdict.remarks, " ");
  EXPECT_EQ(verdict.remarks.size(), 1u);
  Tamper("DELETE FROM audit_events WHERE sequence > 25");
  EXPECT_EQ(Judge(exported).state, State::kBroken);
}

TEST_F(AuditTest, WhatTheBookMissedIsWrittenAtTheNextStart) {
  Start();
  Write(25);
  const std::vector<std::string> whole = book_.lines;
  book_.lines.resize(1);
  Stop();
  Start();
  EXPECT_EQ(book_.lines, whole);
  book_.lines.clear();  // Another machine, with the database and the key alone.
  Stop();
  Start();
  EXPECT_EQ(book_.lines, whole);
  EXPECT_EQ(Judge().state, State::kIntact);
}

TEST_F(AuditTest, ACheckpointKeepsAPrunedLogVerifiable) {
  Start();
  Write(60);
  ASSERT_TRUE(control_
                  ->RunNow([&](Turn& turn) -> absl::Status {
                    EXPECT_FALSE(turn.store().audit().Prune(1000).value());  // No checkpoint yet.
                    ASSIGN_OR_RETURN(const auto hash, turn.store().audit().HashAt(40));
                    RETURN_IF_ERROR(heads_->MakeCheckpoint(turn, {40, *hash}));
                    return absl::OkStatus();
                  })
                  .ok());
  for (int left = 40; left > 0; left -= 8) {
    ASSERT_TRUE(control_
                    ->RunNow([&](Turn& turn) -> absl::Status {
                      EXPECT_EQ(*turn.store().audit().Prune(8), 8);
                      return absl::OkStatus();
                    })
                    .ok());
    const AuditVerdict verdict = Judge();
    EXPECT_EQ(verdict.state, State::kIntact) << absl::StrJoin(verdict.remarks, " ");
  }
  EXPECT_EQ(Judge().events, 21);
  Write(15);
  EXPECT_EQ(Judge().state, State::kIntact);
  // Behind the checkpoint nothing may go, and the checkpoint cannot be moved without the key.
  Tamper("DELETE FROM audit_events WHERE sequence <= 42");
  EXPECT_EQ(Judge().state, State::kBroken);
  Tamper("UPDATE audit_heads SET sequence = 42 WHERE kind = 'checkpoint'");
  EXPECT_EQ(Judge().state, State::kBroken);
}

TEST_F(AuditTest, TheStoreRefusesToPruneBehindTheCheckpoint) {
  Start();
  Write(5);
  Stop();
  const auto db = *sql::Database::Open({.path = path()});
  EXPECT_FALSE(db->Exec("DELETE FROM audit_events WHERE sequence = 1").ok());
  EXPECT_FALSE(db->Exec("UPDATE audit_events SET detail = 'x' WHERE sequence = 1").ok());
}

// Whether an event has an entry by subject, or is read, or both halves are asked: one answer.
TEST_F(AuditTest, SubjectsAreFoundWithAndWithoutTheirIndex) {
  Start();
  const auto sequences = [&](const std::string& subject, int64_t before, int limit) {
    std::vector<int64_t> found;
    const auto snapshot = *store_->Read();
    const auto events =
        *snapshot->audit().List(store::TenantWall::Everything(), subject, before, limit);
    for (const store::AuditEvent& event : events) found.push_back(event.sequence);
    return found;
  };
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(control_
                    ->RunNow([&](Turn& turn) {
                      return Audit(turn, "test", "test", i % 3 == 0 ? "x" : "y", TenantId(), "");
                    })
                    .ok());
  }
  const std::vector<int64_t> all = sequences("x", 0, 0);
  EXPECT_EQ(all.size(), 10u);
  for (int step = 0; step < 6; ++step) {
    ASSERT_TRUE(
        control_->RunNow([&](Turn& turn) { return turn.store().audit().IndexSubjects(7).status(); })
            .ok());
    EXPECT_EQ(sequences("x", 0, 0), all) << step;
    EXPECT_EQ(sequences("x", all[3], 4), std::vector<int64_t>(all.begin() + 4, all.begin() + 8))
        << step;
    EXPECT_EQ(sequences("x", 0, 3), std::vector<int64_t>(all.begin(), all.begin() + 3)) << step;
    EXPECT_TRUE(sequences("z", 0, 0).empty());
  }
  ASSERT_TRUE(control_
                  ->RunNow([&](Turn& turn) -> absl::Status {
                    EXPECT_EQ(*turn.store().audit().IndexSubjects(7), 0);
                    ASSIGN_OR_RETURN(const auto hash, turn.store().audit().HashAt(20));
                    RETURN_IF_ERROR(heads_->MakeCheckpoint(turn, {20, *hash}));
                    return turn.store().audit().Prune(0).status();
                  })
                  .ok());
  for (const int64_t sequence : sequences("x", 0, 0)) EXPECT_GT(sequence, 20);
  EXPECT_EQ(sequences("x", 0, 0).size(),
            static_cast<size_t>(std::count_if(all.begin(), all.end(),
                                              [](int64_t sequence) { return sequence > 20; })));
}

TEST_F(AuditTest, QueriesByTimeAndActor) {
  Start();
  const absl::Time begin = clock_.Now();
  for (int i = 0; i < 48; ++i) {
    clock_.Advance(absl::Hours(1));
    ASSERT_TRUE(control_
                    ->RunNow([&](Turn& turn) {
                      return Audit(turn, i % 2 == 0 ? "even" : "odd", "test", "s",
                                   TenantId(i % 3 == 0 ? "a" : "b"), "");
                    })
                    .ok());
  }
  const auto count = [&](store::AuditQuery query) {
    query.wall = store::TenantWall::Everything();
    return (*store_->Read())->audit().List(query)->size();
  };
  const auto of_a = [&](store::AuditQuery query) {
    query.wall = store::TenantWall::Of({TenantId("a")});
    return (*store_->Read())->audit().List(query)->size();
  };
  const absl::Time from = begin + absl::Hours(10);
  EXPECT_EQ(count({.since = from}), 39u);
  EXPECT_EQ(count({.subject = "s", .until = from}), 9u);
  EXPECT_EQ(count({.since = from, .until = from + absl::Hours(5)}), 5u);
  EXPECT_EQ(count({.actor = "even", .since = from, .until = from + absl::Hours(5)}), 2u);
  EXPECT_EQ(of_a({.actor = "odd"}), 8u);
  EXPECT_EQ(count({.since = clock_.Now() + absl::Seconds(1)}), 0u);
  EXPECT_EQ(count({.since = from, .limit = 4}), 4u);
}

}  // namespace
}  // namespace muster::core
