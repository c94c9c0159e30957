#include "orchestrator/cli/fleet_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "muster/admin/v1/inventory.pb.h"
#include "orchestrator/cli/fleet_export.h"
#include "tests/testdata/hub_ca.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetFileTest : public testing::Test {
 protected:
  FleetFileTest() : directory_(testing::TempDir() + "/muster-fleet-XXXXXX") {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
  }
  ~FleetFileTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void Write(const std::string& name, const std::string& content) {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << content;
  }
  FleetFile Parse(const std::string& text, const std::string& input = "") {
    std::istringstream in(input);
    return ParseFleetFile(text, "fleet.yaml", directory_,
                          {[this](const std::string& name) -> std::optional<std::string> {
                             const auto it = variables_.find(name);
                             if (it == variables_.end()) return std::nullopt;
                             return it->second;
                           },
                           &in});
  }

  std::string directory_;
  std::map<std::string, std::string> variables_;
};

TEST_F(FleetFileTest, ASweepMaySayOnlyThatWorkersAreNotAsked) {
  const auto parse = [this](const std::string& sweep) {
    return Parse(absl::StrCat(
        "tenants: [{id: acme, zones: [{zone: prod, hub_url: 'https://h.example', sweep: ", sweep,
        "}]}]"));
  };
  const FleetFile fleet = parse("{ask_workers: false}");
  ASSERT_THAT(fleet.problems, IsEmpty());
  const admin::v1::SweepPlan& plan = fleet.request.tenants(0).zones(0).sweep();
  EXPECT_TRUE(plan.has_ask_workers() && !plan.ask_workers());
  EXPECT_FALSE(parse("{every: 2h}").request.tenants(0).zones(0).sweep().has_ask_workers());
  EXPECT_THAT(parse("{every: 2h, ask_workers: true}").problems, IsEmpty());
  EXPECT_THAT(parse("{every: 2h, off: true, ask_workers: true}").problems,
              ElementsAre(HasSubstr("exactly one of schedule, every and off")));
  EXPECT_THAT(parse("{}").problems,
              ElementsAre(HasSubstr("exactly one of schedule, every and off")));

  admin::v1::ListTenantsResponse tenants;
  tenants.add_tenants()->set_tenant_id("acme");
  admin::v1::ListZonesResponse zones;
  admin::v1::Zone& zone = *zones.add_zones();
  zone.set_tenant_id("acme");
  zone.set_zone_id("acme/prod");
  zone.mutable_sweep()->set_ask_workers(false);
  EXPECT_THAT(FleetFileText(tenants, zones), HasSubstr("ask_workers: false"));
}

TEST_F(FleetFileTest, BecomesARequestWithItsSecrets) {
  Write("key.secret", "from-file\r\n");
  Write("ca.pem", absl::StrCat("# the hub's own\n", kHubCaPem));
  variables_["TOKEN"] = "from-env";
  const FleetFile fleet = Parse(R"(
tenants:
  - id: acme
    display_name: Acme Inc.
    zones:
      - zone: prod
        hub_url: https://Hub.Acme.Example/certify/
        hub_ca_file: ca.pem
        max_concurrent_joins: 20
        allow_cli_join: true
        service_account: certify
        joining_key: { client_id: sp_01, secret: { file: key.secret }, expires: 2027-01-31 }
        verifier: { api_token: { client_id: muster, secret: { env: TOKEN } } }
      - zone: test
        hub_url: https://hub.acme.example:8443
        joining_key: { client_id: sp_02, secret: { file: key.secret }, expires: never }
        verifier: { login: { username: u, password: { stdin: true } } }
  - id: empty
)",
                                "from-stdin\n");
  ASSERT_THAT(fleet.problems, IsEmpty());
  ASSERT_EQ(fleet.request.tenants_size(), 2);
  const auto& prod = fleet.request.tenants(0).zones(0);
  EXPECT_EQ(fleet.request.tenants(0).display_name(), "Acme Inc.");
  EXPECT_EQ(prod.hub_url(), "https://hub.acme.example/certify");
  EXPECT_THAT(prod.hub_ca_pem(), testing::EndsWith("-----END CERTIFICATE-----\n"));
  EXPECT_EQ(prod.max_concurrent_joins(), 20);
  EXPECT_TRUE(prod.allow_cli_join());
  EXPECT_EQ(prod.service_account(), "certify");
  EXPECT_EQ(prod.joining_key().client_id(), "sp_01");
  EXPECT_EQ(prod.joining_key().secret(), "from-file");
  EXPECT_EQ(prod.joining_key().expire_time().seconds(), 1'801'353'600);
  EXPECT_EQ(prod.verifier().token_client_id(), "muster");
  EXPECT_EQ(prod.verifier().token_secret(), "from-env");
  const auto& test = fleet.request.tenants(0).zones(1);
  EXPECT_TRUE(test.joining_key().never_expires());
  EXPECT_FALSE(test.joining_key().has_expire_time());
  EXPECT_FALSE(test.has_service_account());
  EXPECT_EQ(test.verifier().username(), "u");
  EXPECT_EQ(test.verifier().password(), "from-stdin");
}

TEST_F(FleetFileTest, ReportsEverythingAtOnceInOrder) {
  Write("empty.secret", "\n");
  const FleetFile fleet = Parse(R"(tenants:
  - id: Acme
    zones:
      - zone: prod
        hub_url: ftp://hub
        max_concurrent_joins: 1001
        service_account: nobody
        joining_key: { client_id: x, secret: { file: missing.secret } }
      - zone: prod
        joining_key: { secret: { env: NOT_SET } }
        verifier: { api_token: { client_id: x }, login: { username: u } }
  - id: beta
    zoned: []
  - id: beta
    zones:
      - zone: a
        hub_url: https://u:p@hub
        verifier: { api_token: { client_id: m, secret: { file: empty.secret } } }
      - zone: b
        hub_url: https://hub/?x=1
        hub_ca_file: empty.secret
        joining_key: { client_id: x, secret: { file: a, env: b } }
        verifier: {}
      - zone: c
        hub_url: https://hub
        joining_key: { client_id: x, expires: soon }
)");
  EXPECT_THAT(
      fleet.problems,
      ElementsAre(
          HasSubstr("fleet.yaml:2:5: tenants[0].id: 'Acme' must be 1 to 63"),
          AllOf(HasSubstr(":5:9: tenants[0].zones[0].hub_url: "), HasSubstr("neither http nor")),
          HasSubstr(":6:9: tenants[0].zones[0].max_concurrent_joins: must be from 1 to 1000"),
          HasSubstr(":7:9: tenants[0].zones[0].service_account: must not be nobody's"),
          AllOf(HasSubstr(":8:"), HasSubstr("secret: cannot read "),
                HasSubstr("missing.secret: No such file")),
          HasSubstr(":9:9: tenants[0].zones[1].zone: 'prod' is used by tenants[0].zones[0].zone"),
          HasSubstr(":9:9: tenants[0].zones[1].hub_url: is missing"),
          HasSubstr("joining_key.client_id: is missing"),
          HasSubstr("joining_key.secret: the environment variable NOT_SET is not set"),
          HasSubstr("verifier: must hold exactly one of api_token, login and none"),
          HasSubstr(":13:5: tenants[1].zoned: unknown field"),
          HasSubstr(":14:5: tenants[2].id: 'beta' is used by tenants[1].id already"),
          HasSubstr("tenants[2].zones[0].hub_url: not a usable URL: it holds a user name"),
          HasSubstr("tenants[2].zones[0].verifier.api_token.secret: the secret is empty"),
          HasSubstr("tenants[2].zones[1].hub_url: not a usable address: a query"),
          HasSubstr("tenants[2].zones[1].hub_ca_file: "),
          HasSubstr("tenants[2].zones[1].joining_key.secret: must hold exactly one of"),
          HasSubstr("tenants[2].zones[1].verifier: must hold exactly one of"),
          HasSubstr("tenants[2].zones[2].joining_key.secret: is missing: write { file"),
          HasSubstr("tenants[2].zones[2].joining_key.expires: write a day (2027-01-31)")));
}

TEST_F(FleetFileTest, ASecretInPlaceOfAReferenceIsRefusedAndNotRepeated) {
  const FleetFile fleet = Parse(
      "tenants:\n  - id: a\n    zones:\n      - zone: b\n        hub_url: http://h\n"
      "        joining_key: { client_id: x, secret: hunter2 }\n");
  EXPECT_THAT(fleet.problems,
              ElementsAre(AllOf(HasSubstr("joining_key.secret: must be a mapping of fields"),
                                testing::Not(HasSubstr("hunter2")))));
}

// Wherever it comes from: what a hub would refuse as a wrong key is refused here, with its reason.
TEST_F(FleetFileTest, ASecretWithWhatNobodySeesIsNamedByItsPlace) {
  for (const char* bad :
       {"\xEF\xBB\xBFhunter2", "hunter2\xE2\x80\x8B", " hunter2", "hunter2\n\n"}) {
    Write("key.secret", bad);
    variables_["TOKEN"] = bad;
    const FleetFile fleet = Parse(R"(
tenants:
  - id: a
    zones:
      - zone: b
        hub_url: https://h
        joining_key: { client_id: x, secret: { file: key.secret } }
        verifier: { api_token: { client_id: y, secret: { env: TOKEN } } }
      - zone: c
        hub_url: https://h
        joining_key: { client_id: x, secret: { stdin: true } }
)",
                                  bad);
    EXPECT_THAT(fleet.problems, ElementsAre(HasSubstr("zones[0].joining_key.secret"),
                                            HasSubstr("zones[0].verifier.api_token.secret"),
                                            HasSubstr("zones[1].joining_key.secret")))
        << bad;
    for (const std::string& problem : fleet.problems) {
      EXPECT_THAT(problem, testing::Not(HasSubstr("hunter2")));
    }
  }
}

// What the orchestrator has, written and read again, is what it has: whatever names look like.
TEST_F(FleetFileTest, ReadsWhatExportWrites) {
  admin::v1::ListTenantsResponse tenants;
  admin::v1::ListZonesResponse zones;
  const std::vector<std::string> names = {"",
                                          "Acme, Inc.: \"the\" #1",
                                          "true",
                                          "- x",
                                          "null",
                                          "1e3",
                                          "line\nbreak",
                                          "Bücher €",
                                          "'",
                                          "{a: b}",
                                          " blank "};
  for (size_t i = 0; i < names.size(); ++i) {
    auto& tenant = *tenants.add_tenants();
    tenant.set_tenant_id(absl::StrCat("t", i));
    tenant.set_display_name(names[i]);
    for (const char* slug : {"prod", "7"}) {
      if (i == 0) continue;  // A tenant without zones.
      auto& zone = *zones.add_zones();
      zone.set_tenant_id(tenant.tenant_id());
      zone.set_zone_id(absl::StrCat(tenant.tenant_id(), "/", slug));
      zone.set_display_name(names[i]);
      zone.set_hub_url(absl::StrCat("https://hub-", i, ".example:8443/path"));
      zone.set_max_concurrent_joins(static_cast<int>(i) + 1);
      zone.set_allow_cli_join(i % 2 == 0);
      if (i % 2 == 0) zone.set_service_account("certify");
      zone.set_joining_client_id("client");
      zone.set_hub_tls_custom_ca(true);
    }
  }
  const FleetFile fleet = Parse(FleetFileText(tenants, zones));
  ASSERT_THAT(fleet.problems, IsEmpty());
  ASSERT_EQ(fleet.request.tenants_size(), tenants.tenants_size());
  int seen = 0;
  for (int i = 0; i < tenants.tenants_size(); ++i) {
    const auto& tenant = fleet.request.tenants(i);
    EXPECT_EQ(tenant.tenant_id(), tenants.tenants(i).tenant_id());
    EXPECT_EQ(tenant.display_name(), tenants.tenants(i).display_name());
    for (const auto& zone : tenant.zones()) {
      const auto& before = zones.zones(seen++);
      EXPECT_EQ(absl::StrCat(tenant.tenant_id(), "/", zone.zone()), before.zone_id());
      EXPECT_EQ(zone.display_name(), before.display_name());
      EXPECT_EQ(zone.hub_url(), before.hub_url());
      EXPECT_EQ(zone.max_concurrent_joins(), before.max_concurrent_joins());
      EXPECT_EQ(zone.allow_cli_join(), before.allow_cli_join());
      EXPECT_EQ(zone.service_account(), before.service_account());
      // Kept, not taken away.
      EXPECT_FALSE(zone.has_joining_key());
      EXPECT_FALSE(zone.has_verifier());
      EXPECT_FALSE(zone.has_hub_ca_pem());
    }
  }
  EXPECT_EQ(seen, zones.zones_size());
}

TEST_F(FleetFileTest, TenantsDoNotShareAHub) {
  const FleetFile fleet = Parse(R"(
tenants:
  - id: a
    zones: [{ zone: x, hub_url: "https://hub/" }, { zone: y, hub_url: "https://HUB" }]
  - id: b
    zones: [{ zone: x, hub_url: "https://hub:443" }]
)");
  EXPECT_THAT(fleet.problems,
              ElementsAre(HasSubstr("tenants[1].zones[0].hub_url: tenant 'a' uses this hub")));
}

TEST_F(FleetFileTest, StandardInputServesOneSecret) {
  const FleetFile fleet = Parse(R"(
tenants:
  - id: a
    zones:
      - zone: x
        hub_url: https://hub
        joining_key: { client_id: c, secret: { stdin: true } }
        verifier: { api_token: { client_id: c, secret: { stdin: true } } }
)",
                                "s");
  EXPECT_THAT(fleet.problems, ElementsAre(HasSubstr("standard input is used by ")));
}

TEST_F(FleetFileTest, FilesOfTheDeployFolderLackTheirSecretsOnly) {
  for (const std::string name : {"demo", "examples"}) {
    std::ifstream in(std::string(MUSTER_SOURCE_DIR "/deploy/") + name + "/fleet.yaml");
    std::stringstream text;
    text << in.rdbuf();
    const FleetFile fleet = Parse(text.str(), "secret");
    EXPECT_FALSE(fleet.request.tenants().empty()) << name;
    EXPECT_FALSE(fleet.problems.empty()) << name;
    for (const std::string& problem : fleet.problems) {
      EXPECT_THAT(problem, testing::AnyOf(HasSubstr(": cannot read "), HasSubstr("is not set")));
    }
  }
}

// As Notepad, PowerShell's '>' and Out-File write it.
TEST_F(FleetFileTest, IsReadInTheEncodingsOfWindowsTools) {
  const std::string yaml =
      "tenants:\r\n  - id: acme\r\n    display_name: B\xC3\xA4r \xF0\x9F\x90\xBB\r\n"
      "    zones: [{ zone: prod, hub_url: 'https://hub.example' }]\r\n";
  const auto utf16 = [&yaml](bool little, bool mark) {
    std::u16string wide = mark ? u"\uFEFF" : u"";
    for (size_t i = 0; i < yaml.size();) {
      if (yaml.compare(i, 2, "\xC3\xA4") == 0) {
        wide += u'\u00E4';
        i += 2;
      } else if (yaml.compare(i, 4, "\xF0\x9F\x90\xBB") == 0) {
        wide += u"\U0001F43B";
        i += 4;
      } else {
        wide += static_cast<char16_t>(yaml[i++]);
      }
    }
    std::string bytes;
    for (const char16_t unit : wide) {
      const char low = static_cast<char>(unit & 0xFF);
      const char high = static_cast<char>(unit >> 8);
      bytes += little ? low : high;
      bytes += little ? high : low;
    }
    return bytes;
  };
  for (const std::string& text : {yaml, "\xEF\xBB\xBF" + yaml, utf16(true, true),
                                  utf16(false, true), utf16(true, false), utf16(false, false)}) {
    const FleetFile fleet = Parse(text);
    EXPECT_THAT(fleet.problems, IsEmpty());
    ASSERT_EQ(fleet.request.tenants_size(), 1);
    EXPECT_EQ(fleet.request.tenants(0).display_name(), "B\xC3\xA4r \xF0\x9F\x90\xBB");
  }
}

TEST_F(FleetFileTest, AnEncodingThatNobodyCanReadIsSaidOnceWithItsLine) {
  const FleetFile old = Parse("tenants:\n  - id: acme\n    display_name: B\xE4r\n");
  EXPECT_THAT(old.problems,
              ElementsAre(testing::AllOf(HasSubstr("fleet.yaml:3:"), HasSubstr("Windows-1252"))));
  EXPECT_EQ(old.request.tenants_size(), 0);
  EXPECT_THAT(Parse(std::string("\xFF\xFE\0\0t\0\0\0", 8)).problems,
              ElementsAre(HasSubstr("UTF-32")));
  EXPECT_THAT(Parse(std::string("\xFF\xFEt", 3)).problems, testing::SizeIs(1));
}

TEST_F(FleetFileTest, EmptyAndBrokenFilesHaveOneProblem) {
  EXPECT_THAT(Parse("").problems, ElementsAre(HasSubstr("tenants: is missing")));
  EXPECT_THAT(Parse("tenants: [").problems, ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(Parse("tenants: 5").problems, ElementsAre(HasSubstr("must be a list")));
  EXPECT_THAT(Parse("- a").problems, ElementsAre(HasSubstr("must be a mapping")));
}

TEST_F(FleetFileTest, AJoiningKeyIsTakenAwayByNoneAlone) {
  const auto zone = [](const std::string& key) {
    return absl::StrCat("tenants: [{id: acme, zones: [{zone: prod, hub_url: \"https://h\", ",
                        "joining_key: ", key, "}]}]");
  };
  const FleetFile none = Parse(zone("{none: true}"));
  EXPECT_THAT(none.problems, IsEmpty());
  EXPECT_TRUE(none.request.tenants(0).zones(0).joining_key().none());
  variables_["S"] = "secret";
  for (const char* both : {"{none: true, client_id: a}", "{none: true, secret: {env: S}}"}) {
    EXPECT_THAT(Parse(zone(both)).problems, ElementsAre(HasSubstr("none: true alone"))) << both;
  }
  EXPECT_THAT(Parse(zone("{none: false}")).problems, testing::SizeIs(2)) << "both are missing";
}

}  // namespace
}  // namespace muster::cli
