// What the store says of tenants, zones and rollouts, and of what comes to its end, as figures.
#ifndef MUSTER_ORCHESTRATOR_METRICS_STORE_FIGURES_H_
#define MUSTER_ORCHESTRATOR_METRICS_STORE_FIGURES_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/core/interfaces/connected_servers.h"
#include "orchestrator/metrics/families.h"
#include "store/interface/walled_snapshot.h"

namespace muster::metrics {

struct StoreFigureOptions {
  absl::Duration usual_sweep;  // Between sweeps of a zone that names nothing else; zero: never.
  // Of more zones there is nothing on the page, so that nobody's fleet makes it endless. A zone has
  // some thirty lines.
  int most_zones = 2000;
  absl::Duration certificates_every = absl::Minutes(5);  // Counting them reads their whole table.
};

// Used by one thread at a time.
class StoreFigures {
 public:
  explicit StoreFigures(StoreFigureOptions options) : options_(options) {}

  // What the wall lets see; what belongs to no tenant only without one. Blocks on the store.
  absl::Status AddTo(Families& families, const store::WalledSnapshot& snapshot,
                     const core::ConnectedServers& connected, absl::Time now);
  // Those of the zones that were shown last.
  const std::vector<TenantId>& tenants() const { return tenants_; }

 private:
  absl::Status AddCertificates(Families& families, const store::Snapshot& whole, absl::Time now);

  const StoreFigureOptions options_;
  std::vector<TenantId> tenants_;
  std::optional<store::CertificateStore::Endings> endings_;
  absl::Time endings_time_ = absl::InfinitePast();
};

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_STORE_FIGURES_H_
