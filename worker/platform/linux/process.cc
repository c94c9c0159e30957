#include "worker/platform/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/platform/steady_time.h"

extern char** environ;

namespace muster::worker {
namespace {

constexpr size_t kMaxOutput = 256 << 10;

// Pointers into strings for exec; wiped behind the call, because arguments may be secret.
class ArgumentVector {
 public:
  void Add(absl::string_view text) { texts_.emplace_back(text); }
  char* const* Finish() {
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }
  ~ArgumentVector() {
    for (std::string& text : texts_) Wipe(text);
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

constexpr absl::Duration kLookForStop = absl::Milliseconds(200);

// How a program is ended that does not end itself.
class Patience {
 public:
  Patience(absl::Duration timeout, const std::atomic<bool>& stopping)
      : deadline_(SteadyTime() + timeout), stopping_(stopping) {}

  // How long to wait before asking again; zero: it is over.
  absl::Duration Left() const {
    if (stopping_) return absl::ZeroDuration();
    return std::clamp(deadline_ - SteadyTime(), absl::ZeroDuration(), kLookForStop);
  }

 private:
  const absl::Duration deadline_;  // Steady time.
  const std::atomic<bool>& stopping_;
};

int Reap(pid_t pid, const Patience& patience, bool& killed) {
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (patience.Left() == absl::ZeroDuration()) {
      killed = true;
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Reads until the program closes its output or patience ends; drops what is beyond the limit.
void Drain(int fd, const Patience& patience, std::string& output) {
  std::array<char, 4096> part;
  while (true) {
    const absl::Duration left = patience.Left();
    if (left == absl::ZeroDuration()) return;
    pollfd wait = {.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0) continue;
    const ssize_t size = read(fd, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    if (output.size() < kMaxOutput) output.append(part.data(), static_cast<size_t>(size));
  }
}

class PosixProcessRunner final : public ProcessRunner {
 public:
  absl::StatusOr<ProcessAnswer> Run(const ProcessRequest& request) override {
    if (stopping_) return absl::CancelledError("the worker is stopping");
    ArgumentVector arguments;
    arguments.Add(request.program);
    for (const Secret& argument : request.arguments) arguments.Add(argument.Reveal());
    ArgumentVector environment;
    for (const auto& [name, value] : request.environment) {
      environment.Add(absl::StrCat(name, "=", value));
    }
    for (char** entry = environ; *entry != nullptr; ++entry) environment.Add(*entry);

    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // This process blocks some signals and ignores others; the child must not inherit that.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, request.program.c_str(), &actions, &attributes,
                                   arguments.Finish(), environment.Finish());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    if (error != 0) {
      close(pipe_ends[0]);
      return absl::ErrnoToStatus(error, absl::StrCat("run ", request.program));
    }
    const Patience patience(request.timeout, stopping_);
    ProcessAnswer answer;
    Drain(pipe_ends[0], patience, answer.output);
    close(pipe_ends[0]);
    bool killed = false;
    answer.exit_code = Reap(pid, patience, killed);
    if (killed && stopping_) {
      return absl::CancelledError(
          absl::StrCat(request.program, " was ended because the worker stops"));
    }
    if (killed) {
      return absl::DeadlineExceededError(absl::StrCat(request.program, " did not end within ",
                                                      absl::FormatDuration(request.timeout)));
    }
    return answer;
  }

  void Stop() override { stopping_ = true; }

 private:
  std::atomic<bool> stopping_ = false;
};

}  // namespace

std::unique_ptr<ProcessRunner> MakeProcessRunner() {
  return std::make_unique<PosixProcessRunner>();
}

}  // namespace muster::worker
