#include "base/http/transport.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/http/transport_error.h"
#include "base/platform/steady_time.h"

namespace muster::http {
namespace {

// A stop is heeded within this time.
constexpr absl::Duration kLookForStop = absl::Milliseconds(200);

}  // namespace

Patience::Patience(absl::Duration time, const std::atomic<bool>& stopped)
    : deadline_(SteadyTime() + time), stopped_(&stopped) {}

Patience Patience::AtMost(absl::Duration time) const {
  Patience shorter = *this;
  shorter.deadline_ = std::min(deadline_, SteadyTime() + time);
  return shorter;
}

absl::Duration Patience::Left() const {
  return std::max(deadline_ - SteadyTime(), absl::ZeroDuration());
}

absl::Duration Patience::Slice() const {
  return Stopped() ? absl::ZeroDuration() : std::min(Left(), kLookForStop);
}

absl::Status Patience::Over(bool may_have_been_sent, absl::string_view what) const {
  return Stopped() ? MakeTransportError(TransportError::kCanceled, may_have_been_sent,
                                        absl::StrCat(what, ": the program stops"))
                   : MakeTransportError(TransportError::kTimeout, may_have_been_sent,
                                        absl::StrCat(what, ": no answer in time"));
}

}  // namespace muster::http
