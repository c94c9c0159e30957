#include "orchestrator/hub/http_hub_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

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
// Of an answer that is no list: what it says for itself stands at its beginning.
constexpr size_t kMostOfOtherBody = 64 << 10;
// Whatever a hub asks for: a day would leave its servers unproven for a day.
constexpr absl::Duration kLongestRetryAfter = absl::Minutes(15);
// A hub that is installed anew has another instance of its own.
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
                                                                     http::AsyncClient& http,
                                                                     const Clock& clock) {
  absl::StatusOr<http::Url> url = http::Url::Parse(options.hub_url);
  if (!url.ok()) return url.status();
  return std::unique_ptr<HttpHubClient>(
      new HttpHubClient(std::move(options), *std::move(url), http, clock));
}

HttpHubClient::HttpHubClient(HubClientOptions options, http::Url url, http::AsyncClient& http,
                             const Clock& clock)
    : options_(std::move(options)), url_(std::move(url)), http_(http), clock_(clock) {
  scrubber_.Know(url_.Origin());
  scrubber_.Know(url_.host());
  if (options_.api_token) scrubber_.Add(options_.api_token->secret);
  if (options_.login) {
    login_.emplace(url_, options_.login->name, std::move(options_.login->secret), scrubber_,
                   [this](http::Request request, http::AsyncClient::Done done) {
                     Send(std::move(request), std::move(done));
                   });
  }
}

HttpHubClient::~HttpHubClient() = default;

void HttpHubClient::ReadList(bool insist, Keep keep, Done done) {
  const absl::Duration left = not_before_ - clock_.Now();
  if (!insist && left > absl::ZeroDuration()) {
    return done(HubFailure{
        {wish_code_, absl::StrCat("the hub asked to be left alone (Retry-After), for another ",
                                  absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))),
                                  "; 'muster verify' asks it all the same")},
        left});
  }
  reading_ = std::make_unique<Reading>();
  reading_->keep = std::move(keep);
  reading_->done = std::move(done);
  Ask(kInternalList);
}

void HttpHubClient::End(HubReadOutcome outcome) {
  const auto* const failed = std::get_if<HubFailure>(&outcome);
  if (failed == nullptr) {
    not_before_ = absl::InfinitePast();  // Who insisted was answered.
  } else if (failed->retry_after) {
    not_before_ = clock_.Now() + std::min(*failed->retry_after, kLongestRetryAfter);
    wish_code_ = failed->failure.code;
  }
  const std::unique_ptr<Reading> reading = std::move(reading_);
  reading->done(std::move(outcome));  // Here this client may be gone.
}

void HttpHubClient::Ask(const char* path) {
  reading_->path = path;
  reading_->renewed = false;
  if (login_ && (!options_.api_token || token_refused_) && login_->access_token().empty()) {
    return Renew();
  }
  SendAuthorized();
}

void HttpHubClient::Renew() {
  login_->Renew([this](std::optional<HubFailure> failed) {
    if (!failed.has_value()) return SendAuthorized();
    token_refused_ = false;  // The next read tries the API token again.
    End(*std::move(failed));
  });
}

void HttpHubClient::SendAuthorized() {
  http::Request request;
  request.url = url_.Join(reading_->path).ToString();
  request.max_response_bytes = options_.max_list_bytes;
  request.sink = [this](const http::Response& head, absl::string_view piece) {
    return OnPiece(head, piece);
  };
  request.AddHeader("Accept", "application/json");
  if (options_.api_token && !token_refused_) {
    request.AddHeader("X-Client-ID", options_.api_token->name);
    request.AddHeader("X-Client-Secret", options_.api_token->secret.Clone());
  } else if (login_) {
    request.AddHeader("Authorization",
                      Secret::Take(absl::StrCat("Bearer ", login_->access_token().Reveal())));
  }
  reading_->sent = clock_.Now();
  reading_->other_body.clear();
  reading_->list = std::make_unique<InstanceListReader>(
      [this](size_t bytes) {
        if (!reading_->keep) return true;
        const std::optional<std::string> refusal = reading_->keep(bytes);
        if (refusal.has_value()) reading_->refusal = *refusal;
        return !refusal.has_value();
      },
      options_.list_limits);
  Send(std::move(request),
       [this](absl::StatusOr<http::Response> answer) { OnAnswer(std::move(answer)); });
}

// Of an answer that is no list as much is kept as is told of it.
bool HttpHubClient::OnPiece(const http::Response& head, absl::string_view piece) {
  if (head.status == 200) return reading_->list->Write(piece);
  std::string& body = reading_->other_body;
  absl::StrAppend(&body, piece.substr(0, kMostOfOtherBody - body.size()));
  return body.size() < kMostOfOtherBody;
}

void HttpHubClient::OnAnswer(absl::StatusOr<http::Response> answer) {
  if (!answer.ok()) return End(FailureOfTransport(answer.status(), scrubber_));
  http::Response& response = *answer;
  response.body = std::move(reading_->other_body);
  if (response.status == 401 && login_ && !reading_->renewed) {
    reading_->renewed = true;
    token_refused_ = options_.api_token.has_value();
    return Renew();
  }
  if (IsMissing(response)) {
    if (reading_->path == kInternalList) return Ask(kPublicList);
    return End(HubFailure{
        {FailureCode::kHubBadAnswer, absl::StrCat("neither ", kInternalList, " nor ", kPublicList,
                                                  " exists under ", url_.WithoutQuery())}});
  }
  if (response.status != 200) return OnRefused(response);
  reading_->clock_offset = ClockOffset(response, reading_->sent, clock_.Now());
  OnList();
}

void HttpHubClient::OnRefused(const http::Response& response) {
  HubFailure failed = FailureOfAnswer(RequestLine(reading_->path), response, scrubber_);
  if (response.status != 401 || login_) return End(std::move(failed));
  LearnFacts([this, failed = std::move(failed)]() mutable {
    absl::StrAppend(&failed.failure.detail, facts_.version.empty() ? "" : ", hub version ",
                    facts_.version,
                    "; a hub before 2026 does not take API tokens here, only a user's login");
    End(std::move(failed));
  });
}

void HttpHubClient::OnList() {
  const std::string request_line = RequestLine(reading_->path);
  if (reading_->list->SaysNothing()) {
    http::Response nothing;
    nothing.status = 204;  // Some hosts write the null.
    return End(FailureOfAnswer(request_line, nothing, scrubber_));
  }
  absl::StatusOr<InstanceList> parsed = reading_->list->Finish();
  reading_->list.reset();
  if (absl::IsResourceExhausted(parsed.status())) {
    return End(HubFailure{
        {FailureCode::kHubLimit,
         absl::StrCat(request_line, " answered 200, but ",
                      reading_->refusal.empty() ? parsed.status().message()
                                                : absl::string_view(reading_->refusal))}});
  }
  if (!parsed.ok()) {
    return End(
        HubFailure{{FailureCode::kHubBadAnswer,
                    absl::StrCat(request_line, " answered 200, but ", parsed.status().message())}});
  }
  if (clock_.Now() - facts_time_ <= kFactsLifetime) return Conclude(*std::move(parsed));
  LearnFacts([this, list = *std::move(parsed)]() mutable { Conclude(std::move(list)); });
}

void HttpHubClient::Conclude(InstanceList parsed) {
  core::HubList list;
  list.instances = std::move(parsed.instances);
  const std::string own = RemoveOwnInstance(facts_.instance_id, list.instances);
  const bool has_own = !own.empty();
  list.hub_instance_id = facts_.instance_id.empty() ? own : facts_.instance_id;
  switch (parsed.shape) {
    case InstanceList::Shape::kFull:
      list.route = core::HubList::Route::kInternal;
      list.whole = has_own && parsed.skipped == 0 && parsed.shows_disconnected;
      break;
    case InstanceList::Shape::kSummary:
      list.route = core::HubList::Route::kPublic;
      list.whole = has_own && parsed.skipped == 0;
      break;
    case InstanceList::Shape::kLegacy:
      list.route = core::HubList::Route::kLegacy;
      list.whole = false;
      for (core::HubInstance& instance : list.instances) instance.connected = true;
      break;
  }
  list.clock_offset = reading_->clock_offset;
  list.shows_disconnected = parsed.shows_disconnected;
  list.shows_pending = parsed.shows_pending;
  list.shows_itself = has_own;
  list.hub_version = facts_.version;
  End(std::move(list));
}

void HttpHubClient::Send(http::Request request, http::AsyncClient::Done done) const {
  request.connect_timeout = options_.connect_timeout;
  request.total_timeout = options_.total_timeout;
  request.stall_timeout = options_.stall_timeout;
  request.tls.ca_pem = options_.ca_pem;
  request.pace_group = options_.pace_group;
  http_.Start(std::move(request), std::move(done));
}

void HttpHubClient::GetJson(const char* path,
                            absl::AnyInvocable<void(const nlohmann::json&)> then) {
  http::Request request;
  request.url = url_.Join(path).ToString();
  request.max_response_bytes = kMostOfOtherBody;
  request.AddHeader("Accept", "application/json");
  Send(std::move(request),
       [then = std::move(then)](const absl::StatusOr<http::Response>& response) mutable {
         if (!response.ok() || response->status != 200) return then(nlohmann::json());
         then(nlohmann::json::parse(response->body, nullptr, false));
       });
}

void HttpHubClient::LearnFacts(absl::AnyInvocable<void()> then) {
  GetJson(kInfo, [this, then = std::move(then)](const nlohmann::json& info) mutable {
    std::string id;
    nlohmann::json version;
    if (info.is_object()) {
      id = HubId(TextOf(info, "instanceId"));
      if (const auto member = info.find("version"); member != info.end()) version = *member;
    }
    if (!VersionText(version).empty()) {
      KeepFacts(id, version);
      return then();
    }
    GetJson(kVersion, [this, id, then = std::move(then)](const nlohmann::json& told) mutable {
      KeepFacts(id, told);
      then();
    });
  });
}

void HttpHubClient::KeepFacts(const std::string& instance_id, const nlohmann::json& version) {
  HubFacts facts{.instance_id = instance_id, .version = scrubber_.Clean(VersionText(version), 40)};
  if (version.is_object()) facts.product = scrubber_.Clean(TextOf(version, "product"), 80);
  if (facts.instance_id.empty() && facts.version.empty()) return;  // Asked again by the next read.
  facts_ = std::move(facts);
  facts_time_ = clock_.Now();
}

std::string HttpHubClient::RequestLine(absl::string_view path) const {
  return absl::StrCat("GET ", url_.Join(path).WithoutQuery());
}

}  // namespace muster::hub
