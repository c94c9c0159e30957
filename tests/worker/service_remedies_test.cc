// Remedies of the codes that a join meets on its server, followed word for word: the doubles of
// service and hub produce each message, what it says is done, and the join goes well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/tcp_transport.h"
#include "base/platform/files.h"
#include "tests/doubles/doubles_fixture.h"
#include "tests/worker/worker_fixture.h"
#include "worker/commands/join.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"

namespace muster::worker {
namespace {

using doubles::FaultRule;
using doubles::ServiceDouble;
using Result = v1::CommandResult;

// What `systemctl restart` does, or that the worker may not.
class UnitControl final : public ServiceControl {
 public:
  explicit UnitControl(ServiceDouble& service) : service_(service) {}
  absl::Status Restart() override {
    if (!named) return absl::FailedPreconditionError("systemctl restart x ended with 5");
    service_.Restart();
    ++runs_;
    return absl::OkStatus();
  }
  std::string RunId() override { return absl::StrCat("run-", runs_); }
  void RestartedByHand() {
    service_.Restart();
    ++runs_;
  }
  bool named = true;  // --service-unit names the right one.

 private:
  ServiceDouble& service_;
  int runs_ = 0;
};

class ServiceRemediesTest : public doubles::DoublesTest {
 protected:
  void StartWorld() {
    hub_ = StartHub();
    fleet_ = StartFleet(1);
    control_ = std::make_unique<UnitControl>(service());
    UseFolder(AppData());
  }
  void UseFolder(const std::string& app_data, absl::Duration timeout = absl::Seconds(15)) {
    driver_ = std::make_unique<HttpServiceDriver>(
        http_, *trust_,
        HttpDriverOptions{
            .app_data_folder = app_data, .question_timeout = timeout, .join_timeout = timeout});
  }
  std::string AppData() { return Folder() + "/SIM-0001"; }
  ServiceDouble& service() { return fleet_->service(0); }

  JoinHandler Handler(const std::string& pinned_hub) {
    return JoinHandler({.api = *driver_,
                        .cli = nullptr,
                        .service_control = *control_,
                        .clock = *clock_,
                        .open_secret = PlainSecret,
                        .wait =
                            [this](absl::Duration time) {
                              clock_->Advance(time);
                              return true;
                            }},
                       {.zone_pin = Pin(pinned_hub),
                        .lock_path = Folder() + "/join.lock",
                        .takeover_mark_path = Folder() + "/takeover",
                        .pending_join_path = Folder() + "/join"});
  }
  Result Join(bool takeover = false, const std::string& pinned_hub = "") {
    v1::Command command = JoinCommand("c", "a", hub_->url(), takeover);
    command.mutable_join()->set_sealed_joining_secret(doubles::kJoinSecret);
    return Handler(pinned_hub.empty() ? hub_->url() : pinned_hub).Run(command);
  }
  // `how` says the outcome; every one names the code.
  void ExpectJoinSays(FailureCode code, Result::Outcome outcome = Result::OUTCOME_FAILED) {
    const Result result = Join();
    EXPECT_EQ(result.outcome(), outcome) << result.ShortDebugString();
    EXPECT_EQ(result.failure().code(), TextOf(code)) << result.ShortDebugString();
  }
  // "Run the rollout again", or the try that follows by itself.
  void ExpectJoins() {
    const Result result = Join();
    EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED) << result.ShortDebugString();
    EXPECT_EQ(result.problems_size(), 0) << result.ShortDebugString();
    EXPECT_TRUE(result.join().service().hub_connected());
  }
  static FaultRule Rule(const std::string& path, FaultRule::Kind kind) {
    FaultRule rule;
    rule.name = "rule";
    rule.path = path;
    rule.kind = kind;
    rule.times = -1;
    return rule;
  }
  static FaultRule Answer(const std::string& path, const std::string& canned) {
    FaultRule rule = Rule(path, FaultRule::Kind::kAnswer);
    rule.answer = *doubles::CannedResponse(canned);
    return rule;
  }
  // The service says `message` to a join (certify.md 1.5).
  static FaultRule Says(const std::string& message) {
    FaultRule rule = Answer("hub/join", "success-null");
    rule.answer.body = doubles::DumpJson(doubles::ServiceResult(false, message));
    return rule;
  }

  std::unique_ptr<ServiceTrust> trust_ = SystemServiceTrust({});
  http::TcpTransport transport_{ProvenLoopback(*trust_, HostsFile())};
  http::BeastClient http_{transport_};
  std::unique_ptr<doubles::HubDouble> hub_;
  std::unique_ptr<doubles::ServiceFleet> fleet_;
  std::unique_ptr<UnitControl> control_;
  std::unique_ptr<HttpServiceDriver> driver_;
};

// Remedy walked: E-JOIN-HUB-TLS
TEST_F(ServiceRemediesTest, TheHubsIssuerIsInstalledOnTheServer) {
  StartWorld();
  service().AddFault(
      Says("Could not connect to Management Hub. Network error: The SSL connection could not be "
           "established, see inner exception."));
  ExpectJoinSays(FailureCode::kJoinHubTls);
  service().RemoveFaults("rule");
  ExpectJoins();
}

// Remedy walked: E-JOIN-HUB-REFUSED, E-JOIN-HUB-ERROR
TEST_F(ServiceRemediesTest, TheHubIsMended) {
  StartWorld();
  for (const auto& [canned, code] : {std::pair("400-exists", FailureCode::kJoinHubRefused),
                                     std::pair("502-html", FailureCode::kJoinHubError)}) {
    hub_->AddFault(Answer("/api/v1/hub/", canned));
    ExpectJoinSays(code);
    hub_->RemoveFaults("rule");
  }
  ExpectJoins();
}

// Remedy walked: E-JOIN-ID-REJECTED
TEST_F(ServiceRemediesTest, AnIdThatTheHubDoesNotKnowIsReset) {
  const std::string old_id = "11111111-2222-3333-4444-555555555555";
  StartWorld();
  service().PresetJoined({hub_->url(), "managedinstance_sp_01", doubles::kJoinSecret}, old_id);
  service().AddFault(
      Says("Could not connect to Management Hub. The provided Hub Assigned Instance "
           "ID is not recognized by the Management Hub."));
  ExpectJoinSays(FailureCode::kJoinIdRejected);
  // Stop the service; delete the identity file; empty HubAssignedInstanceId; start it.
  fleet_.reset();
  std::filesystem::remove(AppData() + "/hubinstance.identity.json");
  std::ostringstream config;
  config << std::ifstream(AppData() + "/serviceconfig.json").rdbuf();
  const auto read = doubles::ParseJson(config.str());
  ASSERT_TRUE(read.has_value());
  doubles::Json json = *read;
  EXPECT_EQ(doubles::JsonText(json, "HubAssignedInstanceId"), old_id);
  json["HubAssignedInstanceId"] = "";
  std::ofstream(AppData() + "/serviceconfig.json") << doubles::DumpJson(json);
  fleet_ = StartFleet(1);
  control_ = std::make_unique<UnitControl>(service());
  ExpectJoins();
  EXPECT_NE(service().State().hub_id, old_id);
  EXPECT_NE(service().State().hub_id, "");
}

// Remedy walked: E-JOIN-TIMEOUT
TEST_F(ServiceRemediesTest, AServiceThatDoesNotFinishInTimeIsRestarted) {
  StartWorld();
  service().AddFault(
      Says("Could not connect to Management Hub. Timeout trying to connect to hub, "
           "service may unavailable."));
  ExpectJoinSays(FailureCode::kJoinTimeout, Result::OUTCOME_IN_DOUBT);
  service().RemoveFaults("rule");
  control_->RestartedByHand();
  ExpectJoins();
}

// Remedy walked: E-JOIN-NOT-CONNECTED
TEST_F(ServiceRemediesTest, TheHubsWebSocketPathIsMended) {
  StartWorld();
  service().AddFault(Says("A problem occurred when connecting to the management hub"));
  ExpectJoinSays(FailureCode::kJoinNotConnected);
  service().RemoveFaults("rule");
  control_->RestartedByHand();
  ExpectJoins();
}

// Remedy walked: E-JOIN-ZONE-MISMATCH
TEST_F(ServiceRemediesTest, TheZonesRightHubIsApplied) {
  StartWorld();
  const Result refused = Join(false, "https://pinned-otherwise.example");
  EXPECT_EQ(refused.outcome(), Result::OUTCOME_REJECTED);
  EXPECT_EQ(refused.failure().code(), TextOf(FailureCode::kJoinZoneMismatch));
  EXPECT_EQ(service().Counters().joins, 0);
  // The pin with the right hub_url reaches the worker over its session.
  JoinHandler handler = Handler("https://pinned-otherwise.example");
  handler.SetZonePin(Pin(hub_->url()));
  v1::Command command = JoinCommand("c2", "a2", hub_->url());
  command.mutable_join()->set_sealed_joining_secret(doubles::kJoinSecret);
  EXPECT_EQ(handler.Run(command).outcome(), Result::OUTCOME_SUCCEEDED);
}

// Remedy walked: E-JOIN-BUSY
TEST_F(ServiceRemediesTest, ASecondWorkerIsStopped) {
  StartWorld();
  {
    const auto second = FileLock::TryAcquire(Folder() + "/join.lock");
    ASSERT_TRUE(second.ok()) << second.status();
    ExpectJoinSays(FailureCode::kJoinBusy, Result::OUTCOME_REJECTED);
  }
  ExpectJoins();
}

// Remedy walked: E-JOIN-RESTART-DUE
TEST_F(ServiceRemediesTest, AServiceThatStayedWithItsOldHubIsRestarted) {
  StartWorld();
  const auto other = StartHub();
  ASSERT_TRUE(doubles::JsonBool(DoublesTest::Join(service(), other->url()), "isSuccess"));
  control_->named = false;
  const Result taken = Join(/*takeover=*/true);
  ASSERT_EQ(taken.outcome(), Result::OUTCOME_SUCCEEDED) << taken.ShortDebugString();
  ASSERT_EQ(taken.problems_size(), 1);
  EXPECT_EQ(taken.problems(0).code(), TextOf(FailureCode::kJoinRestartDue));
  // With --service-unit the worker restarts it at its next command.
  control_->named = true;
  ExpectJoins();
  EXPECT_EQ(service().Counters().restarts, 1);
  EXPECT_TRUE(fleet_->Await([url = hub_->url()](doubles::ServiceFleet& fleet) {
    return fleet.service(0).state().connected_to == url;
  }));
}

// Remedy walked: E-JOIN-UNKNOWN-ANSWER
TEST_F(ServiceRemediesTest, AnOldServiceIsUpgraded) {
  StartWorld();
  service().AddFault(Answer("hub/join", "404"));
  const Result result = Join();
  EXPECT_EQ(result.failure().code(), TextOf(FailureCode::kJoinUnknownAnswer));
  EXPECT_THAT(result.failure().detail(), testing::HasSubstr("must be upgraded"));
  service().RemoveFaults("rule");
  ExpectJoins();
}

// Remedy walked: E-SERVICE-MISSING
TEST_F(ServiceRemediesTest, TheServiceIsInstalledOrItsFolderNamed) {
  StartWorld();
  UseFolder(Folder() + "/nothing-here");
  ExpectJoinSays(FailureCode::kServiceMissing);
  UseFolder(AppData());
  ExpectJoins();
}

// Remedy walked: E-SERVICE-ACCESS-DENIED, E-SERVICE-ERROR
TEST_F(ServiceRemediesTest, TheServiceLetsTheWorkerInAndAnswers) {
  StartWorld();
  for (const auto& [canned, code] : {std::pair("403", FailureCode::kServiceAccessDenied),
                                     std::pair("401-negotiate", FailureCode::kServiceAccessDenied),
                                     std::pair("500-empty", FailureCode::kServiceError)}) {
    service().AddFault(Answer("appversion", canned));
    ExpectJoinSays(code);
    service().RemoveFaults("rule");
    control_->RestartedByHand();
  }
  ExpectJoins();
}

// Remedy walked: E-SERVICE-HUNG
TEST_F(ServiceRemediesTest, AServiceThatHangsIsRestarted) {
  StartWorld();
  UseFolder(AppData(), absl::Milliseconds(300));
  service().AddFault(Rule("appversion", FaultRule::Kind::kHold));
  ExpectJoinSays(FailureCode::kServiceHung);
  service().RemoveFaults("rule");
  service().Release();
  control_->RestartedByHand();
  UseFolder(AppData());
  ExpectJoins();
}

}  // namespace
}  // namespace muster::worker
