#include "tests/doubles/service/hub_caller.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

constexpr char kFailed[] = "Could not connect to Management Hub.";

HubAnswer Failure(std::string message) {
  HubAnswer answer;
  answer.message = std::move(message);
  return answer;
}

// How .NET prints a response; mid-2025 agents put it into the message.
std::string Dump(const Response& response) {
  return absl::StrCat("StatusCode: ", response.status, ", ReasonPhrase: '",
                      StatusPhrase(response.status),
                      "', Version: 1.1, Content: System.Net.Http.HttpConnectionResponseContent");
}

}  // namespace

void HubCaller::Send(const HubCall& call, std::function<void(HubAnswer)> done) {
  const bool reissue = call.request_auth_secret.empty();
  const std::string endpoint = absl::StrCat(
      call.key.url, call.is_register ? "/api/v1/hub/register" : "/api/v1/hub/joincheck");
  ClientRequest request;
  request.url =
      call.is_register
          ? endpoint
          : absl::StrCat(endpoint,
                         "?register=false&reissueRequestAuthSecret=", reissue ? "true" : "false");
  request.headers = {{"X-Client-ID", call.key.client_id},
                     {"X-Client-Secret", call.key.secret},
                     {"X-Certify-Trace-InstanceName", options_.name}};
  if (!call.hub_id.empty()) request.headers.emplace_back("X-Certify-HubAssignedId", call.hub_id);
  if (options_.profile != ServiceProfile::kService2025) {
    request.headers.emplace_back("X-Certify-InstanceVersion", options_.version);
  }
  if (!options_.source.empty()) request.headers.emplace_back("X-Sim-Source", options_.source);
  if (options_.profile == ServiceProfile::kService2026s && !call.is_register && !reissue) {
    const std::optional<UrlParts> url = ParseUrl(request.url);
    const std::string timestamp = IsoTime(call.now);
    request.headers.emplace_back("X-Certify-Timestamp", timestamp);
    request.headers.emplace_back(
        "X-Certify-Signature",
        SignatureOf(RequestAuthSecretHash(call.request_auth_secret),
                    SignaturePayload(call.hub_id, timestamp, "GET", url ? url->target : "/", "")));
  }
  client_.Send(std::move(request),
               [this, call, endpoint, done = std::move(done)](const ClientResult& result) {
                 done(Judge(call, endpoint, result));
               });
}

HubAnswer HubCaller::Judge(const HubCall& call, const std::string& endpoint,
                           const ClientResult& result) const {
  const bool is_2025 = options_.profile == ServiceProfile::kService2025;
  switch (result.kind) {
    case ClientResult::Kind::kRefused:
      if (options_.windows) {
        return Failure(
            absl::StrCat(kFailed,
                         " Network error: No connection could be made because the target "
                         "machine actively refused it."));
      }
      return Failure(absl::StrCat(
          kFailed, " Connection refused (port may not be open or service not running). ",
          endpoint));
    case ClientResult::Kind::kNetwork:
      return Failure(absl::StrCat(kFailed, " Network error: ", result.error));
    case ClientResult::Kind::kTimeout:
      if (is_2025) {
        return Failure(absl::StrCat(kFailed,
                                    " System.Threading.Tasks.TaskCanceledException: The "
                                    "request was canceled due to the configured "
                                    "HttpClient.Timeout of 100 seconds elapsing."));
      }
      return Failure(absl::StrCat(
          kFailed, " Timeout trying to connect to hub, service may unavailable. ", endpoint));
    case ClientResult::Kind::kBadUrl:
      return Failure(absl::StrCat(kFailed, " ", result.error));
    case ClientResult::Kind::kAnswer:
      break;
  }
  const Response& response = result.response;
  const std::optional<Json> body = ParseJson(response.body);
  if (response.status == 200 && body && !JsonText(*body, "hubAssignedInstanceId").empty()) {
    HubAnswer answer;
    answer.ok = true;
    answer.info = *body;
    return answer;
  }
  const bool problem =
      response.status != 200 && body && body->is_object() &&
      (!is_2025 || absl::StartsWith(response.content_type, "application/problem+json"));
  HubAnswer answer;
  answer.refused_auth = response.status == 401;
  if (problem) {
    answer.unknown_id = absl::EndsWith(JsonText(*body, "type"), "/hub-unknown-instance-id");
    answer.message =
        absl::StrCat(kFailed, " ", JsonText(*body, "title"), " - ", JsonText(*body, "detail"));
  } else if (response.status == 401) {
    answer.message = absl::StrCat("Could not connect to Management Hub (Unauthorized). ",
                                  response.body, " - Check credentials ", endpoint, " ",
                                  call.key.client_id, " ", call.key.secret, " ", call.hub_id, ".");
    if (is_2025) absl::StrAppend(&answer.message, " ", Dump(response));
  } else {
    answer.message = absl::StrCat(kFailed, " Check URL.");
  }
  return answer;
}

}  // namespace muster::doubles
