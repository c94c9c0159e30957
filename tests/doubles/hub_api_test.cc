// The operators' side of the hub double: lists, login, keys, roles, tags, levers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/doubles/doubles_fixture.h"
#include "tests/doubles/http/signing.h"
#include "tests/doubles/http/test_certificate.h"

namespace muster::doubles {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class HubApiTest : public DoublesTest {
 protected:
  Json Login(HubDouble& hub, const std::string& password = "changeme!") {
    return BodyOf(client_.Post(hub.url() + "/api/v1/auth/login",
                               Json{{"username", "admin"}, {"password", password}}));
  }
  static Fields Bearer(const Json& login) {
    return {{"Authorization", "Bearer " + JsonText(login, "accessToken")}};
  }
  int ListStatus(HubDouble& hub, const Fields& headers) {
    return client_.Get(hub.url() + "/internal/v1/hub/instances", headers).response.status;
  }
  Json PostAccess(HubDouble& hub, const std::string& path, const Json& body) {
    return BodyOf(client_.Post(hub.url() + "/internal/v1/access/" + path, body, Root()));
  }
};

TEST_F(HubApiTest, ListIsSortedIndentedWholeAndHoldsTheHubItself) {
  const auto hub = StartHub();
  for (const char* title : {"zeta", "Alpha", "nobody"}) {
    PlantedRecord record;
    record.title = title;
    record.pending = false;
    hub->Plant(record);
  }
  const ClientResult result = client_.Get(hub->url() + "/internal/v1/hub/instances", Viewer());
  EXPECT_THAT(result.response.body, HasSubstr("[\n  {\n    \"instanceId\": "));
  std::vector<std::string> titles;
  for (const Json& item : BodyOf(result)) titles.push_back(JsonText(item, "displayTitle"));
  EXPECT_THAT(titles, ElementsAre("Alpha", "muster-hub", "nobody", "zeta"));
  const Json item = List(*hub)[0];
  EXPECT_EQ(JsonText(item, "dateLastReported"), "2026-07-18T09:00:00.0000000+00:00");
  EXPECT_TRUE(item.contains("customTitle")) << "nulls are written";
  EXPECT_TRUE(item["customTitle"].is_null());
}

TEST_F(HubApiTest, SingleRecordIsStoredNotLive) {
  const auto hub = StartHub();
  PlantedRecord record;
  record.title = "WEB-1";
  record.connected = true;
  const std::string id = hub->Plant(record);
  EXPECT_EQ(JsonText(List(*hub)[0], "connectionStatus"), "connected");
  const std::string url = hub->url() + "/internal/v1/hub/instances/";
  EXPECT_EQ(JsonText(BodyOf(client_.Get(url + id, Viewer())), "connectionStatus"), "disconnected");
  EXPECT_EQ(client_.Get(url + NewGuid(), Viewer()).response.status, 404);
}

TEST_F(HubApiTest, UpdateBlanksWhatABodyLeavesOut) {
  const auto hub = StartHub();
  PlantedRecord record;
  record.title = "WEB-1";
  record.pending = false;
  const std::string id = hub->Plant(record);
  const std::string url = hub->url() + "/internal/v1/hub/instances/" + id;
  EXPECT_EQ(client_.Send("PUT", url, Json{{"id", id}}, Viewer()).response.status, 401);
  EXPECT_EQ(JsonText(BodyOf(client_.Send("PUT", url, Json{{"id", NewGuid()}}, Root())), "message"),
            "Item Id mismatch. Cannot update.");
  const Json put = Json{{"id", id}, {"customTitle", "Web one"}};
  EXPECT_EQ(JsonText(BodyOf(client_.Send("PUT", url, put, Root())), "message"), "Updated");
  EXPECT_EQ(JsonText(List(*hub)[0], "displayTitle"), "Web one");
  EXPECT_EQ(JsonText(List(*hub)[0], "os", "?"), "");
}

TEST_F(HubApiTest, DeleteAnswersWithWords) {
  const auto hub = StartHub();
  const std::string url = hub->url() + "/internal/v1/hub/instances/" + hub->Plant({});
  EXPECT_EQ(JsonText(BodyOf(client_.Send("DELETE", url, nullptr, Root())), "message"), "Deleted");
  const Json again = BodyOf(client_.Send("DELETE", url, nullptr, Root()));
  EXPECT_EQ(JsonText(again, "message"), "Not found");
  EXPECT_FALSE(JsonBool(again, "isSuccess", true));
}

TEST_F(HubApiTest, LoginRefreshAndStatus) {
  const auto hub = StartHub();
  EXPECT_EQ(JsonText(Login(*hub, "wrong"), "detail"), "Invalid username or password");
  const Json login = Login(*hub);
  EXPECT_TRUE(JsonBool(login, "isSuccess"));
  EXPECT_EQ(JsonNumber(login["securityPrincipal"], "principalType"), 1);
  EXPECT_EQ(ListStatus(*hub, Bearer(login)), 200);
  EXPECT_EQ(client_.Get(hub->url() + "/api/v1/auth/status", Bearer(login)).response.status, 200);
  EXPECT_EQ(client_.Get(hub->url() + "/api/v1/auth/status").response.status, 401);

  const std::string refresh = hub->url() + "/api/v1/auth/refresh?refreshToken=" +
                              PercentEncode(JsonText(login, "refreshToken"));
  const Json renewed = BodyOf(client_.Post(refresh, nullptr));
  EXPECT_EQ(ListStatus(*hub, Bearer(renewed)), 200);
  const ClientResult twice = client_.Post(refresh, nullptr);
  EXPECT_EQ(twice.response.status, 401) << "single use";
  EXPECT_EQ(twice.response.body, "");

  hub->Restart();
  const std::string after_restart = hub->url() + "/api/v1/auth/refresh?refreshToken=" +
                                    PercentEncode(JsonText(renewed, "refreshToken"));
  EXPECT_EQ(client_.Post(after_restart, nullptr).response.status, 401);
  EXPECT_EQ(ListStatus(*hub, Bearer(renewed)), 200) << "access tokens outlive a restart";
  clock_->Advance(absl::Minutes(20));
  EXPECT_EQ(ListStatus(*hub, Bearer(renewed)), 401);
  hub->With([](HubCore& core) { core.levers.password_login_disabled = true; });
  EXPECT_THAT(JsonText(Login(*hub), "detail"), HasSubstr("sign in is disabled"));
}

TEST_F(HubApiTest, LoginAndRefreshHaveLimitsOfTheirOwn) {
  HubOptions options;
  options.auth_limit = 1;
  const auto hub = StartHub(std::move(options));
  Login(*hub);
  EXPECT_EQ(JsonNumber(Login(*hub), "status"), 429);
}

TEST_F(HubApiTest, TokensCanBeCalledInWhileTheyRun) {
  const auto hub = StartHub();
  const Json login = Login(*hub);
  hub->With([](HubCore& core) { core.ExpireJwts(); });
  EXPECT_EQ(ListStatus(*hub, Bearer(login)), 401);
  EXPECT_EQ(ListStatus(*hub, Bearer(Login(*hub))), 200);
}

TEST_F(HubApiTest, Profile2025TakesBearersOnlyAndListsTheConnectedOnly) {
  const auto hub = StartHub(HubProfile::kHub2025);
  const ClientResult bare = client_.Get(hub->url() + "/internal/v1/hub/instances", Viewer());
  EXPECT_EQ(bare.response.status, 401);
  EXPECT_EQ(bare.response.body, "");
  EXPECT_EQ(client_.Get(hub->url() + "/api/v1/hub/instances", Viewer()).response.status, 404);
  hub->Plant({});
  PlantedRecord connected;
  connected.connected = true;
  hub->Plant(connected);
  const Json login = Login(*hub);
  EXPECT_FALSE(login.contains("isSuccess"));
  const Json list = BodyOf(client_.Get(hub->url() + "/internal/v1/hub/instances", Bearer(login)));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_FALSE(list[0].contains("isPendingConnection"));
}

TEST_F(HubApiTest, PublicListHasNoConnectionStatus) {
  const auto hub = StartHub();
  hub->Populate(3, "WEB-");
  const Json list = BodyOf(client_.Get(hub->url() + "/api/v1/hub/instances", Viewer()));
  ASSERT_EQ(list.size(), 4u);
  EXPECT_FALSE(list[1].contains("connectionStatus"));
  EXPECT_FALSE(list[1].contains("internalInstanceId"));
}

TEST_F(HubApiTest, InfoVersionAndHealthNeedNoKey) {
  const auto hub = StartHub();
  const Json info = BodyOf(client_.Get(hub->url() + "/internal/v1/hub/info"));
  EXPECT_EQ(JsonText(info, "instanceId"), hub->instance_id());
  EXPECT_EQ(JsonText(BodyOf(client_.Get(hub->url() + "/api/v1/system/version")), "product"),
            "Certify Management Hub");
  hub->With([](HubCore& core) { core.levers.data_store_down = true; });
  const ClientResult health = client_.Get(hub->url() + "/api/v1/system/health");
  EXPECT_EQ(health.response.status, 200);
  EXPECT_EQ(JsonText(BodyOf(health), "status"), "Degraded");
  EXPECT_FALSE(JsonBool(BodyOf(health), "isDataStoreAvailable", true));
  EXPECT_EQ(ListStatus(*hub, Viewer()), 500);
}

TEST_F(HubApiTest, AJoiningKeyIsMadeAsTheContractTells) {
  const auto hub = StartHub();
  const std::string principal = NewGuid(), role = NewGuid(), token = NewGuid();
  EXPECT_EQ(JsonText(PostAccess(*hub, "securityprincipal",
                                Json{{"id", principal}, {"title", "Wave 7"}, {"principalType", 2}}),
                     "message"),
            "Added");
  EXPECT_EQ(JsonText(PostAccess(*hub, "securityprincipal", Json{{"id", principal}}), "message"),
            "Failed to add");
  PostAccess(*hub, "securityprincipal/roles/update",
             Json{{"securityPrincipalId", principal},
                  {"addedAssignedRoles",
                   Json::array({Json{{"id", role}, {"roleId", "managedinstance_role"}}})}});
  const Json added = PostAccess(
      *hub, "assignedtoken",
      Json{
          {"id", token},
          {"title", "Wave 7 key"},
          {"securityPrincipalId", principal},
          {"scopedAssignedRoles", Json::array({role})},
          {"accessTokens", Json::array({Json{{"clientId", "wave7"}, {"secret", "placeholder"}}})}});
  EXPECT_EQ(JsonText(added, "message"), "Added");
  EXPECT_TRUE(JsonField(added, "result").is_null()) << "no secret in the answer";

  const std::string tokens_url = hub->url() + "/internal/v1/access/assignedtoken";
  std::string secret;
  for (const Json& item : BodyOf(client_.Get(tokens_url, Root()))) {
    if (JsonText(item, "id") == token) secret = JsonText(item["accessTokens"][0], "secret");
  }
  EXPECT_TRUE(IsGuid(secret)) << "the server makes the secret";
  EXPECT_EQ(Register(*hub, Token("wave7", secret)).response.status, 200);

  const Json deleted = BodyOf(client_.Send("DELETE", tokens_url + "?id=" + token, nullptr, Root()));
  EXPECT_TRUE(JsonBool(deleted, "isSuccess"));
  EXPECT_EQ(JsonText(deleted, "message"), "Added") << "the upstream slip";
  EXPECT_EQ(Register(*hub, Token("wave7", secret)).response.status, 401);
}

TEST_F(HubApiTest, StoreWantsAnAdministratorBeyondTheAction) {
  const auto hub = StartHub();
  hub->With([](HubCore& core) {
    core.access.roles["helper"] = {
        "helper", "helper", "", {"accesstoken_list_action", "securityprincipal_add_action"}};
    core.access.AddKey("helper", "helper-secret", "helper", core.Now());
  });
  const Fields helper = Token("helper", "helper-secret");
  const std::string access = hub->url() + "/internal/v1/access/";
  const ClientResult list = client_.Get(access + "assignedtoken", helper);
  EXPECT_EQ(list.response.status, 204);
  EXPECT_EQ(list.response.body, "");
  const ClientResult add = client_.Post(access + "securityprincipal", Json{{"title", "x"}}, helper);
  EXPECT_EQ(add.response.status, 200);
  EXPECT_FALSE(JsonBool(BodyOf(add), "isSuccess", true));
  EXPECT_EQ(client_.Get(access + "assignedtoken", Viewer()).response.status, 401);
}

TEST_F(HubApiTest, TagsFilterTheListAndNarrowScopedCallers) {
  const auto hub = StartHub(HubProfile::kHub2026s);
  PlantedRecord record;
  record.title = "PROD-1";
  const std::string id = hub->Plant(record);
  hub->Plant({});
  const Json bulk =
      Json{{"itemIds", Json::array({id})},
           {"itemType", "ManagedInstance"},
           {"addTags", Json::array({Json{{"categoryKey", "Environment"}, {"value", "prod"}}})}};
  EXPECT_TRUE(JsonBool(
      BodyOf(client_.Post(hub->url() + "/internal/v1/tag/items/bulk", bulk, Root())), "isSuccess"));
  const std::string list = hub->url() + "/internal/v1/hub/instances";
  EXPECT_EQ(BodyOf(client_.Get(list + "?tagScopes=environment%3DPROD", Viewer())).size(), 1u);
  hub->With([](HubCore& core) {
    core.access.AddKey("scoped", "s", "hub_viewer_role", core.Now(), {"environment=prod"});
  });
  EXPECT_EQ(BodyOf(client_.Get(list, Token("scoped", "s"))).size(), 1u);
  EXPECT_EQ(BodyOf(client_.Get(list, Viewer())).size(), 3u);
}

TEST_F(HubApiTest, ListsCanLagFlapFreezeAndCarryStrangeFields) {
  const auto hub = StartHub();
  hub->With([](HubCore& core) { core.levers.list_lag = absl::Seconds(60); });
  hub->Plant({});
  EXPECT_EQ(List(*hub).size(), 0u);
  clock_->Advance(absl::Seconds(60));
  ASSERT_EQ(List(*hub).size(), 1u);
  const std::string id = JsonText(List(*hub)[0], "id");
  hub->With([&](HubCore& core) { core.levers.flapping.insert(id); });
  EXPECT_NE(JsonText(List(*hub)[0], "connectionStatus"),
            JsonText(List(*hub)[0], "connectionStatus"));
  hub->With([](HubCore& core) {
    core.levers.extra_fields = true;
    core.levers.omit_fields = {"os", "connectionStatus"};
  });
  const Json item = List(*hub)[0];
  EXPECT_TRUE(item.contains("futureField"));
  EXPECT_FALSE(item.contains("os"));
  EXPECT_FALSE(item.contains("connectionStatus"));
}

TEST_F(HubApiTest, ProxiesAnswerHtmlTruncateAndRedirect) {
  const auto hub = StartHub();
  FaultRule rule;
  rule.path = "/internal/";
  rule.answer = *CannedResponse("502-html");
  hub->AddFault(rule);
  EXPECT_THAT(client_.Get(hub->url() + "/internal/v1/hub/info").response.body, HasSubstr("<html>"));
  rule.kind = FaultRule::Kind::kTruncate;
  hub->AddFault(rule);
  EXPECT_EQ(client_.Get(hub->url() + "/internal/v1/hub/info").kind, ClientResult::Kind::kNetwork);
  rule.kind = FaultRule::Kind::kAnswer;
  rule.answer = *CannedResponse("redirect-https");
  hub->AddFault(rule);
  EXPECT_THAT(client_.Get(hub->url() + "/internal/v1/hub/info").response.Header("Location"),
              MatchesRegex("https://.*"));
}

TEST_F(HubApiTest, ControlRouteMovesLeversAndTellsCounts) {
  const auto hub = StartHub();
  const std::string control = hub->url() + "/_control/";
  EXPECT_EQ(client_.Post(control + "levers", Json{{"noSuchLever", true}}).response.status, 400);
  EXPECT_EQ(client_.Post(control + "levers", Json{{"healthDegraded", true}}).response.status, 200);
  EXPECT_EQ(JsonText(BodyOf(client_.Get(hub->url() + "/api/v1/system/health")), "status"),
            "Degraded");
  client_.Post(control + "records", Json{{"populate", 1000}, {"prefix", "BIG-"}});
  EXPECT_EQ(JsonNumber(BodyOf(client_.Get(control + "stats")), "connected"), 1001);
  client_.Post(control + "faults", Json{{"path", "register"}, {"canned", "503-html"}});
  EXPECT_EQ(Register(*hub, Joining()).response.status, 503);
  EXPECT_EQ(client_.Post(control + "faults", Json{{"canned", "none such"}}).response.status, 400);
}

TEST_F(HubApiTest, ServesTlsAndUntrustedOrExpiredCertificatesAreRefused) {
  const auto serve = [&](absl::StatusOr<TestCertificate> certificate) {
    HubOptions options;
    options.listen.tls_certificate_pem = certificate->certificate_pem;
    options.listen.tls_key_pem = certificate->key_pem;
    return StartHub(std::move(options));
  };
  const auto kind = [](HubDouble& hub, HttpClientOptions options) {
    BlockingClient client(std::move(options));
    return client.Get(hub.url() + "/internal/v1/hub/info").kind;
  };
  const absl::StatusOr<TestCertificate> good = MakeTestCertificate("127.0.0.1");
  const auto hub = serve(good);
  EXPECT_EQ(kind(*hub, {}), ClientResult::Kind::kAnswer) << "agents trust all by default";
  HttpClientOptions strict;
  strict.require_trusted = true;
  EXPECT_EQ(kind(*hub, strict), ClientResult::Kind::kNetwork);
  strict.ca_pem = good->certificate_pem;
  EXPECT_EQ(kind(*hub, strict), ClientResult::Kind::kAnswer);

  const absl::Time now = absl::Now();
  const auto expired =
      MakeTestCertificate("127.0.0.1", now - absl::Hours(48), now - absl::Hours(24));
  strict.ca_pem = expired->certificate_pem;
  EXPECT_EQ(kind(*serve(expired), strict), ClientResult::Kind::kNetwork);
  const auto wrong_name = MakeTestCertificate("hub.example.net");
  strict.ca_pem = wrong_name->certificate_pem;
  EXPECT_EQ(kind(*serve(wrong_name), strict), ClientResult::Kind::kNetwork);
}

}  // namespace
}  // namespace muster::doubles
