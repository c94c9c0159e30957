#include "orchestrator/cli/nearest.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::cli {
namespace {

// Longer words are compared by nobody, and the table is the product of both lengths.
constexpr size_t kLongestWord = 200;

}  // namespace

int EditDistance(absl::string_view from, absl::string_view to) {
  const std::string a = absl::AsciiStrToLower(from.substr(0, kLongestWord));
  const std::string b = absl::AsciiStrToLower(to.substr(0, kLongestWord));
  // Rows of the table of distances between beginnings: the one before the last, the last, this one.
  std::vector<int> before(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) now[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, last);
    std::swap(last, now);
    now[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] =
          std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
  }
  return now[b.size()];
}

std::optional<std::string> Nearest(absl::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  int least = std::max(1, static_cast<int>(word.size()) / 3) + 1;
  for (const std::string& candidate : known) {
    const int distance = EditDistance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> nearest = Nearest(word, known);
  return nearest.has_value() ? absl::StrCat("; did you mean '", *nearest, "'?") : "";
}

}  // namespace muster::cli
