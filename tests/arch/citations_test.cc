// The tree explains itself: whatever a comment or a document sends its reader to is in the tree.
#include "tests/arch/citations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::arch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Citations, LeadSomewhere) {
  const Citable citable = CitableOfTheTree();
  ASSERT_GT(citable.sections.size(), 30u);
  ASSERT_GE(citable.rows.size(), 29u);
  ASSERT_GE(citable.invariants.size(), 13u);
  for (const SourceFile& file : ReadFiles(
           {"", "base", "proto", "store", "orchestrator", "worker", "tests", "docs", "deploy"},
           {".h", ".cc", ".inc", ".proto", ".sql", ".yaml", ".md"})) {
    if (file.path == "tests/arch/citations_test.cc") continue;  // Cites what is not there.
    EXPECT_THAT(DeadCitations(file, citable), IsEmpty());
  }
}

Citable Small() {
  return {.sections = {"4", "4.4"},
          .rows = {"H-1"},
          .invariants = {"1", "9"},
          .exists = [](const std::string& path) { return path == "docs/cli.md"; },
          .anchors = [](const std::string&) { return std::set<std::string>{"44-instances"}; }};
}
std::vector<std::string> DeadIn(const std::string& path, std::vector<std::string> lines) {
  return DeadCitations({path, std::move(lines)}, Small());
}

TEST(Citations, ThatHoldAreSilent) {
  EXPECT_THAT(DeadIn("a.h", {"// (certify.md 4.4 and 4; rows H-1, H-1). See invariants 1 and 9,",
                             "// docs/cli.md, and certify.md 4, 401 without a body."}),
              IsEmpty());
  EXPECT_THAT(DeadIn("docs/b.md", {"[x](cli.md#44-instances), [web](https://example.net/y.md)"}),
              IsEmpty());
}

TEST(Citations, ThatDoNotHoldAreFoundAcrossLines) {
  EXPECT_THAT(DeadIn("a.h", {"// (certify.md 4.4 and", "// 4.5)."}),
              ElementsAre(HasSubstr("section 4.5")));
  EXPECT_THAT(DeadIn("a.h", {"// rows H-1, H-2"}), ElementsAre(HasSubstr("row H-2")));
  EXPECT_THAT(DeadIn("a.sql", {"-- invariants 1 and", "-- 14"}),
              ElementsAre(HasSubstr("invariant 14")));
  EXPECT_THAT(DeadIn("a.proto", {"// docs/gone.md"}), ElementsAre(HasSubstr("docs/gone.md")));
  EXPECT_THAT(DeadIn("a.h", {"// Pure (design", "// section 8)."}),
              ElementsAre(HasSubstr("not in this tree")));
  EXPECT_THAT(DeadIn("a.h", {"// (contract 1.6)"}), ElementsAre(HasSubstr("not in this tree")));
}

TEST(Citations, LinksOfDocumentsAreFollowed) {
  EXPECT_THAT(DeadIn("docs/b.md", {"[x](gone.md)"}), ElementsAre(HasSubstr("docs/gone.md")));
  EXPECT_THAT(DeadIn("docs/x/b.md", {"[x](../cli.md#nowhere)"}),
              ElementsAre(HasSubstr("#nowhere")));
}

TEST(Citations, AnchorsAreWrittenAsWebPagesHaveThem) {
  EXPECT_EQ(AnchorOf("### 4.4 Instances"), "44-instances");
  EXPECT_EQ(AnchorOf("## 6. Limits, signatures"), "6-limits-signatures");
  EXPECT_EQ(AnchorOf("### 3.2 Hub side: `a` / b_c"), "32-hub-side-a--b_c");
}

}  // namespace
}  // namespace muster::arch
