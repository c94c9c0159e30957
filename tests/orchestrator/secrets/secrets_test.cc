#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/private_file.h"
#include "orchestrator/secrets/master_key.h"
#include "orchestrator/secrets/sealed_key_vault.h"

namespace muster::secrets {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SecretsTest : public ::testing::Test {
 protected:
  SecretsTest() {
    std::string pattern = absl::StrCat(::testing::TempDir(), "/secrets-XXXXXX");
    directory_ = mkdtemp(pattern.data());
  }
  ~SecretsTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(absl::string_view name) { return absl::StrCat(directory_, "/", name); }
  void Write(const std::string& path, absl::string_view content, mode_t mode) {
    std::ofstream(path) << content;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }
  std::string Content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  MasterKeyPlaces Places(const std::map<std::string, std::string>& environment = {}) {
    return {.file = Path("master.key"),
            .environment = [environment](const std::string& name) -> std::optional<std::string> {
              const auto found = environment.find(name);
              return found == environment.end() ? std::nullopt : std::make_optional(found->second);
            }};
  }
  // The message of the E-KEY-MASTER error that loading gives.
  std::string Refusal(const MasterKeyPlaces& places) {
    const auto key = LoadMasterKey(places);
    EXPECT_EQ(FailureCodeOf(key.status()), FailureCode::kKeyMaster) << key.status();
    return std::string(key.status().message());
  }
  static std::unique_ptr<SealedKeyVault> Vault(char fill = 'k') {
    auto vault =
        SealedKeyVault::Create(Secret::Take(std::string(32, fill)), crypto::SecureRandom());
    EXPECT_TRUE(vault.ok()) << vault.status();
    return *std::move(vault);
  }

  std::string directory_;
};

TEST_F(SecretsTest, ANewMasterKeyIsForItsOwnerAloneAndLoads) {
  ASSERT_TRUE(CreateMasterKeyFile(Path("master.key"), crypto::SecureRandom()).ok());
  struct stat info;
  ASSERT_EQ(stat(Path("master.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  const auto key = LoadMasterKey(Places());
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->bytes.size(), 32u);
  EXPECT_THAT(key->source, HasSubstr("file "));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1)
      << "a draft was left behind";
}

TEST_F(SecretsTest, AMasterKeyIsNeverOverwritten) {
  ASSERT_TRUE(CreateMasterKeyFile(Path("master.key"), crypto::SecureRandom()).ok());
  const std::string before = Content(Path("master.key"));
  EXPECT_TRUE(
      absl::IsAlreadyExists(CreateMasterKeyFile(Path("master.key"), crypto::SecureRandom())));
  EXPECT_EQ(Content(Path("master.key")), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(SecretsTest, AMasterKeyInAMissingFolderIsAnError) {
  EXPECT_FALSE(CreateMasterKeyFile(Path("no/master.key"), crypto::SecureRandom()).ok());
}

TEST_F(SecretsTest, AFileThatOthersCanReadIsRefused) {
  const std::string text = absl::Base64Escape(std::string(32, 'm'));
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    Write(Path("master.key"), text, mode);
    const std::string refusal = Refusal(Places());
    EXPECT_THAT(refusal, HasSubstr("others than the owner"));
    EXPECT_THAT(refusal, HasSubstr("chmod 600"));
    EXPECT_THAT(refusal, Not(HasSubstr(text)));
  }
  Write(Path("master.key"), text, 0400);
  EXPECT_TRUE(LoadMasterKey(Places()).ok());
}

TEST_F(SecretsTest, AFileThatHoldsNoKeyIsRefusedWithoutRepeatingIt) {
  for (const std::string& text : {std::string(), std::string("hidden"),
                                  absl::Base64Escape("hidden"), std::string(10'000, 'h')}) {
    Write(Path("master.key"), text, 0600);
    const std::string refusal = Refusal(Places());
    EXPECT_THAT(refusal, HasSubstr(Path("master.key")));
    EXPECT_THAT(refusal, Not(HasSubstr("hidden")));
  }
}

TEST_F(SecretsTest, AMissingFileAndAFolderAreRefused) {
  EXPECT_THAT(Refusal(Places()), HasSubstr("No such file"));
  std::filesystem::create_directory(Path("master.key"));
  EXPECT_THAT(Refusal(Places()), HasSubstr("no plain file"));
  MasterKeyPlaces none = Places();
  none.file.clear();
  EXPECT_THAT(Refusal(none), HasSubstr("neither"));
}

TEST_F(SecretsTest, CredentialComesBeforeVariableBeforeFile) {
  const auto text = [](char fill) { return absl::Base64Escape(std::string(32, fill)); };
  Write(Path("master.key"), text('f'), 0600);
  Write(Path(kMasterKeyCredential), text('c'), 0444);
  const auto first_byte = [&](const std::map<std::string, std::string>& environment) {
    const auto key = LoadMasterKey(Places(environment));
    EXPECT_TRUE(key.ok()) << key.status();
    return key.ok() ? key->bytes.Reveal()[0] : '?';
  };
  EXPECT_EQ(first_byte({}), 'f');
  EXPECT_EQ(first_byte({{kMasterKeyVariable, text('v')}}), 'v');
  EXPECT_EQ(first_byte({{kMasterKeyVariable, text('v')}, {"CREDENTIALS_DIRECTORY", directory_}}),
            'c');
  // A credentials directory without our credential is some other service's affair.
  EXPECT_EQ(first_byte({{kMasterKeyVariable, text('v')}, {"CREDENTIALS_DIRECTORY", "/nowhere"}}),
            'v');
}

TEST_F(SecretsTest, ABadVariableIsAnErrorAndNotSkipped) {
  ASSERT_TRUE(CreateMasterKeyFile(Path("master.key"), crypto::SecureRandom()).ok());
  const std::string refusal = Refusal(Places({{kMasterKeyVariable, "hidden"}}));
  EXPECT_THAT(refusal, HasSubstr(kMasterKeyVariable));
  EXPECT_THAT(refusal, Not(HasSubstr("hidden")));
}

TEST_F(SecretsTest, RawBytesAreAKey) {
  Write(Path("master.key"), std::string(32, '\1'), 0600);
  EXPECT_TRUE(LoadMasterKey(Places()).ok());
}

TEST_F(SecretsTest, WhatIsSealedOpensWithItsBindingOnly) {
  const auto vault = Vault();
  const ZoneId zone("acme/prod");
  const std::string binding = core::JoiningKeyBinding(zone, 3);
  EXPECT_EQ(binding, "joining-key acme/prod 3");
  const auto sealed = vault->Seal(Secret::CopyOf("canary"), binding);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_THAT(sealed->bytes, Not(HasSubstr("canary")));
  const auto opened = vault->Open(*sealed, binding);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->Reveal(), "canary");
  for (const std::string& other :
       {core::JoiningKeyBinding(zone, 4), core::JoiningKeyBinding(ZoneId("acme/test"), 3),
        core::VerifierBinding(zone), std::string()}) {
    const auto moved = vault->Open(*sealed, other);
    EXPECT_EQ(FailureCodeOf(moved.status()), FailureCode::kKeyUnsealable) << other;
    EXPECT_THAT(std::string(moved.status().message()), Not(HasSubstr("canary")));
  }
}

TEST_F(SecretsTest, AnotherMasterKeyOrABrokenValueDoesNotOpen) {
  const auto sealed = Vault('a')->Seal(Secret::CopyOf("canary"), "b");
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(FailureCodeOf(Vault('z')->Open(*sealed, "b").status()), FailureCode::kKeyUnsealable);
  store::Sealed broken = *sealed;
  broken.bytes.back() ^= 1;
  EXPECT_EQ(FailureCodeOf(Vault('a')->Open(broken, "b").status()), FailureCode::kKeyUnsealable);
  EXPECT_EQ(FailureCodeOf(Vault('a')->Open({}, "b").status()), FailureCode::kKeyUnsealable);
}

TEST_F(SecretsTest, AVaultNeedsAWholeKey) {
  const auto vault = SealedKeyVault::Create(Secret::CopyOf("short"), crypto::SecureRandom());
  EXPECT_EQ(FailureCodeOf(vault.status()), FailureCode::kKeyMaster);
}

}  // namespace
}  // namespace muster::secrets
