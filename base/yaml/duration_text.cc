#include "base/yaml/duration_text.h"

#include "absl/strings/numbers.h"

namespace muster::yaml {

std::optional<absl::Duration> ParseDurationText(absl::string_view text) {
  // Abseil knows no days, since a day need not have 24 hours; here it has.
  absl::Duration days;
  const size_t d = text.find('d');
  if (d != absl::string_view::npos) {
    int count = 0;
    if (d == 0 || d > 5 || !absl::SimpleAtoi(text.substr(0, d), &count)) return std::nullopt;
    days = absl::Hours(24) * count;
    text.remove_prefix(d + 1);
    if (text.empty()) return days;
    if (count < 0 || text[0] == '-' || text[0] == '+') return std::nullopt;
  }
  absl::Duration rest;
  if (!absl::ParseDuration(text, &rest)) return std::nullopt;
  if (rest == absl::InfiniteDuration() || rest == -absl::InfiniteDuration()) return std::nullopt;
  return days + rest;
}

}  // namespace muster::yaml
