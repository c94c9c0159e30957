#include "base/yaml/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace muster::yaml {
namespace {

using testing::HasSubstr;

std::vector<Problem> ProblemsOf(const std::string& text, const Limits& limits = {}) {
  std::vector<Problem> problems;
  ParseDocument(text, limits, problems);
  return problems;
}

TEST(Document, KeepsOrderTextAndPositions) {
  std::vector<Problem> problems;
  const Node root = ParseDocument("b: 1\na:\n  - \"x\"\n  - y\n", Limits(), problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(root.kind, NodeKind::kMapping);
  ASSERT_EQ(root.keys.size(), 2u);
  EXPECT_EQ(root.keys[0].text, "b");
  EXPECT_EQ(root.keys[1].position, (Position{2, 1}));
  const Node& list = root.children[1];
  ASSERT_EQ(list.children.size(), 2u);
  EXPECT_TRUE(list.children[0].quoted);
  EXPECT_FALSE(list.children[1].quoted);
  EXPECT_EQ(list.children[1].position, (Position{4, 5}));
}

TEST(Document, ClosedQuotesAtTheEndAreFine) {
  for (const char* text : {"a: \"x\"", "a: 'it''s'", "a: ''", "a: \"\\\"\"\n", "a: |\n  \"x\n"}) {
    EXPECT_TRUE(ProblemsOf(text).empty()) << text;
  }
}

TEST(Document, EmptyTextAndCommentsAreNothing) {
  std::vector<Problem> problems;
  EXPECT_EQ(ParseDocument("", Limits(), problems).kind, NodeKind::kNull);
  EXPECT_EQ(ParseDocument("# only a comment\n", Limits(), problems).kind, NodeKind::kNull);
  EXPECT_TRUE(problems.empty());
}

struct BadCase {
  const char* name;
  const char* text;
  int line;
  const char* reason;
};

class BadDocument : public testing::TestWithParam<BadCase> {};

TEST_P(BadDocument, IsRefusedWithItsLine) {
  const auto problems = ProblemsOf(GetParam().text);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].position.line, GetParam().line) << problems[0].reason;
  EXPECT_THAT(problems[0].reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadDocument,
    testing::Values(BadCase{"Tab", "a: 1\n\tb: 2\n", 2, "not valid YAML"},
                    BadCase{"UnclosedList", "a: [1, 2\nb: 3\n", 2, "not valid YAML"},
                    BadCase{"UnclosedQuote", "a: 1\nb: \"x\n", 2, "never closed"},
                    BadCase{"UnclosedSingleQuote", "a: 'it''s\n", 1, "never closed"},
                    BadCase{"UnclosedQuoteAfterBom",
                            "\xEF\xBB\xBF"
                            "é: \"x\n",
                            1, "never closed"},
                    BadCase{"BadIndent", "a:\n  b: 1\n c: 2\n", 3, "not valid YAML"},
                    BadCase{"Anchor", "a: &x 1\n", 1, "anchors"},
                    BadCase{"UnknownAlias", "a: *x\n", 1, "not valid YAML"},
                    BadCase{"Duplicate", "a: 1\nb: 2\na: 3\n", 3, "given twice"},
                    BadCase{"ListAsKey", "? [1, 2]\n: 3\n", 1, "a key must be plain text"},
                    BadCase{"Tag", "a: !!binary aGk=\n", 1, "is not allowed"},
                    BadCase{"TwoDocuments", "a: 1\n---\nb: 2\n", 3, "second document"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Document, DuplicateNamesItsPath) {
  const auto problems = ProblemsOf("a:\n  - b: 1\n  - c: 1\n    c: 2\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "a[1].c");
}

TEST(Document, AliasBombIsRefusedWithoutGrowing) {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    absl::StrAppend(&text, std::string(1, c), ": &", std::string(1, c), " [");
    for (int i = 0; i < 9; ++i) absl::StrAppend(&text, i == 0 ? "" : ",", "*", before);
    absl::StrAppend(&text, "]\n");
  }
  const auto problems = ProblemsOf(text);
  EXPECT_EQ(problems.size(), Limits().max_problems);
  EXPECT_THAT(problems[0].reason, HasSubstr("anchors"));
}

TEST(Document, WhatIsWrongWithAllOfItIsToldBehindManyProblems) {
  const std::string many = "{" + std::string(190, ',');
  for (const auto& [end, why] :
       {std::pair{"\"{\"", "not valid YAML"}, std::pair{"a: \"open", "not valid YAML"},
        std::pair{"}\n---\nb: 1\n", ""}}) {
    const auto problems = ProblemsOf(many + end);
    ASSERT_FALSE(problems.empty()) << end;
    EXPECT_LE(problems.size(), Limits().max_problems) << end;
    EXPECT_THAT(problems.back().reason, HasSubstr(why)) << end;
  }
}

TEST(Document, DepthIsBounded) {
  const auto problems = ProblemsOf(std::string(100, '[') + std::string(100, ']'));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].reason, HasSubstr("levels deep"));
  // Beyond what yaml-cpp itself descends to.
  EXPECT_FALSE(ProblemsOf(std::string(100'000, '[')).empty());
}

TEST(Document, SizeAndNodesAreBounded) {
  Limits limits;
  limits.max_bytes = 100;
  EXPECT_THAT(ProblemsOf(std::string(101, 'a'), limits).at(0).reason, HasSubstr("larger than"));
  limits.max_nodes = 3;
  EXPECT_THAT(ProblemsOf("[1, 2, 3, 4]", limits).at(0).reason, HasSubstr("more than 3 entries"));
}

TEST(Document, WhatIsNotUtf8IsRefused) {
  EXPECT_THAT(ProblemsOf(std::string("a: \0b", 5)).at(0).reason, HasSubstr("zero byte"));
  const auto latin = ProblemsOf("a: 1\nb: M\xFCnchen\nc: K\xF6ln\n");
  ASSERT_EQ(latin.size(), 1u);
  EXPECT_EQ(latin[0].position.line, 2);
  EXPECT_THAT(latin[0].reason, HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace muster::yaml
