// What a hub lists, and with which credentials (hub_client_contract.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"
#include "tests/contract/hub_client_contract.h"

namespace muster::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

INSTANTIATE_TEST_SUITE_P(Profiles, HubClientContract,
                         ::testing::Values(HubProfile::kHub2025, HubProfile::kHub2026,
                                           HubProfile::kHub2026s),
                         [](const auto& row) {
                           return std::string(doubles::HubProfileName(row.param));
                         });

// ---- lists ----

TEST_P(HubClientContract, ListsInstancesWithoutTheHubsOwn) {
  HubDouble& hub = StartHub({.utc_offset_minutes = 120});
  const std::string id = hub.Plant({.id = "3F0C9A52-6D0E-4A0B-9A57-0D5F6A1B2C3D",
                                    .title = "web-1",
                                    .internal_instance_id = "own-guid",
                                    .connected = true});
  const std::string ghost = hub.Plant({});
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_EQ(list.route, Route::kInternal);
  // A list of connected instances only proves nobody's absence.
  EXPECT_EQ(list.whole, !Is2025());
  EXPECT_EQ(IdsOf(list),
            Is2025() ? std::set<std::string>({id}) : std::set<std::string>({id, ghost}));
  for (const core::HubInstance& instance : list.instances) {
    if (instance.id.value() != id) {
      EXPECT_EQ(instance.connected, false);
      EXPECT_EQ(instance.pending, true);
      EXPECT_EQ(instance.title, "");
      continue;
    }
    EXPECT_EQ(instance.internal_instance_id, "own-guid");
    EXPECT_EQ(instance.title, "web-1");
    EXPECT_EQ(instance.os, "Linux");
    EXPECT_EQ(instance.client_name, "Certify Management Agent");
    EXPECT_EQ(instance.client_version, "7.0.2.0");
    EXPECT_EQ(instance.connected, true);
    EXPECT_EQ(instance.pending, Is2025() ? std::nullopt : std::make_optional(false));
    EXPECT_EQ(instance.reported_time, hub.clock()->Now());
    EXPECT_EQ(instance.registered_time, hub.clock()->Now());
  }
  EXPECT_EQ(client_->facts().instance_id, hub.instance_id());
  EXPECT_EQ(client_->facts().version, "7.0.2.0");
}

TEST_P(HubClientContract, ReadsThousandsOfInstances) {
  StartHub().Populate(MUSTER_TEST_INSTANCES, "web");
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_EQ(list.instances.size(), size_t{MUSTER_TEST_INSTANCES});
  EXPECT_EQ(IdsOf(list).size(), size_t{MUSTER_TEST_INSTANCES});
}

TEST_P(HubClientContract, IgnoresFieldsNobodyKnows) {
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) { core.levers.extra_fields = true; });
  const core::HubList list = ListOf(Read(Client()));
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].title, "web-1");
}

TEST_P(HubClientContract, LivesWithoutOptionalFields) {
  const std::string id = StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) {
    core.levers.omit_fields = {"id",    "connectionStatus", "dateLastReported",
                               "title", "clientName",       "clientVersion",
                               "os",    "dateRegistered"};
  });
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_THAT(IdsOf(list), UnorderedElementsAre(id));
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].connected, std::nullopt);
  EXPECT_EQ(list.instances[0].reported_time, std::nullopt);
  EXPECT_EQ(list.instances[0].title, "web-1");  // From displayTitle.
}

TEST_P(HubClientContract, RecordsWithoutIdMakeTheListPartial) {
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) { core.levers.omit_fields = {"id", "instanceId"}; });
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_THAT(list.instances, IsEmpty());
  EXPECT_FALSE(list.whole);
}

TEST_P(HubClientContract, AnEmptyListIsNeverWhole) {
  StartHub();
  BendCanned("empty-list");
  const core::HubList list = ListOf(Read(Client()));
  EXPECT_THAT(list.instances, IsEmpty());
  EXPECT_FALSE(list.whole);
}

TEST_P(HubClientContract, SeesALaggingRecordWhenTheHubListsIt) {
  HubDouble& hub = StartHub();
  hub.With([](HubCore& core) { core.levers.list_lag = absl::Seconds(60); });
  const std::string id = hub.Plant({.title = "web-1", .connected = true});
  HttpHubClient& client = Client();
  EXPECT_THAT(ListOf(Read(client)).instances, IsEmpty());
  hub.clock()->Advance(absl::Seconds(61));
  EXPECT_THAT(IdsOf(ListOf(Read(client))), UnorderedElementsAre(id));
}

TEST_P(HubClientContract, ATagScopedVerifierGetsAPartialList) {
  if (GetParam() != HubProfile::kHub2026s) GTEST_SKIP() << "only the newest hub narrows lists";
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) {
    core.access.AddKey("scoped", "canary-scoped", "hub_viewer_role", core.Now(),
                       {"environment=prod"});
  });
  const core::HubList list = ListOf(Read(Client(With::kToken, {.hub_url = hub_->url()})));
  EXPECT_TRUE(list.whole);
  auto scoped = HttpHubClient::Create(
      {.hub_url = hub_->url(), .api_token = NamedSecret{"scoped", Secret::CopyOf("canary-scoped")}},
      http_, *hub_->clock());
  ASSERT_TRUE(scoped.ok());
  EXPECT_FALSE(ListOf(Read(**scoped)).whole);
}

TEST_P(HubClientContract, FallsBackToThePublicRoute) {
  StartHub().Plant({.title = "web-1", .connected = true});
  BendCanned("404", -1);
  HttpHubClient& client = Client();
  if (Is2025()) {
    EXPECT_EQ(FailureOf(Read(client)).failure.code, FailureCode::kHubBadAnswer);
    return;
  }
  const core::HubList list = ListOf(Read(client));
  EXPECT_EQ(list.route, Route::kPublic);
  EXPECT_TRUE(list.whole);
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].title, "web-1");
  EXPECT_EQ(list.instances[0].connected, std::nullopt);
  EXPECT_TRUE(list.instances[0].reported_time.has_value());
}

// ---- credentials ----

TEST_P(HubClientContract, FallsBackFromTheApiTokenToTheLogin) {
  StartHub().Plant({.connected = true});
  if (!Is2025()) hub_->DeleteKey("verifier");
  HttpHubClient& client = Client(With::kBoth);
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u);
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u);
  EXPECT_EQ(hub_->Counters().logins, 1);
  EXPECT_EQ(hub_->Counters().refused_401, 1);
}

TEST_P(HubClientContract, ExplainsARefusedApiToken) {
  StartHub();
  if (!Is2025()) hub_->DeleteKey("verifier");
  const HubFailure failed = FailureOf(Read(Client(With::kToken)));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("401"));
  EXPECT_THAT(failed.failure.detail, HasSubstr("a hub before 2026"));
}

TEST_P(HubClientContract, ExplainsATokenWithoutTheRole) {
  StartHub({.keys = {{"wrong-role", "canary-wrong-role", "managedinstance_role"}}});
  auto client = HttpHubClient::Create(
      {.hub_url = hub_->url(),
       .api_token = NamedSecret{"wrong-role", Secret::CopyOf("canary-wrong-role")}},
      http_, *hub_->clock());
  ASSERT_TRUE(client.ok());
  const HubFailure failed = FailureOf(Read(**client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  if (!Is2025()) {
    EXPECT_THAT(failed.failure.detail, HasSubstr("managementhub_instances_list_action"));
  }
}

TEST_P(HubClientContract, ExplainsARefusedLogin) {
  StartHub();
  auto client = HttpHubClient::Create(
      {.hub_url = hub_->url(), .login = NamedSecret{"admin", Secret::CopyOf("canary-wrong")}},
      http_, *hub_->clock());
  ASSERT_TRUE(client.ok());
  const HubFailure failed = FailureOf(Read(**client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("Login Failed: Invalid username or password"));
}

TEST_P(HubClientContract, RenewsAnAccessTokenThatExpired) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client(With::kLogin);
  ListOf(Read(client));
  hub.clock()->Advance(absl::Minutes(21));
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u);
  hub.clock()->Advance(absl::Minutes(21));
  EXPECT_EQ(ListOf(Read(client)).instances.size(),
            1u);  // The refresh token was replaced, too.
  EXPECT_EQ(hub.Counters().logins, 1);
  EXPECT_EQ(hub.Counters().refreshes, 2);
}

TEST_P(HubClientContract, RenewsAnAccessTokenThatDiesInMidPoll) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client(With::kLogin);
  // The first list request waits at the hub while its token is called in.
  Bend({.name = "list", .kind = FaultRule::Kind::kHold});
  HubReadOutcome outcome;
  std::thread reader([&] { outcome = Read(client); });
  EXPECT_TRUE(hub.Await([](HubCore& core) { return core.faults.held() == 1; }));
  hub.With([](HubCore& core) { core.ExpireJwts(); });
  hub.Release("list");
  reader.join();
  EXPECT_EQ(ListOf(std::move(outcome)).instances.size(), 1u);
  EXPECT_EQ(hub.Counters().refreshes, 1);
}

TEST_P(HubClientContract, LogsInAgainAfterTheHubsRestart) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client(With::kLogin);
  ListOf(Read(client));
  hub.Restart();
  hub.With([](HubCore& core) { core.ExpireJwts(); });
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u);
  EXPECT_EQ(hub.Counters().refreshes, 1);  // Refused: refresh tokens lived in the old process.
  EXPECT_EQ(hub.Counters().logins, 2);
}

TEST_P(HubClientContract, HonoursALimitOnLogins) {
  if (Is2025()) GTEST_SKIP() << "hubs of 2025 have no limits";
  HubDouble& hub = StartHub({.auth_limit = 1});
  HttpHubClient& client = Client(With::kLogin);
  ListOf(Read(client));
  hub.With([](HubCore& core) {
    core.refresh_tokens.clear();
    core.ExpireJwts();
  });
  const HubFailure failed = FailureOf(Read(client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  ASSERT_TRUE(failed.retry_after.has_value());
  hub.clock()->Advance(*failed.retry_after);
  ListOf(Read(client));
}

}  // namespace
}  // namespace muster::hub
