#include "orchestrator/hub/instance_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/utf8.h"
#include "orchestrator/hub/iso_time.h"

namespace muster::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Shape = InstanceList::Shape;

constexpr char kGuid[] = "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d";
constexpr char kHashCanary[] = "Y2FuYXJ5LXNlY3JldA==";

absl::Time At(absl::string_view text) {
  absl::Time time;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, std::string(text), &time, nullptr)) << text;
  return time;
}

// A record as a hub of mid 2026 writes it (certify.md 4.4).
std::string Record2026() {
  return absl::StrCat(R"({
    "instanceId":")",
                      kGuid, R"(","internalInstanceId":"A1B2","securityPrincipalId":"7c0e",
    "customTitle":null,"displayTitle":"Shop front","os":"Windows","osVersion":"10.0.20348.0",
    "clientName":"Certify Certificate Manager","clientVersion":"7.0.2.0",
    "tags":[{"categoryKey":"environment","value":"prod","title":"no title"}],
    "dateLastReported":"2026-07-18T11:00:30.1234567+02:00",
    "dateRegistered":"2026-07-18T08:59:58.0000000Z","connectionStatus":"connected",
    "isAuthenticated":true,"isPendingConnection":false,"isDashboardEnabled":false,
    "requestAuthSecretHash":")",
                      kHashCanary, R"(",
    "license":{"isValid":false,"statusCode":"x","title":"no title","id":"no id"},
    "summary":{"instanceId":"another","total":0},
    "id":"3F0C9A52-6D0E-4A0B-9A57-0D5F6A1B2C3D","title":"WEB-017","description":"",
    "itemType":"managedinstance"})");
}

TEST(ParseInstanceList, ReadsARecordOfMid2026) {
  const auto list = ParseInstanceList(absl::StrCat("[", Record2026(), "]"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->shape, Shape::kFull);
  EXPECT_EQ(list->skipped, 0);
  EXPECT_TRUE(list->shows_disconnected);
  ASSERT_EQ(list->instances.size(), 1u);
  const core::HubInstance& instance = list->instances[0];
  EXPECT_EQ(instance.id.value(), kGuid);
  EXPECT_EQ(instance.internal_instance_id, "A1B2");
  EXPECT_EQ(instance.title, "WEB-017");
  EXPECT_EQ(instance.os, "Windows");
  EXPECT_EQ(instance.client_name, "Certify Certificate Manager");
  EXPECT_EQ(instance.client_version, "7.0.2.0");
  EXPECT_EQ(instance.connected, true);
  EXPECT_EQ(instance.pending, false);
  EXPECT_EQ(instance.reported_time, At("2026-07-18T09:00:30.1234567+00:00"));
  EXPECT_EQ(instance.registered_time, At("2026-07-18T08:59:58+00:00"));
}

TEST(ParseInstanceList, KeepsNothingOfTheRequestAuthSecret) {
  const auto list = ParseInstanceList(absl::StrCat("[", Record2026(), "]"));
  ASSERT_TRUE(list.ok());
  const core::HubInstance& i = list->instances[0];
  const std::string all = absl::StrJoin({i.id.value(), i.internal_instance_id.str(), i.title.str(),
                                         i.os.str(), i.client_name.str(), i.client_version.str()},
                                        "|");
  EXPECT_THAT(all, Not(HasSubstr(kHashCanary)));
}

// One row per version of certify.md 8.
struct VersionRow {
  const char* name;
  const char* json;
  Shape shape;
  const char* title;
  std::optional<bool> connected;
  std::optional<bool> pending;
  const char* reported;  // Null: none.
  bool shows_disconnected;
};

class Versions : public ::testing::TestWithParam<VersionRow> {};

TEST_P(Versions, AreRead) {
  const VersionRow& row = GetParam();
  const auto list = ParseInstanceList(row.json);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->shape, row.shape);
  EXPECT_EQ(list->skipped, 0);
  EXPECT_EQ(list->shows_disconnected, row.shows_disconnected);
  ASSERT_EQ(list->instances.size(), 1u);
  const core::HubInstance& instance = list->instances[0];
  EXPECT_EQ(instance.id.value(), "abc");
  EXPECT_EQ(instance.title, row.title);
  EXPECT_EQ(instance.connected, row.connected);
  EXPECT_EQ(instance.pending, row.pending);
  EXPECT_EQ(instance.reported_time,
            row.reported == nullptr ? std::nullopt : std::make_optional(At(row.reported)));
}

INSTANTIATE_TEST_SUITE_P(
    Section8, Versions,
    ::testing::Values(
        VersionRow{"Of2024",
                   R"([{"instanceId":"ABC","title":"web","tags":["a","b"],
                        "lastReported":"2024-10-17T09:00:00.5"}])",
                   Shape::kLegacy, "web", std::nullopt, std::nullopt, "2024-10-17T09:00:00.5+00:00",
                   false},
        VersionRow{"Of2025",
                   R"([{"instanceId":"abc","internalInstanceId":"x","title":"web","tags":["a"],
                        "dateLastReported":"2025-03-01T09:00:00-05:00",
                        "connectionStatus":"Connected"}])",
                   Shape::kFull, "web", true, std::nullopt, "2025-03-01T14:00:00+00:00", false},
        VersionRow{"EarlyOf2026",
                   R"([{"id":"abc","instanceId":"abc","title":"","internalInstanceId":"",
                        "connectionStatus":"disconnected","dateRegistered":null,
                        "dateLastReported":"0001-01-01T00:00:00"}])",
                   Shape::kFull, "", false, std::nullopt, nullptr, true},
        VersionRow{"SummaryOf2026",
                   R"([{"id":"abc","displayTitle":"web","description":null,"os":"Linux",
                        "tags":[{"categoryKey":"k","value":"v"}],
                        "dateLastReported":"2026-07-18T09:00:30.1234567Z"}])",
                   Shape::kSummary, "web", std::nullopt, std::nullopt,
                   "2026-07-18T09:00:30.1234567+00:00", false},
        VersionRow{"StatusNobodyKnows",
                   R"([{"id":"abc","title":"web","connectionStatus":"away",
                        "isPendingConnection":true}])",
                   Shape::kFull, "web", std::nullopt, true, nullptr, true},
        VersionRow{"IdAlone", R"([{"id":"abc"}])", Shape::kLegacy, "", std::nullopt, std::nullopt,
                   nullptr, false},
        VersionRow{"TypesThatDoNotFit",
                   R"([{"id":"abc","title":7,"connectionStatus":1,"isPendingConnection":"yes",
                        "dateLastReported":12,"os":["x",{"os":"y"}],"internalInstanceId":{}}])",
                   Shape::kFull, "", std::nullopt, std::nullopt, nullptr, false}),
    [](const auto& row) { return row.param.name; });

TEST(ParseInstanceList, SkipsWhatIsNoRecordAndSaysSo) {
  const auto list = ParseInstanceList(
      R"([null, 1, "x", [{"id":"inside"}], {"title":"no id"}, {"id":"  "}, {"id":"good"}])");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->skipped, 6);
  ASSERT_EQ(list->instances.size(), 1u);
  EXPECT_EQ(list->instances[0].id.value(), "good");
}

TEST(ParseInstanceList, TakesAnEmptyList) {
  const auto list = ParseInstanceList(" [ ] ");
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE(list->instances.empty());
  EXPECT_FALSE(list->shows_disconnected);
}

TEST(ParseInstanceList, RefusesWhatIsNoListWithoutRepeatingIt) {
  const std::string half = absl::StrCat("[", Record2026(), ",", Record2026()).substr(0, 900);
  const std::pair<std::string, const char*> rows[] = {
      {"", "empty"},
      {"<html>hidden</html>", "HTML"},
      {R"({"results":[],"hidden":1})", "a JSON object"},
      {"null", "null"},
      {"12", "a number"},
      {R"("hidden")", "a single text"},
      {half, "breaks off after 900 bytes"},
      {R"([{"id":"a"}] hidden)", "no JSON from byte"},
      {R"([{"id":hidden}])", "no JSON from byte"},
      {"[{\"id\":\"a\"} \xff hidden]", "no JSON from byte 12 on"},
      {"[\xff\"hidden\"]", "no JSON from byte 1 on"},
      {R"([{"id":"a"},])", "no JSON from byte"},
      {R"([,{"id":"a"}])", "no JSON from byte"},
      {R"([{"id":"a"}})", "no JSON from byte 11 on"},
      {R"([{"id":"a"]])", "no JSON from byte"},
      {R"([{"id":"a"} {"id":"b"}])", "no JSON from byte"},
      {R"([{"id":"a"}],)", "no JSON from byte 12 on"},
      {R"(['hidden'])", "no JSON from byte"},
      {R"([01])", "no JSON from byte"},
      {R"([{"id":"a)", "breaks off after 9 bytes"},
      {"[", "breaks off after 1 bytes"},
      {" \n ", "empty"},
      {"nul", "null"},
      {"\xEF\xBB", "no JSON from byte 0 on"},
      {"@hidden", "no JSON from byte 0 on"},
      {R"([{"id":"a","n":1e999,"x":"hidden"}])", "no JSON from byte"},
  };
  for (const auto& [json, message] : rows) {
    const auto list = ParseInstanceList(json);
    ASSERT_EQ(list.status().code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(std::string(list.status().message()), HasSubstr(message));
    EXPECT_THAT(std::string(list.status().message()), Not(HasSubstr("hidden")));
    EXPECT_THAT(std::string(list.status().message()), Not(HasSubstr(kHashCanary)));
  }
}

TEST(ParseInstanceList, SurvivesDeepNesting) {
  const std::string deep(200'000, '[');
  EXPECT_FALSE(ParseInstanceList(deep).ok());
  const std::string closed =
      absl::StrCat("[", std::string(100'000, '['), std::string(100'000, ']'), R"(,{"id":"a"}])");
  const auto list = ParseInstanceList(closed);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->instances.size(), 1u);
}

TEST(ParseInstanceList, ReadsTenThousandRecords) {
  std::string json = "[";
  for (int i = 0; i < 10'000; ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", R"({"id":"id-)", i,
                    R"(","summary":{"id":"x"},"title":"t","connectionStatus":"disconnected"})");
  }
  json += "]";
  const auto list = ParseInstanceList(json);
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->instances.size(), 10'000u);
  EXPECT_EQ(list->instances[9'999].id.value(), "id-9999");
}

// ---- piece by piece ----

// Every list reads the same however it is cut into pieces.
void ExpectTheSameInPieces(absl::string_view json) {
  const auto whole = ParseInstanceList(json);
  for (size_t size : {1, 2, 3, 7, 64}) {
    InstanceListReader reader;
    for (size_t at = 0; at < json.size(); at += size) {
      if (!reader.Write(json.substr(at, size))) break;
    }
    const auto pieces = reader.Finish();
    ASSERT_EQ(pieces.status(), whole.status()) << json;
    if (!whole.ok()) continue;
    EXPECT_EQ(pieces->shape, whole->shape);
    EXPECT_EQ(pieces->skipped, whole->skipped);
    ASSERT_EQ(pieces->instances.size(), whole->instances.size());
    for (size_t i = 0; i < whole->instances.size(); ++i) {
      EXPECT_EQ(pieces->instances[i].id, whole->instances[i].id);
      EXPECT_EQ(pieces->instances[i].title, whole->instances[i].title);
      EXPECT_EQ(pieces->instances[i].connected, whole->instances[i].connected);
    }
  }
}

TEST(InstanceListReader, CaresNotHowTheListIsCut) {
  for (const absl::string_view json : {
           R"([{"id":"a","title":"x \"{[,]}\" \\","connectionStatus":"connected"},{"id":"b\\"}])",
           R"([{"id":"a","tags":[{"k":"]"},{"k":"}"}],"n":{"id":"inner"}} , {"id":"b"}] )",
           "\xEF\xBB\xBF[{\"id\":\"a\",\"title\":\"\xC3\xA4\xFF\"}]",
           R"([1,"a",[],{},null,{"id":"z"}])",
           R"([{"id":"a"},])",
           R"([{"id":"a"}] x)",
           R"([{"id":hidden}])",
           R"( null )",
           R"({"a":1})",
           "",
           "<html>",
       }) {
    ExpectTheSameInPieces(json);
  }
}

TEST(InstanceListReader, SaysWhenNothingCame) {
  const auto says_nothing = [](absl::string_view text) {
    InstanceListReader reader;
    reader.Write(text);
    return reader.SaysNothing();
  };
  for (const char* text : {"", "  \n", "null", " null\n\n", "\xEF\xBB\xBF"}) {
    EXPECT_TRUE(says_nothing(text)) << text;
  }
  for (const char* text : {"[]", "nul", "nullx", "null null", "{}", "0"}) {
    EXPECT_FALSE(says_nothing(text)) << text;
  }
}

// Batches end between records, wherever these stand.
TEST(InstanceListReader, ReadsRecordsOfAllSizes) {
  std::string json = " [";
  size_t records = 0;
  for (size_t size = 1; json.size() < 3'000'000; size = (size * 7 + 3) % 90'001) {
    absl::StrAppend(&json, records == 0 ? "" : " ,\n ", R"({"id":"r)", records, R"(","filler":")",
                    std::string(size, records % 2 == 0 ? '"' : '[').replace(0, 1, "x"));
    if (records % 2 == 0) {
      // Texts full of what looks like structure, and of escaped quotes.
      const size_t begin = json.rfind(R"("filler":")") + 10;
      for (size_t at = begin; at + 1 < json.size(); at += 2) json[at] = '\\';
      if ((json.size() - begin) % 2 != 0) json.back() = 'x';
    }
    absl::StrAppend(&json, R"("})");
    ++records;
  }
  json += "]\n";
  const auto list = ParseInstanceList(json);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->instances.size(), records);
  EXPECT_EQ(list->skipped, 0);
  EXPECT_EQ(list->instances.back().id.value(), absl::StrCat("r", records - 1));
}

TEST(InstanceListReader, FindsWhatIsBrokenFarBehind) {
  std::string json = "[";
  for (int i = 0; i < 10'000; ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", R"({"id":"id-)", i, R"("})");
  }
  const size_t at = json.size() + 1;
  absl::StrAppend(&json, ",@]");
  EXPECT_EQ(ParseInstanceList(json).status().message(),
            absl::StrCat("it is no JSON from byte ", at, " on"));
  json.replace(at, 2, "]]");
  EXPECT_FALSE(ParseInstanceList(json).ok());
}

TEST(InstanceListReader, KeepsNoMoreThanItMay) {
  size_t kept = 0;
  InstanceListReader reader([&](size_t bytes) {
    if (kept + bytes > 1'000'000) return false;
    kept += bytes;
    return true;
  });
  ASSERT_TRUE(reader.Write("["));
  uint64_t written = 0;
  while (
      reader.Write(R"({"id":"0123456789abcdef0123456789","title":"a name of a usual length"},)")) {
    written += 70;
    ASSERT_LT(written, 100'000'000u);
  }
  EXPECT_GT(kept, 500'000u);
  EXPECT_TRUE(absl::IsResourceExhausted(reader.Finish().status()));
}

TEST(InstanceListReader, HasLimitsOfItsOwn) {
  InstanceListReader many(nullptr, {.records = 1000});
  ASSERT_TRUE(many.Write("["));
  while (many.Write(R"({"id":"a"},)")) {
  }
  EXPECT_THAT(std::string(many.Finish().status().message()), HasSubstr("more than 1000 records"));
  for (const char* endless : {"        ", "\"", "x", "[", "\\"}) {
    InstanceListReader reader(nullptr, {.record_bytes = 100'000});
    ASSERT_TRUE(reader.Write("[{\"id\":\"a\"},\""));
    uint64_t written = 0;
    while (reader.Write(endless)) ASSERT_LT(written += 1, 1'000'000u) << endless;
    EXPECT_THAT(std::string(reader.Finish().status().message()),
                HasSubstr("larger than 100000 bytes"))
        << endless;
  }
}

// ---- foreign bytes ----

std::string TitleOf(absl::string_view json_text) {
  const auto list = ParseInstanceList(absl::StrCat(R"([{"id":"a","title":")", json_text, R"("}])"));
  if (!list.ok() || list->instances.size() != 1) return absl::StrCat("?", list.status().message());
  return list->instances[0].title;
}

TEST(InstanceListTexts, BecomeValidVisibleText) {
  const std::pair<absl::string_view, absl::string_view> rows[] = {
      {"web-01", "web-01"},
      {"Büro 3  ✓", "Büro 3 ✓"},
      {"caf\xC3", "caf\xEF\xBF\xBD"},                            // Cut inside a character.
      {"\xFF\xFEx", "\xEF\xBF\xBD\xEF\xBF\xBDx"},                // UTF-16's mark.
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // A surrogate in UTF-8.
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // A slash in two bytes.
      {R"(a\ud800b)",
       "a\xEF\xBF\xBD"
       "b"},  // Half a pair.
      {R"(a\udc00\ud800)", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"(\ud83d\ude00)", "\xF0\x9F\x98\x80"},
      {R"(a\u0000b)", "a b"},
      {R"(\u001b[31mred)", "[31mred"},
      {"tab\there", "tab here"},  // As it is, where JSON wants \t.
      {R"(two\nlines\r\nthree)", "two lines three"},
      {R"(\u009b2J)", "2J"},
      {R"(a\u202Eb)", "a<U+202E>b"},
      {R"(a\u200bb)", "a<U+200B>b"},
      {R"(\ufeffa)", "<U+FEFF>a"},
      {R"(\u2066x\u2069)", "<U+2066>x<U+2069>"},
  };
  for (const auto& [json, expected] : rows) {
    EXPECT_EQ(TitleOf(json), expected) << absl::CHexEscape(json);
  }
}

TEST(InstanceListTexts, AreCutBetweenCharacters) {
  EXPECT_EQ(TitleOf(std::string(5000, 'x')).size(), 256u);
  std::string umlauts = "x";
  for (int i = 0; i < 5000; ++i) umlauts += "\xC3\xA4";
  const std::string cut = TitleOf(umlauts);
  EXPECT_EQ(cut.size(), 255u);
  EXPECT_TRUE(IsUtf8(cut));
  // No text grows beyond what is kept by being shown.
  std::string hidden;
  for (int i = 0; i < 5000; ++i) hidden += "\xE2\x80\x8B";
  EXPECT_LE(TitleOf(hidden).size(), 256u);
}

TEST(InstanceListTexts, AreNeverIds) {
  for (const absl::string_view id :
       {"\xFF", "a\xFF", R"(a\u0000)", R"(a\u202e)", R"(\ud800)", "ä", ""}) {
    const auto list = ParseInstanceList(absl::StrCat(R"([{"id":")", id, R"("},{"id":"good"}])"));
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_EQ(list->skipped, 1) << absl::CHexEscape(id);
    EXPECT_EQ(list->instances.size(), 1u);
  }
  const auto list = ParseInstanceList(absl::StrCat(
      R"([{"id":")", std::string(129, 'a'), R"("},{"id":")", std::string(128, 'A'), R"("}])"));
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->instances.size(), 1u);
  EXPECT_EQ(list->instances[0].id.value(), std::string(128, 'a'));
}

// One bad name must not cost the whole list, nor what stands around it.
TEST(InstanceListTexts, SpoilNothingButThemselves) {
  std::string json = "[";
  for (int i = 0; i < 5'000; ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", R"({"id":"id-)", i, R"(","title":")",
                    i % 1000 == 7 ? "\xE2\x82" : "web", R"(","connectionStatus":"connected"})");
  }
  json += "]";
  const auto list = ParseInstanceList(json);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->instances.size(), 5'000u);
  EXPECT_EQ(list->instances[8].title, "web");
  EXPECT_EQ(list->instances[4'999].connected, true);
}

TEST(RemoveOwnInstance, GoesByIdOrByProgram) {
  const auto instances = [] {
    std::vector<core::HubInstance> out(2);
    out[0].id = HubInstanceId("hub");
    out[1].id = HubInstanceId("web");
    return out;
  };
  auto by_id = instances();
  EXPECT_EQ(RemoveOwnInstance("HUB", by_id), "hub");
  ASSERT_EQ(by_id.size(), 1u);
  EXPECT_EQ(by_id[0].id.value(), "web");
  auto by_program = instances();
  by_program[0].client_name = "Certify Management Hub";
  EXPECT_EQ(RemoveOwnInstance("", by_program), "hub");
  EXPECT_EQ(by_program.size(), 1u);
  auto absent = instances();
  EXPECT_EQ(RemoveOwnInstance("", absent), "");
  EXPECT_EQ(absent.size(), 2u);
}

TEST(ParseIsoTime, ReadsWhatHubsWrite) {
  const absl::Time nine = At("2026-07-18T09:00:00+00:00");
  EXPECT_EQ(ParseIsoTime("2026-07-18T09:00:00Z"), nine);
  EXPECT_EQ(ParseIsoTime("2026-07-18T09:00:00"), nine);
  EXPECT_EQ(ParseIsoTime("2026-07-18T14:30:00+05:30"), nine);
  EXPECT_EQ(ParseIsoTime("2026-07-18T01:00:00.0-0800"), nine);
  EXPECT_EQ(ParseIsoTime("2026-07-18T09:00:00.1234567+00:00"),
            nine + absl::Nanoseconds(123'456'700));
  EXPECT_EQ(ParseIsoTime("2026-07-18T09:00:00.1234567891234Z"),
            nine + absl::Nanoseconds(123'456'789));
}

TEST(ParseIsoTime, RefusesTheRest) {
  for (const char* text :
       {"", "yesterday", "2026-07-18", "2026-07-18T09:00", "2026-02-30T09:00:00Z",
        "2026-13-01T09:00:00Z", "2026-07-18T25:00:00Z", "2026-07-18T09:00:61Z",
        "2026-07-18T09:00:00.Z", "2026-07-18T09:00:00+99:00", "2026-07-18T09:00:00 UTC",
        "0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00"}) {
    EXPECT_EQ(ParseIsoTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace muster::hub
