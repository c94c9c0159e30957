// What 'muster token snippet' prints, run as an RMM runs it: against an orchestrator program, with
// the worker's own program. What belongs to the machine (the package manager, the service manager,
// who root is) are stand-ins: programs of the same name that come first in PATH. PowerShell's are in
// tests/integration/snippet_stand_ins.ps1, and run where there is a pwsh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/crypto/digest.h"
#include "proto/rpc/token_file.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr char kPackageText[] = "not a package, but the stand-in installs the worker for it\n";

std::string TextOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// What runs the script of one system.
struct Interpreter {
  const char* name;
  std::vector<std::string> command;
  bool windows = false;

  friend void PrintTo(const Interpreter& interpreter, std::ostream* out) {
    *out << interpreter.name;
  }
};

std::string PowerShellProgram() {
  const char* const named = getenv("MUSTER_PWSH");
  if (named != nullptr) return named;
  for (absl::string_view folder : absl::StrSplit(getenv("PATH"), ':')) {
    const std::string path = absl::StrCat(folder, "/pwsh");
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

class SnippetProgramTest : public testing::TestWithParam<Interpreter> {
 protected:
  SnippetProgramTest() : orchestrator_(ServeCommand(job_.orchestrator().data_dir())) {
    job_.orchestrator().Attach(AwaitReady(orchestrator_));
    EXPECT_TRUE(job_.orchestrator().ApplyFleet({"acme", "other"}, job_.hub().url()).ok());
    folder_ = testing::TempDir() + "/muster-snippet-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    for (const char* below : {"/bin", "/tmp", "/System32", "/Temp"})
      fs::create_directory(folder_ + below);
    package_ = windows() ? Write("muster worker$.msi", kPackageText)
                         : Write("worker's $(touch OOPS).deb", kPackageText);
    MakeStandIns();
  }
  ~SnippetProgramTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void SetUp() override {
    const std::string& program = GetParam().command[0];
    if (windows() && PowerShellProgram().empty()) GTEST_SKIP() << "there is no pwsh here";
    if (!windows() && access(program.c_str(), X_OK) != 0) GTEST_SKIP() << "there is no " << program;
  }

  static bool windows() { return GetParam().windows; }
  std::string Path(const std::string& name) const { return absl::StrCat(folder_, "/", name); }
  std::string Write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  void StandIn(const std::string& name, const std::string& script) {
    Write(name, absl::StrCat("#!/bin/sh\nhere='", folder_, "'\n", script), 0755);
  }
  // "Installs": the worker's program, with a data directory of this test's.
  void MakeStandIns() {
    Write("worker",
          absl::StrCat("#!/bin/sh\nname=$(cat '", folder_, "/name')\n",
                       "[ \"$1\" != enroll ] || set -- \"$@\" --server-name \"$name\"\n", "exec '",
                       MUSTER_WORKER_PROGRAM, "' \"$@\" --data-dir '", folder_, "/data'\n"),
          0755);
    Write("name", "web-01");
    const std::string install =
        "echo \"$*\" >>\"$here/installed\"\n"
        "[ ! -e \"$here/slow\" ] || sleep 1.2\n"
        "[ ! -s \"$here/busy\" ] || { rm \"$here/busy\"; echo 'lock-frontend is held by 42'; exit "
        "$BUSY; }\n";
    StandIn("bin/dpkg",
            absl::StrCat("BUSY=2\n", install, "cp \"$here/worker\" \"$here/bin/muster-worker\"\n"));
    StandIn(
        "bin/systemctl",
        "case $1 in start) : >\"$here/started\" ;; is-active) [ -e \"$here/started\" ] ;; esac\n");
    // /run is for the real ones.
    StandIn("bin/mktemp", "case $* in */run/*) exit 1 ;; esac\nexec /usr/bin/mktemp \"$@\"\n");
    StandIn("bin/id", "cat \"$here/uid\"\n");
    Write("uid", "0\n");
    StandIn("System32/msiexec.exe",
            absl::StrCat("BUSY=82\n", install,
                         "cp \"$here/worker\" \"$here/bin/muster-worker\"\n[ ! -e "
                         "\"$here/restart\" ] || exit 194\n"));
    StandIn("System32/whoami.exe",
            "[ \"$(cat \"$here/uid\")\" != 0 ] || echo 'Mandatory Label S-1-16-16384'\n");
    StandIn("System32/icacls.exe", "exit 0\n");
  }
  int Installations() const {
    const std::string log = TextOf(Path("installed"));
    return static_cast<int>(std::count(log.begin(), log.end(), '\n'));
  }

  std::string Token(const std::function<void(admin::v1::CreateTokenRequest&)>& change = {}) {
    admin::v1::CreateTokenRequest request;
    request.set_zone_id("acme/prod");
    request.set_any_name(true);
    if (change) change(request);
    const auto token = job_.orchestrator().CreateToken(request);
    EXPECT_TRUE(token.ok()) << token.status();
    return token.ok() ? rpc::FormatTokenFile(*token) : "";
  }
  std::string TokenPath() const { return Path("acme.token"); }

  // The script, made for a token in TokenPath() unless the flags say otherwise.
  std::string Snippet(std::vector<std::string> flags = {}, const std::string& url = "") {
    std::vector<std::string> command = {MUSTER_PROGRAM, "token", "snippet", "--package-url",
                                        url.empty() ? Located(package_) : url};
    const bool has_hash = std::find(flags.begin(), flags.end(), "--package-sha256") != flags.end();
    if (!has_hash) flags.insert(flags.end(), {"--package-sha256", crypto::Sha256Hex(kPackageText)});
    if (std::find(flags.begin(), flags.end(), "--for") == flags.end()) {
      flags.insert(flags.end(), {"--for", windows() ? "powershell" : "shell"});
    }
    flags.insert(flags.end(), {"--system", windows() ? "windows" : "linux"});
    if (std::find(flags.begin(), flags.end(), "--token-variable") == flags.end()) {
      flags.insert(flags.end(), {"--token-file", Located(TokenPath())});
    }
    command.insert(command.end(), flags.begin(), flags.end());
    Process process(command);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
    // PowerShell on Linux knows no drives; quotes and all else stay.
    const std::string script = absl::StrReplaceAll(
        process.Output(),
        {{absl::StrCat("C:", absl::StrReplaceAll(folder_, {{"/", "\\"}}), "\\"), folder_ + "/"}});
    return Write(windows() ? "enroll.ps1" : "enroll.sh", script);
  }
  static std::string Located(const std::string& path) {
    return windows() ? absl::StrCat("C:", absl::StrReplaceAll(path, {{"/", "\\"}})) : path;
  }
  void Quicken(int seconds) {
    for (const char* name : {"enroll.sh", "enroll.ps1"}) {
      if (!fs::exists(Path(name))) continue;
      Write(name, absl::StrReplaceAll(TextOf(Path(name)),
                                      {{"time_limit=300", absl::StrCat("time_limit=", seconds)},
                                       {"retry_pause=5", "retry_pause=1"},
                                       {"TimeLimit = 300", absl::StrCat("TimeLimit = ", seconds)},
                                       {"RetryPause = 5", "RetryPause = 1"}}));
    }
  }

  std::vector<std::string> Command(const std::string& script,
                                   const std::vector<std::string>& variables = {}) {
    std::vector<std::string> command = {"/usr/bin/env",
                                        absl::StrCat("PATH=", folder_, "/bin:", getenv("PATH")),
                                        absl::StrCat("TMPDIR=", folder_, "/tmp"),
                                        absl::StrCat("SystemRoot=", folder_),
                                        absl::StrCat("STAND_INS=", folder_),
                                        "POWERSHELL_TELEMETRY_OPTOUT=1"};
    command.insert(command.end(), variables.begin(), variables.end());
    if (windows()) {
      command.insert(command.end(),
                     {PowerShellProgram(), "-NoLogo", "-NoProfile", "-NonInteractive", "-File",
                      MUSTER_SOURCE_DIR "/tests/integration/snippet_stand_ins.ps1"});
    } else {
      command.insert(command.end(), GetParam().command.begin(), GetParam().command.end());
    }
    command.push_back(script);
    return command;
  }
  struct Ending {
    int code;
    std::string last;  // Its last line.
    std::string output;
  };
  Ending Run(const std::string& script, const std::vector<std::string>& variables = {}) {
    Process process(Command(script, variables));
    Ending ending{.code = process.Wait(), .last = "", .output = process.Output()};
    const std::vector<std::string> lines = absl::StrSplit(ending.output, '\n', absl::SkipEmpty());
    if (!lines.empty()) ending.last = std::string(absl::StripSuffix(lines.back(), "\r"));
    EXPECT_TRUE(fs::is_empty(Path("tmp"))) << "it leaves files behind";
    EXPECT_TRUE(fs::is_empty(Path("Temp"))) << "it leaves files behind";
    EXPECT_FALSE(fs::exists("OOPS"));
    return ending;
  }

  MainJob job_{1};
  Process orchestrator_;
  std::string folder_;
  std::string package_;
};

TEST_P(SnippetProgramTest, ATokenInAFileEnrollsOnceAndASecondRunFindsItDone) {
  const std::string token = Write("acme.token", Token());
  const std::string body = std::vector<std::string>(absl::StrSplit(TextOf(token), '\n'))[1];
  const std::string script = Snippet();
  const Ending first = Run(script);
  EXPECT_EQ(first.code, 0) << first.output;
  EXPECT_THAT(first.last,
              MatchesRegex("muster: result=enrolled code=- server=srv-[a-z0-9]+ exit=0"))
      << first.output;
  EXPECT_THAT(first.output, Not(HasSubstr(body)));
  EXPECT_FALSE(fs::exists(token)) << "the token is still there";
  EXPECT_TRUE(fs::exists(Path("started")));
  EXPECT_EQ(Installations(), 1);

  const Ending second = Run(script);
  EXPECT_EQ(second.code, 0) << second.output;
  EXPECT_EQ(second.last, absl::StrReplaceAll(first.last, {{"=enrolled", "=already-enrolled"}}));
  // With a token, which is not used.
  Write("acme.token", Token());
  const Ending third = Run(script);
  EXPECT_EQ(third.last, second.last) << third.output;
  EXPECT_EQ(Installations(), 1);
}

TEST_P(SnippetProgramTest, AVariableHoldsTheTokenHoweverItWasSpoiled) {
  const std::string token = Token([](auto& request) { request.set_max_uses(9); });
  const std::string script = Snippet({"--token-variable", "acme_token"});
  for (const std::string& spoiled :
       {absl::StrCat("\xEF\xBB\xBF", absl::StrReplaceAll(token, {{"\n", "\r\n"}})),
        absl::StrReplaceAll(token, {{"\n", " "}}),
        absl::StrReplaceAll(token, {{"\n", "\\r\\n"}})}) {
    std::error_code ignored;
    fs::remove_all(Path("data"), ignored);
    Write("name", absl::StrCat("web-", spoiled.size()));  // A machine each.
    const Ending ending = Run(script, {absl::StrCat("acme_token=", spoiled)});
    EXPECT_EQ(ending.code, 0) << ending.output;
    EXPECT_THAT(ending.last, HasSubstr("result=enrolled"));
  }
}

TEST_P(SnippetProgramTest, AFileOfUtf16IsReadAsWell) {
  std::string wide = "\xFF\xFE";
  for (const char c : Token()) wide += {c, '\0'};
  Write("acme.token", wide);
  EXPECT_THAT(Run(Snippet()).last, HasSubstr("result=enrolled"));
}

TEST_P(SnippetProgramTest, AnotherPackageThanTheOneThatWasNamedIsNotInstalled) {
  Write("acme.token", Token());
  const Ending ending = Run(Snippet({"--package-sha256", std::string(64, '0')}));
  EXPECT_EQ(ending.code, 12);
  EXPECT_EQ(ending.last, "muster: result=wrong-hash code=- server=- exit=12") << ending.output;
  EXPECT_EQ(Installations(), 0);
  EXPECT_FALSE(fs::exists(TokenPath()));
}

TEST_P(SnippetProgramTest, AnExpiredTokenIsRefusedWithItsCode) {
  Write("slow", "");  // The installation takes longer than the token lives.
  Write("acme.token", Token([](auto& request) { request.mutable_ttl()->set_seconds(1); }));
  const Ending ending = Run(Snippet());
  EXPECT_EQ(ending.code, 14) << ending.output;
  EXPECT_EQ(ending.last, "muster: result=refused code=E-TOKEN-EXPIRED server=- exit=14");
}

TEST_P(SnippetProgramTest, NAbleGetsCodesAboveThoseThatItKeepsToItself) {
  Write("acme.token", "nonsense");
  const Ending ending = Run(Snippet({"--for", "n-able"}));
  EXPECT_EQ(ending.last, windows()
                             ? "muster: result=refused code=E-TOKEN-MALFORMED server=- exit=1014"
                             : "muster: result=refused code=E-TOKEN-MALFORMED server=- exit=14")
      << ending.output;
}

TEST_P(SnippetProgramTest, AMachineOfAnotherZoneIsNotMoved) {
  Write("acme.token", Token());
  const std::string script = Snippet();
  EXPECT_EQ(Run(script).code, 0);
  Write("acme.token", Token([](auto& request) { request.set_zone_id("other/prod"); }));
  EXPECT_EQ(Run(script).last, "muster: result=refused code=E-WORKER-OTHER-ZONE server=- exit=14");
}

TEST_P(SnippetProgramTest, PendingIsAnEndInItself) {
  Write("acme.token",
        Token([](auto& request) { request.set_mode(admin::v1::TOKEN_MODE_PENDING); }));
  const Ending ending = Run(Snippet());
  EXPECT_EQ(ending.code, 0) << ending.output;
  EXPECT_THAT(ending.last, HasSubstr("result=pending"));
}

TEST_P(SnippetProgramTest, AnotherInstallationThatRunsIsAwaited) {
  Write("busy", "yes");
  Write("acme.token", Token());
  const std::string script = Snippet();
  Quicken(60);
  // msiexec says it by 1618, and by 3010 that it wants a restart; a stand-in has the lowest byte only.
  Write("restart", "");
  if (windows())
    Write("enroll.ps1", absl::StrReplaceAll(TextOf(script), {{"1618", "82"}, {"3010", "194"}}));
  EXPECT_THAT(Run(script).last, HasSubstr("result=enrolled"));
  EXPECT_EQ(Installations(), 2);
}

TEST_P(SnippetProgramTest, AServerThatNeverAnswersIsNotAwaitedForLonger) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  Write("acme.token", Token());
  const std::string script = Snippet({}, absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port),
                                                      "/worker.", windows() ? "msi" : "deb"));
  Quicken(2);
  const absl::Time begin = absl::Now();
  const Ending ending = Run(script);
  EXPECT_EQ(ending.last, "muster: result=timeout code=- server=- exit=16") << ending.output;
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
  EXPECT_FALSE(fs::exists(TokenPath()));
  close(listener);
}

TEST_P(SnippetProgramTest, AnOrchestratorThatIsAwayIsToldFromOneThatRefuses) {
  Write("acme.token", Token());
  orchestrator_.Signal(SIGKILL);
  orchestrator_.Wait();
  const std::string script = Snippet();
  Quicken(windows() ? 6 : 4);
  const Ending ending = Run(script);
  EXPECT_THAT(ending.last, testing::AnyOf("muster: result=unreachable code=- server=- exit=15",
                                          "muster: result=timeout code=- server=- exit=16"))
      << ending.output;
}

TEST_P(SnippetProgramTest, WithoutATokenOrTheRightsNothingIsTouched) {
  const std::string script = Snippet();
  EXPECT_EQ(Run(script).last, "muster: result=no-token code=- server=- exit=10");
  if (GetParam().name == std::string("busybox")) return;  // It asks no stand-in who root is.
  Write("uid", "1000\n");
  Write("acme.token", Token());
  EXPECT_EQ(Run(script).last, windows() ? "muster: result=not-elevated code=- server=- exit=17"
                                        : "muster: result=not-root code=- server=- exit=17");
  EXPECT_EQ(Installations(), 0);
}

TEST_P(SnippetProgramTest, ATokenFileThatOthersCanWriteIsNotBelieved) {
  Write("acme.token", Token(), 0666);
  Write("acl-of-others", "");
  const std::string script = Snippet();
  EXPECT_EQ(Run(script).last, "muster: result=unsafe-token-file code=- server=- exit=20");
  EXPECT_EQ(Installations(), 0);
}

TEST_P(SnippetProgramTest, ATokenFileMayStay) {
  Write("acme.token", Token());
  EXPECT_EQ(Run(Snippet({"--keep-token-file"})).code, 0);
  EXPECT_TRUE(fs::exists(TokenPath()));
}

TEST_P(SnippetProgramTest, AServiceThatDoesNotStartIsSaid) {
  Write("acme.token", Token());
  StandIn("bin/systemctl", "echo 'Job for muster-worker.service failed.'; exit 1\n");
  Write("no-start", "");
  EXPECT_THAT(Run(Snippet()).last,
              MatchesRegex("muster: result=not-started code=- server=srv-[a-z0-9]+ exit=18"));
}

TEST_P(SnippetProgramTest, WhoEndsTheScriptEndsAllOfIt) {
  if (windows()) GTEST_SKIP() << "an end by force is the end on Windows";
  Write("acme.token", Token());
  for (const char* name : {"begun", "ended"}) ASSERT_EQ(mkfifo(Path(name).c_str(), 0600), 0);
  StandIn("bin/dpkg",
          "trap 'kill $!; echo ended >\"$here/ended\"; exit 1' TERM\n"
          "sleep 60 &\necho begun >\"$here/begun\"\nwait\n");
  Process process(Command(Snippet()));
  EXPECT_EQ(TextOf(Path("begun")), "begun\n");
  process.Signal(SIGTERM);
  EXPECT_EQ(TextOf(Path("ended")), "ended\n");
  EXPECT_EQ(process.Wait(), 21);
  EXPECT_THAT(process.Output(), HasSubstr("muster: result=interrupted code=- server=- exit=21"));
  EXPECT_TRUE(fs::is_empty(Path("tmp")));
  EXPECT_FALSE(fs::exists(TokenPath()));
}

INSTANTIATE_TEST_SUITE_P(Interpreters, SnippetProgramTest,
                         testing::Values(Interpreter{"sh", {"/bin/sh"}},
                                         Interpreter{"busybox", {"/usr/bin/busybox", "ash"}},
                                         Interpreter{"powershell", {"pwsh"}, true}),
                         [](const auto& interpreter) { return interpreter.param.name; });

}  // namespace
}  // namespace muster
