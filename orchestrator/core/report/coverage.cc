#include "orchestrator/core/report/coverage.h"

#include <cstdint>

namespace muster::core {

std::optional<double> ZoneCoverage::Share() const {
  if (servers == 0) return std::nullopt;
  return static_cast<double>(proven) / servers;
}

bool ZoneCoverage::IsBelow(int percent) const {
  return int64_t{proven} * 100 < int64_t{servers} * percent;
}

std::map<ZoneId, ZoneCoverage> CoverageByZone(
    const std::vector<store::ServerStore::EnrollmentCount>& counts,
    const std::vector<store::ServerStore::ProvenCount>& proven) {
  std::map<ZoneId, ZoneCoverage> zones;
  for (const auto& count : counts) zones[count.zone_id].servers += count.servers;
  for (const auto& count : proven) {
    zones[count.zone_id].proven = count.proven;
    zones[count.zone_id].oldest_proof = count.oldest;
  }
  return zones;
}

}  // namespace muster::core
