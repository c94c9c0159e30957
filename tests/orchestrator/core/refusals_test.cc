// What refusals cost the disk: rows in an hour under a flood, whoever knocks and at what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/admission/refusals.h"
#include "tests/orchestrator/core/hand_driven.h"

namespace muster::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RefusalsTest : public HandDriven {
 protected:
  // What sweeps find makes rows, too.
  RefusalsTest() {
    CoreOptions options;
    options.sweep.every = absl::ZeroDuration();
    Build(0, 0, options);
  }
  struct Rows {
    int64_t events = 0;    // Of the audit log.
    int64_t refusals = 0;  // Kept at tokens.
  };
  Rows RowsNow() {
    const auto snapshot = world_->Read();
    return {snapshot->audit().Last()->sequence,
            static_cast<int64_t>(snapshot->tokens().ListRefusals(TokenId(), 100'000)->size())};
  }
  // So many refusals within an hour, each from another address out of `addresses`; the rows that
  // they made. They are posted together: as fast as the orchestrator takes them.
  template <typename Knock>
  Rows RowsOfAnHour(int refusals, Knock knock) {
    const Rows before = RowsNow();
    constexpr int kParts = 60;
    for (int part = 0; part < kParts; ++part) {
      for (int i = 0; i < refusals / kParts; ++i) knock(part * (refusals / kParts) + i);
      world_->RunFor(absl::Minutes(1));
    }
    const Rows after = RowsNow();
    return {after.events - before.events, after.refusals - before.refusals};
  }
  void Knock(const std::string& hash, int number, int addresses) {
    BootstrapRequest request;
    request.secret_hash = hash;
    request.server_name = absl::StrCat("name-", number);
    request.address =
        absl::StrCat("10.0.", number % addresses / 250, ".", number % addresses % 250);
    request.public_key_hash = absl::StrCat("key ", number);
    operations().admission.Call(
        &AdmissionOperations::Bootstrap,
        [this](const absl::StatusOr<BootstrapGrant>& grant) { refused_ += grant.ok() ? 0 : 1; },
        request);
  }
  std::vector<std::string> Told(const std::string& action) {
    std::vector<std::string> details;
    const std::vector<store::AuditEvent> events =
        *world_->Read()->audit().List(store::TenantWall::Everything(), "", 0, 100'000);
    for (const store::AuditEvent& event : events) {
      if (event.action == action) details.push_back(event.detail);
    }
    return details;
  }
  int refused_ = 0;
};

// Who stops the orchestrator in order loses nothing that it counted.
TEST_F(RefusalsTest, WhatWasCountedIsToldBeforeAStop) {
  for (int i = 0; i < 100; ++i) Knock("unknown", i, 50);
  world_->RunFor(absl::Seconds(10));
  const size_t before = Told(kBootstrapRefused).size();
  EXPECT_EQ(before, static_cast<size_t>(Refusals::kToldOneByOne));
  const auto stop = [this] {
    absl::Status done = absl::UnknownError("not done");
    world_->core().SignAudit([&done](const absl::Status& status) { done = status; });
    world_->RunFor(absl::Seconds(1));
    EXPECT_TRUE(done.ok()) << done;
  };
  stop();
  ASSERT_EQ(Told(kBootstrapRefused).size(), before + 1);
  EXPECT_THAT(Told(kBootstrapRefused), testing::Contains(HasSubstr("95 more E-TOKEN-UNKNOWN")));
  stop();
  EXPECT_EQ(Told(kBootstrapRefused).size(), before + 1) << "once";
}

constexpr int kFlood = 12'000;

TEST_F(RefusalsTest, AFloodOfUnknownTokensIsAFewRowsAnHour) {
  const Rows first = RowsOfAnHour(kFlood, [&](int i) { Knock("nonsense", i, 1); });
  EXPECT_EQ(refused_, kFlood);
  RecordProperty("rows_first_hour_one_address", static_cast<int>(first.events));
  EXPECT_LE(first.events, 2);
  EXPECT_LE(first.refusals, 2);
  const Rows many = RowsOfAnHour(kFlood, [&](int i) { Knock("nonsense", i, 2000); });
  EXPECT_LE(many.events, Refusals::kToldOneByOne + 1);
  EXPECT_LE(many.refusals, Refusals::kToldOneByOne + 1);
  const Rows later = RowsOfAnHour(kFlood, [&](int i) { Knock("nonsense", i, 2000); });
  EXPECT_LE(later.events, 1);
}

TEST_F(RefusalsTest, EveryRefusalIsInTheSums) {
  RowsOfAnHour(600, [&](int i) { Knock("nonsense", i, 3); });
  world_->RunFor(absl::Hours(7));
  const std::vector<std::string> told = Told("bootstrap.refused");
  ASSERT_EQ(told.size(), 4u);
  int64_t all = 0;
  const std::vector<store::TokenRefusal> kept =
      *world_->Read()->tokens().ListRefusals(TokenId(), 100);
  for (const store::TokenRefusal& refusal : kept) all += refusal.times;
  EXPECT_EQ(all, 600);
  EXPECT_THAT(told, testing::Contains(HasSubstr("597 more E-TOKEN-UNKNOWN from 3 addresses")));
}

// A code that is new is told at once, though another one's flood goes on.
TEST_F(RefusalsTest, AFloodHidesNoOtherReason) {
  TokenInput one;
  one.server_names = {"web-1"};
  const TokenId token = Token("t", one);
  RowsOfAnHour(600, [&](int i) { Knock("t", i, 400); });
  ASSERT_TRUE(SetLocked(token, true).ok());
  BootstrapRequest request;
  EXPECT_FAILS_WITH(Show("t", "web-1", "k"), kTokenLocked);
  EXPECT_THAT(Told("bootstrap.refused"), testing::Contains(HasSubstr("E-TOKEN-LOCKED")));
}

TEST_F(RefusalsTest, SoAreSessionsAndCalls) {
  const ServerId server = Admitted("web-1");
  ASSERT_TRUE(Change(server, ServerAction::Kind::kBan).ok());
  const Rows sessions = RowsOfAnHour(6000, [&](int i) {
    SessionOpening opening = Opening(server, "web-1");
    opening.address = absl::StrCat("10.1.", i / 250 % 250, ".", i % 250);
    if (i % 2 == 1) {  // Of nobody who is known.
      opening.server_id = ServerId(absl::StrCat("srv-", i));
      opening.certificate_id = CertificateId(absl::StrCat("c", i));
      opening.public_key_hash.clear();
    }
    world_->worker_events().OpenSession(
        opening, [](const absl::StatusOr<SessionGrant>& grant) { EXPECT_FALSE(grant.ok()); });
  });
  EXPECT_LE(sessions.events, 2 * (Refusals::kToldOneByOne + 1));
  EXPECT_FALSE(Told("session.refused").empty());
  const Rows calls = RowsOfAnHour(6000, [&](int i) {
    operations().operators.Call(
        &OperatorOperations::NoteRefused, [](const absl::StatusOr<bool>&) {},
        OperatorRefusal{absl::StrCat("operator:opr-", i % 3), "/muster.admin.v1.X/Y",
                        FailureCode::kAuthForbidden});
  });
  EXPECT_LE(calls.events, 2 + Refusals::kToldOneByOne + 1);
  EXPECT_EQ(Told("auth.refused").size(), 3u + 1) << "each operator once, and the sum";
}

TEST_F(RefusalsTest, DoorsWithoutEndShareOne) {
  const Rows rows = RowsOfAnHour(6000, [&](int i) {
    operations().operators.Call(
        &OperatorOperations::NoteRefused, [](const absl::StatusOr<bool>&) {},
        OperatorRefusal{"operator:opr-1", absl::StrCat("/method/", i),
                        FailureCode::kAuthForbidden});
  });
  EXPECT_LE(rows.events, static_cast<int64_t>(Refusals::kMostDoors) + Refusals::kToldOneByOne + 1);
}

}  // namespace
}  // namespace muster::core
