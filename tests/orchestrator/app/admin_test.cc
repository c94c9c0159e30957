// The admin services of a whole orchestrator: who may call what, what lies behind the tenants'
// wall, pages and watching.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/notification.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "proto/rpc/roles.h"
#include "proto/rpc/status.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

namespace admin = muster::admin::v1;
using muster::authz::v1::Role;
using store::OperatorRole;

class AdminTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(orchestrator_.Start().ok());
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme", "globex"}, "http://127.0.0.1:9").ok());
    ASSERT_TRUE(orchestrator_.Import("acme", {"web-1", "web-2", "web-3"}).ok());
    ASSERT_TRUE(orchestrator_.Import("globex", {"db-1"}).ok());
    orchestrator_.Stop();
    const std::vector<TenantId> acme = {TenantId("acme")};
    ASSERT_TRUE(orchestrator_.AddOperator("viewer", OperatorRole::kViewer, acme).ok());
    ASSERT_TRUE(orchestrator_.AddOperator("operator", OperatorRole::kOperator, acme).ok());
    ASSERT_TRUE(orchestrator_.AddOperator("tenant_admin", OperatorRole::kTenantAdmin, acme).ok());
    EXPECT_FALSE(orchestrator_.AddOperator("unbound", OperatorRole::kViewer, {}).ok())
        << "an empty list of tenants is nothing, never all";
    ASSERT_TRUE(orchestrator_.Start().ok());
  }

  // An empty request to any method.
  static absl::Status Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& path) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    SetTestDeadline(context);
    const grpc::Slice nothing("");
    grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    Notification done;
    stub.UnaryCall(&context, path, {}, &request, &response, [&](grpc::Status s) {
      status = std::move(s);
      done.Notify();
    });
    done.WaitForNotification();
    return rpc::FromGrpcStatus(status);
  }
  static bool Refused(const absl::Status& status) {
    const auto code = FailureCodeOf(status);
    return code == FailureCode::kAuthForbidden || code == FailureCode::kAuthRequired;
  }
  absl::StatusOr<admin::ListServersResponse> List(const std::string& op,
                                                  const admin::ListServersRequest& request) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::ListServersResponse response;
    const absl::Status status =
        rpc::FromGrpcStatus(admin::ServerService::NewStub(orchestrator_.OperatorChannel(op))
                                ->ListServers(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  TestOrchestrator orchestrator_;
};

TEST_F(AdminTest, EveryMethodRefusesLesserRolesAndLetsTheOthersPass) {
  const auto table = rpc::RoleTable::Create(rpc::ServiceFiles());
  ASSERT_TRUE(table.ok());
  const std::map<std::string, Role> ranks = {{"viewer", muster::authz::v1::ROLE_VIEWER},
                                             {"operator", muster::authz::v1::ROLE_OPERATOR},
                                             {"tenant_admin", muster::authz::v1::ROLE_TENANT_ADMIN},
                                             {"admin", muster::authz::v1::ROLE_PROVIDER_ADMIN}};
  int methods = 0;
  for (const auto& [name, rank] : ranks) {
    const auto channel = orchestrator_.OperatorChannel(name);
    for (const auto& [path, required] : table->methods()) {
      if (!absl::StartsWith(path, "/muster.admin.v1.")) continue;
      const absl::Status status = Call(channel, path);
      EXPECT_EQ(Refused(status), rank < required) << name << " calls " << path << ": " << status;
      EXPECT_NE(status.code(), absl::StatusCode::kUnimplemented) << path << " is not served";
      ++methods;
    }
  }
  EXPECT_GE(methods, 4 * 24);
}

TEST_F(AdminTest, RefusalsOfKnownOperatorsAreAudited) {
  const std::string path = "/muster.admin.v1.SystemService/VerifyAudit";
  EXPECT_TRUE(Refused(Call(orchestrator_.OperatorChannel("viewer"), path)));
  admin::ListAuditEventsRequest request;
  request.set_subject(path);
  admin::ListAuditEventsResponse response;
  const auto stub = admin::SystemService::NewStub(orchestrator_.OperatorChannel());
  // The event is written when its turn comes.
  for (int i = 0; i < 1000 && response.events_size() == 0; ++i) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ASSERT_TRUE(stub->ListAuditEvents(&context, request, &response).ok());
  }
  ASSERT_EQ(response.events_size(), 1);
  EXPECT_EQ(response.events(0).action(), "auth.refused");
}

TEST_F(AdminTest, WhoHasNoPlaceHere) {
  // A worker's certificate is no operator's.
  const auto token = orchestrator_.CreateToken("acme/prod");
  ASSERT_TRUE(token.ok()) << token.status();
  const auto worker = orchestrator_.Enroll(token->secret(), "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  const auto channel = orchestrator_.ChannelTo(orchestrator_.get().endpoints().admin_address,
                                               worker->certificate_pem, worker->key_pem);
  EXPECT_EQ(FailureCodeOf(Call(channel, "/muster.admin.v1.TenantService/ListTenants")),
            FailureCode::kAuthRequired);
  // Workers' services are not served to operators, nor the other way around.
  EXPECT_EQ(Call(orchestrator_.OperatorChannel(), "/muster.worker.v1.Session/Renew").code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(AdminTest, TheWallHidesOtherTenants) {
  const auto mine = List("viewer", {});
  ASSERT_TRUE(mine.ok()) << mine.status();
  EXPECT_EQ(mine->servers_size(), 3);
  admin::ListServersRequest theirs;
  theirs.mutable_selection()->set_tenant_id("globex");
  EXPECT_EQ(FailureCodeOf(List("viewer", theirs).status()), FailureCode::kTenantUnknown);
  theirs.mutable_selection()->set_tenant_id("");
  theirs.mutable_selection()->set_zone_id("globex/prod");
  EXPECT_EQ(FailureCodeOf(List("viewer", theirs).status()), FailureCode::kZoneUnknown);

  const auto stub = admin::ServerService::NewStub(orchestrator_.OperatorChannel("tenant_admin"));
  for (const char* method : {"get", "explain", "evict"}) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::GetServerRequest get;
    get.set_server("globex/prod/db-1");
    admin::EvictServerRequest evict;
    evict.set_server("globex/prod/db-1");
    admin::Server server;
    admin::ExplainServerResponse explanation;
    const grpc::Status status = method[0] == 'g' ? stub->GetServer(&context, get, &server)
                                : method[1] == 'x'
                                    ? stub->ExplainServer(&context, get, &explanation)
                                    : stub->EvictServer(&context, evict, &server);
    EXPECT_EQ(FailureCodeOf(rpc::FromGrpcStatus(status)), FailureCode::kServerUnknown) << method;
  }
  const auto everyone = List("admin", {});
  ASSERT_TRUE(everyone.ok());
  EXPECT_EQ(everyone->servers_size(), 4);
}

TEST_F(AdminTest, PagesGoThroughTheListOnce) {
  admin::ListServersRequest request;
  request.set_page_size(1);
  std::vector<std::string> names;
  do {
    const auto page = List("admin", request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->servers_size(), 1);
    for (const auto& server : page->servers()) names.push_back(server.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names, (std::vector<std::string>{"web-1", "web-2", "web-3", "db-1"}));

  request.set_page_token("bogus");
  EXPECT_EQ(FailureCodeOf(List("admin", request).status()), FailureCode::kRequestInvalid);
  request.set_page_token("");
  request.set_page_size(100'000);
  EXPECT_EQ(FailureCodeOf(List("admin", request).status()), FailureCode::kRequestInvalid);
}

TEST_F(AdminTest, ListsAreFilteredOverPages) {
  admin::ListServersRequest request;
  request.set_page_size(1);
  request.add_admissions(muster::types::v1::ADMISSION_REGISTERED);
  request.add_connectivities(muster::types::v1::CONNECTIVITY_NEVER_SEEN);
  int servers = 0;
  do {
    const auto page = List("admin", request);
    ASSERT_TRUE(page.ok()) << page.status();
    servers += page->servers_size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(servers, 4);
  request.clear_connectivities();
  request.add_connectivities(muster::types::v1::CONNECTIVITY_ONLINE);
  EXPECT_EQ(List("admin", request)->servers_size(), 0);
  request.add_connectivities(static_cast<muster::types::v1::Connectivity>(77));
  EXPECT_EQ(FailureCodeOf(List("admin", request).status()), FailureCode::kRequestInvalid);

  const auto rollouts = admin::RolloutService::NewStub(orchestrator_.OperatorChannel());
  admin::CreateRolloutRequest create;
  create.set_kind(admin::COMMAND_KIND_PROBE);
  create.mutable_selection()->set_tenant_id("acme");
  admin::Rollout rollout;
  {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ASSERT_TRUE(rollouts->CreateRollout(&context, create, &rollout).ok());
  }
  EXPECT_EQ(rollout.effective_max_concurrency(), 1) << "10% of 3";
  const auto count = [&](const std::string& tenant, admin::RolloutState state) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::ListRolloutsRequest list;
    list.set_tenant_id(tenant);
    list.add_states(state);
    admin::ListRolloutsResponse response;
    const auto status = rpc::FromGrpcStatus(rollouts->ListRollouts(&context, list, &response));
    return status.ok() ? response.rollouts_size() : -1;
  };
  EXPECT_EQ(count("acme", admin::ROLLOUT_STATE_RUNNING), 1);
  EXPECT_EQ(count("acme", admin::ROLLOUT_STATE_PAUSED), 0);
  EXPECT_EQ(count("globex", admin::ROLLOUT_STATE_RUNNING), 0);
  EXPECT_EQ(count("none", admin::ROLLOUT_STATE_RUNNING), -1) << "there is no such tenant";

  const auto system = admin::SystemService::NewStub(orchestrator_.OperatorChannel());
  const auto events = [&](const admin::ListAuditEventsRequest& list) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::ListAuditEventsResponse response;
    EXPECT_TRUE(system->ListAuditEvents(&context, list, &response).ok());
    return response;
  };
  admin::ListAuditEventsRequest list;
  list.set_actor("operator:nobody");
  EXPECT_EQ(events(list).events_size(), 0);
  list.set_actor(rollout.created_by());
  const auto mine = events(list);
  ASSERT_GT(mine.events_size(), 0);
  for (const auto& event : mine.events()) EXPECT_EQ(event.actor(), rollout.created_by());
  *list.mutable_until() = mine.events(mine.events_size() - 1).time();
  EXPECT_EQ(events(list).events_size(), 0) << "until excludes its moment";
  list.clear_until();
  *list.mutable_since() = mine.events(0).time();
  EXPECT_GE(events(list).events_size(), 1) << "since includes it";
  list.mutable_since()->set_seconds(list.since().seconds() + 3600);
  EXPECT_EQ(events(list).events_size(), 0);
}

TEST_F(AdminTest, TheSocketIsForRootAloneAndMayDoEverything) {
  EXPECT_TRUE(
      Call(orchestrator_.SocketChannel(), "/muster.admin.v1.SystemService/VerifyAudit").ok());
  const auto mode =
      std::filesystem::status(orchestrator_.get().endpoints().admin_socket).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(AdminTest, ATokenIsMadeOnceAndShownOnce) {
  admin::CreateTokenRequest request;
  request.set_zone_id("acme/prod");
  request.set_request_id("req-1");
  const auto stub = admin::TokenService::NewStub(orchestrator_.OperatorChannel("operator"));
  admin::CreateTokenResponse first, again;
  {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ASSERT_TRUE(stub->CreateToken(&context, request, &first).ok());
  }
  {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ASSERT_TRUE(stub->CreateToken(&context, request, &again).ok());
  }
  EXPECT_FALSE(first.token_file().empty());
  EXPECT_TRUE(again.token_file().empty());
  EXPECT_EQ(first.token().token_id(), again.token().token_id());
  EXPECT_EQ(first.token().state(), admin::TOKEN_STATE_ACTIVE);
  for (const int seconds : {0, -1, 31 * 24 * 3600}) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    request.clear_request_id();
    request.mutable_ttl()->set_seconds(seconds);
    EXPECT_EQ(FailureCodeOf(rpc::FromGrpcStatus(stub->CreateToken(&context, request, &first))),
              FailureCode::kRequestInvalid)
        << seconds;
  }
}

// Nobody is connected, so the rollout waits until it is canceled.
TEST_F(AdminTest, AWatchFollowsARolloutToItsEnd) {
  const auto stub = admin::RolloutService::NewStub(orchestrator_.OperatorChannel("operator"));
  admin::CreateRolloutRequest create;
  create.set_kind(admin::COMMAND_KIND_PROBE);
  admin::Rollout rollout;
  {
    grpc::ClientContext context;
    SetTestDeadline(context);
    const auto status = rpc::FromGrpcStatus(stub->CreateRollout(&context, create, &rollout));
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(rollout.counts().total(), 3) << "its own tenant's servers only";
  admin::GetRolloutRequest get;
  get.set_rollout_id(rollout.rollout_id());
  grpc::ClientContext watching;
  SetTestDeadline(watching);
  const auto stream = stub->WatchRollout(&watching, get);
  admin::Rollout seen;
  ASSERT_TRUE(stream->Read(&seen));
  EXPECT_EQ(seen.rollout_id(), rollout.rollout_id());
  {
    grpc::ClientContext context;
    SetTestDeadline(context);
    ASSERT_TRUE(stub->CancelRollout(&context, get, &rollout).ok());
  }
  while (stream->Read(&seen)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(seen.state(), admin::ROLLOUT_STATE_CANCELED);

  get.set_rollout_id("rol-none");
  grpc::ClientContext context;
  SetTestDeadline(context);
  const auto none = stub->WatchRollout(&context, get);
  EXPECT_FALSE(none->Read(&seen));
  EXPECT_EQ(FailureCodeOf(rpc::FromGrpcStatus(none->Finish())), FailureCode::kRolloutUnknown);
}

TEST_F(AdminTest, OpenStreamsDoNotHoldUpTheStop) {
  const auto stub = admin::RolloutService::NewStub(orchestrator_.OperatorChannel("operator"));
  admin::CreateRolloutRequest create;
  create.set_kind(admin::COMMAND_KIND_PROBE);
  admin::Rollout rollout;
  grpc::ClientContext context;
  SetTestDeadline(context);
  ASSERT_TRUE(stub->CreateRollout(&context, create, &rollout).ok());
  admin::GetRolloutRequest get;
  get.set_rollout_id(rollout.rollout_id());
  grpc::ClientContext watching;
  SetTestDeadline(watching);
  const auto stream = stub->WatchRollout(&watching, get);
  ASSERT_TRUE(stream->Read(&rollout));
  const absl::Time begin = absl::Now();
  orchestrator_.Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  while (stream->Read(&rollout)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace muster::app
