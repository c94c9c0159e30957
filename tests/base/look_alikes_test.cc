// Names that people take for one another.
#include "base/look_alikes.h"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(LookAlikesTest, WhatLooksAlikeIsTheSame) {
  const std::pair<const char*, const char*> pairs[] = {
      {"db-01", "DB-01"},
      {"db-01", "db-O1"},
      {"db-01", "db-0l"},
      {"db-01", "db-0I"},
      {"db-01", "db-0|"},
      {"mail", "maiI"},
      {"corner", "comer"},
      {"vveb", "web"},
      {"web-01",
       "w\xD0\xB5"
       "b-01"},  // Cyrillic e.
      {"WEB-01",
       "W\xD0\x95"
       "B-01"},  // Its capital.
      {"node",
       "n\xCE\xBF"
       "de"},  // Greek omicron.
      {"host",
       "\xD5\xB0"
       "ost"},  // Armenian ho.
      {"web-01",
       "\xEF\xBD\x97"
       "eb-01"},  // Full width.
      {"web-01",
       "web\xE2\x80\x93"
       "01"},  // A dash that is longer.
      {"web-01", "web-01."},
      {"fi", "\xEF\xAC\x81"},  // A ligature.
  };
  for (const auto& [one, other] : pairs) {
    EXPECT_EQ(ShapeOf(one), ShapeOf(other)) << one << " and " << other;
  }
  // A letter has one twin: the Greek nu that of its small form, v, and not N.
  EXPECT_NE(ShapeOf("NODE"), ShapeOf("\xCE\x9D"
                                     "ODE"));
}

TEST(LookAlikesTest, WhatTellsNamesApartIsKept) {
  const std::pair<const char*, const char*> pairs[] = {
      {"db-01", "db-02"},      {"db-1", "db-11"}, {"web", "wEb2"}, {"s1", "51"}, {"b8", "bb"},
      {"caf\xC3\xA9", "cafe"}, {"web-1", "web1"}, {"a.b", "a-b"},  {"", "0"},
  };
  for (const auto& [one, other] : pairs) {
    EXPECT_NE(ShapeOf(one), ShapeOf(other)) << one << " and " << other;
  }
}

TEST(LookAlikesTest, TextThatIsNoneIsItself) {
  EXPECT_EQ(ShapeOf("\xFF\xFE"), "\xFF\xFE");
  EXPECT_EQ(ShapeOf(""), "");
}

}  // namespace
}  // namespace muster
