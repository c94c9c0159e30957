// The session service over real gRPC with mutual TLS on loopback; the core is a fake with levers,
// time stands still.
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/blocking_pool.h"
#include "base/crypto/secure_random.h"
#include "base/failure_code.h"
#include "muster/worker/v1/session.grpc.pb.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/worker/session_registry.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/joining_secret.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"
#include "tests/fakes/fake_clock.h"
#include "tests/orchestrator/rpc/fake_core.h"

namespace muster::rpc {
namespace {

using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

constexpr char kSecret[] = "joining-secret-canary";

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    registry_.Start();
    const auto server = ca_.IssueServer({});
    EXPECT_TRUE(server.ok()) << server.status();
    service_ = MakeSessionService({.sessions = registry_,
                                   .events = events_,
                                   .admission = {control_, admission_},
                                   .authority = ca_,
                                   .pool = pool_,
                                   .clock = clock_});
    grpc::ServerBuilder builder;
    ConfigureServer(builder);
    builder.RegisterService(service_.get());
    builder.AddListeningPort(
        "127.0.0.1:0",
        MutualTlsServerCredentials({server->certificate_pem, server->private_key_pem.Clone()},
                                   ca_.bundle_pem()),
        &port_);
    server_ = builder.BuildAndStart();
  }
  ~SessionTest() override {
    registry_.EndAll(absl::UnavailableError("test over"));
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
    server_->Wait();
    registry_.Stop();
  }

  static identity::CertificateAuthority NewCa() {
    return *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom());
  }
  enum class As { kWorker, kOperator };
  std::shared_ptr<grpc::Channel> Channel(const identity::CertificateAuthority& issuer,
                                         As as = As::kWorker) {
    const auto key = *crypto::PrivateKey::Generate();
    key_ = key;
    const auto certificate =
        as == As::kWorker ? *issuer.IssueWorker(ZoneId("acme/prod"), server_id_, key.public_key())
                          : *issuer.IssueOperator(OperatorId("opr-a"), key.public_key());
    serial_ = certificate.serial_hex();
    return MakeChannel(
        absl::StrCat("127.0.0.1:", port_),
        MutualTlsChannelCredentials({ca_.bundle_pem(), certificate.ToPem(), *key.ToPem()}),
        {.own_connection = true});
  }

  // One worker's end of a session.
  struct Client {
    explicit Client(const std::shared_ptr<grpc::Channel>& channel)
        : stub(muster::worker::v1::Session::NewStub(channel)) {
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      stream = stub->Connect(&context);
    }
    ~Client() {
      if (stream != nullptr) {
        context.TryCancel();
        stream->Finish();
      }
    }
    bool Hello(int revision = 1, bool answers_pings = true) {
      WorkerMessage message;
      message.mutable_hello()->set_answers_pings(answers_pings);
      message.mutable_hello()->mutable_moment()->set_event(41);
      message.mutable_hello()->mutable_moment()->set_hash("41st");
      message.mutable_hello()->set_protocol_revision(revision);
      message.mutable_hello()->mutable_machine()->set_machine_name("WEB-1");
      return stream->Write(message);
    }
    OrchestratorMessage Read() {
      OrchestratorMessage message;
      stream->Read(&message);
      return message;
    }
    absl::Status Finish() {
      const absl::Status status = FromGrpcStatus(stream->Finish());
      stream.reset();
      return status;
    }
    std::unique_ptr<muster::worker::v1::Session::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<WorkerMessage, OrchestratorMessage>> stream;
  };
  std::unique_ptr<Client> Welcomed() {
    auto client = std::make_unique<Client>(Channel(ca_));
    EXPECT_TRUE(client->Hello());
    EXPECT_TRUE(client->Read().has_welcome());
    return client;
  }

  static core::OutboundCommand JoinCommand() {
    return {.command_id = CommandId("cmd-a"),
            .attempt_id = AttemptId("att-a"),
            .zone_id = ZoneId("acme/prod"),
            .kind = store::CommandKind::kJoin,
            .expire_time = absl::FromUnixSeconds(1'800'000'000),
            .hub_url = "https://hub.example",
            .joining_client_id = "managedinstance_sp_01",
            .joining_secret = Secret::CopyOf(kSecret)};
  }

  FakeClock clock_;
  const identity::CertificateAuthority ca_ = NewCa();
  const ServerId server_id_{"srv-mzxw6ytboi4dcmrtgq2t"};
  std::string serial_;
  std::optional<crypto::PrivateKey> key_;  // Of the newest channel.
  FakeWorkerEvents events_;
  StoppedControl control_;
  FakeAdmission admission_;
  BlockingPool pool_{"test", 1};
  SessionRegistry registry_{clock_, clock_, {}};
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(SessionTest, HelloIsAnsweredWithWelcomeAndTheCoreLearnsWhoItIs) {
  events_.grant = core::SessionGrant{{ZoneId("acme/prod"), "https://hub.example", true}};
  Client client(Channel(ca_));
  ASSERT_TRUE(client.Hello());
  const OrchestratorMessage first = client.Read();
  ASSERT_TRUE(first.has_welcome()) << first.ShortDebugString();
  EXPECT_EQ(first.welcome().zone_pin().zone_id(), "acme/prod");
  EXPECT_EQ(first.welcome().zone_pin().hub_url(), "https://hub.example");
  EXPECT_TRUE(first.welcome().zone_pin().allow_cli_join());
  EXPECT_EQ(first.welcome().heartbeat_interval().seconds(), 30);
  EXPECT_EQ(first.welcome().server_time().seconds(), absl::ToUnixSeconds(clock_.Now()));

  const core::SessionOpening opening = events_.AwaitOpening();
  EXPECT_EQ(opening.server_id, server_id_);
  EXPECT_EQ(opening.zone_id.value(), "acme/prod");
  EXPECT_EQ(opening.tenant_id.value(), "acme");
  EXPECT_EQ(opening.certificate_id.value(), serial_);
  EXPECT_EQ(opening.address, "127.0.0.1");
  EXPECT_EQ(opening.machine.machine_name, "WEB-1");
  events_.Await("ready");
  EXPECT_TRUE(registry_.IsConnected(server_id_));
}

TEST_F(SessionTest, CommandGoesOutAndItsResultComesBack) {
  const auto client = Welcomed();
  const core::SessionId id = events_.AwaitOpening().session;
  registry_.SendCommand(id, JoinCommand());
  const OrchestratorMessage sent = client->Read();
  ASSERT_TRUE(sent.has_command());
  EXPECT_EQ(sent.command().command_id(), "cmd-a");
  // In no copy of the message, and for this worker and this command alone.
  EXPECT_EQ(sent.SerializeAsString().find(kSecret), std::string::npos);
  EXPECT_EQ(OpenJoiningSecret(*key_, sent.command())->Reveal(), kSecret);
  EXPECT_EQ(
      FailureCodeOf(OpenJoiningSecret(*crypto::PrivateKey::Generate(), sent.command()).status()),
      FailureCode::kDispatchUnsealable);
  for (const auto alter :
       {+[](muster::worker::v1::Command& c) { c.set_command_id("cmd-b"); },
        +[](muster::worker::v1::Command& c) { c.set_zone_id("acme/test"); },
        +[](muster::worker::v1::Command& c) {
          c.mutable_join()->set_hub_url("https://other.example");
        },
        +[](muster::worker::v1::Command& c) { c.mutable_expire_time()->set_seconds(1); }}) {
    muster::worker::v1::Command other = sent.command();
    alter(other);
    EXPECT_FALSE(OpenJoiningSecret(*key_, other).ok()) << other.ShortDebugString();
  }
  EXPECT_EQ(sent.command().join().hub_url(), "https://hub.example");

  WorkerMessage message;
  message.mutable_ack()->set_command_id("cmd-a");
  client->stream->Write(message);
  message.mutable_started()->set_command_id("cmd-a");
  client->stream->Write(message);
  auto& result = *message.mutable_result();
  result.set_command_id("cmd-a");
  result.set_outcome(muster::worker::v1::CommandResult::OUTCOME_FAILED);
  result.mutable_failure()->set_code("E-JOIN-FROM-THE-FUTURE");
  result.mutable_failure()->set_detail("new");
  client->stream->Write(message);
  events_.Await("acknowledged cmd-a");
  events_.Await("started cmd-a");
  events_.Await("finished cmd-a");
  const core::CommandReport report = events_.last_report();
  EXPECT_EQ(report.outcome, core::Outcome::kFailed);
  ASSERT_TRUE(report.failure.has_value());
  EXPECT_EQ(report.failure->code, FailureCode::kJoinUnknownAnswer);
  EXPECT_NE(report.failure->detail.find("E-JOIN-FROM-THE-FUTURE"), std::string::npos);

  registry_.SendResultAck(id, CommandId("cmd-a"));
  EXPECT_EQ(client->Read().result_ack().command_id(), "cmd-a");
}

TEST_F(SessionTest, OnlyChangedFactsReachTheCore) {
  const auto client = Welcomed();
  WorkerMessage plain;
  plain.mutable_heartbeat();
  WorkerMessage facts;
  facts.mutable_heartbeat()->mutable_service()->set_version("7.0.1");
  for (const WorkerMessage& message : {plain, facts, facts, plain}) {
    client->stream->Write(message);
  }
  facts.mutable_heartbeat()->mutable_service()->set_version("7.0.2");
  client->stream->Write(facts);
  events_.Await("facts 7.0.2");
  EXPECT_EQ(events_.Count("facts 7.0.1"), 1);
}

TEST_F(SessionTest, AHeartbeatsProblemsReachTheCoreOnceEachAndSoDoesTheirEnd) {
  const auto client = Welcomed();
  WorkerMessage message;
  auto& service = *message.mutable_heartbeat()->mutable_service();
  service.set_version("7.0.1");
  auto& problem = *service.add_problems();
  problem.set_code("E-SERVICE-CONFIG");
  problem.set_detail("line 3");
  client->stream->Write(message);
  client->stream->Write(message);
  service.clear_problems();
  client->stream->Write(message);
  events_.Await("facts 7.0.1", 2);
  EXPECT_EQ(events_.Count("problem E-SERVICE-CONFIG line 3"), 1);
}

TEST_F(SessionTest, AClockThatGoesWrongInASessionAndIsPutRightIsToldOnceEach) {
  const auto client = Welcomed();
  WorkerMessage message;
  for (const absl::Duration offset :
       {absl::Seconds(1), absl::Hours(3), absl::Hours(3), -absl::Hours(24 * 400), absl::Minutes(1),
        absl::ZeroDuration()}) {
    *message.mutable_heartbeat()->mutable_worker_time() = ToProto(clock_.Now() + offset);
    client->stream->Write(message);
  }
  events_.Await("clock 1m");
  EXPECT_EQ(events_.Count("clock 3h"), 1);
  EXPECT_EQ(events_.Count("clock 0"), 0);
}

TEST_F(SessionTest, WhatIsSentCarriesTheMomentThatIsDurable) {
  const auto before = Welcomed();
  EXPECT_EQ(events_.AwaitOpening().moment->sequence, 41);
  EXPECT_EQ(events_.AwaitOpening().moment->hash, "41st");
  const core::SessionId id = events_.AwaitOpening().session;
  registry_.NoteMoment({.sequence = 7, .hash = "seven"});
  registry_.SendCommand(id, JoinCommand());
  const OrchestratorMessage command = before->Read();
  ASSERT_TRUE(command.has_command());
  EXPECT_EQ(command.moment().event(), 7);
  EXPECT_EQ(command.moment().hash(), "seven");
  registry_.NoteMoment({.sequence = 8, .hash = "eight"});
  registry_.SendResultAck(id, CommandId("cmd-a"));
  EXPECT_EQ(before->Read().moment().event(), 8);
  Client after(Channel(ca_));
  ASSERT_TRUE(after.Hello());
  EXPECT_EQ(after.Read().moment().event(), 8);
}

// As after the table of a NAT between the two was flushed: nothing arrives, and nobody says so.
TEST_F(SessionTest, AWorkerThatIsSilentAfterACommandIsPingedAndItsSessionEnded) {
  const auto client = Welcomed();
  events_.Await("ready");
  const core::SessionId id = events_.AwaitOpening().session;
  registry_.SendCommand(id, JoinCommand());
  ASSERT_TRUE(client->Read().has_command());
  clock_.AwaitArmed(2);  // The sweep, and now the watch over deliveries.
  clock_.Advance(absl::Seconds(6));
  ASSERT_TRUE(client->Read().has_ping());
  EXPECT_EQ(events_.Count("ended"), 0);
  clock_.Advance(absl::Seconds(6));
  events_.Await("ended");
  EXPECT_FALSE(registry_.IsConnected(server_id_));
}

TEST_F(SessionTest, AWorkerThatAnswersThePingIsLeftAloneWithItsCommand) {
  const auto client = Welcomed();
  events_.Await("ready");
  const core::SessionId id = events_.AwaitOpening().session;
  WorkerMessage facts;
  for (int round = 0; round < 3; ++round) {
    registry_.SendCommand(id, JoinCommand());
    ASSERT_TRUE(client->Read().has_command());
    clock_.AwaitArmed(2);
    clock_.Advance(absl::Seconds(6));
    const OrchestratorMessage ping = client->Read();
    ASSERT_TRUE(ping.has_ping()) << round;
    WorkerMessage pong;
    pong.mutable_pong()->set_number(ping.ping().number());
    client->stream->Write(pong);
    facts.mutable_heartbeat()->mutable_service()->set_version(absl::StrCat(round));
    client->stream->Write(facts);
    events_.Await(absl::StrCat("facts ", round));
    clock_.Advance(absl::Seconds(30));  // Sixty would be the silence that ends a session.
    EXPECT_EQ(events_.Count("ended"), 0) << round;
  }
}

TEST_F(SessionTest, AnOlderWorkerIsNotPinged) {
  Client client(Channel(ca_));
  ASSERT_TRUE(client.Hello(1, /*answers_pings=*/false));
  ASSERT_TRUE(client.Read().has_welcome());
  events_.Await("ready");
  const core::SessionId id = events_.AwaitOpening().session;
  registry_.SendCommand(id, JoinCommand());
  ASSERT_TRUE(client.Read().has_command());
  clock_.AwaitArmed(2);
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(events_.Count("ended"), 0);
  registry_.SendResultAck(id, CommandId("cmd-a"));
  EXPECT_TRUE(client.Read().has_result_ack()) << "no ping came between";
}

// A wall clock that is set says nothing about who is silent.
TEST_F(SessionTest, AClockThatIsSetEndsNoSession) {
  const auto client = Welcomed();
  events_.Await("ready");
  for (const absl::Duration step : {absl::Hours(24 * 400), -absl::Hours(24 * 800)}) {
    clock_.StepWall(step);
    clock_.Advance(absl::Seconds(10));
    EXPECT_EQ(events_.Count("ended"), 0) << step;
  }
}

TEST_F(SessionTest, FirstMessageMustBeHello) {
  Client client(Channel(ca_));
  WorkerMessage heartbeat;
  heartbeat.mutable_heartbeat();
  client.stream->Write(heartbeat);
  const OrchestratorMessage answer = client.Read();
  ASSERT_TRUE(answer.has_goodbye());
  EXPECT_EQ(answer.goodbye().code(), "E-SESSION-PROTOCOL");
  EXPECT_EQ(answer.goodbye().detail().find("E-SESSION"), std::string::npos) << "said once";
  EXPECT_EQ(FailureCodeOf(client.Finish()), FailureCode::kSessionProtocol);
  EXPECT_EQ(events_.Count("ended"), 0) << "the core never heard of it";
}

// Remedy walked: E-SESSION-PROTOCOL
TEST_F(SessionTest, UnknownProtocolRevisionIsRefused) {
  Client client(Channel(ca_));
  client.Hello(/*revision=*/2);
  EXPECT_EQ(client.Read().goodbye().code(), "E-SESSION-PROTOCOL");
  EXPECT_EQ(FailureCodeOf(client.Finish()), FailureCode::kSessionProtocol);
  // The other side was upgraded: they speak the same.
  EXPECT_NE(Welcomed(), nullptr);
  events_.Await("ready");
}

TEST_F(SessionTest, NoHelloInTimeEndsTheStream) {
  Client client(Channel(ca_));
  while (registry_.Count() == 0) std::this_thread::yield();
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(client.Read().goodbye().code(), "E-SESSION-PROTOCOL");
  EXPECT_EQ(FailureCodeOf(client.Finish()), FailureCode::kSessionProtocol);
}

TEST_F(SessionTest, ASilentWorkerIsEndedAndAHeartbeatKeepsItAlive) {
  const auto client = Welcomed();
  events_.Await("ready");
  WorkerMessage facts;
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(60));
    facts.mutable_heartbeat()->mutable_service()->set_version(absl::StrCat(i));
    client->stream->Write(facts);
    events_.Await(absl::StrCat("facts ", i));
  }
  EXPECT_EQ(events_.Count("ended"), 0);
  clock_.Advance(absl::Seconds(120));
  events_.Await("ended");
  EXPECT_FALSE(registry_.IsConnected(server_id_));
}

TEST_F(SessionTest, ARefusedSessionSaysWhetherToComeBack) {
  struct Case {
    FailureCode code;
    bool may_reconnect;
  };
  for (const Case& c :
       {Case{FailureCode::kCertRevoked, false}, Case{FailureCode::kDispatchNotAdmitted, true}}) {
    events_.grant = FailureStatus(c.code, "because");
    Client client(Channel(ca_));
    client.Hello();
    const OrchestratorMessage answer = client.Read();
    ASSERT_TRUE(answer.has_goodbye());
    EXPECT_EQ(answer.goodbye().code(), TextOf(c.code));
    EXPECT_EQ(answer.goodbye().may_reconnect(), c.may_reconnect);
    EXPECT_EQ(FailureCodeOf(client.Finish()), c.code);
  }
}

TEST_F(SessionTest, EndSaysGoodbyeAndTellsTheCoreOnce) {
  const auto client = Welcomed();
  const core::SessionId id = events_.AwaitOpening().session;
  registry_.End(id, {FailureCode::kSessionReplaced, "another one"}, true);
  registry_.End(id, {FailureCode::kCertRevoked, "too late"}, false);
  const OrchestratorMessage answer = client->Read();
  EXPECT_EQ(answer.goodbye().code(), "E-SESSION-REPLACED");
  EXPECT_TRUE(answer.goodbye().may_reconnect());
  EXPECT_EQ(FailureCodeOf(client->Finish()), FailureCode::kSessionReplaced);
  events_.Await("ended");
  EXPECT_EQ(events_.Count("ended"), 1);
  registry_.SendCommand(id, JoinCommand());  // Does nothing.
}

TEST_F(SessionTest, AWorkerThatHangsUpEndsItsSession) {
  auto client = Welcomed();
  client.reset();
  events_.Await("ended");
  EXPECT_EQ(registry_.Count(), 0);
}

TEST_F(SessionTest, AWorkerThatDoesNotReadIsDroppedNotBuffered) {
  const auto client = Welcomed();
  const core::SessionId id = events_.AwaitOpening().session;
  core::OutboundCommand big = JoinCommand();
  for (int i = 0; i < 400 && events_.Count("ended") == 0; ++i) {
    core::OutboundCommand command = JoinCommand();
    command.hub_url = std::string(64 << 10, 'x');
    registry_.SendCommand(id, std::move(command));
  }
  events_.Await("ended");
}

TEST_F(SessionTest, OnlyWorkersOfThisAuthorityComeIn) {
  {
    Client foreign(Channel(NewCa()));
    foreign.Hello();
    EXPECT_EQ(foreign.Finish().code(), absl::StatusCode::kUnavailable) << "stopped by TLS";
  }
  Client op(Channel(ca_, As::kOperator));
  op.Hello();
  EXPECT_EQ(FailureCodeOf(op.Finish()), FailureCode::kCertUnknown);
  EXPECT_EQ(events_.Count("opening"), 0);
}

TEST_F(SessionTest, AfterEndAllNobodyComesIn) {
  const auto client = Welcomed();
  registry_.EndAll(absl::UnavailableError("stopping"));
  EXPECT_TRUE(client->Read().goodbye().may_reconnect());
  EXPECT_EQ(client->Finish().code(), absl::StatusCode::kUnavailable);
  Client late(Channel(ca_));
  EXPECT_TRUE(late.Read().has_goodbye());
  EXPECT_EQ(late.Finish().code(), absl::StatusCode::kUnavailable);
}

// Sends from one thread meet hang-ups from another; sanitizers look on.
TEST_F(SessionTest, SendsAndHangUpsMayMeet) {
  for (int round = 0; round < 20; ++round) {
    auto client = Welcomed();
    const core::SessionId id = events_.AwaitOpening().session;
    std::thread strand([&] {
      for (int i = 0; i < 50; ++i) registry_.SendResultAck(id, CommandId("cmd-a"));
      registry_.End(id, {FailureCode::kSessionReplaced, ""}, true);
    });
    if (round % 2 == 0) client->Read();
    client.reset();
    strand.join();
  }
  events_.Await("ended", 20);
}

}  // namespace
}  // namespace muster::rpc
