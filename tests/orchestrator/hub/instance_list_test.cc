#include "orchestrator/hub/instance_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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
  const std::string all = absl::StrJoin(
      {i.id.value(), i.internal_instance_id, i.title, i.os, i.client_name, i.client_version}, "|");
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
      {"[{\"id\":\"\xff hidden\"}]", "no JSON from byte"},
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

TEST(RemoveOwnInstance, GoesByIdOrByProgram) {
  const auto instances = [] {
    std::vector<core::HubInstance> out(2);
    out[0].id = HubInstanceId("hub");
    out[1].id = HubInstanceId("web");
    return out;
  };
  auto by_id = instances();
  EXPECT_TRUE(RemoveOwnInstance("HUB", by_id));
  ASSERT_EQ(by_id.size(), 1u);
  EXPECT_EQ(by_id[0].id.value(), "web");
  auto by_program = instances();
  by_program[0].client_name = "Certify Management Hub";
  EXPECT_TRUE(RemoveOwnInstance("", by_program));
  EXPECT_EQ(by_program.size(), 1u);
  auto absent = instances();
  EXPECT_FALSE(RemoveOwnInstance("", absent));
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
