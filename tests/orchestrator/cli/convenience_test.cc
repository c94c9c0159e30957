// What makes the command line pleasant: advice, several servers at once, contexts and manual pages.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class AdviceTest : public CliTest {
 protected:
  std::string ErrorOf(const std::vector<std::string>& line) {
    EXPECT_EQ(Run(line), 2);
    return err_;
  }
};

TEST_F(AdviceTest, AsksWhetherAnotherWordWasMeant) {
  EXPECT_THAT(ErrorOf({"sevrer", "list"}), HasSubstr("did you mean 'server'?"));
  EXPECT_THAT(ErrorOf({"server", "lits"}), HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(ErrorOf({"server", "list", "--zoen", "acme/prod"}),
              HasSubstr("did you mean '--zone'?"));
  EXPECT_THAT(ErrorOf({"server", "list", "--zoen=acme/prod"}), HasSubstr("did you mean '--zone'?"));
  EXPECT_THAT(ErrorOf({"server", "list", "--opertor-dir", "x"}),
              HasSubstr("did you mean '--operator-dir'?"));
  EXPECT_THAT(ErrorOf({"server", "list", "-o", "jsno"}), HasSubstr("did you mean 'json'?"));
  EXPECT_THAT(ErrorOf({"server", "list", "--enrollment", "faild"}),
              HasSubstr("did you mean 'failed'?"));
  EXPECT_THAT(ErrorOf({"nonsense"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(AdviceTest, AsksWhetherAnotherNameWasMeant) {
  admin_.tenants.add_tenants()->set_tenant_id("acme");
  admin_.zones.add_zones()->set_zone_id("acme/prod");
  auto& server = admin_.servers.emplace_back();
  server.set_zone_id("acme/prod");
  server.set_name("WEB-01");
  admin_.failures["GetReport"] =
      FailureStatus(FailureCode::kTenantUnknown, "there is no tenant 'acmee'");
  EXPECT_EQ(Run({"report", "--tenant", "acmee"}), 1);
  EXPECT_THAT(err_, HasSubstr(" Did you mean 'acme'?\n"));
  admin_.failures["GetReport"] =
      FailureStatus(FailureCode::kZoneUnknown, "there is no zone 'acme/prdo'");
  Run({"report", "--zone", "acme/prdo"});
  EXPECT_THAT(err_, HasSubstr(" Did you mean 'acme/prod'?\n"));
  for (const auto& [asked, meant] :
       std::map<std::string, std::string>{{"acme/prod/WEB-0l", "'acme/prod/WEB-01'"},
                                          {"acme/prd/WEB-01", "the zone 'acme/prod'"}}) {
    admin_.refused_servers[asked] = FailureStatus(FailureCode::kServerUnknown,
                                                  absl::StrCat("there is no server '", asked, "'"));
    EXPECT_EQ(Run({"server", "show", asked}), 1);
    EXPECT_THAT(err_, HasSubstr(absl::StrCat("Did you mean ", meant, "?"))) << asked;
  }
  EXPECT_EQ(Run({"zone", "show", "acme/prdo"}), 1);
  EXPECT_THAT(err_, HasSubstr("Did you mean 'acme/prod'?"));
  admin_.rollouts.add_rollouts()->set_rollout_id("rol-3ocimjmul22223cufmfs");
  admin_.watch.emplace_back();
  for (const auto& [asked, meant] :
       std::map<std::string, bool>{{"rol-3ocimjmul22223cufnfs", true}, {"rol-xyz", false}}) {
    admin_.failures["GetRollout"] = FailureStatus(
        FailureCode::kRolloutUnknown, absl::StrCat("there is no rollout '", asked, "'"));
    EXPECT_EQ(Run({"rollout", "show", asked}), 1);
    EXPECT_EQ(absl::StrContains(err_, "Did you mean 'rol-3ocimjmul22223cufmfs'?"), meant) << err_;
  }
  // Advice is a convenience: without an answer the error stands alone.
  admin_.failures["ListZones"] = absl::UnavailableError("gone");
  EXPECT_EQ(Run({"report", "--zone", "acme/prdo"}), 1);
  EXPECT_THAT(err_, Not(HasSubstr("Did you mean")));
}

class SeveralTest : public CliTest {
 protected:
  SeveralTest() {
    for (const char* id : {"srv-a", "srv-b", "srv-c"}) {
      auto& server = admin_.servers.emplace_back();
      server.set_server_id(id);
      server.set_zone_id("acme/prod");
      server.set_name(absl::StrCat("WEB-", id));
    }
  }
  void Refuse(const std::string& server) {
    admin_.refused_servers[server] =
        FailureStatus(FailureCode::kServerUnknown, "there is no server '" + server + "'");
  }
};

TEST_F(SeveralTest, EachIsAskedInOrder) {
  EXPECT_EQ(Run({"server", "show", "srv-b", "srv-a"}), 0);
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-b", "srv-a"));
  EXPECT_LT(out_.find("WEB-srv-b"), out_.find("WEB-srv-a"));
  EXPECT_EQ(Run({"server", "show", "srv-b", "srv-a", "-o", "json"}), 0);
  EXPECT_THAT(out_, StartsWith("{\n \"servers\": ["));
  EXPECT_EQ(Run({"server", "show", "srv-b", "-o", "json"}), 0);
  EXPECT_THAT(out_, StartsWith("{\n \"server_id\": \"srv-b\""));
}

TEST_F(SeveralTest, TheExitCodeTellsWhetherSomeWereRefused) {
  Refuse("srv-x");
  Refuse("srv-y");
  EXPECT_EQ(Run({"server", "evict", "srv-a", "srv-x", "srv-c", "--reason", "r"}), 6);
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-a", "srv-x", "srv-c"));
  EXPECT_THAT(err_, AllOf(HasSubstr("error: srv-x: E-INVENTORY-SERVER"),
                          HasSubstr("1 of 3 servers refused.")));
  EXPECT_THAT(out_, AllOf(HasSubstr("WEB-srv-a"), HasSubstr("WEB-srv-c")));
  EXPECT_EQ(Run({"server", "evict", "srv-x", "srv-y"}), 1) << "nothing was done";
  EXPECT_EQ(Run({"server", "evict", "srv-x"}), 1);
  admin_.refused_servers["srv-b"] = absl::UnavailableError("gone");
  admin_.servers_asked.clear();
  EXPECT_EQ(Run({"server", "evict", "srv-a", "srv-b", "srv-c"}), 3);
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-a", "srv-b")) << "nobody is there to ask";
  EXPECT_THAT(err_, HasSubstr("done: srv-a; perhaps done: srv-b; not asked for: srv-c\n"));
  EXPECT_EQ(Run({"server", "evict", "srv-b", "srv-c"}), 3);
  EXPECT_THAT(err_, HasSubstr("perhaps done: srv-b; not asked for: srv-c\n"));
  EXPECT_EQ(Run({"server", "evict", "srv-c", "srv-b"}), 3);
  EXPECT_THAT(err_, HasSubstr("done: srv-c; perhaps done: srv-b\n"));
}

// Every verb that takes a server takes several, but for the new name of one.
TEST_F(SeveralTest, EveryVerbTakesSeveral) {
  Refuse("srv-x");
  admin_.explain.set_summary("acme/prod/WEB is enrolled.");
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"show"},
                                             {"explain"},
                                             {"admit"},
                                             {"reject"},
                                             {"evict"},
                                             {"settle", "--absent"},
                                             {"settle", "--joined"},
                                             {"retire"},
                                             {"restore"},
                                             {"ban"},
                                             {"unban"},
                                             {"delete", "--yes"}}) {
    std::vector<std::string> line = {"server"};
    line.insert(line.end(), verb.begin(), verb.end());
    line.insert(line.end(), {"srv-c", "srv-x", "srv-a"});
    admin_.servers_asked.clear();
    EXPECT_EQ(Run(line), 6) << verb[0];
    // Who is let in is looked at before.
    if (verb[0] == "admit")
      admin_.servers_asked.erase(admin_.servers_asked.begin(), admin_.servers_asked.begin() + 3);
    EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-c", "srv-x", "srv-a")) << verb[0];
    EXPECT_THAT(err_, HasSubstr("1 of 3 servers refused.")) << verb[0];
  }
}

TEST_F(SeveralTest, StoriesOfSeveralAreAList) {
  admin_.explain.set_summary("acme/prod/WEB-01 is enrolled.");
  admin_.explain.mutable_server()->set_zone_id("acme/prod");
  admin_.explain.mutable_server()->set_name("WEB-01");
  admin_.explain.add_entries()->set_text("it began");
  EXPECT_EQ(Run({"explain", "server", "srv-a", "srv-b"}), 0);
  EXPECT_THAT(out_, HasSubstr("it began\n\nacme/prod/WEB-01 is enrolled.\n\nTIME"));
  EXPECT_EQ(Run({"explain", "server", "srv-a", "srv-b", "-o", "json"}), 0);
  EXPECT_THAT(out_, StartsWith("{\n \"explanations\": [\n{"));
  EXPECT_EQ(Run({"explain", "server", "srv-a", "srv-b", "-o", "yaml"}), 0);
  EXPECT_THAT(out_, StartsWith("explanations:\n"));
  EXPECT_EQ(Run({"explain", "server", "srv-a", "-o", "json"}), 0);
  EXPECT_THAT(out_, StartsWith("{\n \"server\": {"));
  EXPECT_EQ(Run({"explain", "server", "srv-a", "srv-b", "-o", "csv"}), 0);
  EXPECT_EQ(out_,
            "time,source,text,server\n,,it began,acme/prod/WEB-01\n,,it began,acme/prod/WEB-01\n");
}

TEST_F(SeveralTest, AllThatWaitAreAdmittedAtOnce) {
  admin_.servers[0].set_admission(types::v1::ADMISSION_PENDING);
  admin_.servers[2].set_admission(types::v1::ADMISSION_PENDING);
  admin_.servers[0].set_key_fingerprint(std::string(64, 'a'));
  admin_.servers[0].set_key_waits(true);
  EXPECT_EQ(Run({"server", "admit", "--zone", "acme/prod", "--pending"}), 2) << "nobody was asked";
  EXPECT_THAT(err_, HasSubstr("WEB-srv-a  key " + std::string(64, 'a')));
  EXPECT_THAT(admin_.servers_asked, IsEmpty());
  EXPECT_EQ(Run({"server", "admit", "--zone", "acme/prod", "--pending", "--yes"}), 0);
  EXPECT_EQ(admin_.list_request.selection().zone_id(), "acme/prod");
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-a", "srv-c"));
  ASSERT_EQ(admin_.admit_requests.size(), 2u);
  EXPECT_EQ(admin_.admit_requests[0].key_fingerprint(), std::string(64, 'a'));
  EXPECT_EQ(admin_.admit_requests[1].key_fingerprint(), "");
  admin_.servers.clear();
  EXPECT_EQ(Run({"server", "admit", "--pending"}), 0);
  EXPECT_THAT(out_, HasSubstr("No server waits for admission."));
  admin_.calls.clear();
  EXPECT_EQ(Run({"server", "admit"}), 2);
  EXPECT_EQ(Run({"server", "admit", "srv-a", "--pending"}), 2);
  EXPECT_EQ(Run({"server", "admit", "srv-a", "--zone", "acme/prod"}), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(SeveralTest, WhoIsLetInIsLetInWithTheKeyThatWasShown) {
  const std::string key(64, 'b');
  admin_.servers[1].set_admission(types::v1::ADMISSION_PENDING);
  admin_.servers[1].set_key_fingerprint(key);
  admin_.servers[1].set_key_waits(true);
  const auto asked = [this] {
    return admin_.admit_requests.empty() ? "nobody"
                                         : admin_.admit_requests.back().key_fingerprint();
  };
  EXPECT_EQ(Run({"server", "admit", "srv-b"}), 2);
  EXPECT_THAT(err_, AllOf(HasSubstr("WEB-srv-b  key " + key), HasSubstr("--yes")));
  EXPECT_EQ(asked(), "nobody");
  EXPECT_EQ(Run({"server", "admit", "srv-b", "--yes"}), 0);
  EXPECT_EQ(asked(), key);
  // As other tools write it; and the orchestrator says whether it is the one that waits.
  std::string colons = "AA";
  for (int i = 1; i < 32; ++i) colons += ":AA";
  EXPECT_EQ(Run({"server", "admit", "srv-b", "--fingerprint", colons}), 0);
  EXPECT_EQ(asked(), std::string(64, 'a'));
  admin_.admit_requests.clear();
  for (const char* bad : {"aa", "not-hex", "zz"}) {
    EXPECT_EQ(Run({"server", "admit", "srv-b", "--fingerprint", bad}), 2) << bad;
  }
  EXPECT_EQ(Run({"server", "admit", "srv-a", "srv-b", "--fingerprint", key}), 2);
  EXPECT_EQ(Run({"server", "admit", "--pending", "--fingerprint", key}), 2);
  EXPECT_EQ(asked(), "nobody");
  // Where it is shown.
  EXPECT_EQ(Run({"server", "list", "--pending"}), 0);
  EXPECT_THAT(out_, HasSubstr(key));
  EXPECT_THAT(admin_.list_request.admissions(), ElementsAre(types::v1::ADMISSION_PENDING));
  EXPECT_EQ(Run({"server", "show", "srv-b"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr(key), HasSubstr("waits")));
}

TEST_F(SeveralTest, AllThatWaitAreRejectedAtOnce) {
  admin_.servers[0].set_admission(types::v1::ADMISSION_PENDING);
  admin_.servers[2].set_admission(types::v1::ADMISSION_PENDING);
  EXPECT_EQ(Run({"server", "reject", "--zone", "acme/prod", "--pending", "--reason", "strangers"}),
            0);
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-a", "srv-c"));
  EXPECT_EQ(admin_.change_request.action(), admin::v1::ChangeServerRequest::ACTION_REJECT);
  EXPECT_EQ(admin_.change_request.reason(), "strangers");
  EXPECT_THAT(out_, HasSubstr("'muster server admit'"));
  auto waiting = std::move(admin_.servers);
  admin_.servers.clear();
  EXPECT_EQ(Run({"server", "reject", "--pending"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("No server waits"), Not(HasSubstr("Not let in"))));
  admin_.servers = std::move(waiting);
  admin_.servers_asked.clear();
  EXPECT_EQ(Run({"server", "reject", "srv-a", "srv-b"}), 0);
  EXPECT_THAT(admin_.servers_asked, ElementsAre("srv-a", "srv-b"));
  admin_.calls.clear();
  EXPECT_EQ(Run({"server", "reject"}), 2);
  EXPECT_EQ(Run({"server", "reject", "srv-a", "--pending"}), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
}

class ContextsTest : public CliTest {
 protected:
  ContextsTest() { variables_["HOME"] = directory_; }
};

TEST_F(ContextsTest, AreAddedUsedAndRemoved) {
  EXPECT_EQ(RunWithoutSocket({"context", "add", "lab", "--socket", Path("s")}), 0);
  EXPECT_THAT(out_, HasSubstr("lab is used from now on."));
  EXPECT_EQ(RunWithoutSocket({"context", "add", "prod", "--socket", Path("none")}), 0);
  EXPECT_EQ(RunWithoutSocket({"context", "list", "-o", "csv"}), 0);
  EXPECT_EQ(out_, absl::StrCat("name,current,operator_dir,address,socket\nlab,yes,,,", Path("s"),
                               "\nprod,no,,,", Path("none"), "\n"));
  EXPECT_EQ(RunWithoutSocket({"zone", "list"}), 0) << "the first one is in use";
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--context", "prod"}), 3);
  EXPECT_THAT(err_, HasSubstr("there is no socket"));
  EXPECT_EQ(RunWithoutSocket({"context", "use", "prod"}), 0);
  EXPECT_EQ(RunWithoutSocket({"zone", "list"}), 3);
  variables_["MUSTER_CONTEXT"] = "lab";
  EXPECT_EQ(RunWithoutSocket({"zone", "list"}), 0);
  variables_.erase("MUSTER_CONTEXT");
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--socket", Path("s")}), 0) << "flags go first";
  EXPECT_EQ(RunWithoutSocket({"context", "remove", "prod"}), 0);
  EXPECT_THAT(out_, HasSubstr("muster context use"));
  EXPECT_EQ(RunWithoutSocket({"context", "list", "-o", "csv"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("lab,no"), Not(HasSubstr("prod"))));
}

TEST_F(ContextsTest, ErrorsNameTheContext) {
  ASSERT_EQ(RunWithoutSocket({"context", "add", "lab", "--socket", Path("s")}), 0);
  admin_.failures["ListZones"] = absl::UnavailableError("gone");
  EXPECT_EQ(RunWithoutSocket({"zone", "list"}), 3);
  EXPECT_THAT(err_, HasSubstr(absl::StrCat("unix:", Path("s"), " (context lab)")));
}

TEST_F(ContextsTest, BadOnesAreRefusedWithAdvice) {
  ASSERT_EQ(RunWithoutSocket({"context", "add", "lab", "--socket", Path("s")}), 0);
  const auto refused = [this](const std::vector<std::string>& line) {
    EXPECT_EQ(RunWithoutSocket(line), 2);
    return err_;
  };
  EXPECT_THAT(refused({"context", "add", "lab", "--socket", "x"}),
              HasSubstr("muster context remove lab"));
  EXPECT_THAT(refused({"context", "add", "Lab", "--socket", "x"}), HasSubstr("no name"));
  EXPECT_THAT(refused({"context", "add", "new"}), HasSubstr("where does the context lead"));
  EXPECT_THAT(refused({"context", "add", "new", "--operator-dir", "d", "--address", "x"}),
              HasSubstr("is not HOST:PORT"));
  EXPECT_THAT(refused({"context", "use", "lba"}), HasSubstr("did you mean 'lab'?"));
  EXPECT_THAT(refused({"zone", "list", "--context", "elsewhere"}), HasSubstr("there are lab"));
  WriteFile(".config/muster/contexts", "contexts:\n  - nmae: x\n");
  EXPECT_THAT(refused({"zone", "list"}), HasSubstr("contexts:2:"));
}

TEST_F(CliTest, TheFleetIsExportedAsAFileForApply) {
  for (const char* id : {"acme", "bank"}) {
    admin_.tenants.add_tenants()->set_tenant_id(id);
    auto& zone = *admin_.zones.add_zones();
    zone.set_tenant_id(id);
    zone.set_zone_id(absl::StrCat(id, "/prod"));
    zone.set_hub_url(absl::StrCat("https://", id, ".example"));
  }
  EXPECT_EQ(Run({"export"}), 0);
  EXPECT_THAT(err_, HasSubstr("are not in it"));
  EXPECT_EQ(Run({"apply", "-f", WriteFile("fleet.yaml", out_)}), 0);
  EXPECT_EQ(admin_.apply_request.tenants_size(), 2);
  EXPECT_EQ(Run({"export", "--tenant", "bank"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("bank"), Not(HasSubstr("acme"))));
  EXPECT_EQ(Run({"export", "--tenant", "bnak"}), 1);
  EXPECT_THAT(err_, HasSubstr("Did you mean 'bank'?"));
}

TEST_F(CliTest, ListsAreFilteredByTheOrchestrator) {
  EXPECT_EQ(Run({"server", "list", "--connectivity", "offline,stale", "--admission", "admitted"}),
            0);
  EXPECT_THAT(admin_.list_request.connectivities(),
              ElementsAre(types::v1::CONNECTIVITY_OFFLINE, types::v1::CONNECTIVITY_STALE));
  EXPECT_THAT(admin_.list_request.admissions(), ElementsAre(types::v1::ADMISSION_ADMITTED));
  EXPECT_EQ(Run({"rollout", "list", "--tenant", "acme", "--state", "running,paused"}), 0);
  EXPECT_EQ(admin_.rollouts_request.tenant_id(), "acme");
  EXPECT_THAT(admin_.rollouts_request.states(),
              ElementsAre(admin::v1::ROLLOUT_STATE_RUNNING, admin::v1::ROLLOUT_STATE_PAUSED));
  // The fixture's clock says 2026-07-18T09:00:00Z.
  EXPECT_EQ(Run({"audit", "list", "--since", "2h", "--until", "2026-07-18", "--actor", "opr-1"}),
            0);
  EXPECT_EQ(admin_.audit_request.since().seconds(), 1'784'365'200 - 2 * 3600);
  EXPECT_EQ(admin_.audit_request.until().seconds(), 1'784'365'200 - 9 * 3600);
  EXPECT_EQ(admin_.audit_request.actor(), "opr-1");
  EXPECT_EQ(Run({"audit", "list", "--since", "2026-07-18T11:00:00+02:00"}), 0);
  EXPECT_EQ(admin_.audit_request.since().seconds(), 1'784'365'200);
  admin_.calls.clear();
  EXPECT_EQ(Run({"audit", "list", "--since", "yesterday"}), 2);
  EXPECT_THAT(err_, HasSubstr("write how long ago"));
  EXPECT_EQ(Run({"rollout", "list", "--state", "runing"}), 2);
  EXPECT_THAT(err_, HasSubstr("did you mean 'running'?"));
  EXPECT_THAT(admin_.calls, IsEmpty());
}

std::string ContentOf(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// man -l shows them; groff says what it does not like.
TEST_F(CliTest, ManualPagesAreCleanRoff) {
  std::filesystem::create_directories(Path("man"));
  EXPECT_EQ(RunWithoutSocket({"man", Path("man")}), 0);
  int pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Path("man"))) {
    const std::string page = ContentOf(entry.path().string());
    EXPECT_THAT(page, AllOf(StartsWith(".TH \"MUSTER"), HasSubstr(".SH NAME\nmuster")));
    for (const char c : page) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << entry.path();
    ++pages;
  }
  EXPECT_GT(pages, 12);
  EXPECT_THAT(ContentOf(Path("man/muster-server.1")),
              AllOf(HasSubstr(".SS \"muster server list\""), HasSubstr("\\-\\-enrollment"),
                    HasSubstr("muster server admit \\-\\-zone")));
  EXPECT_EQ(RunWithoutSocket({"man", Path("no-directory")}), 2);
  if (std::system("command -v groff >/dev/null") != 0) GTEST_SKIP() << "there is no groff here";
  const std::string warnings = Path("warnings");
  EXPECT_EQ(std::system(absl::StrCat("for page in ", Path("man"),
                                     "/*.1; do groff -man -ww -z -Tascii $page || exit 1; done 2>",
                                     warnings)
                            .c_str()),
            0);
  EXPECT_EQ(ContentOf(warnings), "");
}

}  // namespace
}  // namespace muster::cli
