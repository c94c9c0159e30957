// A program as a child process: what it writes goes into a file, it knows nothing of this process's
// environment, and it ends with its owner.
#ifndef MUSTER_ORCHESTRATOR_SELFTEST_PROGRAM_H_
#define MUSTER_ORCHESTRATOR_SELFTEST_PROGRAM_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::selftest {

class Program {
 public:
  struct Options {
    std::vector<std::string> words;      // The program's full path first.
    std::string folder;                  // Where it works; a core dump would be written there.
    std::string output;                  // A file, appended to.
    std::string input;                   // What it reads; then its standard input stays open.
    std::vector<std::string> variables;  // "NAME=value", beside PATH.
  };
  static absl::StatusOr<std::unique_ptr<Program>> Start(const Options& options);
  ~Program();  // Kills what still runs.
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The exit code, or 128 and the signal that ended it; DeadlineExceeded when it still runs.
  absl::StatusOr<int> Wait(absl::Duration limit);
  void Signal(int number);
  bool runs();
  // It ended by a signal and wrote a core dump, wherever the system has those put.
  bool dumped_core() const { return dumped_core_; }
  pid_t pid() const { return pid_; }

 private:
  Program(pid_t pid, int input) : pid_(pid), input_(input) {}
  bool Reap();

  const pid_t pid_;
  const int input_;
  bool ended_ = false;
  int result_ = 0;
  bool dumped_core_ = false;
};

}  // namespace muster::selftest

#endif  // MUSTER_ORCHESTRATOR_SELFTEST_PROGRAM_H_
