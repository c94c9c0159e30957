// Files that hold secrets and directories that hold locks: who may reach them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/log_level_file.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/platform/process_memory.h"
#include "base/platform/service_manager.h"

namespace muster {
namespace {

class PlatformTest : public testing::Test {
 protected:
  PlatformTest() : path_(testing::TempDir() + "/platformXXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~PlatformTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string At(const std::string& name) const { return path_ + "/" + name; }
  mode_t ModeOf(const std::string& path) const {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  std::string path_;
};

TEST_F(PlatformTest, PrivateFilesAreMadeForTheirOwnerAndChecked) {
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("secret")).ok());
  EXPECT_EQ(ModeOf(At("key")), 0600u);
  EXPECT_TRUE(absl::IsAlreadyExists(CreatePrivateFile(At("key"), Secret::CopyOf("other"))));
  EXPECT_EQ(ReadPrivateFile(At("key"), FileReach::kOwnerOnly, 100)->Reveal(), "secret");
  for (const mode_t mode : {0640, 0604, 0610, 0601, 0620, 0666}) {
    ASSERT_EQ(chmod(At("key").c_str(), mode), 0);
    const auto read = ReadPrivateFile(At("key"), FileReach::kOwnerOnly, 100);
    EXPECT_TRUE(absl::IsPermissionDenied(read.status())) << mode;
    EXPECT_TRUE(ReadPrivateFile(At("key"), FileReach::kAny, 100).ok()) << mode;
  }
  EXPECT_TRUE(absl::IsNotFound(ReadPrivateFile(At("none"), FileReach::kAny, 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPrivateFile(At("key"), FileReach::kAny, 5).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPrivateFile(path_, FileReach::kAny, 5).status()));
  ASSERT_EQ(mkfifo(At("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPrivateFile(At("pipe"), FileReach::kAny, 5).status()));
}

TEST_F(PlatformTest, AKeyOfAnotherUserIsNotRead) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("secret")).ok());
  ASSERT_EQ(chown(At("key").c_str(), 12345, 12345), 0);
  EXPECT_TRUE(
      absl::IsPermissionDenied(ReadPrivateFile(At("key"), FileReach::kOwnerOnly, 100).status()));
}

TEST_F(PlatformTest, WhatIsReplacedIsOldOrNewAndKeepsItsMode) {
  ASSERT_TRUE(WriteFileAtomically(At("file"), "old", FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(ModeOf(At("file")), 0600u);
  std::ofstream(At("file.new")) << "left by a crash";
  ASSERT_EQ(chmod(At("file.new").c_str(), 0666), 0);
  ASSERT_TRUE(WriteFileAtomically(At("file"), "new", FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(*ReadWholeFile(At("file")), "new");
  EXPECT_EQ(ModeOf(At("file")), 0600u);
  EXPECT_TRUE(absl::IsNotFound(WriteFileAtomically(At("no/file"), "", FileAccess::kOwnerOnly)));
}

// Whoever reads: to the last byte that is allowed, and no further.
TEST_F(PlatformTest, FilesAreReadUpToTheirLimitAndNotBeyond) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{8191}, size_t{8192}, size_t{8193}, size_t{40'000}}) {
    const std::string content(size, 'x');
    ASSERT_TRUE(WriteFileAtomically(At("file"), content, FileAccess::kOwnerOnly).ok());
    EXPECT_EQ(*ReadWholeFile(At("file"), size), content);
    EXPECT_EQ(*ReadWholeFile(At("file")), content);
    EXPECT_EQ(ReadPrivateFile(At("file"), FileReach::kOwnerOnly, size)->Reveal(), content);
    if (size == 0) continue;
    EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile(At("file"), size - 1).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(
        ReadPrivateFile(At("file"), FileReach::kOwnerOnly, size - 1).status()));
  }
  EXPECT_FALSE(ReadWholeFile(path_).ok()) << "a directory";
  EXPECT_TRUE(absl::IsNotFound(ReadWholeFile(At("none")).status()));
}

// What the message says, done: "… (mode 0644): chmod 600 '/tmp/x'".
void Follow(const absl::Status& status) {
  const std::string text(status.message());
  const size_t command = text.rfind(": ch");
  ASSERT_NE(command, std::string::npos) << text;
  ASSERT_EQ(std::system(text.substr(command + 2).c_str()), 0) << text;
}

TEST_F(PlatformTest, ADirectoryThatOthersWriteIsNotOursAndTheMessageMendsIt) {
  EXPECT_TRUE(CheckOursAlone(path_).ok());
  for (const mode_t mode : {0770, 0707, 0777, 01777, 0720, 02770}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const absl::Status status = CheckOursAlone(path_);
    ASSERT_TRUE(absl::IsPermissionDenied(status)) << mode;
    Follow(status);
    EXPECT_TRUE(CheckOursAlone(path_).ok()) << CheckOursAlone(path_);
  }
  EXPECT_FALSE(CheckOursAlone("/tmp").ok()) << "anybody makes names there";
  EXPECT_TRUE(absl::IsNotFound(CheckOursAlone(At("none"))));
  std::ofstream(At("file")) << "x";
  EXPECT_FALSE(CheckOursAlone(At("file")).ok());
}

TEST_F(PlatformTest, AFileThatOthersReachIsRefusedAndTheMessageMendsIt) {
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("k")).ok());
  EXPECT_TRUE(CheckUnreachableByOthers(At("key")).ok());
  for (const mode_t mode : {0644, 0640, 0604, 0620, 0666}) {
    ASSERT_EQ(chmod(path_.c_str(), 0755), 0);
    ASSERT_EQ(chmod(At("key").c_str(), mode), 0);
    const absl::Status status = CheckUnreachableByOthers(At("key"));
    ASSERT_TRUE(absl::IsPermissionDenied(status)) << mode;
    // A closed directory is enough.
    ASSERT_EQ(chmod(path_.c_str(), 0700), 0);
    EXPECT_TRUE(CheckUnreachableByOthers(At("key")).ok());
    ASSERT_EQ(chmod(path_.c_str(), 0755), 0);
    Follow(status);
    EXPECT_TRUE(CheckUnreachableByOthers(At("key")).ok());
  }
  EXPECT_TRUE(CheckUnreachableByOthers(At("none")).ok()) << "there is nothing to reach";
}

TEST_F(PlatformTest, WhatBelongsToAnotherUserIsRefusedAndTheMessageMendsIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("k")).ok());
  ASSERT_EQ(chown(At("key").c_str(), 65534, 65534), 0);
  const absl::Status file = CheckUnreachableByOthers(At("key"));
  ASSERT_TRUE(absl::IsPermissionDenied(file));
  Follow(file);
  EXPECT_TRUE(CheckUnreachableByOthers(At("key")).ok());
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  const absl::Status directory = CheckOursAlone(path_);
  ASSERT_TRUE(absl::IsPermissionDenied(directory));
  Follow(directory);
  EXPECT_TRUE(CheckOursAlone(path_).ok());
}

TEST_F(PlatformTest, AProcessKeepsItsMemoryToItself) {
  const pid_t child = fork();
  if (child == 0) {
    unsetenv("MUSTER_CORE_DUMPS");
    KeepMemoryPrivate();
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    _exit(limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(PlatformTest, ALogLevelInAFileCanBeTakenBack) {
  const log::Level before = log::LeastLevel();
  std::ofstream(At("log-level")) << "debug\n";
  log::ApplyLevelFile(path_, log::Level::kInfo);
  EXPECT_EQ(log::LeastLevel(), log::Level::kDebug);
  std::ofstream(At("log-level")) << "loud\n";
  log::ApplyLevelFile(path_, log::Level::kInfo);
  EXPECT_EQ(log::LeastLevel(), log::Level::kDebug) << "nonsense changes nothing";
  std::filesystem::remove(At("log-level"));
  log::ApplyLevelFile(path_, log::Level::kWarning);
  EXPECT_EQ(log::LeastLevel(), log::Level::kWarning);
  log::SetLevel(before);
}

class ServiceManagerTest : public PlatformTest {
 protected:
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  // What is told while the service manager listens at `name`, which may begin with '@'.
  static std::string Told(const std::string& name, const std::string& state) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    TellServiceManager(state);
    std::array<char, 64> text{};
    const ssize_t size = recv(fd, text.data(), text.size(), 0);
    close(fd);
    return size < 0 ? "" : std::string(text.data(), static_cast<size_t>(size));
  }
};

TEST_F(ServiceManagerTest, IsToldWhereItListens) {
  EXPECT_EQ(Told(At("notify"), "READY=1"), "READY=1");
  EXPECT_EQ(Told(absl::StrCat("@muster-test-", getpid()), "WATCHDOG=1"), "WATCHDOG=1");
  TellServiceManager("READY=1");  // Nobody listens there any more.
  setenv("NOTIFY_SOCKET", std::string(300, 'x').c_str(), 1);
  TellServiceManager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  TellServiceManager("READY=1");
}

TEST_F(ServiceManagerTest, SaysHowOftenItWantsToHear) {
  EXPECT_EQ(WatchdogInterval(), absl::InfiniteDuration());
  setenv("WATCHDOG_USEC", "120000000", 1);
  EXPECT_EQ(WatchdogInterval(), absl::Seconds(60));
  setenv("WATCHDOG_PID", absl::StrCat(getpid()).c_str(), 1);
  EXPECT_EQ(WatchdogInterval(), absl::Seconds(60));
  setenv("WATCHDOG_PID", "1", 1);  // Another process is meant.
  EXPECT_EQ(WatchdogInterval(), absl::InfiniteDuration());
  unsetenv("WATCHDOG_PID");
  for (const char* nonsense : {"", "x", "0", "-5"}) {
    setenv("WATCHDOG_USEC", nonsense, 1);
    EXPECT_EQ(WatchdogInterval(), absl::InfiniteDuration()) << nonsense;
  }
}

}  // namespace
}  // namespace muster
