// Packs for tests: written by the real writer, signed by a key of their own.
#ifndef MUSTER_TESTS_ORCHESTRATOR_EVIDENCE_PACK_FIXTURE_H_
#define MUSTER_TESTS_ORCHESTRATOR_EVIDENCE_PACK_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/key.h"
#include "base/crypto/signature.h"
#include "orchestrator/evidence/pack_check.h"
#include "orchestrator/evidence/pack_writer.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::evidence {

class TestPackKey final : public PackKey {
 public:
  const std::string& fingerprint() const override { return fingerprint_; }
  const std::string& public_pem() const override { return pem_; }
  absl::StatusOr<std::string> Sign(absl::string_view text) const override {
    return crypto::Sign(key_, text);
  }

 private:
  const crypto::PrivateKey key_ = *crypto::PrivateKey::Generate();
  const std::string fingerprint_ = key_.public_key().Fingerprint();
  const std::string pem_ = key_.public_key().ToPem();
};

inline std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}
inline void WriteContent(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

class PackFixture : public testing::Test {
 protected:
  // A chain of one tenant, with everything in its texts that a form could mistake.
  static std::vector<PackEvent> Chain(int events) {
    const std::vector<std::string> details = {"joining → joined_unverified (att-1)",
                                              "",
                                              "a|b",
                                              "back\\slash \\0174 and %s %d $HOME `id`",
                                              "tab\there",
                                              "\"quoted\", 'too' ;&<>",
                                              "  blanks around  ",
                                              "ends with \\",
                                              "*"};
    std::vector<PackEvent> chain;
    std::string link(kLinkBytes, '\0');
    for (int i = 1; i <= events; ++i) {
      PackEvent event{.sequence = 3 * i,
                      .time = absl::FromUnixMicros(1'790'000'000'000'000 + i * 86'400'000'001),
                      .actor = i % 2 == 0 ? "system" : "operator:opr-1",
                      .action = "server.verified",
                      .subject = absl::StrCat("srv-", i),
                      .tenant = "acme",
                      .detail = details[static_cast<size_t>(i) % details.size()]};
      event.link = link = LinkOf(link, event);
      chain.push_back(std::move(event));
    }
    return chain;
  }

  // Of the chain from `first` on; `plain` of these have no link.
  std::string Make(const std::string& name, const std::vector<PackEvent>& chain, size_t first = 0,
                   size_t plain = 0, const PackKey* key = nullptr) {
    Manifest manifest{.tenant = "acme",
                      .since = absl::FromUnixSeconds(1'790'000'000),
                      .made = absl::FromUnixSeconds(1'799'000'000),
                      .taken_by = "operator:opr-1",
                      .muster_version = "0.1.0",
                      .orchestrator = std::string(64, 'a')};
    const std::string folder = absl::StrCat(dir_.path(), "/making-", name);
    auto writer = *PackWriter::Create(folder);
    const PackKey& signing = key == nullptr ? key_ : *key;
    std::string events;
    std::string link =
        first == 0 || plain > 0 ? std::string(kLinkBytes, '\0') : chain[first - 1].link;
    manifest.link_before = absl::BytesToHexString(link);
    for (size_t i = first; i < chain.size(); ++i) {
      PackEvent event = chain[i];
      if (i < first + plain) {
        event.link.clear();
        ++manifest.events_without_link;
      } else {
        if (plain > 0) event.link = LinkOf(link, event);
        link = event.link;
      }
      if (manifest.events++ == 0) manifest.first_event = event.sequence;
      manifest.last_event = event.sequence;
      absl::StrAppend(&events, LineOf(event), "\n");
    }
    manifest.link = absl::BytesToHexString(link);
    std::string receipts = ReceiptHeader() + "\n";
    for (const char* server : {"web1", "web,\"2\"", "=cmd|' /C calc'!A0"}) {
      absl::StrAppend(&receipts, ReceiptLine({"srv-1", server, "acme/prod", "enrolled"}), "\n");
      ++manifest.receipts;
    }
    for (const auto& [file, content] : std::vector<std::pair<std::string, std::string>>{
             {kKeyName, signing.public_pem()},
             {kReadmeName, std::string(PackText(kReadmeName))},
             {kScriptName, std::string(PackText(kScriptName))},
             {kEventsName, events},
             {kReceiptsName, receipts},
             {"report.json", "{}\n"},
             {"empty.csv", ""}}) {
      EXPECT_TRUE(writer->Add(file, content).ok());
    }
    const auto sealed = writer->Seal(manifest, signing);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    const std::string path = absl::StrCat(dir_.path(), "/", name);
    std::filesystem::copy_file(*sealed, path, std::filesystem::copy_options::overwrite_existing);
    return path;
  }

  sql::TempDir dir_;
  TestPackKey key_;
};

}  // namespace muster::evidence

#endif  // MUSTER_TESTS_ORCHESTRATOR_EVIDENCE_PACK_FIXTURE_H_
