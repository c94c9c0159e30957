// Doors that are none: what the orchestrator does with a process that does not keep to its part.
#include "orchestrator/app/door_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/timed_flag.h"

namespace muster::app {
namespace {

using testing::HasSubstr;

class DeafDesk final : public rpc::BootstrapDesk {
 public:
  void Ask(rpc::BootstrapAsk, Done) override { ++asked; }
  std::atomic<int> asked = 0;
};

class DoorKeeperTest : public testing::Test {
 protected:
  DoorKeeperTest() {
    std::filesystem::create_directories(folder_);
    for (const char* file : {"crt", "key"}) {
      std::ofstream(folder_ + file) << "no PEM";
      chmod((folder_ + file).c_str(), 0600);
    }
  }
  ~DoorKeeperTest() override { std::filesystem::remove_all(folder_); }

  // The reason why a door that is this shell script does not open.
  std::string WhyNot(const std::string& script) {
    const std::string program = folder_ + "door";
    std::ofstream(program, std::ios::trunc) << "#!/bin/sh\n" << script << "\n";
    chmod(program.c_str(), 0700);
    return WhyNotProgram(program);
  }
  std::string WhyNotProgram(const std::string& program) {
    const auto keeper = DoorKeeper::Start({.program = program,
                                           .address = "127.0.0.1:0",
                                           .certificate_file = folder_ + "crt",
                                           .private_key_file = folder_ + "key"},
                                          desk_, SystemClock(), crypto::SecureRandom());
    EXPECT_EQ(FailureCodeOf(keeper.status()), FailureCode::kSystemListen);
    return std::string(keeper.status().message());
  }

  const std::string folder_ = testing::TempDir() + "door_keeper/";
  DeafDesk desk_;
};

TEST_F(DoorKeeperTest, AProgramThatIsNone) {
  EXPECT_THAT(WhyNotProgram(folder_ + "nothing"), HasSubstr("cannot start its door"));
  EXPECT_THAT(WhyNot("exit 7"), HasSubstr("its door ended: exit code 7"));
  EXPECT_THAT(WhyNot("kill -ABRT $$"), HasSubstr("signal 6"));
}

TEST_F(DoorKeeperTest, ADoorThatSaysWhatNoDoorSaysIsEnded) {
  EXPECT_THAT(WhyNot("printf nonsense >&3; exec sleep 1000"), HasSubstr("signal 9"));
  EXPECT_EQ(desk_.asked, 0);
}

TEST_F(DoorKeeperTest, ADoorThatHangsUpAndStaysIsEnded) {
  EXPECT_THAT(WhyNot("exec 3>&-; exec sleep 1000"), HasSubstr("signal 9"));
}

TEST_F(DoorKeeperTest, ItHasItsSocketsAndNothingOfOurEnvironment) {
  setenv("MUSTER_MASTER_KEY", "secret", 1);
  // 3 is the socket pair, 4 what listens; the shell has its script.
  EXPECT_THAT(WhyNot("[ -z \"$MUSTER_MASTER_KEY\" ] || exit 9\n"
                     "[ -S /dev/fd/3 ] && [ -S /dev/fd/4 ] || exit 8\n"
                     "exit 7"),
              HasSubstr("exit code 7"));
  unsetenv("MUSTER_MASTER_KEY");
}

// The files of a door are read, and it does not run yet: what is asked then reaches it all the
// same.
TEST_F(DoorKeeperTest, WhatIsAskedWhileADoorStartsIsNotLost) {
  const std::string program = folder_ + "door";
  // Takes its setup, says that it is ready, and ends as soon as it is told something.
  std::ofstream(program) << "#!/bin/sh\n"
                            "packet() { dd bs=200000 count=1 <&3 >/dev/null 2>&1; }\n"
                            "packet; printf '\\010\\001' >&3; packet\n";
  chmod(program.c_str(), 0700);
  std::atomic<int> starts = 0;
  std::atomic<DoorKeeper*> begun = nullptr;
  TimedFlag fourth;
  const auto keeper = DoorKeeper::Start({.program = program,
                                         .address = "127.0.0.1:0",
                                         .certificate_file = folder_ + "crt",
                                         .private_key_file = folder_ + "key",
                                         .on_start =
                                             [&] {
                                               const int start = ++starts;
                                               if (start == 2) begun.load()->Replace();
                                               if (start == 3) begun.load()->SetServing(true);
                                               if (start == 4) fourth.Set();
                                             }},
                                        desk_, SystemClock(), crypto::SecureRandom());
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  begun = keeper->get();
  (*keeper)->Replace();
  EXPECT_TRUE(fourth.Await(absl::Seconds(15))) << starts << " starts";
  (*keeper)->Stop(absl::InfinitePast());
}

TEST_F(DoorKeeperTest, AKeyThatOthersCanReadIsNoneOfIts) {
  chmod((folder_ + "key").c_str(), 0644);
  EXPECT_THAT(WhyNot("exit 7"), HasSubstr("key"));
}

}  // namespace
}  // namespace muster::app
