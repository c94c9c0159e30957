// What is struck out of foreign text, whatever the secret is made of and however it comes back.
#include "base/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Struck(const std::string& text, std::vector<absl::string_view> secrets) {
  return StrikeOut(text, secrets);
}

TEST(Redact, SecretsThatAreAPartOfTheReplacementEnd) {
  for (const std::string& secret :
       {std::string("redacted"), std::string("[redacted]"), std::string("acte"), std::string("]["),
        std::string("REDACTED"), std::string("[reda"), std::string("d][r"), std::string("aaaa"),
        std::string("]"), std::string("["), std::string("e"), std::string("")}) {
    const std::string text = absl::StrCat("x ", secret, secret, " y ", secret, " z");
    const std::string struck = Struck(text, {secret});
    EXPECT_LT(struck.size(), 200u) << secret;
    const absl::string_view secrets[] = {secret};
    EXPECT_LT(Redact(text, secrets).size(), 200u) << secret;
  }
  EXPECT_EQ(Struck("a redacted b", {"redacted"}), "a [redacted] b");
}

TEST(Redact, OverlappingAndRepeatedSecretsLeaveNothing) {
  EXPECT_EQ(Struck("abcdefgh", {"abcde", "defgh"}), "[redacted]");
  EXPECT_EQ(Struck("aaaaaaa", {"aaaa"}), "[redacted]");
  EXPECT_EQ(Struck("x-abcdabcd-y", {"abcd"}), "x-[redacted]-y");
  EXPECT_EQ(Struck("long-secret and long", {"long", "long-secret"}), "[redacted] and [redacted]");
  EXPECT_EQ(Struck("nothing here", {""}), "nothing here");
}

TEST(Redact, ShortSecretsGoWhereTheyAreWords) {
  EXPECT_EQ(Struck("key=a; banana", {"a"}), "key=[redacted]; banana");
  EXPECT_EQ(Struck("\"ab\": abc ab", {"ab"}), "\"[redacted]\": abc [redacted]");
}

TEST(Redact, EverySpelling) {
  for (const std::string& secret :
       {std::string("canary-7f3a-Secret+Of/The=Joining&Key"), std::string("p\"q\\r<s>t'u v+w/x"),
        std::string("Ünïcödé-geheim 100%"), std::string("tab\tline\nend"),
        std::string("0f8fad5b-d9cd-469f-a165-70867728950e")}) {
    std::string percent, lower_percent, form, html;
    for (const char c : secret) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = absl::ascii_isalnum(byte) || std::strchr("-._~", c) != nullptr;
      const std::string hex = absl::StrCat("%", absl::Hex(byte, absl::kZeroPad2));
      percent += plain ? std::string(1, c) : absl::AsciiStrToUpper(hex);
      lower_percent += plain ? std::string(1, c) : hex;
      form += plain ? std::string(1, c) : c == ' ' ? "+" : absl::AsciiStrToUpper(hex);
      html += c == '&'    ? "&amp;"
              : c == '<'  ? "&lt;"
              : c == '>'  ? "&gt;"
              : c == '"'  ? "&quot;"
              : c == '\'' ? "&#x27;"
                          : std::string(1, c);
    }
    std::string base64 = absl::Base64Escape(secret);
    std::string basic = absl::Base64Escape(absl::StrCat("user:", secret));
    std::string url64 = absl::WebSafeBase64Escape(absl::StrCat("ab", secret, "!"));
    for (const std::string& spelling : {secret, percent, lower_percent, form, html}) {
      const std::string struck = Struck(absl::StrCat("before ", spelling, " after"), {secret});
      EXPECT_EQ(struck, "before [redacted] after") << spelling;
      EXPECT_EQ(Struck(absl::AsciiStrToUpper(spelling), {secret}).find("canary"),
                std::string::npos);
    }
    for (const std::string& spelling : {base64, basic, url64}) {
      const std::string struck = Struck(absl::StrCat("<", spelling, ">"), {secret});
      EXPECT_THAT(struck, HasSubstr("[redacted]")) << spelling;
      // At most the characters that the secret shares with its neighbors are left.
      EXPECT_LE(struck.size(), std::string("<[redacted]>").size() + 14) << spelling << struck;
    }
  }
}

// What somebody makes of it who means to get it through.
TEST(Redact, Disguises) {
  const std::string secret = "canary-7f3a-Secret+Of/The=Joining&Key";
  const auto each = [&](const std::function<std::string(int)>& spell) {
    std::string out;
    for (const char c : secret) out += spell(static_cast<unsigned char>(c));
    return out;
  };
  const auto letter = [](int c) { return std::string(1, static_cast<char>(c)); };
  std::string wide;
  for (const char c : secret) wide += {c, '\0'};
  const std::string disguises[] = {
      std::string(secret.rbegin(), secret.rend()),
      each([&](int c) { return letter(c) + " "; }),
      each([&](int c) { return "." + letter(c); }),
      each([](int c) { return absl::StrCat("&#", c, ";"); }),
      each([](int c) { return absl::StrCat("&#x", absl::Hex(c), ";"); }),
      each([](int c) { return absl::StrCat("%", absl::Hex(c)); }),
      each([](int c) { return absl::StrCat("\\u", absl::Hex(c, absl::kZeroPad4)); }),
      each([](int c) { return absl::StrCat("\\x", absl::Hex(c)); }),
      absl::BytesToHexString(secret),
      absl::AsciiStrToUpper(absl::BytesToHexString(secret)),
      wide,
      absl::Base64Escape(wide),
      absl::StrCat(secret.substr(0, 20), " and then ", secret.substr(20)),
      "7f3a_secret_of"};
  for (const std::string& disguise : disguises) {
    const absl::string_view secrets[] = {secret};
    const std::string kept = Redact("before " + disguise + " after", secrets);
    EXPECT_THAT(kept, HasSubstr(std::string(kRedacted))) << disguise;
    std::string letters;
    for (const char c : absl::AsciiStrToLower(kept)) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c))) letters += c;
    }
    for (const char* piece : {"canary7f", "secretof", "thejoini", "yekgnini", "foterces"}) {
      EXPECT_THAT(letters, Not(HasSubstr(piece))) << disguise << " became " << kept;
    }
  }
  const absl::string_view secrets[] = {secret};
  EXPECT_EQ(Redact("the key of the zone; a secret; 7 joins", secrets),
            "the key of the zone; a secret; 7 joins")
      << "words are not the secret";
  const absl::string_view word[] = {"secret42"};
  EXPECT_EQ(Redact("a secret 4, and 24terces.", word), "a secret 4, and [redacted].");
}

TEST(Redact, ACutHalvesNoSecret) {
  const std::string secret = "The-Joining-Secret-1";
  for (size_t before : {480u, 490u, 495u, (64u << 10) - 10, (64u << 10) - 1}) {
    const std::string text = std::string(before, 'x') + " " + secret;
    const absl::string_view secrets[] = {secret};
    EXPECT_THAT(Redact(text, secrets, 100'000), Not(HasSubstr("The-J"))) << before;
  }
}

TEST(CleanLine, IsAlwaysOnePrintableLine) {
  EXPECT_EQ(CleanLine("a\nb\tc\x1b[31md"), "a b c [31md");
  EXPECT_EQ(CleanLine("WEB\xff\xfe-1"), std::string("WEB") + "?" + "?-1");
  EXPECT_EQ(CleanLine("a\xc2\x9b"
                      "31mb"),
            "a 31mb")
      << "C1 controls";
  EXPECT_EQ(CleanLine(std::string("nul\0end", 7)), "nul end");
  EXPECT_EQ(CleanLine("", 10), "");
  for (size_t limit = 0; limit < 12; ++limit) {
    const std::string line = CleanLine("äöü€𝄞x", limit);
    EXPECT_LE(line.size(), limit);
    EXPECT_TRUE(IsUtf8(line)) << limit;
  }
}

}  // namespace
}  // namespace muster
