#include "worker/service/cli_driver.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "worker/service/join_answer.h"
#include "worker/service/service_files.h"

namespace muster::worker {

using types::v1::ServiceFacts;

JoinAnswer ParseCliOutput(absl::string_view output, int exit_code, const JoinCall& call) {
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "Certify Certificate Manager - CLI") ||
        absl::StartsWith(line, "For more information see")) {
      continue;
    }
    lines.push_back(line);
  }
  for (const absl::string_view line : lines) {
    if (line == "Joined Hub OK") return {JoinAnswer::Outcome::kSucceeded, std::nullopt, ""};
    if (absl::StrContains(line, "service not started")) {
      return {JoinAnswer::Outcome::kFailed,
              Failure{FailureCode::kServiceUnreachable, "certify says: service not started"}, ""};
    }
  }
  if (exit_code != 0 || lines.empty()) {  // It crashed: the call may have been made (certify.md 2).
    return {JoinAnswer::Outcome::kUnsure,
            Failure{FailureCode::kServiceError,
                    absl::StrCat("certify hub join ended with ", exit_code, " and no answer")},
            "",
            /*may_still_run=*/true};
  }
  return RefusedWith(absl::StrJoin(lines, " "), call);
}

Survey CliServiceDriver::TakeSurvey() {
  Survey survey;
  if (const auto identity = ReadIdentity(); identity.ok()) {
    survey.facts = *identity;
  } else {
    survey.failure =
        Failure{FailureCodeOf(identity.status()).value_or(FailureCode::kServiceConfigBad),
                DetailOf(identity.status())};
  }
  return survey;
}

absl::StatusOr<ServiceFacts> CliServiceDriver::ReadIdentity() {
  ASSIGN_OR_RETURN(const ServiceFiles files, ReadServiceFiles(trust_, options_.app_data_folder));
  ServiceFacts facts;
  facts.set_hub_instance_id(files.hub_instance_id);
  facts.set_hub_url(files.hub_url);
  return facts;
}

absl::StatusOr<bool> CliServiceDriver::IsHubConnected() {
  return absl::UnimplementedError("the command line has no status");
}

JoinAnswer CliServiceDriver::Join(const JoinCall& call) {
  if (const absl::Status checked = trust_.CheckProgram(options_.program); !checked.ok()) {
    return {
        JoinAnswer::Outcome::kFailed,
        Failure{FailureCodeOf(checked).value_or(FailureCode::kServiceUntrusted), DetailOf(checked)},
        ""};
  }
  ProcessRequest request;
  request.program = options_.program;
  for (const absl::string_view word :
       {absl::string_view("hub"), absl::string_view("join"), absl::string_view(call.hub_url),
        absl::string_view(call.client_id), call.secret.Reveal()}) {
    request.arguments.push_back(Secret::CopyOf(word));
  }
  if (options_.named_pipe) request.environment.emplace_back("CERTIFY_CLIENT_MODE", "namedpipe");
  request.timeout = options_.join_timeout;
  const absl::StatusOr<ProcessAnswer> answer = runner_.Run(request);
  if (answer.ok()) return ParseCliOutput(answer->output, answer->exit_code, call);
  if (absl::IsDeadlineExceeded(answer.status())) {
    return {JoinAnswer::Outcome::kUnsure,
            Failure{FailureCode::kJoinAnswerLost, "certify hub join did not end in time"}, "",
            /*may_still_run=*/true};
  }
  if (absl::IsCancelled(answer.status())) {
    return {
        JoinAnswer::Outcome::kUnsure,
        Failure{FailureCode::kJoinAnswerLost, "certify hub join was ended by the worker's stop"},
        "",
        /*may_still_run=*/true};
  }
  return {JoinAnswer::Outcome::kFailed,
          Failure{FailureCode::kServiceUnreachable, "certify could not be started"}, ""};
}

}  // namespace muster::worker
