#include "orchestrator/cli/structured_text.h"

#include <gtest/gtest.h>

#include "muster/admin/v1/inventory.pb.h"

namespace muster::cli {
namespace {

TEST(StructuredText, JsonHasProtoNamesAndEmptyFields) {
  admin::v1::ImportServersResponse response;
  response.set_created(2);
  response.add_problems()->set_line(3);
  EXPECT_EQ(ToJson(response),
            "{\n \"created\": 2,\n \"updated\": 0,\n \"unchanged\": 0,\n \"hints\": [],\n "
            "\"problems\": [\n  {\n"
            "   \"line\": 3,\n   \"reason\": \"\"\n  }\n ]\n}\n");
}

TEST(StructuredText, MapsAreInOrder) {
  admin::v1::ServerRow row;
  for (const char* key : {"d", "a", "c", "b", "e"}) (*row.mutable_labels())[key] = key;
  const std::string json = ToJson(row);
  size_t last = 0;
  for (const char* key : {"\"a\":", "\"b\":", "\"c\":", "\"d\":", "\"e\":"}) {
    const size_t at = json.find(key);
    ASSERT_NE(at, std::string::npos);
    EXPECT_GT(at, last);
    last = at;
  }
}

// The one spelling of states and kinds, wherever they stand in a message.
TEST(StructuredText, StatesAreTheirWords) {
  admin::v1::ListServersResponse list;
  auto& server = *list.add_servers();
  server.set_enrollment(types::v1::ENROLLMENT_IN_DOUBT);
  server.mutable_service()->set_presence(types::v1::ServiceFacts::PRESENCE_RUNNING);
  server.set_match_kind(admin::v1::MATCH_KIND_HUB_ID);
  server.set_connectivity(static_cast<types::v1::Connectivity>(99));
  server.set_name("ENROLLMENT_FAILED");  // A text stays what it is.
  const std::string json = ToJson(list);
  for (const char* line :
       {"\"enrollment\": \"in_doubt\"", "\"presence\": \"running\"", "\"match_kind\": \"hub_id\"",
        "\"admission\": \"\"", "\"connectivity\": 99", "\"name\": \"ENROLLMENT_FAILED\""}) {
    EXPECT_NE(json.find(line), std::string::npos) << line << " in " << json;
  }
  admin::v1::ListServersRequest request;
  request.add_enrollments(types::v1::ENROLLMENT_FAILED);
  EXPECT_NE(ToJson(request).find("\"failed\""), std::string::npos);
}

TEST(StructuredText, TableAsJson) {
  EXPECT_EQ(ToJson(Table{{{"a"}, {"b"}}, {{"1", "x\"y"}}}),
            "[\n {\n  \"a\": \"1\",\n  \"b\": \"x\\\"y\"\n }\n]\n");
}

TEST(StructuredText, YamlKeepsTypesAndShape) {
  EXPECT_EQ(JsonToYaml(R"({"servers":[{"name":"WEB-01","labels":{"on":"yes"},"n":1,"none":[]},
                          {"name":"007","ok":true,"nil":null,"text":"a: b"}],"empty":{}})"),
            "servers:\n"
            "  - name: WEB-01\n"
            "    labels:\n"
            "      \"on\": \"yes\"\n"
            "    \"n\": 1\n"
            "    none: []\n"
            "  - name: \"007\"\n"
            "    ok: true\n"
            "    nil: null\n"
            "    text: \"a: b\"\n"
            "empty: {}\n");
  EXPECT_EQ(JsonToYaml("[[1,2],[]]"), "- - 1\n  - 2\n- []\n");
}

}  // namespace
}  // namespace muster::cli
