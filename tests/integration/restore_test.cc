// The whole way back from a lost disk: a backup of yesterday, workers that have lived on since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "base/crypto/certificate_request.h"
#include "base/failure_code.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "proto/rpc/status.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
namespace v1 = muster::admin::v1;
using testing::HasSubstr;

class RestoreTest : public testing::Test {
 protected:
  app::TestOrchestrator& client() { return job_.orchestrator(); }
  const std::string& dir() { return client().data_dir(); }
  void Start() {
    process_ = std::make_unique<Process>(ServeCommand(dir(), at_));
    at_ = AwaitReady(*process_);
    client().Attach(at_);
  }
  // A command of the orchestrator's program that succeeds; what it said.
  std::string Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), OrchestratorProgram());
    Process process(arguments);
    EXPECT_EQ(process.Wait(), 0) << process.Output();
    return process.Output();
  }

  static constexpr int kServers = 3;
  MainJob job_{kServers};
  app::Endpoints at_;
  std::unique_ptr<Process> process_;
};

TEST_F(RestoreTest, WorkersThatAreAheadOfTheBackupComeBackAndSettle) {
  Start();
  job_.Prepare(kServers);
  const std::string file = dir() + "-backup.tar";
  EXPECT_THAT(Program({"backup", "--data-dir", dir(), "--out", file}), HasSubstr("backed up"));
  EXPECT_THAT(Program({"check", "--backup", file}), HasSubstr("chain intact"));
  // What the backup does not know: every join.
  const v1::Rollout before = job_.AwaitEnd(job_.CreateJoin().rollout_id());
  ASSERT_EQ(before.counts().succeeded(), kServers) << before.ShortDebugString();
  EXPECT_EQ(job_.RecordsOnHub(), kServers);

  process_->Signal(SIGKILL);
  process_->Wait();
  fs::rename(dir(), dir() + "-lost");
  EXPECT_THAT(Program({"restore", "--from", file, "--data-dir", dir(), "--master-key-file",
                       app::DataPaths(dir() + "-lost").master_key()}),
              HasSubstr("muster-orchestrator serve --data-dir " + dir()));
  Start();
  // Every worker is let in, looks, and tells that it is joined: nothing is joined twice.
  const v1::Rollout after = job_.AwaitEnd(job_.CreateJoin().rollout_id());
  EXPECT_EQ(after.counts().succeeded(), kServers) << after.ShortDebugString();
  EXPECT_EQ(job_.RecordsOnHub(), kServers) << "one record each, no ghosts";
  EXPECT_EQ(job_.Report().zones(0).enrolled(), kServers);
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0) << process_->Output();
}

// Workers that are ahead of what is put back: joined, renewed, and enrolled since.
class AheadTest : public RestoreTest {
 protected:
  // The machines below have no worker that could join: a rollout over all does not wait for them.
  static constexpr absl::Duration kNotForTheOthers = absl::Seconds(10);

  // As machines: one that is in before the copy, two that enroll after it.
  app::TestWorker Enroll(const std::string& token, const std::string& name) {
    auto worker = client().Enroll(token, name);
    EXPECT_TRUE(worker.ok()) << worker.status();
    return worker.value_or(app::TestWorker());
  }
  std::string TokenFor(bool any_name) {
    v1::CreateTokenRequest request;
    request.set_zone_id("acme/prod");
    request.set_max_uses(5);
    request.set_any_name(any_name);
    const auto token = client().CreateToken(request);
    EXPECT_TRUE(token.ok()) << token.status();
    return token.ok() ? token->secret() : "";
  }
  absl::Status Session(const app::TestWorker& worker) {
    const auto first = app::OpenSession(client().SessionChannel(worker));
    if (!first.ok()) return first.status();
    return first->has_welcome() ? absl::OkStatus() : absl::InternalError(first->DebugString());
  }
  void Renew(app::TestWorker& worker) {
    const auto key = *crypto::PrivateKey::FromPem(Secret::CopyOf(worker.key_pem));
    muster::worker::v1::RenewRequest request;
    request.set_certificate_request_pem(*crypto::CertificateRequest::Create(key, "w"));
    muster::worker::v1::RenewResponse response;
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    const absl::Status renewed =
        rpc::FromGrpcStatus(muster::worker::v1::Session::NewStub(client().SessionChannel(worker))
                                ->Renew(&context, request, &response));
    ASSERT_TRUE(renewed.ok()) << renewed;
    worker.certificate_pem = response.certificate_pem();
  }
  v1::Server Server(const std::string& id) {
    v1::GetServerRequest request;
    request.set_server(id);
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    v1::Server server;
    const absl::Status got =
        rpc::FromGrpcStatus(v1::ServerService::NewStub(client().OperatorChannel())
                                ->GetServer(&context, request, &server));
    EXPECT_TRUE(got.ok()) << got;
    return server;
  }
  void Admit(const std::string& id) {
    v1::AdmitServerRequest request;
    request.set_server(id);
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    v1::Server server;
    const absl::Status done =
        rpc::FromGrpcStatus(v1::ServerService::NewStub(client().OperatorChannel())
                                ->AdmitServer(&context, request, &server));
    ASSERT_TRUE(done.ok()) << done;
  }
  // What happens after the copy that is put back later.
  void LiveOn() {
    const v1::Rollout before = job_.AwaitEnd(job_.CreateJoin(kNotForTheOthers).rollout_id());
    EXPECT_EQ(before.counts().succeeded(), kServers) << before.ShortDebugString();
    Renew(renewed_);
    EXPECT_TRUE(Session(renewed_).ok());
    expected_ = Enroll(TokenFor(false), "expected-1");
    EXPECT_TRUE(Session(expected_).ok());
    unknown_ = Enroll(TokenFor(true), "unknown-1");
    EXPECT_TRUE(Session(unknown_).ok());
  }
  void Prepare() {
    job_.Prepare(kServers);
    ASSERT_TRUE(client().Import("acme", {"renewed-1", "expected-1"}).ok());
    renewed_ = Enroll(TokenFor(false), "renewed-1");
    ASSERT_TRUE(Session(renewed_).ok());
    // Weeks pass.
    process_->Signal(SIGTERM);
    ASSERT_EQ(process_->Wait(), 0) << process_->Output();
    ASSERT_TRUE(client().AgeCertificates(absl::Hours(24 * 60)).ok());
    Start();
  }
  void ExpectSettled() {
    EXPECT_NE(process_->AwaitLine("this orchestrator is older than its workers"), "");
    // Renewed: in at once. Enrolled since: an operator decides, and then they are in.
    absl::Status session = Session(renewed_);
    EXPECT_TRUE(session.ok()) << session;
    for (const app::TestWorker* worker : {&expected_, &unknown_}) {
      EXPECT_EQ(FailureCodeOf(Session(*worker)), FailureCode::kDispatchNotAdmitted);
      EXPECT_EQ(Server(worker->server_id).admission(), types::v1::ADMISSION_PENDING);
      Admit(worker->server_id);
      session = Session(*worker);
      EXPECT_TRUE(session.ok()) << session;
    }
    Renew(renewed_);
    Renew(unknown_);
    EXPECT_TRUE(Session(renewed_).ok());
    EXPECT_TRUE(Session(unknown_).ok());
    const v1::Rollout after = job_.AwaitEnd(job_.CreateJoin(kNotForTheOthers).rollout_id());
    EXPECT_GE(after.counts().succeeded(), kServers) << after.ShortDebugString();
    EXPECT_EQ(job_.RecordsOnHub(), kServers) << "one record each, no ghosts";
  }

  app::TestWorker renewed_;
  app::TestWorker expected_;
  app::TestWorker unknown_;
};

TEST_F(AheadTest, ARestoredBackupMeetsRenewalsAndEnrollmentsThatItDoesNotKnow) {
  Start();
  Prepare();
  const std::string file = dir() + "-ahead.tar";
  EXPECT_THAT(Program({"backup", "--data-dir", dir(), "--out", file}), HasSubstr("backed up"));
  LiveOn();
  process_->Signal(SIGKILL);
  process_->Wait();
  fs::rename(dir(), dir() + "-lost");
  (void)Program({"restore", "--from", file, "--data-dir", dir(), "--master-key-file",
                 app::DataPaths(dir() + "-lost").master_key()});
  Start();
  ExpectSettled();
}

// Every file of the data directory is of that moment: nothing in it tells.
TEST_F(AheadTest, ASnapshotOfTheWholeDirectoryIsRecognizedByTheWorkers) {
  Start();
  Prepare();
  process_->Signal(SIGTERM);
  ASSERT_EQ(process_->Wait(), 0);
  fs::copy(dir(), dir() + "-snapshot", fs::copy_options::recursive);
  Start();
  LiveOn();
  process_->Signal(SIGTERM);
  ASSERT_EQ(process_->Wait(), 0) << process_->Output();
  fs::rename(dir(), dir() + "-newer");
  fs::rename(dir() + "-snapshot", dir());
  Start();
  ExpectSettled();
  EXPECT_THAT(Program({"health", "--data-dir", dir()}), HasSubstr("earlier moment: found on"));
  // It is still said after a restart.
  process_->Signal(SIGTERM);
  ASSERT_EQ(process_->Wait(), 0) << process_->Output();
  Start();
  EXPECT_THAT(Program({"health", "--data-dir", dir()}), HasSubstr("earlier moment: found on"));
  process_->Signal(SIGTERM);
  ASSERT_EQ(process_->Wait(), 0) << process_->Output();
  EXPECT_THAT(Program({"check", "--data-dir", dir()}), HasSubstr("put back     found on"));
}

}  // namespace
}  // namespace muster
