#include "base/crypto/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/escaping.h"
#include "base/crypto/digest.h"
#include "base/crypto/secure_random.h"

namespace muster::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231, test case 2.
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(DigestTest, ConstantTimeEqualsComparesAllBytes) {
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
}

TEST(SecureRandomTest, DoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(SecureRandom().Base32(20));
  EXPECT_EQ(seen.size(), 100u);
}

class SealingTest : public testing::Test {
 protected:
  SeededRandom random_{1};
  Secret key_ = GenerateSealingKey(random_);
};

TEST_F(SealingTest, OpensWhatItSealed) {
  for (const char* text : {"the secret", ""}) {
    for (const char* data : {"acme/prod", ""}) {
      const auto blob = Seal(key_, Secret::CopyOf(text), data, random_);
      ASSERT_TRUE(blob.ok()) << blob.status();
      const auto opened = Open(key_, *blob, data);
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ(opened->Reveal(), text);
    }
  }
}

TEST_F(SealingTest, TheBlobHidesTheTextAndNeverRepeats) {
  const auto first = Seal(key_, Secret::CopyOf("canary"), "z", random_);
  const auto second = Seal(key_, Secret::CopyOf("canary"), "z", random_);
  EXPECT_THAT(first->bytes, Not(HasSubstr("canary")));
  EXPECT_NE(first->bytes, second->bytes);
}

TEST_F(SealingTest, AnotherKeyOrOwnerDoesNotOpenIt) {
  const auto blob =
      Seal(key_, Secret::CopyOf("secret"), AssociatedData({"acme/prod", "1"}), random_);
  EXPECT_TRUE(absl::IsFailedPrecondition(
      Open(GenerateSealingKey(random_), *blob, AssociatedData({"acme/prod", "1"})).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Open(key_, *blob, AssociatedData({"acme/test", "1"})).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Open(key_, *blob, "").status()));
}

TEST_F(SealingTest, EveryAlteredBitIsNoticed) {
  const auto blob = Seal(key_, Secret::CopyOf("secret"), "z", random_);
  for (size_t i = 0; i < blob->bytes.size() * 8; ++i) {
    SealedBlob altered = *blob;
    altered.bytes[i / 8] = static_cast<char>(altered.bytes[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(Open(key_, altered, "z").ok()) << "bit " << i;
  }
}

TEST_F(SealingTest, EveryTruncationIsNoticed) {
  const auto blob = Seal(key_, Secret::CopyOf("secret"), "z", random_);
  for (size_t size = 0; size < blob->bytes.size(); ++size) {
    EXPECT_FALSE(Open(key_, {blob->bytes.substr(0, size)}, "z").ok()) << size;
  }
}

TEST_F(SealingTest, AKeyOfTheWrongSizeIsAMistake) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(Seal(Secret::CopyOf("short"), Secret(), "", random_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Open(Secret(), SealedBlob{}, "").status()));
}

TEST(AssociatedDataTest, PartsDoNotRunTogether) {
  EXPECT_NE(AssociatedData({"a", "bc"}), AssociatedData({"ab", "c"}));
  EXPECT_NE(AssociatedData({"a"}), AssociatedData({"a", ""}));
}

}  // namespace
}  // namespace muster::crypto
