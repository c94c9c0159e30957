#include "orchestrator/app/data_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/crypto/certificate.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "orchestrator/app/orchestrator.h"
#include "orchestrator/identity/identity_uri.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

class DataDirectoryTest : public testing::Test {
 protected:
  DataDirectoryTest() {
    root_ = testing::TempDir() + "/data-dir-XXXXXX";
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
    options_ = {.data_dir = root_ + "/data",
                .addresses = {"muster.example.net"},
                .admin_address = "muster.example.net:8445"};
  }
  ~DataDirectoryTest() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  absl::StatusOr<InitReport> Init() {
    return InitDataDirectory(options_, SystemClock(), crypto::SecureRandom());
  }
  absl::StatusOr<DataDirectory> Open() {
    return OpenDataDirectory(options_.data_dir, SystemClock(), crypto::SecureRandom());
  }

  std::string root_;
  InitOptions options_;
};

TEST_F(DataDirectoryTest, InitOnceThenOpen) {
  EXPECT_EQ(FailureCodeOf(Open().status()), FailureCode::kSystemNotInitialized);
  const auto report = Init();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(FailureCodeOf(Init().status()), FailureCode::kSystemAlreadyInitialized);
  const auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->authority.Fingerprint(), report->ca_fingerprint);
  EXPECT_EQ(opened->addresses, options_.addresses);
  EXPECT_EQ(FailureCodeOf(Open().status()), FailureCode::kSystemDataDirBusy);
}

TEST_F(DataDirectoryTest, SecretsAreTheOwnersAlone) {
  ASSERT_TRUE(Init().ok());
  const DataPaths paths(options_.data_dir);
  for (const std::string& path : {paths.authority("ca.key"), paths.master_key(),
                                  paths.operators("operator.key"), paths.database(), paths.root}) {
    EXPECT_EQ(fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none)
        << path;
  }
}

// A folder that a later version makes is one of them, too.
TEST_F(DataDirectoryTest, NoFolderInItMayBeWrittenToByOthers) {
  ASSERT_TRUE(Init().ok());
  const DataPaths paths(options_.data_dir);
  for (const std::string& folder : {paths.listeners(""), paths.backups(), paths.root + "/later"}) {
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
  }
  fs::create_directory_symlink(paths.backups(), paths.root + "/link");
  fs::create_symlink("/nowhere/at/all", paths.root + "/dangling");
  ASSERT_TRUE(Open().ok()) << Open().status();
  std::vector<std::string> folders = {paths.root};
  for (const auto& entry : fs::directory_iterator(paths.root)) {
    if (entry.is_directory() && !entry.is_symlink()) folders.push_back(entry.path().string());
  }
  EXPECT_EQ(folders.size(), 8u);  // ca, audit, evidence, operator and the three of above.
  for (const std::string& folder : folders) {
    for (const fs::perms loose : {fs::perms::group_write, fs::perms::others_write}) {
      fs::permissions(folder, loose, fs::perm_options::add);
      const absl::Status refused = Open().status();
      EXPECT_EQ(FailureCodeOf(refused), FailureCode::kSystemDataDir) << folder << ": " << refused;
      EXPECT_NE(refused.message().find("chmod go-w '" + options_.data_dir), absl::string_view::npos)
          << refused;
      fs::permissions(folder, loose, fs::perm_options::remove);
    }
  }
  EXPECT_TRUE(Open().ok()) << Open().status();
}

// Whatever a crash leaves behind, running init again finishes it.
TEST_F(DataDirectoryTest, AnInitThatWasCutOffIsFinishedByTheNext) {
  const DataPaths paths(options_.data_dir);
  const std::vector<std::string> late_first = {paths.marker(),
                                               paths.operators("address"),
                                               paths.operators("operator.crt"),
                                               paths.database(),  // With the operator's row.
                                               paths.operators("operator.key"),
                                               paths.master_key(),
                                               paths.authority("addresses"),
                                               paths.authority("ca.crt")};
  for (size_t lost = 1; lost <= late_first.size(); ++lost) {
    fs::remove_all(options_.data_dir);
    ASSERT_TRUE(Init().ok());
    for (size_t i = 0; i < lost; ++i) fs::remove(late_first[i]);
    const auto unfinished = Open();
    EXPECT_EQ(FailureCodeOf(unfinished.status()), FailureCode::kSystemNotInitialized);
    EXPECT_NE(unfinished.status().message().find("cut off"), absl::string_view::npos);
    const auto report = Init();
    ASSERT_TRUE(report.ok()) << late_first[lost - 1] << ": " << report.status();
    const auto opened = Open();
    ASSERT_TRUE(opened.ok()) << late_first[lost - 1] << ": " << opened.status();
    EXPECT_EQ(opened->authority.Fingerprint(), report->ca_fingerprint);
  }
}

TEST_F(DataDirectoryTest, AForeignDirectoryIsLeftAlone) {
  fs::create_directories(options_.data_dir);
  std::ofstream(options_.data_dir + "/homework.txt") << "mine";
  EXPECT_EQ(FailureCodeOf(Init().status()), FailureCode::kSystemDataDir);
  EXPECT_FALSE(fs::exists(options_.data_dir + "/ca"));
}

TEST_F(DataDirectoryTest, KeysThatDoNotFitAreNamed) {
  ASSERT_TRUE(Init().ok());
  const DataPaths paths(options_.data_dir);
  const auto other = identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(ReplaceFile(paths.authority("ca.crt"), other->bundle_pem()).ok());
  const auto opened = Open();
  EXPECT_EQ(FailureCodeOf(opened.status()), FailureCode::kSystemAuthority);
  EXPECT_NE(opened.status().message().find("does not belong"), absl::string_view::npos)
      << opened.status();
}

TEST(StartTest, ADatabaseThatIsNoneIsNotTouched) {
  TestOrchestrator orchestrator;
  const std::string path = DataPaths(orchestrator.data_dir()).database();
  {
    std::ofstream file(path, std::ios::trunc);
    for (int i = 0; i < 1000; ++i) file << "this is not a database";
  }
  const auto size = fs::file_size(path);
  EXPECT_EQ(FailureCodeOf(orchestrator.Start()), FailureCode::kStoreCorrupt);
  EXPECT_EQ(fs::file_size(path), size);
}

// Remedy walked: E-SYSTEM-LISTEN
TEST(StartTest, TwoOnOneDirectoryOrOnePortAreRefused) {
  TestOrchestrator first;
  ASSERT_TRUE(first.Start().ok());
  EXPECT_EQ(FailureCodeOf(Orchestrator::Create(first.Options()).status()),
            FailureCode::kSystemDataDirBusy);
  TestOrchestrator second;
  OrchestratorOptions options = second.Options();
  options.admin_listen = first.get().endpoints().admin_address;
  EXPECT_EQ(FailureCodeOf(second.Start(options)), FailureCode::kSystemListen);
  EXPECT_TRUE(second.Start().ok()) << "nothing of the failed start holds on";
}

TEST(StartTest, TheOperatorDirectoryFollowsThePort) {
  TestOrchestrator orchestrator;
  ASSERT_TRUE(orchestrator.Start().ok());
  std::ifstream file(DataPaths(orchestrator.data_dir()).operators("address"));
  std::string address;
  std::getline(file, address);
  EXPECT_EQ(address, orchestrator.get().endpoints().admin_address);
}

}  // namespace
}  // namespace muster::app
