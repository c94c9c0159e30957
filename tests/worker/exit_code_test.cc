// How the running program ends: each exit code that docs/operations.md names.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "tests/worker/program_fixture.h"
#include "worker/identity/state_directory.h"

namespace muster::worker {
namespace {

using testing::HasSubstr;

// A file that opens but never ends, as on a network share that hangs.
class HangingFile {
 public:
  explicit HangingFile(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
  }
  ~HangingFile() {
    if (fd_ >= 0) close(fd_);
  }
  // Blocks until somebody reads it, and hangs.
  bool AwaitReader() {
    auto opened = std::async(std::launch::async,
                             [this] { return open(path_.c_str(), O_WRONLY | O_CLOEXEC); });
    const bool in_time = opened.wait_for(std::chrono::minutes(1)) == std::future_status::ready;
    if (!in_time) close(open(path_.c_str(), O_RDONLY | O_NONBLOCK));  // Lets the thread go.
    fd_ = opened.get();
    return in_time && fd_ >= 0;
  }

 private:
  const std::string path_;
  int fd_ = -1;
};

TEST_F(EnrolledProgramTest, ASignalStopsItAndItsStatusIsKnown) {
  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  EXPECT_THAT(RunProgram({"status", "--data-dir", data_dir_}).output,
              testing::AllOf(HasSubstr("srv-test"), HasSubstr(" running")));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
  const ProcessAnswer stopped = RunProgram({"status", "--data-dir", data_dir_});
  EXPECT_EQ(stopped.exit_code, kExitStopped) << stopped.output;
  EXPECT_THAT(stopped.output, HasSubstr("not running"));
}

// What people compare before they let it in, wherever they look.
TEST_F(EnrolledProgramTest, ItSaysItsKeyWhenItRunsAndInItsStatus) {
  const auto directory = StateDirectory::Open(data_dir_);
  ASSERT_TRUE(directory.ok());
  const std::string key = directory->KeyFingerprint();
  ASSERT_EQ(key.size(), 64u);
  Process program(RunCommand());
  EXPECT_THAT(program.AwaitLine("worker started"), HasSubstr(key));
  EXPECT_THAT(RunProgram({"status", "--data-dir", data_dir_}).output,
              HasSubstr("key           " + key));
  // An enrollment that was refused has a key as well: it is of the next one.
  ASSERT_TRUE(directory->LoadOrMakeNextKey().ok());
  EXPECT_THAT(RunProgram({"status", "--data-dir", data_dir_}).output,
              HasSubstr("next key      " + directory->NextKeyFingerprint()));
  const std::string fresh = data_dir_ + "/not-enrolled";
  const auto other = StateDirectory::Open(fresh);
  ASSERT_TRUE(other.ok() && other->LoadOrMakeKey().ok());
  EXPECT_THAT(RunProgram({"status", "--data-dir", fresh}).output,
              testing::AllOf(HasSubstr("key           " + other->KeyFingerprint()),
                             HasSubstr("E-WORKER-NOT-ENROLLED")));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

TEST_F(EnrolledProgramTest, AfterAKillItComesBack) {
  Process killed(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  Process again(RunCommand());
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  again.Signal(SIGINT);
  EXPECT_EQ(again.Wait(), kExitStopped) << again.Output();
}

TEST_F(EnrolledProgramTest, RefusedForGoodItStaysAndSaysWhy) {
  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  v1::OrchestratorMessage goodbye;
  goodbye.mutable_goodbye()->set_code("E-CERT-REVOKED");
  orchestrator_.Send(goodbye);
  orchestrator_.EndSession();
  EXPECT_THAT(program.AwaitLine("this worker is refused"), HasSubstr("E-CERT-REVOKED"));
  EXPECT_THAT(RunProgram({"status", "--data-dir", data_dir_}).output,
              HasSubstr("refused       E-CERT-REVOKED"));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

TEST_F(EnrolledProgramTest, AHangUpReadsTheLogLevelAgainAndEndsNothing) {
  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  std::ofstream(data_dir_ + "/log-level") << "error\n";
  program.Signal(SIGHUP);
  std::ofstream(data_dir_ + "/log-level") << "nonsense\n";
  program.Signal(SIGHUP);
  std::filesystem::remove(data_dir_ + "/log-level");
  program.Signal(SIGHUP);
  EXPECT_NE(program.AwaitLine("reloaded"), "");
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

TEST_F(EnrolledProgramTest, AHangUpReadsTheIdentityAgain) {
  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  const auto directory = StateDirectory::Open(data_dir_);
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto identity = directory->LoadIdentity();
  ASSERT_TRUE(identity.ok()) << identity.status();
  const auto key = *crypto::PrivateKey::FromPem(identity->private_key_pem);
  // Cut off, as when the copy that brings it has not ended: said, and the session stays.
  ASSERT_TRUE(directory->SaveCertificate("-----BEGIN CERT", identity->ca_bundle_pem).ok());
  program.Signal(SIGHUP);
  EXPECT_THAT(program.AwaitLine("identity not read again"), HasSubstr("E-WORKER-IDENTITY"));
  const std::string fresh = orchestrator_.authority().IssueWorker(
      *crypto::CertificateRequest::Create(key, "w"),
      absl::StrCat("muster://", kZone, "/", identity->server_id.value()), absl::Hours(24 * 60));
  ASSERT_TRUE(directory->SaveCertificate(fresh, identity->ca_bundle_pem).ok());
  program.Signal(SIGHUP);
  EXPECT_NE(program.AwaitLine("this worker has another identity now"), "");
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

// As remote management runs it on every machine, again and again.
TEST_F(EnrolledProgramTest, EnrollingAgainIsDoneAlready) {
  const auto enroll = [this](const std::string& secret) {
    v1::TokenFile token = orchestrator_.token();
    if (!secret.empty()) token.set_secret(secret);
    const std::string file = folder_.path() + "/token of " + secret;
    std::ofstream(file) << rpc::FormatTokenFile(token);
    return RunProgram({"enroll", "--data-dir", data_dir_, "--token-file", file});
  };
  const auto already = [&](const std::string& secret) {
    const ProcessAnswer answer = enroll(secret);
    EXPECT_EQ(answer.exit_code, kExitStopped) << answer.output;
    EXPECT_THAT(answer.output, HasSubstr("Already enrolled as srv-test in zone acme/prod"));
  };
  already("");
  already("another token of the zone");
  Process program(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  already("");
  already("another token of the zone");
  EXPECT_EQ(orchestrator_.enrolls(), 1) << "the orchestrator was not even asked";
  // Where it is needed it is done, beside the running worker, which takes it over.
  v1::OrchestratorMessage goodbye;
  goodbye.mutable_goodbye()->set_code("E-CERT-REVOKED");
  orchestrator_.Send(goodbye);
  orchestrator_.EndSession();
  ASSERT_NE(program.AwaitLine("this worker is refused"), "");
  const ProcessAnswer anew = enroll("");
  EXPECT_EQ(anew.exit_code, kExitStopped) << anew.output;
  EXPECT_THAT(anew.output, testing::StartsWith("Enrolled as srv-test"));
  EXPECT_EQ(orchestrator_.enrolls(), 2);
  program.Signal(SIGHUP);  // It looks by itself every half a minute.
  EXPECT_NE(program.AwaitLine("this worker has another identity now"), "");
  EXPECT_TRUE(orchestrator_.AwaitSessions(2));
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
}

// Nobody reads its standard error: it works on, and a stop is a stop.
TEST_F(EnrolledProgramTest, ABlockedLogStopsNoStop) {
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
  while (write(pipe_ends[1], "full", 4) > 0) {
  }
  ASSERT_EQ(fcntl(pipe_ends[1], F_SETFL, 0), 0);
  const std::string full = absl::StrCat("exec 2>/proc/", getpid(), "/fd/", pipe_ends[1]);
  std::string words;
  for (const std::string& word : RunCommand()) absl::StrAppend(&words, " '", word, "'");
  Process program({"/bin/sh", "-c", absl::StrCat(full, "; exec", words)});
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  orchestrator_.SendCommand(ProbeCommand("cmd-1"));
  EXPECT_TRUE(orchestrator_.AwaitResult("cmd-1").has_value());
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitStopped);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_F(EnrolledProgramTest, AJournalLostWhileItRunsEndsItAndTheCommandIsDoneAfterwards) {
  {
    Process program(RunCommand());
    ASSERT_TRUE(orchestrator_.AwaitSessions(1));
    program.LimitFiles(0);
    orchestrator_.SendCommand(JoinCommand("cmd-1"));
    EXPECT_EQ(program.Wait(), kExitJournalLost) << program.Output();
    EXPECT_THAT(program.Output(), HasSubstr("E-WORKER-JOURNAL"));
    EXPECT_THAT(program.Output(), HasSubstr(data_dir_ + "/journal.db"));
  }
  // What the journal has not taken has not begun; on a healthy disk it is done.
  Process again(RunCommand());
  ASSERT_TRUE(orchestrator_.AwaitSessions(2));
  orchestrator_.SendCommand(JoinCommand("cmd-1"));
  EXPECT_TRUE(orchestrator_.AwaitResult("cmd-1").has_value());
  again.Signal(SIGTERM);
  EXPECT_EQ(again.Wait(), kExitStopped) << again.Output();
}

// Neither 300 seconds of waiting nor a join that is forgotten.
TEST_F(EnrolledProgramTest, AStopEndsAJoinByTheCommandLineWhichIsInDoubtAfterwards) {
  std::filesystem::create_directory(app_data_);
  std::ofstream(app_data_ + "/serviceconfig.json") << R"({"Transport": "namedpipe"})";
  HangingFile answer(folder_.path() + "/answer");
  const std::string certify = folder_.path() + "/certify-cli";
  std::ofstream(certify) << "#!/bin/sh\nexec cat " << folder_.path() << "/answer\n";
  std::filesystem::permissions(certify, std::filesystem::perms::owner_all);
  std::vector<std::string> command = RunCommand();
  command.insert(command.end(), {"--certify-cli", certify});
  {
    Process program(command);
    ASSERT_TRUE(orchestrator_.AwaitSessions(1));
    orchestrator_.SendCommand(JoinCommand("cmd-1"));
    ASSERT_TRUE(answer.AwaitReader());
    program.Signal(SIGTERM);
    EXPECT_EQ(program.Wait(), kExitStopped) << program.Output();
  }
  Process again(command);
  ASSERT_TRUE(orchestrator_.AwaitSessions(2));
  const auto result = orchestrator_.AwaitResult("cmd-1");
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome(), v1::CommandResult::OUTCOME_IN_DOUBT) << result->ShortDebugString();
  again.Signal(SIGTERM);
  EXPECT_EQ(again.Wait(), kExitStopped) << again.Output();
}

// A stop does not cut the service manager off, so that no service is left stopped; who cannot wait
// says so twice.
TEST_F(EnrolledProgramTest, ASecondSignalWhileACommandHangsEndsItAtOnce) {
  std::filesystem::create_directory(app_data_);
  std::ofstream(app_data_ + "/serviceconfig.json") << R"({"Transport": "namedpipe"})";
  HangingFile answer(folder_.path() + "/answer");
  const std::string manager = folder_.path() + "/systemctl";
  std::ofstream(manager) << "#!/bin/sh\nexec cat " << folder_.path() << "/answer\n";
  std::filesystem::permissions(manager, std::filesystem::perms::owner_all);
  std::string words;
  for (const std::string& word : RunCommand()) absl::StrAppend(&words, " '", word, "'");
  Process program(
      {"/bin/sh", "-c",
       absl::StrCat("PATH=", folder_.path(), ":$PATH exec", words, " --certify-cli /bin/false")});
  ASSERT_TRUE(orchestrator_.AwaitSessions(1));
  orchestrator_.SendCommand(JoinCommand("cmd-1"));
  ASSERT_TRUE(answer.AwaitReader());
  program.Signal(SIGTERM);
  EXPECT_NE(program.AwaitLine("stopping"), "");
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), kExitForced) << program.Output();
}

}  // namespace
}  // namespace muster::worker
