// deploy/evidence/verify.sh as a customer runs it: on a machine that has a shell, openssl, sha256sum,
// tar and a few tools of POSIX, and nothing of Muster's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/orchestrator/evidence/pack_fixture.h"

namespace muster::evidence {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kScript[] = MUSTER_SOURCE_DIR "/deploy/evidence/verify.sh";

struct Ran {
  int status = -1;
  std::string said;
};

class VerifyScriptTest : public PackFixture, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    if (!Exists(GetParam())) GTEST_SKIP() << "there is no " << GetParam() << " here";
    bin_ = dir_.path() + "/bin";
    std::filesystem::create_directory(bin_);
    const bool busybox = std::string(GetParam()) == "busybox";
    for (const char* tool : {"sha256sum", "tar", "dd", "tr", "sed", "cmp", "wc", "mktemp", "rm",
                             "mkdir", "cat", "openssl"}) {
      const std::string name = tool;
      Link(busybox && name != "openssl" ? "busybox" : tool, tool);
    }
    Link(GetParam(), "sh");
  }

  static bool Exists(const std::string& program) { return !Where(program).empty(); }
  static std::string Where(const std::string& program) {
    for (const char* folder : {"/usr/bin/", "/bin/"}) {
      if (std::filesystem::exists(folder + program)) return folder + program;
    }
    return "";
  }
  void Link(const std::string& program, const std::string& name) {
    std::filesystem::create_symlink(Where(program), absl::StrCat(bin_, "/", name));
  }

  Ran Run(const std::string& arguments) {
    Ran ran;
    FILE* const pipe = popen(absl::StrCat("env -i PATH='", bin_, "' TMPDIR='", dir_.path(), "' '",
                                          bin_, "/sh' '", kScript, "' ", arguments, " 2>&1")
                                 .c_str(),
                             "r");
    char piece[4096];
    for (size_t got; (got = fread(piece, 1, sizeof piece, pipe)) > 0;) ran.said.append(piece, got);
    ran.status = WEXITSTATUS(pclose(pipe));
    return ran;
  }
  Ran Check(const std::string& pack) {
    return Run(absl::StrCat("--key ", key_.fingerprint(), " '", pack, "'"));
  }

  std::string bin_;
};

TEST_P(VerifyScriptTest, AGenuinePackPasses) {
  const std::string pack = Make("pack.tar", Chain(40));
  const Ran ran = Check(pack);
  EXPECT_EQ(ran.status, 0) << ran.said;
  EXPECT_THAT(ran.said, AllOf(HasSubstr("customer    acme\n"),
                              HasSubstr("audit log   40 events of this customer, 3 to 120"),
                              HasSubstr("receipts    3\n"), HasSubstr("GENUINE: ")));
  // As some programs show fingerprints.
  std::string key;
  for (size_t i = 0; i < 64; i += 2) {
    absl::StrAppend(&key, i == 0 ? "" : ":", key_.fingerprint().substr(i, 2));
  }
  EXPECT_EQ(Run(absl::StrCat("--key ", key, " '", pack, "'")).status, 0);
  const Ran any = Run(absl::StrCat("'", pack, "'"));
  EXPECT_EQ(any.status, 0);
  EXPECT_THAT(any.said,
              AllOf(HasSubstr("anybody could have made this pack"), Not(HasSubstr("GENUINE"))));
  // Nothing is left behind.
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_FALSE(absl::StartsWith(entry.path().filename().string(), "muster-evidence."));
  }
}

// First, last and middle byte of each header, content and padding; and the end.
TEST_P(VerifyScriptTest, OneChangedByteFails) {
  const std::string pack = Make("pack.tar", Chain(4));
  const std::string whole = ContentOf(pack);
  std::vector<size_t> places;
  for (size_t block = 0; block < whole.size(); block += kBlock) {
    // All blocks of the signature and the end, and every fifth of the others, headers always.
    const bool header = absl::string_view(whole).substr(block + 257, 5) == "ustar";
    const bool end = block + 5 * kBlock > whole.size();
    if (header) places.insert(places.end(), {block, block + 130, block + 156, block + 511});
    if (!header && (end || block / kBlock % 5 == 0)) {
      places.insert(places.end(), {block, block + 60, block + 511});
    }
  }
  EXPECT_GT(places.size(), 40u);
  for (const size_t at : places) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    WriteContent(pack, changed);
    const Ran ran = Check(pack);
    EXPECT_EQ(ran.status, 1) << at << " of " << whole.size() << ": " << ran.said;
    EXPECT_TRUE(absl::StartsWith(ran.said, "BAD: ")) << ran.said;
  }
  for (const std::string& other :
       {whole.substr(0, whole.size() - 512), whole + std::string(512, '\0'), whole + "x",
        std::string(), std::string(9000, 'x'), whole.substr(0, 3072)}) {
    WriteContent(pack, other);
    EXPECT_EQ(Check(pack).status, 1) << other.size();
  }
}

TEST_P(VerifyScriptTest, WhatTheHolderOfTheKeyCannotSignEither) {
  const TestPackKey other;
  Ran ran = Check(Make("other.tar", Chain(4), 0, 0, &other));
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.said, HasSubstr("signed by another key, " + other.fingerprint()));
  std::vector<PackEvent> chain = Chain(9);
  chain[4].detail = "nothing happened";
  ran = Check(Make("altered.tar", chain));
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.said, HasSubstr("event 15 is altered, or one before it is missing"));
  chain = Chain(9);
  chain.erase(chain.begin() + 4);
  EXPECT_THAT(Check(Make("gap.tar", chain)).said, HasSubstr("event 18 is altered"));
  chain = Chain(9);
  chain[4].link.clear();
  EXPECT_THAT(Check(Make("link.tar", chain)).said, HasSubstr("event 15 has lost its link"));
  chain = Chain(9);
  chain[4].tenant = "other";
  EXPECT_THAT(Check(Make("owner.tar", chain)).said, HasSubstr("event 15 has no place"));
  ran = Check(Make("plain.tar", Chain(6), 0, 2));
  EXPECT_EQ(ran.status, 0) << ran.said;
  EXPECT_THAT(ran.said, HasSubstr("the first 2 of them are from before events had links"));
}

TEST_P(VerifyScriptTest, AnEarlierPackMustBeInTheChain) {
  std::vector<PackEvent> chain = Chain(20);
  const std::string earlier = Make("earlier.tar", {chain.begin(), chain.begin() + 8});
  const auto against = [&](const std::string& pack) {
    return Run(
        absl::StrCat("--key ", key_.fingerprint(), " --earlier '", earlier, "' '", pack, "'"));
  };
  EXPECT_EQ(against(Make("all.tar", chain)).status, 0);
  EXPECT_THAT(against(Make("overlap.tar", chain, 5)).said,
              AllOf(HasSubstr("is in this chain as it was"), HasSubstr("GENUINE")));
  EXPECT_EQ(against(Make("next.tar", chain, 8)).status, 0);
  EXPECT_EQ(against(Make("later.tar", chain, 9)).status, 1);
  chain[4].detail = "nothing happened";
  for (size_t i = 4; i < chain.size(); ++i) chain[i].link = LinkOf(chain[i - 1].link, chain[i]);
  const Ran ran = against(Make("rewritten.tar", chain));
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.said, HasSubstr("event 24, with which the earlier pack ends"));
  WriteContent(earlier, "x");
  EXPECT_THAT(against(Make("all.tar", chain)).said,
              HasSubstr("Of the earlier pack:\nBAD: it is no evidence pack"));
}

TEST_P(VerifyScriptTest, WhatCannotBeCheckedIsNotCalledBad) {
  const std::string pack = Make("pack.tar", Chain(2));
  EXPECT_EQ(Run("").status, 2);
  EXPECT_EQ(Run("--key").status, 2);
  EXPECT_EQ(Run("--colour '" + pack + "'").status, 2);
  EXPECT_EQ(Check(dir_.path() + "/none.tar").status, 2);
  std::filesystem::remove(bin_ + "/openssl");
  const Ran ran = Check(pack);
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.said, HasSubstr("this machine has no openssl"));
}

INSTANTIATE_TEST_SUITE_P(Shells, VerifyScriptTest, testing::Values("dash", "bash", "busybox"));

// The documented script, the one in each pack and the one that the command line prints are one.
TEST(VerifyScript, IsTheOneInThePacks) {
  EXPECT_TRUE(ContentOf(kScript) == PackText(kScriptName));
  EXPECT_FALSE(PackText(kScriptName).empty());
  EXPECT_TRUE(ContentOf(MUSTER_SOURCE_DIR "/deploy/evidence/README.txt") == PackText(kReadmeName));
}

}  // namespace
}  // namespace muster::evidence
