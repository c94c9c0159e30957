#include "orchestrator/cli/printable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::ElementsAre;

struct Dangerous {
  const char* what;
  std::string bytes;
  const char* escaped;
};

const std::vector<Dangerous>& AllDangerous() {
  static const auto* const all = new std::vector<Dangerous>{
      {"escape", "\x1b", "\\u001b"},
      {"nothing", std::string(1, '\0'), "\\u0000"},
      {"carriage return", "\r", "\\u000d"},
      {"delete", "\x7f", "\\u007f"},
      {"C1 control sequence introducer", "\xc2\x9b", "\\u009b"},
      {"zero width space", "\xe2\x80\x8b", "\\u200b"},
      {"right-to-left override", "\xe2\x80\xae", "\\u202e"},
      {"isolate", "\xe2\x81\xa6", "\\u2066"},
      {"line separator", "\xe2\x80\xa8", "\\u2028"},
      {"byte order mark", "\xef\xbb\xbf", "\\ufeff"},
      {"tag", "\xf3\xa0\x81\x81", "\\udb40\\udc41"},
      {"no UTF-8", "\xff", "\\ufffd"},
  };
  return *all;
}

TEST(Printable, ShowsNothingThatATerminalObeys) {
  for (const Dangerous& dangerous : AllDangerous()) {
    const std::string text = "a" + dangerous.bytes + "b";
    EXPECT_EQ(Printable(text), "a?b") << dangerous.what;
    EXPECT_EQ(WithEscapes(text), std::string("a") + dangerous.escaped + "b") << dangerous.what;
  }
  EXPECT_EQ(Printable("Münster 東京 ☎"), "Münster 東京 ☎");
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(PrintableLines("a\x1b\n\nb\n"), "a?\n\nb\n");
  EXPECT_EQ(WithEscapes("a\nb\tc"), "a\nb\tc");
}

TEST(Printable, CountsColumnsOfTheTerminal) {
  EXPECT_EQ(WidthOf("abc"), 3u);
  EXPECT_EQ(WidthOf("Münster"), 7u);
  EXPECT_EQ(WidthOf("東京"), 4u);
  EXPECT_EQ(WidthOf("e\xcc\x81"), 1u) << "a combining accent";
  EXPECT_EQ(WidthOf("\xf0\x9f\x98\x80"), 2u) << "an emoji";
}

TEST(Printable, CutsToColumnsNotBytes) {
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdef", 4), "abc…");
  EXPECT_EQ(Fit("東京都", 5), "東京…");
  EXPECT_EQ(Fit("東京都", 4), "東…");
  EXPECT_EQ(Fit("abc", 0), "");
}

TEST(Printable, BreaksSentencesAtSpaces) {
  EXPECT_THAT(Wrap("the hub does not answer", 10), ElementsAre("the hub", "does not", "answer"));
  EXPECT_THAT(Wrap("", 10), ElementsAre(""));
  EXPECT_THAT(Wrap("abcdefgh ij", 4), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(Wrap("東京都", 4), ElementsAre("東京", "都"));
  EXPECT_THAT(Wrap("completed_with_stragglers", 18), ElementsAre("completed_with_", "stragglers"));
  EXPECT_THAT(Wrap("see https://hub.example/path x", 20),
              ElementsAre("see", "https://hub.example/", "path x"));
  EXPECT_THAT(Wrap("a/bcdefghijkl", 8), ElementsAre("a/bcdefg", "hijkl")) << "not a line of two";
}

}  // namespace
}  // namespace muster::cli
