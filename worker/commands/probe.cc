#include "worker/commands/probe.h"

#include <utility>

namespace muster::worker {

v1::CommandResult ProbeHandler::Run(const v1::Command&) { return Look(); }
v1::CommandResult ProbeHandler::Recover() { return Look(); }

v1::CommandResult ProbeHandler::Look() {
  Survey survey = driver_.TakeSurvey();
  v1::CommandResult result;
  result.set_outcome(v1::CommandResult::OUTCOME_SUCCEEDED);
  if (survey.failure.has_value()) {
    result.mutable_failure()->set_code(TextOf(survey.failure->code));
    result.mutable_failure()->set_detail(survey.failure->detail);
    *survey.facts.add_problems() = result.failure();
  }
  if (const auto due = due_ ? due_(survey.facts) : std::nullopt; due.has_value()) {
    auto& problem = *survey.facts.add_problems();
    problem.set_code(TextOf(due->code));
    problem.set_detail(due->detail);
  }
  *result.mutable_probe()->mutable_machine() = machine_;
  *result.mutable_probe()->mutable_service() = std::move(survey.facts);
  return result;
}

}  // namespace muster::worker
