// All that is on a page: the orchestrator's own figures, and every metric of the catalog.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/match.h"
#include "orchestrator/metrics/work_counts.h"
#include "tests/orchestrator/metrics/figures_bench.h"

namespace muster::metrics {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

using WholePageTest = FiguresTest;

TEST_F(WholePageTest, TheOrchestratorItself) {
  Families families;
  AddSystem(families, Report(), {.read_only = true, .schema_version = 16}, Process());
  EXPECT_THAT(
      LinesOf(families),
      IsSupersetOf({"muster_build_info{version=\"1.2.3\"} 1", "muster_ready 1",
                    "muster_check_level{check=\"disk\"} 1", "muster_check_level{check=\"store\"} 0",
                    "muster_store_read_only 1", "muster_store_schema_version 16",
                    "muster_store_database_bytes 4096", "muster_store_log_bytes 0",
                    "muster_disk_free_bytes 12345", "muster_resident_memory_bytes 99",
                    "muster_open_files 40", "muster_open_files_limit 100",
                    "muster_listener_connections{listener=\"session\"} 3",
                    "muster_listener_connections_limit{listener=\"session\"} 10",
                    "muster_listener_taken_total{listener=\"session\"} 77",
                    "muster_listener_refused_total{listener=\"session\",reason=\"it said "
                    "nothing\"} 5",
                    "muster_listener_refused_total{listener=\"session\",reason=\"the listener is "
                    "full\"} 0"}));
  Families unknown;
  AddSystem(unknown, {}, {}, {.authority_end = kNow, .listeners_end = kNow});
  for (const char* absent : {"muster_disk_free", "muster_backup", "muster_store_log",
                             "muster_open_files", "muster_listener_conn"}) {
    EXPECT_THAT(unknown.Text(), Not(HasSubstr(absent)));
  }
}

// For promtool, which reads it beside here (tests/orchestrator/metrics/promtool).
TEST_F(WholePageTest, AnExampleOfAPage) {
  const char* const file = std::getenv("MUSTER_METRICS_PAGE");
  if (file == nullptr) GTEST_SKIP() << "nobody asked for it";
  Families families = Collect();
  AddSystem(families, Report(), {}, Process());
  WorkCounts counts;
  counts.TargetProven(TenantId("acme"), absl::Seconds(1));
  counts.AddTo(families);
  std::ofstream out(file);
  out << families.Text();
  EXPECT_TRUE(out.good());
}

// Every row of the catalog is exported, but for the page's own three (metrics_page_test.cc).
TEST_F(WholePageTest, EveryMetricOfTheCatalogIsExported) {
  Families families = Collect();
  AddSystem(families, Report(), {}, Process());
  WorkCounts counts;
  counts.TargetProven(TenantId("acme"), absl::Seconds(1));
  counts.AddTo(families);
  const std::string text = families.Text();
  for (const MetricSpec& spec : Catalog()) {
    if (spec.metric == Metric::kPageAge || spec.metric == Metric::kPageCollectSeconds ||
        spec.metric == Metric::kPageFailures) {
      continue;
    }
    EXPECT_THAT(text, HasSubstr(absl::StrCat("# TYPE ", spec.name, " ")));
  }
  // And with all of its labels.
  for (const std::string& line : LinesOf(families)) {
    if (line.empty() || line[0] == '#' || absl::StartsWith(line, "muster_time_to_verified")) {
      continue;
    }
    const std::string name = line.substr(0, line.find_first_of("{ "));
    for (const MetricSpec& spec : Catalog()) {
      if (spec.name != name) continue;
      for (const char* label : spec.labels) {
        EXPECT_THAT(line, HasSubstr(absl::StrCat(label, "=\"")));
      }
    }
  }
}

}  // namespace
}  // namespace muster::metrics
