#include "proto/rpc/token_file.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/failure.h"
#include "base/failure_code.h"

namespace muster::rpc {
namespace {

muster::worker::v1::TokenFile Sample() {
  muster::worker::v1::TokenFile token;
  token.set_secret("canary-secret-mzxw6ytboi4dcmrt");
  token.set_bootstrap_address("muster.example:8444");
  token.set_ca_bundle_pem("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  token.set_zone_id("acme/prod");
  token.set_expire_time_seconds(1'790'000'000);
  return token;
}

void ExpectMalformed(const std::string& text, const std::string& because) {
  const auto parsed = ParseTokenFile(text);
  ASSERT_FALSE(parsed.ok()) << because;
  EXPECT_EQ(FailureCodeOf(parsed.status()), FailureCode::kTokenMalformed);
  EXPECT_NE(parsed.status().message().find(because), absl::string_view::npos) << parsed.status();
  EXPECT_EQ(parsed.status().message().find("canary"), absl::string_view::npos);
}

TEST(TokenFileTest, RoundTripsAlsoThroughMailAndWindows) {
  const std::string text = FormatTokenFile(Sample());
  for (const std::string& variant : {text, absl::StrReplaceAll(text, {{"\n", "\r\n"}}),
                                     absl::StrCat("Hello,\n\nhere it is:\n\n", text, "\nBye\n"),
                                     absl::StrReplaceAll(text, {{"\n", "\n  "}})}) {
    const auto parsed = ParseTokenFile(variant);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->SerializeAsString(), Sample().SerializeAsString());
  }
}

TEST(TokenFileTest, LinesAreShort) {
  size_t longest = 0, current = 0;
  for (const char c : FormatTokenFile(Sample())) {
    current = c == '\n' ? 0 : current + 1;
    longest = std::max(longest, current);
  }
  EXPECT_LE(longest, 64u);
}

TEST(TokenFileTest, SaysWhatIsWrong) {
  const std::string text = FormatTokenFile(Sample());
  ExpectMalformed("", "BEGIN");
  ExpectMalformed("canary", "BEGIN");
  ExpectMalformed(text.substr(0, text.size() / 2), "cut off");
  ExpectMalformed(absl::StrReplaceAll(text, {{"C", "?"}}), "");
  ExpectMalformed("-----BEGIN MUSTER BOOTSTRAP TOKEN-----\n-----END MUSTER BOOTSTRAP TOKEN-----\n",
                  "not base64");
  ExpectMalformed(
      "-----BEGIN MUSTER BOOTSTRAP TOKEN-----\n////\n-----END MUSTER BOOTSTRAP TOKEN-----\n",
      "damaged");
  ExpectMalformed(std::string(100'000, 'A'), "larger");
}

TEST(TokenFileTest, EveryPartIsNeeded) {
  auto token = Sample();
  token.clear_secret();
  ExpectMalformed(FormatTokenFile(token), "no secret");
  token = Sample();
  token.clear_bootstrap_address();
  ExpectMalformed(FormatTokenFile(token), "no orchestrator address");
  token = Sample();
  token.clear_ca_bundle_pem();
  ExpectMalformed(FormatTokenFile(token), "no CA certificate");
}

}  // namespace
}  // namespace muster::rpc
