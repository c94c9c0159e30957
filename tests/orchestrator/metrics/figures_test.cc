// What the store has, as figures.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "tests/orchestrator/metrics/figures_bench.h"

namespace muster::metrics {
namespace {

using store::TenantWall;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

TEST_F(FiguresTest, AZoneAsTheStoreHasIt) {
  const Families families = Collect();
  const std::string zone = "tenant=\"acme\",zone=\"acme/prod\"";
  const auto seconds = [](absl::Time time) { return absl::StrCat(absl::ToUnixSeconds(time)); };
  EXPECT_THAT(
      LinesOf(families),
      IsSupersetOf(
          {absl::StrCat("muster_servers{", zone, ",enrollment=\"enrolled\"} 2"),
           absl::StrCat("muster_servers{", zone, ",enrollment=\"failed\"} 1"),
           absl::StrCat("muster_servers_proven{", zone, "} 1"),
           absl::StrCat("muster_oldest_proof_timestamp_seconds{", zone, "} ",
                        seconds(kNow - absl::Hours(30))),
           absl::StrCat("muster_verify_within_seconds{", zone, "} 86400"),
           absl::StrCat("muster_servers_admission{", zone, ",admission=\"pending\"} 0"),
           absl::StrCat("muster_servers_admission{", zone, ",admission=\"admitted\"} 3"),
           absl::StrCat("muster_servers_connectivity{", zone, ",connectivity=\"online\"} 1"),
           absl::StrCat("muster_servers_connectivity{", zone, ",connectivity=\"stale\"} 1"),
           absl::StrCat("muster_servers_connectivity{", zone, ",connectivity=\"never_seen\"} 1"),
           absl::StrCat("muster_findings{", zone,
                        ",kind=\"wrong_zone\",severity=\"critical\",state=\"open\"} 1"),
           absl::StrCat("muster_findings{", zone,
                        ",kind=\"ghost\",severity=\"low\",state=\"suspected\"} 2"),
           absl::StrCat("muster_zone_has_joining_key{", zone, "} 1"),
           absl::StrCat("muster_hub_read_timestamp_seconds{", zone, "} ",
                        seconds(kNow - absl::Hours(2))),
           absl::StrCat("muster_hub_try_timestamp_seconds{", zone, "} ",
                        seconds(kNow - absl::Minutes(3))),
           absl::StrCat("muster_hub_try_failed{", zone, "} 1"),
           absl::StrCat("muster_hub_instances{", zone, "} 7"),
           absl::StrCat("muster_hub_unmatched{", zone, "} 4"),
           absl::StrCat("muster_hub_standing{", zone, ",standing=\"left_alone\"} 1"),
           absl::StrCat("muster_hub_failures{", zone, "} 4"),
           absl::StrCat("muster_hub_failing_since_timestamp_seconds{", zone, "} ",
                        seconds(kNow - absl::Hours(1))),
           absl::StrCat("muster_hub_left_alone_until_timestamp_seconds{", zone, "} ",
                        seconds(kNow + absl::Minutes(1))),
           absl::StrCat("muster_hub_short_readings{", zone, "} 2"),
           absl::StrCat("muster_sweep_start_timestamp_seconds{", zone, "} ",
                        seconds(kNow - absl::Hours(3))),
           absl::StrCat("muster_sweep_duration_seconds{", zone, "} 7"),
           absl::StrCat("muster_sweep_state{", zone, ",state=\"completed\"} 1")}));
  const std::string text = families.Text();
  EXPECT_THAT(text, Not(HasSubstr("missing"))) << "it is resolved";
  EXPECT_THAT(text, HasSubstr(absl::StrCat("muster_coverage_ratio{", zone, "} 0.333")));
}

TEST_F(FiguresTest, OtherZonesAndWhatIsAbsent) {
  const Families families = Collect();
  const std::string test = "tenant=\"acme\",zone=\"acme/test\"";
  EXPECT_THAT(
      LinesOf(families),
      IsSupersetOf(
          {absl::StrCat("muster_servers{", test, ",enrollment=\"enrolled\"} 0"),
           absl::StrCat("muster_coverage_ratio{", test, "} 0"),
           absl::StrCat("muster_servers_connectivity{", test, ",connectivity=\"offline\"} 1"),
           absl::StrCat("muster_zone_has_joining_key{", test, "} 0"),
           absl::StrCat("muster_hub_try_failed{", test, "} 0"),
           absl::StrCat("muster_hub_standing{", test, ",standing=\"read\"} 1"),
           absl::StrCat("muster_hub_failures{", test, "} 0"),
           std::string("muster_hub_standing{tenant=\"globex\",zone=\"globex/prod\",standing="
                       "\"never_read\"} 1"),
           std::string("muster_coverage_ratio{tenant=\"globex\",zone=\"globex/prod\"} 1")}));
  const std::string text = families.Text();
  for (const char* absent : {"muster_hub_read_timestamp_seconds{", "muster_hub_instances{",
                             "muster_hub_failing_since_", "muster_hub_left_alone_until_",
                             "muster_oldest_proof_timestamp_seconds{", "muster_sweep_"}) {
    for (const std::string& line : LinesOf(families)) {
      EXPECT_FALSE(absl::StartsWith(line, absent) && absl::StrContains(line, test)) << line;
    }
  }
}

TEST_F(FiguresTest, RolloutsCertificatesAndOperators) {
  EXPECT_THAT(LinesOf(Collect()),
              IsSupersetOf({"muster_rollouts{tenant=\"acme\",state=\"running\"} 1",
                            "muster_rollouts{tenant=\"acme\",state=\"completed\"} 1",
                            "muster_rollouts{tenant=\"\",state=\"paused\"} 1",
                            "muster_rollout_targets{tenant=\"acme\",state=\"waiting\"} 2",
                            "muster_rollout_targets{tenant=\"acme\",state=\"failed\"} 0",
                            "muster_tenants 2", "muster_zones 3", "muster_sessions 1",
                            "muster_worker_certificates_ending{state=\"ended\"} 1",
                            "muster_worker_certificates_ending{state=\"ending\"} 1",
                            "muster_operators{role=\"provider_admin\",state=\"valid\"} 1",
                            "muster_operators{role=\"provider_admin\",state=\"ending\"} 1",
                            "muster_metrics_zones_left_out 0"}));
  const std::string text = Collect().Text();
  const auto end = [](int days) {
    return absl::StrCat("_timestamp_seconds ", absl::ToUnixSeconds(kNow) + days * 86400, "\n");
  };
  EXPECT_THAT(text, HasSubstr("muster_worker_certificate_next_end" + end(3)));
  EXPECT_THAT(text, HasSubstr("muster_operator_next_end" + end(9)));
  EXPECT_THAT(text, HasSubstr("muster_provider_admin_last_end" + end(100)));
}

// A sweep is due when the plan says so, not when somebody thinks it is late.
TEST_F(FiguresTest, TheNextSweepIsDueByThePlan) {
  const auto due = [this]() -> std::string {
    for (const std::string& line : LinesOf(Collect())) {
      if (absl::StartsWith(line, "muster_sweep_due_timestamp_seconds{")) return line;
    }
    return "";
  };
  const auto plan = [this](const store::SweepPlan& sweep, store::VerifierKind verifier) {
    Change([&](store::Transaction& t) {
      store::Zone zone = **t.zones().Find(kAcmeProd);
      zone.sweep = sweep;
      zone.verifier.kind = verifier;
      Check(t.zones().Put(zone));
    });
  };
  const std::string usual = due();
  EXPECT_NE(usual, "");
  double at = 0;
  ASSERT_TRUE(absl::SimpleAtod(usual.substr(usual.rfind(' ') + 1), &at));
  EXPECT_GT(at, absl::ToUnixSeconds(kNow - absl::Hours(3)));
  EXPECT_LE(at, absl::ToUnixSeconds(kNow - absl::Hours(2)));
  plan({.every = absl::Hours(24)}, store::VerifierKind::kApiToken);
  EXPECT_NE(due(), usual);
  plan({.off = true}, store::VerifierKind::kApiToken);
  EXPECT_EQ(due(), "");
  plan({}, store::VerifierKind::kNone);
  EXPECT_EQ(due(), "") << "nothing can be read there";
}

TEST_F(FiguresTest, AWallHoldsHereToo) {
  const std::string text = Collect(TenantWall::Of({TenantId("globex")})).Text();
  EXPECT_THAT(text, HasSubstr("globex/prod"));
  EXPECT_THAT(text, HasSubstr("muster_zones 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("acme")));
  for (const char* whole :
       {"muster_operators", "muster_worker_certificates", "muster_sessions", "muster_rollouts"}) {
    EXPECT_THAT(text, Not(HasSubstr(whole)));
  }
  EXPECT_THAT(Collect(TenantWall()).Text(), HasSubstr("muster_zones 0\n"));
}

TEST_F(FiguresTest, NoNamesAddressesOrSecrets) {
  Families families = Collect();
  AddSystem(families, Report(), {}, Process());
  const std::string text = families.Text();
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, Not(HasSubstr("https")));
  EXPECT_THAT(text, Not(HasSubstr("srv-")));
  EXPECT_THAT(text, Not(HasSubstr("opr-")));
}

TEST_F(FiguresTest, TellsWhoseZonesAreShown) {
  const auto shown = [this](int most_zones) {
    StoreFigures figures({.usual_sweep = absl::Hours(1), .most_zones = most_zones});
    Families families;
    const auto snapshot = *store_->Read();
    Check(figures.AddTo(families, store::WalledSnapshot(*snapshot, TenantWall::Everything()),
                        connected_, kNow));
    return figures.tenants();
  };
  EXPECT_THAT(shown(3), testing::ElementsAre(TenantId("acme"), TenantId("globex")));
  EXPECT_THAT(shown(2), testing::ElementsAre(TenantId("acme")));
}

TEST_F(FiguresTest, MoreZonesThanThePageHoldsAreCounted) {
  const std::string text = Collect(TenantWall::Everything(), 1).Text();
  EXPECT_THAT(text, HasSubstr("muster_metrics_zones_left_out 2\n"));
  EXPECT_THAT(text, HasSubstr("muster_zones 3\n"));
  EXPECT_THAT(text, HasSubstr("acme/prod"));
  EXPECT_THAT(text, Not(HasSubstr("acme/test")));
  EXPECT_THAT(text, Not(HasSubstr("globex/prod")));
}

// Their count reads the whole table.
TEST_F(FiguresTest, CertificatesAreCountedAgainAfterAWhileOnly) {
  StoreFigures figures({.usual_sweep = absl::Hours(1)});
  const auto ended = [&](absl::Time now) {
    Families families;
    const auto snapshot = *store_->Read();
    Check(figures.AddTo(families, store::WalledSnapshot(*snapshot, TenantWall::Everything()),
                        connected_, now));
    for (const std::string& line : LinesOf(families)) {
      if (absl::StartsWith(line, "muster_worker_certificates_ending{state=\"ended\"}")) {
        return line.substr(line.rfind(' ') + 1);
      }
    }
    return std::string();
  };
  EXPECT_EQ(ended(kNow), "1");
  Change([](store::Transaction& t) {
    Check(t.certificates().SetState(CertificateId("0a"), store::CertificateState::kActive,
                                    store::CertificateState::kRevoked));
  });
  EXPECT_EQ(ended(kNow + absl::Minutes(4)), "1");
  EXPECT_EQ(ended(kNow + absl::Minutes(5)), "0");
}

}  // namespace
}  // namespace muster::metrics
