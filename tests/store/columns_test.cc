// Lists and labels as they stand in a column.
#include "store/sqlite/columns.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace muster::store {
namespace {

TEST(ColumnsTest, ListsSurviveAnyBytes) {
  const std::vector<std::string> items = {"", "a", "3:abc", std::string("\0x", 2), "ü"};
  EXPECT_EQ(DecodeList(EncodeList(items)), items);
  EXPECT_EQ(DecodeList(""), std::vector<std::string>());
  for (const char* bad : {"x", "3:ab", "-1:a", ":", "99999999999999999999:a", "1"}) {
    EXPECT_EQ(DecodeList(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(DecodeLabels("1:a"), std::nullopt);
}

}  // namespace
}  // namespace muster::store
