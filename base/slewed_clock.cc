#include "base/slewed_clock.h"

#include <algorithm>

#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"

namespace muster {
namespace {

bool IsPlausible(absl::Time time) {
  return time >= absl::FromUnixSeconds(SlewedClock::kEarliestPlausibleSeconds);
}

}  // namespace

SlewedClock::SlewedClock(const Clock& source)
    : source_(source), now_(source.Now()), steady_(source.Steady()) {}

absl::Time SlewedClock::Now() const {
  MutexLock lock(&mu_);
  const absl::Duration steady = source_.Steady();
  const absl::Time wall = source_.Now();
  const absl::Duration passed = std::max(steady - steady_, absl::ZeroDuration());
  now_ += passed;
  steady_ = std::max(steady, steady_);
  const absl::Duration before = offset_;
  offset_ = wall - now_;
  if (!IsPlausible(now_) && IsPlausible(wall)) {
    log::Warning("the machine's clock was set for the first time", {{"from", now_}, {"to", wall}});
    now_ = wall;
    offset_ = absl::ZeroDuration();
    told_ = false;
    return now_;
  }
  Tell(before, offset_, steady);
  if (absl::AbsDuration(offset_) <= kFollowedUpTo) {
    const absl::Duration most = passed * kSlewRate;
    const absl::Duration correction = std::clamp(offset_, -most, most);
    now_ += correction;
    offset_ -= correction;
  }
  return now_;
}

absl::Duration SlewedClock::offset() const {
  MutexLock lock(&mu_);
  return offset_;
}

void SlewedClock::Tell(absl::Duration before, absl::Duration now, absl::Duration steady) const {
  const bool differs = absl::AbsDuration(now) >= kSaidFrom;
  if (!differs) {
    if (told_) log::Info("the machine's clock and this program's agree again");
    told_ = false;
    return;
  }
  const bool followed = absl::AbsDuration(now) <= kFollowedUpTo;
  const bool stepped = absl::AbsDuration(now - before) >= kSaidFrom;
  if (told_ && !stepped && (followed || steady - told_at_ < kSaidEvery)) return;
  told_ = true;
  told_at_ = steady;
  if (followed) {
    log::Warning("the machine's clock was set; following it slowly",
                 {{"ahead_by", now}, {"within", absl::AbsDuration(now) / kSlewRate}});
    return;
  }
  const FailureInfo& info = InfoOf(FailureCode::kSystemClock);
  log::Error("the machine's clock is implausible; this program goes on with its own",
             {{"code", info.text}, {"ahead_by", now}, {"own_time", now_}, {"remedy", info.remedy}});
}

}  // namespace muster
