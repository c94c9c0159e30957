#include "orchestrator/app/door_walls.h"

#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/platform/standard_error.h"
#include "base/platform/thread_name.h"
#include "base/timed_flag.h"

namespace muster::app {
namespace {

constexpr absl::Duration kLookAtMemoryEvery = absl::Milliseconds(20);
// Behind everything that the orchestrator does itself.
constexpr int kNice = 10;
// Of threads: what is reserved for them counts as memory of the process.
constexpr size_t kStackBytes = 1 << 20;

absl::Status Errno(const char* what) {
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", std::strerror(errno)));
}

absl::Status BecomeUser(const std::string& name) {
  if (geteuid() != 0 || name.empty()) return absl::OkStatus();
  const passwd* const user = getpwnam(name.c_str());
  if (user == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("there is no user ", name, " for the door; name another with --door-user"));
  }
  if (setgroups(0, nullptr) != 0) return Errno("setgroups");
  if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0) return Errno("setresgid");
  if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0) return Errno("setresuid");
  return absl::OkStatus();
}

void Limit(int resource, rlim_t value) {
  rlimit limit = {};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return;
  limit.rlim_max = limit.rlim_max == RLIM_INFINITY ? value : std::min(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

// The first two numbers in /proc/self/statm are pages in all and in memory; the sixth is data.
std::vector<int64_t> PagesOf(int statm) {
  char text[256] = {};
  const ssize_t size = pread(statm, text, sizeof text - 1, 0);
  std::vector<int64_t> pages;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(text, size > 0 ? static_cast<size_t>(size) : 0), ' ')) {
    int64_t number = 0;
    pages.push_back(absl::SimpleAtoi(part, &number) ? number : 0);
  }
  pages.resize(std::max<size_t>(pages.size(), 7));
  return pages;
}

class StatmWatch final : public MemoryWatch {
 public:
  StatmWatch(int statm, int64_t bytes)
      : statm_(statm), page_(sysconf(_SC_PAGESIZE)), thread_([this, bytes] { Run(bytes); }) {}
  ~StatmWatch() override {
    stop_.Set();
    thread_.join();
    close(statm_);
  }

 private:
  void Run(int64_t bytes) {
    SetThreadName("memory");
    const int64_t start = PagesOf(statm_)[1];
    while (!stop_.Await(kLookAtMemoryEvery)) {
      if ((PagesOf(statm_)[1] - start) * page_ < bytes) continue;
      WriteToStandardError("level=warning msg=\"the door has grown too much and ends\"\n");
      _exit(kDoorGrown);
    }
  }

  TimedFlag stop_;
  const int statm_;
  const int64_t page_;
  std::thread thread_;
};

// What a server on open sockets needs, and nothing that opens or starts anything.
const int kAllowedCalls[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(pipe),  // How sanitizers look whether memory can be read.
    SCMP_SYS(pipe2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getcpu),
    SCMP_SYS(membarrier),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrusage),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

}  // namespace

absl::Status BuildDoorWalls(const DoorWalls& walls) {
  mallopt(M_ARENA_MAX, 2);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, kStackBytes);
  pthread_setattr_default_np(&small);
  pthread_attr_destroy(&small);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NOFILE, static_cast<rlim_t>(walls.files));
  errno = 0;
  if (nice(kNice) == -1 && errno != 0) {
    WriteToStandardError("level=warning msg=\"the door competes for processors: nice fails\"\n");
  }
  const absl::Status user = BecomeUser(walls.user);
  if (!user.ok()) return user;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Errno("no_new_privs");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != walls.parent) return absl::FailedPreconditionError("the orchestrator is gone");
  return absl::OkStatus();
}

absl::Status CloseSystemCalls() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(
      seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (filter == nullptr) return absl::UnimplementedError("seccomp_init");
  const auto add = [&filter](uint32_t action, int call, std::vector<scmp_arg_cmp> conditions) {
    return seccomp_rule_add_array(filter.get(), action, call,
                                  static_cast<unsigned>(conditions.size()), conditions.data());
  };
  // Where the filter cannot be put on all threads at once it would be put on this one alone.
  int problem = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  for (const int call : kAllowedCalls) problem = std::min(problem, add(SCMP_ACT_ALLOW, call, {}));
  // Memory that is not run; threads, not processes (clone3 hides its flags: glibc then asks clone).
  constexpr uint64_t kExecutable = 4;    // PROT_EXEC
  constexpr uint64_t kThread = 0x10000;  // CLONE_THREAD
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    problem = std::min(
        problem, add(SCMP_ACT_ALLOW, call, {scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, kExecutable, 0}}));
  }
  problem = std::min(problem, add(SCMP_ACT_ALLOW, SCMP_SYS(clone),
                                  {scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, kThread, kThread}}));
  problem = std::min(problem, add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), {}));
  problem = std::min(problem, add(SCMP_ACT_ALLOW, SCMP_SYS(prctl),
                                  {scmp_arg_cmp{0, SCMP_CMP_EQ, PR_SET_NAME, 0}}));
  // Signals to itself alone, as abort() sends one. F_SETOWN, F_SETSIG, F_NOTIFY and F_SETLEASE
  // would have the system send them to whom the door names.
  problem = std::min(problem,
                     add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
                         {scmp_arg_cmp{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()), 0}}));
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC}) {
    problem = std::min(problem,
                       add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl),
                           {scmp_arg_cmp{1, SCMP_CMP_EQ, static_cast<scmp_datum_t>(command), 0}}));
  }
  if (problem == 0) problem = seccomp_load(filter.get());
  if (problem == 0) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("seccomp: ", std::strerror(-problem)));
}

std::unique_ptr<MemoryWatch> MemoryWatch::Start(int64_t bytes) {
  const int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (statm < 0) return nullptr;
  const int64_t data = PagesOf(statm)[5] * sysconf(_SC_PAGESIZE);
  Limit(RLIMIT_DATA, static_cast<rlim_t>(data + bytes + bytes / 4));
  return std::make_unique<StatmWatch>(statm, bytes);
}

}  // namespace muster::app
