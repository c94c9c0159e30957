#include "orchestrator/cli/expiry.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "orchestrator/cli/table.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kSoon = absl::Hours(24 * 30);

}  // namespace

bool EndsSoon(absl::Time begin, absl::Time end, absl::Time now) {
  return end - now < std::min(kSoon, (end - begin) / 3);
}

std::string EndText(absl::Time end, absl::Time now) {
  return absl::StrCat(now < end ? "ends " : "ended ",
                      absl::FormatTime("%Y-%m-%d %H:%M UTC", end, absl::UTCTimeZone()), ", ",
                      AgeText(now - end));
}

absl::StatusOr<absl::Time> ParseExpiry(absl::string_view text) {
  if (text == "never") return absl::InfiniteFuture();
  absl::Time time;
  std::string ignored;
  if ((absl::ParseTime(absl::RFC3339_full, text, &time, &ignored) ||
       absl::ParseTime("%Y-%m-%d", text, &time, &ignored)) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return time;
  }
  return absl::InvalidArgumentError(
      "write a day (2027-01-31), a time (2027-01-31T12:00:00Z), or never");
}

}  // namespace muster::cli
