// What happens around joins: heartbeats, restarts, second hubs, clones, stranded agents, faults,
// many services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/doubles/doubles_fixture.h"

namespace muster::doubles {
namespace {

class ServiceLifeTest : public DoublesTest {
 protected:
  // Runs a heartbeat of all and waits until the hub has had `beats` in all.
  void Beat(HubDouble& hub, int64_t beats) {
    clock_->Advance(absl::Seconds(30));
    ASSERT_TRUE(hub.Await([beats](HubCore& core) { return core.counters.heartbeats >= beats; }));
  }
};

TEST_F(ServiceLifeTest, HeartbeatsRenewAndSilenceDisconnects) {
  const auto hub = StartHub();
  auto fleet = StartFleet(1);
  Join(fleet->service(0), hub->url());
  Beat(*hub, 1);
  EXPECT_EQ(JsonText(List(*hub)[0], "dateLastReported"), "2026-07-18T09:00:30.0000000+00:00");
  fleet.reset();
  clock_->Advance(absl::Seconds(91));
  EXPECT_EQ(JsonText(List(*hub)[0], "connectionStatus"), "disconnected");
}

TEST_F(ServiceLifeTest, RemovedRecordComesBackWithTheNextHeartbeat) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  Join(fleet->service(0), hub->url());
  const std::string id = fleet->service(0).State().hub_id;
  client_.Send("DELETE", hub->url() + "/internal/v1/hub/instances/" + id, nullptr, Root());
  EXPECT_EQ(List(*hub).size(), 0u);
  Beat(*hub, 1);
  ASSERT_EQ(List(*hub).size(), 1u);
  EXPECT_EQ(JsonText(List(*hub)[0], "id"), id);
}

TEST_F(ServiceLifeTest, SecondHubStaysDisconnectedUntilTheServiceRestarts) {
  const auto a = StartHub();
  const auto b = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  Join(service, a->url());
  const std::string id = service.State().hub_id;
  EXPECT_TRUE(JsonBool(Join(service, b->url()), "isSuccess"));
  EXPECT_TRUE(StatusSaysConnected(service)) << "to the first hub";
  EXPECT_EQ(service.State().connected_to, a->url());
  ASSERT_EQ(List(*b).size(), 1u);
  EXPECT_EQ(JsonText(List(*b)[0], "id"), id) << "the same guid is adopted";
  EXPECT_EQ(JsonText(List(*b)[0], "connectionStatus"), "disconnected");
  service.Restart();
  EXPECT_FALSE(StatusSaysConnected(service));
  clock_->Advance(absl::Seconds(2));
  ASSERT_TRUE(b->Await([](HubCore& core) { return core.counters.connects == 1; }));
  EXPECT_EQ(JsonText(List(*b)[0], "connectionStatus"), "connected");
  ASSERT_TRUE(a->Await(
      [id](HubCore& core) { return core.instances.ConnectionOf(id, core.Now()) == nullptr; }));
}

TEST_F(ServiceLifeTest, ClonesShareOneRecordAndTheLastWins) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(2);
  Join(fleet->service(0), hub->url());
  fleet->service(1).CloneFrom(fleet->service(0));
  fleet->service(1).Restart();
  clock_->Advance(absl::Seconds(2));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.connects == 2; }));
  ASSERT_EQ(List(*hub).size(), 1u);
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "SIM-0002");
  EXPECT_TRUE(StatusSaysConnected(fleet->service(0))) << "the loser does not know";
  Beat(*hub, 2);
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "SIM-0002");
  EXPECT_TRUE(StatusSaysConnected(fleet->service(0)));
}

TEST_F(ServiceLifeTest, DeletedKeyStrandsAtTheNextReconnectNotAtOnce) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  Join(fleet->service(0), hub->url());
  hub->DeleteKey(hub->client_id());
  Beat(*hub, 1);
  EXPECT_TRUE(StatusSaysConnected(fleet->service(0)));
  hub->Restart();
  clock_->Advance(absl::Seconds(30));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.refused_401 > 0; }));
  ASSERT_TRUE(
      fleet->Await([](ServiceFleet& all) { return !all.service(0).state().last_error.empty(); }));
  EXPECT_FALSE(StatusSaysConnected(fleet->service(0)));
}

TEST_F(ServiceLifeTest, HubRestartMakesAllReconnect) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(20);
  for (int i = 0; i < fleet->size(); ++i) Join(fleet->service(i), hub->url());
  hub->Restart();
  clock_->Advance(absl::Seconds(30));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.connects == 40; }));
  EXPECT_EQ(hub->Counters().joincheck_calls, 40);
}

TEST_F(ServiceLifeTest, RejoinHandsOutTheCurrentKeyAndANewSecret) {
  const auto hub = StartHub(HubProfile::kHub2026s);
  const auto fleet = StartFleet(1, ServiceProfile::kService2026s);
  ServiceDouble& service = fleet->service(0);
  Join(service, hub->url());
  const std::string secret = service.State().request_auth_secret;
  hub->With([](HubCore& core) { core.access.tokens.front().tokens.front().secret = "rotated"; });
  const Json ordered =
      BodyOf(client_.Post(hub->url() + "/internal/v1/hub/instances/rejoin", nullptr, Root()));
  EXPECT_TRUE(JsonBool(ordered, "isSuccess"));
  clock_->Advance(absl::Seconds(30));
  ASSERT_TRUE(fleet->Await([&](ServiceFleet& all) {
    const ServiceState& state = all.service(0).state();
    return state.key.secret == "rotated" && !state.connection_id.empty();
  }));
  EXPECT_NE(service.State().request_auth_secret, secret);
}

TEST_F(ServiceLifeTest, Agent2026KeepsItsIdAgainstAHubThatGivesNewOnes) {
  const auto first = StartHub();
  const auto old = StartHub(HubProfile::kHub2025);
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  Join(service, first->url());
  const std::string id = service.State().hub_id;
  EXPECT_TRUE(JsonBool(Join(service, old->url()), "isSuccess"));
  EXPECT_EQ(service.State().hub_id, id);
  EXPECT_EQ(old->Counters().register_calls, 1) << "joincheck did not know the id";
}

TEST_F(ServiceLifeTest, PersistFailureForgetsTheIdAtRestart) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  service.SetLevers([](ServiceLevers& levers) { levers.persist_failure = true; });
  EXPECT_TRUE(JsonBool(Join(service, hub->url()), "isSuccess"));
  EXPECT_FALSE(std::filesystem::exists(Folder() + "/SIM-0001/hubinstance.identity.json"));
  service.Restart();
  EXPECT_EQ(service.State().hub_id, "");
}

TEST_F(ServiceLifeTest, RestartInMidJoinBreaksTheJoin) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  FaultRule hold;
  hold.path = "register";
  hold.kind = FaultRule::Kind::kHoldAnswer;
  hub->AddFault(hold);
  auto pending = client_.Start(JoinRequest(service, hub->url()));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.faults.held() == 1; }));
  service.Restart();
  EXPECT_EQ(pending.get().kind, ClientResult::Kind::kNetwork);
  hub->Release();
  EXPECT_EQ(service.State().hub_id, "");
  EXPECT_EQ(hub->Counters().records_created, 1) << "a ghost";
  EXPECT_TRUE(JsonBool(Join(service, hub->url()), "isSuccess")) << "it is back";
}

TEST_F(ServiceLifeTest, AutoJoinByEnvironment) {
  const auto hub = StartHub();
  FleetOptions options;
  options.service.auto_join = HubKeyAt{hub->url(), hub->client_id(), kJoinSecret};
  FaultRule rule;
  rule.path = "register";
  rule.answer = *CannedResponse("503-html");
  hub->AddFault(rule);
  const auto fleet = StartFleet(1, std::move(options));
  clock_->Advance(absl::Seconds(2));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.faults.applied() == 1; }));
  ASSERT_TRUE(fleet->Await([](ServiceFleet&) { return true; }));
  clock_->Advance(absl::Seconds(28));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.connects == 1; }));
}

TEST_F(ServiceLifeTest, ServicesCanBeGoneMovedPipedHungOrBroken) {
  const auto fleet = StartFleet(1);
  ServiceDouble& service = fleet->service(0);
  const auto status = [&] { return client_.Get(service.url() + "/api/system/hub/status"); };
  const std::string old_url = service.url();
  service.StopService();
  EXPECT_EQ(status().kind, ClientResult::Kind::kRefused);
  ASSERT_TRUE(service.StartService().ok());
  EXPECT_EQ(status().response.status, 200);
  ASSERT_TRUE(service.MovePort().ok());
  EXPECT_NE(service.url(), old_url);
  EXPECT_EQ(status().response.status, 200);

  for (const auto& [canned, code] : {std::pair("401-negotiate", 401),
                                     {"403", 403},
                                     {"500-empty", 500},
                                     {"500-owin", 500},
                                     {"non-json", 200},
                                     {"success-null", 200}}) {
    FaultRule rule;
    rule.path = "hub/status";
    rule.answer = *CannedResponse(canned);
    service.AddFault(rule);
    EXPECT_EQ(status().response.status, code) << canned;
  }
  FaultRule hang;
  hang.path = "hub/status";
  hang.kind = FaultRule::Kind::kDelay;
  hang.delay = absl::Seconds(300);
  service.AddFault(hang);
  ClientRequest request;
  request.url = service.url() + "/api/system/hub/status";
  auto pending = client_.Start(request);
  ASSERT_TRUE(fleet->Await([](ServiceFleet& all) { return all.service(0).faults_applied() == 7; }));
  clock_->Advance(absl::Seconds(300));
  EXPECT_EQ(pending.get().response.status, 200);

  service.UsePipe();
  EXPECT_EQ(status().kind, ClientResult::Kind::kRefused);
  std::ifstream file(Folder() + "/SIM-0001/serviceconfig.json");
  std::stringstream config;
  config << file.rdbuf();
  EXPECT_THAT(config.str(), testing::HasSubstr("\"namedpipe\""));
}

TEST_F(ServiceLifeTest, AlreadyJoinedServicesCanBePlanted) {
  const auto hub = StartHub();
  const auto fleet = StartFleet(1);
  fleet->service(0).PresetJoined({hub->url(), hub->client_id(), kJoinSecret});
  clock_->Advance(absl::Seconds(30));
  ASSERT_TRUE(hub->Await([](HubCore& core) { return core.counters.connects == 1; }));
  EXPECT_EQ(JsonText(List(*hub)[0], "id"), fleet->service(0).State().hub_id);
  EXPECT_EQ(hub->Counters().register_calls, 0);
}

TEST_F(ServiceLifeTest, ControlRouteReachesOneOrAll) {
  FleetOptions options;
  options.control = ListenOptions{};
  const auto fleet = StartFleet(3, std::move(options));
  const std::string control = fleet->control_url() + "/_control/";
  EXPECT_EQ(client_.Post(control + "stop", Json{{"server", "NOBODY"}}).response.status, 404);
  EXPECT_EQ(client_.Post(control + "stop", Json{{"server", "SIM-0002"}}).response.status, 200);
  EXPECT_EQ(client_.Get(fleet->service(1).url() + "/alive").kind, ClientResult::Kind::kRefused);
  EXPECT_EQ(client_.Get(fleet->service(0).url() + "/alive").response.body, "Healthy");
  client_.Post(control + "faults", Json{{"path", "alive"}, {"status", 503}});
  EXPECT_EQ(client_.Get(fleet->service(2).url() + "/alive").response.status, 503);
  EXPECT_EQ(JsonNumber(BodyOf(client_.Get(control + "stats")), "count"), 3);
  // The same levers on the service's own listener.
  EXPECT_EQ(
      client_.Post(fleet->service(0).url() + "/_control/levers", Json{{"quotedVersion", true}})
          .response.status,
      200);
  ASSERT_TRUE(fleet->Await([](ServiceFleet&) { return true; }));
  EXPECT_EQ(client_.Get(fleet->service(0).url() + "/api/system/appversion").response.body,
            "\"7.0.2.0\"");
}

TEST_F(ServiceLifeTest, HundredsJoinAtOnceOnOneThread) {
  HubOptions hub_options;
  hub_options.join_limit = 0;
  const auto hub = StartHub(std::move(hub_options));
  const auto fleet = StartFleet(300);
  FaultRule slow;
  slow.path = "register";
  slow.server = "SIM-0001";
  slow.kind = FaultRule::Kind::kHold;
  hub->AddFault(slow);
  std::vector<std::future<ClientResult>> joins;
  for (int i = 0; i < fleet->size(); ++i) {
    joins.push_back(client_.Start(JoinRequest(fleet->service(i), hub->url())));
  }
  for (size_t i = 1; i < joins.size(); ++i) {
    EXPECT_TRUE(JsonBool(BodyOf(joins[i].get()), "isSuccess"));
  }
  EXPECT_EQ(fleet->ConnectedCount(), 299) << "a slow join holds up no other";
  hub->Release();
  EXPECT_TRUE(JsonBool(BodyOf(joins[0].get()), "isSuccess"));
  EXPECT_EQ(hub->Counters().records_created, 300);
  EXPECT_EQ(fleet->MaxJoinsInFlight(), 1);
  Beat(*hub, 300);
}

}  // namespace
}  // namespace muster::doubles
