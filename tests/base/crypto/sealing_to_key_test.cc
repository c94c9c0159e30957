// Secrets that only one reader opens: what was changed, moved or sent to another stays closed.
#include "base/crypto/sealing_to_key.h"

#include <gtest/gtest.h>

#include "base/crypto/secure_random.h"

namespace muster::crypto {
namespace {

class SealingToKeyTest : public testing::Test {
 protected:
  std::string Sealed(absl::string_view text, absl::string_view purpose = "for cmd-1") {
    auto sealed = SealToKey(reader_->public_key(), Secret::CopyOf(text), purpose, SecureRandom());
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.value_or("");
  }

  absl::StatusOr<PrivateKey> reader_ = PrivateKey::Generate();
  absl::StatusOr<PrivateKey> other_ = PrivateKey::Generate();
};

TEST_F(SealingToKeyTest, TheReaderOpensWhateverItsLength) {
  for (const size_t size : {0, 1, 15, 16, 17, 65, 4096, 1 << 20}) {
    const std::string text(size, 'x');
    const auto opened = OpenWithKey(*reader_, Sealed(text), "for cmd-1");
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->Reveal(), text);
  }
}

TEST_F(SealingToKeyTest, NothingOfTheSecretIsSeenAndNoTwoAreAlike) {
  const std::string canary = "canary-of-the-joining-key";
  const std::string one = Sealed(canary);
  EXPECT_EQ(one.find(canary.substr(0, 6)), std::string::npos);
  const std::string two = Sealed(canary);
  EXPECT_NE(one, two);
  EXPECT_NE(one.substr(1, 65), two.substr(1, 65)) << "each has a key pair of its own";
}

TEST_F(SealingToKeyTest, AnotherKeyOrPurposeDoesNotOpenIt) {
  const std::string sealed = Sealed("secret");
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenWithKey(*other_, sealed, "for cmd-1").status()));
  for (const char* purpose : {"", "for cmd-2", "for cmd-1 ", "For cmd-1"}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(OpenWithKey(*reader_, sealed, purpose).status()));
  }
}

TEST_F(SealingToKeyTest, NoBitMayChange) {
  const std::string sealed = Sealed("secret");
  for (size_t at = 0; at < sealed.size(); ++at) {
    std::string altered = sealed;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    EXPECT_FALSE(OpenWithKey(*reader_, altered, "for cmd-1").ok()) << "byte " << at;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(OpenWithKey(*reader_, sealed.substr(0, size), "for cmd-1").ok()) << size;
  }
  EXPECT_FALSE(OpenWithKey(*reader_, sealed + "x", "for cmd-1").ok());
}

TEST_F(SealingToKeyTest, APointThatIsNoneIsRefused) {
  std::string sealed = Sealed("secret");
  for (const char c : {'\0', '\xff'}) {
    for (size_t at = 2; at < 66; ++at) sealed[at] = c;
    EXPECT_TRUE(absl::IsInvalidArgument(OpenWithKey(*reader_, sealed, "for cmd-1").status()));
  }
}

}  // namespace
}  // namespace muster::crypto
