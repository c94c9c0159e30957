// The look at a hub, step by step, against every profile of the hub double with one fault planted
// after the other (hub_client_contract.h).
#include "orchestrator/hub/hub_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/blocking_pool.h"
#include "base/random.h"
#include "orchestrator/hub/http_hub_reader.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "tests/contract/hub_client_contract.h"
#include "tests/doubles/http/test_certificate.h"

namespace muster::hub {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Result = core::HubCheckStep::Result;
using Steps = std::map<std::string, core::HubCheckStep>;

struct Asked {
  std::string url;  // Empty: the hub's own.
  std::string ca_pem;
  std::string secret = kTokenSecret;  // Of the API token; a login has another.
  std::string client_id = "verifier";
  std::string without;
};

class HubCheckContract : public HubClientContract {
 protected:
  Steps Check(const Asked& asked = {}) {
    HubCheckOptions options;
    options.client.hub_url = asked.url.empty() ? hub_->url() : asked.url;
    options.client.ca_pem = asked.ca_pem;
    options.client.connect_timeout = absl::Seconds(5);
    options.client.total_timeout = absl::Seconds(10);
    options.no_credentials = asked.without;
    if (Is2025()) {
      options.client.login = NamedSecret{
          "admin", Secret::CopyOf(asked.secret == kTokenSecret ? kPassword : asked.secret)};
    } else {
      options.client.api_token = NamedSecret{asked.client_id, Secret::CopyOf(asked.secret)};
    }
    return Run([&](HubCheck::Done done) {
      HubCheck::Start(std::move(options), http_, *hub_->clock(), nullptr, std::move(done));
    });
  }
  Steps Run(const std::function<void(HubCheck::Done)>& start) {
    Notification ended;
    Steps steps;
    start([&](std::vector<core::HubCheckStep> all) {
      for (core::HubCheckStep& step : all) {
        Keep(absl::StrCat(step.seen, " ", step.next));
        EXPECT_TRUE(steps.emplace(step.name, std::move(step)).second) << "twice";
      }
      ended.Notify();
    });
    ended.WaitForNotification();
    return steps;
  }
  static std::vector<std::string> Names(const Steps& steps, Result result) {
    std::vector<std::string> names;
    for (const auto& [name, step] : steps) {
      if (step.result == result) names.push_back(name);
    }
    return names;
  }
  // The one problem, which is this step, says `seen` and what to do.
  static void ExpectProblem(const Steps& steps, const std::string& name, const std::string& seen) {
    EXPECT_THAT(Names(steps, Result::kProblem), testing::ElementsAre(name));
    const auto it = steps.find(name);
    ASSERT_NE(it, steps.end());
    EXPECT_THAT(it->second.seen, HasSubstr(seen));
    EXPECT_THAT(it->second.next, testing::Not(IsEmpty()));
  }
  doubles::TestCertificate StartTls(absl::StatusOr<doubles::TestCertificate> certificate) {
    EXPECT_TRUE(certificate.ok()) << certificate.status();
    StartHub({.listen = {.tls_certificate_pem = certificate->certificate_pem,
                         .tls_key_pem = certificate->key_pem}});
    return *std::move(certificate);
  }
};

TEST_P(HubCheckContract, AGoodHubHasNoProblem) {
  const auto certificate = StartTls(doubles::MakeTestCertificate("127.0.0.1"));
  hub_->Plant({.connected = true});
  hub_->Plant({});
  hub_->With([](HubCore& core) { core.levers.date_header = true; });
  const Steps steps = Check({.ca_pem = certificate.certificate_pem});
  EXPECT_THAT(Names(steps, Result::kProblem), IsEmpty());
  EXPECT_THAT(Names(steps, Result::kSkipped), IsEmpty());
  EXPECT_EQ(steps.size(), 12u);
  EXPECT_THAT(steps.at("tcp").seen, HasSubstr(absl::StrCat("127.0.0.1:", hub_->port())));
  EXPECT_THAT(steps.at("tls").seen,
              HasSubstr("chain, name and dates are good: by 127.0.0.1, until"));
  EXPECT_EQ(steps.at("version").seen, "7.0.2.0");
  EXPECT_THAT(steps.at("clock").seen, "as ours");
  if (Is2025()) {
    EXPECT_EQ(steps.at("list").result, Result::kWarning);
    EXPECT_THAT(steps.at("list").seen, HasSubstr("1 instance; nothing shows"));
  } else {
    EXPECT_EQ(steps.at("list").seen, "2 instances");
  }
}

TEST_P(HubCheckContract, PlainHttpIsToldAndAllowed) {
  StartHub();
  const Steps steps = Check();
  EXPECT_THAT(Names(steps, Result::kProblem), IsEmpty());
  EXPECT_EQ(steps.at("tls").result, Result::kWarning);
  EXPECT_EQ(steps.at("clock").result, Result::kWarning);
  EXPECT_EQ(steps.at("clock").seen, "the answer has no Date header");
}

TEST_P(HubCheckContract, ANameThatDoesNotResolve) {
  StartHub();
  const Steps steps = Check({.url = "https://no-such-hub.invalid"});
  ExpectProblem(steps, "dns", "no-such-hub.invalid does not resolve");
  EXPECT_EQ(Names(steps, Result::kSkipped).size(), 11u);
}

TEST_P(HubCheckContract, AClosedPort) {
  StartHub().StopListening();
  const Steps steps = Check();
  ExpectProblem(steps, "tcp", "nothing takes connections");
  EXPECT_EQ(steps.at("dns").result, Result::kOk);
}

TEST_P(HubCheckContract, ACertificateOfAnotherIssuer) {
  StartTls(doubles::MakeTestCertificate("127.0.0.1"));
  const auto other = doubles::MakeTestCertificate("127.0.0.1");
  ExpectProblem(Check({.ca_pem = other->certificate_pem}), "tls",
                "chain: the certificate does not descend from the zone's CA file");
  ExpectProblem(Check(), "tls", "from an authority that this system trusts");
  const Steps steps = Check({.ca_pem = "no PEM"});
  EXPECT_THAT(Names(steps, Result::kProblem), testing::ElementsAre("tls"));
}

TEST_P(HubCheckContract, ACertificateForAnotherName) {
  const auto certificate = StartTls(doubles::MakeTestCertificate("hub.example"));
  ExpectProblem(Check({.ca_pem = certificate.certificate_pem}), "tls",
                "name: the certificate is not for 127.0.0.1");
}

TEST_P(HubCheckContract, ACertificateOutOfItsDates) {
  const absl::Time now = absl::Now();
  const auto old = StartTls(
      doubles::MakeTestCertificate("127.0.0.1", now - absl::Hours(48), now - absl::Hours(24)));
  ExpectProblem(Check({.ca_pem = old.certificate_pem}), "tls", "has expired");
  const auto early = StartTls(
      doubles::MakeTestCertificate("127.0.0.1", now + absl::Hours(24), now + absl::Hours(48)));
  ExpectProblem(Check({.ca_pem = early.certificate_pem}), "tls", "not valid yet");
}

TEST_P(HubCheckContract, AnAddressWithTheWrongScheme) {
  StartHub();
  ExpectProblem(Check({.url = absl::StrCat("https://127.0.0.1:", hub_->port())}), "tls",
                "speak TLS");
  StartTls(doubles::MakeTestCertificate("127.0.0.1"));
  ExpectProblem(Check({.url = absl::StrCat("http://127.0.0.1:", hub_->port())}), "path", "");
}

TEST_P(HubCheckContract, AClockThatIsFarOff) {
  StartHub().With([](HubCore& core) {
    core.levers.date_header = true;
    core.levers.skew = absl::Minutes(10);
  });
  const Steps ahead = Check();
  ExpectProblem(ahead, "clock", "10m");
  EXPECT_THAT(ahead.at("clock").seen, HasSubstr("ahead of ours"));
  hub_->With([](HubCore& core) { core.levers.skew = -absl::Minutes(1); });
  const Steps behind = Check();
  EXPECT_EQ(behind.at("clock").result, Result::kWarning);
  EXPECT_THAT(behind.at("clock").seen, HasSubstr("behind ours"));
}

TEST_P(HubCheckContract, ARedirect) {
  StartHub();
  Bend({.path = "hub/info", .answer = *doubles::CannedResponse("redirect-https")});
  ExpectProblem(Check(), "redirect", "set the zone's hub URL to https://127.0.0.1");
}

TEST_P(HubCheckContract, APathPrefixThatLeadsNowhere) {
  StartHub();
  ExpectProblem(Check({.url = absl::StrCat(hub_->url(), "/hub")}), "path",
                absl::StrCat("under the prefix /hub; a hub answers at ", hub_->url()));
}

TEST_P(HubCheckContract, SomethingThatIsNoHub) {
  StartHub();
  for (const char* path : {"hub/info", "system/version"}) {
    Bend({.path = path, .answer = *doubles::CannedResponse("non-json")}, -1);
  }
  ExpectProblem(Check(), "path", "is not a hub's API");
}

TEST_P(HubCheckContract, WrongCredentials) {
  StartHub();
  const Steps steps = Check({.secret = "canary-wrong"});
  ExpectProblem(steps, "credentials", "401");
  EXPECT_EQ(steps.at("role").result, Result::kSkipped);
}

TEST_P(HubCheckContract, NoCredentials) {
  StartHub();
  ExpectProblem(Check({.without = "zone acme/prod has no verifier"}), "credentials",
                "zone acme/prod has no verifier");
}

TEST_P(HubCheckContract, ARoleThatMayNotList) {
  if (Is2025()) GTEST_SKIP() << "only users log in there, and the double's user may all";
  HubOptions options;
  options.keys.push_back(
      {.client_id = "joiner", .secret = kTokenSecret, .role = "managedinstance_role"});
  StartHub(std::move(options));
  const Steps steps = Check({.client_id = "joiner"});
  ExpectProblem(steps, "role", "Not authorized to perform managementhub_instances_list_action");
  EXPECT_EQ(steps.at("credentials").result, Result::kOk);
}

TEST_P(HubCheckContract, AScopeThatHidesAPart) {
  StartHub();
  BendCanned("empty-list");
  ExpectProblem(Check(), "scope", "sees a part only");
}

TEST_P(HubCheckContract, ARateLimit) {
  StartHub();
  BendCanned("429");
  ExpectProblem(Check(), "rate limit", "429");
  Bend({.path = "hub/info", .answer = *doubles::CannedResponse("429")});
  const Steps steps = Check();
  ExpectProblem(steps, "rate limit", "to be asked again in 17s");
  EXPECT_EQ(steps.at("list").result, Result::kSkipped);
}

TEST_P(HubCheckContract, AListThatCannotBeRead) {
  StartHub();
  BendCanned("500");
  ExpectProblem(Check(), "list", "E-HUB-ERROR: ");
  hub_->RemoveFaults("");
  Bend({.path = "hub/info", .answer = *doubles::CannedResponse("502-html")});
  ExpectProblem(Check(), "path", "502");
}

TEST_P(HubCheckContract, AHubThatDoesNotSayWhatIsPending) {
  if (Is2025()) GTEST_SKIP() << "no hub of 2025 says it";
  StartHub().With([](HubCore& core) { core.levers.omit_fields = {"isPendingConnection"}; });
  hub_->Plant({});
  const Steps steps = Check();
  EXPECT_THAT(steps.at("list").seen, HasSubstr("1 instance; it does not say which"));
}

// Through the reader: sealed credentials, its tenant's place, and what readings remember of a hub's
// wish is not asked.
TEST_P(HubCheckContract, TheReaderLooksWithTheZonesVerifier) {
  HubDouble& hub = StartHub();
  SeededRandom random(7);
  auto vault = secrets::SealedKeyVault::Create(Secret::Take(std::string(32, 'k')), random);
  ASSERT_TRUE(vault.ok());
  BlockingPool pool("hub", 2);
  HttpHubReader reader(pool, http_, **vault, *hub.clock());
  core::HubReadRequest request{
      .zone_id = ZoneId("acme/prod"), .tenant_id = TenantId("acme"), .hub_url = hub.url()};
  request.verifier.kind = Is2025() ? store::VerifierKind::kLogin : store::VerifierKind::kApiToken;
  request.verifier.principal = Is2025() ? "admin" : "verifier";
  request.verifier.secret = *(*vault)->Seal(Secret::CopyOf(Is2025() ? kPassword : kTokenSecret),
                                            core::VerifierBinding(request.zone_id));
  const auto look = [&](const core::HubReadRequest& with) {
    return Run([&](HubCheck::Done done) { reader.Check(with, std::move(done)); });
  };
  EXPECT_THAT(Names(look(request), Result::kProblem), IsEmpty());
  core::HubReadRequest sealed_for_another = request;
  sealed_for_another.zone_id = ZoneId("acme/test");
  ExpectProblem(look(sealed_for_another), "credentials", "does not open");
  core::HubReadRequest none = request;
  none.verifier = {};
  ExpectProblem(look(none), "credentials", "has no verifier");
  http_.Stop();
  pool.Stop();
  EXPECT_EQ(reader.budget().held(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, HubCheckContract,
                         ::testing::Values(HubProfile::kHub2025, HubProfile::kHub2026,
                                           HubProfile::kHub2026s),
                         [](const auto& row) {
                           return std::string(doubles::HubProfileName(row.param));
                         });

}  // namespace
}  // namespace muster::hub
