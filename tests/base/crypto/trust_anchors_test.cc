// CA files as operators hand them in.
#include "base/crypto/trust_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/testdata/hub_ca.h"

namespace muster::crypto {
namespace {

TEST(TrustAnchors, AreAllCertificatesOfTheFile) {
  const auto one = TrustAnchorsFromPem(kHubCaPem);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->front().subject_common_name(), "Hub Test CA");
  EXPECT_EQ(
      TrustAnchorsFromPem(absl::StrCat("Our CA\n======\n", kHubCaPem, "\n", kHubCaPem))->size(),
      2u);
  EXPECT_TRUE(TrustAnchorsFromPem(
                  absl::StrCat("\xEF\xBB\xBF", absl::StrReplaceAll(kHubCaPem, {{"\n", "\r\n"}})))
                  .ok());
}

TEST(TrustAnchors, AreNothingElse) {
  const std::string good = kHubCaPem;
  const size_t middle = good.size() / 2;
  const struct {
    std::string pem;
    const char* why;
  } rows[] = {
      {"", "it is empty"},
      {" \n\n", "it is empty"},
      {"no certificate\n", "holds no certificate"},
      {kHubCaKeyPem, "line 1: a private key"},
      {good + kHubCaKeyPem, "a private key"},
      {good + "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n",
       "kind CERTIFICATE REQUEST"},
      {good.substr(0, middle), "is not closed"},
      {good + good.substr(0, middle), "is not closed"},
      {good.substr(0, middle) + "\n" + good, "is not closed"},
      {good.substr(0, middle) + good.substr(middle + 9), "is damaged"},
      {good.substr(1), "a damaged line"},
      {good.substr(good.find('\n') + 1), "line -----BEGIN CERTIFICATE----- is missing"},
      {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "is damaged"},
      {std::string("\x30\x82\x01\x00", 4), "binary"},
      {std::string("\xFF\xFE-\0-\0", 6), "binary"},
  };
  for (const auto& row : rows) {
    const auto anchors = TrustAnchorsFromPem(row.pem);
    ASSERT_FALSE(anchors.ok()) << row.pem;
    EXPECT_THAT(std::string(anchors.status().message()), testing::HasSubstr(row.why));
  }
}

}  // namespace
}  // namespace muster::crypto
