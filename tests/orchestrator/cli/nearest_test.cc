#include "orchestrator/cli/nearest.h"

#include <gtest/gtest.h>

namespace muster::cli {
namespace {

TEST(Nearest, CountsLettersThatDiffer) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("list", "list"), 0);
  EXPECT_EQ(EditDistance("LIST", "list"), 0);
  EXPECT_EQ(EditDistance("lst", "list"), 1);
  EXPECT_EQ(EditDistance("lsit", "list"), 1) << "neighbors swapped";
  EXPECT_EQ(EditDistance("listt", "list"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("abc", ""), 3);
}

TEST(Nearest, FindsWhatIsNearAndGuessesNothing) {
  const std::vector<std::string> known = {"list", "show", "evict", "admit", "import"};
  EXPECT_EQ(Nearest("lits", known), "list");
  EXPECT_EQ(Nearest("improt", known), "import");
  EXPECT_EQ(Nearest("delete", known), std::nullopt);
  EXPECT_EQ(Nearest("x", {}), std::nullopt);
  EXPECT_EQ(Nearest("acme/prd", {"other/prod", "acme/prod", "acme/prod2"}), "acme/prod");
}

TEST(Nearest, SaysItAsAQuestion) {
  EXPECT_EQ(DidYouMean("shwo", {"show"}), "; did you mean 'show'?");
  EXPECT_EQ(DidYouMean("abcdef", {"show"}), "");
}

}  // namespace
}  // namespace muster::cli
