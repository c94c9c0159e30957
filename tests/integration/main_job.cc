#include "tests/integration/main_job.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"
#include "proto/rpc/token_file.h"

namespace muster {

namespace v1 = muster::admin::v1;
namespace fs = std::filesystem;

MainJob::MainJob(int servers) {
  folder_ = "/tmp/muster-job-XXXXXX";
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  for (int i = 1; i <= servers; ++i) names_.push_back(absl::StrFormat("srv-%02d", i));
  doubles::HubOptions hub;
  hub.secret = kJoinSecret;
  hub.join_limit = 0;
  hub.auth_limit = 0;
  hub.refresh_limit = 0;
  auto started = doubles::HubDouble::Start(std::move(hub));
  EXPECT_TRUE(started.ok()) << started.status();
  hub_ = *std::move(started);
  doubles::FleetOptions fleet;
  fleet.count = servers;
  fleet.names = names_;
  fleet.app_data_root = folder_ + "/services";
  auto services = doubles::ServiceFleet::Start(std::move(fleet));
  EXPECT_TRUE(services.ok()) << services.status();
  services_ = *std::move(services);
}

MainJob::~MainJob() {
  workers_.reset();
  orchestrator_.Stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void MainJob::Prepare(int workers) {
  absl::Status status = orchestrator_.ApplyFleet({"acme"}, hub_->url());
  ASSERT_TRUE(status.ok()) << status;
  status = orchestrator_.Import("acme", names_);
  ASSERT_TRUE(status.ok()) << status;
  const auto token = orchestrator_.CreateToken("acme/prod", static_cast<int>(names_.size()));
  ASSERT_TRUE(token.ok()) << token.status();
  std::ofstream(folder_ + "/token") << rpc::FormatTokenFile(*token);
  StartWorkers(workers);
}

void MainJob::StartWorkers(int workers) {
  doubles::WorkerFleetOptions options;
  options.data_root = folder_ + "/workers";
  for (int i = 0; i < workers; ++i) {
    options.members.push_back(
        {names_[i], folder_ + "/token", absl::StrCat(folder_, "/services/", names_[i])});
  }
  auto fleet = doubles::WorkerFleet::Start(options);
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  workers_ = *std::move(fleet);
}

absl::StatusOr<v1::Rollout> MainJob::TryJoin(absl::Duration deadline) {
  v1::CreateRolloutRequest request;
  request.set_max_concurrency("100%");
  request.set_max_failures("100%");
  *request.mutable_deadline() = rpc::ToProto(deadline);
  grpc::ClientContext context;
  app::SetTestDeadline(context);
  v1::Rollout rollout;
  const absl::Status status =
      rpc::FromGrpcStatus(v1::RolloutService::NewStub(orchestrator_.OperatorChannel())
                              ->CreateRollout(&context, request, &rollout));
  if (!status.ok()) return status;
  return rollout;
}

v1::Rollout MainJob::CreateJoin(absl::Duration deadline) {
  const auto rollout = TryJoin(deadline);
  EXPECT_TRUE(rollout.ok()) << rollout.status();
  return rollout.value_or(v1::Rollout());
}

v1::Rollout MainJob::AwaitEnd(const std::string& rollout_id) {
  v1::GetRolloutRequest request;
  request.set_rollout_id(rollout_id);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(3));
  const auto stub = v1::RolloutService::NewStub(orchestrator_.OperatorChannel());
  const auto stream = stub->WatchRollout(&context, request);
  v1::Rollout rollout;
  while (stream->Read(&rollout)) {
  }
  const absl::Status status = rpc::FromGrpcStatus(stream->Finish());
  EXPECT_TRUE(status.ok()) << status << " after " << rollout.ShortDebugString();
  return rollout;
}

v1::Report MainJob::Report() {
  grpc::ClientContext context;
  app::SetTestDeadline(context);
  v1::Report report;
  const absl::Status status =
      rpc::FromGrpcStatus(v1::VerificationService::NewStub(orchestrator_.OperatorChannel())
                              ->GetReport(&context, {}, &report));
  EXPECT_TRUE(status.ok()) << status;
  return report;
}

v1::Hub MainJob::Hub() {
  grpc::ClientContext context;
  app::SetTestDeadline(context);
  v1::ListHubsResponse hubs;
  const absl::Status status = rpc::FromGrpcStatus(
      v1::HubService::NewStub(orchestrator_.OperatorChannel())->ListHubs(&context, {}, &hubs));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(hubs.hubs_size(), 1);
  return hubs.hubs_size() == 1 ? hubs.hubs(0) : v1::Hub();
}

v1::CheckHubResponse MainJob::CheckHub() {
  v1::CheckHubRequest request;
  request.set_zone_id(Hub().zone_id());
  grpc::ClientContext context;
  app::SetTestDeadline(context);
  v1::CheckHubResponse check;
  const absl::Status status =
      rpc::FromGrpcStatus(v1::HubService::NewStub(orchestrator_.OperatorChannel())
                              ->CheckHub(&context, request, &check));
  EXPECT_TRUE(status.ok()) << status;
  return check;
}

int64_t MainJob::RecordsOnHub() { return hub_->Counters().records_created; }

std::vector<std::string> MainJob::FilesWithTheSecret() {
  std::vector<std::string> found;
  for (const std::string& root : {orchestrator_.data_dir(), folder_ + "/workers"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream content;
      content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      if (content.str().find(kJoinSecret) != std::string::npos) {
        found.push_back(entry.path().string());
      }
    }
  }
  return found;
}

}  // namespace muster
