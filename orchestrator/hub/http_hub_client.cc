#include "orchestrator/hub/http_hub_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure_code.h"
#include "orchestrator/hub/instance_list.h"

namespace muster::hub {
namespace {

constexpr char kInternalList[] = "/internal/v1/hub/instances";
constexpr char kPublicList[] = "/api/v1/hub/instances";
constexpr char kInfo[] = "/internal/v1/hub/info";
constexpr char kVersion[] = "/api/v1/system/version";
// A hub that is installed anew has another instance of its own.
// Whatever a hub asks for: a day would leave its servers unproven for a day.
constexpr absl::Duration kLongestRetryAfter = absl::Minutes(15);
constexpr absl::Duration kFactsLifetime = absl::Minutes(10);

// The Date header was written between `sent` and `received` and is cut to a second. Zero when the
// two clocks may agree, else the least difference that explains it.
absl::Duration ClockOffset(const http::Response& response, absl::Time sent, absl::Time received) {
  const std::optional<absl::Time> date = DateOf(response);
  if (!date) return absl::ZeroDuration();
  const absl::Duration least = *date - received;
  const absl::Duration most = *date + absl::Seconds(1) - sent;
  if (least > absl::ZeroDuration()) return least;
  return std::min(most, absl::ZeroDuration());
}

bool IsMissing(const http::Response& response) {
  return response.status == 404 || response.status == 405;
}

bool SaysNothing(absl::string_view body) {
  const absl::string_view text = absl::StripAsciiWhitespace(body);
  return text.empty() || text == "null";
}

std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// "7.0.2.0" of {"version":"7.0.2.0"} or of 2024's {"major":6,"minor":1,…}.
std::string VersionText(const nlohmann::json& json) {
  if (!json.is_object()) return "";
  if (std::string text = TextOf(json, "version"); !text.empty()) return text;
  std::vector<std::string> parts;
  for (const char* name : {"major", "minor", "build", "revision"}) {
    const auto part = json.find(name);
    if (part == json.end() || !part->is_number_integer()) break;
    parts.push_back(absl::StrCat(part->get<int64_t>()));
  }
  return absl::StrJoin(parts, ".");
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpHubClient>> HttpHubClient::Create(HubClientOptions options,
                                                                     http::Client& http,
                                                                     const Clock& clock) {
  absl::StatusOr<http::Url> url = http::Url::Parse(options.hub_url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<HttpHubClient>(
      new HttpHubClient(std::move(options), *std::move(url), http, clock));
}

HttpHubClient::HttpHubClient(HubClientOptions options, http::Url url, http::Client& http,
                             const Clock& clock)
    : options_(std::move(options)), url_(std::move(url)), http_(http), clock_(clock) {
  if (options_.api_token) scrubber_.Add(options_.api_token->secret);
  if (options_.login) {
    login_.emplace(url_, options_.login->name, std::move(options_.login->secret), scrubber_,
                   [this](http::Request request) { return Send(std::move(request)); });
  }
}

HubReadOutcome HttpHubClient::ReadList(bool insist) {
  const absl::Duration left = not_before_ - clock_.Now();
  if (!insist && left > absl::ZeroDuration()) {
    return HubFailure{{FailureCode::kHubRateLimited,
                       absl::StrCat("the hub answered 429 and is left alone for another ",
                                    absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))),
                                    "; 'muster verify' asks it all the same")},
                      left};
  }
  HubReadOutcome outcome = Read();
  if (const auto* const failed = std::get_if<HubFailure>(&outcome);
      failed != nullptr && failed->retry_after) {
    not_before_ = clock_.Now() + std::min(*failed->retry_after, kLongestRetryAfter);
  }
  return outcome;
}

HubReadOutcome HttpHubClient::Read() {
  const char* path = kInternalList;
  Outcome<Answer> outcome = Get(path);
  if (auto* const answer = std::get_if<Answer>(&outcome);
      answer != nullptr && IsMissing(answer->response)) {
    path = kPublicList;
    outcome = Get(path);
  }
  if (auto* const failed = std::get_if<HubFailure>(&outcome)) return std::move(*failed);
  const Answer& answer = std::get<Answer>(outcome);
  if (IsMissing(answer.response)) {
    return HubFailure{
        {FailureCode::kHubBadAnswer, absl::StrCat("neither ", kInternalList, " nor ", kPublicList,
                                                  " exists under ", url_.WithoutQuery())}};
  }
  return ToList(path, answer);
}

HttpHubClient::Outcome<HttpHubClient::Answer> HttpHubClient::Get(absl::string_view path) {
  if (login_ && (!options_.api_token || token_refused_) && login_->access_token().empty()) {
    if (std::optional<HubFailure> failed = login_->Renew()) {
      token_refused_ = false;
      return *std::move(failed);
    }
  }
  absl::StatusOr<Answer> answer = SendAuthorized(path);
  if (answer.ok() && answer->response.status == 401 && login_) {
    token_refused_ = options_.api_token.has_value();
    if (std::optional<HubFailure> failed = login_->Renew()) {
      token_refused_ = false;  // The next read tries the API token again.
      return *std::move(failed);
    }
    answer = SendAuthorized(path);
  }
  if (!answer.ok()) return FailureOfTransport(answer.status(), scrubber_);
  const http::Response& response = answer->response;
  if (response.status == 200 || IsMissing(response)) return *std::move(answer);
  HubFailure failed = FailureOfAnswer(RequestLine(path), response, scrubber_);
  if (response.status == 401 && !login_) {
    LearnFacts();
    absl::StrAppend(&failed.failure.detail, facts_.version.empty() ? "" : ", hub version ",
                    facts_.version,
                    "; a hub before 2026 does not take API tokens here, only a user's login");
  }
  return failed;
}

absl::StatusOr<HttpHubClient::Answer> HttpHubClient::SendAuthorized(absl::string_view path) {
  http::Request request;
  request.url = url_.Join(path).ToString();
  request.max_response_bytes = options_.max_list_bytes;
  request.AddHeader("Accept", "application/json");
  if (options_.api_token && !token_refused_) {
    request.AddHeader("X-Client-ID", options_.api_token->name);
    request.AddHeader("X-Client-Secret", options_.api_token->secret.Clone());
  } else if (login_) {
    request.AddHeader("Authorization",
                      Secret::Take(absl::StrCat("Bearer ", login_->access_token().Reveal())));
  }
  const absl::Time sent = clock_.Now();
  absl::StatusOr<http::Response> response = Send(std::move(request));
  if (!response.ok()) return response.status();
  const absl::Duration offset = ClockOffset(*response, sent, clock_.Now());
  return Answer{*std::move(response), offset};
}

absl::StatusOr<http::Response> HttpHubClient::Send(http::Request request) const {
  request.connect_timeout = options_.connect_timeout;
  request.total_timeout = options_.total_timeout;
  request.tls.ca_pem = options_.ca_pem;
  return http_.Send(request);
}

HubReadOutcome HttpHubClient::ToList(absl::string_view path, const Answer& answer) {
  const std::string request_line = RequestLine(path);
  if (SaysNothing(answer.response.body)) {
    http::Response nothing;
    nothing.status = 204;  // Some hosts write the null.
    return FailureOfAnswer(request_line, nothing, scrubber_);
  }
  absl::StatusOr<InstanceList> parsed = ParseInstanceList(answer.response.body);
  if (!parsed.ok()) {
    return HubFailure{{FailureCode::kHubBadAnswer, absl::StrCat(request_line, " answered 200, but ",
                                                                parsed.status().message())}};
  }
  if (clock_.Now() - facts_time_ > kFactsLifetime) LearnFacts();
  core::HubList list;
  list.instances = std::move(parsed->instances);
  const bool has_own = RemoveOwnInstance(facts_.instance_id, list.instances);
  switch (parsed->shape) {
    case InstanceList::Shape::kFull:
      list.route = core::HubList::Route::kInternal;
      list.whole = has_own && parsed->skipped == 0 && parsed->shows_disconnected;
      break;
    case InstanceList::Shape::kSummary:
      list.route = core::HubList::Route::kPublic;
      list.whole = has_own && parsed->skipped == 0;
      break;
    case InstanceList::Shape::kLegacy:
      list.route = core::HubList::Route::kLegacy;
      list.whole = false;
      for (core::HubInstance& instance : list.instances) instance.connected = true;
      break;
  }
  list.clock_offset = answer.clock_offset;
  return list;
}

void HttpHubClient::LearnFacts() {
  const auto get = [this](const char* path) {
    http::Request request;
    request.url = url_.Join(path).ToString();
    request.max_response_bytes = 64 << 10;
    request.AddHeader("Accept", "application/json");
    const absl::StatusOr<http::Response> response = Send(std::move(request));
    if (!response.ok() || response->status != 200) return nlohmann::json();
    return nlohmann::json::parse(response->body, nullptr, false);
  };
  HubFacts facts;
  nlohmann::json version;
  if (const nlohmann::json info = get(kInfo); info.is_object()) {
    facts.instance_id = absl::AsciiStrToLower(TextOf(info, "instanceId"));
    if (const auto member = info.find("version"); member != info.end()) version = *member;
  }
  if (VersionText(version).empty()) version = get(kVersion);
  facts.version = scrubber_.Clean(VersionText(version), 40);
  if (version.is_object()) facts.product = scrubber_.Clean(TextOf(version, "product"), 80);
  if (facts.instance_id.empty() && facts.version.empty()) return;  // Asked again by the next read.
  facts_ = std::move(facts);
  facts_time_ = clock_.Now();
}

std::string HttpHubClient::RequestLine(absl::string_view path) const {
  return absl::StrCat("GET ", url_.Join(path).WithoutQuery());
}

}  // namespace muster::hub
