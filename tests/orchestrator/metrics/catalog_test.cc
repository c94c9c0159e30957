// The catalog, its page in docs, and what deploy/monitoring makes of it say the same.
#include "orchestrator/metrics/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::metrics {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr char kRules[] = "deploy/monitoring/muster.rules.yml";

std::string FileOf(const std::string& path) {
  std::ifstream in(std::string(MUSTER_SOURCE_DIR "/") + path);
  EXPECT_TRUE(in.is_open()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const char* WordOfKind(MetricKind kind) {
  switch (kind) {
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "";
}

// The names under which Prometheus has it.
std::set<std::string> ExportedNames() {
  std::set<std::string> names;
  for (const MetricSpec& spec : Catalog()) {
    if (spec.kind != MetricKind::kHistogram) {
      names.insert(spec.name);
      continue;
    }
    for (const char* part : {"_bucket", "_sum", "_count"}) {
      names.insert(absl::StrCat(spec.name, part));
    }
  }
  return names;
}

// What is recorded by the rules, by its name.
std::set<std::string> RecordedNames(const std::string& rules) {
  std::set<std::string> names;
  const std::regex record("- record: (\\S+)");
  for (std::sregex_iterator it(rules.begin(), rules.end(), record), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

// Names in expressions that neither the program exports nor the rules record.
std::vector<std::string> StrangersIn(const std::string& text, const std::set<std::string>& known) {
  std::vector<std::string> strangers;
  const std::regex name("[a-zA-Z_:][a-zA-Z0-9_:]*");
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
    const std::string word = it->str();
    const bool ours = absl::StartsWith(word, "muster_") || absl::StrContains(word, ":muster_") ||
                      absl::StartsWith(word, "muster:");
    if (ours && !known.contains(word)) strangers.push_back(word);
  }
  return strangers;
}

// The expressions of the rules, and those of every panel and variable of the dashboard.
std::string ExpressionsOfRules() {
  std::vector<std::string> expressions;
  for (const absl::string_view line : absl::StrSplit(FileOf(kRules), '\n')) {
    absl::string_view rest = line;
    while (absl::ConsumePrefix(&rest, " ")) continue;
    if (absl::ConsumePrefix(&rest, "expr: ")) expressions.emplace_back(rest);
  }
  return absl::StrJoin(expressions, "\n");
}
void CollectExpressions(const nlohmann::json& json, std::vector<std::string>& expressions) {
  for (const auto& [key, value] : json.items()) {
    if ((key == "expr" || key == "query" || key == "definition") && value.is_string()) {
      expressions.push_back(value.get<std::string>());
    }
    if (value.is_structured()) CollectExpressions(value, expressions);
  }
}

TEST(CatalogTest, NamesFollowPrometheusConventions) {
  ASSERT_EQ(Catalog().size(), static_cast<size_t>(Metric::kCount));
  std::set<std::string> names;
  const std::regex name("muster_[a-z0-9]+(_[a-z0-9]+)*");
  const std::regex label("[a-z]+");
  for (size_t i = 0; i < Catalog().size(); ++i) {
    const MetricSpec& spec = Catalog()[i];
    EXPECT_EQ(static_cast<size_t>(spec.metric), i) << spec.name;
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_TRUE(std::regex_match(spec.name, name)) << spec.name;
    EXPECT_EQ(absl::EndsWith(spec.name, "_total"), spec.kind == MetricKind::kCounter) << spec.name;
    EXPECT_TRUE(absl::EndsWith(spec.help, ".")) << spec.name;
    EXPECT_FALSE(absl::StrContains(spec.help, "|")) << spec.name;
    for (const char* one : spec.labels) EXPECT_TRUE(std::regex_match(one, label)) << spec.name;
  }
}

// Labels that anybody's fleet could fill without end, or that name what is nobody's business.
TEST(CatalogTest, LabelsAreOfAFewKinds) {
  const std::set<std::string> bounded = {
      "version", "check", "state",      "role",      "listener",     "reason",   "kind",
      "tenant",  "zone",  "enrollment", "admission", "connectivity", "severity", "standing"};
  for (const MetricSpec& spec : Catalog()) {
    for (const char* label : spec.labels) {
      EXPECT_TRUE(bounded.contains(label)) << spec.name << " " << label;
    }
  }
}

TEST(CatalogTest, ThePageListsEachOnce) {
  std::vector<std::string> expected;
  for (const MetricSpec& spec : Catalog()) {
    std::vector<std::string> labels;
    for (const char* label : spec.labels) labels.push_back(absl::StrCat("`", label, "`"));
    expected.push_back(absl::StrCat("| `", spec.name, "` | ", WordOfKind(spec.kind), " | ",
                                    absl::StrJoin(labels, ", "), " | ", spec.help, " |"));
  }
  std::vector<std::string> rows;
  for (const absl::string_view line : absl::StrSplit(FileOf("docs/monitoring.md"), '\n')) {
    if (absl::StartsWith(line, "| `muster_")) rows.emplace_back(line);
  }
  EXPECT_THAT(rows, ElementsAreArray(expected));
}

TEST(MonitoringTest, RulesNameWhatIsExportedOrRecorded) {
  std::set<std::string> known = ExportedNames();
  known.merge(RecordedNames(FileOf(kRules)));
  const std::string expressions = ExpressionsOfRules();
  EXPECT_GT(expressions.size(), 1000u) << "they were not found";
  EXPECT_THAT(StrangersIn(expressions, known), IsEmpty());
}

TEST(MonitoringTest, EveryAlertSaysWhatItIsAndWhatToType) {
  const std::string rules = FileOf(kRules);
  const std::vector<std::string> alerts = absl::StrSplit(rules, "- alert: ");
  ASSERT_GT(alerts.size(), 20u);
  const std::string page = FileOf("docs/monitoring.md");
  for (size_t i = 1; i < alerts.size(); ++i) {
    const std::string name = alerts[i].substr(0, alerts[i].find('\n'));
    for (const char* part :
         {"expr: ", "severity: ", "summary: \"", "description: \"", "command: \""}) {
      EXPECT_TRUE(absl::StrContains(alerts[i], part)) << name << " has no " << part;
    }
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("| `", name, "` |")))
        << name << " is not in docs/monitoring.md";
  }
  // Nor does the page speak of one that there is not.
  const std::regex row("\\| `(Muster[A-Za-z]+)` \\|");
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it) {
    EXPECT_TRUE(absl::StrContains(rules, absl::StrCat("- alert: ", it->str(1), "\n")))
        << it->str(1);
  }
}

TEST(MonitoringTest, TheDashboardNamesWhatIsExportedOrRecorded) {
  const auto dashboard =
      nlohmann::json::parse(FileOf("deploy/monitoring/dashboard.json"), nullptr, false);
  ASSERT_FALSE(dashboard.is_discarded()) << "it is no JSON";
  std::vector<std::string> expressions;
  CollectExpressions(dashboard, expressions);
  EXPECT_GT(expressions.size(), 30u);
  std::set<std::string> known = ExportedNames();
  known.merge(RecordedNames(FileOf(kRules)));
  EXPECT_THAT(StrangersIn(absl::StrJoin(expressions, "\n"), known), IsEmpty());

  std::set<int> ids;
  std::set<std::string> variables;
  for (const auto& variable : dashboard["templating"]["list"]) {
    variables.insert(variable["name"].get<std::string>());
  }
  EXPECT_EQ(variables, (std::set<std::string>{"datasource", "tenant", "zone"}));
  for (const auto& panel : dashboard["panels"]) {
    const std::string title = panel["title"].get<std::string>();
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << title;
    const auto& at = panel["gridPos"];
    EXPECT_LE(at["x"].get<int>() + at["w"].get<int>(), 24) << title;
    if (panel["type"] == "row") continue;
    EXPECT_FALSE(panel["targets"].empty()) << title;
    EXPECT_NE(panel["fieldConfig"]["defaults"]["unit"].get<std::string>(), "") << title;
  }
}

TEST(MonitoringTest, StrangersAreSeen) {
  const std::set<std::string> known = ExportedNames();
  EXPECT_THAT(StrangersIn("rate(muster_servers[5m]) / muster_no_such > muster:x:y", known),
              testing::ElementsAre("muster_no_such", "muster:x:y"));
}

}  // namespace
}  // namespace muster::metrics
