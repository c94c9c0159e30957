#include "orchestrator/hub/hub_login.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"

namespace muster::hub {
namespace {

constexpr char kLoginPath[] = "/api/v1/auth/login";
constexpr char kRefreshPath[] = "/api/v1/auth/refresh";
constexpr size_t kMostOfAnswer = 256 << 10;

std::string RequestLine(const http::Url& url) { return absl::StrCat("POST ", url.WithoutQuery()); }

// Takes the string member out of the object.
Secret TakeMember(nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return Secret();
  return Secret::Take(std::move(member->get_ref<std::string&>()));
}

}  // namespace

HubLogin::HubLogin(http::Url hub_url, std::string username, Secret password, Scrubber& scrubber,
                   Sender send)
    : hub_url_(std::move(hub_url)),
      username_(std::move(username)),
      password_(std::move(password)),
      scrubber_(scrubber),
      send_(std::move(send)) {
  scrubber_.Add(password_);
  lasting_secrets_ = scrubber_.size();
}

void HubLogin::Renew(Done done) {
  access_token_ = Secret();
  if (refresh_token_.empty()) return LogIn(std::move(done));
  const http::Url url = hub_url_.Join(kRefreshPath);
  http::Request request;
  request.method = "POST";
  request.url = url.AddQuery("refreshToken", refresh_token_.Reveal()).ToString();
  request.max_response_bytes = kMostOfAnswer;
  request.AddHeader("Accept", "application/json");
  refresh_token_ = Secret();  // Spent, whatever the answer is.
  send_(std::move(request),
        [this, url, done = std::move(done)](absl::StatusOr<http::Response> response) mutable {
          if (!response.ok()) return done(FailureOfTransport(response.status(), scrubber_));
          if (response->status == 429) {
            return done(FailureOfAnswer(RequestLine(url), *response, scrubber_));
          }
          if (response->status != 200 || Accept(RequestLine(url), *std::move(response))) {
            return LogIn(std::move(done));
          }
          done(std::nullopt);
        });
}

void HubLogin::LogIn(Done done) {
  const http::Url url = hub_url_.Join(kLoginPath);
  nlohmann::json body = {{"username", username_}, {"password", std::string(password_.Reveal())}};
  http::Request request;
  request.method = "POST";
  request.url = url.ToString();
  request.max_response_bytes = kMostOfAnswer;
  request.AddHeader("Accept", "application/json");
  request.SetJson(
      Secret::Take(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  Wipe(body["password"].get_ref<std::string&>());
  send_(std::move(request),
        [this, url, done = std::move(done)](absl::StatusOr<http::Response> response) mutable {
          if (!response.ok()) return done(FailureOfTransport(response.status(), scrubber_));
          if (response->status != 200) {
            return done(FailureOfAnswer(RequestLine(url), *response, scrubber_));
          }
          done(Accept(RequestLine(url), *std::move(response)));
        });
}

std::optional<HubFailure> HubLogin::Accept(absl::string_view request_line,
                                           http::Response response) {
  nlohmann::json json = nlohmann::json::parse(response.body, nullptr, false);
  Wipe(response.body);
  if (!json.is_object()) {
    return HubFailure{{FailureCode::kHubBadAnswer,
                       absl::StrCat(request_line, " answered 200 without a JSON object")}};
  }
  Secret access = TakeMember(json, "accessToken");
  Secret refresh = TakeMember(json, "refreshToken");
  scrubber_.KeepFirst(lasting_secrets_);
  scrubber_.Add(access);
  scrubber_.Add(refresh);
  // Business failures are 200, too; isSuccess is absent before 2026.
  const auto success = json.find("isSuccess");
  const bool refused = success != json.end() && success->is_boolean() && !success->get<bool>();
  if (refused || access.empty()) {
    const auto detail = json.find("detail");
    return HubFailure{
        {FailureCode::kHubAuth,
         absl::StrCat(request_line, " answered 200 without an access token",
                      detail != json.end() && detail->is_string()
                          ? absl::StrCat(": ", scrubber_.Quote(detail->get<std::string>()))
                          : "")}};
  }
  access_token_ = std::move(access);
  refresh_token_ = std::move(refresh);
  return std::nullopt;
}

}  // namespace muster::hub
