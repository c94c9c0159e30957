// "Did you mean": the word that somebody probably wanted to write.
#ifndef MUSTER_ORCHESTRATOR_CLI_NEAREST_H_
#define MUSTER_ORCHESTRATOR_CLI_NEAREST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::cli {

// How many letters must be typed, left out, changed or swapped with their neighbor to come from one
// word to the other. Case does not count.
int EditDistance(absl::string_view from, absl::string_view to);

// The known word that is nearest to the given one; none when all are so far away that the advice
// would be a guess: more than a third of its letters, at least one. Of words that are equally near
// the first one.
std::optional<std::string> Nearest(absl::string_view word, const std::vector<std::string>& known);

// "; did you mean 'list'?", or nothing.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& known);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_NEAREST_H_
