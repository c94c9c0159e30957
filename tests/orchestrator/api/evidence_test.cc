// Evidence packs over the admin API: what is in one, and what is not; who may take it, and that it is
// on record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/archive/tar_file.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/sql/database.h"
#include "muster/admin/v1/evidence.pb.h"
#include "orchestrator/evidence/pack_check.h"
#include "tests/orchestrator/api/api_bench.h"
#include "tests/orchestrator/api/two_tenants.h"
#include "tests/orchestrator/evidence/pack_fixture.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kExport[] = "/muster.admin.v1.EvidenceService/ExportEvidence";

class EvidenceTest : public testing::Test {
 protected:
  absl::Status Take(const std::string& op, const std::string& tenant) {
    admin::ExportEvidenceRequest request;
    request.set_tenant_id(tenant);
    std::string pack;
    int64_t total = -1;
    const absl::Status status = bench_.Collect(op, kExport, request, [&](const Message& message) {
      const auto& chunk = static_cast<const admin::EvidenceChunk&>(message);
      if (total < 0) total = chunk.total_bytes();
      pack += chunk.data();
    });
    if (!status.ok()) return status;
    EXPECT_EQ(total, static_cast<int64_t>(pack.size()));
    path_ = bench_.folder() + "/taken.tar";
    evidence::WriteContent(path_, pack);
    files_.clear();
    EXPECT_TRUE(archive::ReadTar(path_, [this](archive::TarEntry& entry) {
                  auto content = entry.ReadAll(10 << 20);
                  files_[entry.name()] = content.value_or("");
                  return content.status();
                }).ok());
    return status;
  }
  evidence::PackVerdict Verdict() {
    const auto key = bench_.Get<admin::EvidenceKey>(
        "provider", "/muster.admin.v1.EvidenceService/GetEvidenceKey",
        admin::GetEvidenceKeyRequest());
    return *evidence::CheckPack(path_, {.key = key.fingerprint()});
  }

  ApiBench bench_{TwoTenants()};
  std::string path_;
  std::map<std::string, std::string> files_;
};

TEST_F(EvidenceTest, APackIsGenuineAndHoldsItsTenantAlone) {
  for (const char* op : {"provider", "alpha-viewer"}) {
    ASSERT_TRUE(Take(op, "alpha").ok()) << op;
    const evidence::PackVerdict verdict = Verdict();
    EXPECT_THAT(verdict.problems, IsEmpty());
    EXPECT_EQ(verdict.manifest.tenant, "alpha");
    EXPECT_GT(verdict.manifest.events, 3);
    EXPECT_GT(verdict.manifest.receipts, 0);
    for (const char* name :
         {"manifest.json", "README.txt", "verify.sh", "key.pem", "audit.txt", "receipts.csv",
          "coverage.csv", "causes.csv", "failures.csv", "findings.csv", "rollouts.csv",
          "arrivals.csv", "report.json", "report.html", "signature"}) {
      EXPECT_EQ(files_.count(name), 1u) << name;
    }
    for (const auto& [name, content] : files_) {
      EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(content), "bravo")) << name;
      // Of the joining keys no more than who they are.
      EXPECT_FALSE(absl::StrContains(content, "alphasecret")) << name;
    }
    EXPECT_THAT(files_["receipts.csv"], HasSubstr("alphaweb1"));
    EXPECT_THAT(files_["receipts.csv"], HasSubstr("alphaproof"));
    EXPECT_THAT(files_["coverage.csv"], HasSubstr("alpha/alphazone"));
    EXPECT_THAT(files_["report.html"], HasSubstr("alpha/alphazone"));
  }
}

// The last event is that it was taken.
TEST_F(EvidenceTest, WhoTakesOneIsOnRecordInIt) {
  ASSERT_TRUE(Take("alpha-viewer", "alpha").ok());
  const std::vector<std::string> lines =
      absl::StrSplit(files_["audit.txt"], '\n', absl::SkipEmpty());
  EXPECT_THAT(lines.back(), HasSubstr("|operator:opr-alpha-viewer|evidence.export|alpha|alpha|"));
  EXPECT_EQ(Verdict().manifest.taken_by, "operator:opr-alpha-viewer");
  const std::string first = path_ + ".first";
  std::filesystem::copy_file(path_, first);
  // The next one continues it.
  ASSERT_TRUE(Take("provider", "alpha").ok());
  EXPECT_THAT(evidence::CheckPack(path_, {.earlier = first})->problems, IsEmpty());
}

TEST_F(EvidenceTest, WhatIsRefusedIsNotMade) {
  EXPECT_EQ(FailureCodeOf(Take("alpha-viewer", "bravo")), FailureCode::kTenantUnknown);
  EXPECT_EQ(FailureCodeOf(Take("provider", "nobody")), FailureCode::kTenantUnknown);
  EXPECT_EQ(FailureCodeOf(Take("provider", "")), FailureCode::kRequestInvalid);
  for (const auto& entry : std::filesystem::directory_iterator(bench_.folder())) {
    EXPECT_FALSE(absl::StartsWith(entry.path().filename().string(), evidence::kMakingPrefix));
  }
}

// One at a time for each, and the place is free again whatever became of it.
TEST_F(EvidenceTest, NobodyTakesAllPlaces) {
  const auto& method = *bench_.api().Find(kExport);
  admin::ExportEvidenceRequest request;
  request.set_tenant_id("alpha");
  absl::Status second = absl::OkStatus();
  const absl::Status first = bench_.Collect("provider", kExport, request, [&](const Message&) {
    if (second.ok()) second = bench_.Call("provider", method, request).status;
  });
  EXPECT_TRUE(first.ok()) << first;
  EXPECT_TRUE(absl::IsResourceExhausted(second)) << second;
  EXPECT_TRUE(Take("provider", "alpha").ok());
}

TEST_F(EvidenceTest, WhoIsRevokedMeanwhileGetsNoMore) {
  admin::ExportEvidenceRequest request;
  request.set_tenant_id("alpha");
  const absl::Status ended = bench_.Collect("alpha-viewer", kExport, request, [&](const Message&) {
    bench_.revocations().OperatorRevoked(OperatorId("opr-alpha-viewer"));
  });
  EXPECT_EQ(FailureCodeOf(ended), FailureCode::kAuthRevoked) << ended;
}

// The rows are no more what the chain was made of: nothing is signed.
TEST_F(EvidenceTest, ABrokenChainIsNotSigned) {
  {
    const auto db = *sql::Database::Open({.path = bench_.folder() + "/muster.db"});
    ASSERT_TRUE(db->Exec("DROP TRIGGER audit_events_are_not_changed").ok());
    ASSERT_TRUE(db->Exec("UPDATE audit_events SET detail = 'nothing happened' WHERE tenant_id = "
                         "'alpha'")
                    .ok());
  }
  EXPECT_EQ(FailureCodeOf(Take("provider", "alpha")), FailureCode::kStoreCorrupt);
}

}  // namespace
}  // namespace muster::api
