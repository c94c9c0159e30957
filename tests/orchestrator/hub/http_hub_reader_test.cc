#include "orchestrator/hub/http_hub_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/random.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_http_client.h"
#include "tests/fakes/manual_strand.h"

namespace muster::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kReaderCanary[] = "canary-verifier-secret";

class HttpHubReaderTest : public ::testing::Test {
 protected:
  HttpHubReaderTest() : vault_(MakeVault()), reader_(executor_, http_, *vault_, clock_) {
    log::SetSinkForTesting(
        [this](absl::string_view line) { log_.append(line.data(), line.size()); });
    http_.Handle([this](const http::Request& request) {
      if (!absl::EndsWith(request.url, "/hub/instances")) return FakeHttpClient::Json(404, "");
      ++polls_;
      return FakeHttpClient::Json(status_, R"([{"id":"a","connectionStatus":"connected"}])");
    });
  }
  ~HttpHubReaderTest() override {
    log::SetSinkForTesting(nullptr);
    EXPECT_THAT(log_, Not(HasSubstr(kReaderCanary)));
  }
  std::unique_ptr<secrets::SealedKeyVault> MakeVault() {
    auto vault = secrets::SealedKeyVault::Create(Secret::Take(std::string(32, 'k')), random_);
    EXPECT_TRUE(vault.ok());
    return *std::move(vault);
  }
  core::HubReadRequest Request(absl::string_view zone, absl::string_view secret = kReaderCanary,
                               absl::string_view url = "https://hub.example") {
    core::HubReadRequest request{.zone_id = ZoneId(zone), .hub_url = std::string(url)};
    request.verifier.kind = store::VerifierKind::kApiToken;
    request.verifier.principal = "reader";
    request.verifier.secret =
        *vault_->Seal(Secret::CopyOf(secret), core::VerifierBinding(request.zone_id));
    return request;
  }
  void Read(core::HubReadRequest request) {
    reader_.Read(std::move(request),
                 [this](core::HubReadResult result) { results_.push_back(std::move(result)); });
  }
  Failure OnlyFailure() {
    executor_.RunUntilIdle();
    EXPECT_EQ(results_.size(), 1u);
    if (results_.size() != 1 || !std::holds_alternative<core::HubUnread>(results_[0])) {
      ADD_FAILURE() << "no failure";
      return {FailureCode::kHubError, ""};
    }
    return std::get<core::HubUnread>(results_[0]).failure;
  }

  SeededRandom random_{1};
  FakeClock clock_;
  FakeHttpClient http_;
  ManualExecutor executor_;
  std::unique_ptr<secrets::SealedKeyVault> vault_;
  HttpHubReader reader_;
  std::vector<core::HubReadResult> results_;
  std::string log_;
  int polls_ = 0;
  int status_ = 200;
};

TEST_F(HttpHubReaderTest, ReadsElsewhereAndNotInTheCaller) {
  Read(Request("acme/prod"));
  EXPECT_EQ(polls_, 0);
  executor_.RunUntilIdle();
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(std::get<core::HubList>(results_[0]).instances.size(), 1u);
}

TEST_F(HttpHubReaderTest, PollsAHubOnceForAllWhoWait) {
  for (int i = 0; i < 5; ++i) Read(Request("acme/prod"));
  Read(Request("acme/test"));  // Another zone, another sealed value, the same hub and secret.
  executor_.RunUntilIdle();
  EXPECT_EQ(polls_, 1);
  ASSERT_EQ(results_.size(), 6u);
  for (const core::HubReadResult& result : results_) {
    EXPECT_EQ(std::get<core::HubList>(result).instances.size(), 1u);
  }
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  EXPECT_EQ(polls_, 2);
}

TEST_F(HttpHubReaderTest, JoinsAPollThatIsUnderWay) {
  bool joined = false;
  http_.Handle([&](const http::Request&) {
    ++polls_;
    if (!joined) {
      joined = true;
      Read(Request("acme/test"));
      executor_.RunOne();  // On another thread of the pool, so to speak.
    }
    return FakeHttpClient::Json(200, "[]");
  });
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  EXPECT_TRUE(joined);
  EXPECT_EQ(results_.size(), 2u);
  EXPECT_EQ(polls_, 3);  // One list, and the two routes of the facts.
}

TEST_F(HttpHubReaderTest, KeepsHubsAndVerifiersApart) {
  Read(Request("acme/prod"));
  Read(Request("acme/prod", "another-secret"));
  Read(Request("acme/prod", kReaderCanary, "https://other.example"));
  executor_.RunUntilIdle();
  EXPECT_EQ(polls_, 3);
  EXPECT_EQ(results_.size(), 3u);
}

TEST_F(HttpHubReaderTest, RemembersThatAHubWantsToBeLeftAlone) {
  status_ = 429;
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  EXPECT_EQ(polls_, 1);
  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(std::get<core::HubUnread>(results_[1]).failure.code, FailureCode::kHubRateLimited);
  EXPECT_THAT(log_, HasSubstr("E-HUB-RATE-LIMITED"));
}

TEST_F(HttpHubReaderTest, ForgetsAHubThatNobodyReads) {
  status_ = 429;
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  clock_.Advance(absl::Hours(2));
  status_ = 200;
  Read(Request("acme/prod"));
  executor_.RunUntilIdle();
  EXPECT_TRUE(std::holds_alternative<core::HubList>(results_[1]));
}

TEST_F(HttpHubReaderTest, RefusesASecretThatWasMovedFromAnotherZone) {
  core::HubReadRequest request = Request("acme/prod");
  request.zone_id = ZoneId("other/prod");
  Read(std::move(request));
  EXPECT_EQ(OnlyFailure().code, FailureCode::kKeyUnsealable);
  EXPECT_EQ(polls_, 0);
}

TEST_F(HttpHubReaderTest, RefusesAZoneWithoutVerifier) {
  core::HubReadRequest request = Request("acme/prod");
  request.verifier = {};
  Read(std::move(request));
  EXPECT_EQ(OnlyFailure().code, FailureCode::kHubAuth);
}

TEST_F(HttpHubReaderTest, RefusesAHubUrlThatIsNone) {
  Read(Request("acme/prod", kReaderCanary, "not a url"));
  const Failure failure = OnlyFailure();
  EXPECT_EQ(failure.code, FailureCode::kHubUnreachable);
  EXPECT_THAT(failure.detail, HasSubstr("unusable"));
}

TEST_F(HttpHubReaderTest, LogsInForAVerifierOfKindLogin) {
  http_.Handle([](const http::Request& request) {
    return absl::EndsWith(request.url, "/auth/login")
               ? FakeHttpClient::Json(200, R"({"accessToken":"jwt"})")
               : FakeHttpClient::Json(200, "[]");
  });
  core::HubReadRequest request = Request("acme/prod");
  request.verifier.kind = store::VerifierKind::kLogin;
  Read(std::move(request));
  executor_.RunUntilIdle();
  EXPECT_TRUE(std::holds_alternative<core::HubList>(results_.at(0)));
  EXPECT_THAT(http_.requests().at(0).url, HasSubstr("/auth/login"));
}

}  // namespace
}  // namespace muster::hub
