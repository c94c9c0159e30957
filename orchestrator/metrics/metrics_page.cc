#include "orchestrator/metrics/metrics_page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace muster::metrics {
namespace {

constexpr int kMostShare = 10;  // Of the time, one part in so many.

}  // namespace

void MetricsPage::Refresh() {
  const absl::Duration begun = clock_.Steady();
  {
    MutexLock lock(&mu_);
    if (!text_.empty() && begun - made_ < kMostShare * took_) return;
  }
  Families families;
  const absl::Status collected = collect_(families);
  std::string text = families.Text();
  MutexLock lock(&mu_);
  text_ = std::move(text);
  made_ = begun;
  took_ = clock_.Steady() - begun;
  if (!collected.ok()) ++failures_;
  if (std::exchange(failing_, !collected.ok()) == !collected.ok()) return;
  if (!collected.ok()) log::Warning("metrics of the store are missing", {{"reason", collected}});
}

std::string MetricsPage::Text() const {
  Families own;
  MutexLock lock(&mu_);
  if (text_.empty()) return "";
  own.Add(Metric::kPageAge, absl::ToDoubleSeconds(clock_.Steady() - made_));
  own.Add(Metric::kPageCollectSeconds, absl::ToDoubleSeconds(took_));
  own.Add(Metric::kPageFailures, static_cast<double>(failures_));
  return absl::StrCat(text_, own.Text());
}

}  // namespace muster::metrics
