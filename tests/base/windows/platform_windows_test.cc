// Files, locks, access rights and signals on Windows: what tests/base/platform_test.cc asks of posix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <windows.h>
// Behind windows.h, which they need.
#include <aclapi.h>
#include <sddl.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/notification.h"
#include "base/platform/directory_lock.h"
#include "base/platform/file_sync.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/platform/process_memory.h"
#include "base/platform/signals.h"
#include "base/platform/steady_time.h"
#include "base/platform/thread_name.h"
#include "base/platform/windows/access.h"
#include "base/platform/windows/file_content.h"
#include "base/platform/windows/handle.h"
#include "base/platform/windows/stop_requests.h"
#include "base/random.h"

namespace muster {
namespace {

using testing::HasSubstr;

class WindowsPlatformTest : public testing::Test {
 protected:
  WindowsPlatformTest()
      : path_(absl::StrCat(testing::TempDir(), "/platform-", SystemRandom().Base32(8))) {
    EXPECT_TRUE(MakePrivateDirectory(path_).ok());
  }
  ~WindowsPlatformTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string At(const std::string& name) const { return path_ + "/" + name; }
  // As a technician might with icacls.
  static void SetAccess(const std::string& path, const char* sddl) {
    PSECURITY_DESCRIPTOR descriptor = nullptr;
    ASSERT_TRUE(ConvertStringSecurityDescriptorToSecurityDescriptorW(Wide(sddl).c_str(), 1,
                                                                     &descriptor, nullptr));
    EXPECT_TRUE(SetFileSecurityW(Wide(path).c_str(), DACL_SECURITY_INFORMATION, descriptor))
        << GetLastError();
    LocalFree(descriptor);
  }

  std::string path_;
};

TEST_F(WindowsPlatformTest, PrivateFilesAreMadeOnceAndCheckedAndRead) {
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("secret")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(CreatePrivateFile(At("key"), Secret::CopyOf("other"))));
  EXPECT_EQ(ReadPrivateFile(At("key"), FileReach::kOwnerOnly, 100)->Reveal(), "secret");
  EXPECT_TRUE(absl::IsNotFound(ReadPrivateFile(At("none"), FileReach::kAny, 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPrivateFile(At("key"), FileReach::kAny, 5).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadPrivateFile(path_, FileReach::kAny, 5).status()));
  EXPECT_TRUE(absl::IsNotFound(CreatePrivateFile(At("no/key"), Secret::CopyOf("x"))));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    static_cast<void>(entry);
    ++files;
  }
  EXPECT_EQ(files, 1) << "drafts are taken away";
}

TEST_F(WindowsPlatformTest, WhatOthersCanReachIsRefusedWithTheCommandThatMendsIt) {
  ASSERT_TRUE(CreatePrivateFile(At("key"), Secret::CopyOf("secret")).ok());
  EXPECT_TRUE(CheckUnreachableByOthers(At("key")).ok()) << CheckUnreachableByOthers(At("key"));
  SetAccess(At("key"), "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;WD)");
  const auto read = ReadPrivateFile(At("key"), FileReach::kOwnerOnly, 100);
  ASSERT_TRUE(absl::IsPermissionDenied(read.status())) << read.status();
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("icacls"));
  EXPECT_FALSE(CheckUnreachableByOthers(At("key")).ok());
  EXPECT_TRUE(ReadPrivateFile(At("key"), FileReach::kAny, 100).ok());
  EXPECT_TRUE(CheckUnreachableByOthers(At("none")).ok()) << "there is nothing to reach";
}

TEST_F(WindowsPlatformTest, ADirectoryThatOthersWriteIsNotOurs) {
  EXPECT_TRUE(CheckOursAlone(path_).ok()) << CheckOursAlone(path_);
  SetAccess(path_, "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;WD)");
  EXPECT_TRUE(absl::IsPermissionDenied(CheckOursAlone(path_))) << CheckOursAlone(path_);
  EXPECT_TRUE(absl::IsNotFound(CheckOursAlone(At("none"))));
  std::ofstream(At("file")) << "x";
  EXPECT_FALSE(CheckOursAlone(At("file")).ok());
}

// Pure: which rights of whom count, whatever the file system can remember.
TEST(WindowsAccessTest, RightsOfOthersAreFoundAndThoseOfTheTrustedAreNot) {
  const auto trusted = [](const SidText& sid) {
    return sid == kLocalSystemSid || sid == kAdministratorsSid;
  };
  Access access{
      kLocalSystemSid, false, {{kLocalSystemSid, GENERIC_ALL}, {"S-1-5-32-545", 0x1200a9}}};
  EXPECT_FALSE(OtherWith(access, kChangesFile, trusted).has_value()) << "may read and run";
  EXPECT_EQ(OtherWith(access, kReadsFile, trusted), "S-1-5-32-545");
  for (const uint32_t right : {uint32_t{FILE_WRITE_DATA}, uint32_t{FILE_APPEND_DATA},
                               uint32_t{DELETE}, uint32_t{WRITE_DAC}, uint32_t{WRITE_OWNER}}) {
    access.allowed[1].mask = right;
    EXPECT_TRUE(OtherWith(access, kChangesFile, trusted).has_value()) << right;
  }
  // What C:\ProgramData lets users do in everybody's folders: add, and not replace.
  access.allowed[1].mask = FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | FILE_WRITE_EA;
  EXPECT_FALSE(OtherWith(access, kReplacesEntries, trusted).has_value());
  EXPECT_TRUE(OtherWith(access, kChangesDirectory, trusted).has_value());
  access.allowed = {{"S-1-3-4", GENERIC_ALL}};
  EXPECT_FALSE(OtherWith(access, kChangesFile, trusted).has_value()) << "the owner itself";
  EXPECT_EQ(OtherWith({kLocalSystemSid, true, {}}, kReadsFile, trusted), "S-1-1-0");
}

TEST(WindowsAccessTest, AccountsHaveNumbersAndNames) {
  EXPECT_EQ(SidOfAccount("LocalSystem"), kLocalSystemSid);
  EXPECT_EQ(SidOfAccount(kAdministratorsSid), kAdministratorsSid);
  EXPECT_EQ(SidOfAccount(""), "");
  EXPECT_EQ(SidOfAccount("no such account of this machine"), "");
  EXPECT_NE(OwnSid(), "");
  EXPECT_TRUE(IsOurs(OwnSid()));
  EXPECT_FALSE(IsOurs("S-1-5-32-545"));
  EXPECT_FALSE(IsOurs(""));
  EXPECT_THAT(AccountText(kLocalSystemSid), HasSubstr(kLocalSystemSid));
  EXPECT_THAT(ClosedAccessText(FileAccess::kOwnerOnly), HasSubstr("D:P(A;OICI;FA;;;SY)"));
  EXPECT_EQ(ClosedAccessText(FileAccess::kOwnerOnly).find(";BU)"), std::string::npos);
}

TEST_F(WindowsPlatformTest, WhatIsReplacedIsOldOrNew) {
  ASSERT_TRUE(WriteFileAtomically(At("file"), "old", FileAccess::kOwnerOnly).ok());
  std::ofstream(At("file.new")) << "left by a crash";
  ASSERT_TRUE(WriteFileAtomically(At("file"), "new", FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(*ReadWholeFile(At("file")), "new");
  EXPECT_FALSE(std::filesystem::exists(At("file.new")));
  EXPECT_TRUE(absl::IsNotFound(WriteFileAtomically(At("no/file"), "", FileAccess::kOwnerOnly)));
}

TEST_F(WindowsPlatformTest, FilesAreReadUpToTheirLimitAndNotBeyond) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{8191}, size_t{8192}, size_t{40'000}}) {
    const std::string content(size, 'x');
    ASSERT_TRUE(WriteFileAtomically(At("file"), content, FileAccess::kOwnerOnly).ok());
    EXPECT_EQ(*ReadWholeFile(At("file"), size), content);
    if (size == 0) continue;
    EXPECT_TRUE(absl::IsResourceExhausted(ReadWholeFile(At("file"), size - 1).status()));
  }
  EXPECT_TRUE(absl::IsNotFound(ReadWholeFile(At("none")).status()));
  EXPECT_FALSE(ReadWholeFile(path_).ok()) << "a directory";
}

TEST_F(WindowsPlatformTest, NamesOfAnyScriptAreFiles) {
  const std::string name = At("bu\xCC\x88ro-\xE3\x82\xB5");
  ASSERT_TRUE(WriteFileAtomically(name, "x", FileAccess::kEveryoneReads).ok());
  EXPECT_EQ(*ReadWholeFile(name), "x");
}

TEST_F(WindowsPlatformTest, LocksExcludeEachOtherAndEndWithTheirHolder) {
  {
    const auto first = FileLock::TryAcquire(At("lock"));
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(absl::IsAborted(FileLock::TryAcquire(At("lock")).status()));
  }
  EXPECT_TRUE(FileLock::TryAcquire(At("lock")).ok());
  {
    const auto first = DirectoryLock::Acquire(path_);
    ASSERT_TRUE(first.ok()) << first.status();
    const auto second = DirectoryLock::Acquire(path_);
    EXPECT_EQ(FailureCodeOf(second.status()), FailureCode::kSystemDataDirBusy);
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(absl::StrCat("process ", GetCurrentProcessId())));
  }
  EXPECT_TRUE(DirectoryLock::Acquire(path_).ok());
}

TEST_F(WindowsPlatformTest, SyncsWhatIsThere) {
  std::ofstream(At("file")) << "x";
  const auto sync = FileSync::Open(At("file"));
  ASSERT_TRUE(sync.ok()) << sync.status();
  EXPECT_TRUE((*sync)->Sync().ok());
  EXPECT_TRUE(absl::IsNotFound(FileSync::Open(At("none")).status()));
}

TEST(WindowsSignalsTest, AStopAndAReloadReachTheirWatch) {
  Notification stopped;
  Notification reloaded;
  const auto watch =
      WatchSignals({.on_stop = [&] { stopped.Notify(); }, .on_reload = [&] { reloaded.Notify(); }});
  RequestReload();
  reloaded.WaitForNotification();
  RequestStop();
  stopped.WaitForNotification();
}

// A second signal ends the process: a shutdown that is told twice must not.
TEST(WindowsSignalsTest, AStopThatIsAskedForAgainIsTheSame) {
  Notification stopped;
  int stops = 0;
  const auto watch = WatchSignals({.on_stop = [&] {
    ++stops;
    stopped.Notify();
  }});
  RequestStop();
  RequestStop();
  stopped.WaitForNotification();
  EXPECT_EQ(stops, 1);
}

TEST(WindowsSignalsTest, WhatIsAskedBeforeThereIsAWatchWaitsForIt) {
  RequestStop();
  Notification stopped;
  const auto watch = WatchSignals({.on_stop = [&] { stopped.Notify(); }});
  stopped.WaitForNotification();
}

TEST(WindowsProcessTest, TimeGoesOnAndWhatCannotFailDoesNot) {
  const absl::Duration before = SteadyTime();
  EXPECT_GE(SteadyTime(), before);
  EXPECT_LT(SteadyTime() - before, absl::Seconds(60));
  SetThreadName("a name of more than fifteen characters");
  KeepMemoryPrivate();
}

TEST(WindowsPathsTest, HaveParents) {
  EXPECT_EQ(ParentOf("C:/a/b"), "C:/a");
  EXPECT_EQ(ParentOf("C:\\a\\b"), "C:\\a");
  EXPECT_EQ(ParentOf("C:/a"), "C:/");
  EXPECT_EQ(ParentOf("C:/"), "C:/");
  EXPECT_EQ(ParentOf("a"), ".");
}

}  // namespace
}  // namespace muster
