// The drivers and the join handler against the doubles of service and hub, over real HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/http/beast_client.h"
#include "base/http/tcp_transport.h"
#include "tests/doubles/doubles_fixture.h"
#include "tests/doubles/service/certify_cli.h"
#include "tests/worker/worker_fixture.h"
#include "worker/commands/join.h"
#include "worker/commands/probe.h"
#include "worker/service/cli_driver.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"
#include "worker/service/service_files.h"

namespace muster::worker {
namespace {

using doubles::FaultRule;
using doubles::HubDouble;
using doubles::HubProfile;
using doubles::ServiceDouble;
using doubles::ServiceFleet;
using doubles::ServiceProfile;
using types::v1::ServiceFacts;
using Result = v1::CommandResult;

// Restarts the double, as the service manager would the service.
class DoubleControl final : public ServiceControl {
 public:
  explicit DoubleControl(ServiceDouble& service) : service_(service) {}
  absl::Status Restart() override {
    service_.Restart();
    ++runs_;
    return absl::OkStatus();
  }
  std::string RunId() override { return absl::StrCat("run-", runs_); }

 private:
  int runs_ = 0;
  ServiceDouble& service_;
};

// Runs the double of certify in this process.
class DoubleRunner final : public ProcessRunner {
 public:
  explicit DoubleRunner(std::string app_data) : app_data_(std::move(app_data)) {}
  absl::StatusOr<ProcessAnswer> Run(const ProcessRequest& request) override {
    std::vector<std::string> arguments;
    for (const Secret& argument : request.arguments) arguments.emplace_back(argument.Reveal());
    std::ostringstream output;
    const int code = doubles::RunCertify(arguments, app_data_, output);
    return ProcessAnswer{code, output.str()};
  }
  void Stop() override {}

 private:
  const std::string app_data_;
};

class ServiceDriverTest : public doubles::DoublesTest {
 protected:
  void StartWorld(HubProfile hub = HubProfile::kHub2026,
                  ServiceProfile service = ServiceProfile::kService2026) {
    hub_ = StartHub(hub);
    fleet_ = StartFleet(1, service);
    Drive();
  }
  void StartWorld(doubles::FleetOptions options) {
    hub_ = StartHub();
    fleet_ = StartFleet(1, std::move(options));
    Drive();
  }
  void Drive(absl::Duration timeout = absl::Seconds(15)) {
    driver_ = std::make_unique<HttpServiceDriver>(
        http_, *trust_,
        HttpDriverOptions{
            .app_data_folder = AppData(), .question_timeout = timeout, .join_timeout = timeout});
  }
  std::string AppData() { return Folder() + "/SIM-0001"; }
  ServiceDouble& service() { return fleet_->service(0); }

  Result Join(bool takeover = false, ServiceDriver* cli = nullptr, bool allow_cli = false) {
    DoubleControl control(service());
    v1::Command command = JoinCommand("c", "a", hub_->url(), takeover);
    command.mutable_join()->set_sealed_joining_secret(doubles::kJoinSecret);
    return JoinHandler({.api = *driver_,
                        .cli = cli,
                        .service_control = control,
                        .clock = *clock_,
                        .open_secret = PlainSecret,
                        // Virtual: lets the double's heartbeat come.
                        .wait =
                            [this](absl::Duration time) {
                              clock_->Advance(time);
                              return true;
                            }},
                       {.zone_pin = Pin(hub_->url(), allow_cli),
                        .lock_path = Folder() + "/join.lock",
                        .takeover_mark_path = Folder() + "/takeover",
                        .pending_join_path = Folder() + "/join"})
        .Run(command);
  }
  static void ExpectFailure(const Result& result, Result::Outcome outcome, FailureCode code) {
    EXPECT_EQ(result.outcome(), outcome) << result.ShortDebugString();
    EXPECT_EQ(result.failure().code(), TextOf(code)) << result.ShortDebugString();
    EXPECT_EQ(result.SerializeAsString().find(doubles::kJoinSecret), std::string::npos);
  }
  static FaultRule Rule(const std::string& path, FaultRule::Kind kind) {
    FaultRule rule;
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
  FailureCode SurveyCode() {
    const Survey survey = driver_->TakeSurvey();
    EXPECT_TRUE(survey.failure.has_value()) << survey.facts.ShortDebugString();
    return survey.failure.has_value() ? survey.failure->code : FailureCode::kJoinUnknownAnswer;
  }

  std::unique_ptr<ServiceTrust> trust_ = SystemServiceTrust({});
  http::TcpTransport transport_{ProvenLoopback(*trust_, HostsFile())};
  http::BeastClient http_{transport_};
  std::unique_ptr<HubDouble> hub_;
  std::unique_ptr<ServiceFleet> fleet_;
  std::unique_ptr<HttpServiceDriver> driver_;
};

TEST_F(ServiceDriverTest, SurveysAFreshService) {
  StartWorld();
  const Survey survey = driver_->TakeSurvey();
  ASSERT_FALSE(survey.failure.has_value()) << survey.failure->detail;
  EXPECT_EQ(survey.facts.presence(), ServiceFacts::PRESENCE_RUNNING);
  EXPECT_EQ(survey.facts.endpoint(), service().url());
  EXPECT_EQ(survey.facts.version(), "7.0.2.0");
  EXPECT_EQ(survey.facts.hub_instance_id(), "");
  EXPECT_FALSE(survey.facts.hub_connected());
  EXPECT_FALSE(survey.facts.internal_instance_id().empty());
  service().SetLevers([](auto& levers) { levers.quoted_version = true; });
  EXPECT_EQ(driver_->TakeSurvey().facts.version(), "7.0.2.0");
}

TEST_F(ServiceDriverTest, JoinsAndNeverChecksCredentials) {
  StartWorld();
  const Result result = Join();
  ASSERT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED) << result.ShortDebugString();
  EXPECT_EQ(result.join().effect(), v1::JoinResult::EFFECT_JOINED);
  EXPECT_TRUE(result.join().service().hub_connected());
  EXPECT_EQ(result.join().service().hub_instance_id(), service().State().hub_id);
  EXPECT_EQ(Join().join().effect(), v1::JoinResult::EFFECT_ALREADY_JOINED);
  EXPECT_EQ(service().Counters().joins, 1);
  EXPECT_EQ(service().Counters().checkcreds, 0);
  EXPECT_EQ(hub_->Counters().records_created, 1);
}

TEST_F(ServiceDriverTest, A2025ServiceNamesItsIdInItsFiles) {
  StartWorld(HubProfile::kHub2025, ServiceProfile::kService2025);
  const Result result = Join();
  ASSERT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED) << result.ShortDebugString();
  EXPECT_EQ(result.join().service().hub_instance_id(), service().State().hub_id);
}

TEST_F(ServiceDriverTest, RejoinsAServiceThatLostItsConnection) {
  StartWorld();
  service().PresetJoined({hub_->url(), "managedinstance_sp_01", doubles::kJoinSecret});
  Drive();
  const Result result = Join();
  EXPECT_EQ(result.join().effect(), v1::JoinResult::EFFECT_REJOINED) << result.ShortDebugString();
  EXPECT_EQ(hub_->Counters().register_calls, 0);
}

TEST_F(ServiceDriverTest, LeavesAnotherHubOnlyByTakeoverWithRestart) {
  StartWorld();
  const auto other = StartHub();
  ASSERT_TRUE(doubles::JsonBool(DoublesTest::Join(service(), other->url()), "isSuccess"));
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kJoinElsewhere);
  EXPECT_EQ(hub_->Counters().register_calls + hub_->Counters().joincheck_calls, 0);
  const Result taken = Join(/*takeover=*/true);
  EXPECT_EQ(taken.join().effect(), v1::JoinResult::EFFECT_TAKEN_OVER) << taken.ShortDebugString();
  EXPECT_EQ(service().Counters().restarts, 1);
  EXPECT_TRUE(taken.join().service().hub_connected());
  // hub/status is true while the service still connects (certify.md 1.4).
  EXPECT_TRUE(fleet_->Await([url = hub_->url()](ServiceFleet& fleet) {
    return fleet.service(0).state().connected_to == url;
  }));
}

TEST_F(ServiceDriverTest, ALostAnswerAfterTheJoinIsAClaimWithoutAGhost) {
  StartWorld();
  service().AddFault(Rule("hub/join", FaultRule::Kind::kLoseAnswer));
  const Result result = Join();
  EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED) << result.ShortDebugString();
  EXPECT_EQ(hub_->Counters().records_created, 1);
  EXPECT_EQ(service().Counters().joins, 1);
}

TEST_F(ServiceDriverTest, ALostAnswerBeforeAnythingWasStoredIsInDoubt) {
  StartWorld();
  service().SetLevers([](auto& levers) { levers.lose_answer_before_persist = 1; });
  ExpectFailure(Join(), Result::OUTCOME_IN_DOUBT, FailureCode::kJoinAnswerLost);
  EXPECT_EQ(service().Counters().joins, 1);
  EXPECT_EQ(hub_->Counters().records_created, 1);
}

TEST_F(ServiceDriverTest, AServiceThatNeverAnswersTheJoinIsInDoubt) {
  StartWorld();
  Drive(absl::Milliseconds(400));
  service().AddFault(Rule("hub/join", FaultRule::Kind::kHold));
  ExpectFailure(Join(), Result::OUTCOME_IN_DOUBT, FailureCode::kJoinAnswerLost);
  service().Release();
}

TEST_F(ServiceDriverTest, AHangingServiceIsToldFromAMissingOne) {
  StartWorld();
  Drive(absl::Milliseconds(300));
  service().AddFault(Rule("appversion", FaultRule::Kind::kHold));
  EXPECT_EQ(SurveyCode(), FailureCode::kServiceHung);
  service().Release();
}

TEST_F(ServiceDriverTest, FindsAMovedPortThroughTheConfiguration) {
  StartWorld();
  ASSERT_FALSE(driver_->TakeSurvey().failure.has_value());
  ASSERT_TRUE(service().MovePort().ok());
  const Survey survey = driver_->TakeSurvey();
  EXPECT_FALSE(survey.failure.has_value());
  EXPECT_EQ(survey.facts.endpoint(), service().url());
  ASSERT_TRUE(service().MovePort(/*stale_config=*/true).ok());
  EXPECT_EQ(SurveyCode(), FailureCode::kServiceUnreachable);
}

TEST_F(ServiceDriverTest, AStoppedServiceIsUnreachable) {
  StartWorld();
  service().StopService();
  const Survey survey = driver_->TakeSurvey();
  EXPECT_EQ(survey.failure->code, FailureCode::kServiceUnreachable);
  EXPECT_EQ(survey.facts.presence(), ServiceFacts::PRESENCE_UNREACHABLE);
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kServiceUnreachable);
}

TEST_F(ServiceDriverTest, BrokenAnswersHaveTheirCodes) {
  StartWorld();
  const std::vector<std::pair<std::string, FailureCode>> rows = {
      {"500-empty", FailureCode::kServiceError},
      {"500-owin", FailureCode::kServiceError},
      {"non-json", FailureCode::kServiceError},
      {"403", FailureCode::kServiceAccessDenied},
      {"401-negotiate", FailureCode::kServiceAccessDenied}};
  for (const auto& [canned, code] : rows) {
    for (const std::string path : {"appversion", "hub/status"}) {
      FaultRule rule = Answer(path, canned);
      rule.name = "rule";
      service().AddFault(std::move(rule));
      EXPECT_STREQ(TextOf(SurveyCode()), TextOf(code)) << canned << " " << path;
      service().RemoveFaults("rule");
    }
  }
}

TEST_F(ServiceDriverTest, BrokenJoinAnswersOfAFirstJoinAreDoubt) {
  StartWorld();
  for (const std::string canned : {"500-empty", "500-owin", "non-json"}) {
    FaultRule rule = Answer("hub/join", canned);
    rule.name = "rule";
    service().AddFault(std::move(rule));
    EXPECT_EQ(Join().outcome(), Result::OUTCOME_IN_DOUBT) << canned;
    service().RemoveFaults("rule");
  }
  service().AddFault(Answer("hub/join", "403"));
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kServiceAccessDenied);
}

TEST_F(ServiceDriverTest, ARefusedKeyIsNamedAndItsSecretIsNot) {
  StartWorld();
  hub_->DeleteKey("managedinstance_sp_01");
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kJoinKeyRefused);
  // The hub answers 401 without a body: the service prints the secret.
  hub_->AddFault(Answer("register", "401-empty"));
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kJoinKeyRefused);
}

TEST_F(ServiceDriverTest, TheHubsTroublesHaveTheirCodes) {
  StartWorld();
  const std::vector<std::pair<std::string, FailureCode>> rows = {
      {"429", FailureCode::kJoinRateLimited},
      {"500", FailureCode::kJoinHubError},
      {"502-html", FailureCode::kJoinHubError},
      {"401-role", FailureCode::kJoinKeyRefused},
      {"400-exists", FailureCode::kJoinHubRefused}};
  for (const auto& [canned, code] : rows) {
    FaultRule rule = Answer("/api/v1/hub/", canned);
    rule.name = "rule";
    hub_->AddFault(std::move(rule));
    const Result result = Join();
    EXPECT_EQ(result.failure().code(), TextOf(code)) << canned << result.ShortDebugString();
    hub_->RemoveFaults("rule");
  }
  hub_->StopListening();
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kJoinHubUnreachable);
}

TEST_F(ServiceDriverTest, AHubThatDoesNotLetItConnectIsClaimedAsNotConnected) {
  StartWorld();
  hub_->With([](auto& core) { core.levers.refuse_connect = true; });
  const Result result = Join();
  EXPECT_EQ(result.outcome(), Result::OUTCOME_SUCCEEDED) << result.ShortDebugString();
  EXPECT_FALSE(result.join().service().hub_connected());
}

TEST_F(ServiceDriverTest, PipeOnlyNeedsTheCommandLineAndThePermission) {
  doubles::FleetOptions options;
  options.service.windows = true;
  StartWorld(std::move(options));
  service().UsePipe();
  EXPECT_EQ(SurveyCode(), FailureCode::kServicePipeOnly);
  ExpectFailure(Join(), Result::OUTCOME_FAILED, FailureCode::kServicePipeOnly);
  DoubleRunner runner(AppData());
  CliServiceDriver cli(runner, *trust_, {.program = "/bin/sh", .app_data_folder = AppData()});
  ExpectFailure(Join(false, &cli), Result::OUTCOME_FAILED, FailureCode::kJoinCliForbidden);
  EXPECT_EQ(service().Counters().joins, 0);
}

TEST_F(ServiceDriverTest, TheCommandLineJoins) {
  StartWorld();
  DoubleRunner runner(AppData());
  CliServiceDriver cli(runner, *trust_, {.program = "/bin/sh", .app_data_folder = AppData()});
  const JoinAnswer refused =
      cli.Join({hub_->url(), "managedinstance_sp_01", Secret::CopyOf("wrong-secret-text")});
  EXPECT_EQ(refused.outcome, JoinAnswer::Outcome::kFailed);
  EXPECT_EQ(refused.failure->code, FailureCode::kJoinKeyRefused);
  const JoinAnswer joined =
      cli.Join({hub_->url(), "managedinstance_sp_01", Secret::CopyOf(doubles::kJoinSecret)});
  EXPECT_EQ(joined.outcome, JoinAnswer::Outcome::kSucceeded);
  EXPECT_EQ(cli.ReadIdentity()->hub_instance_id(), service().State().hub_id);
}

TEST_F(ServiceDriverTest, TheProbeReportsFactsAlsoOfAMissingService) {
  StartWorld();
  types::v1::MachineFacts machine;
  machine.set_machine_name("WEB-1");
  const Result found = ProbeHandler(*driver_, machine).Run(ProbeCommand("p"));
  EXPECT_EQ(found.outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(found.probe().machine().machine_name(), "WEB-1");
  EXPECT_EQ(found.probe().service().presence(), ServiceFacts::PRESENCE_RUNNING);
  EXPECT_EQ(service().Counters().joins + service().Counters().checkcreds, 0);
  service().StopService();
  const Result gone = ProbeHandler(*driver_, machine).Run(ProbeCommand("p"));
  EXPECT_EQ(gone.outcome(), Result::OUTCOME_SUCCEEDED);
  EXPECT_EQ(gone.failure().code(), "E-SERVICE-UNREACHABLE");
  ASSERT_EQ(gone.probe().service().problems_size(), 1);
  EXPECT_EQ(gone.probe().service().problems(0).code(), "E-SERVICE-UNREACHABLE");
}

TEST_F(ServiceDriverTest, TheProbeSaysWhatItCouldNotRead) {
  StartWorld();
  for (const char* text : {"{", "[]", R"({"Port":"none"})"}) {
    std::ofstream(AppData() + "/serviceconfig.json") << text;
    const Result result = ProbeHandler(*driver_, {}).Run(ProbeCommand("p"));
    ASSERT_EQ(result.probe().service().problems_size(), 1) << text;
    EXPECT_EQ(result.probe().service().problems(0).code(), "E-SERVICE-CONFIG") << text;
    EXPECT_NE(result.probe().service().problems(0).detail(), "") << text;
  }
}

class ServiceFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() + "/" + name) << text;
  }
  std::unique_ptr<ServiceTrust> trust_ = SystemServiceTrust({});
  TempDir folder_;
};

TEST_F(ServiceFilesTest, NamesInAnyCaseAndTheIdentityFileFirst) {
  Write("serviceconfig.json",
        "\xEF\xBB\xBF{\"HOST\":\"10.0.0.1\",\"port\":\"9797\",\"transport\":\"NamedPipe\","
        "\"managementserverhubapi\":\"HTTPS://Hub.Example:443/\",\"hubassignedinstanceid\":\"B\"}");
  Write("hubinstance.identity.json", R"({"HubAssignedInstanceId":"ABC"})");
  const auto files = ReadServiceFiles(*trust_, folder_.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(files->endpoints, testing::ElementsAre("http://10.0.0.1:9797"));
  EXPECT_TRUE(files->named_pipe);
  EXPECT_EQ(files->hub_url, "https://hub.example");
  EXPECT_EQ(files->hub_instance_id, "abc");
}

TEST_F(ServiceFilesTest, DefaultsWithoutFiles) {
  const auto files = ReadServiceFiles(*trust_, folder_.path());
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->endpoints.front(), "http://127.0.0.2:9696");
}

TEST_F(ServiceFilesTest, WithoutTheFolderThereIsNoService) {
  EXPECT_EQ(FailureCodeOf(ReadServiceFiles(*trust_, folder_.path() + "/none").status()),
            FailureCode::kServiceMissing);
}

TEST_F(ServiceFilesTest, NonsenseIsAnErrorAndNotADefault) {
  for (const char* text :
       {"{", "[]", "", R"({"host":"a","port":0})", R"({"host":"a","port":70000})",
        R"({"host":"a b/c","port":1})", R"({"host":"a","port":"x"})"}) {
    Write("serviceconfig.json", text);
    EXPECT_EQ(FailureCodeOf(ReadServiceFiles(*trust_, folder_.path()).status()),
              FailureCode::kServiceConfigBad)
        << text;
  }
}

}  // namespace
}  // namespace muster::worker
