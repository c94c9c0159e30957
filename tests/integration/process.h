// A program of ours as a child process. What it writes is read all the time and kept, so that tests
// wait for a line instead of sleeping, and can look for what must not be in a log.
#ifndef MUSTER_TESTS_INTEGRATION_PROCESS_H_
#define MUSTER_TESTS_INTEGRATION_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace muster {

class Process {
 public:
  // Ends the test run with a failure text when the program cannot be started.
  explicit Process(const std::vector<std::string>& command);
  ~Process();  // Kills what still runs.

  // Blocks until a line holds `text` and returns it; "" when the program ended before, or did not
  // write it within a minute.
  std::string AwaitLine(const std::string& text);
  void Signal(int number);
  // From now on no file of the process grows beyond `bytes`: to the program, whoever runs it, its
  // disk fails. What it reads, and its pipes, stay as they are.
  void LimitFiles(uint64_t bytes);
  // Blocks until it has ended. The exit code, or 128 + the signal that ended it. Kills it, and
  // fails the test, when it has not ended within a minute.
  int Wait();
  std::string Output();

 private:
  void ReadAll();

  pid_t pid_ = -1;
  int pipe_ = -1;
  int result_ = -1;
  bool waited_ = false;
  Mutex mu_;
  std::string output_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  std::thread reader_;
};

// The command under LimitFiles from its first instruction on. `blocks` are of 512 bytes.
std::vector<std::string> UnderFileLimit(const std::vector<std::string>& command, int blocks = 0);

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_PROCESS_H_
