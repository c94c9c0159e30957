// Who may ask the listeners for their health and their services, and how many streams of that
// anybody can hold open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/crypto/key.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "muster/admin/v1/inventory.grpc.pb.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;

namespace health = grpc::health::v1;
namespace reflection = grpc::reflection::v1alpha;

using Channel = std::shared_ptr<grpc::Channel>;

class WatchingTest : public testing::Test {
 protected:
  WatchingTest() {
    EXPECT_TRUE(orchestrator_.Start().ok());
    EXPECT_TRUE(orchestrator_.ApplyFleet({"acme"}, "http://127.0.0.1:1").ok());
  }

  Channel WorkersAt(const std::string& address) {
    if (!worker_.has_value()) {
      auto enrolled =
          orchestrator_.Enroll(orchestrator_.CreateToken("acme/prod")->secret(), "web-1");
      EXPECT_TRUE(enrolled.ok()) << enrolled.status();
      worker_ = *std::move(enrolled);
    }
    return orchestrator_.ChannelTo(address, worker_->certificate_pem, worker_->key_pem);
  }
  // Of the authority, and of nobody.
  Channel OthersAt(const std::string& address) {
    const auto key = crypto::PrivateKey::Generate();
    const auto certificate =
        orchestrator_.Authority()->IssueOperator(OperatorId("opr-nobody"), key->public_key());
    return orchestrator_.ChannelTo(address, certificate->ToPem(),
                                   std::string(key->ToPem()->Reveal()));
  }
  static grpc::Status Check(const Channel& channel) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    health::HealthCheckResponse response;
    return health::Health::NewStub(channel)->Check(&context, {}, &response);
  }
  // Asks for the services; how the stream ends.
  static grpc::Status Reflect(const Channel& channel,
                              std::vector<std::string>* services = nullptr) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    const auto stream =
        reflection::ServerReflection::NewStub(channel)->ServerReflectionInfo(&context);
    reflection::ServerReflectionRequest request;
    request.set_list_services("*");
    stream->Write(request);
    reflection::ServerReflectionResponse response;
    if (stream->Read(&response) && services != nullptr) {
      for (const auto& one : response.list_services_response().service()) {
        services->push_back(one.name());
      }
    }
    stream->WritesDone();
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }
  const Endpoints& at() { return orchestrator_.get().endpoints(); }

  TestOrchestrator orchestrator_;
  std::optional<TestWorker> worker_;
};

TEST_F(WatchingTest, EachListenerTellsItsHealthToThoseWhomItIsFor) {
  EXPECT_TRUE(Check(orchestrator_.OperatorChannel()).ok());
  EXPECT_TRUE(Check(orchestrator_.SocketChannel()).ok());
  EXPECT_TRUE(Check(orchestrator_.BootstrapChannel()).ok());
  EXPECT_TRUE(Check(WorkersAt(at().session_address)).ok());
  EXPECT_THAT(Check(WorkersAt(at().admin_address)).error_message(), HasSubstr("E-CERT-UNKNOWN"));
  EXPECT_THAT(Check(OthersAt(at().session_address)).error_message(), HasSubstr("E-CERT-UNKNOWN"));
  EXPECT_THAT(Check(OthersAt(at().admin_address)).error_message(), HasSubstr("E-AUTH-REQUIRED"));
}

TEST_F(WatchingTest, AWorkerThatWasPutOutIsToldNothing) {
  const Channel channel = WorkersAt(at().session_address);
  ASSERT_TRUE(Check(channel).ok());
  grpc::ClientContext context;
  SetTestDeadline(context);
  muster::admin::v1::ChangeServerRequest ban;
  ban.set_server("acme/prod/web-1");
  ban.set_action(muster::admin::v1::ChangeServerRequest::ACTION_BAN);
  muster::admin::v1::Server server;
  const grpc::Status banned =
      muster::admin::v1::ServerService::NewStub(orchestrator_.SocketChannel())
          ->ChangeServer(&context, ban, &server);
  ASSERT_TRUE(banned.ok()) << banned.error_message();
  EXPECT_THAT(Check(channel).error_message(), HasSubstr("E-CERT-REVOKED"));
  grpc::ClientContext watching;
  SetTestDeadline(watching);
  const auto watch = health::Health::NewStub(channel)->Watch(&watching, {});
  health::HealthCheckResponse state;
  EXPECT_FALSE(watch->Read(&state));
  EXPECT_THAT(watch->Finish().error_message(), HasSubstr("E-CERT-REVOKED"));
}

TEST_F(WatchingTest, ServicesAreToldToOperatorsOnRecordOnly) {
  std::vector<std::string> services;
  EXPECT_TRUE(Reflect(orchestrator_.OperatorChannel(), &services).ok());
  EXPECT_THAT(services, IsSupersetOf({std::string("muster.admin.v1.ServerService"),
                                      std::string("grpc.health.v1.Health"),
                                      std::string("grpc.reflection.v1alpha.ServerReflection")}));
  EXPECT_THAT(services, testing::Not(testing::Contains(HasSubstr("muster.worker"))));
  services.clear();
  EXPECT_TRUE(Reflect(orchestrator_.SocketChannel(), &services).ok());
  EXPECT_FALSE(services.empty());
  EXPECT_THAT(Reflect(WorkersAt(at().admin_address)).error_message(), HasSubstr("E-AUTH-REQUIRED"));
  EXPECT_THAT(Reflect(OthersAt(at().admin_address)).error_message(), HasSubstr("E-AUTH-REQUIRED"));
  EXPECT_EQ(Reflect(WorkersAt(at().session_address)).error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Reflect(orchestrator_.BootstrapChannel()).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(WatchingTest, TheFilesOfAServiceComeWithWhatTheyImport) {
  grpc::ClientContext context;
  SetTestDeadline(context);
  const auto stub = reflection::ServerReflection::NewStub(orchestrator_.OperatorChannel());
  const auto stream = stub->ServerReflectionInfo(&context);
  const auto ask = [&stream](const reflection::ServerReflectionRequest& request) {
    stream->Write(request);
    reflection::ServerReflectionResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  };
  reflection::ServerReflectionRequest request;
  request.set_file_containing_symbol("muster.admin.v1.ServerService");
  EXPECT_GE(ask(request).file_descriptor_response().file_descriptor_proto_size(), 3);
  request.set_file_by_filename("google/protobuf/timestamp.proto");
  EXPECT_EQ(ask(request).file_descriptor_response().file_descriptor_proto_size(), 1);
  for (const char* none : {"muster.admin.v1.NoService", "", "../../etc/passwd"}) {
    request.set_file_containing_symbol(none);
    EXPECT_EQ(ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND) << none;
  }
  EXPECT_EQ(ask({}).error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

// Streams that stay open hold no thread, are few of each peer, and keep no stop waiting.
TEST_F(WatchingTest, OpenStreamsAreFewOfEachAndEndWithTheListener) {
  struct Open {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<reflection::ServerReflectionRequest,
                                             reflection::ServerReflectionResponse>>
        stream;
  };
  const Channel channel = orchestrator_.OperatorChannel();
  const auto stub = reflection::ServerReflection::NewStub(channel);
  std::vector<std::unique_ptr<Open>> open;
  reflection::ServerReflectionRequest request;
  request.set_list_services("*");
  reflection::ServerReflectionResponse response;
  for (int i = 0; i < 8; ++i) {
    open.push_back(std::make_unique<Open>());
    SetTestDeadline(open.back()->context);
    open.back()->stream = stub->ServerReflectionInfo(&open.back()->context);
    open.back()->stream->Write(request);
    ASSERT_TRUE(open.back()->stream->Read(&response)) << i;
  }
  EXPECT_EQ(Reflect(channel).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext watching;
  SetTestDeadline(watching);
  const auto watch = health::Health::NewStub(channel)->Watch(&watching, {});
  health::HealthCheckResponse state;
  EXPECT_FALSE(watch->Read(&state));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // Neither other calls of this one nor streams of others are in want of anything.
  EXPECT_TRUE(Check(channel).ok());
  EXPECT_TRUE(Reflect(orchestrator_.SocketChannel()).ok());
  // What ends gives its place back.
  open.back()->stream->WritesDone();
  EXPECT_TRUE(open.back()->stream->Finish().ok());
  open.pop_back();
  grpc::Status again;
  for (int i = 0; i < 100 && !(again = Reflect(channel)).ok(); ++i) {
  }
  EXPECT_TRUE(again.ok()) << again.error_message();
  const absl::Time before = absl::Now();
  orchestrator_.Stop();
  EXPECT_LT(absl::Now() - before, absl::Seconds(8));
  for (const auto& one : open) {
    EXPECT_FALSE(one->stream->Read(&response));
    EXPECT_FALSE(one->stream->Finish().ok());
  }
}

}  // namespace
}  // namespace muster::app
