#include "orchestrator/cli/expiry.h"

#include <algorithm>

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

}  // namespace muster::cli
