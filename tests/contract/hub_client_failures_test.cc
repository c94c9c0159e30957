// How a hub fails, and the whole reader on real threads (hub_client_contract.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/blocking_pool.h"
#include "base/failure_code.h"
#include "base/random.h"
#include "orchestrator/hub/http_hub_reader.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "tests/contract/hub_client_contract.h"
#include "tests/doubles/http/test_certificate.h"

namespace muster::hub {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

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
    const HubFailure failed = FailureOf(Read(client));
    EXPECT_EQ(failed.failure.code, row.code) << row.canned;
    EXPECT_THAT(failed.failure.detail, HasSubstr(row.detail)) << row.canned;
    hub_->RemoveFaults("");
    EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u) << "after " << row.canned;
  }
}

TEST_P(HubClientContract, ExplainsAnAnswerWithoutContent) {
  StartHub();
  Bend({.answer = doubles::StatusResponse(204)});
  const HubFailure failed = FailureOf(Read(Client()));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubAuth);
  EXPECT_THAT(failed.failure.detail, HasSubstr("may not see it"));
}

TEST_P(HubClientContract, RefusesHalfAJson) {
  StartHub();
  doubles::Response half;
  half.content_type = "application/json";
  half.body = R"([{"id":"x","requestAuthSecretHash":"canary-hash)";
  Bend({.answer = half});
  const HubFailure failed = FailureOf(Read(Client()));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubBadAnswer);
  EXPECT_THAT(failed.failure.detail, HasSubstr("breaks off"));
}

TEST_P(HubClientContract, ReportsAnAnswerThatIsCutOff) {
  StartHub().Populate(50, "web");
  Bend({.kind = FaultRule::Kind::kTruncate});
  EXPECT_EQ(FailureOf(Read(Client())).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, ReportsAConnectionThatBreaks) {
  StartHub();
  Bend({.kind = FaultRule::Kind::kClose}, -1);
  EXPECT_EQ(FailureOf(Read(Client())).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, ReportsADataStoreThatIsDown) {
  StartHub().With([](HubCore& core) { core.levers.data_store_down = true; });
  EXPECT_EQ(FailureOf(Read(Client())).failure.code, FailureCode::kHubError);
}

TEST_P(HubClientContract, RefusesAListBeyondItsLimit) {
  StartHub().Populate(50, "web");
  const HubFailure failed = FailureOf(Read(Client(With::kUsual, {.max_list_bytes = 10'000})));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubLimit);
  EXPECT_THAT(failed.failure.detail, HasSubstr("larger than 10000 bytes"));
}

TEST_P(HubClientContract, HonoursRetryAfter) {
  HubDouble& hub = StartHub();
  HttpHubClient& client = Client();
  BendCanned("429");
  const HubFailure failed = FailureOf(Read(client));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(failed.retry_after, absl::Seconds(17));
  EXPECT_EQ(FailureOf(Read(client)).failure.code, FailureCode::kHubRateLimited);
  EXPECT_EQ(hub.Counters().list_polls, 0);  // Neither of the two came so far.
  hub.clock()->Advance(absl::Seconds(17));
  ListOf(Read(client));
}

TEST_P(HubClientContract, GivesUpOnAHubThatDoesNotAnswer) {
  StartHub();
  Bend({.name = "list", .kind = FaultRule::Kind::kHold});
  const HubFailure failed =
      FailureOf(Read(Client(With::kUsual, {.total_timeout = absl::Milliseconds(200)})));
  EXPECT_EQ(failed.failure.code, FailureCode::kHubLimit);
  hub_->Release("list");
}

TEST_P(HubClientContract, ReportsAHubThatIsDownAndComesBack) {
  HubDouble& hub = StartHub();
  hub.Plant({.connected = true});
  HttpHubClient& client = Client();
  ListOf(Read(client));
  hub.StopListening();
  EXPECT_EQ(FailureOf(Read(client)).failure.code, FailureCode::kHubUnreachable);
  ASSERT_TRUE(hub.Listen().ok());
  EXPECT_EQ(ListOf(Read(client)).instances.size(), 1u);
}

TEST_P(HubClientContract, TrustsWhatTheZoneTrustsAndNothingElse) {
  const auto good = doubles::MakeTestCertificate("127.0.0.1");
  const auto other = doubles::MakeTestCertificate("127.0.0.1");
  ASSERT_TRUE(good.ok() && other.ok());
  StartHub({.listen = {.tls_certificate_pem = good->certificate_pem, .tls_key_pem = good->key_pem}})
      .Plant({.connected = true});
  EXPECT_EQ(ListOf(Read(Client(With::kUsual, {.ca_pem = good->certificate_pem}))).instances.size(),
            1u);
  for (const std::string& ca : {std::string(), other->certificate_pem, std::string("no PEM")}) {
    EXPECT_EQ(FailureOf(Read(Client(With::kUsual, {.ca_pem = ca}))).failure.code,
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
    EXPECT_EQ(FailureOf(Read(Client(With::kUsual, {.ca_pem = certificate->certificate_pem})))
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
  HttpHubReader reader(pool, http_, **vault, *hub.clock());
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
  http_.Stop();
  pool.Stop();
  for (core::HubReadResult& result : results) {
    ASSERT_TRUE(std::holds_alternative<core::HubList>(result));
    EXPECT_EQ(std::get<core::HubList>(result).instances.size(), 1u);
  }
  EXPECT_THAT(hub.Counters().list_polls, AnyOf(1, 2));  // Who came after the first had ended.
}

}  // namespace
}  // namespace muster::hub
