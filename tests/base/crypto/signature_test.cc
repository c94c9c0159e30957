#include "base/crypto/signature.h"

#include <gtest/gtest.h>

namespace muster::crypto {
namespace {

TEST(SignatureTest, OnlyTheKeyAndTheBytesThatWereSignedFit) {
  const PrivateKey key = *PrivateKey::Generate();
  const PrivateKey other = *PrivateKey::Generate();
  const std::string signature = *Sign(key, "the text");
  EXPECT_TRUE(IsSignatureOf(key.public_key(), "the text", signature));
  EXPECT_FALSE(IsSignatureOf(key.public_key(), "the texT", signature));
  EXPECT_FALSE(IsSignatureOf(key.public_key(), "", signature));
  EXPECT_FALSE(IsSignatureOf(other.public_key(), "the text", signature));
  EXPECT_TRUE(IsSignatureOf(key.public_key(), "", *Sign(key, "")));
}

TEST(SignatureTest, AnyOtherBytesAreNone) {
  const PrivateKey key = *PrivateKey::Generate();
  const std::string signature = *Sign(key, "x");
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string bent = signature;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_FALSE(IsSignatureOf(key.public_key(), "x", bent)) << i;
    EXPECT_FALSE(IsSignatureOf(key.public_key(), "x", signature.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace muster::crypto
