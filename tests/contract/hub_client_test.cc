// The hub client against every profile of the hub double, over real HTTP (hub-contract.md 4, 6, 8).
//
//   profile    verifier        why
//   hub2025    login           internal routes take a JWT only
//   hub2026    API token       and login, where a test is about tokens
//   hub2026s   API token
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "base/blocking_pool.h"
#include "base/http/curl_client.h"
#include "base/log.h"
#include "base/random.h"
#include "orchestrator/hub/http_hub_client.h"
#include "orchestrator/hub/pooled_hub_reader.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "tests/doubles/http/test_certificate.h"
#include "tests/doubles/hub/hub_double.h"

namespace muster::hub {
namespace {

using doubles::CannedResponse;
using doubles::FaultRule;
using doubles::HubCore;
using doubles::HubDouble;
using doubles::HubOptions;
using doubles::HubProfile;
using doubles::SimClock;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;
using Route = core::HubList::Route;

constexpr char kTokenSecret[] = "canary-api-token-secret";
constexpr char kPassword[] = "canary-password/+1";
constexpr char kListPath[] = "internal/v1/hub/instances";

enum class With { kUsual, kToken, kLogin, kBoth };

class HubClientContract : public ::testing::TestWithParam<HubProfile> {
 protected:
  HubClientContract() {
    log::SetSinkForTesting([this](absl::string_view line) { Keep(line); });
  }
  ~HubClientContract() override {
    log::SetSinkForTesting(nullptr);
    EXPECT_THAT(seen_texts_, Not(HasSubstr("canary"))) << "a secret came to light";
  }

  bool Is2025() const { return GetParam() == HubProfile::kHub2025; }

  HubDouble& StartHub(HubOptions options = {}) {
    options.profile = GetParam();
    options.clock = SimClock::Manual();
    options.keys.push_back({.client_id = "verifier", .secret = kTokenSecret});
    options.admin_password = kPassword;
    auto hub = HubDouble::Start(std::move(options));
    EXPECT_TRUE(hub.ok()) << hub.status();
    hub_ = *std::move(hub);
    return *hub_;
  }
  // The verifier of the profile's zone unless a test is about another.
  HttpHubClient& Client(With with = With::kUsual, HubClientOptions options = {}) {
    if (with == With::kUsual) with = Is2025() ? With::kLogin : With::kToken;
    if (options.hub_url.empty()) options.hub_url = hub_->url();
    if (with != With::kLogin)
      options.api_token = NamedSecret{"verifier", Secret::CopyOf(kTokenSecret)};
    if (with != With::kToken) options.login = NamedSecret{"admin", Secret::CopyOf(kPassword)};
    auto client = HttpHubClient::Create(std::move(options), http_, *hub_->clock());
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    return *client_;
  }
  // `times` uses on the list; below 0: for ever.
  void Bend(FaultRule rule, int times = 1) {
    if (rule.path.empty()) rule.path = kListPath;
    rule.times = times;
    hub_->AddFault(std::move(rule));
  }
  void BendCanned(absl::string_view canned, int times = 1) {
    Bend({.answer = *CannedResponse(canned)}, times);
  }

  core::HubList ListOf(HubReadOutcome outcome) {
    if (const auto* failed = std::get_if<HubFailure>(&outcome)) {
      ADD_FAILURE() << TextOf(failed->failure.code) << ": " << failed->failure.detail;
      return {};
    }
    return std::get<core::HubList>(std::move(outcome));
  }
  HubFailure FailureOf(HubReadOutcome outcome) {
    if (std::holds_alternative<core::HubList>(outcome)) {
      ADD_FAILURE() << "the list was read";
      return {.failure = {FailureCode::kJoinUnknownAnswer, ""}};
    }
    HubFailure failed = std::get<HubFailure>(std::move(outcome));
    Keep(failed.failure.detail);
    EXPECT_THAT(failed.failure.detail, Not(IsEmpty()));
    return failed;
  }
  static std::set<std::string> IdsOf(const core::HubList& list) {
    std::set<std::string> ids;
    for (const core::HubInstance& instance : list.instances) ids.insert(instance.id.value());
    return ids;
  }
  void Keep(absl::string_view text) {
    MutexLock lock(&mu_);
    absl::StrAppend(&seen_texts_, text, "\n");
  }

  Mutex mu_;
  std::string seen_texts_;  // Errors and log lines.
  http::CurlClient http_;
  std::unique_ptr<HubDouble> hub_;
  std::unique_ptr<HttpHubClient> client_;
};

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
  const core::HubList list = ListOf(Client().ReadList());
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

TEST_P(HubClientContract, ReadsTenThousandInstances) {
  StartHub().Populate(10'000, "web");
  const core::HubList list = ListOf(Client().ReadList());
  EXPECT_EQ(list.instances.size(), 10'000u);
  EXPECT_EQ(IdsOf(list).size(), 10'000u);
}

TEST_P(HubClientContract, IgnoresFieldsNobodyKnows) {
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) { core.levers.extra_fields = true; });
  const core::HubList list = ListOf(Client().ReadList());
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
  const core::HubList list = ListOf(Client().ReadList());
  EXPECT_THAT(IdsOf(list), UnorderedElementsAre(id));
  ASSERT_EQ(list.instances.size(), 1u);
  EXPECT_EQ(list.instances[0].connected, std::nullopt);
  EXPECT_EQ(list.instances[0].reported_time, std::nullopt);
  EXPECT_EQ(list.instances[0].title, "web-1");  // From displayTitle.
}

TEST_P(HubClientContract, RecordsWithoutIdMakeTheListPartial) {
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) { core.levers.omit_fields = {"id", "instanceId"}; });
  const core::HubList list = ListOf(Client().ReadList());
  EXPECT_THAT(list.instances, IsEmpty());
  EXPECT_FALSE(list.whole);
}

TEST_P(HubClientContract, AnEmptyListIsNeverWhole) {
  StartHub();
  BendCanned("empty-list");
  const core::HubList list = ListOf(Client().ReadList());
  EXPECT_THAT(list.instances, IsEmpty());
  EXPECT_FALSE(list.whole);
}

TEST_P(HubClientContract, SeesALaggingRecordWhenTheHubListsIt) {
  HubDouble& hub = StartHub();
  hub.With([](HubCore& core) { core.levers.list_lag = absl::Seconds(60); });
  const std::string id = hub.Plant({.title = "web-1", .connected = true});
  HttpHubClient& client = Client();
  EXPECT_THAT(ListOf(client.ReadList()).instances, IsEmpty());
  hub.clock()->Advance(absl::Seconds(61));
  EXPECT_THAT(IdsOf(ListOf(client.ReadList())), UnorderedElementsAre(id));
}

TEST_P(HubClientContract, ATagScopedVerifierGetsAPartialList) {
  if (GetParam() != HubProfile::kHub2026s) GTEST_SKIP() << "only the newest hub narrows lists";
  StartHub().Plant({.title = "web-1", .connected = true});
  hub_->With([](HubCore& core) {
    core.access.AddKey("scoped", "canary-scoped", "hub_viewer_role", core.Now(),
                       {"environment=prod"});
  });
  const core::HubList list = ListOf(Client(With::kToken, {.hub_url = hub_->url()}).ReadList());
  EXPECT_TRUE(list.whole);
  auto scoped = HttpHubClient::Create(
      {.hub_url = hub_->url(), .api_token = NamedSecret{"scoped", Secret::CopyOf("canary-scoped")}},
      http_, *hub_->clock());
  ASSERT_TRUE(scoped.ok());
  EXPECT_FALSE(ListOf((*scoped)->ReadList()).whole);
}

TEST_P(HubClientContract, FallsBackToThePublicRoute) {
  StartHub().Plant({.title = "web-1", .connected = true});
  BendCanned("404", -1);
  HttpHubClient& client = Client();
  if (Is2025()) {
    EXPECT_EQ(FailureOf(client.ReadList()).failure.code, FailureCode::kHubBadAnswer);
    return;
  }
  const core::HubList list = ListOf(client.ReadList());
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
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u);
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u);
  EXPECT_EQ(hub_->Counters().logins, 1);
  EXPECT_EQ(hub_->Counters().refused_401, 1);
}

TEST_P(HubClientContract, ExplainsARefusedApiToken) {
  StartHub();
  if (!Is2025()) hub_->DeleteKey("verifier");
  const HubFailure failed = FailureOf(Client(With::kToken).ReadList());
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
  const HubFailure failed = FailureOf((*client)->ReadList());
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
  const HubFailure failed = FailureOf((*client)->ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("Login Failed: Invalid username or password"));
}

TEST_P(HubClientContract, RenewsAnAccessTokenThatExpired) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client(With::kLogin);
  ListOf(client.ReadList());
  hub.clock()->Advance(absl::Minutes(21));
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u);
  hub.clock()->Advance(absl::Minutes(21));
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(),
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
  std::thread reader([&] { outcome = client.ReadList(); });
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
  ListOf(client.ReadList());
  hub.Restart();
  hub.With([](HubCore& core) { core.ExpireJwts(); });
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u);
  EXPECT_EQ(hub.Counters().refreshes, 1);  // Refused: refresh tokens lived in the old process.
  EXPECT_EQ(hub.Counters().logins, 2);
}

TEST_P(HubClientContract, HonoursALimitOnLogins) {
  if (Is2025()) GTEST_SKIP() << "hubs of 2025 have no limits";
  HubDouble& hub = StartHub({.auth_limit = 1});
  HttpHubClient& client = Client(With::kLogin);
  ListOf(client.ReadList());
  hub.With([](HubCore& core) {
    core.refresh_tokens.clear();
    core.ExpireJwts();
  });
  const HubFailure failed = FailureOf(client.ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  ASSERT_TRUE(failed.retry_after.has_value());
  hub.clock()->Advance(*failed.retry_after);
  ListOf(client.ReadList());
}

// ---- failures ----

struct AnswerRow {
  const char* canned;
  FailureCode code;
  const char* detail;
};

TEST_P(HubClientContract, NamesWhatTheHubOrAProxyAnswered) {
  StartHub().Plant({.connected = true});
  HttpHubClient& client = Client();
  const AnswerRow rows[] = {
      {"401-generic", FailureCode::kHubAuth, "401"},
      {"401-empty", FailureCode::kHubAuth, "401"},
      {"403", FailureCode::kHubAuth, "proxy"},
      {"500", FailureCode::kHubError, "An unexpected error occurred"},
      {"500-empty", FailureCode::kHubError, "500"},
      {"502-html", FailureCode::kHubError, "502 Bad Gateway"},
      {"503-html", FailureCode::kHubError, "HTML page"},
      {"504-html", FailureCode::kHubError, "Gateway Time-out"},
      {"non-json", FailureCode::kHubBadAnswer, "HTML"},
      {"licence", FailureCode::kHubBadAnswer, "license"},
      {"success-null", FailureCode::kHubBadAnswer, "not a list"},
      {"redirect-https", FailureCode::kHubBadAnswer, "hub URL to https://127.0.0.1"},
  };
  for (const AnswerRow& row : rows) {
    BendCanned(row.canned, 2);  // Twice: a login is renewed after the first 401.
    const HubFailure failed = FailureOf(client.ReadList());
    EXPECT_EQ(failed.failure.code, row.code) << row.canned;
    EXPECT_THAT(failed.failure.detail, HasSubstr(row.detail)) << row.canned;
    hub_->RemoveFaults("");
    EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u) << "after " << row.canned;
  }
}

TEST_P(HubClientContract, ExplainsAnAnswerWithoutContent) {
  StartHub();
  Bend({.answer = doubles::StatusResponse(204)});
  const HubFailure failed = FailureOf(Client().ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("may not see it"));
}

TEST_P(HubClientContract, RefusesHalfAJson) {
  StartHub();
  doubles::Response half;
  half.content_type = "application/json";
  half.body = R"([{"id":"x","requestAuthSecretHash":"canary-hash)";
  Bend({.answer = half});
  const HubFailure failed = FailureOf(Client().ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubBadAnswer);
  EXPECT_THAT(failed.failure.detail, HasSubstr("breaks off"));
}

TEST_P(HubClientContract, ReportsAnAnswerThatIsCutOff) {
  StartHub().Populate(50, "web");
  Bend({.kind = FaultRule::Kind::kTruncate});
  EXPECT_EQ(FailureOf(Client().ReadList()).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, ReportsAConnectionThatBreaks) {
  StartHub();
  Bend({.kind = FaultRule::Kind::kClose}, -1);
  EXPECT_EQ(FailureOf(Client().ReadList()).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, ReportsADataStoreThatIsDown) {
  StartHub().With([](HubCore& core) { core.levers.data_store_down = true; });
  EXPECT_EQ(FailureOf(Client().ReadList()).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, RefusesAListBeyondItsLimit) {
  StartHub().Populate(50, "web");
  const HubFailure failed = FailureOf(Client(With::kUsual, {.max_list_bytes = 10'000}).ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubBadAnswer);
  EXPECT_THAT(failed.failure.detail, HasSubstr("larger than 10000 bytes"));
}

TEST_P(HubClientContract, HonoursRetryAfter) {
  HubDouble& hub = StartHub();
  HttpHubClient& client = Client();
  BendCanned("429");
  const HubFailure failed = FailureOf(client.ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(failed.retry_after, absl::Seconds(17));
  EXPECT_EQ(FailureOf(client.ReadList()).failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(hub.Counters().list_polls, 0);  // Neither of the two came so far.
  hub.clock()->Advance(absl::Seconds(17));
  ListOf(client.ReadList());
}

TEST_P(HubClientContract, GivesUpOnAHubThatDoesNotAnswer) {
  StartHub();
  Bend({.name = "list", .kind = FaultRule::Kind::kHold});
  const HubFailure failed =
      FailureOf(Client(With::kUsual, {.total_timeout = absl::Milliseconds(200)}).ReadList());
  EXPECT_EQ(failed.failure.code, FailureCode::kHubUnreachable);
  hub_->Release("list");
}

TEST_P(HubClientContract, ReportsAHubThatIsDownAndComesBack) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client();
  ListOf(client.ReadList());
  hub.StopListening();
  EXPECT_EQ(FailureOf(client.ReadList()).failure.code, FailureCode::kHubUnreachable);
  ASSERT_TRUE(hub.Listen().ok());
  EXPECT_EQ(ListOf(client.ReadList()).instances.size(), 1u);
}

TEST_P(HubClientContract, TrustsWhatTheZoneTrustsAndNothingElse) {
  const auto good = doubles::MakeTestCertificate("127.0.0.1");
  const auto other = doubles::MakeTestCertificate("127.0.0.1");
  ASSERT_TRUE(good.ok() && other.ok());
  StartHub({.listen = {.tls_certificate_pem = good->certificate_pem, .tls_key_pem = good->key_pem}})
      .Plant({.connected = true});
  EXPECT_EQ(
      ListOf(Client(With::kUsual, {.ca_pem = good->certificate_pem}).ReadList()).instances.size(),
      1u);
  for (const std::string& ca : {std::string(), other->certificate_pem, std::string("no PEM")}) {
    EXPECT_EQ(FailureOf(Client(With::kUsual, {.ca_pem = ca}).ReadList()).failure.code,
              FailureCode::kHubTls)
        << ca;
  }
}

TEST_P(HubClientContract, RefusesACertificateForAnotherNameOrTime) {
  const absl::Time now = absl::Now();
  for (const auto& certificate :
       {doubles::MakeTestCertificate("hub.example"),
        doubles::MakeTestCertificate("127.0.0.1", now - absl::Hours(48), now - absl::Hours(24))}) {
    ASSERT_TRUE(certificate.ok());
    StartHub({.listen = {.tls_certificate_pem = certificate->certificate_pem,
                         .tls_key_pem = certificate->key_pem}});
    EXPECT_EQ(FailureOf(Client(With::kUsual, {.ca_pem = certificate->certificate_pem}).ReadList())
                  .failure.code,
              FailureCode::kHubTls);
  }
}

// ---- the whole reader ----

TEST_P(HubClientContract, PollsOnceForManyZonesOnRealThreads) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  SeededRandom random(7);
  auto vault = secrets::SealedKeyVault::Create(Secret::Take(std::string(32, 'k')), random);
  ASSERT_TRUE(vault.ok());
  BlockingPool pool("hub", 2);
  PooledHubReader reader(pool, http_, **vault, *hub.clock());
  Bend({.name = "list", .kind = FaultRule::Kind::kHold});
  Mutex mu;
  std::vector<core::HubReadResult> results;
  constexpr size_t kReads = 20;
  for (size_t i = 0; i < kReads; ++i) {
    core::HubReadRequest request{.zone_id = ZoneId(absl::StrCat("acme/z", i)),
                                 .hub_url = hub.url()};
    request.verifier.kind = Is2025() ? store::VerifierKind::kLogin : store::VerifierKind::kApiToken;
    request.verifier.principal = Is2025() ? "admin" : "verifier";
    request.verifier.secret = *(*vault)->Seal(Secret::CopyOf(Is2025() ? kPassword : kTokenSecret),
                                              core::VerifierBinding(request.zone_id));
    reader.Read(std::move(request), [&](core::HubReadResult result) {
      MutexLock lock(&mu);
      results.push_back(std::move(result));
    });
  }
  EXPECT_TRUE(hub.Await([](HubCore& core) { return core.faults.held() == 1; }));
  hub.Release("list");
  {
    MutexLock lock(&mu);
    auto all = [&results] { return results.size() == kReads; };
    EXPECT_TRUE(mu.AwaitWithTimeout(absl::Condition(&all), absl::Seconds(20)));
  }
  pool.Stop();
  for (core::HubReadResult& result : results) {
    ASSERT_TRUE(std::holds_alternative<core::HubList>(result));
    EXPECT_EQ(std::get<core::HubList>(result).instances.size(), 1u);
  }
  EXPECT_THAT(hub.Counters().list_polls, AnyOf(1, 2));  // Who came after the first had ended.
}

}  // namespace
}  // namespace muster::hub
