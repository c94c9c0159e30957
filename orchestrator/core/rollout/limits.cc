#include "orchestrator/core/rollout/limits.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::core {

absl::StatusOr<Limit> ParseLimit(absl::string_view text) {
  Limit limit;
  absl::string_view digits = text;
  limit.percent = absl::ConsumeSuffix(&digits, "%");
  const bool plain = !digits.empty() && digits.size() <= 9 &&
                     std::all_of(digits.begin(), digits.end(), [](char c) {
                       return absl::ascii_isdigit(static_cast<unsigned char>(c));
                     });
  if (!plain || !absl::SimpleAtoi(digits, &limit.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit \"", text, "\": write a number or a percentage, as 10 or 10%"));
  }
  if (limit.percent && limit.value > 100) {
    return absl::InvalidArgumentError(absl::StrCat("limit \"", text, "\" is above 100%"));
  }
  return limit;
}

int Resolve(const Limit& limit, int size) {
  if (!limit.percent) return limit.value;
  return static_cast<int>((int64_t{size} * limit.value + 99) / 100);
}

int ResolveMaxConcurrency(absl::string_view text, int size) {
  if (text.empty()) {
    const int most = Resolve(*ParseLimit(kDefaultMaxConcurrency), size);
    return std::clamp(most, 1, kDefaultMaxConcurrencyCap);
  }
  const absl::StatusOr<Limit> limit = ParseLimit(text);
  return limit.ok() ? std::max(1, Resolve(*limit, size)) : 1;
}

int ResolveMaxFailures(absl::string_view text, int size) {
  const absl::StatusOr<Limit> limit = ParseLimit(text.empty() ? kDefaultMaxFailures : text);
  return limit.ok() ? Resolve(*limit, size) : 0;
}

int ResolveMaxInDoubt(absl::string_view text, int size, int max_concurrency) {
  if (text.empty()) {
    return std::min(Resolve(*ParseLimit(kDefaultMaxInDoubt), size), max_concurrency / 2);
  }
  const absl::StatusOr<Limit> limit = ParseLimit(text);
  return limit.ok() ? Resolve(*limit, size) : 0;
}

}  // namespace muster::core
