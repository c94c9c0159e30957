#include "worker/service/http_driver.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure_code.h"
#include "base/http/transport_error.h"
#include "base/redact.h"
#include "base/status_macros.h"
#include "worker/service/join_answer.h"

namespace muster::worker {
namespace {

using types::v1::ServiceFacts;

// Nothing listens, or it cannot be reached: no byte was sent.
bool IsNotReached(const absl::Status& status) {
  return http::TransportErrorOf(status) != http::TransportError::kNone &&
         !http::RequestMayHaveBeenSent(status);
}

absl::Status StatusOfTransport(const absl::Status& status, absl::string_view what) {
  if (FailureCodeOf(status).has_value()) return status;
  const http::TransportError kind = http::TransportErrorOf(status);
  const std::string detail = absl::StrCat(what, ": ", http::TransportErrorName(kind));
  if (IsNotReached(status)) return FailureStatus(FailureCode::kServiceUnreachable, detail);
  if (kind == http::TransportError::kTimeout) {
    return FailureStatus(FailureCode::kServiceHung, detail);
  }
  return FailureStatus(FailureCode::kServiceError, detail);
}

absl::Status StatusOfHttp(int status, absl::string_view what) {
  const std::string detail = absl::StrCat(what, " answered HTTP ", status);
  if (status == 401 || status == 403) {
    return FailureStatus(FailureCode::kServiceAccessDenied, detail);
  }
  return FailureStatus(FailureCode::kServiceError, detail);
}

// Bare or in quotes (certify.md 1.4). Anything else that answers there is not the service.
absl::StatusOr<std::string> ParseVersion(absl::string_view body) {
  body = absl::StripAsciiWhitespace(body);
  absl::ConsumePrefix(&body, "\"");
  absl::ConsumeSuffix(&body, "\"");
  const std::string text = CleanLine(absl::StripAsciiWhitespace(body));
  const bool plausible = !text.empty() && text.size() <= 64 &&
                         absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
                         text.find_first_of(" <>{}") == std::string::npos;
  if (plausible) return text;
  return FailureStatus(FailureCode::kServiceError,
                       "what listens there does not answer appversion with a version");
}

Failure FailureOf(const absl::Status& status, FailureCode otherwise) {
  const FailureCode code = FailureCodeOf(status).value_or(otherwise);
  std::string detail(status.message());
  // FailureStatus wraps the detail between code and remedy; only the detail travels.
  const std::string prefix = absl::StrCat(TextOf(code), ": ");
  const size_t begin = detail.find(prefix);
  const size_t end = detail.rfind(absl::StrCat(". ", InfoOf(code).remedy));
  if (begin != std::string::npos && end != std::string::npos && begin + prefix.size() <= end) {
    detail = detail.substr(begin + prefix.size(), end - begin - prefix.size());
  }
  return {code, CleanLine(detail, kMaxForeignText)};
}

}  // namespace

http::Request HttpServiceDriver::Question(absl::string_view path) const {
  http::Request request;
  request.url = absl::StrCat(way_.origin, "/api/", path);
  request.AddHeader("Accept", absl::string_view("application/json"));
  request.connect_timeout = options_.connect_timeout;
  request.total_timeout = options_.question_timeout;
  request.max_response_bytes = 1 << 20;
  request.negotiate = options_.negotiate;
  return request;
}

absl::StatusOr<std::string> HttpServiceDriver::Ask(absl::string_view path) {
  absl::StatusOr<http::Response> response = ClientOf(way_).Send(Question(path));
  if (!response.ok()) return response.status();
  if (response->status != 200) return StatusOfHttp(response->status, path);
  return std::move(response->body);
}

// The pipe first where the service's file selects it; else last, because the service's environment,
// which is not known here, wins over the file (certify.md 1.1).
std::vector<HttpServiceDriver::Way> HttpServiceDriver::WaysTo(const ServiceFiles& files) const {
  std::vector<Way> ways;
  const Way pipe{"http://localhost", true};
  if (pipe_client_ != nullptr && files.named_pipe) ways.push_back(pipe);
  for (const std::string& endpoint : files.endpoints) ways.push_back({endpoint, false});
  if (pipe_client_ != nullptr && !files.named_pipe) ways.push_back(pipe);
  return ways;
}

absl::Status HttpServiceDriver::AskVersion(const ServiceFiles& files, ServiceFacts& facts) {
  absl::Status last;
  for (const Way& way : WaysTo(files)) {
    way_ = way;
    facts.set_endpoint(way.pipe ? options_.pipe : way.origin);
    const absl::StatusOr<std::string> body = Ask("system/appversion");
    last = body.status();
    if (!body.ok() && IsNotReached(body.status())) continue;
    if (!body.ok()) break;
    ASSIGN_OR_RETURN(const std::string version, ParseVersion(*body));
    facts.set_version(version);
    facts.set_presence(ServiceFacts::PRESENCE_RUNNING);
    return absl::OkStatus();
  }
  if (!IsNotReached(last)) return StatusOfTransport(last, "appversion");
  if (files.named_pipe) {
    return FailureStatus(
        FailureCode::kServicePipeOnly,
        pipe_client_ == nullptr
            ? "serviceconfig.json selects the named pipe and no HTTP port answers"
            : absl::StrCat("serviceconfig.json selects the named pipe, and neither ", options_.pipe,
                           " nor an HTTP port answers"));
  }
  return StatusOfTransport(last, facts.endpoint());
}

Survey HttpServiceDriver::TakeSurvey() {
  Survey survey;
  ServiceFacts& facts = survey.facts;
  facts.set_presence(ServiceFacts::PRESENCE_UNREACHABLE);
  const auto fail = [&survey](const absl::Status& status) {
    survey.failure = FailureOf(status, FailureCode::kServiceError);
    return std::move(survey);
  };
  const absl::StatusOr<ServiceFiles> files = ReadServiceFiles(trust_, options_.app_data_folder);
  if (FailureCodeOf(files.status()) == FailureCode::kServiceMissing) {
    facts.set_presence(ServiceFacts::PRESENCE_MISSING);
  }
  if (!files.ok()) return fail(files.status());
  facts.set_hub_instance_id(files->hub_instance_id);
  facts.set_hub_url(files->hub_url);
  if (const absl::Status version = AskVersion(*files, facts); !version.ok()) return fail(version);
  const absl::StatusOr<bool> connected = IsHubConnected();
  if (!connected.ok()) return fail(connected.status());
  facts.set_hub_connected(*connected);
  // Again, after hub/status: the service may have been in the middle of a join.
  if (const auto identity = ReadIdentity(); identity.ok()) {
    facts.set_hub_instance_id(identity->hub_instance_id());
    facts.set_hub_url(identity->hub_url());
  } else {
    return fail(identity.status());
  }
  // Optional: the hub also knows the server by its name.
  if (const absl::StatusOr<std::string> body = Ask("preferences"); body.ok()) {
    const auto preferences = nlohmann::json::parse(*body, nullptr, /*allow_exceptions=*/false);
    if (preferences.is_object()) {
      if (const auto it = preferences.find("instanceId");
          it != preferences.end() && it->is_string()) {
        facts.set_internal_instance_id(
            absl::AsciiStrToLower(CleanLine(it->get_ref<const std::string&>())));
      }
    }
  }
  return survey;
}

absl::StatusOr<ServiceFacts> HttpServiceDriver::ReadIdentity() {
  ASSIGN_OR_RETURN(const ServiceFiles files, ReadServiceFiles(trust_, options_.app_data_folder));
  ServiceFacts facts;
  facts.set_hub_instance_id(files.hub_instance_id);
  facts.set_hub_url(files.hub_url);
  return facts;
}

absl::StatusOr<bool> HttpServiceDriver::IsHubConnected() {
  const absl::StatusOr<std::string> body = Ask("system/hub/status");
  if (!body.ok()) return StatusOfTransport(body.status(), "hub/status");
  const auto answer = nlohmann::json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_object()) {
    if (const auto it = answer.find("isSuccess"); it != answer.end() && it->is_boolean()) {
      return it->get<bool>();
    }
  }
  return FailureStatus(FailureCode::kServiceError, "hub/status gave no known answer");
}

JoinAnswer HttpServiceDriver::Join(const JoinCall& call) {
  http::Request request = Question("system/hub/join");
  request.method = "POST";
  request.total_timeout = options_.join_timeout;
  request.send_once = true;
  request.SetJson(JoinBody(call));
  const absl::StatusOr<http::Response> response = ClientOf(way_).Send(request);
  if (!response.ok()) {
    const http::TransportError kind = http::TransportErrorOf(response.status());
    JoinAnswer answer;
    if (kind != http::TransportError::kNone && http::RequestMayHaveBeenSent(response.status())) {
      answer.outcome = JoinAnswer::Outcome::kUnsure;
      answer.may_still_run = true;
      answer.failure =
          Failure{FailureCode::kJoinAnswerLost,
                  absl::StrCat("no answer to the join: ", http::TransportErrorName(kind))};
    } else {
      answer.outcome = JoinAnswer::Outcome::kFailed;
      answer.failure =
          FailureOf(StatusOfTransport(response.status(), "join"), FailureCode::kServiceUnreachable);
    }
    return answer;
  }
  return ParseJoinAnswer(response->status, response->body, call);
}

}  // namespace muster::worker
