// The orchestrator whose disk fails while it runs (docs/decisions/store-lost.md): nothing more is
// decided, everybody is told, reads go on for a moment, it ends with 3 by itself; on a healthy disk
// it goes on where it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/failure.h"
#include "base/failure_code.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "proto/rpc/status.h"
#include "tests/integration/health_watch.h"
#include "tests/integration/main_job.h"
#include "tests/integration/process.h"
#include "tests/integration/serve.h"

namespace muster {
namespace {

namespace v1 = muster::admin::v1;
using testing::HasSubstr;

class StoreLostTest : public testing::Test {
 protected:
  app::TestOrchestrator& client() { return job_.orchestrator(); }
  void Start(const std::string& linger = "1ms") {
    auto command = ServeCommand(client().data_dir(), at_);
    command.insert(command.end(), {"--store-lost-linger", linger});
    process_ = std::make_unique<Process>(command);
    at_ = AwaitReady(*process_);
    client().Attach(at_);
  }
  // The next commit fails, and with it the store.
  void LoseTheStore() {
    process_->LimitFiles(0);
    (void)client().Import("acme", {"lost"});
    EXPECT_NE(process_->AwaitLine("store lost"), "") << process_->Output();
  }
  std::vector<std::string> ServerNames() {
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    v1::ListServersResponse response;
    const absl::Status status =
        rpc::FromGrpcStatus(v1::ServerService::NewStub(client().OperatorChannel())
                                ->ListServers(&context, {}, &response));
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> names;
    for (const v1::Server& server : response.servers()) names.push_back(server.name());
    return names;
  }
  v1::SystemStatus Status() {
    grpc::ClientContext context;
    app::SetTestDeadline(context);
    v1::SystemStatus answer;
    const absl::Status status = rpc::FromGrpcStatus(
        v1::SystemService::NewStub(client().OperatorChannel())->GetStatus(&context, {}, &answer));
    EXPECT_TRUE(status.ok()) << status;
    return answer;
  }

  static constexpr int kServers = 8;
  MainJob job_{kServers};
  app::Endpoints at_;
  std::unique_ptr<Process> process_;
};

// Remedy walked: E-STORE-IO, E-STORE-READ-ONLY
TEST_F(StoreLostTest, EverybodyIsToldReadsGoOnAndItEndsWith3) {
  Start("1h");
  ASSERT_TRUE(client().ApplyFleet({"acme"}, job_.hub().url()).ok());
  ASSERT_TRUE(client().Import("acme", {"kept"}).ok());
  const auto token = client().CreateToken("acme/prod", 2);
  ASSERT_TRUE(token.ok()) << token.status();
  const auto worker = client().Enroll(token->secret(), "kept");
  ASSERT_TRUE(worker.ok()) << worker.status();
  ASSERT_TRUE(app::OpenSession(client().SessionChannel(*worker)).ok());
  {
    HealthWatch operators(client().OperatorChannel());
    HealthWatch workers(client().SessionChannel(*worker));
    EXPECT_TRUE(operators.AwaitServing());
    EXPECT_TRUE(workers.AwaitServing());
    LoseTheStore();
    EXPECT_TRUE(operators.AwaitNotServing());
    EXPECT_TRUE(workers.AwaitNotServing());
  }
  // Every kind of change, from whoever it comes.
  EXPECT_EQ(FailureCodeOf(client().Import("acme", {"later"})), FailureCode::kStoreReadOnly);
  EXPECT_EQ(FailureCodeOf(client().CreateToken("acme/prod").status()), FailureCode::kStoreReadOnly);
  EXPECT_EQ(FailureCodeOf(job_.TryJoin().status()), FailureCode::kStoreReadOnly);
  EXPECT_EQ(FailureCodeOf(client().Enroll(token->secret(), "other").status()),
            FailureCode::kStoreReadOnly);
  const auto session = app::OpenSession(client().SessionChannel(*worker)).status();
  EXPECT_EQ(FailureCodeOf(session), FailureCode::kStoreReadOnly) << session;
  // Reads, and the reason for whoever asks.
  EXPECT_THAT(ServerNames(), testing::ElementsAre("kept"));
  EXPECT_TRUE(Status().store_read_only());
  EXPECT_THAT(Status().store_reason(), HasSubstr("E-STORE-IO"));
  EXPECT_EQ(job_.Report().zones(0).servers(), 1);

  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 3) << process_->Output();
  Start();
  EXPECT_THAT(ServerNames(), testing::ElementsAre("kept"));
  EXPECT_TRUE(client().Import("acme", {"later"}).ok());
}

TEST_F(StoreLostTest, ARolloutGoesOnOnAHealthyDiskAndNothingAcceptedIsLost) {
  Start();
  job_.Prepare(kServers);
  const std::string id = job_.CreateJoin().rollout_id();
  EXPECT_TRUE(
      job_.hub().Await([](doubles::HubCore& core) { return core.counters.records_created >= 2; }));
  LoseTheStore();
  EXPECT_EQ(process_->Wait(), 3) << "by itself: " << process_->Output();

  Start();
  const v1::Rollout rollout = job_.AwaitEnd(id);
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_STATE_COMPLETED) << rollout.ShortDebugString();
  EXPECT_EQ(rollout.counts().succeeded(), kServers);
  EXPECT_EQ(job_.RecordsOnHub(), kServers) << "one record each, no ghosts";
  EXPECT_THAT(ServerNames(), testing::UnorderedElementsAreArray(job_.names()));
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 0) << process_->Output();
}

// Nobody's open call keeps it: a service manager must see the end to start it again.
TEST_F(StoreLostTest, OpenCallsAreToldAndDoNotHoldTheEndUp) {
  Start();
  ASSERT_TRUE(client().ApplyFleet({"acme"}, job_.hub().url()).ok());
  HealthWatch watch(client().OperatorChannel());
  ASSERT_TRUE(watch.AwaitServing());
  LoseTheStore();
  EXPECT_TRUE(watch.AwaitNotServing());
  EXPECT_EQ(process_->Wait(), 3) << process_->Output();
}

// A second signal ends it at once, and what it ended of was the store.
TEST_F(StoreLostTest, ASignalEndsTheLinger) {
  Start("1h");
  ASSERT_TRUE(client().ApplyFleet({"acme"}, job_.hub().url()).ok());
  LoseTheStore();
  process_->Signal(SIGINT);
  process_->Signal(SIGTERM);
  EXPECT_EQ(process_->Wait(), 3) << process_->Output();
}

}  // namespace
}  // namespace muster
