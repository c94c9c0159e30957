// Limits written "10" or "10%" (docs/cli.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_ROLLOUT_LIMITS_H_
#define MUSTER_ORCHESTRATOR_CORE_ROLLOUT_LIMITS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::core {

struct Limit {
  int value = 0;
  bool percent = false;
};

inline constexpr char kDefaultMaxConcurrency[] = "10%";
inline constexpr int kDefaultMaxConcurrencyCap = 50;
inline constexpr char kDefaultMaxFailures[] = "5%";
inline constexpr char kDefaultMaxInDoubt[] = "5%";

// InvalidArgument (no code) for anything but digits with an optional '%', and for more than 100 %.
absl::StatusOr<Limit> ParseLimit(absl::string_view text);

// What the limit means for `size` targets: a percent is rounded up, at least 1 when above 0 %.
int Resolve(const Limit& limit, int size);

// The rollout's own limits. Texts are valid (ParseLimit) or empty: the default, which for the
// concurrency is capped at 50. A concurrency is at least 1.
int ResolveMaxConcurrency(absl::string_view text, int size);
int ResolveMaxFailures(absl::string_view text, int size);
// The default is at most half of the max concurrency. Targets in doubt hold their slots, so that a
// limit of as many as there are slots can never trip; the rollout would stand still without a word.
//
//   targets  max concurrency  default
//   10       1                0
//   20       2                1
//   200      20               10
//   20,000   50               25
int ResolveMaxInDoubt(absl::string_view text, int size, int max_concurrency);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ROLLOUT_LIMITS_H_
