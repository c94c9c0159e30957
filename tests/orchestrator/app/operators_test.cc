// Operators of a whole orchestrator: made, renewed and revoked over the wire, and the way back in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/thread_timers.h"
#include "muster/admin/v1/operator.grpc.pb.h"
#include "muster/admin/v1/rollout.grpc.pb.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "orchestrator/api/revocations.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/app/recover.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

namespace admin = muster::admin::v1;
namespace fs = std::filesystem;
using store::OperatorRole;
using testing::ElementsAre;
using testing::HasSubstr;

std::string FileText(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Who was made over the wire, with the key that never left the test.
struct Made {
  admin::OperatorCredentials credentials;
  std::string key_pem;
};

class OperatorServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(orchestrator_.Start().ok());
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme", "globex"}, "http://127.0.0.1:9").ok());
    ASSERT_TRUE(orchestrator_.Import("acme", {"web-1"}).ok());
    root_ = orchestrator_.OperatorChannel();
  }
  void Restart() {
    orchestrator_.Stop();
    ASSERT_TRUE(orchestrator_.Start().ok());
    root_ = orchestrator_.OperatorChannel();
  }

  using Stub = admin::OperatorService::Stub;
  template <typename Request, typename Response>
  static absl::StatusOr<Response> Call(const std::shared_ptr<grpc::Channel>& channel,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                                       const Request& request) {
    Stub stub(channel);
    grpc::ClientContext context;
    SetTestDeadline(context);
    Response response;
    const absl::Status status = rpc::FromGrpcStatus((stub.*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  static std::string RequestPem(const crypto::PrivateKey& key) {
    return *crypto::CertificateRequest::Create(key, "wish");
  }

  absl::StatusOr<Made> Create(const std::shared_ptr<grpc::Channel>& channel,
                              const std::string& name, admin::OperatorRole role,
                              const std::vector<std::string>& tenants,
                              absl::Duration valid_for = absl::Hours(24)) {
    const auto key = *crypto::PrivateKey::Generate();
    admin::CreateOperatorRequest request;
    request.set_name(name);
    request.set_role(role);
    for (const std::string& tenant : tenants) request.add_tenant_ids(tenant);
    *request.mutable_valid_for() = rpc::ToProto(valid_for);
    request.set_certificate_request_pem(RequestPem(key));
    auto made = Call(channel, &Stub::CreateOperator, request);
    if (!made.ok()) return made.status();
    return Made{*std::move(made), std::string(key.ToPem()->Reveal())};
  }
  std::shared_ptr<grpc::Channel> ChannelOf(const Made& made) {
    return ChannelOf(made.credentials.certificate_pem(), made.key_pem);
  }
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& certificate, const std::string& key) {
    return orchestrator_.ChannelTo(orchestrator_.get().endpoints().admin_address, certificate, key);
  }
  static absl::StatusOr<admin::WhoAmIResponse> WhoAmI(
      const std::shared_ptr<grpc::Channel>& channel) {
    return Call(channel, &Stub::WhoAmI, admin::WhoAmIRequest());
  }
  absl::StatusOr<admin::Operator> Revoke(const std::shared_ptr<grpc::Channel>& channel,
                                         const std::string& name, bool even_last = false) {
    admin::RevokeOperatorRequest request;
    request.set_operator_(name);
    request.set_reason("test");
    request.set_even_last(even_last);
    return Call(channel, &Stub::RevokeOperator, request);
  }
  static std::vector<std::string> NamesOf(const std::shared_ptr<grpc::Channel>& channel,
                                          bool revoked = false) {
    admin::ListOperatorsRequest request;
    request.set_include_revoked(revoked);
    const auto list = Call(channel, &Stub::ListOperators, request);
    EXPECT_TRUE(list.ok()) << list.status();
    std::vector<std::string> names;
    if (list.ok()) {
      for (const auto& op : list->operators()) names.push_back(op.name());
    }
    return names;
  }
  std::string StartProbe(const std::shared_ptr<grpc::Channel>& channel) {
    admin::CreateRolloutRequest create;
    create.set_kind(admin::COMMAND_KIND_PROBE);
    create.mutable_selection()->set_tenant_id("acme");
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::Rollout rollout;
    const auto status = rpc::FromGrpcStatus(
        admin::RolloutService::NewStub(channel)->CreateRollout(&context, create, &rollout));
    EXPECT_TRUE(status.ok()) << status;
    return rollout.rollout_id();
  }

  TestOrchestrator orchestrator_;
  std::shared_ptr<grpc::Channel> root_;  // The first operator.
};

TEST_F(OperatorServiceTest, WhoIsMadeComesIn) {
  const auto ada = Create(root_, "ada", admin::OPERATOR_ROLE_OPERATOR, {"acme"});
  ASSERT_TRUE(ada.ok()) << ada.status();
  EXPECT_EQ(ada->credentials.admin_address(), orchestrator_.get().endpoints().admin_address);
  const auto certificate = crypto::Certificate::FromPem(ada->credentials.certificate_pem());
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(certificate->serial_hex(), ada->credentials.operator_().certificate_serial());
  const auto me = WhoAmI(ChannelOf(*ada));
  ASSERT_TRUE(me.ok()) << me.status();
  EXPECT_EQ(me->operator_().name(), "ada");
  EXPECT_EQ(me->operator_().role(), admin::OPERATOR_ROLE_OPERATOR);
  EXPECT_THAT(me->operator_().tenant_ids(), ElementsAre("acme"));
  EXPECT_EQ(me->door(), admin::ADMIN_DOOR_TLS);
  EXPECT_EQ(me->certificate_serial(), certificate->serial_hex());
  EXPECT_EQ(rpc::FromProto(me->certificate_expire_time()), certificate->not_after());
  EXPECT_EQ(me->ca_fingerprint(), orchestrator_.Authority()->Fingerprint());
  const auto local = WhoAmI(orchestrator_.SocketChannel());
  ASSERT_TRUE(local.ok()) << local.status();
  EXPECT_EQ(local->door(), admin::ADMIN_DOOR_LOCAL_SOCKET);
  EXPECT_EQ(local->operator_().role(), admin::OPERATOR_ROLE_PROVIDER_ADMIN);
  // Also after a restart, and a certificate of the same authority for somebody else does not.
  Restart();
  EXPECT_TRUE(WhoAmI(ChannelOf(*ada)).ok());
  const auto key = *crypto::PrivateKey::Generate();
  const auto forged = orchestrator_.Authority()->IssueOperator(
      OperatorId(ada->credentials.operator_().operator_id()), key.public_key());
  EXPECT_EQ(FailureCodeOf(
                WhoAmI(ChannelOf(forged->ToPem(), std::string(key.ToPem()->Reveal()))).status()),
            FailureCode::kAuthRequired);
}

TEST_F(OperatorServiceTest, ATenantsAdminSeesAndMakesNothingBeyondTheWall) {
  const auto admin = Create(root_, "admin-a", admin::OPERATOR_ROLE_TENANT_ADMIN, {"acme"});
  const auto both = Create(root_, "both", admin::OPERATOR_ROLE_VIEWER, {"acme", "globex"});
  const auto other = Create(root_, "other", admin::OPERATOR_ROLE_VIEWER, {"globex"});
  ASSERT_TRUE(admin.ok() && both.ok() && other.ok());
  const auto channel = ChannelOf(*admin);
  const auto list = Call(channel, &Stub::ListOperators, admin::ListOperatorsRequest());
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->operators_size(), 2);
  EXPECT_EQ(list->operators(1).name(), "both");
  EXPECT_THAT(list->operators(1).tenant_ids(), ElementsAre("acme")) << "and nothing of globex";

  const auto refused = [&](admin::OperatorRole role, const std::vector<std::string>& tenants) {
    return FailureCodeOf(Create(channel, "new", role, tenants).status());
  };
  EXPECT_EQ(refused(admin::OPERATOR_ROLE_PROVIDER_ADMIN, {}), FailureCode::kAuthForbidden);
  EXPECT_EQ(refused(admin::OPERATOR_ROLE_VIEWER, {"globex"}), FailureCode::kTenantUnknown);
  EXPECT_EQ(refused(admin::OPERATOR_ROLE_VIEWER, {"nope"}), FailureCode::kTenantUnknown);
  EXPECT_EQ(refused(admin::OPERATOR_ROLE_VIEWER, {}), FailureCode::kRequestInvalid);
  EXPECT_EQ(FailureCodeOf(Revoke(channel, "other").status()), FailureCode::kOperatorUnknown);
  EXPECT_EQ(FailureCodeOf(Revoke(channel, "admin").status()), FailureCode::kOperatorUnknown);
  EXPECT_EQ(FailureCodeOf(Revoke(channel, "both").status()), FailureCode::kAuthForbidden);
  const auto mine = Create(channel, "mine", admin::OPERATOR_ROLE_TENANT_ADMIN, {"acme"});
  ASSERT_TRUE(mine.ok()) << mine.status();
  EXPECT_TRUE(Revoke(channel, "mine").ok());
  EXPECT_THAT(NamesOf(channel), ElementsAre("admin-a", "both"));
  EXPECT_THAT(NamesOf(channel, true), ElementsAre("admin-a", "both", "mine"));
  // Who is below sees no operators at all.
  EXPECT_EQ(
      FailureCodeOf(
          Call(ChannelOf(*both), &Stub::ListOperators, admin::ListOperatorsRequest()).status()),
      FailureCode::kAuthForbidden);
}

// Remedy walked: E-AUTH-REVOKED, E-OPERATOR-NAME-TAKEN, E-OPERATOR-UNKNOWN
TEST_F(OperatorServiceTest, ARevokedOperatorIsOutAtOnce) {
  const auto ada = Create(root_, "ada", admin::OPERATOR_ROLE_OPERATOR, {"acme"});
  ASSERT_TRUE(ada.ok()) << ada.status();
  const auto channel = ChannelOf(*ada);
  ASSERT_TRUE(WhoAmI(channel).ok());
  EXPECT_EQ(FailureCodeOf(Create(root_, "Ada", admin::OPERATOR_ROLE_VIEWER, {"acme"}).status()),
            FailureCode::kOperatorNameTaken);
  EXPECT_TRUE(Create(root_, "Ada 2", admin::OPERATOR_ROLE_VIEWER, {"acme"}).ok());
  EXPECT_EQ(FailureCodeOf(Revoke(root_, "adda").status()), FailureCode::kOperatorUnknown);
  EXPECT_THAT(NamesOf(root_), ElementsAre("ada", "Ada 2", "admin"));

  // Nothing of it changes: only the revocation can end it.
  admin::GetRolloutRequest get;
  get.set_rollout_id(StartProbe(channel));
  grpc::ClientContext watching;
  SetTestDeadline(watching);
  const auto stub = admin::RolloutService::NewStub(channel);
  const auto stream = stub->WatchRollout(&watching, get);
  admin::Rollout seen;
  ASSERT_TRUE(stream->Read(&seen));
  grpc::ClientContext other_context;
  SetTestDeadline(other_context);
  const auto others = admin::RolloutService::NewStub(root_);
  const auto other_stream = others->WatchRollout(&other_context, get);
  ASSERT_TRUE(other_stream->Read(&seen));

  const auto revoked = Revoke(root_, "ada");
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->state(), admin::OPERATOR_STATE_REVOKED);
  while (stream->Read(&seen)) {
  }
  EXPECT_EQ(FailureCodeOf(rpc::FromGrpcStatus(stream->Finish())), FailureCode::kAuthRevoked);
  EXPECT_EQ(FailureCodeOf(WhoAmI(channel).status()), FailureCode::kAuthRevoked);
  EXPECT_TRUE(other_stream->Read(&seen)) << "looked at again, and still allowed";
  other_context.TryCancel();
  while (other_stream->Read(&seen)) {
  }
  other_stream->Finish();

  const auto again = Create(root_, "ada", admin::OPERATOR_ROLE_OPERATOR, {"acme"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(WhoAmI(ChannelOf(*again)).ok());
  EXPECT_EQ(FailureCodeOf(WhoAmI(channel).status()), FailureCode::kAuthRevoked);
  Restart();
  EXPECT_EQ(FailureCodeOf(WhoAmI(ChannelOf(*ada)).status()), FailureCode::kAuthRevoked);
}

// Remedy walked: E-AUTH-EXPIRED
TEST_F(OperatorServiceTest, WhatHasEndedIsRenewedByAnother) {
  const auto ada = Create(root_, "ada", admin::OPERATOR_ROLE_VIEWER, {"acme"});
  ASSERT_TRUE(ada.ok()) << ada.status();
  const auto key = *crypto::PrivateKey::Generate();
  admin::RenewOperatorRequest renew;
  renew.set_certificate_request_pem(RequestPem(key));
  // By oneself: both certificates are good for a day.
  const auto own = Call(ChannelOf(*ada), &Stub::RenewOperator, renew);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_TRUE(WhoAmI(ChannelOf(*ada)).ok());
  const auto renewed = ChannelOf(own->certificate_pem(), std::string(key.ToPem()->Reveal()));
  EXPECT_TRUE(WhoAmI(renewed).ok());
  // Nobody's certificate but the own one.
  renew.set_operator_("admin");
  EXPECT_EQ(FailureCodeOf(Call(renewed, &Stub::RenewOperator, renew).status()),
            FailureCode::kOperatorUnknown);
  // A key was lost: the others end at once.
  const auto third = *crypto::PrivateKey::Generate();
  renew.set_operator_("ada");
  renew.set_certificate_request_pem(RequestPem(third));
  renew.set_end_others(true);
  const auto by_admin = Call(root_, &Stub::RenewOperator, renew);
  ASSERT_TRUE(by_admin.ok()) << by_admin.status();
  EXPECT_FALSE(WhoAmI(ChannelOf(*ada)).ok());
  EXPECT_FALSE(WhoAmI(renewed).ok());
  EXPECT_TRUE(
      WhoAmI(ChannelOf(by_admin->certificate_pem(), std::string(third.ToPem()->Reveal()))).ok());
  // One that TLS lets in but whose record has ended.
  orchestrator_.Stop();
  ASSERT_TRUE(orchestrator_.AddOperator("late", OperatorRole::kViewer, {TenantId("acme")}).ok());
  ASSERT_TRUE(orchestrator_
                  .WithStore([](store::Transaction& t) -> absl::Status {
                    auto op = **t.operators().FindByName("late");
                    op.certificates[0].not_after = SystemClock().Now() - absl::Seconds(1);
                    return t.operators().PutCertificate(op.id, op.certificates[0],
                                                        SystemClock().Now());
                  })
                  .ok());
  ASSERT_TRUE(orchestrator_.Start().ok());
  root_ = orchestrator_.OperatorChannel();
  EXPECT_EQ(FailureCodeOf(WhoAmI(orchestrator_.OperatorChannel("late")).status()),
            FailureCode::kAuthExpired);
  renew.set_operator_("late");
  const auto late = Call(root_, &Stub::RenewOperator, renew);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_TRUE(
      WhoAmI(ChannelOf(late->certificate_pem(), std::string(third.ToPem()->Reveal()))).ok());
}

TEST(RevocationsTest, ALongCallOfTheRevokedEndsAndNoOther) {
  ThreadTimers timers(SystemClock());
  api::LongCalls calls;
  api::RolloutWatchers watchers(SystemClock(), timers);
  api::Revocations revocations(watchers, calls);
  absl::Status adas, bobs;
  const auto one = calls.Open("operator:opr-ada", [&](const absl::Status& why) { adas = why; });
  const auto two = calls.Open("operator:opr-bob", [&](const absl::Status& why) { bobs = why; });
  revocations.OperatorRevoked(OperatorId("opr-ada"));
  EXPECT_EQ(FailureCodeOf(adas), FailureCode::kAuthRevoked);
  EXPECT_TRUE(bobs.ok());
  EXPECT_FALSE(one->Take()) << "who takes it first answers it, once";
  EXPECT_TRUE(two->Take());
  EXPECT_EQ(FailureCodeOf(revocations.Check("operator:opr-ada")), FailureCode::kAuthRevoked);
  EXPECT_TRUE(revocations.Check("operator:opr-bob").ok());
}

TEST_F(OperatorServiceTest, BadRequestsAreRefusedAtTheDoor) {
  admin::CreateOperatorRequest request;
  request.set_name("x");
  request.add_tenant_ids("acme");
  const auto code = [&] {
    return FailureCodeOf(Call(root_, &Stub::CreateOperator, request).status());
  };
  EXPECT_EQ(code(), FailureCode::kRequestInvalid) << "no role";
  request.set_role(static_cast<admin::OperatorRole>(77));
  EXPECT_EQ(code(), FailureCode::kRequestInvalid);
  request.set_role(admin::OPERATOR_ROLE_VIEWER);
  EXPECT_EQ(code(), FailureCode::kRequestInvalid) << "no certificate request";
  request.set_certificate_request_pem(
      FileText(DataPaths(orchestrator_.data_dir()).authority("ca.crt")));
  EXPECT_EQ(code(), FailureCode::kRequestInvalid);
  request.set_certificate_request_pem(RequestPem(*crypto::PrivateKey::Generate()));
  for (const int64_t seconds :
       {int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{400} * 24 * 3600, int64_t{315'576'000'000}}) {
    request.mutable_valid_for()->set_seconds(seconds);
    EXPECT_EQ(code(), FailureCode::kRequestInvalid) << seconds;
  }
  request.clear_valid_for();
  EXPECT_EQ(code(), std::nullopt);
  admin::RenewOperatorRequest renew;
  renew.set_certificate_request_pem(request.certificate_request_pem());
  EXPECT_EQ(
      FailureCodeOf(Call(orchestrator_.SocketChannel(), &Stub::RenewOperator, renew).status()),
      FailureCode::kRequestInvalid)
      << "the socket is nobody with a certificate";
}

TEST_F(OperatorServiceTest, AllOfItIsAudited) {
  const auto admin = Create(root_, "admin-a", admin::OPERATOR_ROLE_TENANT_ADMIN, {"acme"});
  ASSERT_TRUE(admin.ok());
  EXPECT_FALSE(Create(ChannelOf(*admin), "x", admin::OPERATOR_ROLE_PROVIDER_ADMIN, {}).ok());
  ASSERT_TRUE(Revoke(root_, "admin-a").ok());
  const auto stub = admin::SystemService::NewStub(root_);
  const auto actions = [&](const std::string& subject) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    admin::ListAuditEventsRequest request;
    request.set_subject(subject);
    admin::ListAuditEventsResponse response;
    EXPECT_TRUE(stub->ListAuditEvents(&context, request, &response).ok());
    std::vector<std::string> out;
    for (const auto& event : response.events()) out.push_back(event.action());
    return out;
  };
  EXPECT_THAT(actions(admin->credentials.operator_().operator_id()),
              ElementsAre("operator.revoke", "operator.create"));
  std::vector<std::string> refusals;
  for (int i = 0; i < 1000 && refusals.empty(); ++i) {
    refusals = actions("/muster.admin.v1.OperatorService/CreateOperator");
  }
  EXPECT_THAT(refusals, ElementsAre("auth.refused"));
}

class RecoverTest : public OperatorServiceTest {
 protected:
  absl::StatusOr<RecoverReport> Recover(const std::string& name, const std::string& out) {
    return RecoverOperator({.data_dir = orchestrator_.data_dir(),
                            .name = name,
                            .out = orchestrator_.data_dir() + "/../" + out},
                           SystemClock(), crypto::SecureRandom());
  }
  absl::StatusOr<admin::WhoAmIResponse> WhoAmIWith(const std::string& out) {
    const std::string directory = orchestrator_.data_dir() + "/../" + out;
    return WhoAmI(
        ChannelOf(FileText(directory + "/operator.crt"), FileText(directory + "/operator.key")));
  }
};

TEST_F(RecoverTest, TheWayBackInRunningOrNot) {
  ASSERT_TRUE(Revoke(root_, "admin", /*even_last=*/true).ok());
  EXPECT_EQ(FailureCodeOf(WhoAmI(root_).status()), FailureCode::kAuthRevoked);
  const auto running = Recover("admin", "one");
  ASSERT_TRUE(running.ok()) << running.status();
  EXPECT_TRUE(running->running);
  EXPECT_TRUE(running->made);
  EXPECT_EQ(running->address, orchestrator_.get().endpoints().admin_address);
  EXPECT_EQ(WhoAmIWith("one")->operator_().role(), admin::OPERATOR_ROLE_PROVIDER_ADMIN);

  // Its directory is lost, too, and the orchestrator does not run.
  orchestrator_.Stop();
  const auto stopped = Recover("admin", "two");
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_FALSE(stopped->running);
  EXPECT_FALSE(stopped->made);
  EXPECT_EQ(stopped->operator_id, running->operator_id);
  ASSERT_TRUE(orchestrator_.Start().ok());
  EXPECT_TRUE(WhoAmIWith("two").ok());
  EXPECT_FALSE(WhoAmIWith("one").ok()) << "what was lost has ended";
  const auto renewed = Recover("admin", "three");
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_FALSE(renewed->made);
  EXPECT_TRUE(WhoAmIWith("three").ok());
  EXPECT_FALSE(WhoAmIWith("two").ok());
}

TEST_F(RecoverTest, OverwritesNothingAndRaisesNobody) {
  ASSERT_TRUE(Create(root_, "ada", admin::OPERATOR_ROLE_VIEWER, {"acme"}).ok());
  EXPECT_EQ(FailureCodeOf(Recover("ada", "x").status()), FailureCode::kOperatorNameTaken);
  EXPECT_EQ(FailureCodeOf(Recover("", "x").status()), FailureCode::kRequestInvalid);
  ASSERT_TRUE(Recover("boss", "x").ok());
  const auto again = Recover("boss", "x");
  EXPECT_EQ(again.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(WhoAmIWith("x").ok());
  orchestrator_.Stop();
  EXPECT_EQ(FailureCodeOf(Recover("ada", "y").status()), FailureCode::kOperatorNameTaken);
}

// It looks at the directory as serve does: what others can reach, or is lost, is not worked on.
TEST_F(RecoverTest, AStoppedOnesDirectoryIsLookedAtAsServeDoes) {
  orchestrator_.Stop();
  const DataPaths paths(orchestrator_.data_dir());
  fs::remove(paths.admin_socket());
  ASSERT_EQ(chmod(paths.root.c_str(), 0777), 0);
  const auto open = Recover("admin", "x");
  EXPECT_EQ(FailureCodeOf(open.status()), FailureCode::kSystemDataDir);
  EXPECT_THAT(std::string(open.status().message()), HasSubstr("chmod go-w"));
  ASSERT_EQ(chmod(paths.root.c_str(), 0700), 0);
  ASSERT_EQ(chmod((paths.root + "/ca").c_str(), 0777), 0);
  EXPECT_EQ(FailureCodeOf(Recover("admin", "x").status()), FailureCode::kSystemDataDir);
  ASSERT_EQ(chmod((paths.root + "/ca").c_str(), 0700), 0);
  // Opening an empty file would make a store without servers, keys and operators.
  fs::rename(paths.database(), paths.database() + ".away");
  EXPECT_EQ(FailureCodeOf(Recover("admin", "x").status()), FailureCode::kStoreUnusable);
  std::ofstream(paths.database()).close();
  ASSERT_EQ(chmod(paths.database().c_str(), 0600), 0);
  EXPECT_EQ(FailureCodeOf(Recover("admin", "x").status()), FailureCode::kStoreUnusable);
  EXPECT_EQ(fs::file_size(paths.database()), 0u);
  fs::rename(paths.database() + ".away", paths.database());
  // The master key may lie elsewhere: it is not needed.
  fs::remove(paths.master_key());
  EXPECT_TRUE(Recover("admin", "x").ok());
}

TEST_F(RecoverTest, ARunningOneWithAnotherSocketIsNotWorkedAround) {
  orchestrator_.Stop();
  OrchestratorOptions options = orchestrator_.Options();
  options.admin_socket = orchestrator_.data_dir() + "/../elsewhere.sock";
  fs::remove(DataPaths(orchestrator_.data_dir()).admin_socket());
  ASSERT_TRUE(orchestrator_.Start(options).ok());
  const auto refused = Recover("admin", "x");
  EXPECT_EQ(FailureCodeOf(refused.status()), FailureCode::kSystemDataDirBusy);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--admin-socket"));
}

}  // namespace
}  // namespace muster::app
