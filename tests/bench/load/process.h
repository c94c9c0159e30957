// A server in a process of its own, and what it costs: memory and processor time out of /proc.
#ifndef MUSTER_TESTS_BENCH_LOAD_PROCESS_H_
#define MUSTER_TESTS_BENCH_LOAD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::bench {

struct Cost {
  int64_t rss_kib = 0;
  absl::Duration cpu;  // User and system, of all threads, since the start.
};

// Not thread-safe.
class ChildProcess {
 public:
  // argv[0] is a path. Standard error goes to the file `log_path`; standard input and output are
  // pipes.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& argv,
                                                             const std::string& log_path);
  // Ends the process with SIGTERM, after ten seconds with SIGKILL.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  absl::Status WriteLine(const std::string& line);
  // The next line of standard output without its end. DeadlineExceeded, or Unavailable when the
  // process has closed it; both name the log.
  absl::StatusOr<std::string> ReadLine(absl::Duration timeout);
  // Its exit code within `timeout`.
  absl::StatusOr<int> Wait(absl::Duration timeout);

  absl::StatusOr<Cost> ReadCost() const;
  // The cost once the process has come to rest: when it used at most 4 % of a processor for half
  // a second; after 15 s the cost as it is.
  absl::StatusOr<Cost> ReadCostAtRest() const;
  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, int pidfd, int in, int out, std::string name, std::string log_path)
      : pid_(pid),
        pidfd_(pidfd),
        in_(in),
        out_(out),
        name_(std::move(name)),
        log_path_(std::move(log_path)) {}

  const pid_t pid_;
  const int pidfd_;
  const int in_;
  const int out_;
  const std::string name_;
  const std::string log_path_;
  std::string buffer_;
  bool reaped_ = false;
  int exit_code_ = 0;
};

// User and system time of this process.
absl::Duration OwnCpu();

// The soft limit of open files becomes the hard one. Returns it.
int RaiseFileLimit();

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_PROCESS_H_
