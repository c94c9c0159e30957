// One file because each command is one short test of one fixture.
// The command line itself: parsing, formats, exit codes, errors, secrets.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <iterator>

#include "base/crypto/issue.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/random.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Certificate and key, as PEM.
std::pair<std::string, std::string> MakeIdentity() {
  const auto key = crypto::PrivateKey::Generate();
  const auto certificate = crypto::SelfSign(*key,
                                            {.subject_common_name = "test",
                                             .not_before = absl::FromUnixSeconds(1'700'000'000),
                                             .not_after = absl::FromUnixSeconds(2'500'000'000),
                                             .is_ca = true},
                                            SystemRandom());
  EXPECT_TRUE(certificate.ok()) << certificate.status();
  return {certificate->ToPem(), std::string(key->ToPem()->Reveal())};
}

TEST_F(CliTest, WrongLinesAreUsageErrorsThatNameTheHelp) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"nonsense"},
      {"server"},
      {"server", "lst"},
      {"server", "list", "--nonsense"},
      {"server", "list", "-o", "xml"},
      {"server", "list", "--limit", "-1"},
      {"server", "list", "--label", "x"},
      {"server", "list", "--name", "a*b"},
      {"server", "list", "--zone", "acme"},
      {"server", "list", "--tenant", "beta", "--zone", "acme/prod"},
      {"server", "list", "--enrollment", "lost"},
      {"server", "list", "--timeout", "5"},
      {"server", "show"},
      {"rollout", "create"},
      {"rollout", "create", "--all", "--tenant", "acme"},
      {"rollout", "create", "--all", "--kind", "leave"},
      {"rollout", "create", "--all", "--max-concurrency", "0"},
      {"rollout", "create", "--all", "--max-concurrency", "101%"},
      {"rollout", "create", "--all", "--max-failures", "few"},
      {"rollout", "create", "--all", "--max-in-doubt", "101%"},
      {"rollout", "create", "--all", "--deadline", "24"},
      {"token", "create"},
      {"token", "create", "--zone", "acme/prod", "--ttl", "-1h"},
      {"token", "create", "--zone", "acme/prod", "-o", "csv"},
      {"key", "set", "acme/prod", "--client-id", "x"},
      {"key", "set", "acme/prod", "--client-id", "x", "--secret-file", Path("missing")},
      {"apply", "-f", Path("missing")},
      {"server", "import", directory_},
  };
  for (const auto& line : lines) {
    std::string text;
    for (const auto& word : line) text += word + " ";
    EXPECT_EQ(Run(line), 2) << text;
    EXPECT_THAT(err_, StartsWith("error: ")) << text;
    EXPECT_EQ(out_, "") << text;
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
  Run({"server", "list", "--nonsense"});
  EXPECT_THAT(err_, HasSubstr("'muster server list --help'"));
  Run({"nonsense"});
  EXPECT_THAT(err_, HasSubstr("there is no command 'nonsense'"));
  Run({"server", "lst"});
  EXPECT_THAT(err_,
              AllOf(HasSubstr("there is no command 'lst'"), HasSubstr("muster server --help")));
  Run({"server", "list", "--limit", "-1"});
  EXPECT_THAT(err_, HasSubstr("--limit: wants a whole number from 0\n"));
  Run({"token", "create", "--zone", "acme/prod", "--max-uses", "99999999999"});
  EXPECT_THAT(err_, HasSubstr("--max-uses: wants a whole number from 1\n"));
}

TEST_F(CliTest, AnEmptySelectionFlagIsNoSelection) {
  for (const char* flag : {"--tenant", "--zone"}) {
    EXPECT_EQ(Run({"rollout", "create", "--label", "site=berlin", flag, ""}), 2) << flag;
    EXPECT_THAT(err_, HasSubstr("is empty")) << flag;
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(CliTest, WhatIsNotUtf8IsNamed) {
  EXPECT_EQ(Run({"server", "show", "acme/prod/M\xFCnchen"}), 2);
  EXPECT_THAT(err_, HasSubstr("'acme/prod/M\\xfcnchen' in the command line is not UTF-8"));
  for (const char* secret : {"\374canary", "canary\ncanary", "\001canary"}) {
    EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "x", "--secret-file",
                   WriteFile("secret", secret)}),
              2);
    EXPECT_THAT(err_, AllOf(HasSubstr("is it the right file?"), Not(HasSubstr("canary"))));
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(CliTest, SettleWantsWhatWasFoundOnTheServer) {
  using admin::v1::SettleServerRequest;
  EXPECT_NE(Run({"server", "settle", "acme/prod/web"}), 0);
  EXPECT_THAT(err_, HasSubstr("--absent or --joined"));
  EXPECT_NE(Run({"server", "settle", "acme/prod/web", "--absent", "--joined"}), 0);
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_EQ(Run({"server", "settle", "acme/prod/web", "--absent", "--reason", "new disk"}), 0);
  EXPECT_EQ(admin_.settle_request.server(), "acme/prod/web");
  EXPECT_EQ(admin_.settle_request.verdict(), SettleServerRequest::VERDICT_ABSENT);
  EXPECT_EQ(admin_.settle_request.reason(), "new disk");
  EXPECT_EQ(Run({"server", "settle", "acme/prod/web", "--joined"}), 0);
  EXPECT_EQ(admin_.settle_request.verdict(), SettleServerRequest::VERDICT_JOINED);
}

TEST_F(CliTest, ReleaseRecordNamesTheServerAndTheReason) {
  EXPECT_NE(Run({"server", "release-record"}), 0);
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_EQ(Run({"server", "release-record", "acme/prod/web", "--reason", "of WEB-02"}), 0) << err_;
  EXPECT_EQ(admin_.release_request.server(), "acme/prod/web");
  EXPECT_EQ(admin_.release_request.reason(), "of WEB-02");
}

TEST_F(CliTest, CureCloneNamesTheServerAndTheMachineThatGoesOn) {
  EXPECT_EQ(Run({"server", "cure-clone", "acme/prod/web"}), 2) << "which one?";
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_EQ(Run({"server", "cure-clone", "acme/prod/web", "--keep", "mch-1", "--reason", "a copy"}),
            0)
      << err_;
  EXPECT_EQ(admin_.cure_request.server(), "acme/prod/web");
  EXPECT_EQ(admin_.cure_request.machine(), "mch-1");
  EXPECT_EQ(admin_.cure_request.reason(), "a copy");
  EXPECT_THAT(out_ + err_, AllOf(HasSubstr("mch-1 goes on"), HasSubstr("E-SESSION-PUT-OUT"),
                                 HasSubstr("muster token create")));
}

TEST_F(CliTest, EveryCommandHasHelpWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {{"apply"},
                                                          {"export"},
                                                          {"tenant", "list"},
                                                          {"zone", "list"},
                                                          {"key", "set"},
                                                          {"server", "list"},
                                                          {"server", "show"},
                                                          {"server", "explain"},
                                                          {"server", "import"},
                                                          {"server", "evict"},
                                                          {"server", "retire"},
                                                          {"server", "restore"},
                                                          {"server", "ban"},
                                                          {"server", "unban"},
                                                          {"server", "rename"},
                                                          {"server", "delete"},
                                                          {"zone", "show"},
                                                          {"zone", "delete"},
                                                          {"tenant", "delete"},
                                                          {"server", "admit"},
                                                          {"server", "settle"},
                                                          {"server", "release-record"},
                                                          {"explain", "server"},
                                                          {"token", "create"},
                                                          {"token", "list"},
                                                          {"token", "revoke"},
                                                          {"token", "lock"},
                                                          {"token", "unlock"},
                                                          {"key", "remove"},
                                                          {"server", "reject"},
                                                          {"rollout", "create"},
                                                          {"rollout", "list"},
                                                          {"rollout", "show"},
                                                          {"rollout", "watch"},
                                                          {"rollout", "targets"},
                                                          {"rollout", "pause"},
                                                          {"rollout", "resume"},
                                                          {"rollout", "cancel"},
                                                          {"verify"},
                                                          {"report"},
                                                          {"finding", "list"},
                                                          {"finding", "show"},
                                                          {"finding", "ack"},
                                                          {"finding", "suppress"},
                                                          {"finding", "reopen"},
                                                          {"sweep", "run"},
                                                          {"sweep", "list"},
                                                          {"sweep", "show"},
                                                          {"sweep", "diff"},
                                                          {"channel", "set"},
                                                          {"channel", "list"},
                                                          {"channel", "show"},
                                                          {"channel", "remove"},
                                                          {"notify", "list"},
                                                          {"notify", "show"},
                                                          {"notify", "replay"},
                                                          {"notify", "test"},
                                                          {"system", "status"},
                                                          {"audit", "list"},
                                                          {"audit", "verify"},
                                                          {"doctor"},
                                                          {"context", "list"},
                                                          {"context", "add"},
                                                          {"context", "use"},
                                                          {"context", "remove"},
                                                          {"man"},
                                                          {"completion", "bash"},
                                                          {"completion", "zsh"},
                                                          {"completion", "fish"},
                                                          {"version"}};
  for (auto command : commands) {
    command.emplace_back("--help");
    EXPECT_EQ(RunWithoutSocket(command), 0) << command[0];
    EXPECT_THAT(out_, HasSubstr("Example:\n  ")) << command[0];
  }
}

TEST_F(CliTest, ErrorsOfTheOrchestratorBecomeExitCodes) {
  const auto exit_code = [this](const absl::Status& status) {
    admin_.failures["ListZones"] = status;
    return Run({"zone", "list"});
  };
  EXPECT_EQ(exit_code(absl::OkStatus()), 0);
  EXPECT_EQ(exit_code(FailureStatus(FailureCode::kZoneUnknown, "acme/x")), 1);
  EXPECT_THAT(err_, AllOf(StartsWith("error: E-INVENTORY-ZONE: acme/x. List the zones"),
                          Not(HasSubstr("next:"))));
  EXPECT_EQ(exit_code(FailureStatus(FailureCode::kRequestInvalid, "x")), 2);
  EXPECT_EQ(exit_code(absl::UnavailableError("gone")), 3);
  EXPECT_THAT(err_, AllOf(HasSubstr("cannot reach the orchestrator at unix:"),
                          HasSubstr("next: Check that muster-orchestrator runs")));
  EXPECT_EQ(exit_code(absl::UnavailableError("recvmsg:Connection reset by peer")), 3);
  EXPECT_THAT(err_, AllOf(HasSubstr("lost the connection to the orchestrator at unix:"),
                          HasSubstr("next: Look whether the change has happened")));
  EXPECT_EQ(exit_code(absl::UnimplementedError("")), 1);
  EXPECT_THAT(err_, AllOf(StartsWith("error: what listens at unix:"),
                          HasSubstr("does not know this call\nnext: Check that the address")));
  EXPECT_EQ(exit_code(absl::ResourceExhaustedError("larger than max")), 1);
  EXPECT_THAT(err_, AllOf(StartsWith("error: too much for one call: larger than max\n"),
                          HasSubstr("next: Split the file")));
  EXPECT_EQ(exit_code(absl::DeadlineExceededError("late")), 3);
  EXPECT_EQ(exit_code(FailureStatus(FailureCode::kStoreReadOnly, "full")), 1);
  EXPECT_EQ(exit_code(FailureStatus(FailureCode::kAuthForbidden, "viewer")), 4);
  EXPECT_EQ(exit_code(absl::UnauthenticatedError("who")), 4);
  EXPECT_EQ(exit_code(absl::InternalError("x")), 1);
  EXPECT_THAT(err_, HasSubstr("muster doctor"));
}

TEST_F(CliTest, ConnectionProblemsSayWhatIsMissing) {
  EXPECT_EQ(RunWithoutSocket({"--socket", Path("none"), "zone", "list"}), 3);
  EXPECT_THAT(err_, HasSubstr("there is no socket"));
  variables_["HOME"] = directory_;
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("none")}), 2);
  EXPECT_THAT(err_, HasSubstr("muster-orchestrator init"));
  std::filesystem::create_directories(Path("op"));
  for (const char* name : {"op/ca.crt", "op/operator.crt", "op/operator.key"}) WriteFile(name, "x");
  // A key that others can read is theirs, too; what the message says leads out.
  std::filesystem::permissions(Path("op/operator.key"), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("op")}), 2);
  EXPECT_THAT(err_, HasSubstr("chmod 600 '" + Path("op/operator.key") + "'"));
  std::filesystem::permissions(Path("op/operator.key"), std::filesystem::perms::owner_read |
                                                            std::filesystem::perms::owner_write);
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("op")}), 2);
  EXPECT_THAT(err_, HasSubstr("op/address"));
  WriteFile("op/address", "nowhere\n");
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("op")}), 2);
  EXPECT_THAT(err_, HasSubstr("is not HOST:PORT"));
  // gRPC would only say that it cannot connect.
  WriteFile("op/address", "127.0.0.1:1\n");
  const auto refused = [this] {
    EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("op")}), 2);
    return err_;
  };
  const auto [certificate, key] = MakeIdentity();
  EXPECT_THAT(refused(), HasSubstr("op/ca.crt holds no certificate"));
  WriteFile("op/ca.crt", certificate);
  EXPECT_THAT(refused(), HasSubstr("op/operator.crt holds no certificate"));
  WriteFile("op/operator.crt", certificate);
  EXPECT_THAT(refused(), HasSubstr("op/operator.key holds no private key"));
  WriteFile("op/operator.key", MakeIdentity().second);
  EXPECT_THAT(refused(), HasSubstr("op/operator.key does not belong to operator.crt"));
  WriteFile("op/operator.key", key);
  EXPECT_EQ(RunWithoutSocket({"zone", "list", "--operator-dir", Path("op"), "--address",
                              "127.0.0.1:1", "--timeout", "5s"}),
            3);
  variables_["MUSTER_SOCKET"] = Path("s");
  EXPECT_EQ(RunWithoutSocket({"zone", "list"}), 0);
}

TEST_F(CliTest, ListsInEveryFormatOverAllPages) {
  admin_.page_size = 2;
  for (const char* name : {"WEB-01", "WEB-02", "WEB-03"}) {
    auto& server = admin_.servers.emplace_back();
    server.set_zone_id("acme/prod");
    server.set_name(name);
    server.set_enrollment(types::v1::ENROLLMENT_ENROLLED);
  }
  EXPECT_EQ(Run({"server", "list", "--label", "site=berlin", "--name", "WEB-*,db1", "--enrollment",
                 "failed,in_doubt"}),
            0);
  EXPECT_THAT(out_, AllOf(HasSubstr("ZONE       NAME    ENROLLMENT"), HasSubstr("WEB-03"),
                          HasSubstr("3 servers.")));
  EXPECT_THAT(admin_.calls, ElementsAre("ListServers", "ListServers"));
  EXPECT_THAT(admin_.list_request.selection().names(), ElementsAre("WEB-*", "db1"));
  EXPECT_EQ(admin_.list_request.selection().labels().at("site"), "berlin");
  EXPECT_THAT(admin_.list_request.enrollments(),
              ElementsAre(types::v1::ENROLLMENT_FAILED, types::v1::ENROLLMENT_IN_DOUBT));
  EXPECT_EQ(Run({"server", "list", "-o", "csv", "--limit", "1"}), 0);
  EXPECT_THAT(out_, AllOf(StartsWith("zone,name,server_id,enrollment,"),
                          HasSubstr("\nacme/prod,WEB-01,,enrolled,"), Not(HasSubstr("WEB-02"))));
  EXPECT_EQ(Run({"-o", "json", "server", "list"}), 0);
  EXPECT_THAT(out_, AllOf(StartsWith("{\n \"servers\": ["),
                          HasSubstr("\"enrollment\": \"enrolled\""), Not(HasSubstr("3 servers"))));
  EXPECT_EQ(Run({"server", "list", "-o", "yaml"}), 0);
  EXPECT_THAT(out_, StartsWith("servers:\n  - server_id: \"\"\n"));
}

TEST_F(CliTest, ColorsOnATerminalUnlessUnwanted) {
  admin_.servers.emplace_back().set_enrollment(types::v1::ENROLLMENT_ENROLLED);
  terminal_ = true;
  Run({"server", "list"});
  EXPECT_THAT(out_, HasSubstr("\x1b[32menrolled"));
  Run({"server", "list", "--no-color"});
  EXPECT_THAT(out_, Not(HasSubstr("\x1b")));
  variables_["NO_COLOR"] = "1";
  Run({"server", "list"});
  EXPECT_THAT(out_, Not(HasSubstr("\x1b")));
}

TEST_F(CliTest, KeySetTakesTheSecretFromFileOrStdin) {
  WriteFile("new.secret", "from-file\n");
  EXPECT_EQ(
      Run({"key", "set", "acme/prod", "--client-id", "sp", "--secret-file", Path("new.secret")}),
      0);
  EXPECT_EQ(admin_.key_request.secret(), "from-file");
  EXPECT_EQ(admin_.key_request.client_id(), "sp");
  EXPECT_THAT(out_ + err_, Not(HasSubstr("from-file")));
  in_ = "from-stdin";
  EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "sp", "--secret-file", "-"}), 0);
  EXPECT_EQ(admin_.key_request.secret(), "from-stdin");
  admin_.calls.clear();
  for (const char* bad : {"\n", "\xEF\xBB\xBFhunter2\n", "hunter2\xC2\xA0", "\xFF\xFEh"}) {
    in_ = bad;
    EXPECT_EQ(Run({"key", "set", "acme/prod", "--client-id", "sp", "--secret-file", "-"}), 2);
    EXPECT_THAT(err_, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(CliTest, TokenFileIsPrivateAndNeverOverwritten) {
  admin_.token.set_token_file("SECRET-TOKEN\n");
  admin_.token.mutable_token()->set_token_id("tok-1");
  const std::vector<std::string> line = {
      "token",      "create", "--zone",        "acme/prod",     "--ttl", "2d",
      "--max-uses", "50",     "--server-name", "WEB-01,WEB-02", "--out", Path("t")};
  EXPECT_EQ(Run(line), 0);
  EXPECT_EQ(admin_.token_request.ttl().seconds(), 2 * 86400);
  EXPECT_EQ(admin_.token_request.max_uses(), 50);
  EXPECT_THAT(admin_.token_request.server_names(), ElementsAre("WEB-01", "WEB-02"));
  EXPECT_THAT(out_ + err_, Not(HasSubstr("SECRET-TOKEN")));
  std::ifstream file(Path("t"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "SECRET-TOKEN\n");
  struct stat info;
  ASSERT_EQ(stat(Path("t").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  admin_.calls.clear();
  EXPECT_EQ(Run(line), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(CliTest, TokenThatCannotBeWrittenIsRevoked) {
  admin_.token.set_token_file("SECRET-TOKEN\n");
  admin_.token.mutable_token()->set_token_id("tok-1");
  EXPECT_EQ(Run({"token", "create", "--zone", "acme/prod", "--out", Path("no/dir/t")}), 2);
  EXPECT_THAT(admin_.calls, ElementsAre("CreateToken", "RevokeToken"));
  EXPECT_THAT(err_, AllOf(HasSubstr("tok-1 was revoked"), Not(HasSubstr("SECRET-TOKEN"))));
}

TEST_F(CliTest, TokensAreLockedAndUnlocked) {
  EXPECT_EQ(Run({"token", "lock", "tok-1"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("locked"), HasSubstr("'muster token unlock'")));
  EXPECT_EQ(Run({"token", "unlock", "tok-1"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("tok-1"), HasSubstr("active")));
  EXPECT_THAT(admin_.calls, ElementsAre("LockToken", "UnlockToken"));
  EXPECT_EQ(Run({"token", "lock"}), 2);
}

TEST_F(CliTest, AJoiningKeyIsTakenAway) {
  EXPECT_EQ(Run({"key", "remove", "acme/prod"}), 0);
  EXPECT_THAT(admin_.calls, ElementsAre("RemoveJoiningKey"));
  EXPECT_THAT(out_, AllOf(HasSubstr("acme/prod"), HasSubstr("muster key set acme/prod")));
  EXPECT_EQ(Run({"key", "remove", "acme"}), 2);
  EXPECT_EQ(Run({"key", "remove"}), 2);
}

TEST_F(CliTest, TokenWithoutFileGoesToStandardOutput) {
  admin_.token.set_token_file("SECRET-TOKEN\n");
  EXPECT_EQ(Run({"token", "create", "--zone", "acme/prod"}), 0);
  EXPECT_EQ(out_, "SECRET-TOKEN\n");
}

TEST_F(CliTest, ApplySendsTheFleetOrNamesEveryProblem) {
  WriteFile("key", "s3cret\n");
  WriteFile("fleet.yaml",
            "tenants:\n  - id: acme\n    zones:\n      - zone: prod\n        hub_url: http://hub\n"
            "        joining_key: { client_id: c, secret: { file: key } }\n");
  admin_.apply.add_changes("create tenant acme");
  EXPECT_EQ(Run({"apply", "-f", Path("fleet.yaml"), "--dry-run"}), 0);
  EXPECT_EQ(out_, "CHANGE\ncreate tenant acme\nNothing was changed: this was a dry run.\n");
  EXPECT_TRUE(admin_.apply_request.dry_run());
  EXPECT_FALSE(admin_.apply_request.replace_keys());
  EXPECT_FALSE(admin_.apply_request.replace_hub());
  EXPECT_EQ(admin_.apply_request.tenants(0).zones(0).joining_key().secret(), "s3cret");
  admin_.calls.clear();
  WriteFile("bad.yaml", "tenants:\n  - id: A\n    zones:\n      - zone: prod\n");
  EXPECT_EQ(Run({"apply", "-f", Path("bad.yaml")}), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_THAT(err_, AllOf(HasSubstr("bad.yaml:2:5: tenants[0].id"), HasSubstr("bad.yaml:4:"),
                          HasSubstr("error: E-CONFIG-INVALID: 2 problems in ")));
  in_ = "tenants: [{id: acme}]";
  EXPECT_EQ(Run({"apply", "-f", "-"}), 0);
}

TEST_F(CliTest, ServersAreTakenOutAndRenamed) {
  EXPECT_EQ(Run({"server", "retire", "acme/prod/WEB-01", "--reason", "scrapped"}), 0);
  EXPECT_EQ(admin_.change_request.action(), admin::v1::ChangeServerRequest::ACTION_RETIRE);
  EXPECT_EQ(admin_.change_request.reason(), "scrapped");
  EXPECT_EQ(Run({"server", "rename", "acme/prod/WEB-01", "web-01.corp.example"}), 0);
  EXPECT_EQ(admin_.change_request.action(), admin::v1::ChangeServerRequest::ACTION_RENAME);
  EXPECT_EQ(admin_.change_request.new_name(), "web-01.corp.example");
  // What is gone for good is asked about.
  admin_.change_request.Clear();
  EXPECT_EQ(Run({"server", "delete", "acme/prod/WEB-01"}), 2);
  EXPECT_THAT(err_, HasSubstr("--yes"));
  EXPECT_EQ(admin_.change_request.action(), admin::v1::ChangeServerRequest::ACTION_UNSPECIFIED);
  EXPECT_EQ(Run({"server", "delete", "acme/prod/WEB-01", "--yes"}), 0);
  EXPECT_EQ(admin_.change_request.action(), admin::v1::ChangeServerRequest::ACTION_DELETE);
  EXPECT_EQ(Run({"zone", "delete", "acme/prod"}), 2);
  EXPECT_EQ(Run({"tenant", "delete", "acme"}), 2);
}

TEST_F(CliTest, ReportSaysWhatIsEnrolledAndWhatToDo) {
  auto& zone = *admin_.report.add_zones();
  zone.set_zone_id("acme/prod");
  zone.set_servers(2);
  zone.set_enrolled(1);
  auto& problem = *admin_.report.add_problems();
  problem.set_server("WEB-02");
  problem.mutable_failure()->set_code("E-JOIN-ELSEWHERE");
  problem.mutable_failure()->set_remedy("Confirm it.");
  EXPECT_EQ(Run({"report", "--rollout", "rol-1"}), 0);
  EXPECT_EQ(admin_.report_request.rollout_id(), "rol-1");
  EXPECT_THAT(out_, AllOf(HasSubstr("never"), HasSubstr("WEB-02"),
                          HasSubstr("E-JOIN-ELSEWHERE        1  Confirm it.\n"),
                          HasSubstr("0 of 2 servers proven to be enrolled"),
                          HasSubstr("1 more were, longer ago")));
  EXPECT_EQ(Run({"report", "--check"}), 5);
  EXPECT_EQ(Run({"report", "-o", "csv"}), 0);
  EXPECT_THAT(out_, StartsWith("zone,server,server_id,"));
  EXPECT_EQ(Run({"report", "-o", "csv", "--section", "zones"}), 0);
  EXPECT_THAT(out_, StartsWith("zone,hub_url,servers,"));
}

TEST_F(CliTest, AReportCarriesTheSignedHeadAndVerifyFindsItThere) {
  const std::string line = absl::StrCat("head 120 ", std::string(64, 'a'), " 1764216049123456 0 ",
                                        std::string(16, 'b'), " 3045", std::string(8, 'c'));
  auto& head = *admin_.report.mutable_audit_head();
  head.set_sequence(120);
  head.set_line(line);
  admin_.audit.set_intact(true);
  for (const char* form : {"table", "json", "yaml", "csv"}) {
    const bool csv = form == std::string("csv");
    EXPECT_EQ(
        csv ? Run({"report", "-o", "csv", "--section", "audit"}) : Run({"report", "-o", form}), 0);
    EXPECT_THAT(out_, HasSubstr(line)) << form;
    const std::string kept = WriteFile("kept", out_);
    admin_.verify_audit_request.Clear();
    EXPECT_EQ(Run({"audit", "verify", "--heads", kept}), 0) << err_;
    EXPECT_THAT(admin_.verify_audit_request.exported_heads(), ElementsAre(line)) << form;
  }
  EXPECT_EQ(Run({"report", "-o", "csv"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr(line)));
  EXPECT_THAT(err_, HasSubstr(line));
  EXPECT_EQ(Run({"audit", "verify", "--heads", WriteFile("kept", "ahead of us 7 servers\n")}), 2);
  EXPECT_THAT(err_, HasSubstr("no signed head"));
  // One that was changed is for the orchestrator to judge.
  EXPECT_EQ(Run({"audit", "verify", "--heads", WriteFile("kept", "head 12 changed\n")}), 0);
  EXPECT_THAT(admin_.verify_audit_request.exported_heads(), ElementsAre("head 12 changed"));
}

TEST_F(CliTest, AReportIsAsGoodAsItsProofs) {
  auto& zone = *admin_.report.add_zones();
  zone.set_zone_id("acme/prod");
  zone.set_hub_url("https://hub.example");
  zone.set_servers(2);
  zone.set_enrolled(2);
  zone.set_proven(2);
  EXPECT_EQ(Run({"report", "--check"}), 0);
  EXPECT_THAT(out_, HasSubstr("2 of 2 servers proven to be enrolled"));
  // Older than verify_within.
  zone.set_proven(1);
  EXPECT_EQ(Run({"report", "--check"}), 5);
  zone.set_proven(2);
  // The hub cannot be read: which, since when, and why.
  zone.mutable_hub_read_time()->set_seconds(1'790'000'000);
  zone.mutable_hub_failure()->set_code("E-HUB-TLS");
  zone.mutable_hub_failure()->set_detail("expired");
  zone.mutable_hub_failure()->set_remedy("Renew it.");
  EXPECT_EQ(Run({"report", "--check"}), 5);
  EXPECT_THAT(err_, HasSubstr("acme/prod: hub https://hub.example not read since "
                              "2026-09-21T14:13:20Z: E-HUB-TLS: expired. Renew it."));
  EXPECT_EQ(Run({"report"}), 0);
}

TEST_F(CliTest, ReportShowsFindingsAndRecordsOfNobody) {
  admin_.report.add_zones()->set_zone_id("acme/prod");
  auto& finding = *admin_.findings.add_findings();
  finding.set_finding_id("fnd-1");
  finding.set_kind(admin::v1::FINDING_KIND_MISSING);
  finding.mutable_failure()->set_detail("not among 3");
  EXPECT_EQ(Run({"report", "--zone", "acme/prod"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("fnd-1"), HasSubstr("not among 3")));
  EXPECT_EQ(admin_.findings_request.selection().zone_id(), "acme/prod");
  EXPECT_EQ(admin_.findings_request.kinds_size(), 0);
  EXPECT_EQ(Run({"report", "--section", "findings", "-o", "csv", "--check"}), 5);
  EXPECT_THAT(out_, StartsWith("finding_id,zone,kind,"));
  EXPECT_EQ(Run({"report", "--section", "unmatched"}), 0);
  EXPECT_EQ(admin_.findings_request.kinds(0), admin::v1::FINDING_KIND_GHOST);
  // They are of zones.
  admin_.calls.clear();
  EXPECT_EQ(Run({"report", "--name", "web-1"}), 0);
  EXPECT_THAT(admin_.calls, ElementsAre("GetReport"));
}

TEST_F(CliTest, FindingsAreListedShownAndChanged) {
  EXPECT_EQ(Run({"finding", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("No findings."));
  EXPECT_EQ(Run({"finding", "list", "--zone", "acme/prod", "--kind", "ghost", "--state", "open",
                 "--server", "acme/prod/web-1"}),
            0);
  EXPECT_EQ(admin_.findings_request.kinds(0), admin::v1::FINDING_KIND_GHOST);
  EXPECT_EQ(admin_.findings_request.states(0), admin::v1::FINDING_STATE_OPEN);
  EXPECT_EQ(admin_.findings_request.server(), "acme/prod/web-1");
  admin_.finding.set_finding_id("fnd-1");
  admin_.finding.set_command("muster rollout create --zone acme/prod --name web-1");
  EXPECT_EQ(Run({"finding", "show", "fnd-1"}), 0);
  EXPECT_THAT(out_, HasSubstr("muster rollout create --zone acme/prod --name web-1"));
  EXPECT_EQ(Run({"finding", "ack", "fnd-1", "--reason", "ticket"}), 0);
  EXPECT_EQ(admin_.finding_request.action(), admin::v1::ChangeFindingRequest::ACTION_ACKNOWLEDGE);
  EXPECT_EQ(admin_.finding_request.reason(), "ticket");
  EXPECT_EQ(Run({"finding", "suppress", "fnd-1"}), 2) << "until when, and why?";
  EXPECT_EQ(Run({"finding", "suppress", "fnd-1", "--until", "30d", "--reason", "test"}), 0);
  EXPECT_EQ(admin_.finding_request.action(), admin::v1::ChangeFindingRequest::ACTION_SUPPRESS);
  EXPECT_GT(admin_.finding_request.until().seconds(), 0);
  EXPECT_EQ(Run({"finding", "reopen", "fnd-1"}), 0);
  EXPECT_EQ(admin_.finding_request.action(), admin::v1::ChangeFindingRequest::ACTION_REOPEN);
}

TEST_F(CliTest, SweepsAreRunListedAndCompared) {
  auto& swept = *admin_.swept.add_sweeps();
  swept.set_zone_id("acme/prod");
  swept.set_state(admin::v1::SWEEP_STATE_COMPLETED);
  swept.add_differences("open missing fnd-1: gone");
  EXPECT_EQ(Run({"sweep", "run", "--zone", "acme/prod"}), 0);
  EXPECT_THAT(out_, HasSubstr("acme/prod: open missing fnd-1: gone"));
  EXPECT_FALSE(admin_.sweep_request.has_ask_workers()) << "as the zone's plan says";
  EXPECT_EQ(Run({"sweep", "run", "--hub-only"}), 0);
  EXPECT_TRUE(admin_.sweep_request.has_ask_workers() && !admin_.sweep_request.ask_workers());
  EXPECT_EQ(Run({"sweep", "run", "--ask-workers"}), 0);
  EXPECT_TRUE(admin_.sweep_request.ask_workers());
  EXPECT_EQ(Run({"sweep", "run", "--ask-workers", "--hub-only"}), 2);
  swept.set_state(admin::v1::SWEEP_STATE_FAILED);
  EXPECT_EQ(Run({"sweep", "run"}), 5);
  for (const char* id : {"swp-1", "swp-2"}) {
    auto& sweep = *admin_.sweeps.add_sweeps();
    sweep.set_sweep_id(id);
    sweep.set_zone_id("acme/prod");
    sweep.set_instances(id == std::string("swp-1") ? 10 : 7);
    sweep.set_asked(41);
    sweep.set_answered(40);
    sweep.set_disagreed(39);
  }
  EXPECT_EQ(Run({"sweep", "list"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("swp-1"), HasSubstr("swp-2")));
  EXPECT_EQ(Run({"sweep", "show", "swp-1"}), 0);
  EXPECT_THAT(out_,
              AllOf(HasSubstr("41"), HasSubstr("40"), HasSubstr("39"), HasSubstr("disagreed")));
  EXPECT_EQ(Run({"sweep", "diff", "swp-1", "swp-2"}), 0);
  EXPECT_THAT(out_, HasSubstr("-3"));
  admin_.sweeps.mutable_sweeps(1)->set_zone_id("acme/test");
  EXPECT_EQ(Run({"sweep", "diff", "swp-1", "swp-2"}), 2);
}

TEST_F(CliTest, VerifyAndAuditBringBadNewsAsFive) {
  admin_.verify.add_zones()->set_state(admin::v1::READING_STATE_COMPLETED);
  EXPECT_EQ(Run({"verify"}), 0);
  admin_.verify.mutable_zones(0)->set_enrolled(3);
  admin_.verify.mutable_zones(0)->set_confirmed(2);
  EXPECT_EQ(Run({"verify"}), 5) << "fewer are confirmed than are said to be enrolled";
  EXPECT_THAT(err_, HasSubstr("does not show 1 of 3 enrolled servers"));
  admin_.verify.mutable_zones(0)->set_confirmed(3);
  EXPECT_EQ(Run({"verify"}), 0);
  auto& failed = *admin_.verify.add_zones();
  failed.set_state(admin::v1::READING_STATE_FAILED);
  failed.mutable_failure()->set_remedy("Mend the hub.");
  EXPECT_EQ(Run({"verify", "--zone", "acme/prod"}), 5);
  EXPECT_THAT(err_, HasSubstr("Mend the hub."));
  admin_.audit.set_intact(true);
  EXPECT_EQ(Run({"audit", "verify"}), 0);
  admin_.audit.set_intact(false);
  EXPECT_EQ(Run({"audit", "verify"}), 5);
}

TEST_F(CliTest, ExplainTellsTheStoryUnderBothNames) {
  admin_.explain.set_summary("acme/prod/WEB-01 is joined elsewhere.");
  admin_.explain.mutable_server()->set_name("WEB-01");
  admin_.explain.mutable_server()->set_zone_id("acme/prod");
  admin_.explain.add_entries()->set_text("rollout began");
  EXPECT_EQ(Run({"explain", "server", "acme/prod/WEB-01"}), 0);
  const std::string first = out_;
  EXPECT_THAT(first, AllOf(StartsWith("acme/prod/WEB-01 is joined elsewhere.\n"),
                           HasSubstr("rollout began")));
  EXPECT_EQ(Run({"server", "explain", "acme/prod/WEB-01"}), 0);
  EXPECT_EQ(out_, first);
}

TEST_F(CliTest, VersionNeedsNoOrchestrator) {
  EXPECT_EQ(RunWithoutSocket({"version"}), 0);
  EXPECT_EQ(out_, "muster " MUSTER_VERSION "\n");
}

}  // namespace
}  // namespace muster::cli
