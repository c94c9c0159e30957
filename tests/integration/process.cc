#include "tests/integration/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

extern char** environ;

namespace muster {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipe";
    closed_ = true;
    return;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
    ADD_FAILURE() << "cannot start " << command[0];
    pid_ = -1;
  }
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
  reader_ = std::thread([this] { ReadAll(); });
}

Process::~Process() {
  if (!waited_) {
    Signal(SIGKILL);
    Wait();
  }
  if (reader_.joinable()) reader_.join();
  if (pipe_ >= 0) close(pipe_);
}

void Process::ReadAll() {
  char buffer[4096];
  while (true) {
    const ssize_t got = read(pipe_, buffer, sizeof buffer);
    MutexLock lock(&mu_);
    if (got <= 0) {
      closed_ = true;
      return;
    }
    output_.append(buffer, static_cast<size_t>(got));
  }
}

std::string Process::AwaitLine(const std::string& text) {
  MutexLock lock(&mu_);
  size_t at = std::string::npos;
  const auto there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    at = output_.find(text);
    if (at != std::string::npos && output_.find('\n', at) != std::string::npos) return true;
    return closed_;
  };
  mu_.AwaitWithTimeout(absl::Condition(&there), kPatience);
  if (at == std::string::npos) return "";
  const size_t begin =
      output_.rfind('\n', at) == std::string::npos ? 0 : output_.rfind('\n', at) + 1;
  return output_.substr(begin, output_.find('\n', at) - begin);
}

void Process::Signal(int number) {
  if (pid_ > 0 && !waited_) kill(pid_, number);
}

void Process::LimitFiles(uint64_t bytes) {
  const rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  EXPECT_EQ(prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr), 0);
}

int Process::Wait() {
  if (waited_ || pid_ <= 0) return result_;
  {
    MutexLock lock(&mu_);  // It closes its end of the pipe by ending.
    if (!mu_.AwaitWithTimeout(absl::Condition(&closed_), kPatience)) {
      ADD_FAILURE() << "it does not end: " << output_;
      kill(pid_, SIGKILL);
    }
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  waited_ = true;
  result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result_;
}

std::string Process::Output() {
  MutexLock lock(&mu_);
  return output_;
}

std::vector<std::string> UnderFileLimit(const std::vector<std::string>& command, int blocks) {
  // ThreadSanitizer writes a temporary file before main, if there is room for one.
  std::vector<std::string> limited = {
      "/bin/sh", "-c",
      absl::StrCat("export TMPDIR=/dev/null; ulimit -f ", blocks, "; exec \"$0\" \"$@\"")};
  limited.insert(limited.end(), command.begin(), command.end());
  return limited;
}

}  // namespace muster
