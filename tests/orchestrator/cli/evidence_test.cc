// muster evidence …: what a person gives, gets and reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/orchestrator/cli/cli_fixture.h"
#include "tests/orchestrator/evidence/pack_fixture.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Two fixtures in one: the packs and the fake orchestrator.
class EvidencePacks : public evidence::PackFixture {
 public:
  using PackFixture::Chain;
  using PackFixture::key_;
  using PackFixture::Make;
  void TestBody() override {}
};

class EvidenceCommandTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    pack_ = packs_.Make("pack.tar", EvidencePacks::Chain(12));
    admin_.evidence = evidence::ContentOf(pack_);
    admin_.evidence_bytes = static_cast<int64_t>(admin_.evidence.size());
    admin_.evidence_key.set_fingerprint(packs_.key_.fingerprint());
    admin_.evidence_key.set_public_pem(packs_.key_.public_pem());
  }

  EvidencePacks packs_;
  std::string pack_;
};

TEST_F(EvidenceCommandTest, ExportChecksWhatItTakesAndSaysHowOthersDo) {
  const std::string out = Path("acme.tar");
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--since", "2026-07-01T00:00:00Z",
                 "--out", out}),
            0)
      << err_;
  EXPECT_EQ(admin_.evidence_request.tenant_id(), "acme");
  EXPECT_TRUE(admin_.evidence_request.has_since());
  EXPECT_EQ(evidence::ContentOf(out), admin_.evidence);
  EXPECT_THAT(out_, AllOf(HasSubstr("sh verify.sh --key " + packs_.key_.fingerprint()),
                          HasSubstr("by another way than the pack")));
  struct stat status {};
  ASSERT_EQ(stat(out.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
  // Nothing is overwritten.
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--out", out}), 2);
  EXPECT_THAT(err_, HasSubstr("exists already; nothing is overwritten"));
}

TEST_F(EvidenceCommandTest, WhatIsNoWholePackIsNotKept) {
  const std::string out = Path("acme.tar");
  admin_.evidence[700] = static_cast<char>(admin_.evidence[700] ^ 1);
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--out", out}), 1);
  EXPECT_THAT(err_, HasSubstr("what came is no whole pack"));
  admin_.evidence_bytes += 512;
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--out", out}), 1);
  EXPECT_THAT(err_, HasSubstr("ended too early"));
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--out", Path("none/acme.tar")}), 2);
  evidence::WriteContent(out + ".part", "");
  EXPECT_EQ(Run({"evidence", "export", "--tenant", "acme", "--out", out}), 2);
  EXPECT_THAT(err_, HasSubstr("was cut off"));
}

TEST_F(EvidenceCommandTest, VerifyNeedsNoOrchestrator) {
  server_.reset();
  const std::string key = packs_.key_.fingerprint();
  EXPECT_EQ(Run({"evidence", "verify", "--key", key, pack_}), 0) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("acme"), HasSubstr("GENUINE: ")));
  EXPECT_EQ(Run({"evidence", "verify", pack_}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("WHOLE: "), Not(HasSubstr("GENUINE"))));
  EXPECT_THAT(err_, HasSubstr("anybody could have made this pack"));
  EXPECT_EQ(Run({"evidence", "verify", "--key", std::string(64, 'a'), pack_}), 5);
  EXPECT_THAT(err_, HasSubstr("BAD: It is signed by another key, " + key));
  EXPECT_EQ(Run({"evidence", "verify", "--key", "abc", pack_}), 2);
  EXPECT_THAT(err_, HasSubstr("64 hexadecimal digits"));
  EXPECT_EQ(Run({"evidence", "verify", Path("none.tar")}), 2);
  const std::string earlier = packs_.Make("earlier.tar", EvidencePacks::Chain(5));
  EXPECT_EQ(Run({"evidence", "verify", "--key", key, "--earlier", earlier, pack_}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("is in this one's chain as it was"));
  EXPECT_EQ(Run({"evidence", "verify", "--key", key, "--earlier", pack_, earlier}), 5);
  std::string changed = evidence::ContentOf(pack_);
  changed.back() = 1;
  evidence::WriteContent(pack_, changed);
  EXPECT_EQ(Run({"evidence", "verify", "--key", key, pack_}), 5);
  EXPECT_THAT(err_, HasSubstr("BAD: "));
  EXPECT_EQ(out_, "");
}

TEST_F(EvidenceCommandTest, KeyAndScriptArePrinted) {
  EXPECT_EQ(Run({"evidence", "key"}), 0) << err_;
  EXPECT_THAT(
      out_, AllOf(HasSubstr(packs_.key_.fingerprint()), HasSubstr("-----BEGIN PUBLIC KEY-----\n")));
  EXPECT_EQ(Run({"evidence", "script"}), 0);
  EXPECT_EQ(out_, evidence::PackText(evidence::kScriptName));
}

}  // namespace
}  // namespace muster::cli
