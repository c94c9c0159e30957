#include "orchestrator/core/report/explain.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/utc_text.h"
#include "orchestrator/core/admission/key_admission.h"
#include "orchestrator/core/report/held.h"
#include "orchestrator/core/report/report.h"

namespace muster::core {
namespace {

using store::Enrollment;

constexpr int kPerSource = 200;

std::string AgeOf(absl::Duration age) {
  return absl::FormatDuration(absl::Trunc(std::max(age, absl::ZeroDuration()), absl::Seconds(1)));
}

// "E-… (detail). What to do."
std::string FailureText(const Failure& failure) {
  return absl::StrCat(TextOf(failure.code), failure.detail.empty() ? "" : " (", failure.detail,
                      failure.detail.empty() ? "" : ")", ". ", InfoOf(failure.code).remedy);
}

std::string AttemptText(const store::Attempt& attempt) {
  std::string text =
      absl::StrCat("attempt ", attempt.number, " ", attempt.id.value(), " (",
                   attempt.command_id.value(), "): ", store::ToString(attempt.state));
  if (!attempt.reason.empty()) absl::StrAppend(&text, ", ", attempt.reason);
  if (attempt.failure.has_value()) {
    absl::StrAppend(&text, ", ", TextOf(attempt.failure->code), " ", attempt.failure->detail);
  }
  return text;
}

}  // namespace

std::string SummaryOf(const store::Server& server, absl::Time now) {
  const std::string name = absl::StrCat(server.zone_id.value(), "/", server.name);
  switch (server.enrollment) {
    case Enrollment::kEnrolled:
      return server.proof.has_value()
                 ? absl::StrCat(
                       name, " is enrolled: the hub's list confirmed record ",
                       server.proof->hub_instance_id.value(), " by ",
                       store::ToString(server.proof->match), " at ",
                       UtcText(server.proof->verified_time), ", ",
                       AgeOf(now - server.proof->verified_time), " ago.",
                       server.proof->questioned_time.has_value()
                           ? absl::StrCat(" Since ", UtcText(*server.proof->questioned_time),
                                          " its list does not show it any more; the "
                                          "next readings decide.")
                           : "")
                 : absl::StrCat(name, " is enrolled.");
    case Enrollment::kJoinedUnverified:
      return absl::StrCat(name, " claims to have joined; the hub is being asked",
                          server.claim.has_value()
                              ? absl::StrCat(" until ", UtcText(server.claim->verify_deadline))
                              : "",
                          ".");
    case Enrollment::kJoining:
      return absl::StrCat(name, " has the join command; its answer is awaited.");
    default:
      break;
  }
  std::string text = absl::StrCat(name, " is ", store::ToString(server.enrollment));
  if (const std::optional<Failure> problem = ProblemOf(server)) {
    return absl::StrCat(text, ": ", FailureText(*problem));
  }
  if (server.enrollment == Enrollment::kQueued) {
    return absl::StrCat(text,
                        server.last_contact_time.has_value()
                            ? ": it waits for its worker or its turn; worker last seen "
                            : ": it waits for its worker, which has never been seen",
                        server.last_contact_time.has_value()
                            ? absl::StrCat(absl::FormatDuration(absl::Trunc(
                                               now - *server.last_contact_time, absl::Seconds(1))),
                                           " ago at a session's begin or end")
                            : "",
                        ".");
  }
  return absl::StrCat(text, ": start a join rollout over it with 'muster rollout create'.");
}

absl::StatusOr<Explanation> ExplainServer(const store::WalledSnapshot& snapshot,
                                          const ServerId& server, absl::Time now) {
  ASSIGN_OR_RETURN(std::optional<store::Server> found, snapshot.FindServer(server));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kServerUnknown, absl::StrCat("no server ", server.value()));
  }
  Explanation out;
  out.server = *std::move(found);
  out.summary = SummaryOf(out.server, now);
  if (out.server.admission == store::Admission::kPending) {
    ASSIGN_OR_RETURN(const ShownKey key, KeyOf(snapshot, out.server, now));
    absl::StrAppend(&out.summary, " It waits for an operator",
                    key.fingerprint.empty() ? "" : absl::StrCat(" with the key ", key.fingerprint),
                    ": 'muster server admit' lets it in, 'muster server reject' does not.");
  }
  if (!ProblemOf(out.server).has_value()) {
    ASSIGN_OR_RETURN(const std::vector<HeldZone> held,
                     ListHeldZones(snapshot, out.server.tenant_id, now));
    if (const auto why = HeldFailure(out.server, held)) {
      absl::StrAppend(&out.summary, " It is held: ", FailureText(*why));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<store::Observation> observations,
                   snapshot.ListObservations(server));
  for (const store::Observation& observation : observations) {
    const std::string text = FailureText({observation.code, observation.detail});
    absl::StrAppend(&out.summary, " Observed: ", text);
    out.entries.push_back({observation.last_seen, Explanation::Source::kWorker,
                           absl::StrCat("observed ", observation.times, " times since ",
                                        UtcText(observation.first_seen), ": ", text)});
  }
  store::FindingQuery about;
  about.server_id = server;
  ASSIGN_OR_RETURN(const std::vector<store::Finding> findings,
                   snapshot.ListFindings(std::move(about)));
  for (const store::Finding& finding : findings) {
    const std::string text =
        absl::StrCat(store::ToString(finding.kind), " ", finding.id.value(), ", ",
                     store::ToString(finding.state), " since ", UtcText(finding.state_time), ": ",
                     finding.evidence.str());
    absl::StrAppend(&out.summary, " Finding ", text, "; 'muster finding show ", finding.id.value(),
                    "' says what to do.");
    out.entries.push_back(
        {finding.last_seen, Explanation::Source::kHub,
         absl::StrCat("finding ", text, ", first seen ", UtcText(finding.first_seen))});
  }
  ASSIGN_OR_RETURN(const std::vector<store::AuditEvent> events,
                   snapshot.ListAuditEvents({.subject = server.value(), .limit = kPerSource}));
  // From the oldest on, for several have the time of one turn.
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    out.entries.push_back({event->time, Explanation::Source::kAudit,
                           absl::StrCat(event->action, " by ", event->actor, ": ", event->detail)});
  }
  ASSIGN_OR_RETURN(const std::vector<store::Attempt> attempts,
                   snapshot.ListAttempts(server, kPerSource));
  for (const store::Attempt& attempt : attempts) {
    out.entries.push_back({attempt.finish_time.value_or(attempt.create_time),
                           Explanation::Source::kAttempt, AttemptText(attempt)});
  }
  if (out.server.last_contact_time.has_value()) {
    out.entries.push_back({*out.server.last_contact_time, Explanation::Source::kWorker,
                           "the worker's last session began or ended"});
  }
  if (out.server.proof.has_value()) {
    out.entries.push_back(
        {out.server.proof->verified_time, Explanation::Source::kHub,
         absl::StrCat("the list holds record ", out.server.proof->hub_instance_id.value(),
                      ", connected, matched by ", store::ToString(out.server.proof->match))});
  }
  std::stable_sort(out.entries.begin(), out.entries.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  return out;
}

}  // namespace muster::core
