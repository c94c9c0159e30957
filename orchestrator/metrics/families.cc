#include "orchestrator/metrics/families.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

namespace muster::metrics {
namespace {

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

prometheus::ClientMetric& Families::Next(Metric metric, Values labels) {
  const MetricSpec& spec = SpecOf(metric);
  prometheus::ClientMetric& next = metrics_[metric].emplace_back();
  const size_t count = std::min(spec.labels.size(), labels.size());
  for (size_t i = 0; i < count; ++i) next.label.push_back({spec.labels[i], std::move(labels[i])});
  return next;
}

void Families::Add(Metric metric, Values labels, double value) {
  prometheus::ClientMetric& next = Next(metric, std::move(labels));
  if (SpecOf(metric).kind == MetricKind::kCounter) {
    next.counter.value = value;
  } else {
    next.gauge.value = value;
  }
}

void Families::AddTime(Metric metric, Values labels, absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return;
  Add(metric, std::move(labels), absl::ToDoubleSeconds(time - absl::UnixEpoch()));
}

void Families::Add(Metric metric, Values labels, prometheus::ClientMetric::Histogram histogram) {
  Next(metric, std::move(labels)).histogram = std::move(histogram);
}

void Families::Merge(Families other) {
  for (auto& [metric, more] : other.metrics_) {
    auto& mine = metrics_[metric];
    mine.insert(mine.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
}

std::string Families::Text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(metrics_.size());
  for (const auto& [metric, values] : metrics_) {
    const MetricSpec& spec = SpecOf(metric);
    families.push_back({spec.name, spec.help, TypeOf(spec.kind), values});
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace muster::metrics
