// A report of more servers than any one message holds.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/sql/database.h"
#include "orchestrator/core/report/report.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::core {
namespace {

constexpr int kServers = 120'000;
constexpr int kZones = 3;

// Servers in the tables, by SQL: faster than by any program. Every fifth is enrolled.
class ReportPagesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new sql::TempDir;
    const std::string path = *dir_ / "muster.db";
    { ASSERT_TRUE(store::SqliteStore::Open({.path = path, .durable = false}).ok()); }
    {
      const auto db = *sql::Database::Open({.path = path, .synchronous = sql::Synchronous::kOff});
      const auto run = [&db](const std::string& sql) {
        const absl::Status status = db->Exec(sql);
        ASSERT_TRUE(status.ok()) << status;
      };
      run("INSERT INTO tenants VALUES ('acme', 'Acme', 0)");
      run("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2) "
          "INSERT INTO zones (id, tenant_id, display_name, hub_url, hub_ca_pem, "
          "max_concurrent_joins, allow_cli_join, verifier_kind, verifier_principal, "
          "verifier_secret, create_time_us) SELECT 'acme/z' || i, 'acme', '', 'https://h' || i, "
          "'', 10, 0, 'none', '', x'', 0 FROM n");
      run("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 119999) "
          "INSERT INTO servers (id, tenant_id, zone_id, name, name_key, admission, enrollment, "
          "machine_name, "
          "machine_os, machine_os_version, machine_architecture, machine_worker_version, "
          "machine_id_hash, service_presence, service_endpoint, service_version, "
          "service_hub_instance_id, service_hub_url, service_hub_connected, "
          "service_internal_instance_id, create_time_us) SELECT 'srv-' || i, 'acme', "
          "'acme/z' || (i % 3), 'Web-' || i, 'web-' || i, 'admitted', "
          "CASE i % 5 WHEN 0 THEN 'enrolled' ELSE 'failed' END, '', '', '', '', '', '', "
          "'unknown', '', '', '', '', 0, '', 0 FROM n");
      run("UPDATE servers SET proof_verified_time_us = unixepoch() * 1000000, "
          "proof_reported_time_us = 0, proof_hub_instance_id = 'record of ' || id, "
          "proof_match = 'hub_id' WHERE enrollment = 'enrolled'");
    }
    store_ =
        store::SqliteStore::Open({.path = path, .quick_check = false, .durable = false})->release();
  }
  static void TearDownTestSuite() {
    delete store_;
    delete dir_;
  }

  static absl::StatusOr<Report> ReportOf(const ReportQuery& query) {
    const auto snapshot = *store_->Read();
    return MakeReport(store::WalledSnapshot(*snapshot, store::TenantWall::Everything()), query,
                      absl::Now());
  }

  static sql::TempDir* dir_;
  static store::Store* store_;
};
sql::TempDir* ReportPagesTest::dir_ = nullptr;
store::Store* ReportPagesTest::store_ = nullptr;

TEST_F(ReportPagesTest, ThePagesHoldEachServerOnce) {
  ReportQuery query;
  query.limit = 1000;
  std::set<std::string> seen;
  int pages = 0;
  int enrolled = 0;
  int servers = 0;
  do {
    const Report page = *ReportOf(query);
    ++pages;
    EXPECT_LE(page.problems.size(), 1000u);
    EXPECT_EQ(page.zones.size(), pages == 1 ? static_cast<size_t>(kZones) : 0u);
    for (const ReportZone& zone : page.zones) {
      enrolled += zone.enrolled;
      servers += zone.servers;
    }
    for (const ReportProblem& problem : page.problems) {
      EXPECT_TRUE(seen.insert(problem.server_id.value()).second);
    }
    query.after = page.next;
  } while (!query.after.empty());
  EXPECT_EQ(seen.size(), kServers / 5 * 4u);
  EXPECT_EQ(enrolled, kServers / 5);
  EXPECT_EQ(servers, kServers);
  EXPECT_GE(pages, 96);
}

TEST_F(ReportPagesTest, WithoutALimitItIsWhole) {
  ReportQuery query;
  query.selection.zone_id = ZoneId("acme/z1");
  const Report report = *ReportOf(query);
  EXPECT_EQ(report.problems.size(), kServers / kZones / 5 * 4u);
  EXPECT_TRUE(report.next.empty());
  EXPECT_EQ(report.zones.size(), 1u);
}

}  // namespace
}  // namespace muster::core
