// Drawings for pages, as SVG that stands in the page itself: no script, no file beside it. They
// are read by people who see no colors, too, and on paper: every value also stands as text.
#ifndef MUSTER_ORCHESTRATOR_CLI_PLOTS_H_
#define MUSTER_ORCHESTRATOR_CLI_PLOTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::cli {

// Foreign text as the text of a page: no tag, no quote that would end an attribute, and nothing
// that is not for the eye (printable.h).
std::string Html(absl::string_view text);

// A share that holds from its time on, until the next one.
struct Share {
  absl::Time time;
  double share;  // 0 to 1.
};
// A stepped line over time, from `from` to `to`, 0 to 100 %. Before the first share nothing is
// drawn: it is not known.
std::string ShareOverTime(absl::string_view name, const std::vector<Share>& shares, absl::Time from,
                          absl::Time to);

struct Bar {
  std::string name;
  int64_t value;
};
// Bars that lie, each with its name before it and its value behind it.
std::string Bars(absl::string_view name, const std::vector<Bar>& bars);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_PLOTS_H_
