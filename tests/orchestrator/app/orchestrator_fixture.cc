#include "tests/orchestrator/app/orchestrator_fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/secure_random.h"
#include "base/platform/private_file.h"
#include "base/sql/database.h"
#include "base/status_macros.h"
#include "orchestrator/identity/operator_record.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"
#include "proto/rpc/token_file.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

namespace admin = muster::admin::v1;
namespace wire = muster::worker::v1;

std::string ReadAll(const std::string& path) {
  const auto content = ReadPrivateFile(path, FileReach::kAny, 64 << 10);
  EXPECT_TRUE(content.ok()) << content.status();
  return content.ok() ? std::string(content->Reveal()) : "";
}

}  // namespace

void SetTestDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

TestOrchestrator::TestOrchestrator() {
  // Short, because a Unix socket's path is.
  root_ = "/tmp/muster-test-XXXXXX";
  EXPECT_NE(mkdtemp(root_.data()), nullptr);
  data_dir_ = root_ + "/data";
  const auto report = InitDataDirectory(
      {.data_dir = data_dir_, .addresses = {"127.0.0.1"}, .admin_address = "127.0.0.1:8445"},
      SystemClock(), crypto::SecureRandom());
  EXPECT_TRUE(report.ok()) << report.status();
  const DataPaths paths(data_dir_);
  operators_.push_back({"admin", ReadAll(paths.operators("operator.crt")),
                        ReadAll(paths.operators("operator.key"))});
}

TestOrchestrator::~TestOrchestrator() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

OrchestratorOptions TestOrchestrator::Options() const {
  OrchestratorOptions options;
  options.data_dir = data_dir_;
  options.session_listen = "127.0.0.1:0";
  options.bootstrap_listen = "127.0.0.1:0";
  options.admin_listen = "127.0.0.1:0";
  options.core.pacing.initial_joins_per_minute = 6000;
  options.core.verify.poll_first = absl::Milliseconds(100);
  options.core.verify.poll_interval = absl::Milliseconds(250);
  options.core.verify.poll_interval_failing = absl::Milliseconds(250);
  return options;
}

absl::Status TestOrchestrator::Start(OrchestratorOptions options) {
  ASSIGN_OR_RETURN(orchestrator_, Orchestrator::Create(std::move(options)));
  endpoints_ = orchestrator_->endpoints();
  return absl::OkStatus();
}

absl::Status TestOrchestrator::WithStore(
    const std::function<absl::Status(store::Transaction&)>& work) {
  ASSIGN_OR_RETURN(const auto store,
                   store::SqliteStore::Open({.path = DataPaths(data_dir_).database(),
                                             .now = SystemClock().Now(),
                                             .quick_check = false,
                                             .durable = false}));
  ASSIGN_OR_RETURN(const auto transaction, store->Begin());
  RETURN_IF_ERROR(work(*transaction));
  return transaction->Commit();
}

absl::Status TestOrchestrator::AgeCertificates(absl::Duration by) {
  ASSIGN_OR_RETURN(const auto database,
                   sql::Database::Open({.path = DataPaths(data_dir_).database()}));
  return database->Prepare("UPDATE worker_certificates SET not_before_us = not_before_us - ?")
      .RunWith(absl::ToInt64Microseconds(by));
}

absl::StatusOr<identity::CertificateAuthority> TestOrchestrator::Authority() const {
  const DataPaths paths(data_dir_);
  return identity::CertificateAuthority::FromPem(ReadAll(paths.authority("ca.crt")),
                                                 Secret::CopyOf(ReadAll(paths.authority("ca.key"))),
                                                 SystemClock(), crypto::SecureRandom());
}

absl::Status TestOrchestrator::AddOperator(const std::string& name, store::OperatorRole role,
                                           std::vector<TenantId> tenants, absl::Duration life) {
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate());
  ASSIGN_OR_RETURN(const auto authority, Authority());
  const auto id = NewId<OperatorId>(crypto::SecureRandom());
  ASSIGN_OR_RETURN(const auto certificate, authority.IssueOperator(id, key.public_key(), life));
  const absl::Time now = SystemClock().Now();
  const store::Operator op{.id = id,
                           .name = name,
                           .role = role,
                           .tenants = std::move(tenants),
                           .certificates = {identity::RecordOf(certificate, now)},
                           .created_by = "system",
                           .create_time = now};
  RETURN_IF_ERROR(WithStore([&](store::Transaction& turn) { return turn.operators().Insert(op); }));
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  operators_.push_back({name, certificate.ToPem(), std::string(pem.Reveal())});
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> TestOrchestrator::OperatorChannel(const std::string& name) {
  for (const Credentials& op : operators_) {
    if (op.name != name) continue;
    return ChannelTo(endpoints_.admin_address, op.certificate_pem, op.key_pem);
  }
  ADD_FAILURE() << "no operator " << name;
  return nullptr;
}

std::shared_ptr<grpc::Channel> TestOrchestrator::SocketChannel() {
  return rpc::MakeChannel("unix:" + endpoints_.admin_socket, rpc::LocalChannelCredentials(),
                          {.own_connection = true});
}

std::shared_ptr<grpc::Channel> TestOrchestrator::BootstrapChannel() {
  return rpc::MakeChannel(
      endpoints_.bootstrap_address,
      rpc::TlsChannelCredentials(ReadAll(DataPaths(data_dir_).authority("ca.crt"))));
}

std::shared_ptr<grpc::Channel> TestOrchestrator::ChannelTo(const std::string& address,
                                                           const std::string& certificate_pem,
                                                           const std::string& key_pem) {
  return rpc::MakeChannel(
      address,
      rpc::MutualTlsChannelCredentials({ReadAll(DataPaths(data_dir_).authority("ca.crt")),
                                        certificate_pem, Secret::CopyOf(key_pem)}),
      {.own_connection = true});
}

absl::Status TestOrchestrator::ApplyFleet(const std::vector<std::string>& tenants,
                                          const std::string& hub_url) {
  admin::ApplyFleetRequest request;
  request.set_replace_keys(true);  // Of a new master key, too.
  for (const std::string& tenant : tenants) {
    auto& t = *request.add_tenants();
    t.set_tenant_id(tenant);
    auto& zone = *t.add_zones();
    zone.set_zone("prod");
    zone.set_hub_url(tenants.size() == 1 ? hub_url : absl::StrCat(hub_url, "/", tenant));
    zone.mutable_joining_key()->set_client_id("managedinstance_sp_01");
    zone.mutable_joining_key()->set_secret("join-secret-canary");
    zone.mutable_verifier()->set_username("admin");
    zone.mutable_verifier()->set_password("changeme!");
  }
  grpc::ClientContext context;
  SetTestDeadline(context);
  admin::ApplyFleetResponse response;
  return rpc::FromGrpcStatus(
      admin::ZoneService::NewStub(OperatorChannel())->ApplyFleet(&context, request, &response));
}

absl::Status TestOrchestrator::Import(const std::string& tenant,
                                      const std::vector<std::string>& names) {
  admin::ImportServersRequest request;
  int line = 1;
  for (const std::string& name : names) {
    auto& row = *request.add_rows();
    row.set_line(++line);
    row.set_tenant_id(tenant);
    row.set_zone("prod");
    row.set_name(name);
  }
  grpc::ClientContext context;
  SetTestDeadline(context);
  admin::ImportServersResponse response;
  RETURN_IF_ERROR(rpc::FromGrpcStatus(admin::ServerService::NewStub(OperatorChannel())
                                          ->ImportServers(&context, request, &response)));
  if (response.problems_size() == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(response.problems(0).reason());
}

absl::StatusOr<wire::TokenFile> TestOrchestrator::CreateToken(
    const admin::CreateTokenRequest& request) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  admin::CreateTokenResponse response;
  RETURN_IF_ERROR(rpc::FromGrpcStatus(
      admin::TokenService::NewStub(OperatorChannel())->CreateToken(&context, request, &response)));
  return rpc::ParseTokenFile(response.token_file());
}

absl::StatusOr<wire::TokenFile> TestOrchestrator::CreateToken(const std::string& zone, int uses) {
  admin::CreateTokenRequest request;
  request.set_zone_id(zone);
  request.set_max_uses(uses);
  request.set_any_name(true);
  return CreateToken(request);
}

absl::StatusOr<TestWorker> TestOrchestrator::Enroll(const std::string& token,
                                                    const std::string& name) {
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate());
  wire::EnrollRequest request;
  request.set_token(token);
  ASSIGN_OR_RETURN(*request.mutable_certificate_request_pem(),
                   crypto::CertificateRequest::Create(key, "wish"));
  request.mutable_machine()->set_machine_name(name);
  grpc::ClientContext context;
  SetTestDeadline(context);
  TestWorker worker;
  RETURN_IF_ERROR(rpc::FromGrpcStatus(
      wire::Bootstrap::NewStub(BootstrapChannel())->Enroll(&context, request, &worker.response)));
  worker.server_id = worker.response.server_id();
  worker.certificate_pem = worker.response.certificate_pem();
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  worker.key_pem = std::string(pem.Reveal());
  return worker;
}

absl::StatusOr<wire::OrchestratorMessage> OpenSession(std::shared_ptr<grpc::Channel> channel) {
  const auto stub = wire::Session::NewStub(std::move(channel));
  grpc::ClientContext context;
  SetTestDeadline(context);
  const auto stream = stub->Connect(&context);
  wire::WorkerMessage hello;
  hello.mutable_hello()->set_protocol_revision(1);
  stream->Write(hello);
  wire::OrchestratorMessage first;
  if (stream->Read(&first) && first.has_welcome()) {
    stream->WritesDone();
    wire::OrchestratorMessage more;
    while (stream->Read(&more)) {
    }
    stream->Finish();
    return first;
  }
  return rpc::FromGrpcStatus(stream->Finish());
}

}  // namespace muster::app
