#include "orchestrator/core/admission/observations.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace muster::core {

absl::Status Observe(Turn& turn, const ServerId& server, FailureCode code,
                     absl::string_view detail) {
  ASSIGN_OR_RETURN(const auto before, turn.store().observations().Find(server, code));
  const bool same = before.has_value() && before->detail == detail;
  if (same && turn.now() - before->last_seen < kObserveEvery) return absl::OkStatus();
  if (!before.has_value()) {
    log::Warning("observed", {{"server", server}, {"code", TextOf(code)}, {"detail", detail}});
  }
  return turn.store().observations().Note(server, code, detail, turn.now());
}

absl::Status ClearObservations(Turn& turn, const ServerId& server,
                               std::initializer_list<FailureCode> codes) {
  ASSIGN_OR_RETURN(const std::vector<store::Observation> all,
                   turn.store().observations().ListOf(server));
  for (const store::Observation& observation : all) {
    if (std::find(codes.begin(), codes.end(), observation.code) == codes.end()) continue;
    RETURN_IF_ERROR(turn.store().observations().Clear(server, observation.code).status());
    log::Info("observed no more", {{"server", server}, {"code", TextOf(observation.code)}});
  }
  return absl::OkStatus();
}

absl::Status NoteProblems(Turn& turn, const ServerId& server,
                          const std::vector<Failure>& problems) {
  ASSIGN_OR_RETURN(const std::vector<store::Observation> all,
                   turn.store().observations().ListOf(server));
  for (const store::Observation& observation : all) {
    const absl::string_view code = TextOf(observation.code);
    const bool of_workers = absl::StartsWith(code, "E-JOIN-") ||
                            absl::StartsWith(code, "E-SERVICE-") ||
                            absl::StartsWith(code, "E-WORKER-");
    const bool said = std::any_of(
        problems.begin(), problems.end(),
        [&observation](const Failure& problem) { return problem.code == observation.code; });
    if (!of_workers || said) continue;
    RETURN_IF_ERROR(ClearObservations(turn, server, {observation.code}));
  }
  for (const Failure& problem : problems) {
    RETURN_IF_ERROR(Observe(turn, server, problem.code, problem.detail));
  }
  return absl::OkStatus();
}

}  // namespace muster::core
