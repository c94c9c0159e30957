// A Certify service of Windows as the driver meets it (certify.md 1.1, 1.2), on any system: the
// double asks for Negotiate, moves, or publishes a pipe; who the worker is and the pipe come in from
// outside. The real ones are tested in tests/worker/windows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/tcp_transport.h"
#include "tests/doubles/doubles_fixture.h"
#include "tests/worker/worker_fixture.h"
#include "worker/service/cli_driver.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"

namespace muster::worker {
namespace {

using testing::HasSubstr;

// The doubles' Negotiate: the token is a user's name, and admin is one of the administrators.
class NamedUser final : public http::Negotiator {
 public:
  explicit NamedUser(std::string name) : name_(std::move(name)) {}
  absl::StatusOr<std::unique_ptr<http::Negotiation>> Begin(const std::string&) override {
    ++asked_;
    return std::make_unique<OneName>(name_);
  }
  int asked() const { return asked_; }

 private:
  class OneName final : public http::Negotiation {
   public:
    explicit OneName(std::string name) : name_(std::move(name)) {}
    absl::StatusOr<Secret> Next(absl::string_view) override { return Secret::CopyOf(name_); }

   private:
    const std::string name_;
  };
  const std::string name_;
  std::atomic<int> asked_ = 0;
};

// A pipe whose other end is the double's port; its name leads there until it is closed.
class PipeToPort final : public http::Transport {
 public:
  explicit PipeToPort(ServiceTrust& trust) : tcp_(ProvenLoopback(trust, HostsFile())) {}
  absl::StatusOr<std::unique_ptr<http::Connection>> Connect(
      const http::Url& url, const http::Patience& patience) override {
    hosts_.push_back(url.ToString());
    if (!serves_.has_value()) {
      return http::MakeTransportError(http::TransportError::kRefused, false, "no such pipe");
    }
    return tcp_.Connect(*http::Url::Parse(*serves_), patience);
  }
  void Serve(std::optional<std::string> url) { serves_ = std::move(url); }
  const std::vector<std::string>& hosts() const { return hosts_; }

 private:
  http::TcpTransport tcp_;
  std::optional<std::string> serves_;
  std::vector<std::string> hosts_;
};

class ServiceWindowsTest : public doubles::DoublesTest {
 protected:
  void SetUp() override {
    hub_ = StartHub();
    doubles::FleetOptions options;
    options.service.windows = true;
    fleet_ = StartFleet(1, std::move(options));
    Drive("admin");
  }
  void Drive(const std::string& user, bool with_pipe = false) {
    user_.emplace(user);
    tcp_.emplace(transport_, &*user_);
    pipe_.emplace(pipe_transport_, &*user_);
    driver_ =
        std::make_unique<HttpServiceDriver>(*tcp_, *trust_,
                                            HttpDriverOptions{.app_data_folder = AppData(),
                                                              .negotiate = true,
                                                              .pipe = R"(\\.\pipe\certify-service)",
                                                              .question_timeout = absl::Seconds(15),
                                                              .join_timeout = absl::Seconds(15)},
                                            with_pipe ? &*pipe_ : nullptr);
  }
  std::string AppData() { return Folder() + "/SIM-0001"; }
  doubles::ServiceDouble& service() { return fleet_->service(0); }
  JoinAnswer Join() {
    return driver_->Join(
        {hub_->url(), "managedinstance_sp_01", Secret::CopyOf(doubles::kJoinSecret)});
  }
  FailureCode SurveyCode() {
    const Survey survey = driver_->TakeSurvey();
    EXPECT_TRUE(survey.failure.has_value());
    return survey.failure.has_value() ? survey.failure->code : FailureCode::kJoinUnknownAnswer;
  }
  // The double goes on at a port that its files do not name, as one of a pipe would.
  std::string MoveAway() {
    const absl::Status moved = service().MovePort(/*stale_config=*/true);
    EXPECT_TRUE(moved.ok()) << moved;
    return service().url();
  }
  void SelectPipe() {
    std::ofstream(AppData() + "/serviceconfig.json")
        << R"({"Host":"127.0.0.1","Port":1,"Transport":"NamedPipe"})";
  }

  std::unique_ptr<ServiceTrust> trust_ = SystemServiceTrust({});
  http::TcpTransport transport_{ProvenLoopback(*trust_, HostsFile())};
  PipeToPort pipe_transport_{*trust_};
  std::optional<NamedUser> user_;
  std::optional<http::BeastClient> tcp_;
  std::optional<http::BeastClient> pipe_;
  std::unique_ptr<doubles::HubDouble> hub_;
  std::unique_ptr<doubles::ServiceFleet> fleet_;
  std::unique_ptr<HttpServiceDriver> driver_;
};

TEST_F(ServiceWindowsTest, AnAdministratorIsShownWhereItIsAskedForAndJoins) {
  const Survey survey = driver_->TakeSurvey();
  ASSERT_FALSE(survey.failure.has_value()) << survey.failure->detail;
  EXPECT_EQ(survey.facts.version(), "7.0.2.0");
  EXPECT_GT(user_->asked(), 0);
  const JoinAnswer answer = Join();
  EXPECT_EQ(answer.outcome, JoinAnswer::Outcome::kSucceeded);
  EXPECT_EQ(answer.hub_instance_id, service().State().hub_id);
  EXPECT_EQ(service().Counters().joins, 1) << "rounds that were challenged did nothing";
}

// Remedy walked: E-SERVICE-ACCESS-DENIED
TEST_F(ServiceWindowsTest, AnybodyElseIsRefusedAndNothingIsJoined) {
  Drive("bob");  // 403: known, and no administrator.
  EXPECT_EQ(SurveyCode(), FailureCode::kServiceAccessDenied);
  JoinAnswer answer = Join();
  EXPECT_EQ(answer.outcome, JoinAnswer::Outcome::kFailed);
  EXPECT_EQ(answer.failure->code, FailureCode::kServiceAccessDenied);
  Drive("");  // 401: nobody.
  EXPECT_EQ(SurveyCode(), FailureCode::kServiceAccessDenied);
  answer = Join();
  EXPECT_EQ(answer.failure->code, FailureCode::kServiceAccessDenied);
  EXPECT_EQ(service().Counters().joins, 0);
  Drive("admin");
  EXPECT_FALSE(driver_->TakeSurvey().failure.has_value());
}

TEST_F(ServiceWindowsTest, AMovedPortIsFoundAndAskedAgain) {
  ASSERT_FALSE(driver_->TakeSurvey().failure.has_value());
  ASSERT_TRUE(service().MovePort().ok());
  const Survey survey = driver_->TakeSurvey();
  EXPECT_FALSE(survey.failure.has_value());
  EXPECT_EQ(survey.facts.endpoint(), service().url());
  EXPECT_EQ(Join().outcome, JoinAnswer::Outcome::kSucceeded);
}

TEST_F(ServiceWindowsTest, APipeIsUsedWhereTheServiceSelectsIt) {
  Drive("admin", /*with_pipe=*/true);
  pipe_transport_.Serve(MoveAway());
  SelectPipe();
  const Survey survey = driver_->TakeSurvey();
  ASSERT_FALSE(survey.failure.has_value()) << survey.failure->detail;
  EXPECT_EQ(survey.facts.endpoint(), R"(\\.\pipe\certify-service)");
  EXPECT_EQ(pipe_transport_.hosts().front(), "http://localhost/api/system/appversion");
  EXPECT_EQ(Join().outcome, JoinAnswer::Outcome::kSucceeded);
  EXPECT_THAT(pipe_transport_.hosts().back(), HasSubstr("/api/system/hub/join"));
}

// Its environment wins over its file (certify.md 1.1).
TEST_F(ServiceWindowsTest, APipeIsFoundAlsoWhereTheFileDoesNotSaySo) {
  Drive("admin", /*with_pipe=*/true);
  pipe_transport_.Serve(MoveAway());
  const Survey survey = driver_->TakeSurvey();
  ASSERT_FALSE(survey.failure.has_value()) << survey.failure->detail;
  EXPECT_EQ(survey.facts.endpoint(), R"(\\.\pipe\certify-service)");
}

TEST_F(ServiceWindowsTest, APipeThatIsNotThereLeavesThePortAndThenTheCommandLine) {
  Drive("admin", /*with_pipe=*/true);
  ASSERT_FALSE(driver_->TakeSurvey().failure.has_value()) << "the port answers";
  EXPECT_THAT(pipe_transport_.hosts(), testing::IsEmpty());
  MoveAway();
  SelectPipe();
  const Survey survey = driver_->TakeSurvey();
  ASSERT_TRUE(survey.failure.has_value());
  EXPECT_EQ(survey.failure->code, FailureCode::kServicePipeOnly);
  EXPECT_THAT(survey.failure->detail, HasSubstr(R"(neither \\.\pipe\certify-service)"));
}

// What `certify hub join` prints (certify.md 2); its exit code says nothing.
TEST(CliOutputTest, TheTextDecidesAndIsRedacted) {
  const JoinCall call{"https://hub.example", "managedinstance_sp_01", Secret::CopyOf(kCanary)};
  const std::string banner =
      "Certify Certificate Manager - CLI Certify.Core v7.0.2.0\r\nFor more information see "
      "https://certifytheweb.com\r\n\r\n";
  EXPECT_EQ(ParseCliOutput(banner + "Joined Hub OK\r\n", 0, call).outcome,
            JoinAnswer::Outcome::kSucceeded);
  const JoinAnswer refused = ParseCliOutput(
      absl::StrCat(banner, "Could not authenticate with ", kCanary, "\r\n"), 0, call);
  EXPECT_EQ(refused.outcome, JoinAnswer::Outcome::kFailed);
  EXPECT_EQ(refused.failure->detail.find(kCanary), std::string::npos) << refused.failure->detail;
  const JoinAnswer down = ParseCliOutput(
      banner +
          "System.Net.Http.HttpRequestException: \r\nCertify Certificate Manager service not "
          "started.\r\n",
      255, call);
  EXPECT_EQ(down.outcome, JoinAnswer::Outcome::kFailed);
  EXPECT_EQ(down.failure->code, FailureCode::kServiceUnreachable);
  const JoinAnswer crashed = ParseCliOutput(banner, -1, call);
  EXPECT_EQ(crashed.outcome, JoinAnswer::Outcome::kUnsure);
  EXPECT_TRUE(crashed.may_still_run);
}

}  // namespace
}  // namespace muster::worker
