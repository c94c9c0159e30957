#include "base/foreign_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/names.h"
#include "base/random.h"
#include "base/utf8.h"

namespace muster {
namespace {

TEST(ForeignTextTest, KeepsWhatPeopleCanSee) {
  for (const char* text : {"", "WEB-01.corp.example", "Microsoft Windows Server 2022", "Größe",
                           "データベース", "a b", "target t: waiting → in_flight"}) {
    EXPECT_EQ(ForeignText(text), text);
  }
}

TEST(ForeignTextTest, WhatCannotBeSeenIsNamed) {
  EXPECT_EQ(ForeignText("a\xff\xfe"
                        "b"),
            "a??b");
  EXPECT_EQ(ForeignText("one\r\ntwo\tthree"), "one two three");
  EXPECT_EQ(ForeignText("\x1b[31mred"), "[31mred");
  EXPECT_EQ(ForeignText("a\xc2\x9b"
                        "b"),
            "a b");
  EXPECT_EQ(ForeignText("evil\xe2\x80\xaetxt.exe"), "evil<U+202E>txt.exe");
  EXPECT_EQ(ForeignText("zero\xe2\x80\x8bwidth"), "zero<U+200B>width");
  EXPECT_EQ(ForeignText(absl::string_view("nul\0l", 5)), "nul l");
}

// Of any bytes: valid, visible, bounded, and clean once it is clean.
TEST(ForeignTextTest, HoldsForAnyBytes) {
  SeededRandom random(3);
  const auto below = [&random](int most) { return static_cast<size_t>(random.Fraction() * most); };
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    const size_t size = below(40);
    while (bytes.size() < size) {
      // Half of it from what makes trouble.
      constexpr const char* kParts[] = {"\xe2\x80\xae",
                                        "\xc2\x9b",
                                        "\xf0\x9f\x92\xa9",
                                        "\xc3",
                                        "\n",
                                        "\xef\xbb\xbf",
                                        "\xed\xa0\x80",
                                        "a",
                                        " ",
                                        "→",
                                        "\xe2\x86"};
      if (below(2) == 0) {
        bytes += kParts[below(11)];
      } else {
        bytes.push_back(static_cast<char>(below(256)));
      }
    }
    const size_t limit = below(50);
    const ForeignText text(bytes, limit);
    EXPECT_LE(text.str().size(), limit);
    EXPECT_TRUE(IsUtf8(text.str()));
    EXPECT_EQ(ProblemOfVisibleText(text.str()), "") << text;
    EXPECT_EQ(ForeignText(text.str(), limit), text);
  }
}

TEST(WithoutBadUtf8Test, ChangesBadBytesOnly) {
  EXPECT_EQ(WithoutBadUtf8("line\n\ttab \xc3\xa4"), "line\n\ttab \xc3\xa4");
  EXPECT_EQ(WithoutBadUtf8("\xff"
                           "a\xc3"),
            "?a?");
  EXPECT_EQ(WithoutBadUtf8(""), "");
}

}  // namespace
}  // namespace muster
