// muster-worker as a program: run to its end, or running against a fake orchestrator.
#ifndef MUSTER_TESTS_WORKER_PROGRAM_FIXTURE_H_
#define MUSTER_TESTS_WORKER_PROGRAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "proto/rpc/token_file.h"
#include "tests/integration/process.h"
#include "tests/worker/fake_orchestrator.h"
#include "tests/worker/worker_fixture.h"
#include "worker/app/commands.h"
#include "worker/platform/process.h"

namespace muster::worker {

// Blocks until it has ended.
inline ProcessAnswer RunProgram(const std::vector<std::string>& arguments,
                                const std::string& program = MUSTER_WORKER_PROGRAM) {
  ProcessRequest request;
  request.program = program;
  for (const std::string& argument : arguments) {
    request.arguments.push_back(Secret::CopyOf(argument));
  }
  const auto answer = MakeProcessRunner()->Run(request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.value_or(ProcessAnswer{});
}

// A worker that is enrolled and does not run yet.
class EnrolledProgramTest : public testing::Test {
 protected:
  EnrolledProgramTest() {
    const std::string token = folder_.path() + "/token";
    std::ofstream(token) << rpc::FormatTokenFile(orchestrator_.token());
    const ProcessAnswer answer =
        RunProgram({"enroll", "--data-dir", data_dir_, "--token-file", token});
    EXPECT_EQ(answer.exit_code, kExitStopped) << answer.output;
  }
  std::vector<std::string> RunCommand() const {
    return {MUSTER_WORKER_PROGRAM, "run", "--data-dir", data_dir_, "--appdata", app_data_};
  }

  TempDir folder_;
  FakeOrchestrator orchestrator_{Pin(kHub, /*allow_cli=*/true)};
  const std::string data_dir_ = folder_.path() + "/data";
  const std::string app_data_ = folder_.path() + "/certify";  // There is none.
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_PROGRAM_FIXTURE_H_
