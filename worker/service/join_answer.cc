#include "worker/service/join_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/excerpt.h"
#include "base/failure_code.h"
#include "base/http/url.h"
#include "worker/service/classify.h"

namespace muster::worker {
namespace {

using Outcome = JoinAnswer::Outcome;

constexpr size_t kMostClassified = 16 << 10;

JoinAnswer Failed(FailureCode code, std::string detail) {
  return {Outcome::kFailed, Failure{code, std::move(detail)}, ""};
}
JoinAnswer Unsure(FailureCode code, std::string detail) {
  return {Outcome::kUnsure, Failure{code, std::move(detail)}, ""};
}

std::string Quoted(absl::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

// An id is taken as it is, or not at all.
bool IsId(absl::string_view text) {
  constexpr size_t kLongest = 128;
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-_.", c);
         });
}

std::string StringAt(const nlohmann::json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

Secret JoinBody(const JoinCall& call) {
  std::string secret = Quoted(call.secret.Reveal());
  std::string body =
      absl::StrCat("{\"url\":", Quoted(call.hub_url), ",\"clientId\":", Quoted(call.client_id),
                   ",\"secret\":", secret, "}");
  Wipe(secret);
  return Secret::Take(std::move(body));
}

JoinAnswer RefusedWith(absl::string_view message, const JoinCall& call) {
  const absl::string_view secrets[] = {call.secret.Reveal()};
  const absl::StatusOr<http::Url> hub = http::Url::Parse(call.hub_url);
  const std::string host = hub.ok() ? hub->host() : "";
  const absl::string_view known[] = {call.hub_url, host, call.client_id};
  const MessageMeaning meaning = ClassifyJoinMessage(message.substr(0, kMostClassified));
  const std::string detail = Excerpt(message, secrets, known);
  return meaning.hub_may_have_acted ? Unsure(meaning.code, detail) : Failed(meaning.code, detail);
}

JoinAnswer ParseJoinAnswer(int http_status, absl::string_view body, const JoinCall& call) {
  if (http_status == 401 || http_status == 403) {
    return Failed(FailureCode::kServiceAccessDenied, absl::StrCat("join answered ", http_status));
  }
  if (http_status == 404 || http_status == 405) {
    return Failed(FailureCode::kJoinUnknownAnswer,
                  absl::StrCat("this service has no hub/join (HTTP ", http_status,
                               "); it is older than 2025 and must be upgraded"));
  }
  if (http_status >= 400 && http_status < 500) {
    return Failed(FailureCode::kJoinUnknownAnswer,
                  absl::StrCat("the service refused the join request with HTTP ", http_status));
  }
  if (http_status != 200) {
    return Unsure(FailureCode::kServiceError, absl::StrCat("join answered HTTP ", http_status));
  }
  const auto answer =
      nlohmann::json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("isSuccess") || !answer["isSuccess"].is_boolean()) {
    return Unsure(FailureCode::kJoinUnknownAnswer, "join answered 200 without isSuccess");
  }
  const auto result = answer.find("result");
  const bool has_result = result != answer.end() && result->is_object();
  if (answer["isSuccess"].get<bool>()) {
    JoinAnswer joined{Outcome::kSucceeded, std::nullopt, ""};
    if (has_result) {
      const absl::string_view secrets[] = {call.secret.Reveal()};
      const std::string id = StringAt(*result, "hubAssignedInstanceId");
      if (IsId(id) && !RepeatsSecret(id, secrets)) {
        joined.hub_instance_id = absl::AsciiStrToLower(id);
      }
    }
    return joined;
  }
  JoinAnswer refused = RefusedWith(StringAt(answer, "message"), call);
  if (has_result && result->value("rejoinRequired", nlohmann::json()) == nlohmann::json(true)) {
    refused.outcome = Outcome::kFailed;
    refused.failure->code = FailureCode::kJoinIdRejected;
  }
  return refused;
}

}  // namespace muster::worker
