#include "orchestrator/app/memory_return.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace muster::app {
namespace {

constexpr int64_t kMuch = 32 << 20;
constexpr int64_t kWorthIt = 4 << 20;
constexpr absl::Duration kLookEvery = absl::Seconds(1);
constexpr absl::Duration kFirstWait = absl::Seconds(2);
constexpr absl::Duration kLongestWait = absl::Minutes(1);

}  // namespace

bool MemoryReturnPolicy::IsDue(int64_t resident, absl::Duration now) {
  if (resident <= 0) return false;
  least_ = least_ == 0 ? resident : std::min(least_, resident);
  if (resident < least_ + kMuch) return false;
  if (resident >= left_ + kMuch) wait_ = std::min(wait_, kFirstWait);  // It has grown since.
  return left_ == 0 || now - last_ >= wait_;
}

void MemoryReturnPolicy::Done(int64_t resident_before, int64_t resident, absl::Duration now) {
  wait_ = resident_before - resident >= kWorthIt ? kFirstWait
                                                 : std::clamp(2 * wait_, kFirstWait, kLongestWait);
  left_ = resident;
  last_ = now;
}

MemoryReturn::MemoryReturn(Heap heap, Timers& timers, Executor& pool, const Clock& clock)
    : heap_(std::move(heap)), timers_(timers), pool_(pool), clock_(clock) {}

void MemoryReturn::Start() {
  pool_.Run([this] { Look(); });
}

void MemoryReturn::Look() {
  const int64_t before = heap_.resident();
  if (policy_.IsDue(before, clock_.Steady())) {
    heap_.give_back();
    const int64_t after = heap_.resident();
    policy_.Done(before, after, clock_.Steady());
    log::Debug("memory is given back", {{"before_mib", before >> 20}, {"left_mib", after >> 20}});
  }
  timers_.After(kLookEvery, [this] { pool_.Run([this] { Look(); }); });
}

}  // namespace muster::app
