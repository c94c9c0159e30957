// register, joincheck, signatures, limits and connections of the hub double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/doubles/doubles_fixture.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

using testing::HasSubstr;

constexpr char kGuid[] = "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d";

class HubJoinTest : public DoublesTest {};

TEST_F(HubJoinTest, SignatureMatchesTheVectorOfTheContract) {
  const std::string hash = RequestAuthSecretHash("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  EXPECT_EQ(hash, "LPXm7Dh0YbS/lU9YetTZV3U/y8SL+JK15JmWuQzztHY=");
  const std::string payload =
      SignaturePayload(kGuid, "2026-07-18T09:00:00.0000000+00:00", "get",
                       "/api/v1/hub/joincheck?register=false&reissueRequestAuthSecret=false", "");
  EXPECT_EQ(
      payload,
      "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d|2026-07-18T09:00:00.0000000+00:00|GET|/api/v1/hub/"
      "joincheck?register=false&reissueRequestAuthSecret=false|47DEQpj8HBSa+/"
      "TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  EXPECT_EQ(SignatureOf(hash, payload), "tfhs0Ly6H3kWrNelnGpvPCBj2J9cfu7/r3FfNrO1IFo=");
}

TEST_F(HubJoinTest, RegisterMakesAnEmptyPendingRecord) {
  const auto hub = StartHub();
  const Json info = BodyOf(Register(*hub, Joining()));
  EXPECT_TRUE(IsGuid(JsonText(info, "hubAssignedInstanceId")));
  EXPECT_EQ(JsonText(info, "message"), "Joining OK. New instance registration created.");
  EXPECT_EQ(JsonText(info, "hubEndpoint"), "api/internal/managementhub");
  EXPECT_FALSE(JsonText(info, "requestAuthSecret").empty());
  EXPECT_FALSE(JsonBool(info, "isKnownInstance", true));
  const Json list = List(*hub);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(JsonText(list[0], "title", "?"), "");
  EXPECT_EQ(JsonText(list[0], "connectionStatus"), "disconnected");
  EXPECT_TRUE(JsonBool(list[0], "isPendingConnection"));
  // The trap: a key of the instance stands in the list.
  EXPECT_EQ(JsonText(list[0], "requestAuthSecretHash"),
            RequestAuthSecretHash(JsonText(info, "requestAuthSecret")));
}

TEST_F(HubJoinTest, JoincheckFollowsTheDecisionTable) {
  const auto hub = StartHub();
  ClientResult result = Joincheck(*hub, Joining());
  EXPECT_EQ(result.response.status, 401);
  EXPECT_EQ(JsonText(BodyOf(result), "detail"),
            "X-Certify-HubAssignedId HTTP header missing in request");

  result = Joincheck(*hub, Joining("not-a-guid"));
  EXPECT_EQ(result.response.status, 401);
  EXPECT_EQ(JsonText(BodyOf(result), "type"),
            "https://api.certifytheweb.com/problemtype/hub-unknown-instance-id");

  // A presented guid is adopted, under the trace name.
  Json info = BodyOf(Joincheck(*hub, Joining(kGuid)));
  EXPECT_EQ(JsonText(info, "hubAssignedInstanceId"), kGuid);
  EXPECT_FALSE(JsonBool(info, "isKnownInstance", true));
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "WEB-1");

  info = BodyOf(Joincheck(*hub, Joining(kGuid)));
  EXPECT_TRUE(JsonBool(info, "isKnownInstance"));
  EXPECT_TRUE(JsonField(info, "requestAuthSecret").is_null());
  EXPECT_EQ(JsonText(info, "message"), "Joining OK. Existing instance registration reused.");

  info = BodyOf(Joincheck(*hub, Joining(kGuid), "?register=false&reissueRequestAuthSecret=true"));
  EXPECT_FALSE(JsonText(info, "requestAuthSecret").empty());
  EXPECT_EQ(hub->Counters().records_created, 1);
}

TEST_F(HubJoinTest, RoutesIgnoreCaseAndTrailingSlash) {
  const auto hub = StartHub();
  EXPECT_EQ(client_.Get(hub->url() + "/API/V1/Hub/Register/", Joining()).response.status, 200);
}

TEST_F(HubJoinTest, RefusesWith401NeverWith403) {
  const auto hub = StartHub();
  for (const Fields& headers : {Fields{}, Token("managedinstance_sp_01", "wrong")}) {
    const ClientResult result = Register(*hub, headers);
    EXPECT_EQ(result.response.status, 401);
    EXPECT_EQ(JsonText(BodyOf(result), "title"), "Unauthorized");
    EXPECT_TRUE(JsonField(BodyOf(result), "detail").is_null());
  }
  const ClientResult wrong_role = Register(*hub, Viewer());
  EXPECT_EQ(wrong_role.response.status, 401);
  EXPECT_EQ(JsonText(BodyOf(wrong_role), "detail"),
            "Not authorized to perform managementhub_instance_join_action");
  EXPECT_EQ(Register(*hub, Root()).response.status, 401) << "administrators may not join";
  hub->With([](HubCore& core) { core.levers.legacy_auth_detail = true; });
  EXPECT_EQ(JsonText(BodyOf(Register(*hub, Token("x", "y"))), "detail"),
            "Access token unknown, expired or revoked.");
}

TEST_F(HubJoinTest, TokensDieByExpiryAndByStaleScope) {
  const auto hub = StartHub();
  hub->With([](HubCore& core) {
    core.access.tokens.front().tokens.front().expiry = core.Now() + absl::Minutes(1);
  });
  EXPECT_EQ(Register(*hub, Joining()).response.status, 200);
  clock_->Advance(absl::Minutes(1));
  EXPECT_EQ(Register(*hub, Joining()).response.status, 401);
  hub->With([](HubCore& core) {
    core.access.tokens.front().tokens.front().expiry.reset();
    core.access.tokens.front().scoped_assigned_roles = {"an assignment that is gone"};
  });
  EXPECT_EQ(Register(*hub, Joining()).response.status, 401);
}

TEST_F(HubJoinTest, LimitsJoinsPerSourceInFixedWindows) {
  HubOptions options;
  options.join_limit = 3;
  const auto hub = StartHub(std::move(options));
  const auto call = [&](const std::string& source) {
    Fields headers = Joining();
    headers.emplace_back("X-Sim-Source", source);
    return Register(*hub, headers);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(call("nat-1").response.status, 200);
  clock_->Advance(absl::Seconds(43));
  const ClientResult refused = call("nat-1");
  EXPECT_EQ(refused.response.status, 429);
  EXPECT_EQ(refused.response.Header("Retry-After"), "17");
  EXPECT_EQ(call("nat-2").response.status, 200) << "another address has a window of its own";
  clock_->Advance(absl::Seconds(17));
  EXPECT_EQ(call("nat-1").response.status, 200);
  hub->With([](HubCore& core) {
    core.levers.rate_limit_retry_after = false;
    core.levers.rate_limit_body = false;
  });
  call("nat-1");
  call("nat-1");
  const ClientResult bare = call("nat-1");
  EXPECT_EQ(bare.response.status, 429);
  EXPECT_EQ(bare.response.Header("Retry-After"), "");
  EXPECT_EQ(bare.response.body, "");
  hub->With([](HubCore& core) { core.levers.rate_limits = false; });
  EXPECT_EQ(call("nat-1").response.status, 200);
  EXPECT_EQ(hub->Counters().refused_429, 2);
}

TEST_F(HubJoinTest, RefusedAuthTakesAPermit) {
  HubOptions options;
  options.join_limit = 1;
  const auto hub = StartHub(std::move(options));
  EXPECT_EQ(Register(*hub, Token("x", "y")).response.status, 401);
  EXPECT_EQ(Register(*hub, Joining()).response.status, 429);
}

TEST_F(HubJoinTest, Profile2025GivesNewIdsAndKnowsNoLimits) {
  HubOptions options;
  options.profile = HubProfile::kHub2025;
  options.join_limit = 1;
  const auto hub = StartHub(std::move(options));
  const Json info = BodyOf(Register(*hub, Joining(kGuid)));
  EXPECT_NE(JsonText(info, "hubAssignedInstanceId"), kGuid);
  EXPECT_FALSE(info.contains("requestAuthSecret"));
  const ClientResult unknown = Joincheck(*hub, Joining(kGuid));
  EXPECT_EQ(unknown.response.status, 401);
  EXPECT_THAT(JsonText(BodyOf(unknown), "type"), HasSubstr("/hub-unknown-instance-id"));
  EXPECT_EQ(Register(*hub, Token("x", "y")).response.body, "") << "a bare 401";
}

TEST_F(HubJoinTest, SignedProfileWantsASignatureOnceASecretIsThere) {
  const auto hub = StartHub(HubProfile::kHub2026s);
  const Json info = BodyOf(Register(*hub, Joining()));
  const std::string id = JsonText(info, "hubAssignedInstanceId");
  const std::string hash = RequestAuthSecretHash(JsonText(info, "requestAuthSecret"));

  const ClientResult unsigned_call =
      Joincheck(*hub, Joining(id), "?register=false&reissueRequestAuthSecret=true");
  EXPECT_EQ(unsigned_call.response.status, 401);
  EXPECT_THAT(JsonText(BodyOf(unsigned_call), "type"),
              HasSubstr("/hub-joincheck-signature-required"));

  const auto signed_call = [&](absl::Duration off, const std::string& key) {
    Fields headers = Joining(id);
    const std::string time = IsoTime(clock_->Now() + off);
    headers.emplace_back("X-Certify-Timestamp", time);
    headers.emplace_back(
        "X-Certify-Signature",
        SignatureOf(key, SignaturePayload(id, time, "GET", "/api/v1/hub/joincheck/", "")));
    return Joincheck(*hub, headers);
  };
  EXPECT_EQ(signed_call(absl::ZeroDuration(), hash).response.status, 200);
  EXPECT_EQ(JsonText(BodyOf(signed_call(absl::Minutes(6), hash)), "detail"),
            "X-Certify-Timestamp is outside the allowed clock skew window.");
  EXPECT_EQ(JsonText(BodyOf(signed_call(absl::ZeroDuration(), "AAAA")), "detail"),
            "Managed instance request signature is invalid.");

  hub->With([](HubCore& core) { core.levers.allow_unsigned_joincheck = true; });
  const Json legacy = BodyOf(Joincheck(*hub, Joining(id), "?reissueRequestAuthSecret=true"));
  EXPECT_TRUE(JsonField(legacy, "requestAuthSecret").is_null()) << "the legacy flag never reissues";
}

TEST_F(HubJoinTest, ConnectWantsAJoiningTokenAndTheLastOneWins) {
  const auto hub = StartHub(HubProfile::kHub2026s);
  const Json info = BodyOf(Register(*hub, Joining()));
  const std::string id = JsonText(info, "hubAssignedInstanceId");
  const Fields bearer = {{"Authorization", "Bearer " + JsonText(info, "joiningToken")}};
  const auto connect = [&](const Fields& headers, const std::string& title,
                           const std::string& reported) {
    return client_.Post(hub->url() + "/_control/connect",
                        Json{{"instanceId", reported}, {"title", title}, {"os", "Linux"}}, headers);
  };
  EXPECT_EQ(connect({}, "WEB-1", id).response.status, 401);
  EXPECT_EQ(connect(bearer, "WEB-1", kGuid).response.status, 409) << "another id is aborted";
  const std::string first = JsonText(BodyOf(connect(bearer, "WEB-1", id)), "connectionId");
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "WEB-1");
  EXPECT_EQ(JsonText(List(*hub)[0], "connectionStatus"), "connected");
  connect(bearer, "CLONE", id);
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "CLONE");
  // The loser's heartbeats are ignored, not refused.
  const Json beat = BodyOf(client_.Post(hub->url() + "/_control/heartbeat",
                                        Json{{"connections", Json::array({first})}}));
  EXPECT_TRUE(JsonField(beat, "gone").empty());
  EXPECT_EQ(JsonText(List(*hub)[0], "title"), "CLONE");
}

TEST_F(HubJoinTest, ExpiredJoiningTokenDoesNotConnect) {
  const auto hub = StartHub();
  const Json info = BodyOf(Register(*hub, Joining()));
  clock_->Advance(absl::Minutes(61));
  const ClientResult result =
      client_.Post(hub->url() + "/_control/connect", Json::object(),
                   {{"Authorization", "Bearer " + JsonText(info, "joiningToken")}});
  EXPECT_EQ(result.response.status, 401);
  EXPECT_EQ(hub->Counters().connects_refused, 1);
}

TEST_F(HubJoinTest, RulesBendSingleCalls) {
  const auto hub = StartHub();
  FaultRule rule;
  rule.path = "register";
  rule.server = "WEB-*";
  rule.answer = *CannedResponse("429");
  hub->AddFault(rule);
  EXPECT_EQ(Register(*hub, Joining("", "DB-1")).response.status, 200);
  EXPECT_EQ(Register(*hub, Joining("", "WEB-1")).response.status, 429);
  EXPECT_EQ(Register(*hub, Joining("", "WEB-1")).response.status, 200) << "used up";
  rule.kind = FaultRule::Kind::kLoseAnswer;
  hub->AddFault(rule);
  EXPECT_EQ(Register(*hub, Joining()).kind, ClientResult::Kind::kNetwork);
  EXPECT_EQ(hub->Counters().records_created, 3) << "the record of the lost answer is there";
}

}  // namespace
}  // namespace muster::doubles
