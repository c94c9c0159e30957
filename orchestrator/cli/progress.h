// A rollout's progress as text: one line that is rewritten on a terminal, one line for each change
// in a pipe.
#ifndef MUSTER_ORCHESTRATOR_CLI_PROGRESS_H_
#define MUSTER_ORCHESTRATOR_CLI_PROGRESS_H_

#include <string>

#include "absl/time/time.h"
#include "muster/admin/v1/rollout.pb.h"
#include "orchestrator/cli/environment.h"

namespace muster::cli {

// Whether the rollout will not change any more.
bool IsFinal(const admin::v1::Rollout& rollout);
// Whether every target reached what the rollout wanted.
bool IsFullSuccess(const admin::v1::Rollout& rollout);

// "120 of 200 done: 110 succeeded, 10 failed; 30 in flight, 50 waiting". Zero counts are left out,
// but for succeeded.
std::string CountsText(const admin::v1::Counts& counts);
// "[######----]  60%", `cells` between the brackets. An empty rollout is full.
std::string ProgressBar(const admin::v1::Counts& counts, int cells);

// Shows the states of one rollout on environment.err.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(CliEnvironment& environment) : environment_(environment) {}
  ~ProgressDisplay() { Clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void Show(const admin::v1::Rollout& rollout);
  // A sentence beside the progress, such as that the connection was lost.
  void Note(const std::string& sentence);
  // Takes the bar off the terminal, so that the result can be printed.
  void Clear();

 private:
  void Line(const std::string& text);

  CliEnvironment& environment_;
  std::string shown_;  // What the last line said, without its time.
  admin::v1::RolloutState state_ = admin::v1::ROLLOUT_STATE_UNSPECIFIED;
  bool bar_is_up_ = false;
};

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_PROGRESS_H_
