#include "tests/bench/load/measures.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

struct Row {
  const char* key;
  const char* title;
  std::optional<double> Measures::*value;
};

constexpr Row kRows[] = {
    {"bootstraps_per_second", "bootstraps / s", &Measures::bootstraps_per_second},
    {"connects_per_second", "connects / s", &Measures::connects_per_second},
    {"kib_per_connection", "server memory / connection, KiB", &Measures::kib_per_connection},
    {"commands_per_second", "command round trips / s", &Measures::commands_per_second},
    {"enrollments_per_second", "enrollments / s", &Measures::enrollments_per_second},
    {"cpu_us_per_bootstrap", "server CPU / bootstrap, us", &Measures::cpu_us_per_bootstrap},
    {"cpu_us_per_connect", "server CPU / connect, us", &Measures::cpu_us_per_connect},
    {"cpu_us_per_command", "server CPU / command, us", &Measures::cpu_us_per_command},
    {"cpu_us_per_enrollment", "server CPU / enrollment, us", &Measures::cpu_us_per_enrollment},
    {"load_cpu_us_per_command", "load CPU / command, us", &Measures::load_cpu_us_per_command},
    {"load_cpu_us_per_enrollment", "load CPU / enrollment, us",
     &Measures::load_cpu_us_per_enrollment},
};

std::string Cell(const std::optional<double>& value) {
  return value ? absl::StrFormat("%.0f", *value) : "-";
}

std::string Ratio(const std::optional<double>& value, const std::optional<double>& limit) {
  return value && limit && *limit > 0 ? absl::StrFormat("%.2f", *value / *limit) : "-";
}

nlohmann::ordered_json ToJson(const Measures& measures) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Row& row : kRows) {
    if (const auto& value = measures.*row.value) json[row.key] = *value;
  }
  return json;
}

}  // namespace

Measures Median(const std::vector<Measures>& runs) {
  Measures median;
  for (const Row& row : kRows) {
    std::vector<double> values;
    for (const Measures& run : runs) {
      if (const auto& value = run.*row.value) values.push_back(*value);
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    median.*row.value =
        values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }
  return median;
}

std::string FormatTable(const Comparison& comparison) {
  std::string text = absl::StrFormat(
      "%d workers, %d commands each, median of %d run(s)\n"
      "bare: gRPC streams, one message each way per command\n\n%-34s %10s %10s %13s\n",
      comparison.workers, comparison.commands_per_worker, comparison.repeats, "", "bare", "product",
      "product/bare");
  for (const Row& row : kRows) {
    const auto& bare = comparison.bare.*row.value;
    const auto& product = comparison.product.*row.value;
    if (!bare && !product) continue;
    absl::StrAppendFormat(&text, "%-34s %10s %10s %13s\n", row.title, Cell(bare), Cell(product),
                          Ratio(product, bare));
  }
  return text;
}

std::string FormatJson(const Comparison& comparison) {
  const nlohmann::ordered_json json = {{"workers", comparison.workers},
                                       {"commands_per_worker", comparison.commands_per_worker},
                                       {"repeats", comparison.repeats},
                                       {"bare", ToJson(comparison.bare)},
                                       {"product", ToJson(comparison.product)}};
  return json.dump(2) + "\n";
}

}  // namespace muster::bench
