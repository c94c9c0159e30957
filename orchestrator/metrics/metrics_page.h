// The page that Prometheus reads: made beside those who ask for it, so that a slow disk keeps
// nobody waiting and many who ask cost no more than one.
//
//   a pool  ── Refresh() ─► collect ─► text ─┐
//   a listener ── Text() ◄── the last text, and how old it is
#ifndef MUSTER_ORCHESTRATOR_METRICS_METRICS_PAGE_H_
#define MUSTER_ORCHESTRATOR_METRICS_METRICS_PAGE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "orchestrator/metrics/families.h"

namespace muster::metrics {

// Thread-safe.
class MetricsPage {
 public:
  // Blocks. After an error what it has collected is shown all the same.
  using Collect = std::function<absl::Status(Families&)>;

  MetricsPage(const Clock& clock, Collect collect) : clock_(clock), collect_(std::move(collect)) {}

  // Makes the page anew, unless collecting would take more than a tenth of the time. Blocks; one
  // at a time.
  void Refresh();
  // Empty before the first. Does not block.
  std::string Text() const;

 private:
  const Clock& clock_;
  const Collect collect_;
  mutable Mutex mu_;
  std::string text_ ABSL_GUARDED_BY(mu_);
  absl::Duration made_ ABSL_GUARDED_BY(mu_);  // On the steady clock; when collecting began.
  absl::Duration took_ ABSL_GUARDED_BY(mu_);
  int64_t failures_ ABSL_GUARDED_BY(mu_) = 0;
  bool failing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_METRICS_PAGE_H_
