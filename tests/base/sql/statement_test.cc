#include "base/sql/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/sql/database.h"

namespace muster::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StatementTest : public testing::Test {
 protected:
  StatementTest() {
    auto db = Database::Open({.path = ":memory:"});
    EXPECT_TRUE(db.ok()) << db.status();
    db_ = *std::move(db);
    EXPECT_EQ(absl::OkStatus(),
              db_->Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT) STRICT"));
  }
  void Insert(int id, absl::string_view name) {
    EXPECT_EQ(absl::OkStatus(), db_->Cached("INSERT INTO t VALUES (?, ?)").BindAll(id, name).Run());
  }
  absl::StatusOr<std::vector<std::string>> Names() {
    return db_->Cached("SELECT name FROM t ORDER BY id").All([](const Row& row) {
      return row.Text(0);
    });
  }
  std::unique_ptr<Database> db_;
};

TEST_F(StatementTest, RunWithKeepsNothingOfWhatItBorrowed) {
  Statement insert = db_->Cached("INSERT INTO t VALUES (?, ?)");
  {
    const std::string name(100, 'x');
    EXPECT_EQ(absl::OkStatus(), insert.RunWith(1, name));
  }
  EXPECT_EQ(absl::OkStatus(), insert.RunWith(2, std::string("other")));
  EXPECT_FALSE(insert.RunWith(2, std::string("taken")).ok());
  EXPECT_FALSE(insert.RunWith(3).ok());
  // What is bound without RunWith is a copy, as ever.
  insert.BindAll(3, std::string("copied"));
  EXPECT_EQ(absl::OkStatus(), insert.Run());
  EXPECT_THAT(*Names(), ElementsAre(std::string(100, 'x'), "other", "copied"));
}

TEST_F(StatementTest, EveryTypeSurvivesTheRoundTrip) {
  ASSERT_EQ(
      absl::OkStatus(),
      db_->Exec("CREATE TABLE v (i INTEGER, d REAL, s TEXT, b BLOB, t INTEGER, e INTEGER, id TEXT, "
                "n TEXT, flag INTEGER) STRICT"));
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  const std::string bytes("\0\xff", 2);
  ASSERT_EQ(absl::OkStatus(),
            db_->Cached("INSERT INTO v VALUES (?,?,?,?,?,?,?,?,?)")
                .BindAll(int64_t{1} << 40, 0.5, "text", Blob{bytes}, time, absl::Milliseconds(-7),
                         ServerId("srv-1"), std::optional<std::string>(), true)
                .Run());
  auto seen = db_->Cached("SELECT * FROM v").One([&](const Row& row) {
    EXPECT_EQ(row.columns(), 9);
    EXPECT_EQ(row.Get<int64_t>(0), int64_t{1} << 40);
    EXPECT_EQ(row.Get<double>(1), 0.5);
    EXPECT_EQ(row.Get<std::string>(2), "text");
    EXPECT_EQ(row.Text(3), bytes);
    EXPECT_EQ(row.Get<absl::Time>(4), time);
    EXPECT_EQ(row.Get<absl::Duration>(5), absl::Milliseconds(-7));
    EXPECT_EQ(row.Get<ServerId>(6), ServerId("srv-1"));
    EXPECT_EQ(row.Get<std::optional<std::string>>(7), std::nullopt);
    EXPECT_EQ(row.Get<std::optional<absl::Time>>(4), time);
    EXPECT_TRUE(row.Get<bool>(8));
    return 0;
  });
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_TRUE(seen->has_value());
}

TEST_F(StatementTest, InfiniteTimesStayInfinite) {
  auto row =
      db_->Cached("SELECT ?, ?, ?")
          .BindAll(absl::InfiniteFuture(), absl::InfinitePast(), absl::InfiniteDuration())
          .One([](const Row& r) { return std::make_tuple(r.Time(0), r.Time(1), r.Duration(2)); });
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(*row, std::make_tuple(absl::InfiniteFuture(), absl::InfinitePast(),
                                  absl::InfiniteDuration()));
}

TEST_F(StatementTest, AnEmptyStringIsNotNull) {
  Insert(1, absl::string_view());
  auto name = db_->Cached("SELECT name FROM t").One([](const Row& row) {
    return row.Get<std::optional<std::string>>(0);
  });
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, std::optional<std::optional<std::string>>(std::in_place, ""));
}

TEST_F(StatementTest, ACachedStatementCanBeUsedInsideItself) {
  Insert(1, "a");
  Insert(2, "b");
  int inner = 0;
  ASSERT_EQ(absl::OkStatus(),
            db_->Cached("SELECT name FROM t ORDER BY id").ForEach([&](const Row&) -> absl::Status {
              ASSIGN_OR_RETURN(const auto names, Names());
              inner += static_cast<int>(names.size());
              return absl::OkStatus();
            }));
  EXPECT_EQ(inner, 4);
}

TEST_F(StatementTest, ACachedStatementComesBackWithoutValuesAndErrors) {
  Insert(1, "a");
  EXPECT_EQ(ErrorKindOf(db_->Cached("INSERT INTO t VALUES (?, ?)").BindAll(1, "again").Run()),
            ErrorKind::kConstraintUnique);
  EXPECT_THAT(db_->Cached("INSERT INTO t VALUES (?, ?)").Run().message(),
              HasSubstr("0 values for 2 parameters"));
  Insert(2, "b");
  EXPECT_THAT(*Names(), ElementsAre("a", "b"));
}

TEST_F(StatementTest, AStatementIsReusedAfterReset) {
  Statement insert = db_->Prepare("INSERT INTO t VALUES (:id, :name)");
  ASSERT_EQ(absl::OkStatus(), insert.BindNamed(":name", "one").BindNamed(":id", 1).Run());
  ASSERT_EQ(absl::OkStatus(), insert.BindAll(2, "two").Run());
  EXPECT_THAT(*Names(), ElementsAre("one", "two"));
  insert.Reset();
  EXPECT_THAT(insert.BindNamed(":nick", "x").Run().message(), HasSubstr("no parameter :nick"));
}

TEST_F(StatementTest, MistakesAreErrorsOfTheFirstStep) {
  const absl::Status syntax = db_->Cached("SELEKT 1").Run();
  EXPECT_EQ(ErrorKindOf(syntax), ErrorKind::kOther);
  EXPECT_THAT(syntax.message(), HasSubstr("SELEKT"));
  EXPECT_FALSE(db_->Cached("").Run().ok());
  EXPECT_THAT(db_->Cached("SELECT ?").BindAll(1, 2).Run().message(), HasSubstr("2 of: SELECT ?"));
  EXPECT_THAT(db_->Cached("SELECT ?, ?").BindAll(1).Run().message(), HasSubstr("1 values for 2"));
}

TEST_F(StatementTest, AnErrorOfTheVisitorEndsTheWalk) {
  Insert(1, "a");
  Insert(2, "b");
  int visits = 0;
  EXPECT_EQ(db_->Cached("SELECT id FROM t").ForEach([&](const Row&) {
    ++visits;
    return absl::CancelledError("enough");
  }),
            absl::CancelledError("enough"));
  EXPECT_EQ(visits, 1);
  EXPECT_EQ(db_->Cached("SELECT id FROM t")
                .All([](const Row& row) -> absl::StatusOr<int> {
                  if (row.Get<int>(0) == 2) return absl::DataLossError("bad row");
                  return 1;
                })
                .status(),
            absl::DataLossError("bad row"));
}

TEST_F(StatementTest, ConstraintsHaveTheirKinds) {
  ASSERT_EQ(absl::OkStatus(),
            db_->Exec("CREATE TABLE child (t_id INTEGER NOT NULL REFERENCES t (id), state TEXT "
                      "CHECK (state IN ('a', 'b')), code TEXT UNIQUE) STRICT"));
  Insert(1, "a");
  const auto add = [&](auto id, const char* state, auto code) {
    return db_->Cached("INSERT INTO child VALUES (?, ?, ?)").BindAll(id, state, code).Run();
  };
  ASSERT_EQ(absl::OkStatus(), add(1, "a", "x"));
  EXPECT_TRUE(absl::IsAlreadyExists(add(1, "a", "x")));
  EXPECT_EQ(ErrorKindOf(add(1, "a", "x")), ErrorKind::kConstraintUnique);
  EXPECT_TRUE(absl::IsFailedPrecondition(add(2, "a", "y")));
  EXPECT_EQ(ErrorKindOf(add(2, "a", "y")), ErrorKind::kConstraintForeignKey);
  EXPECT_EQ(ErrorKindOf(add(1, "c", "y")), ErrorKind::kConstraintCheck);
  EXPECT_EQ(ErrorKindOf(add(std::nullopt, "a", "y")), ErrorKind::kConstraintCheck);
  EXPECT_EQ(ErrorKindOf(add("one", "a", "y")), ErrorKind::kConstraintCheck);
}

TEST_F(StatementTest, ErrorsHoldNoBoundValues) {
  Insert(1, "a");
  const absl::Status status =
      db_->Cached("INSERT INTO t VALUES (?, ?)").BindAll(1, "canary-value").Run();
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace muster::sql
