#include "orchestrator/core/enrollment/judgment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/url.h"

namespace muster::core {
namespace {

using Verdict = Judgment::Verdict;

// A nameless record from so long before a join of an earlier process may be that join's: the
// machine's clock may have been set while no process watched it. Wrongly absent is worse than
// ambiguous.
constexpr absl::Duration kClockDoubt = absl::Hours(2);

Judgment Unproven(FailureCode code, std::string detail) {
  return {Verdict::kUnproven, {}, Failure{code, std::move(detail)}};
}

absl::Time DeadlineOf(const AwaitedProof& proof) {
  return std::max(proof.claim.verify_deadline, proof.deadline);
}

bool Proves(const AwaitedProof& proof, const HubReading& reading, const Match& match,
            const VerifyOptions& options, absl::Time now) {
  const ProofRule rule{proof.began, options.clock_tolerance, options.fresh_report, now};
  return match.instance != nullptr && ProvesEnrollment(*match.instance, reading.list, rule);
}

// What the worker saw decides where the hub cannot tell. It is no proof of absence: the server
// fails, and an operator's next rollout tries it again.
Judgment JudgeByLook(const AwaitedProof& proof, absl::Time now) {
  if (now < std::max(proof.quiet, DeadlineOf(proof))) return {};
  switch (proof.look) {
    case Look::kNone:
      return {};
    case Look::kJoinedElsewhere:
      return Unproven(FailureCode::kJoinElsewhere,
                      absl::StrCat("the service says that it is joined to ", proof.elsewhere));
    case Look::kNotJoined:
      return Unproven(FailureCode::kJoinAnswerLost,
                      "the service says that it is not joined; the hub's list cannot confirm it");
    case Look::kJoinedHere:
      return Unproven(FailureCode::kVerifyUnproven,
                      "the service says that it is joined; the hub's list does not show it");
  }
  return {};
}

// The time is up, and a record, or more than one, fits.
Judgment UnprovenBy(const Match& match, const Contest& contest) {
  if (match.instance == nullptr) {
    return Unproven(FailureCode::kVerifyAmbiguous,
                    absl::StrCat("matched by ", store::ToString(match.by)));
  }
  // One that never connected has no title: nobody can tell whose it is.
  if (contest.outcome == Contest::Outcome::kWon || match.instance->title.empty()) {
    return Unproven(FailureCode::kVerifyNotConnected,
                    absl::StrCat("hub record ", match.instance->id.value()));
  }
  Judgment judgment{Verdict::kUnproven, match, contest.why};
  judgment.tied = contest.outcome == Contest::Outcome::kTied;
  return judgment;
}

Judgment JudgeClaim(const AwaitedProof& proof, const HubReading& reading, const Match& match,
                    const Contest& contest, bool anonymous, absl::Time now) {
  if (now < DeadlineOf(proof)) return {};
  if (match.kind != Match::Kind::kNone) return UnprovenBy(match, contest);
  if (!reading.conclusive) {
    return Unproven(FailureCode::kVerifyUnproven, "the hub's list is not whole or implausible");
  }
  if (anonymous) {
    return Unproven(FailureCode::kVerifyNotConnected,
                    "only a record that never connected was made since");
  }
  return Unproven(FailureCode::kVerifyMissing,
                  absl::StrCat(reading.instances(), " records, none fits"));
}

Judgment JudgeDoubt(AwaitedProof& proof, const HubReading& reading, const Match& match,
                    const Contest& contest, bool anonymous, const VerifyOptions& options,
                    absl::Time now) {
  if (!proof.answered || reading.started < proof.quiet) return {};
  if (match.kind != Match::Kind::kNone) {
    proof.absent_since.reset();
    if (now < DeadlineOf(proof)) return {};
    return UnprovenBy(match, contest);
  }
  if (!reading.conclusive) return JudgeByLook(proof, now);
  if (anonymous) {
    proof.absent_since.reset();
    if (now < DeadlineOf(proof)) return {};
    return Unproven(FailureCode::kVerifyAmbiguous,
                    "a record without a name was made since; it may be this server's");
  }
  // The service is joined by its own word, and the hub does not know it: no second join is asked
  // for by ourselves.
  if (proof.look == Look::kJoinedHere || proof.look == Look::kJoinedElsewhere) {
    return JudgeByLook(proof, now);
  }
  if (!proof.absent_since.has_value()) {
    proof.absent_since = reading.started;
    return {};
  }
  if (reading.started < *proof.absent_since + options.absence_between) return {};
  return {Verdict::kAbsent, {}, std::nullopt};
}

}  // namespace

Look LookOf(const store::ServiceFacts& service, const std::string& hub_url) {
  if (!service.hub_url.empty()) {
    const absl::StatusOr<std::string> url = http::CanonicalAddress(service.hub_url.str());
    return url.ok() && *url == hub_url ? Look::kJoinedHere : Look::kJoinedElsewhere;
  }
  return service.presence == store::ServicePresence::kRunning ? Look::kNotJoined : Look::kNone;
}

void PutOff(AwaitedProof& proof, absl::Time askable, const VerifyOptions& options) {
  if (askable <= proof.claim.join_start_time) return;
  absl::Time deadline = askable + options.verify_deadline;
  if (proof.doubt) {
    deadline = std::min(deadline, proof.claim.verify_deadline + options.unread_doubt_patience);
  }
  proof.deadline = std::max(proof.deadline, deadline);
}

bool ContestMatters(const AwaitedProof& proof, const HubReading& reading, const Match& match,
                    const VerifyOptions& options, absl::Time now) {
  return match.instance != nullptr &&
         (now >= DeadlineOf(proof) || Proves(proof, reading, match, options, now));
}

Judgment JudgeReading(AwaitedProof& proof, const HubReading& reading, const Match& match,
                      const Contest& contest, const TakenByAnother& taken,
                      const VerifyOptions& options, absl::Time now) {
  if (contest.outcome == Contest::Outcome::kWon && Proves(proof, reading, match, options, now)) {
    return {Verdict::kProven, match, std::nullopt};
  }
  if (reading.started < proof.claim.join_start_time) return {};
  const absl::Duration doubt = proof.recovered ? kClockDoubt : absl::ZeroDuration();
  const GhostRule rule{proof.began - doubt, proof.over + doubt,
                       proof.claim.internal_instance_id.str(), options.clock_tolerance};
  const bool anonymous =
      match.kind == Match::Kind::kNone && HasAnonymousRecord(reading.list, rule, taken);
  return proof.doubt ? JudgeDoubt(proof, reading, match, contest, anonymous, options, now)
                     : JudgeClaim(proof, reading, match, contest, anonymous, now);
}

Judgment JudgeUnread(AwaitedProof& proof, const Failure& failure, absl::Time again,
                     const VerifyOptions& options, absl::Time now) {
  if (again > now) PutOff(proof, again, options);
  // Doubt stays doubt while the hub cannot be read (invariant 8), unless the worker knows.
  if (proof.doubt) return proof.answered ? JudgeByLook(proof, now) : Judgment();
  if (now < DeadlineOf(proof)) return {};
  return Unproven(FailureCode::kVerifyUnproven,
                  absl::StrCat(TextOf(failure.code), ": ", failure.detail));
}

absl::Time NextLook(const AwaitedProof& proof, bool failed, const VerifyOptions& options,
                    absl::Time now) {
  const absl::Duration soon = failed ? options.poll_interval_failing : options.poll_interval;
  const absl::Time late = now + options.poll_interval_doubt;
  if (!proof.doubt) return now + soon;
  if (!proof.answered) {
    return now <= DeadlineOf(proof) + options.poll_interval ? now + soon : late;
  }
  if (now < proof.quiet) return std::min(late, std::max(now + soon, proof.quiet));
  const absl::Time second = now + std::max(soon, options.absence_between);
  const absl::Time settled = std::max(proof.quiet, DeadlineOf(proof)) + absl::Minutes(5);
  return now < settled ? second : late;
}

}  // namespace muster::core
