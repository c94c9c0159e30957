// The check of evidence packs: what was changed is found, wherever it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "base/crypto/digest.h"
#include "tests/orchestrator/evidence/pack_fixture.h"

namespace muster::evidence {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PackCheckTest : public PackFixture {
 protected:
  std::vector<std::string> Problems(const std::string& path, const std::string& key,
                                    const std::string& earlier = "") {
    const auto verdict = CheckPack(path, {.key = key, .earlier = earlier});
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    return verdict->problems;
  }
  std::vector<std::string> Problems(const std::string& path) {
    return Problems(path, key_.fingerprint());
  }
};

TEST_F(PackCheckTest, AGenuinePackIsGood) {
  const std::string pack = Make("pack.tar", Chain(30));
  const auto verdict = CheckPack(pack, {.key = key_.fingerprint()});
  ASSERT_TRUE(verdict.ok());
  EXPECT_THAT(verdict->problems, IsEmpty());
  EXPECT_THAT(verdict->remarks, IsEmpty());
  EXPECT_EQ(verdict->manifest.tenant, "acme");
  EXPECT_EQ(verdict->manifest.events, 30);
  EXPECT_EQ(verdict->manifest.receipts, 3);
  EXPECT_EQ(verdict->manifest.files.size(), 7u);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/making-pack.tar"));
}

TEST_F(PackCheckTest, WithoutAFingerprintItSaysWhatIsNotProven) {
  const auto verdict = CheckPack(Make("pack.tar", Chain(3)), {});
  EXPECT_TRUE(verdict->good());
  ASSERT_EQ(verdict->remarks.size(), 1u);
  EXPECT_THAT(verdict->remarks[0], HasSubstr("anybody could have made this pack"));
}

// Every byte, headers and padding of the archive with it.
TEST_F(PackCheckTest, EveryByteCounts) {
  const std::string pack = Make("pack.tar", Chain(4));
  ASSERT_THAT(Problems(pack), IsEmpty());
  const std::string whole = ContentOf(pack);
  std::fstream file(pack, std::ios::binary | std::ios::in | std::ios::out);
  std::vector<size_t> accepted;
  for (size_t at = 0; at < whole.size(); ++at) {
    const auto put = [&](char byte) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte).flush();
    };
    put(static_cast<char>(whole[at] ^ (at % 2 == 0 ? 1 : 0x20)));
    if (Problems(pack).empty()) accepted.push_back(at);
    put(whole[at]);
  }
  EXPECT_THAT(accepted, IsEmpty());
  EXPECT_THAT(Problems(pack), IsEmpty());
}

TEST_F(PackCheckTest, CutOffAndLongerPacksAreBad) {
  const std::string pack = Make("pack.tar", Chain(4));
  const std::string whole = ContentOf(pack);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{512}, size_t{3072}, whole.size() - 512,
                            whole.size() - 1024, whole.size() - 1, whole.size() - 2048}) {
    WriteContent(pack, whole.substr(0, size));
    EXPECT_FALSE(Problems(pack).empty()) << size;
  }
  for (const std::string& more : {std::string(1, '\0'), std::string(512, '\0'),
                                  std::string(10240, '\0'), std::string("x"), whole}) {
    WriteContent(pack, whole + more);
    EXPECT_FALSE(Problems(pack).empty()) << more.size();
  }
  WriteContent(pack, std::string(20000, 'x'));
  EXPECT_FALSE(Problems(pack).empty());
  EXPECT_TRUE(absl::IsNotFound(CheckPack(dir_.path() + "/none", {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckPack(dir_.path(), {}).status()));
}

TEST_F(PackCheckTest, AnotherKeyIsToldByItsFingerprint) {
  const TestPackKey other;
  const std::string pack = Make("pack.tar", Chain(4), 0, 0, &other);
  EXPECT_THAT(Problems(pack),
              ElementsAre(HasSubstr("signed by another key, " + other.fingerprint())));
  EXPECT_THAT(Problems(pack, other.fingerprint()), IsEmpty());
}

// Whoever has the key can sign anything, and yet not these.
TEST_F(PackCheckTest, ASignedChainWithAGapIsBad) {
  std::vector<PackEvent> chain = Chain(9);
  chain.erase(chain.begin() + 4);
  EXPECT_THAT(Problems(Make("gap.tar", chain)), ElementsAre(HasSubstr("breaks at event 18")));
  chain = Chain(9);
  std::swap(chain[4], chain[5]);
  EXPECT_THAT(Problems(Make("order.tar", chain)), ElementsAre(HasSubstr("breaks at event 18")));
  chain = Chain(9);
  chain[4].detail = "nothing happened";
  EXPECT_THAT(Problems(Make("altered.tar", chain)), ElementsAre(HasSubstr("breaks at event 15")));
  chain = Chain(9);
  chain[4].time += absl::Microseconds(1);
  EXPECT_THAT(Problems(Make("time.tar", chain)), ElementsAre(HasSubstr("breaks at event 15")));
  chain = Chain(9);
  chain[4].link.clear();
  EXPECT_THAT(Problems(Make("link.tar", chain)), ElementsAre(HasSubstr("has lost its link")));
  chain = Chain(9);
  chain[4].tenant = "other";
  EXPECT_THAT(Problems(Make("owner.tar", chain)), ElementsAre(HasSubstr("has no place")));
}

TEST_F(PackCheckTest, EventsFromBeforeThereWereLinksAreTold) {
  const auto verdict = CheckPack(Make("pack.tar", Chain(6), 0, 2), {.key = key_.fingerprint()});
  EXPECT_TRUE(verdict->good()) << verdict->problems[0];
  ASSERT_EQ(verdict->remarks.size(), 1u);
  EXPECT_THAT(verdict->remarks[0], HasSubstr("The first 2 events"));
}

TEST_F(PackCheckTest, AnEarlierPackMustBeInTheChain) {
  const std::string key = key_.fingerprint();
  std::vector<PackEvent> chain = Chain(20);
  const std::string earlier = Make("earlier.tar", {chain.begin(), chain.begin() + 8});
  EXPECT_THAT(Problems(Make("all.tar", chain), key, earlier), IsEmpty());
  EXPECT_THAT(Problems(Make("overlap.tar", chain, 5), key, earlier), IsEmpty());
  EXPECT_THAT(Problems(Make("next.tar", chain, 8), key, earlier), IsEmpty());
  EXPECT_THAT(Problems(Make("later.tar", chain, 9), key, earlier),
              ElementsAre(HasSubstr("Event 24, with which the earlier pack ends")));
  // Written anew from the fifth on, and signed.
  std::vector<PackEvent> anew = chain;
  anew[4].detail = "nothing happened";
  for (size_t i = 4; i < anew.size(); ++i) anew[i].link = LinkOf(anew[i - 1].link, anew[i]);
  const std::string rewritten = Make("rewritten.tar", anew);
  EXPECT_THAT(Problems(rewritten), IsEmpty());
  EXPECT_THAT(Problems(rewritten, key, earlier), ElementsAre(HasSubstr("Event 24")));
  std::string broken = ContentOf(earlier);
  broken[700] = static_cast<char>(broken[700] ^ 1);
  WriteContent(earlier, broken);
  EXPECT_THAT(Problems(Make("all.tar", chain), key, earlier),
              ElementsAre(HasSubstr("Of the earlier pack: ")));
}

TEST(PackText, EventsSurviveTheirLines) {
  PackEvent event{.sequence = 7,
                  .time = absl::FromUnixMicros(1'790'000'000'000'001),
                  .actor = "a|b\\c\n\x7f",
                  .action = "",
                  .subject = "é",
                  .tenant = "acme",
                  .detail = "\\0174",
                  .link = std::string(kLinkBytes, '\xab')};
  const std::string line = LineOf(event);
  EXPECT_EQ(line, absl::StrCat("7|2026-09-21T14:13:20.000001Z|a\\0174b\\0134c\\0012\\0177||é|acme|"
                               "\\01340174|",
                               absl::BytesToHexString(event.link)));
  const auto read = ParseEvent(line);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->actor, event.actor);
  EXPECT_EQ(read->detail, event.detail);
  EXPECT_EQ(read->time, event.time);
  for (const std::string& other :
       {line + " ", " " + line, line + "|", absl::StrReplaceAll(line, {{"|7f", ""}, {"7|", "07|"}}),
        absl::StrReplaceAll(line, {{"ab", "AB"}}), std::string("7|x"), std::string()}) {
    EXPECT_FALSE(ParseEvent(other).ok()) << other;
  }
}

TEST(PackText, ManifestsAndSignaturesHaveOneForm) {
  Manifest manifest{.tenant = "acme", .since = absl::UnixEpoch(), .made = absl::UnixEpoch()};
  manifest.files = {{"a", 1, "ff"}};
  const std::string text = FormatManifest(manifest);
  EXPECT_TRUE(ParseManifest(text).ok());
  for (const std::string& other : {text + "\n", absl::StrReplaceAll(text, {{": ", ":"}}),
                                   absl::StrReplaceAll(text, {{"acme\"", "acme\", \"x\": \"y\""}}),
                                   std::string("[]"), std::string()}) {
    EXPECT_FALSE(ParseManifest(other).ok()) << other;
  }
  const std::string block = SignatureBlock("\x30\x45");
  EXPECT_EQ(block.size(), kBlock);
  EXPECT_EQ(*ParseSignatureBlock(block), "\x30\x45");
  EXPECT_FALSE(ParseSignatureBlock(absl::StrReplaceAll(block, {{"3045", "3045 "}})).ok());
  EXPECT_FALSE(ParseSignatureBlock(block.substr(1) + "\n").ok());
  EXPECT_TRUE(SignatureBlock(std::string(200, 'x')).empty());
}

}  // namespace
}  // namespace muster::evidence
