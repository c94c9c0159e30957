#include "base/yaml/parse_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example.pb.h"

namespace muster::yaml {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ParseYamlTest : public testing::Test {
 protected:
  std::string Parse(absl::string_view text) {
    const absl::Status status = ParseYaml(text, "f.yaml", &message_);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }
  std::string Read(absl::string_view text) {
    EXPECT_EQ(Parse(text), "");
    return message_.ShortDebugString();
  }

  example::Outer message_;
};

TEST_F(ParseYamlTest, ReadsEveryKindOfField) {
  EXPECT_EQ(Read("text: hello # a comment\nflag: true\nsmall: -7\nnatural: 7\n"
                 "big: -9223372036854775808\nhuge: 18446744073709551615\nreal: 1.5\nsingle: 2\n"
                 "mode: very_slow\n"),
            "text: \"hello\" flag: true small: -7 natural: 7 big: -9223372036854775808 "
            "huge: 18446744073709551615 real: 1.5 single: 2 mode: RUN_MODE_VERY_SLOW");
  EXPECT_EQ(Read("inner: {name: a, size: 1}\ninners:\n  - name: b\n  - size: 2\n"
                 "names: [x, y]\nnumbers: [1, 2]\nmodes: [FAST, RUN_MODE_FAST]\n"),
            "inner { name: \"a\" size: 1 } inners { name: \"b\" } inners { size: 2 } "
            "names: \"x\" names: \"y\" numbers: 1 numbers: 2 modes: RUN_MODE_FAST "
            "modes: RUN_MODE_FAST");
  EXPECT_EQ(Read("labels: {site: berlin}\nby_number: {3: {name: c}}\nttl: 24h\nleft: l\n"
                 "waits: [1.5s, 2d]\n"),
            "labels { key: \"site\" value: \"berlin\" } by_number { key: 3 value { name: \"c\" } } "
            "ttl { seconds: 86400 } left: \"l\" "
            "waits { seconds: 1 nanos: 500000000 } waits { seconds: 172800 }");
}

TEST_F(ParseYamlTest, StringsKeepWhatIsWritten) {
  EXPECT_EQ(Read("names: [123, true, 1.0, 0x1F, \"q\", 'no', \"\"]\n"),
            "names: \"123\" names: \"true\" names: \"1.0\" names: \"0x1F\" names: \"q\" "
            "names: \"no\" names: \"\"");
}

TEST_F(ParseYamlTest, EmptyFileIsAnEmptyMessage) { EXPECT_EQ(Read("# nothing\n"), ""); }

TEST_F(ParseYamlTest, ReadingClearsTheMessage) {
  Read("text: a");
  EXPECT_EQ(Read("small: 1"), "small: 1");
}

struct BadText {
  const char* text;
  const char* place;  // "line:column: path"
  const char* reason;
};

TEST_F(ParseYamlTest, RefusesWithPlacePathAndReason) {
  const BadText cases[] = {
      {"txt: a", "1:1: txt", "unknown field; known here: text, flag"},
      {"inner:\n  nam: a", "2:3: inner.nam", "unknown field; known here: name, size"},
      {"text:\n", ":", "has no value"},
      {"text: ~", "1:7: text", "has no value"},
      {"text: [a]", "1:7: text", "must be a single value, not a list"},
      {"text: {a: b}", "1:7: text", "must be a single value, not a mapping"},
      {"flag: yes", "1:7: flag", "must be true or false, not \"yes\""},
      {"flag: \"true\"", "1:7: flag", "without quotes"},
      {"small: 2147483648", "1:8: small", "from -2147483648 to 2147483647, not \"2147483648\""},
      {"small: 1.5", "1:8: small", "must be a whole number"},
      {"small: '1'", "1:8: small", "without quotes"},
      {"small: 0x10", "1:8: small", "must be a whole number"},
      {"small: +1", "1:8: small", "must be a whole number"},
      {"natural: -1", "1:10: natural", "from 0 to 4294967295"},
      {"big: 9223372036854775808", "1:6: big", "must be a whole number"},
      {"huge: 18446744073709551616", "1:7: huge", "must be a whole number"},
      {"real: .inf", "1:7: real", "must be a number"},
      {"real: nan", "1:7: real", "must be a number"},
      {"single: 1e300", "1:9: single", "must be a number"},
      {"mode: slow", "1:7: mode", "must be one of fast, very_slow, not \"slow\""},
      {"raw: aGk=", "1:6: raw", "cannot be written"},
      {"inner: a", "1:8: inner", "must be a mapping of fields, not a single value"},
      {"inner: [a]", "1:8: inner", "must be a mapping of fields, not a list"},
      {"inners: {name: a}", "1:9: inners", "must be a list"},
      {"inners:\n  - name: a\n  - 5", "3:5: inners[1]", "must be a mapping"},
      {"names:\n  - a\n  -\n", "names[1]", "is empty"},
      {"numbers: [1, x]", "1:14: numbers[1]", "must be a whole number"},
      {"labels: [a]", "1:9: labels", "must be a mapping"},
      {"labels: {a: [b]}", "labels.a", "must be a single value"},
      {"labels: {a: }", "labels.a", "has no value"},
      {"by_number: {x: {name: a}}", "by_number.x", "must be a whole number"},
      {"ttl: 24", "1:6: ttl", "must be a duration with its unit"},
      {"ttl: {seconds: 5}", "1:6: ttl", "must be a duration with its unit"},
      {"left: a\nright: {name: b}", "2:1: right", "cannot stand beside left"},
      {"text: a\ntext: b", "2:1: text", "given twice"},
      {"- a", "1:1", "must be a mapping of fields, not a list"},
      {"just text", "1:1", "must be a mapping of fields, not a single value"},
      {"text: \"open", ":", "not valid YAML"},
      {"text: &a x\nnames: [*a]", "1:", "anchors"},
      {"<<: {text: a}", "1:1: <<", "unknown field"},
  };
  for (const BadText& bad : cases) {
    EXPECT_THAT(Parse(bad.text),
                AllOf(StartsWith("f.yaml:"), HasSubstr(bad.place), HasSubstr(bad.reason)))
        << bad.text;
  }
}

TEST_F(ParseYamlTest, ReportsAllProblemsAtOnceInOrder) {
  EXPECT_EQ(Parse("small: x\ninner:\n  nam: a\n  size: y\nflag: 1\n"),
            "f.yaml:1:8: small: must be a whole number from -2147483648 to 2147483647, not \"x\"\n"
            "f.yaml:3:3: inner.nam: unknown field; known here: name, size\n"
            "f.yaml:4:9: inner.size: must be a whole number from -2147483648 to 2147483647, "
            "not \"y\"\n"
            "f.yaml:5:7: flag: must be true or false, not \"1\"");
}

TEST_F(ParseYamlTest, TellsWhereFieldsStand) {
  Positions positions;
  EXPECT_TRUE(
      ReadYaml("text: a\ninners:\n  - name: b\n  - name: c\n", Limits(), &message_, &positions)
          .empty());
  EXPECT_EQ(positions.at("inners[1].name"), (Position{4, 5}));
  EXPECT_EQ(positions.at("inners[1]"), (Position{4, 5}));
  EXPECT_EQ(positions.at("text"), (Position{1, 1}));
}

}  // namespace
}  // namespace muster::yaml
