// Operators with the programs themselves: how one comes, renews, is thrown out of an open watch, and
// the way back in when nobody is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OperatorProgramTest : public testing::Test {
 protected:
  OperatorProgramTest() { Serve(); }

  void Serve() {
    serve_ = std::make_unique<Process>(ServeCommand(data_dir(), at_));
    at_ = AwaitReady(*serve_);
    orchestrator_.Attach(at_);
  }
  void Stop() {
    serve_->Signal(SIGTERM);
    EXPECT_EQ(serve_->Wait(), 0);
  }
  const std::string& data_dir() const { return orchestrator_.data_dir(); }
  std::string Beside(const std::string& name) const {
    return (fs::path(data_dir()).parent_path() / name).string();
  }

  // As the operator of a directory; empty: the first one.
  std::vector<std::string> Muster(const std::string& directory,
                                  const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {
        MUSTER_PROGRAM, "--operator-dir",
        directory.empty() ? data_dir() + "/operator" : Beside(directory)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }
  // The exit code; what was printed is in output_.
  int Run(const std::vector<std::string>& command) {
    Process process(command);
    const int code = process.Wait();
    output_ = process.Output();
    return code;
  }
  int RunAs(const std::string& directory, const std::vector<std::string>& arguments) {
    return Run(Muster(directory, arguments));
  }
  int Recover(const std::string& out) {
    return Run({OrchestratorProgram(), "operator", "recover", "--data-dir", data_dir(), "--out",
                Beside(out)});
  }
  static std::string TextOf(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  app::TestOrchestrator orchestrator_;
  app::Endpoints at_;
  std::unique_ptr<Process> serve_;
  std::string output_;
};

TEST_F(OperatorProgramTest, OneComesWithItsOwnKeyAndRenews) {
  ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
  ASSERT_EQ(Run({MUSTER_PROGRAM, "operator", "request", Beside("ada")}), 0) << output_;
  ASSERT_EQ(RunAs("", {"operator", "create", "ada", "--role", "tenant-admin", "--tenant", "acme",
                       "--csr", Beside("ada") + "/operator.csr", "--out", Beside("for-ada")}),
            0)
      << output_;
  fs::copy(Beside("for-ada"), Beside("ada"));
  ASSERT_EQ(RunAs("ada", {"whoami"}), 0) << output_;
  EXPECT_THAT(output_, AllOf(HasSubstr("ada"), HasSubstr("tenant_admin"), HasSubstr("acme"),
                             HasSubstr("tls"), HasSubstr(at_.admin_address)));
  EXPECT_EQ(RunAs("ada", {"doctor"}), 0) << output_;
  EXPECT_THAT(output_, AllOf(HasSubstr("operator certificate"), HasSubstr("in 89 d")));

  const std::string key = TextOf(Beside("ada") + "/operator.key");
  const std::string certificate = TextOf(Beside("ada") + "/operator.crt");
  ASSERT_EQ(RunAs("ada", {"operator", "renew", "--valid-for", "10d"}), 0) << output_;
  EXPECT_EQ(TextOf(Beside("ada") + "/operator.key"), key);
  EXPECT_NE(TextOf(Beside("ada") + "/operator.crt"), certificate);
  ASSERT_EQ(RunAs("ada", {"operator", "renew", "--new-key", "--end-others"}), 0) << output_;
  EXPECT_NE(TextOf(Beside("ada") + "/operator.key"), key);
  EXPECT_EQ(fs::status(Beside("ada") + "/operator.key").permissions() & fs::perms::mask,
            fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(RunAs("ada", {"whoami"}), 0) << output_;
  // The files that went around before are worth nothing now.
  std::ofstream(Beside("for-ada") + "/operator.key") << key;
  EXPECT_EQ(RunAs("for-ada", {"whoami"}), 4) << output_;
  EXPECT_THAT(output_, HasSubstr("E-AUTH-"));
}

TEST_F(OperatorProgramTest, ARevokedWatcherIsShownOut) {
  ASSERT_TRUE(orchestrator_.ApplyFleet({"acme"}, "https://hub.example").ok());
  ASSERT_TRUE(orchestrator_.Import("acme", {"web-1"}).ok());
  ASSERT_EQ(RunAs("", {"operator", "create", "ada", "--role", "operator", "--tenant", "acme",
                       "--out", Beside("ada")}),
            0)
      << output_;
  // Its worker never comes: nothing ever changes.
  Process watch(Muster("ada", {"rollout", "create", "--all", "--watch"}));
  ASSERT_NE(watch.AwaitLine("0 of 1"), "");
  ASSERT_EQ(RunAs("", {"operator", "revoke", "ada", "--reason", "left", "--yes"}), 0) << output_;
  EXPECT_EQ(watch.Wait(), 4) << watch.Output();
  EXPECT_THAT(watch.Output(), HasSubstr("E-AUTH-REVOKED"));
  EXPECT_EQ(RunAs("ada", {"whoami"}), 4) << output_;
  EXPECT_EQ(RunAs("", {"operator", "list"}), 0);
  EXPECT_THAT(output_, Not(HasSubstr("ada")));
}

TEST_F(OperatorProgramTest, TheWayBackInForRoot) {
  EXPECT_EQ(RunAs("", {"operator", "revoke", "admin", "--yes"}), 1);
  EXPECT_THAT(output_, AllOf(HasSubstr("E-OPERATOR-LAST"), HasSubstr("--even-last")));
  ASSERT_EQ(RunAs("", {"operator", "revoke", "admin", "--yes", "--even-last"}), 0) << output_;
  EXPECT_EQ(RunAs("", {"whoami"}), 4);
  EXPECT_THAT(output_, HasSubstr("muster-orchestrator operator recover"));

  ASSERT_EQ(Recover("one"), 0) << output_;
  EXPECT_THAT(output_, HasSubstr(absl::StrCat("muster --operator-dir ", Beside("one"), " whoami")));
  ASSERT_EQ(RunAs("one", {"whoami"}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("provider_admin"));
  EXPECT_EQ(Recover("one"), 1) << "nothing is overwritten";

  Stop();
  ASSERT_EQ(Recover("two"), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("muster-orchestrator serve"));
  Serve();
  ASSERT_EQ(RunAs("two", {"operator", "list", "--revoked"}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("revoked"));
  EXPECT_EQ(RunAs("one", {"whoami"}), 4) << "what was lost has ended";
  ASSERT_EQ(RunAs("two", {"audit", "verify"}), 0) << output_;
  ASSERT_EQ(RunAs("two", {"audit", "list", "--actor", "operator:local"}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("while the orchestrator did not run"));
}

}  // namespace
}  // namespace muster
