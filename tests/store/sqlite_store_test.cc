// What is SQLite's own: the file, its damage, its growth, its schema.
#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/sql/migrate.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/where.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::store {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SqliteStoreTest : public testing::Test {
 protected:
  std::string path() const { return dir_ / "muster.db"; }
  std::unique_ptr<Store> Open(int64_t max_pages = 0) {
    auto store = SqliteStore::Open({.path = path(),
                                    .backup_dir = dir_ / "backups",
                                    .now = absl::FromUnixSeconds(86400),
                                    .durable = false,
                                    .max_pages = max_pages});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  absl::Status OpenError() {
    return SqliteStore::Open({.path = path(), .backup_dir = dir_ / "backups"}).status();
  }
  // Another program's hands on the file.
  void Tamper(absl::string_view sql) {
    auto db = sql::Database::Open({.path = path()});
    ASSERT_TRUE(db.ok()) << db.status();
    const absl::Status status = (*db)->Exec(sql);
    ASSERT_TRUE(status.ok()) << status;
  }
  static absl::Status Put(Store& store, absl::string_view tenant, size_t bytes = 0) {
    auto t = store.Begin();
    if (!t.ok()) return t.status();
    const absl::Status status =
        (*t)->tenants().Put({TenantId(tenant), std::string(bytes, 'x'), absl::Time()});
    if (!status.ok()) return status;
    return (*t)->Commit();
  }
  static void Append(Store& store, int events) {
    auto t = *store.Begin();
    for (int i = 0; i < events; ++i) {
      ASSERT_TRUE(t->audit()
                      .Append({.time = absl::FromUnixSeconds(i),
                               .actor = "system",
                               .action = "test",
                               .subject = absl::StrCat("s", i)})
                      .ok());
    }
    ASSERT_TRUE(t->Commit().ok());
  }

  sql::TempDir dir_;
};

TEST_F(SqliteStoreTest, WhatIsCommittedSurvivesAReopen) {
  EXPECT_TRUE(Put(*Open(), "acme").ok());
  const auto store = Open();
  EXPECT_TRUE((*store->Read())->tenants().Find(TenantId("acme"))->has_value());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "backups"));
}

// What programs of before let in: bytes that are no UTF-8, which no message can carry. They are
// replaced on the way out; the chain was made of them as they are, and holds.
TEST_F(SqliteStoreTest, BytesThatAreNoTextAreReadableAndTheChainHolds) {
  constexpr char kBad[] = "to https://h\xc3 \xff\xfe end";
  {
    const auto store = Open();
    ASSERT_TRUE(Put(*store, "acme").ok());
    Append(*store, 1);
    const std::string first = *(*(*store->Read())->audit().HashAt(1));
    std::string bytes = first;
    const auto number = [&bytes](int64_t value) {
      for (int shift = 56; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>(value >> shift));
    };
    number(2);
    number(7'000'000);
    for (const std::string& text : {std::string("worker:\xfe"), std::string("server.fail"),
                                    std::string("srv-1"), std::string("acme"), std::string(kBad)}) {
      number(static_cast<int64_t>(text.size()));
      bytes += text;
    }
    const auto hex = [](absl::string_view text) { return absl::BytesToHexString(text); };
    Tamper(absl::StrCat(
        "INSERT INTO audit_events (sequence, time_us, actor, action, subject, tenant_id, detail, "
        "hash) VALUES (2, 7000000, CAST(x'",
        hex("worker:\xfe"), "' AS TEXT), 'server.fail', 'srv-1', 'acme', CAST(x'", hex(kBad),
        "' AS TEXT), x'", hex(crypto::Sha256(bytes)), "')"));
    Tamper(absl::StrCat("UPDATE tenants SET display_name = CAST(x'", hex(kBad), "' AS TEXT)"));
  }
  const auto store = Open();
  {
    const auto snapshot = *store->Read();
    EXPECT_TRUE(snapshot->audit().Verify()->intact);
    const auto events = *snapshot->audit().List({.wall = TenantWall::Everything()});
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].detail, "to https://h? ?? end");
    EXPECT_EQ(events[0].actor, "worker:?");
    EXPECT_EQ((**snapshot->tenants().Find(TenantId("acme"))).display_name, "to https://h? ?? end");
  }
  Append(*store, 1);
  const auto check = *(*store->Read())->audit().Verify();
  EXPECT_TRUE(check.intact);
  EXPECT_EQ(check.events, 3);
}

// Nobody can put more of them in.
TEST_F(SqliteStoreTest, BytesThatAreNoTextAreRefused) {
  const auto store = Open();
  {
    auto t = *store->Begin();
    const absl::Status refused = t->tenants().Put({TenantId("acme"), "caf\xe9", absl::Time()});
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("no UTF-8: caf?"));
    EXPECT_FALSE(t->audit().Append({.actor = "system", .action = "test", .detail = "\xff"}).ok());
    EXPECT_TRUE(t->audit().Append({.actor = "system", .action = "test", .detail = "ok"}).ok());
    EXPECT_TRUE(t->Commit().ok());
  }
  const auto check = *(*store->Read())->audit().Verify();
  EXPECT_TRUE(check.intact);
  EXPECT_EQ(check.events, 1);
}

TEST_F(SqliteStoreTest, AFullDiskMakesItReadOnlyAndLosesNothingAccepted) {
  const auto store = Open(120);
  int accepted = 0;
  absl::Status status;
  for (int i = 0; i < 200 && status.ok(); ++i) {
    status = Put(*store, absl::StrCat("t", i), 5000);
    if (status.ok()) ++accepted;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreFull) << status;
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(store->Health().read_only);
  EXPECT_THAT(store->Health().reason, StartsWith("E-STORE-FULL"));
  status = Put(*store, "more");
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreReadOnly);
  EXPECT_THAT(std::string(status.message()), HasSubstr("E-STORE-FULL"));
  EXPECT_EQ((*store->Read())->tenants().List(TenantWall::Everything())->size(),
            static_cast<size_t>(accepted));
}

// A statement that met the full disk spoils its turn, even if the caller goes on.
TEST_F(SqliteStoreTest, ATurnThatMetAFullDiskDoesNotCommit) {
  const auto store = Open(120);
  auto t = *store->Begin();
  ASSERT_TRUE(t->tenants().Put({TenantId("small"), "", absl::Time()}).ok());
  ASSERT_TRUE(t->Mark().ok());
  ASSERT_FALSE(t->tenants().Put({TenantId("huge"), std::string(900'000, 'x'), {}}).ok());
  t->RollBackToMark().IgnoreError();
  EXPECT_EQ(FailureCodeOf(t->Commit()), FailureCode::kStoreFull);
  EXPECT_TRUE((*store->Read())->tenants().List(TenantWall::Everything())->empty());
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(path()) << "This was a database once, said the disk, and it is not one now.";
  const absl::Status status = OpenError();
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreCorrupt) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("from the newest backup"));
}

TEST_F(SqliteStoreTest, ADamagedDatabaseIsRefused) {
  {
    const auto store = Open();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(Put(*store, absl::StrCat("t", i), 3000).ok());
  }
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path()));
  file.seekp(size / 2);
  file << std::string(static_cast<size_t>(size / 4), '\xa5');
  file.close();
  const absl::Status status = OpenError();
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreCorrupt) << status;
}

TEST_F(SqliteStoreTest, ATruncatedDatabaseIsRefused) {
  ASSERT_TRUE(Put(*Open(), "acme", 50'000).ok());
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) / 2);
  EXPECT_EQ(FailureCodeOf(OpenError()), FailureCode::kStoreCorrupt) << OpenError();
}

TEST_F(SqliteStoreTest, ANewerDatabaseIsRefusedUntouched) {
  Open();
  Tamper("UPDATE schema_info SET version = 99, min_compatible_version = 98");
  const absl::Status status = OpenError();
  EXPECT_EQ(FailureCodeOf(status), FailureCode::kStoreNewer) << status;
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "backups"));
}

TEST_F(SqliteStoreTest, ANewerDatabaseThatPromisesCompatibilityOpens) {
  Open();
  Tamper("UPDATE schema_info SET version = 99, min_compatible_version = 1");
  EXPECT_EQ(Open()->Health().schema_version, 99);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  Tamper("CREATE TABLE notes (text TEXT)");
  const absl::Status status = OpenError();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
}

TEST_F(SqliteStoreTest, AMissingDirectoryIsAnError) {
  EXPECT_FALSE(SqliteStore::Open({.path = dir_ / "none/muster.db"}).ok());
}

// The list of this program, and one more migration: what the next version will do.
TEST_F(SqliteStoreTest, AMigrationLeavesACopyOfTheFileBefore) {
  ASSERT_TRUE(Put(*Open(), "acme").ok());
  std::vector<sql::Migration> next(Migrations().begin(), Migrations().end());
  const int version = static_cast<int>(next.size()) + 1;
  next.push_back({version, "add_examples", "CREATE TABLE examples (id TEXT) STRICT;",
                  Migrations().back().min_compatible_version});
  {
    auto db = *sql::Database::Open({.path = path()});
    const auto result = sql::Migrate(
        *db, next, {.backup_dir = dir_ / "backups", .now = absl::FromUnixSeconds(86400)});
    ASSERT_TRUE(result.ok()) << result.status();
    auto copy = SqliteStore::Open({.path = result->backup_path, .durable = false});
    ASSERT_TRUE(copy.ok()) << copy.status();
    EXPECT_EQ((*copy)->Health().schema_version, version - 1);
    EXPECT_TRUE((*(*copy)->Read())->tenants().Find(TenantId("acme"))->has_value());
  }
  EXPECT_EQ(Open()->Health().schema_version, version);
}

TEST_F(SqliteStoreTest, TheAuditLogRefusesChanges) {
  Append(*Open(), 3);
  auto db = *sql::Database::Open({.path = path()});
  EXPECT_THAT(std::string(db->Exec("UPDATE audit_events SET actor = 'x'").message()),
              HasSubstr("append-only"));
  EXPECT_THAT(std::string(db->Exec("DELETE FROM audit_events").message()),
              HasSubstr("append-only"));
}

TEST_F(SqliteStoreTest, TamperingWithTheAuditLogShows) {
  Append(*Open(), 5);
  EXPECT_TRUE((*Open()->Read())->audit().Verify()->intact);
  Tamper("DROP TRIGGER audit_events_are_not_changed; DROP TRIGGER audit_events_are_not_deleted");
  const auto first_bad = [this](absl::string_view sql) {
    Tamper(sql);
    const auto store = Open();
    const AuditCheck check = *(*store->Read())->audit().Verify();
    EXPECT_EQ(check.intact, check.first_bad_sequence == 0);
    return check.first_bad_sequence;
  };
  EXPECT_EQ(first_bad("UPDATE audit_events SET detail = 'x' WHERE sequence = 3"), 3);
  EXPECT_EQ(first_bad("UPDATE audit_events SET detail = '' WHERE sequence = 3"), 0);
  EXPECT_EQ(first_bad("UPDATE audit_events SET time_us = time_us + 1 WHERE sequence = 2"), 2);
  EXPECT_EQ(first_bad("UPDATE audit_events SET time_us = time_us - 1 WHERE sequence = 2"), 0);
  // Text moved from one column to the next.
  EXPECT_EQ(first_bad("UPDATE audit_events SET actor = 'systemt', action = 'est' "
                      "WHERE sequence = 5"),
            5);
  EXPECT_EQ(first_bad("UPDATE audit_events SET link = zeroblob(32) WHERE sequence = 4"), 4);
  EXPECT_EQ(first_bad("DELETE FROM audit_events WHERE sequence = 2"), 3);
}

TEST_F(SqliteStoreTest, RefusalsDoNotGrowWithoutEnd) {
  const auto store = Open();
  auto t = *store->Begin();
  for (int i = 0; i < 10'050; ++i) {
    ASSERT_TRUE(t->tokens().AddRefusal({.code = FailureCode::kTokenUnknown}).ok());
  }
  EXPECT_EQ(t->tokens().ListRefusals(TokenId(), 0)->size(), 10'000u);
}

// The lists in CHECK constraints are the strings of the enums.
TEST_F(SqliteStoreTest, TheSchemaKnowsEveryState) {
  Open();
  auto db = *sql::Database::Open({.path = path()});
  const auto schema = [&db](absl::string_view table) {
    return **db->Prepare("SELECT sql FROM sqlite_schema WHERE name = ?")
                 .BindAll(table)
                 .One([](const sql::Row& row) { return row.Text(0); });
  };
  const auto check = [&schema](absl::string_view table, auto first) {
    using E = decltype(first);
    const std::string sql = schema(table);
    for (int i = 0; !ToString(static_cast<E>(i)).empty(); ++i) {
      EXPECT_THAT(sql, HasSubstr(absl::StrCat("'", ToString(static_cast<E>(i)), "'"))) << table;
    }
  };
  check("servers", Admission{});
  check("servers", Enrollment{});
  check("servers", ServicePresence{});
  check("servers", MatchKind{});
  check("attempts", AttemptState{});
  check("rollouts", RolloutState{});
  check("rollouts", CommandKind{});
  check("commands", CommandKind{});
  check("targets", TargetState{});
  check("joining_keys", KeyVersionState{});
  check("zones", VerifierKind{});
  check("hub_contacts", HubListKind{});
  check("bootstrap_tokens", TokenState{});
  check("bootstrap_tokens", TokenMode{});
  check("worker_certificates", CertificateState{});
  check("operators", OperatorRole{});
  // The partial indexes of invariant 11 and of restarts list just the open states.
  for (const char* index : {"attempts_open", "attempts_one_open_join"}) {
    for (int i = 0; !ToString(static_cast<AttemptState>(i)).empty(); ++i) {
      const auto state = static_cast<AttemptState>(i);
      EXPECT_EQ(absl::StrContains(schema(index), absl::StrCat("'", ToString(state), "'")),
                IsOpen(state))
          << index << " " << ToString(state);
    }
  }
}

// Names that only A-Z told apart: both stay, and the older one has the name.
TEST_F(SqliteStoreTest, NamesOfAnOlderProgramAreFolded) {
  {
    auto db = *sql::Database::Open({.path = path()});
    ASSERT_TRUE(sql::Migrate(*db, Migrations().first(5), {}).ok());
    ASSERT_TRUE(db->Exec("INSERT INTO tenants VALUES ('acme', 'Acme', 1);"
                         "INSERT INTO zones VALUES ('acme/prod', 'acme', '', 'https://hub', '', 5, "
                         "  0, 'none', '', x'', 1)")
                    .ok());
    for (const auto& [id, name] :
         {std::pair("srv-1", "B\xC3\x9CRO"), {"srv-2", "b\xC3\xBCro"}, {"srv-3", "WEB"}}) {
      ASSERT_TRUE(
          db->Prepare(
                "INSERT INTO servers (id, tenant_id, zone_id, name, admission, enrollment, "
                "machine_name, machine_os, machine_os_version, machine_architecture, "
                "machine_worker_version, machine_id_hash, service_presence, "
                "service_endpoint, service_version, service_hub_instance_id, "
                "service_hub_url, service_hub_connected, service_internal_instance_id, "
                "create_time_us) VALUES (?, 'acme', 'acme/prod', ?, 'registered', "
                "'not_enrolled', '', '', '', '', '', '', 'unknown', '', '', '', '', 0, '', 1)")
              .RunWith(absl::string_view(id), absl::string_view(name))
              .ok());
    }
  }
  const auto store = Open();
  const auto snapshot = *store->Read();
  EXPECT_EQ(snapshot->servers().List({.wall = TenantWall::Everything()})->size(), 3u);
  EXPECT_EQ((*snapshot->servers().FindByName(ZoneId("acme/prod"), "B\xC3\xBCRO"))->id,
            ServerId("srv-1"));
  EXPECT_EQ((*snapshot->servers().FindByName(ZoneId("acme/prod"), "web."))->id, ServerId("srv-3"));
  EXPECT_EQ((*snapshot->zones().Find(ZoneId("acme/prod")))->pin_version, 1);
}

// A file of the first schema, with work under way.
TEST_F(SqliteStoreTest, WhatAnOlderProgramLeftIsKept) {
  {
    auto db = *sql::Database::Open({.path = path()});
    ASSERT_TRUE(sql::Migrate(*db, Migrations().first(1), {}).ok());
    const absl::Status filled = db->Exec(
        "INSERT INTO tenants VALUES ('acme', 'Acme', 1);"
        "INSERT INTO zones VALUES ('acme/prod', 'acme', 'Prod', 'https://hub', '', 5, 0, 'none',"
        "  '', x'', 1);"
        "INSERT INTO servers (id, tenant_id, zone_id, name, admission, enrollment, machine_name,"
        "  machine_os, machine_os_version, machine_architecture, machine_worker_version,"
        "  machine_id_hash, service_presence, service_endpoint, service_version,"
        "  service_hub_instance_id, service_hub_url, service_hub_connected,"
        "  service_internal_instance_id, create_time_us) VALUES ('srv-1', 'acme', 'acme/prod',"
        "  'web', 'admitted', 'joining', '', '', '', '', '', '', 'unknown', '', '', '', '', 0, '',"
        "  1);"
        "INSERT INTO rollouts VALUES ('rol-1', 'acme', 'join', 'running', '', '', '', '', '',"
        "  '10%', '0', 0, 0, NULL, 'opr', 1, 99, NULL);"
        "INSERT INTO rollouts VALUES ('rol-2', 'acme', 'join', 'paused', 'canceling by opr', '',"
        "  '', '', '', '10%', '0', 0, 0, NULL, 'opr', 1, 99, NULL);"
        "INSERT INTO targets VALUES ('rol-1', 'srv-1', 'acme/prod', 'web', 'in_flight', NULL, NULL,"
        "  1, NULL, NULL);"
        "INSERT INTO target_counts VALUES ('rol-1', 'in_flight', 1);"
        "INSERT INTO commands VALUES ('cmd-1', 'srv-1', 'acme/prod', 'rol-1', 'join', NULL, 1, 5,"
        "  50);"
        "INSERT INTO attempts VALUES ('att-1', 'cmd-1', 'srv-1', 'join', 'rol-1', 1, 'sent', '',"
        "  NULL, NULL, 5, 5, NULL)");
    ASSERT_TRUE(filled.ok()) << filled;
  }
  const auto store = Open();
  const auto snapshot = *store->Read();
  EXPECT_TRUE((*snapshot->attempts().FindCommand(CommandId("cmd-1")))->allow_takeover);
  const auto open = *snapshot->attempts().ListOpen();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].id, AttemptId("att-1"));
  EXPECT_EQ(open[0].kind, CommandKind::kJoin);
  EXPECT_EQ(open[0].rollout_id, RolloutId("rol-1"));
  EXPECT_EQ((*snapshot->rollouts().Count(RolloutId("rol-1"))).in_flight, 1);
  EXPECT_EQ((*snapshot->rollouts().FindTarget(RolloutId("rol-1"), ServerId("srv-1")))->attempts, 1);
  EXPECT_EQ((*snapshot->rollouts().Find(RolloutId("rol-1")))->max_in_doubt, "");
  EXPECT_EQ((*snapshot->rollouts().Find(RolloutId("rol-1")))->state, RolloutState::kRunning);
  EXPECT_EQ((*snapshot->rollouts().Find(RolloutId("rol-2")))->state, RolloutState::kCanceling);
}

// Operators of the one-operator days, and the ids of requests that were made before they had owners.
TEST_F(SqliteStoreTest, OperatorsAndRequestsOfAnOlderProgramAreKept) {
  {
    auto db = *sql::Database::Open({.path = path()});
    ASSERT_TRUE(db->AddTextFunction("fold_name", FoldName).ok());
    ASSERT_TRUE(sql::Migrate(*db, Migrations().first(9), {}).ok());
    const absl::Status filled = db->Exec(
        "INSERT INTO tenants VALUES ('acme', 'Acme', 1);"
        "INSERT INTO zones (id, tenant_id, display_name, hub_url, hub_ca_pem,"
        "  max_concurrent_joins, allow_cli_join, verifier_kind, verifier_principal, "
        "verifier_secret,"
        "  create_time_us) VALUES ('acme/prod', 'acme', '', 'https://hub', '', 5, 0, 'none', '',"
        "  x'', 1);"
        "INSERT INTO operators VALUES ('opr-1', 'admin', 'provider_admin', 'key-1', 0, 5);"
        "INSERT INTO operators VALUES ('opr-2', 'ann', 'viewer', 'key-2', 1, 6);"
        "INSERT INTO operator_tenants VALUES ('opr-2', 'acme');"
        "INSERT INTO rollouts (id, tenant_id, kind, state, reason, selection_tenant_id,"
        "  selection_zone_id, selection_labels, selection_names, max_concurrency, max_failures,"
        "  max_in_doubt, allow_takeover, forgiven_failures, note, request_id, created_by,"
        "  create_time_us, deadline_us, finish_time_us) VALUES ('rol-1', 'acme', 'join', 'running',"
        "  '', '', 'acme/prod', '', '', '', '', '', 0, 0, '', 'r1', 'operator:opr-1', 7, 99, NULL);"
        "INSERT INTO bootstrap_tokens (id, tenant_id, zone_id, secret_hash, state, mode, max_uses,"
        "  uses, server_names, request_id, create_time_us, expire_time_us) VALUES ('tok-1', 'acme',"
        "  'acme/prod', 'h', 'active', 'auto', 1, 0, '', 'r2', 8, 99);"
        "INSERT INTO audit_events (sequence, time_us, actor, action, subject, tenant_id, detail,"
        "  hash) VALUES (1, 8, 'operator:opr-1', 'token.create', 'tok-1', 'acme', '', x'');");
    ASSERT_TRUE(filled.ok()) << filled;
  }
  const auto store = Open();
  const auto snapshot = *store->Read();
  const Operator admin = **snapshot->operators().FindByName("admin");
  ASSERT_EQ(admin.certificates.size(), 1u);
  EXPECT_EQ(admin.certificates[0].public_key_hash, "key-1");
  EXPECT_EQ(admin.certificates[0].not_after, absl::FromUnixMicros(5) + absl::Hours(24 * 365));
  EXPECT_EQ(admin.revoke_time, std::nullopt);
  const Operator ann = **snapshot->operators().Find(OperatorId("opr-2"));
  EXPECT_TRUE(ann.revoke_time.has_value()) << "who was disabled stays out";
  EXPECT_EQ(ann.tenants, std::vector<TenantId>{TenantId("acme")});
  const auto made = [&](const char* id) {
    return *snapshot->requests().Find({"operator:opr-1", TenantId("acme"), id}, "unknown then");
  };
  EXPECT_EQ(made("r1")->id, "rol-1");
  EXPECT_TRUE(made("r1")->same) << "what the request was is not known any more";
  EXPECT_EQ(made("r2")->id, "tok-1");
}

// The lists that a big fleet pages through read no more rows than they return.
TEST_F(SqliteStoreTest, PagesAreReadFromIndexes) {
  Open();
  auto db = *sql::Database::Open({.path = path()});
  const auto plan = [&db](const std::string& sql) {
    std::string out;
    EXPECT_TRUE(db->Prepare("EXPLAIN QUERY PLAN " + sql)
                    .ForEach([&out](const sql::Row& row) { out += row.Text(3) + "\n"; })
                    .ok());
    return out;
  };
  for (const char* sql : {
           "SELECT * FROM servers WHERE (zone_id, name) > ('a', 'b') ORDER BY zone_id, name",
           "SELECT * FROM servers WHERE tenant_id = 'a' AND (zone_id, name) > ('a', 'b') "
           "ORDER BY zone_id, name",
           "SELECT * FROM targets WHERE rollout_id = 'r' AND (zone_id, name) > ('a', 'b') "
           "ORDER BY zone_id, name",
           "SELECT * FROM targets WHERE rollout_id = 'r' AND state = 'waiting' "
           "AND (zone_id, name) > ('a', 'b') ORDER BY zone_id, name",
           "SELECT * FROM rollouts WHERE finish_time_us IS NULL ORDER BY create_time_us, id",
           "SELECT * FROM attempts WHERE server_id = 's' "
           "ORDER BY create_time_us DESC, command_id DESC, id DESC",
           "SELECT sequence FROM audit_subjects WHERE subject = 's' ORDER BY sequence DESC",
       }) {
    EXPECT_THAT(plan(sql), Not(HasSubstr("TEMP B-TREE"))) << sql;
    EXPECT_THAT(plan(sql), Not(HasSubstr("SCAN targets"))) << sql;
  }
}

}  // namespace
}  // namespace muster::store
