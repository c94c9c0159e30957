// Figures on their way to the page: collected under the names of the catalog, written in
// Prometheus' text format by prometheus-cpp.
#ifndef MUSTER_ORCHESTRATOR_METRICS_FAMILIES_H_
#define MUSTER_ORCHESTRATOR_METRICS_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "orchestrator/metrics/catalog.h"

namespace muster::metrics {

// Not thread-safe.
class Families {
 public:
  using Values = std::vector<std::string>;  // Of the metric's labels, in the catalog's order.

  void Add(Metric metric, Values labels, double value);
  void Add(Metric metric, double value) { Add(metric, {}, value); }
  // A moment, in seconds since 1970. An infinite one says nothing and is left out.
  void AddTime(Metric metric, Values labels, absl::Time time);
  void Add(Metric metric, Values labels, prometheus::ClientMetric::Histogram histogram);
  // What the other holds, too.
  void Merge(Families other);

  std::string Text() const;

 private:
  prometheus::ClientMetric& Next(Metric metric, Values labels);

  std::map<Metric, std::vector<prometheus::ClientMetric>> metrics_;
};

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_FAMILIES_H_
