// What a worker concludes from the certificate that it is shown, by its own clock.
#include "worker/identity/peer_judgment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto/issue.h"
#include "base/failure_code.h"
#include "base/random.h"

namespace muster::worker {
namespace {

using testing::HasSubstr;

class PeerJudgmentTest : public testing::Test {
 protected:
  struct Authority {
    crypto::PrivateKey key = *crypto::PrivateKey::Generate();
    crypto::Certificate root = *crypto::SelfSign(key,
                                                 {.subject_common_name = "Muster CA",
                                                  .not_before = kMade - absl::Hours(24),
                                                  .not_after = kMade + absl::Hours(24 * 3650),
                                                  .is_ca = true},
                                                 SystemRandom());
    crypto::Certificate Issue(bool server, absl::Time from, absl::Time to) const {
      return *crypto::IssueCertificate(root, key, crypto::PrivateKey::Generate()->public_key(),
                                       {.subject_common_name = "leaf",
                                        .not_before = from,
                                        .not_after = to,
                                        .server = server,
                                        .client = !server},
                                       SystemRandom());
    }
  };

  // By a machine whose clock says `now`; the orchestrator's certificate is of a day before kMade to
  // 90 days after, the worker's of 30 days.
  std::optional<Failure> Judge(absl::Time now, int alert = 0) {
    crypto::TlsLook look;
    look.chain = {server_};
    look.alert = alert;
    return JudgePeer(look, {.address = "muster.example:8444",
                            .ca_bundle_pem = authority_.root.ToPem(),
                            .certificate_pem = worker_.ToPem(),
                            .now = now,
                            .foreign = FailureCode::kCertForeign});
  }

  static constexpr absl::Time kMade = absl::FromUnixSeconds(1'790'000'000);
  Authority authority_;
  crypto::Certificate server_ =
      authority_.Issue(true, kMade - absl::Hours(24), kMade + absl::Hours(24 * 90));
  crypto::Certificate worker_ =
      authority_.Issue(false, kMade - absl::Hours(24), kMade + absl::Hours(24 * 30));
};

TEST_F(PeerJudgmentTest, AClockInsideOfTheDatesExplainsNothing) {
  for (const absl::Duration off :
       {absl::ZeroDuration(), -absl::Hours(23), absl::Hours(5), absl::Hours(24 * 29)}) {
    EXPECT_FALSE(Judge(kMade + off).has_value()) << off;
  }
}

TEST_F(PeerJudgmentTest, AClockOutsideOfTheDatesIsTheReasonAndTheDetailSaysHowFar) {
  struct Case {
    absl::Duration off;
    const char* says;
  };
  for (const Case& c :
       {Case{-absl::Hours(25), "1h behind"}, Case{-absl::Hours(24 + 100), "4 days behind"},
        Case{-absl::Hours(24 * 3651), "3650 days behind"},
        Case{-absl::Hours(24 * 365 * 50), " days behind"},
        Case{absl::Hours(24 * 90) + absl::Minutes(90), "1h30m ahead"},
        Case{absl::Hours(24 * 455), "365 days ahead"},
        Case{absl::Hours(24 * 365 * 40), " days ahead"}}) {
    const auto seen = Judge(kMade + c.off);
    ASSERT_TRUE(seen.has_value()) << c.off;
    EXPECT_EQ(seen->code, FailureCode::kClockSkew) << c.off;
    EXPECT_THAT(seen->detail, HasSubstr(c.says));
    EXPECT_THAT(seen->detail, HasSubstr("muster.example:8444"));
  }
}

TEST_F(PeerJudgmentTest, AnAlertOnOurCertificateInDateIsTheOthersClock) {
  const auto ended = Judge(kMade, crypto::kAlertCertificateExpired);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, FailureCode::kClockSkew);
  EXPECT_THAT(ended->detail, HasSubstr("30 days behind the orchestrator's"));
  const auto not_begun = Judge(kMade, crypto::kAlertBadCertificate);
  ASSERT_TRUE(not_begun.has_value());
  EXPECT_EQ(not_begun->code, FailureCode::kClockSkew);
  EXPECT_THAT(not_begun->detail, HasSubstr("24h ahead of the orchestrator's"));
  crypto::TlsLook silent;
  silent.chain = {server_};
  silent.ended = true;
  const auto either = JudgePeer(silent, {.ca_bundle_pem = authority_.root.ToPem(),
                                         .certificate_pem = worker_.ToPem(),
                                         .now = kMade,
                                         .foreign = FailureCode::kCertForeign});
  ASSERT_TRUE(either.has_value());
  EXPECT_THAT(either->detail, HasSubstr("24h ahead of, or at least 30 days behind, the"));
  // What has ended by our own clock, too, is no question of clocks; other alerts are none either.
  EXPECT_FALSE(Judge(kMade + absl::Hours(24 * 40), crypto::kAlertCertificateExpired).has_value());
  EXPECT_FALSE(Judge(kMade, 48).has_value());
}

TEST_F(PeerJudgmentTest, AnotherAuthorityIsNoMatterOfClocks) {
  const Authority other;
  for (const absl::Duration off : {absl::ZeroDuration(), absl::Hours(24 * 3650)}) {
    server_ = other.Issue(true, kMade - absl::Hours(1), kMade + absl::Hours(1));
    const auto seen = Judge(kMade + off);
    ASSERT_TRUE(seen.has_value()) << off;
    EXPECT_EQ(seen->code, FailureCode::kCertForeign);
    EXPECT_THAT(seen->detail, HasSubstr("Muster CA"));
  }
}

TEST_F(PeerJudgmentTest, WhatShowsNothingIsNotJudged) {
  EXPECT_FALSE(JudgePeer({}, {.ca_bundle_pem = authority_.root.ToPem(),
                              .now = kMade,
                              .foreign = FailureCode::kCertForeign})
                   .has_value());
  crypto::TlsLook look;
  look.chain = {server_};
  EXPECT_FALSE(
      JudgePeer(look, {.ca_bundle_pem = "?", .now = kMade, .foreign = FailureCode::kCertForeign})
          .has_value());
}

}  // namespace
}  // namespace muster::worker
