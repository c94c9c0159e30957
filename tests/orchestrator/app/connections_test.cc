// What one connection may do, and how connections get their turns, at the listeners of a whole
// orchestrator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

using testing::HasSubstr;

class ConnectionsTest : public testing::Test {
 protected:
  grpc::Status Ask(const std::shared_ptr<grpc::Channel>& channel,
                   const std::string& metadata = "") {
    grpc::ClientContext context;
    SetTestDeadline(context);
    if (!metadata.empty()) context.AddMetadata("x-long", metadata);
    muster::admin::v1::SystemStatus response;
    return muster::admin::v1::SystemService::NewStub(channel)->GetStatus(&context, {}, &response);
  }
  grpc::Status Enroll(const std::string& token, const std::string& metadata = "") {
    grpc::ClientContext context;
    SetTestDeadline(context);
    if (!metadata.empty()) context.AddMetadata("x-long", metadata);
    context.set_compression_algorithm(compression_);
    muster::worker::v1::EnrollRequest request;
    request.set_token(token);
    muster::worker::v1::EnrollResponse response;
    return muster::worker::v1::Bootstrap::NewStub(orchestrator_.BootstrapChannel())
        ->Enroll(&context, request, &response);
  }

  grpc::StatusCode List(const std::shared_ptr<grpc::Channel>& channel, const std::string& page) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    context.set_compression_algorithm(compression_);
    muster::admin::v1::ListAuditEventsRequest request;
    request.set_subject(page);
    muster::admin::v1::ListAuditEventsResponse response;
    return muster::admin::v1::SystemService::NewStub(channel)
        ->ListAuditEvents(&context, request, &response)
        .error_code();
  }

  grpc_compression_algorithm compression_ = GRPC_COMPRESS_NONE;
  TestOrchestrator orchestrator_;
};

// Whoever got an answer holds no turn, however long its connection stays.
TEST_F(ConnectionsTest, AnAnswerGivesTheTurnToTheNext) {
  OrchestratorOptions options = orchestrator_.Options();
  options.connections.handshakes = 1;
  options.connections.handshake_timeout = absl::Minutes(1);
  ASSERT_TRUE(orchestrator_.Start(options).ok());
  std::vector<std::shared_ptr<grpc::Channel>> open;
  for (int i = 0; i < 5; ++i) {
    open.push_back(orchestrator_.OperatorChannel());
    const grpc::Status status = Ask(open.back());
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_FALSE(Enroll("no token").ok());  // A refusal is an answer, too.
  EXPECT_THAT(Enroll("").error_message(), HasSubstr("E-TOKEN-MALFORMED"));
}

TEST_F(ConnectionsTest, RequestsAndMetadataHaveAnEnd) {
  ASSERT_TRUE(orchestrator_.Start().ok());
  EXPECT_EQ(Enroll(std::string(70 << 10, 'x')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(Enroll("x", std::string(2 << 10, 'x')).error_message(), HasSubstr("E-"));
  EXPECT_THAT(Enroll("x", std::string(12 << 10, 'x')).error_message(),
              testing::Not(HasSubstr("E-")));
  EXPECT_TRUE(Ask(orchestrator_.OperatorChannel(), std::string(2 << 10, 'x')).ok());
  EXPECT_FALSE(Ask(orchestrator_.OperatorChannel(), std::string(20 << 10, 'x')).ok());
  EXPECT_TRUE(Ask(orchestrator_.SocketChannel(), std::string(2 << 10, 'x')).ok());
  EXPECT_FALSE(Ask(orchestrator_.SocketChannel(), std::string(20 << 10, 'x')).ok());
}

// A few kilobytes that unpack to megabytes never do.
TEST_F(ConnectionsTest, CompressedMessagesAreRefusedUnopened) {
  ASSERT_TRUE(orchestrator_.Start().ok());
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    compression_ = algorithm;
    EXPECT_EQ(Enroll(std::string(1 << 20, 'x')).error_code(), grpc::StatusCode::UNIMPLEMENTED);
    for (const auto& channel : {orchestrator_.OperatorChannel(), orchestrator_.SocketChannel()}) {
      EXPECT_EQ(List(channel, std::string(1 << 20, 'x')), grpc::StatusCode::UNIMPLEMENTED);
    }
  }
  compression_ = GRPC_COMPRESS_NONE;
  EXPECT_THAT(Enroll("").error_message(), HasSubstr("E-TOKEN-MALFORMED"));
}

TEST_F(ConnectionsTest, AnAddressesLimitIsOfThisListenerAlone) {
  OrchestratorOptions options = orchestrator_.Options();
  options.connections.admins = 2;  // One of one address; the self check's is another.
  ASSERT_TRUE(orchestrator_.Start(options).ok());
  std::vector<std::shared_ptr<grpc::Channel>> open;
  int refused = 0;
  for (int i = 0; i < 4; ++i) {
    open.push_back(orchestrator_.OperatorChannel());
    if (!Ask(open.back()).ok()) ++refused;
  }
  EXPECT_GE(refused, 2);
  EXPECT_TRUE(Ask(orchestrator_.SocketChannel()).ok());
  EXPECT_THAT(Enroll("").error_message(), HasSubstr("E-TOKEN-MALFORMED"));
}

}  // namespace
}  // namespace muster::app
