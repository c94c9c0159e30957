// What the hub doubles do not do: other versions' routes, clocks, proxies, and lies.
#include "orchestrator/hub/http_hub_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_http_client.h"

namespace muster::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Route = core::HubList::Route;

constexpr char kCanary[] = "canary+secret/42";
constexpr char kList[] = "https://hub.example/prefix/internal/v1/hub/instances";

constexpr char kFullList[] = R"([
  {"id":"hub-1","title":"hub","clientName":"","connectionStatus":"connected",
   "isPendingConnection":false},
  {"id":"web-1","title":"web","connectionStatus":"connected","isPendingConnection":false}])";

class HttpHubClientTest : public ::testing::Test {
 protected:
  enum class Kind { kToken, kLogin, kBoth };

  HttpHubClient& Client(Kind kind = Kind::kToken) {
    HubClientOptions options{.hub_url = "https://hub.example/prefix"};
    if (kind != Kind::kLogin) options.api_token = NamedSecret{"reader", Secret::CopyOf(kCanary)};
    if (kind != Kind::kToken) options.login = NamedSecret{"user", Secret::CopyOf(kCanary)};
    auto client = HttpHubClient::Create(std::move(options), http_, clock_);
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    return *client_;
  }
  // Answers by the end of the path; 404 for others.
  void Serve(std::map<std::string, http::Response> answers) {
    http_.Handle([answers = std::move(answers)](const http::Request& request) {
      const std::string path = request.url.substr(0, request.url.find('?'));
      for (const auto& [suffix, response] : answers) {
        if (absl::EndsWith(path, suffix)) return response;
      }
      return FakeHttpClient::Json(404, "");
    });
  }
  static HubReadOutcome Read(HttpHubClient& client, bool insist = false) {
    std::optional<HubReadOutcome> outcome;
    client.ReadList(insist, nullptr, [&](HubReadOutcome o) { outcome = std::move(o); });
    if (!outcome.has_value()) ADD_FAILURE() << "nothing came of the read";
    return outcome.value_or(HubFailure{.failure = {FailureCode::kHubError, ""}});
  }
  static core::HubList ListOf(HubReadOutcome outcome) {
    if (const auto* failed = std::get_if<HubFailure>(&outcome)) {
      ADD_FAILURE() << TextOf(failed->failure.code) << ": " << failed->failure.detail;
      return {};
    }
    return std::get<core::HubList>(std::move(outcome));
  }
  static HubFailure FailureOf(HubReadOutcome outcome) {
    if (std::holds_alternative<core::HubList>(outcome)) {
      ADD_FAILURE() << "the list was read";
      return {.failure = {FailureCode::kHubError, ""}};
    }
    HubFailure failed = std::get<HubFailure>(std::move(outcome));
    EXPECT_THAT(failed.failure.detail, Not(HasSubstr(kCanary)));
    EXPECT_THAT(failed.failure.detail, Not(HasSubstr("canary%2Bsecret%2F42")));
    return failed;
  }
  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    for (const auto& seen : http_.requests()) {
      paths.push_back(absl::StrCat(
          seen.method, " ",
          absl::string_view(seen.url).substr(sizeof("https://hub.example/prefix") - 1)));
    }
    return paths;
  }

  FakeClock clock_;
  FakeHttpClient http_;
  std::unique_ptr<HttpHubClient> client_;
};

TEST_F(HttpHubClientTest, ReadsTheListAndTakesTheHubOut) {
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)},
         {"/hub/info",
          FakeHttpClient::Json(200, R"({"instanceId":"HUB-1","version":{"version":"7.0.2.0"}})")}});
  const core::HubList list = ListOf(Read(Client()));
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].id.value(), "web-1");
  EXPECT_EQ(list.route, Route::kInternal);
  EXPECT_TRUE(list.whole);
  EXPECT_EQ(client_->facts().version, "7.0.2.0");
  const FakeHttpClient::Seen first = http_.requests().at(0);
  EXPECT_EQ(first.url, kList);
  EXPECT_EQ(first.HeaderValue("X-Client-ID"), "reader");
  EXPECT_EQ(first.HeaderValue("X-Client-Secret"), kCanary);
  // The facts need no credentials, so they get none.
  EXPECT_EQ(http_.requests().at(1).HeaderValue("X-Client-Secret"), "");
}

TEST_F(HttpHubClientTest, AListWithoutTheHubItselfIsNotWhole) {
  Serve({{"/internal/v1/hub/instances",
          FakeHttpClient::Json(200, R"([{"id":"a","isPendingConnection":true}])")},
         {"/hub/info", FakeHttpClient::Json(200, R"({"instanceId":"hub-1"})")}});
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_EQ(list.instances.size(), 1u);
  EXPECT_FALSE(list.whole);
}

TEST_F(HttpHubClientTest, AListWithABrokenRecordIsNotWhole) {
  Serve({{"/internal/v1/hub/instances",
          FakeHttpClient::Json(200, R"([{"id":"hub-1","isPendingConnection":false},{}])")},
         {"/hub/info", FakeHttpClient::Json(200, R"({"instanceId":"hub-1"})")}});
  EXPECT_FALSE(ListOf(Read(Client())).whole);
}

TEST_F(HttpHubClientTest, FallsBackToTheSummaryOfThePublicRoute) {
  Serve({{"/api/v1/hub/instances",
          FakeHttpClient::Json(
              200, R"([{"id":"h","displayTitle":"hub","clientName":"Certify Management Hub"},
                       {"id":"a","displayTitle":"web"}])")}});
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_EQ(list.route, Route::kPublic);
  EXPECT_TRUE(list.whole);
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].title, "web");
  EXPECT_EQ(list.instances[0].connected, std::nullopt);
}

TEST_F(HttpHubClientTest, FallsBackToTheLegacyArrayWhichListsConnectedInstancesOnly) {
  Serve({{"/auth/login", FakeHttpClient::Json(200, R"({"accessToken":"jwt-1"})")},
         {"/api/v1/hub/instances",
          FakeHttpClient::Json(200, R"([{"instanceId":"A","title":"web","tags":["x"],
                                         "lastReported":"2024-10-17T09:00:00Z"}])")},
         {"/system/version", FakeHttpClient::Json(200, R"({"major":6,"minor":1,"build":3})")}});
  const core::HubList list = ListOf(Read(Client(Kind::kLogin)));
  EXPECT_EQ(list.route, Route::kLegacy);
  EXPECT_FALSE(list.whole);
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].connected, true);
  EXPECT_TRUE(list.instances[0].reported_time.has_value());
  EXPECT_EQ(client_->facts().version, "6.1.3");
}

TEST_F(HttpHubClientTest, SaysWhenNeitherRouteExists) {
  Serve({});
  const HubFailure failed = FailureOf(Read(Client()));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubBadAnswer);
  EXPECT_THAT(failed.failure.detail, HasSubstr("neither"));
}

TEST_F(HttpHubClientTest, LogsInWhenTheApiTokenIsRefusedAndStaysWithIt) {
  http_.Handle([](const http::Request& request) -> absl::StatusOr<http::Response> {
    if (absl::EndsWith(request.url, "/auth/login")) {
      return FakeHttpClient::Json(200, R"({"accessToken":"jwt-1","refreshToken":"r-1"})");
    }
    for (const http::Header& header : request.headers) {
      if (header.name == "Authorization") return FakeHttpClient::Json(200, kFullList);
    }
    return FakeHttpClient::Json(401, "");
  });
  HttpHubClient& client = Client(Kind::kBoth);
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 2u);
  EXPECT_THAT(Paths(), ElementsAre("GET /internal/v1/hub/instances", "POST /api/v1/auth/login",
                                   "GET /internal/v1/hub/instances", "GET /internal/v1/hub/info",
                                   "GET /api/v1/system/version"));
  EXPECT_EQ(http_.requests().at(1).body,
            absl::StrCat(R"({"password":")", kCanary, R"(","username":"user"})"));
  EXPECT_EQ(http_.requests().at(2).HeaderValue("Authorization"), "Bearer jwt-1");
  EXPECT_EQ(http_.requests().at(2).HeaderValue("X-Client-Secret"), "");
  ListOf(Read(client));
  EXPECT_EQ(http_.requests().at(5).HeaderValue("Authorization"), "Bearer jwt-1");
}

TEST_F(HttpHubClientTest, LogsInAgainWhenARefreshAnswersNonsense) {
  Serve({{"/auth/login",
          FakeHttpClient::Json(200, R"({"accessToken":"jwt-1","refreshToken":"r+1"})")},
         {"/auth/refresh", FakeHttpClient::Json(200, "{}")},
         {"/internal/v1/hub/instances", FakeHttpClient::Json(401, "")}});
  const HubFailure failed = FailureOf(Read(Client(Kind::kLogin)));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(Paths(), ElementsAre("POST /api/v1/auth/login", "GET /internal/v1/hub/instances",
                                   "POST /api/v1/auth/refresh?refreshToken=r%2B1",
                                   "POST /api/v1/auth/login", "GET /internal/v1/hub/instances"));
}

TEST_F(HttpHubClientTest, ReportsARefusedLogin) {
  Serve(
      {{"/auth/login",
        FakeHttpClient::Json(
            401, absl::StrCat(R"({"title":"Login Failed","detail":"Invalid username or password )",
                              kCanary, R"("})"))}});
  const HubFailure failed = FailureOf(Read(Client(Kind::kLogin)));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail,
              HasSubstr("Login Failed: Invalid username or password [redacted]"));
}

TEST_F(HttpHubClientTest, ReportsALoginThatSaysNoWith200) {
  Serve({{"/auth/login", FakeHttpClient::Json(
                             200, R"({"isSuccess":false,"detail":"locked","accessToken":"x"})")}});
  const HubFailure failed = FailureOf(Read(Client(Kind::kLogin)));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("locked"));
}

TEST_F(HttpHubClientTest, StrikesSecretsOutOfWhatTheHubSays) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  Serve({{"/internal/v1/hub/instances",
          FakeHttpClient::Json(401, absl::StrCat(R"({"title":"Bad )", kCanary, R"(","detail":")",
                                                 jwt, R"( canary%2Bsecret%2F42\nand )",
                                                 std::string(2000, 'x'), R"("})"))},
         {"/system/version", FakeHttpClient::Json(200, R"({"version":"6.9"})")}});
  const HubFailure failed = FailureOf(Read(Client()));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail,
              HasSubstr("401 Bad [redacted]: [redacted] [redacted] and [...]"));
  EXPECT_THAT(failed.failure.detail, HasSubstr("hub version 6.9"));
  EXPECT_THAT(failed.failure.detail, Not(HasSubstr("eyJ")));
  EXPECT_LT(failed.failure.detail.size(), 600u);
}

TEST_F(HttpHubClientTest, ExplainsAListOfNull) {
  for (const char* body : {"", "null", " null\n"}) {
    Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, body)}});
    const HubFailure failed = FailureOf(Read(Client()));
    EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
    EXPECT_THAT(failed.failure.detail, HasSubstr("may not see it"));
  }
}

TEST_F(HttpHubClientTest, LeavesALimitingHubAloneAsLongAsItAsks) {
  http::Response limited = FakeHttpClient::Json(429, "");
  limited.headers.emplace_back("Retry-After", "17");
  http_.Then(limited);
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)}});
  HttpHubClient& client = Client();
  HubFailure failed = FailureOf(Read(client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(failed.retry_after, absl::Seconds(17));
  clock_.Advance(absl::Seconds(16));
  failed = FailureOf(Read(client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(failed.retry_after, absl::Seconds(1));
  EXPECT_EQ(http_.requests().size(), 1u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 2u);
}

TEST_F(HttpHubClientTest, AHubThatAnswersWhoInsistsIsNotLeftAloneAnyMore) {
  http::Response limited = FakeHttpClient::Json(503, "");
  limited.headers.emplace_back("Retry-After", "600");
  http_.Then(limited);
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)}});
  HttpHubClient& client = Client();
  EXPECT_EQ(FailureOf(Read(client)).failure.code, FailureCode::kHubError);
  EXPECT_EQ(FailureOf(Read(client)).failure.code, FailureCode::kHubError) << "left alone";
  EXPECT_EQ(http_.requests().size(), 1u);
  EXPECT_EQ(ListOf(Read(client, /*insist=*/true)).instances.size(), 2u);
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 2u);
}

TEST_F(HttpHubClientTest, HasAWaitForAHubThatNamesNone) {
  http_.Then(FakeHttpClient::Json(429, ""));
  EXPECT_EQ(FailureOf(Read(Client())).retry_after, absl::Seconds(30));
}

TEST_F(HttpHubClientTest, TellsTheHubsClockFromItsDateHeader) {
  const auto list_at = [&](absl::Duration skew) {
    http::Response response = FakeHttpClient::Json(200, kFullList);
    response.headers.emplace_back(
        "Date",
        absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", clock_.Now() + skew, absl::UTCTimeZone()));
    http_.Then(response);
    return ListOf(Read(Client())).clock_offset;
  };
  EXPECT_EQ(list_at(absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_EQ(list_at(absl::Minutes(10)), absl::Minutes(10));
  EXPECT_EQ(list_at(-absl::Minutes(10)), -absl::Minutes(10) + absl::Seconds(1));
}

TEST_F(HttpHubClientTest, NamesEachTransportErrorByItsCode) {
  http_.Then(http::MakeTransportError(http::TransportError::kTimeout, false, "no connection"));
  EXPECT_EQ(FailureOf(Read(Client())).failure.code, FailureCode::kHubUnreachable);
  const std::pair<http::TransportError, FailureCode> rows[] = {
      {http::TransportError::kRefused, FailureCode::kHubUnreachable},
      {http::TransportError::kDns, FailureCode::kHubUnreachable},
      {http::TransportError::kTimeout, FailureCode::kHubLimit},
      {http::TransportError::kTls, FailureCode::kHubTls},
      {http::TransportError::kReset, FailureCode::kHubError},
      {http::TransportError::kTooLarge, FailureCode::kHubLimit},
      {http::TransportError::kMalformed, FailureCode::kHubBadAnswer},
  };
  for (const auto& [error, code] : rows) {
    http_.Then(http::MakeTransportError(error, true, "what was seen"));
    const HubFailure failed = FailureOf(Read(Client()));
    EXPECT_EQ(failed.failure.code, code) << http::TransportErrorName(error);
    EXPECT_THAT(failed.failure.detail, HasSubstr("what was seen"));
  }
}

TEST_F(HttpHubClientTest, SaysWhereARedirectLeadsWithoutItsQuery) {
  http::Response redirect{.status = 302,
                          .headers = {{"Location", "https://sso.example/login?token=abc"}}};
  http_.Then(redirect);
  const HubFailure failed = FailureOf(Read(Client()));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubBadAnswer);
  EXPECT_THAT(failed.failure.detail, HasSubstr("https://sso.example/login"));
  EXPECT_THAT(failed.failure.detail, HasSubstr("hub URL"));
  EXPECT_THAT(failed.failure.detail, Not(HasSubstr("abc")));
}

TEST_F(HttpHubClientTest, TellsWhatTheHubCallsItself) {
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)},
         {"/hub/info", FakeHttpClient::Json(200, R"({"instanceId":"HUB-1"})")}});
  EXPECT_EQ(ListOf(Read(Client())).hub_instance_id, "hub-1");
  // Without facts the list itself may tell.
  Serve({{"/internal/v1/hub/instances",
          FakeHttpClient::Json(200, R"([{"id":"OWN","clientName":"Certify Management Hub"}])")}});
  EXPECT_EQ(ListOf(Read(Client())).hub_instance_id, "own");
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)},
         {"/hub/info", FakeHttpClient::Json(200, "{\"instanceId\":\"a\\u0000b\"}")}});
  EXPECT_EQ(ListOf(Read(Client())).hub_instance_id, "");
}

TEST_F(HttpHubClientTest, TakesAListInPiecesOfAnySize) {
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)}});
  for (size_t size : {1, 5, 1000}) {
    http_.SetPieceSize(size);
    EXPECT_EQ(ListOf(Read(Client())).instances.size(), 2u);
  }
}

TEST_F(HttpHubClientTest, EndsAListThatTheReaderMayNotKeep) {
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)}});
  std::optional<HubReadOutcome> outcome;
  Client().ReadList(
      false, [](size_t) { return std::make_optional<std::string>("no room is left"); },
      [&](HubReadOutcome o) { outcome = std::move(o); });
  ASSERT_TRUE(outcome.has_value());
  const HubFailure failed = FailureOf(*std::move(outcome));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubLimit);
  EXPECT_THAT(failed.failure.detail, HasSubstr("answered 200, but no room is left"));
  // The next one may be.
  EXPECT_EQ(ListOf(Read(*client_)).instances.size(), 2u);
}

// Remedy walked: E-HUB-LIMIT
TEST_F(HttpHubClientTest, ReadsAgainWhenTheHubsOwnerHasMendedIt) {
  std::string endless = "[";
  while (endless.size() < 300'000) endless += "{\"id\":\"never closed\",\"x\":";
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, endless)}});
  HttpHubClient& client = Client();
  const HubFailure failed = FailureOf(Read(client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubLimit);
  EXPECT_THAT(failed.failure.detail, HasSubstr("one record of the list is larger than"));
  Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(200, kFullList)}});
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 2u);
}

// Whatever bytes a hub, or who plays one, puts wherever something is told of them: what comes out
// is valid, visible and short.
TEST_F(HttpHubClientTest, SaysNothingThatCannotBePrinted) {
  using namespace std::string_literals;
  const std::string bytes[] = {"caf\xC3"s,
                               "\xFF\xFE"s,
                               "a\0b"s,
                               "\x1B]0;title\x07"s,
                               "\xC2\x9B"
                               "2J"s,
                               "\xE2\x80\xAE"
                               "gpj"s,
                               "\xEF\xBB\xBF"s,
                               "\xE2\x80\x8B"s,
                               "\r\nX: y"s,
                               "\xED\xA0\x80"s,
                               std::string(100'000, '\xFF'),
                               "\xF4\x90\x80\x80"s};
  for (const std::string& foreign : bytes) {
    const std::string problem =
        absl::StrCat(R"({"title":")", foreign, R"(","detail":")", foreign, R"("})");
    const http::Response answers[] = {
        {.status = 302, .headers = {{"Location", foreign}}},
        {.status = 302, .headers = {{"Location", absl::StrCat("https://x/", foreign)}}},
        {.status = 500, .headers = {{"Content-Type", foreign}}, .body = problem},
        {.status = 502,
         .headers = {{"Content-Type", "text/html"}},
         .body = absl::StrCat("<title>", foreign)},
        {.status = 429, .headers = {{"Retry-After", foreign}, {"Date", foreign}}, .body = foreign},
        {.status = 200, .body = foreign},
        {.status = 200, .body = absl::StrCat("[", foreign)},
    };
    for (const http::Response& answer : answers) {
      http_.Then(answer);
      const HubFailure failed = FailureOf(Read(Client()));
      EXPECT_EQ(ProblemOfVisibleText(failed.failure.detail), "") << failed.failure.detail;
      EXPECT_LT(failed.failure.detail.size(), 800u);
    }
    http_.Then(absl::Status(http::MakeTransportError(http::TransportError::kTls, false, foreign)));
    EXPECT_EQ(ProblemOfVisibleText(FailureOf(Read(Client())).failure.detail), "");
    Serve({{"/internal/v1/hub/instances", FakeHttpClient::Json(401, "")},
           {"/hub/info", FakeHttpClient::Json(
                             200, absl::StrCat(R"({"version":{"version":")", foreign, R"("}})"))},
           {"/system/version",
            FakeHttpClient::Json(200, absl::StrCat(R"({"version":")", foreign, R"("})"))}});
    EXPECT_EQ(ProblemOfVisibleText(FailureOf(Read(Client())).failure.detail), "");
  }
}

TEST(HttpHubClientCreateTest, RefusesAUrlThatIsNone) {
  FakeHttpClient http;
  FakeClock clock;
  EXPECT_FALSE(HttpHubClient::Create({.hub_url = "hub.example"}, http, clock).ok());
}

}  // namespace
}  // namespace muster::hub
