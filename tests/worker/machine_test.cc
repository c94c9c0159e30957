// What a worker says about its machine, and the folder of the lock that all workers of one service
// share.
#include "worker/platform/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "worker/platform/clean_facts.h"

namespace muster::worker {
namespace {

TEST(BootHashTest, IsTheSameForAsLongAsTheSystemRuns) {
  const std::string hash = ReadBootHash();
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(ReadBootHash(), hash);
}

// A name that no protocol could carry is replaced, not the end of the worker.
TEST(MachineFactsTest, AreAlwaysTextThatCanBeSent) {
  for (const std::string& text :
       {std::string("M\xFCnchen"), std::string("\xFF\xFE\x00x", 4), std::string("web\xE2\x82"),
        std::string("\xED\xA0\x80 half a pair"), std::string("a\nb\x1b[2J"),
        std::string(5000, '\xC3')}) {
    types::v1::MachineFacts facts;
    for (std::string* field : {facts.mutable_machine_name(), facts.mutable_os(),
                               facts.mutable_os_version(), facts.mutable_architecture(),
                               facts.mutable_worker_version(), facts.mutable_machine_id_hash()}) {
      *field = text;
    }
    const types::v1::MachineFacts clean = CleanFacts(facts);
    for (const std::string& field :
         {clean.machine_name(), clean.os(), clean.os_version(), clean.architecture(),
          clean.worker_version(), clean.machine_id_hash()}) {
      EXPECT_TRUE(IsUtf8(field)) << field;
      EXPECT_NE(field, "");
      EXPECT_EQ(field.find_first_of("\n\x1b"), std::string::npos) << field;
    }
    types::v1::MachineFacts arrived;
    EXPECT_TRUE(arrived.ParseFromString(clean.SerializeAsString()));
  }
  types::v1::MachineFacts good;
  good.set_machine_name("bu\xCC\x88ro-サーバー");
  EXPECT_EQ(CleanFacts(good).machine_name(), good.machine_name());
}

TEST(MachineFactsTest, OfThisMachineAreThere) {
  const types::v1::MachineFacts facts = ReadMachineFacts();
  EXPECT_NE(facts.machine_name(), "");
  EXPECT_NE(facts.architecture(), "");
}

// Whoever can make the file first can hold it for ever: not in a folder where everybody may.
TEST(LockDirectoryTest, NobodyElseMayPutAFileThere) {
  const std::string folder = LockDirectory("/the worker's own");
  if (folder == "/the worker's own") {
    EXPECT_NE(geteuid(), 0u) << "root has a folder for it";
    return;
  }
  struct stat state;
  ASSERT_EQ(lstat(folder.c_str(), &state), 0) << folder;
  EXPECT_TRUE(S_ISDIR(state.st_mode));
  EXPECT_EQ(state.st_uid, geteuid());
  EXPECT_EQ(state.st_mode & (S_IWGRP | S_IWOTH), 0u);
}

}  // namespace
}  // namespace muster::worker
