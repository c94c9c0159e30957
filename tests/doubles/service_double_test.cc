// The local API and the join of the service double, against a real hub double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/doubles/doubles_fixture.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/service/certify_cli.h"

namespace muster::doubles {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ServiceDoubleTest : public DoublesTest {
 protected:
  Json ReadFile(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return ParseJson(text.str()).value_or(Json(nullptr));
  }
  static FaultRule Rule(const std::string& path, FaultRule::Kind kind) {
    FaultRule rule;
    rule.path = path;
    rule.kind = kind;
    return rule;
  }
  static FaultRule Answer(const std::string& path, const std::string& canned) {
    FaultRule rule = Rule(path, FaultRule::Kind::kAnswer);
    rule.answer = *CannedResponse(canned);
    return rule;
  }
  Json StatusOf(const std::string& url) { return BodyOf(client_.Get(url)); }
};

TEST_F(ServiceDoubleTest, JoinRegistersChecksConnectsAndIsListed) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  const Json answer = Join(service, hub->url() + "/");
  EXPECT_EQ(JsonText(answer, "message"), "Connected to Management Hub.");
  const std::string id = JsonText(answer["result"], "hubAssignedInstanceId");
  EXPECT_FALSE(JsonText(answer["result"], "requestAuthSecret").empty());
  const HubCounters counters = hub->Counters();
  EXPECT_EQ(counters.register_calls, 1);
  EXPECT_EQ(counters.joincheck_calls, 1);
  const Json list = List(*hub);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(JsonText(list[0], "id"), id);
  EXPECT_EQ(JsonText(list[0], "title"), "SIM-0001");
  EXPECT_EQ(JsonText(list[0], "connectionStatus"), "connected");
  EXPECT_EQ(JsonText(list[0], "internalInstanceId"),
            JsonText(StatusOf(service.url() + "/api/preferences"), "instanceId"));
  EXPECT_TRUE(StatusSaysConnected(service));

  const std::string folder = Folder() + "/SIM-0001";
  EXPECT_EQ(JsonText(ReadFile(folder + "/hubinstance.identity.json"), "HubAssignedInstanceId"), id);
  const Json config = ReadFile(folder + "/serviceconfig.json");
  EXPECT_EQ(JsonText(config, "HubAssignedInstanceId"), id);
  EXPECT_EQ(JsonText(config, "ManagementServerHubAPI"), hub->url());
  EXPECT_EQ(absl::StrCat("http://", JsonText(config, "host"), ":", JsonNumber(config, "port")),
            service.url());

  const Json again = Join(service, hub->url());
  EXPECT_EQ(JsonText(again, "message"),
            "Connected to Management Hub. Re-join successful: instance already known to hub.");
  EXPECT_EQ(hub->Counters().records_created, 1);
}

TEST_F(ServiceDoubleTest, ShortTokensCostFourCalls) {
  HubOptions options;
  options.joining_token_lifetime = absl::Minutes(5);
  const auto hub = StartHub(std::move(options));
  const auto fleet = StartFleet(1);
  Join(fleet->service(0), hub->url());
  EXPECT_TRUE(fleet->service(0).connected());
  EXPECT_EQ(hub->Counters().register_calls + hub->Counters().joincheck_calls, 4);
}

TEST_F(ServiceDoubleTest, SimpleRoutesAnswerAsTheContractSays) {
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  const std::string api = service.url() + "/api/";
  EXPECT_EQ(client_.Get(api + "system/appversion").response.body, "7.0.2.0");
  EXPECT_EQ(client_.Get(api + "system/appversion", {{"Accept", "application/json"}}).response.body,
            "\"7.0.2.0\"");
  const ClientResult info = client_.Get(api + "system/hub/info");
  EXPECT_EQ(info.response.status, 204);
  EXPECT_EQ(info.response.body, "");
  EXPECT_EQ(JsonText(StatusOf(api + "system/hub/status"), "message"),
            "Not connected to Management Hub.");
  EXPECT_EQ(StatusOf(api + "credentials").size(), 0u);
  EXPECT_EQ(client_.Post(api + "system/hub/join", Json{{"url", nullptr}}).response.status, 400);
  EXPECT_EQ(JsonText(BodyOf(client_.Post(api + "system/hub/join", Json::object())), "message")
                .substr(0, 36),
            "Could not connect to Management Hub.");
}

TEST_F(ServiceDoubleTest, FailureMessagesAreWordForWord) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  const std::string endpoint = hub->url() + "/api/v1/hub/register";
  const auto message = [&](const std::string& secret = kJoinSecret) {
    return JsonText(Join(service, hub->url(), secret), "message");
  };
  EXPECT_EQ(message("wrong"), "Could not connect to Management Hub. Unauthorized - ");
  hub->AddFault(Answer("register", "401-role"));
  EXPECT_EQ(message(),
            "Could not connect to Management Hub. Unauthorized - Not authorized to perform "
            "managementhub_instance_join_action");
  hub->AddFault(Answer("register", "401-empty"));
  EXPECT_EQ(message(), absl::StrCat("Could not connect to Management Hub (Unauthorized).  - Check "
                                    "credentials ",
                                    endpoint, " managedinstance_sp_01 ", kJoinSecret, " ."));
  for (const char* canned : {"502-html", "429-empty", "non-json", "500-empty"}) {
    hub->AddFault(Answer("register", canned));
    EXPECT_EQ(message(), "Could not connect to Management Hub. Check URL.") << canned;
  }
  hub->AddFault(Answer("register", "429"));
  EXPECT_EQ(message(), "Could not connect to Management Hub. Too Many Requests - ");
  hub->StopListening();
  EXPECT_EQ(
      message(),
      "Could not connect to Management Hub. Connection refused (port may not be open or service "
      "not running). " +
          endpoint);
  ASSERT_TRUE(hub->Listen().ok());
  EXPECT_THAT(JsonText(Join(service, "no url"), "message"),
              StartsWith("Could not connect to Management Hub. System.UriFormatException"));
  EXPECT_EQ(hub->Counters().records_created, 0);
}

TEST_F(ServiceDoubleTest, TimeoutHasItsOwnMessage) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  hub->AddFault(Rule("register", FaultRule::Kind::kHold));
  auto pending = client_.Start(JoinRequest(fleet->service(0), hub->url()));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.faults.held() == 1; }));
  clock_->Advance(absl::Seconds(100));
  EXPECT_EQ(JsonText(BodyOf(pending.get()), "message"),
            absl::StrCat("Could not connect to Management Hub. Timeout trying to connect to hub, "
                         "service may unavailable. ",
                         hub->url(), "/api/v1/hub/register"));
}

TEST_F(ServiceDoubleTest, SuccessDoesNotMeanConnected) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  hub->AddFault(Answer("joincheck", "429"));
  EXPECT_TRUE(JsonBool(Join(service, hub->url()), "isSuccess"));
  EXPECT_FALSE(StatusSaysConnected(service));
  EXPECT_TRUE(JsonBool(List(*hub)[0], "isPendingConnection"));
  // The heartbeat tries again.
  clock_->Advance(absl::Seconds(30));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.connects == 1; }));
  EXPECT_EQ(JsonText(List(*hub)[0], "connectionStatus"), "connected");
}

TEST_F(ServiceDoubleTest, CheckcredsBeforeJoinLeavesAGhost) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  EXPECT_TRUE(JsonBool(Join(service, hub->url(), kJoinSecret, "checkcreds"), "isSuccess"));
  EXPECT_EQ(service.State().hub_id, "");
  EXPECT_TRUE(JsonBool(Join(service, hub->url()), "isSuccess"));
  const Json list = List(*hub);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(JsonText(list[0], "title", "?"), "") << "the ghost";
  EXPECT_EQ(service.Counters().checkcreds, 1);
}

TEST_F(ServiceDoubleTest, TwoJoinsAtOnceMakeTwoRecordsAndTheFirstIdStays) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  FaultRule hold = Rule("register", FaultRule::Kind::kHold);
  hold.times = 2;
  hub->AddFault(hold);
  auto first = client_.Start(JoinRequest(service, hub->url()));
  auto second = client_.Start(JoinRequest(service, hub->url()));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.faults.held() == 2; }));
  EXPECT_EQ(service.Counters().joins_in_flight, 2);
  hub->Release();
  const std::string id1 = JsonText(BodyOf(first.get())["result"], "hubAssignedInstanceId");
  const std::string id2 = JsonText(BodyOf(second.get())["result"], "hubAssignedInstanceId");
  EXPECT_NE(id1, id2);
  EXPECT_EQ(hub->Counters().records_created, 2);
  EXPECT_EQ(service.Counters().max_joins_in_flight, 2);
  EXPECT_EQ(service.Counters().joins_in_flight, 0);
  EXPECT_EQ(
      JsonText(ReadFile(Folder() + "/SIM-0001/hubinstance.identity.json"), "HubAssignedInstanceId"),
      service.State().hub_id);
}

TEST_F(ServiceDoubleTest, LostAnswersLeaveRecords) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(2);
  // Lost between service and caller, after all was stored: a look at the identity file settles it.
  ServiceDouble& stored = fleet->service(0);
  stored.AddFault(Rule("hub/join", FaultRule::Kind::kLoseAnswer));
  EXPECT_EQ(client_.Call(JoinRequest(stored, hub->url())).kind, ClientResult::Kind::kNetwork);
  EXPECT_TRUE(stored.connected());
  EXPECT_EQ(hub->Counters().records_created, 1);
  // Lost before it was stored: a blind retry makes a second record.
  ServiceDouble& forgotten = fleet->service(1);
  forgotten.SetLevers([](ServiceLevers& levers) { levers.lose_answer_before_persist = 1; });
  EXPECT_EQ(client_.Call(JoinRequest(forgotten, hub->url())).kind, ClientResult::Kind::kNetwork);
  EXPECT_EQ(forgotten.State().hub_id, "");
  Join(forgotten, hub->url());
  EXPECT_EQ(hub->Counters().records_created, 3);
}

TEST_F(ServiceDoubleTest, HubLosesTheAnswerOfRegister) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  hub->AddFault(Rule("register", FaultRule::Kind::kLoseAnswer));
  EXPECT_THAT(JsonText(Join(fleet->service(0), hub->url()), "message"),
              StartsWith("Could not connect to Management Hub. Network error: "));
  EXPECT_EQ(hub->Counters().records_created, 1);
  EXPECT_EQ(fleet->service(0).State().hub_id, "");
}

TEST_F(ServiceDoubleTest, Service2025AnswersWithoutResultAndBreaksOnABadRejoin) {
  const auto hub = StartHub(HubProfile::kHub2025);
  const auto fleet = StartFleet(1, ServiceProfile::kService2025);
  ServiceDouble& service = fleet->service(0);
  const Json answer = Join(service, hub->url());
  EXPECT_TRUE(JsonBool(answer, "isSuccess"));
  EXPECT_TRUE(JsonField(answer, "result").is_null());
  const ClientResult bad = client_.Call(JoinRequest(service, hub->url(), "wrong"));
  EXPECT_EQ(bad.response.status, 500);
  EXPECT_EQ(bad.response.body, "");
  FleetOptions options;
  options.names = {"FRESH-1"};
  options.service.profile = ServiceProfile::kService2025;
  const auto fresh = StartFleet(1, std::move(options));
  EXPECT_THAT(JsonText(Join(fresh->service(0), hub->url(), "wrong"), "message"),
              testing::AllOf(HasSubstr(" wrong "), HasSubstr("StatusCode: 401")));
}

TEST_F(ServiceDoubleTest, Service2026sSignsAndAnUnsignedAgentNeverConnects) {
  const auto hub = StartHub(HubProfile::kHub2026s);
  const auto signing = StartFleet(1, ServiceProfile::kService2026s);
  EXPECT_TRUE(JsonBool(Join(signing->service(0), hub->url()), "isSuccess"));
  EXPECT_TRUE(signing->service(0).connected());
  const auto silent = StartFleet(1, ServiceProfile::kService2026);
  // Its folder holds the other's identity: an own one is wanted.
  EXPECT_FALSE(JsonBool(Join(silent->service(0), hub->url()), "isSuccess"));
  FleetOptions options;
  options.names = {"OLD-1"};
  const auto old = StartFleet(1, std::move(options));
  EXPECT_TRUE(JsonBool(Join(old->service(0), hub->url()), "isSuccess"));
  EXPECT_FALSE(StatusSaysConnected(old->service(0)));
}

TEST_F(ServiceDoubleTest, WindowsAsksToNegotiate) {
  FleetOptions options;
  options.service.windows = true;
  const auto fleet = StartFleet(1, std::move(options));
  const std::string api = fleet->service(0).url() + "/api/";
  EXPECT_EQ(client_.Get(api + "system/appversion").response.status, 200);
  const ClientResult challenge = client_.Get(api + "system/hub/status");
  EXPECT_EQ(challenge.response.status, 401);
  EXPECT_EQ(challenge.response.Header("WWW-Authenticate"), "Negotiate");
  EXPECT_EQ(
      client_.Get(api + "preferences", {{"Authorization", "Negotiate dXNlcg=="}}).response.status,
      403);
  EXPECT_EQ(
      client_.Get(api + "preferences", {{"Authorization", "Negotiate YWRtaW4="}}).response.status,
      200);
}

TEST_F(ServiceDoubleTest, CertifyCommandLineTellsOnlyByItsText) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  const std::string folder = Folder() + "/SIM-0001";
  const auto run = [&](const std::vector<std::string>& args, int& exit_code) {
    std::ostringstream out;
    exit_code = RunCertify(args, folder, out);
    return out.str();
  };
  int code = 7;
  EXPECT_THAT(run({"hub", "join", hub->url(), "managedinstance_sp_01", "wrong"}, code),
              EndsWith("Could not connect to Management Hub. Unauthorized - \n"));
  EXPECT_EQ(code, 0) << "also for a refused join";
  const std::string joined =
      run({"hub", "join", hub->url(), "managedinstance_sp_01", kJoinSecret}, code);
  EXPECT_THAT(joined, StartsWith("Certify Certificate Manager - CLI Certify.Core v"));
  EXPECT_THAT(joined, EndsWith("Joined Hub OK\n"));
  EXPECT_EQ(code, 0);
  EXPECT_THAT(run({"hub", "join", hub->url()}, code), EndsWith("Not enough arguments\n"));
  fleet->service(0).StopService();
  EXPECT_THAT(run({"hub", "join", hub->url(), "a", "b"}, code),
              EndsWith("Certify Certificate Manager service not started.\n"));
  EXPECT_EQ(code, -1);
}

}  // namespace
}  // namespace muster::doubles
