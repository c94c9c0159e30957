// Runs whole command lines in-process against a fake orchestrator on a Unix socket.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CLI_CLI_FIXTURE_H_
#define MUSTER_TESTS_ORCHESTRATOR_CLI_CLI_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "orchestrator/cli/cli.h"
#include "tests/orchestrator/cli/fake_admin_server.h"

namespace muster::cli {

class CliTest : public testing::Test {
 protected:
  CliTest() : directory_(testing::TempDir() + "/muster-cli-XXXXXX") {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    server_ = std::make_unique<FakeAdminServer>(admin_, directory_ + "/s");
  }
  ~CliTest() override {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::string WriteFile(const std::string& name, const std::string& content) {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

  // The exit code; what was printed is in out_ and err_.
  int RunWithoutSocket(const std::vector<std::string>& args) {
    std::istringstream in(in_);
    std::ostringstream out;
    std::ostringstream err;
    CliEnvironment environment{
        .in = in,
        .out = out,
        .err = err,
        .out_is_terminal = terminal_,
        .err_is_terminal = terminal_,
        .width = 100,
        .variable = [this](const std::string& name) -> std::optional<std::string> {
          const auto it = variables_.find(name);
          if (it == variables_.end()) return std::nullopt;
          return it->second;
        },
        .now = [] { return absl::FromUnixSeconds(1'784'365'200); },  // 2026-07-18T09:00:00Z
        .wait = [this](absl::Duration) { ++waits_; },
        .catch_interrupts = [](bool) {},
        .interrupted = [this] { return interrupted_; },
        .echo = [](bool) {},
    };
    const int code = RunCli(args, environment);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  int Run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--socket", Path("s")});
    return RunWithoutSocket(args);
  }

  FakeAdmin admin_;
  std::string directory_;
  std::unique_ptr<FakeAdminServer> server_;
  std::map<std::string, std::string> variables_;
  std::string in_;
  bool terminal_ = false;
  bool interrupted_ = false;
  int waits_ = 0;
  std::string out_;
  std::string err_;
};

}  // namespace muster::cli

#endif  // MUSTER_TESTS_ORCHESTRATOR_CLI_CLI_FIXTURE_H_
