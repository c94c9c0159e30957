// What one phase measured, and the table that sets phases side by side.
#ifndef MUSTER_TESTS_BENCH_LOAD_MEASURES_H_
#define MUSTER_TESTS_BENCH_LOAD_MEASURES_H_

#include <optional>
#include <string>
#include <vector>

namespace muster::bench {

// One phase, or the medians of several runs of it. Empty: not measured in this phase.
struct Measures {
  std::optional<double> bootstraps_per_second;
  std::optional<double> connects_per_second;     // TCP, TLS, Hello, Welcome.
  std::optional<double> kib_per_connection;      // Resident memory of the idle server.
  std::optional<double> commands_per_second;     // Round trips.
  std::optional<double> enrollments_per_second;  // Dispatch to verified, durable.
  std::optional<double> cpu_us_per_bootstrap;    // Of the server process alone.
  std::optional<double> cpu_us_per_connect;
  std::optional<double> cpu_us_per_command;
  std::optional<double> cpu_us_per_enrollment;
  std::optional<double> load_cpu_us_per_command;  // Of the load generator, on the same processors.
  std::optional<double> load_cpu_us_per_enrollment;
};

// Value by value the median of those runs that measured it.
Measures Median(const std::vector<Measures>& runs);

struct Comparison {
  int workers = 0;
  int commands_per_worker = 0;
  int repeats = 0;
  Measures bare;  // One message each way per command.
  Measures product;
};

// The text table and the same as JSON.
std::string FormatTable(const Comparison& comparison);
std::string FormatJson(const Comparison& comparison);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_MEASURES_H_
