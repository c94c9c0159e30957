#include "orchestrator/selftest/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/timed_flag.h"

namespace muster::selftest {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(10);

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Program>> Program::Start(const Options& options) {
  int pipe[2] = {-1, -1};
  if (pipe2(pipe, O_CLOEXEC) != 0) return absl::UnavailableError("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, options.output.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  std::vector<std::string> words = options.words;
  std::vector<std::string> variables = options.variables;
  const char* const path = std::getenv("PATH");
  variables.push_back(absl::StrCat("PATH=", path != nullptr ? path : "/usr/bin:/bin"));
  pid_t pid = -1;
  const int error = posix_spawn(&pid, words[0].c_str(), &actions, nullptr, Pointers(words).data(),
                                Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(pipe[0]);
  if (error != 0) {
    close(pipe[1]);
    return absl::UnavailableError(
        absl::StrCat("cannot start ", options.words[0], ": ", std::strerror(error)));
  }
  (void)!write(pipe[1], options.input.data(), options.input.size());
  return std::unique_ptr<Program>(new Program(pid, pipe[1]));
}

Program::~Program() {
  close(input_);
  if (Reap()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
}

bool Program::Reap() {
  if (ended_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  ended_ = true;
  dumped_core_ = WIFSIGNALED(status) && WCOREDUMP(status);
  result_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

bool Program::runs() { return !Reap(); }

void Program::Signal(int number) {
  if (!Reap()) kill(pid_, number);
}

absl::StatusOr<int> Program::Wait(absl::Duration limit) {
  const absl::Duration latest = SystemClock().Steady() + limit;
  TimedFlag never;
  while (!Reap()) {
    if (SystemClock().Steady() > latest) {
      return absl::DeadlineExceededError("it does not end in time");
    }
    never.Await(kLookAgain);
  }
  return result_;
}

}  // namespace muster::selftest
