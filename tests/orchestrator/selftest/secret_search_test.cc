// Every spelling is found wherever it stands in a text, and nothing else is.
#include "orchestrator/selftest/secret_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster::selftest {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr char kSecret[] = "k3yabcdef+Ab/mzxw6ytbo=&\"<i4dcmrtgqZ~\\2tqwertzu";

std::set<Trace> FoundIn(absl::string_view text) {
  SecretSearch search;
  search.Plant("key", kSecret);
  search.Plant("other", "another-secret-of-many-letters");
  std::set<Trace> found;
  search.Look(text, found);
  return found;
}

TEST(SecretSearch, FindsEachSpellingWhereverItStands) {
  for (const Spelling& spelling : SpellingsOf(kSecret)) {
    for (const size_t before : {0, 1, 7, 1000}) {
      const std::string text = absl::StrCat(std::string(before, '-'), spelling.bytes, "tail");
      EXPECT_THAT(FoundIn(text), Contains(Trace{"key", spelling.name})) << spelling.bytes;
    }
    EXPECT_THAT(FoundIn(spelling.bytes), Contains(Trace{"key", spelling.name}));
    EXPECT_THAT(FoundIn(spelling.bytes.substr(0, 7)), IsEmpty());
  }
}

TEST(SecretSearch, FindsBase64OfATextThatHoldsTheSecret) {
  for (const char* before : {"", "a", "ab", "user:", "{\"secret\":\""}) {
    const std::string text = absl::StrCat(before, kSecret, "\"}");
    EXPECT_THAT(FoundIn(absl::Base64Escape(text)), Contains(Trace{"key", "base64"})) << before;
    EXPECT_THAT(FoundIn(absl::WebSafeBase64Escape(text)), Contains(Trace{"key", "base64"}));
  }
}

TEST(SecretSearch, FindsEitherHalfAlone) {
  const std::string secret = kSecret;
  EXPECT_THAT(FoundIn(absl::StrCat("x", secret.substr(0, secret.size() / 2), "x")),
              Contains(Trace{"key", "its first half"}));
  EXPECT_THAT(FoundIn(absl::StrCat("x", secret.substr(secret.size() / 2), "x")),
              Contains(Trace{"key", "its second half"}));
}

TEST(SecretSearch, FindsNothingInOtherTexts) {
  EXPECT_THAT(FoundIn(""), IsEmpty());
  EXPECT_THAT(FoundIn(std::string(10'000, '\0')), IsEmpty());
  EXPECT_THAT(FoundIn("k3yabcdef, k3yabcdef and mzxw6ytbo are parts only"), IsEmpty());
  EXPECT_THAT(FoundIn(absl::Base64Escape("an ordinary text of some length")), IsEmpty());
}

TEST(SecretSearch, TellsWhichSecretItWas) {
  EXPECT_THAT(FoundIn("= another-secret-of-many-letters ="), Contains(Trace{"other", "plain"}));
}

}  // namespace
}  // namespace muster::selftest
