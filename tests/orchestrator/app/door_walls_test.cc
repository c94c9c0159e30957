// What a door that was taken over can still do: system calls tried by a process behind its walls.
#include "orchestrator/app/door_walls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <functional>

namespace muster::app {
namespace {

constexpr int kAllowed = 0;
constexpr int kNoSeccomp = 100;

// What `call` comes to behind the walls: kAllowed, or its errno; -1 when it ended the process.
int Behind(const std::function<long()>& call) {
  const pid_t child = fork();
  if (child == 0) {
    if (!CloseSystemCalls().ok()) _exit(kNoSeccomp);
    _exit(call() >= 0 ? kAllowed : errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class DoorWallsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Behind([] { return 0L; }) == kNoSeccomp) GTEST_SKIP() << "a system without seccomp";
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
  }
  void TearDown() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  int ends_[2] = {-1, -1};
};

// It may be of the orchestrator's own user.
TEST_F(DoorWallsTest, NoSignalReachesAnotherProcess) {
  const pid_t other = getpid();
  EXPECT_EQ(Behind([&] { return syscall(SYS_tgkill, other, other, 0); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_tgkill, getppid(), getppid(), SIGKILL); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_tgkill, 1, 1, 0); }), EPERM);
  EXPECT_EQ(Behind([&] { return syscall(SYS_tkill, other, 0); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(kill(other, 0)); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(kill(-1, 0)); }), EPERM);
  EXPECT_EQ(Behind([&] { return syscall(SYS_pidfd_open, other, 0); }), EPERM);
  siginfo_t info = {};
  info.si_code = SI_QUEUE;
  EXPECT_EQ(Behind([&] { return syscall(SYS_rt_sigqueueinfo, other, SIGTERM, &info); }), EPERM);
  // Nor by way of the system: the owner of a descriptor gets its signals.
  f_owner_ex owner = {F_OWNER_PID, other};
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETOWN, other)); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETOWN_EX, &owner)); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETSIG, SIGKILL)); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETLEASE, F_RDLCK)); }), EPERM);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_NOTIFY, 1)); }), EPERM);
  EXPECT_EQ(Behind([&] { return syscall(SYS_ioctl, ends_[0], 0x8901 /* FIOSETOWN */, &other); }),
            EPERM);
  timer_t timer = nullptr;
  EXPECT_EQ(
      Behind([&] { return static_cast<long>(timer_create(CLOCK_MONOTONIC, nullptr, &timer)); }),
      EPERM);
}

// A service manager may forbid seccomp(2) itself; by prctl(2) the filter would hold one thread
// alone.
TEST_F(DoorWallsTest, AFilterForOneThreadIsNoWall) {
  const pid_t child = fork();
  if (child == 0) {
    std::array<sock_filter, 4> code = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
      _exit(kNoSeccomp);
    }
    _exit(CloseSystemCalls().ok() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "it says that its walls are built";
}

TEST_F(DoorWallsTest, NothingIsOpenedOrStarted) {
  EXPECT_EQ(Behind([] { return static_cast<long>(open("/etc/passwd", O_RDONLY)); }), EPERM);
  EXPECT_EQ(Behind([] { return static_cast<long>(socket(AF_INET, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_fork); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_vfork); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_execve, "/bin/true", nullptr, nullptr); }), EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, getppid(), 0, 0); }),
            EPERM);
  EXPECT_EQ(Behind([] { return syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0); }), EPERM);
}

TEST_F(DoorWallsTest, AServerGoesOnAndCanStillAbort) {
  for (const int command : {F_GETFD, F_GETFL}) {
    EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], command)); }), kAllowed);
  }
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETFL, O_NONBLOCK)); }),
            kAllowed);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_SETFD, FD_CLOEXEC)); }),
            kAllowed);
  EXPECT_EQ(Behind([&] { return static_cast<long>(fcntl(ends_[0], F_DUPFD_CLOEXEC, 0)); }),
            kAllowed);
  EXPECT_EQ(Behind([&] { return static_cast<long>(send(ends_[0], "x", 1, MSG_NOSIGNAL)); }),
            kAllowed);
  EXPECT_EQ(Behind([]() -> long {
              signal(SIGABRT, SIG_DFL);
              std::abort();
            }),
            -1);
}

}  // namespace
}  // namespace muster::app
