#include "orchestrator/cli/progress.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "orchestrator/cli/printable.h"
#include "proto/rpc/words.h"

namespace muster::cli {
namespace {

using admin::v1::Counts;
using admin::v1::Rollout;

constexpr int kWidestBar = 30;
// Takes the whole line off the terminal.
constexpr char kEraseLine[] = "\r\x1b[2K";

int Done(const Counts& counts) {
  return counts.succeeded() + counts.failed() + counts.in_doubt() + counts.stragglers() +
         counts.canceled();
}

std::string Parts(const std::vector<std::pair<int, const char*>>& counts) {
  std::vector<std::string> parts;
  for (const auto& [count, word] : counts) {
    if (count != 0) parts.push_back(absl::StrCat(count, " ", word));
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace

bool IsFinal(const Rollout& rollout) {
  switch (rollout.state()) {
    case admin::v1::ROLLOUT_STATE_COMPLETED:
    case admin::v1::ROLLOUT_STATE_COMPLETED_WITH_STRAGGLERS:
    case admin::v1::ROLLOUT_STATE_COMPLETED_WITH_FAILURES:
    case admin::v1::ROLLOUT_STATE_CANCELED:
      return true;
    default:
      return false;
  }
}

bool IsFullSuccess(const Rollout& rollout) {
  return rollout.state() == admin::v1::ROLLOUT_STATE_COMPLETED &&
         rollout.counts().succeeded() == rollout.counts().total();
}

std::string CountsText(const Counts& counts) {
  const std::string bad = Parts({{counts.failed(), "failed"},
                                 {counts.in_doubt(), "in doubt"},
                                 {counts.stragglers(), "not reached"},
                                 {counts.canceled(), "canceled"}});
  const std::string open = Parts({{counts.in_flight(), "in flight"},
                                  {counts.verifying(), "verifying"},
                                  {counts.waiting(), "waiting"}});
  return absl::StrCat(Done(counts), " of ", counts.total(), " done: ", counts.succeeded(),
                      " succeeded", bad.empty() ? "" : ", ", bad, open.empty() ? "" : "; ", open);
}

std::string ProgressBar(const Counts& counts, int cells) {
  const int total = std::max(counts.total(), 1);
  const int done = counts.total() == 0 ? 1 : std::min(Done(counts), total);
  const int64_t filled = static_cast<int64_t>(done) * cells / total;
  // 100 % only when all is done.
  const int64_t percent = static_cast<int64_t>(done) * 100 / total;
  return absl::StrCat("[", std::string(static_cast<size_t>(filled), '#'),
                      std::string(static_cast<size_t>(cells - filled), '-'), "] ",
                      absl::StrFormat("%3d%%", percent));
}

void ProgressDisplay::Line(const std::string& text) {
  environment_.err << absl::FormatTime(
                          "%H:%M:%S", environment_.now(),
                          environment_.err_is_terminal ? environment_.zone : absl::UTCTimeZone())
                   << " " << Printable(text) << "\n"
                   << std::flush;
}

void ProgressDisplay::Show(const Rollout& rollout) {
  const std::string state = rpc::WordOf(rollout.state());
  const std::string counts = CountsText(rollout.counts());
  const std::string reason =
      rollout.reason().empty() ? "" : absl::StrCat(" (", rollout.reason(), ")");
  const std::string text = absl::StrCat(state, reason, ", ", counts);
  if (!environment_.err_is_terminal) {
    if (text != shown_) Line(absl::StrCat(rollout.rollout_id(), " ", text));
  } else {
    const int cells = std::clamp(environment_.width / 4, 10, kWidestBar);
    const std::string line =
        Printable(absl::StrCat(ProgressBar(rollout.counts(), cells), "  ", state, "  ", counts));
    // A line that wraps could not be erased.
    environment_.err << kEraseLine
                     << Fit(line, static_cast<size_t>(std::max(environment_.width - 1, 10)))
                     << std::flush;
    bar_is_up_ = true;
  }
  if (rollout.state() == admin::v1::ROLLOUT_STATE_PAUSED && state_ != rollout.state()) {
    Note(absl::StrCat("Paused", reason, ". Look at it with 'muster rollout targets ",
                      rollout.rollout_id(), " --state failed', then 'muster rollout resume ",
                      rollout.rollout_id(), "' or cancel it."));
  }
  shown_ = text;
  state_ = rollout.state();
}

void ProgressDisplay::Note(const std::string& sentence) {
  Clear();
  Line(sentence);
}

void ProgressDisplay::Clear() {
  if (bar_is_up_) environment_.err << kEraseLine << std::flush;
  bar_is_up_ = false;
}

}  // namespace muster::cli
