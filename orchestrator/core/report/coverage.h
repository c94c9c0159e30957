// What share of a zone's servers is proven: the one figure that the report, the metrics and those who
// are told of it must agree on. Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_COVERAGE_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_COVERAGE_H_

#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/ids.h"
#include "store/interface/inventory_store.h"

namespace muster::core {

struct ZoneCoverage {
  int servers = 0;
  int proven = 0;                          // Enrolled, and proven within the zone's verify_within.
  std::optional<absl::Time> oldest_proof;  // Of the enrolled.

  // The proven ones' share; none for a zone without servers, which lacks nothing.
  std::optional<double> Share() const;
  // Whether fewer percent of the servers are proven.
  bool IsBelow(int percent) const;
};

// Of all zones that the counts name.
std::map<ZoneId, ZoneCoverage> CoverageByZone(
    const std::vector<store::ServerStore::EnrollmentCount>& counts,
    const std::vector<store::ServerStore::ProvenCount>& proven);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_COVERAGE_H_
