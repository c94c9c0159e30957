// Whose a hub's record is by what inventory and hub say of it.
#include "orchestrator/core/enrollment/record_claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"

namespace muster::core {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(IsTitleOf, AMachineHasMoreThanOneFormOfItsName) {
  EXPECT_TRUE(IsTitleOf("WEB-1", "web-1"));
  EXPECT_TRUE(IsTitleOf("WEB-1", "web-1.corp.example"));
  EXPECT_TRUE(IsTitleOf("web-1.corp.example", "WEB-1"));
  EXPECT_TRUE(IsTitleOf("ACCOUNTING-SERV", "accounting-server-01"));
  EXPECT_TRUE(IsTitleOf("ACCOUNTING-SERV", "accounting-server-01.corp.example"));
  EXPECT_TRUE(IsTitleOf("BÜRO", "büro"));
}

TEST(IsTitleOf, AnotherMachineHasNone) {
  EXPECT_FALSE(IsTitleOf("web-2", "web-1"));
  EXPECT_FALSE(IsTitleOf("web-1.corp.example", "web-1.lab.example"));
  EXPECT_FALSE(IsTitleOf("web", "web-1"));
  EXPECT_FALSE(IsTitleOf("web-1", "web"));
  EXPECT_FALSE(IsTitleOf("ACCOUNTING-SER", "accounting-server-01")) << "14 characters";
  EXPECT_FALSE(IsTitleOf("corp", "web-1.corp.example"));
  EXPECT_FALSE(IsTitleOf("", ""));
  EXPECT_FALSE(IsTitleOf("", "web-1"));
}

class StandingTest : public testing::Test {
 protected:
  StandingTest() {
    server_.id = ServerId("srv-1");
    server_.zone_id = ZoneId("acme/prod");
    server_.tenant_id = TenantId("acme");
    server_.name = "web-1";
    record_.id = HubInstanceId("hub-1");
    record_.title = "WEB-1";
    record_.internal_instance_id = "INT-1";
  }
  Standing Of(bool title_is_anothers = false) {
    return StandingOf(claim_, record_, title_is_anothers);
  }
  store::Server server_;
  HubInstance record_;
  RecordClaim claim_{&server_, "int-1", ""};
};

TEST_F(StandingTest, TheNameOfTheInventoryIsTheBest) {
  EXPECT_EQ(Of(), Standing::kNamed);
  EXPECT_EQ(Of(true), Standing::kNamed) << "two of that name";
  claim_.internal_instance_id.clear();
  EXPECT_EQ(Of(), Standing::kNamed) << "nothing contradicts";
}

TEST_F(StandingTest, AnotherInternalIdIsAnotherService) {
  claim_.internal_instance_id = "int-2";
  EXPECT_EQ(Of(), Standing::kNone);
  const Failure failure = ForeignRecord(record_, claim_);
  EXPECT_EQ(failure.code, FailureCode::kVerifyForeignRecord);
  EXPECT_THAT(failure.detail, HasSubstr("int-2"));
}

TEST_F(StandingTest, WhatTheWorkerCallsItselfCountsUnlessAnotherIsCalledSo) {
  server_.name = "customer-portal";
  EXPECT_EQ(Of(), Standing::kNone);
  claim_.machine_name = "web-1";
  EXPECT_EQ(Of(), Standing::kAlias);
  EXPECT_EQ(Of(true), Standing::kNone);
  claim_.machine_name.clear();
  server_.machine.machine_name = "Web-1.corp.example";
  EXPECT_EQ(Of(), Standing::kAlias);
}

TEST_F(StandingTest, ARecordWithoutATitleIsNobodysYet) {
  record_.title.clear();
  EXPECT_EQ(Of(), Standing::kNone);
}

TEST_F(StandingTest, AConflictNamesBothButNoOtherTenantsServer) {
  store::Server other = server_;
  other.id = ServerId("srv-2");
  other.name = "web-2";
  other.machine = {.machine_name = "THIEF", .machine_id_hash = "0123456789abcdef"};
  const std::string detail = ConflictOver(record_, server_, other).detail;
  EXPECT_THAT(detail, HasSubstr("acme/prod/web-1 (srv-1, machine unnamed)"));
  EXPECT_THAT(detail, HasSubstr("acme/prod/web-2 (srv-2, machine THIEF, machine id 01234567…)"));
  other.tenant_id = TenantId("bolt");
  EXPECT_THAT(ConflictOver(record_, server_, other).detail, Not(HasSubstr("web-2")));
}

}  // namespace
}  // namespace muster::core
