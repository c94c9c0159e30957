// How often this worker beats. A policy with a little memory.
//
// The orchestrator says how often (Welcome). Something between the two (a proxy, a NAT, a firewall)
// may cut what has been idle for less than that: every session then ends before its first beat.
// Whoever is cut twice in a row after the same silence beats at half of it from then on:
//
//   Welcome: every 30 s      cut after 12 s idle ─► again after 12 s idle ─► beats every 6 s
//
// What was learned holds until the orchestrator says another interval, or until a session has
// lasted a day: then the stated interval is tried again.
#ifndef MUSTER_WORKER_SESSION_HEARTBEAT_PACE_H_
#define MUSTER_WORKER_SESSION_HEARTBEAT_PACE_H_

#include <optional>

#include "absl/time/time.h"

namespace muster::worker {

class HeartbeatPace {
 public:
  static constexpr absl::Duration kShortest = absl::Seconds(1);
  static constexpr absl::Duration kLongest = absl::Minutes(10);
  static constexpr absl::Duration kForgetAfter = absl::Hours(24);

  // What Welcome states; beyond the bounds it is taken to the nearer one, so that a mistake there
  // becomes neither a storm nor a silence.
  void OnWelcome(absl::Duration stated);
  // An open session was cut without a word, `idle` after its last message, `open` after its
  // Welcome.
  void OnCut(absl::Duration idle, absl::Duration open);
  // A beat was sent, `open` after Welcome.
  void OnBeat(absl::Duration open);

  absl::Duration interval() const;
  // Set while this worker beats faster than it was told to.
  std::optional<absl::Duration> learned() const { return learned_; }

 private:
  absl::Duration stated_ = absl::Seconds(30);
  std::optional<absl::Duration> learned_;
  std::optional<absl::Duration> last_cut_;  // Silence before the last cut.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SESSION_HEARTBEAT_PACE_H_
