#include "worker/commands/join.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/files.h"
#include "base/redact.h"
#include "worker/service/service_files.h"

namespace muster::worker {
namespace {

using types::v1::ServiceFacts;
using Result = v1::CommandResult;

Result Failed(const Failure& failure) {
  return FailedResult(Result::OUTCOME_FAILED, failure.code, failure.detail);
}
Result Rejected(FailureCode code, absl::string_view detail) {
  return FailedResult(Result::OUTCOME_REJECTED, code, detail);
}

v1::JoinResult::Effect EffectOf(JoinDecision decision) {
  switch (decision) {
    case JoinDecision::kRejoin:
      return v1::JoinResult::EFFECT_REJOINED;
    case JoinDecision::kTakeOver:
      return v1::JoinResult::EFFECT_TAKEN_OVER;
    case JoinDecision::kNothingToDo:
      return v1::JoinResult::EFFECT_ALREADY_JOINED;
    default:
      return v1::JoinResult::EFFECT_JOINED;
  }
}

}  // namespace

JoinHandler::JoinHandler(Parts parts, JoinHandlerOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      mark_(options_.takeover_mark_path, options_.zone_pin.hub_url()),
      pending_(options_.pending_join_path) {}

void JoinHandler::SetZonePin(const v1::ZonePin& pin) {
  MutexLock lock(&mu_);
  next_pin_ = pin;
}

void JoinHandler::AdoptZonePin() {
  MutexLock lock(&mu_);
  if (!next_pin_.has_value()) return;
  options_.zone_pin = *std::exchange(next_pin_, std::nullopt);
  mark_ = TakeoverMark(options_.takeover_mark_path, options_.zone_pin.hub_url());
}

ServiceDriver& JoinHandler::DriverFor(const Survey& survey) const {
  const bool pipe_only =
      survey.failure.has_value() && survey.failure->code == FailureCode::kServicePipeOnly;
  return pipe_only && parts_.cli != nullptr && options_.zone_pin.allow_cli_join() ? *parts_.cli
                                                                                  : parts_.api;
}

Result JoinHandler::Run(const v1::Command& command) {
  AdoptZonePin();
  const v1::Join& join = command.join();
  if (!FitsZonePin(options_.zone_pin, command)) {
    return Rejected(
        FailureCode::kJoinZoneMismatch,
        absl::StrCat("the command is for zone ", CleanLine(command.zone_id()), " and hub ",
                     CleanLine(join.hub_url()), "; this worker's are ", options_.zone_pin.zone_id(),
                     " and ", options_.zone_pin.hub_url()));
  }
  const absl::StatusOr<std::unique_ptr<FileLock>> lock = FileLock::TryAcquire(options_.lock_path);
  if (!lock.ok()) {
    return Rejected(FailureCode::kJoinBusy, absl::IsAborted(lock.status())
                                                ? "another process holds the join lock"
                                                : "the join lock cannot be taken");
  }
  return WithProblems(RunLocked(command));
}

Result JoinHandler::RunLocked(const v1::Command& command) {
  Survey survey = parts_.api.TakeSurvey();
  ServiceDriver& driver = DriverFor(survey);
  if (&driver != &parts_.api) {
    survey = driver.TakeSurvey();
  } else if (survey.failure.has_value() && survey.failure->code == FailureCode::kServicePipeOnly &&
             parts_.cli != nullptr) {
    return Failed({FailureCode::kJoinCliForbidden, survey.failure->detail});
  }
  if (RestartIsDue(survey.facts)) {
    FinishTakeover(driver);  // An earlier one: until then its connection may be the old hub's.
    survey = driver.TakeSurvey();
  }
  if (survey.failure.has_value()) {
    Result result = Failed(*survey.failure);
    *result.mutable_join()->mutable_service() = std::move(survey.facts);
    return result;
  }
  if (MayStillRun(driver, survey.facts)) {
    Result result =
        Rejected(FailureCode::kJoinStillRunning,
                 "the service has not answered an earlier join, shows no outcome of it and was not "
                 "restarted since");
    *result.mutable_join()->mutable_service() = std::move(survey.facts);
    return result;
  }

  const JoinDecision decision = DecideJoin(survey.facts, options_.zone_pin, command);
  switch (decision) {
    case JoinDecision::kRefuseZone:
      return Rejected(FailureCode::kJoinZoneMismatch, "not the pinned hub");
    case JoinDecision::kRefuseElsewhere: {
      const std::string& hub = survey.facts.hub_url();
      Result result =
          Failed({FailureCode::kJoinElsewhere,
                  hub.empty() ? "connected to a hub that serviceconfig.json does not name"
                              : absl::StrCat("joined to ", hub)});
      *result.mutable_join()->mutable_service() = std::move(survey.facts);
      return result;
    }
    case JoinDecision::kNothingToDo:
      return Claim(EffectOf(decision), std::move(survey.facts));
    case JoinDecision::kJoin:
    case JoinDecision::kRejoin:
    case JoinDecision::kTakeOver:
      break;
  }
  // Only now: what is not needed stays sealed.
  absl::StatusOr<Secret> secret = parts_.open_secret(command);
  if (!secret.ok()) {
    return Rejected(FailureCodeOf(secret.status()).value_or(FailureCode::kDispatchUnsealable),
                    DetailOf(secret.status()));
  }
  return JoinWith(driver, survey.facts, decision,
                  {.hub_url = options_.zone_pin.hub_url(),
                   .client_id = command.join().joining_client_id(),
                   .secret = *std::move(secret)});
}

Result JoinHandler::JoinWith(ServiceDriver& driver, const ServiceFacts& before,
                             JoinDecision decision, const JoinCall& call) {
  if (decision == JoinDecision::kTakeOver) {
    if (const absl::Status noted = mark_.Set(parts_.service_control.RunId()); !noted.ok()) {
      return Failed({FailureCode::kWorkerJournal,
                     absl::StrCat("the takeover cannot be noted: ", noted.message())});
    }
  }
  const absl::Status noted =
      pending_.Write({.hub_url = NormalizeHubUrl(options_.zone_pin.hub_url()),
                      .begin_time = parts_.clock.Now(),
                      .service_run = parts_.service_control.RunId(),
                      .identity_before = before.hub_instance_id(),
                      .hub_before = before.hub_url()});
  if (!noted.ok()) {
    return Failed(
        {FailureCode::kWorkerJournal, absl::StrCat("the join cannot be noted: ", noted.message())});
  }
  // The pinned spelling, not the command's: the service stores and later compares it.
  const JoinAnswer answer = driver.Join(call);
  if (!answer.may_still_run) ForgetPending("");
  if (answer.outcome == JoinAnswer::Outcome::kUnsure) {
    return SettleUnsure(driver, before, decision, *answer.failure);
  }
  if (answer.outcome == JoinAnswer::Outcome::kFailed) {
    if (decision == JoinDecision::kTakeOver) {  // The service stays where it was.
      const auto identity = driver.ReadIdentity();
      if (identity.ok() && !IsJoinedTo(*identity, options_.zone_pin.hub_url())) ForgetTakeover();
    }
    Result result = Failed(*answer.failure);
    *result.mutable_join()->mutable_service() = before;
    return result;
  }
  ServiceFacts after = before;
  if (decision == JoinDecision::kTakeOver) FinishTakeover(driver);
  after = AwaitConnection(driver, std::move(after));
  // The id in the files is the one that the service presents ever after; the answer's may be
  // ignored by it (certify.md 3.1).
  if (after.hub_instance_id().empty()) after.set_hub_instance_id(answer.hub_instance_id);
  return Claim(EffectOf(decision), std::move(after));
}

Result JoinHandler::SettleUnsure(ServiceDriver& driver, const ServiceFacts& before,
                                 JoinDecision decision, const Failure& failure) {
  const bool was_here = IsJoinedTo(before, options_.zone_pin.hub_url());
  ServiceFacts after = before;
  if (const auto identity = driver.ReadIdentity(); identity.ok()) {
    after.set_hub_instance_id(identity->hub_instance_id());
    after.set_hub_url(identity->hub_url());
  }
  if (IsJoinedTo(after, options_.zone_pin.hub_url())) {
    (void)NothingPending(after, "");  // An outcome that shows ends the note.
    if (decision == JoinDecision::kTakeOver) FinishTakeover(driver);
    after = AwaitConnection(driver, std::move(after));
    // An identity that was there before proves nothing; the connection does.
    if (!was_here || after.hub_connected()) return Claim(EffectOf(decision), std::move(after));
  }
  // With a stored id a repetition registers nothing new (certify.md 3.1), so there is no doubt; only
  // a lost answer stays one, because the service may still be at work on it.
  const bool repeatable =
      !before.hub_instance_id().empty() && failure.code != FailureCode::kJoinAnswerLost;
  Result result = FailedResult(repeatable ? Result::OUTCOME_FAILED : Result::OUTCOME_IN_DOUBT,
                               failure.code, failure.detail);
  *result.mutable_join()->mutable_service() = std::move(after);
  return result;
}

Result JoinHandler::Recover() {
  AdoptZonePin();
  const absl::StatusOr<std::unique_ptr<FileLock>> lock = FileLock::TryAcquire(options_.lock_path);
  return WithProblems(RecoverLocked(lock.ok()));
}

Result JoinHandler::RecoverLocked(bool locked) {
  Survey survey = parts_.api.TakeSurvey();
  const std::string& hub_url = options_.zone_pin.hub_url();
  if (locked && mark_.IsSet()) {
    ServiceDriver& driver = DriverFor(survey);
    for (absl::Duration waited;
         !IsJoinedTo(survey.facts, hub_url) && waited < options_.late_join_wait;
         waited += options_.poll_interval) {
      if (!parts_.wait(options_.poll_interval)) break;
      if (const auto identity = driver.ReadIdentity(); identity.ok()) {
        survey.facts.set_hub_instance_id(identity->hub_instance_id());
        survey.facts.set_hub_url(identity->hub_url());
      }
    }
    if (IsJoinedTo(survey.facts, hub_url)) {
      FinishTakeover(driver);
      return Claim(v1::JoinResult::EFFECT_TAKEN_OVER,
                   AwaitConnection(driver, std::move(survey.facts)));
    }
  }
  if (IsJoinedTo(survey.facts, hub_url)) {
    return Claim(v1::JoinResult::EFFECT_JOINED, std::move(survey.facts));
  }
  Result result = FailedResult(Result::OUTCOME_IN_DOUBT, FailureCode::kJoinInterrupted,
                               "the worker stopped while the join ran");
  *result.mutable_join()->mutable_service() = std::move(survey.facts);
  return result;
}

Result JoinHandler::Claim(v1::JoinResult::Effect effect, ServiceFacts service) {
  Result result;
  result.set_outcome(Result::OUTCOME_SUCCEEDED);
  result.mutable_join()->set_effect(effect);
  *result.mutable_join()->mutable_service() = std::move(service);
  return result;
}

ServiceFacts JoinHandler::AwaitConnection(ServiceDriver& driver, ServiceFacts facts) {
  absl::Duration waited;
  while (true) {
    const absl::StatusOr<bool> connected = driver.IsHubConnected();
    facts.set_hub_connected(connected.ok() && *connected);
    const bool pointless = absl::IsUnimplemented(connected.status());
    if (facts.hub_connected() || pointless || waited >= options_.connect_wait) break;
    if (!parts_.wait(options_.poll_interval)) break;
    // A question that fails may have taken its whole timeout.
    waited += options_.poll_interval + (connected.ok() ? absl::ZeroDuration() : absl::Seconds(5));
  }
  if (const auto identity = driver.ReadIdentity(); identity.ok()) {
    facts.set_hub_instance_id(identity->hub_instance_id());
    facts.set_hub_url(identity->hub_url());
  }
  return facts;
}

void JoinHandler::FinishTakeover(ServiceDriver& driver) {
  const absl::Status restarted = RestartService(driver);
  restart_problem_.clear();
  if (restarted.ok()) return;
  restart_problem_ = CleanLine(DetailOf(restarted));
  log::Warning("service not restarted after a takeover", {{"reason", restarted}});
}

bool JoinHandler::RestartIsDue(const ServiceFacts& facts) {
  if (!mark_.IsSet() || !IsJoinedTo(facts, options_.zone_pin.hub_url())) return false;
  if (!mark_.RestartedSince(parts_.service_control.RunId())) return true;
  ForgetTakeover();  // Somebody else restarted it.
  restart_problem_.clear();
  return false;
}

Result JoinHandler::WithProblems(Result result) {
  if (!RestartIsDue(result.join().service())) return result;
  auto& problem = *result.add_problems();
  problem.set_code(TextOf(FailureCode::kJoinRestartDue));
  problem.set_detail(restart_problem_.empty() ? "the service has not been restarted since"
                                              : restart_problem_);
  *result.mutable_join()->mutable_service()->add_problems() = problem;
  return result;
}

bool JoinHandler::NothingPending(const ServiceFacts& facts, const std::string& service_run) {
  const absl::Time now = parts_.clock.Now();
  const std::optional<PendingJoin> pending = pending_.Read(now);
  if (!pending.has_value()) return true;
  const std::optional<std::string> over = WhyOver(*pending, facts, service_run, now);
  if (over.has_value()) ForgetPending(*over);
  return over.has_value();
}

bool JoinHandler::MayStillRun(ServiceDriver& driver, ServiceFacts& facts) {
  constexpr int kPollsPerRunId = 15;  // It starts a program.
  if (!pending_.Read(parts_.clock.Now()).has_value()) return false;
  std::string run = parts_.service_control.RunId();
  int polls = 0;
  for (absl::Duration waited; !NothingPending(facts, run); waited += options_.poll_interval) {
    if (waited >= options_.pending_join_look || !parts_.wait(options_.poll_interval)) return true;
    if (++polls % kPollsPerRunId == 0) run = parts_.service_control.RunId();
    if (const auto identity = driver.ReadIdentity(); identity.ok()) {
      facts.set_hub_instance_id(identity->hub_instance_id());
      facts.set_hub_url(identity->hub_url());
    }
    const absl::StatusOr<bool> connected = driver.IsHubConnected();
    if (connected.ok()) facts.set_hub_connected(*connected);
  }
  return false;
}

void JoinHandler::ForgetPending(absl::string_view why) {
  if (!why.empty()) log::Info("an earlier join without an answer is over", {{"because", why}});
  if (const absl::Status cleared = pending_.Clear(); !cleared.ok()) {
    log::Warning("the note of a join stays; the next one will look first", {{"reason", cleared}});
  }
}

void JoinHandler::ForgetTakeover() {
  if (const absl::Status cleared = mark_.Clear(); !cleared.ok()) {
    log::Warning("a takeover's note stays; its service may be restarted once more",
                 {{"reason", cleared}});
  }
}

absl::Status JoinHandler::RestartService(ServiceDriver& driver) {
  if (absl::Status restarted = parts_.service_control.Restart(); !restarted.ok()) return restarted;
  ForgetTakeover();  // Whatever its API does from here on, the old connection is gone.
  ForgetPending("");
  for (absl::Duration waited; waited < options_.restart_wait; waited += options_.poll_interval) {
    const Survey survey = driver.TakeSurvey();
    if (!survey.failure.has_value()) return absl::OkStatus();
    if (!parts_.wait(options_.poll_interval)) break;
  }
  return FailureStatus(FailureCode::kServiceUnreachable, "the service did not come back");
}

}  // namespace muster::worker
