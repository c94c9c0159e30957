// Secrets in files as editors, shells and clipboards leave them.
#include "orchestrator/cli/secret_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

TEST(SecretText, IsOneVisibleLine) {
  EXPECT_EQ(*SecretOf("abc"), "abc");
  EXPECT_EQ(*SecretOf("abc\n"), "abc");
  EXPECT_EQ(*SecretOf("abc\r\n"), "abc");
  EXPECT_EQ(*SecretOf("a b\xC3\xBC"), "a b\xC3\xBC");
  const struct {
    absl::string_view content;
    const char* why;
  } rows[] = {
      {"", "is empty"},
      {"\r\n", "is empty"},
      {"canary\n\n", "more than one line"},
      {"canary\rcanary", "more than one line"},
      {" canary", "a blank at its beginning"},
      {"canary \n", "a blank at its end"},
      {"canary\t", "a blank at its end"},
      {"\xEF\xBB\xBF"
       "canary",
       "U+FEFF (byte order mark) at its beginning"},
      {"canary\xE2\x80\x8B\n", "U+200B (zero width space) at its end"},
      {"canary\xC2\xA0", "U+00A0 (no-break space) at its end"},
      {"can\x01"
       "ary",
       "U+0001 (control character) at byte 4"},
      {"canary\xFC", "byte 0xFC at position 7 is no UTF-8"},
      {absl::string_view("\xFF\xFE"
                         "c\0a\0",
                         6),
       "UTF-16"},
      {absl::string_view("c\0a\0", 4), "UTF-16"},
  };
  for (const auto& row : rows) {
    const auto secret = SecretOf(row.content);
    ASSERT_FALSE(secret.ok()) << row.why;
    EXPECT_THAT(
        std::string(secret.status().message()),
        testing::AllOf(testing::HasSubstr(row.why), testing::Not(testing::HasSubstr("canary"))));
  }
}

}  // namespace
}  // namespace muster::cli
