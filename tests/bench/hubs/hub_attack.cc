// What one tenant's hostile hubs cost another: nine that hang and eight that send records without
// end are read again as soon as a reading of them ends, while a second tenant reads a healthy hub of
// 5,000 instances, before and during. Prints the times, their ratio and the memory.
//
//   muster_hub_attack [readings]     of the healthy hub, in each phase; 50 if not said
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/timed_flag.h"
#include "tests/orchestrator/hub/attacked_reader.h"

namespace muster::hub {
namespace {

// A line of /proc/self/status in MiB: VmRSS, VmHWM.
double Memory(absl::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, field)) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t:"), absl::SkipEmpty());
    double kilobytes = 0;
    return words.size() > 1 && absl::SimpleAtod(words[1], &kilobytes) ? kilobytes / 1024 : 0;
  }
  return 0;
}

// Readings of hostile hubs, begun again whenever one ends.
class Attack {
 public:
  explicit Attack(AttackedReader& reader) : reader_(reader) {
    for (int i = 0; i < 9; ++i) servers_.push_back(&reader.Hanging());
    for (int i = 0; i < 8; ++i) servers_.push_back(&reader.EndlessList());
    readings_.resize(servers_.size());
  }
  void GoOn() {
    for (size_t i = 0; i < servers_.size(); ++i) {
      if (readings_[i] != nullptr && !readings_[i]->ended()) continue;
      readings_[i] = reader_.Read("hostile", *servers_[i]);
      ++begun_;
    }
  }
  int begun() const { return begun_; }

 private:
  AttackedReader& reader_;
  std::vector<const http::RawServer*> servers_;
  std::vector<std::shared_ptr<AttackedReader::Reading>> readings_;
  int begun_ = 0;
};

// Median and slowest of `count` readings, in milliseconds.
struct Times {
  double median = 0;
  double slowest = 0;
};
Times ReadHealthy(AttackedReader& reader, http::RawServer& healthy, int count, Attack* attack) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    if (attack != nullptr) attack->GoOn();
    // Read again at once, the tenant's own pace would be all that is measured.
    TimedFlag().Await(absl::Milliseconds(100));
    const auto start = std::chrono::steady_clock::now();
    if (!reader.Read("honest", healthy)->list()) {
      std::fprintf(stderr, "error: the healthy hub was not read\n");
      std::exit(1);
    }
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.back()};
}

int Run(int count) {
  // The hanging ones are read beside the endless ones, not before them.
  AttackedReader reader({.tenant_readings = 17});
  http::RawServer& healthy = reader.Healthy(5'000);
  ReadHealthy(reader, healthy, 5, nullptr);
  const Times rest = ReadHealthy(reader, healthy, count, nullptr);
  const double memory = Memory("VmRSS");
  Attack attack(reader);
  attack.GoOn();
  const Times attacked = ReadHealthy(reader, healthy, count, &attack);
  const double peak = Memory("VmHWM");
  std::printf("healthy hub, 5,000 instances, %d readings in each phase\n", count);
  std::printf("  at rest       median %7.1f ms, slowest %7.1f ms\n", rest.median, rest.slowest);
  std::printf("  under attack  median %7.1f ms, slowest %7.1f ms\n", attacked.median,
              attacked.slowest);
  std::printf("  ratio of the medians %.2f (at most 2)\n", attacked.median / rest.median);
  std::printf("hostile readings begun: %d\n", attack.begun());
  std::printf(
      "memory: lists at most %.1f MiB at once; process %.0f MiB at rest, %.0f MiB at its peak\n",
      static_cast<double>(reader.budget().peak()) / (1 << 20), memory, peak);
  return attacked.median <= 2 * rest.median ? 0 : 1;
}

}  // namespace
}  // namespace muster::hub

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 50;
  if (count < 1) {
    std::fprintf(stderr, "usage: muster_hub_attack [readings]\n");
    return 2;
  }
  return muster::hub::Run(count);
}
