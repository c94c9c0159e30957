#include "proto/rpc/roles.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

namespace muster::rpc {
namespace {

using muster::authz::v1::ROLE_ANYONE;
using muster::authz::v1::ROLE_OPERATOR;
using muster::authz::v1::ROLE_PROVIDER_ADMIN;
using muster::authz::v1::ROLE_UNSPECIFIED;
using muster::authz::v1::ROLE_WORKER;

TEST(RoleTableTest, EveryMethodOfEveryServiceHasARole) {
  const auto table = RoleTable::Create(ServiceFiles());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_GE(table->methods().size(), 25u);
  EXPECT_EQ(table->RequiredRole("/muster.worker.v1.Bootstrap/Enroll"), ROLE_ANYONE);
  EXPECT_EQ(table->RequiredRole("/muster.worker.v1.Session/Connect"), ROLE_WORKER);
  EXPECT_EQ(table->RequiredRole("/muster.admin.v1.TokenService/CreateToken"), ROLE_OPERATOR);
  EXPECT_EQ(table->RequiredRole("/muster.admin.v1.ZoneService/ApplyFleet"), ROLE_PROVIDER_ADMIN);
  EXPECT_EQ(table->RequiredRole("/muster.admin.v1.ZoneService/Nonsense"), ROLE_UNSPECIFIED);
}

TEST(RoleTableTest, OnlyBootstrapIsOpenToAnyone) {
  const auto table = RoleTable::Create(ServiceFiles());
  ASSERT_TRUE(table.ok()) << table.status();
  for (const auto& [path, role] : table->methods()) {
    EXPECT_EQ(role == ROLE_ANYONE, path == "/muster.worker.v1.Bootstrap/Enroll") << path;
  }
}

TEST(RoleTableTest, NamesEachMethodWithoutARole) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("bad.proto");
  file.set_package("bad");
  file.add_message_type()->set_name("M");
  auto* service = file.add_service();
  service->set_name("Lax");
  for (const char* name : {"One", "Two"}) {
    auto* method = service->add_method();
    method->set_name(name);
    method->set_input_type(".bad.M");
    method->set_output_type(".bad.M");
  }
  google::protobuf::DescriptorPool pool;
  const auto* descriptor = pool.BuildFile(file);
  ASSERT_NE(descriptor, nullptr);

  const auto table = RoleTable::Create({descriptor});
  EXPECT_EQ(table.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(table.status().message().find("bad.Lax.One, bad.Lax.Two"), absl::string_view::npos)
      << table.status();
}

}  // namespace
}  // namespace muster::rpc
