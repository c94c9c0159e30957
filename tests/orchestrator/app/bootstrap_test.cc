// Who comes in and who does not, from token to session, against a whole orchestrator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/mutex.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"
#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster::app {
namespace {

namespace wire = muster::worker::v1;
using testing::HasSubstr;

class BootstrapTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(orchestrator_.Start().ok());
    ASSERT_TRUE(orchestrator_.ApplyFleet({"acme", "globex"}, "http://127.0.0.1:9").ok());
    ASSERT_TRUE(orchestrator_.Import("acme", {"web-1", "web-2"}).ok());
    ASSERT_TRUE(orchestrator_.Import("globex", {"db-1"}).ok());
  }
  std::string Token(const std::string& zone, int uses = 1) {
    const auto token = orchestrator_.CreateToken(zone, uses);
    EXPECT_TRUE(token.ok()) << token.status();
    return token.ok() ? token->secret() : "";
  }
  FailureCode RefusalOf(const absl::Status& status) {
    EXPECT_FALSE(status.ok());
    const auto code = FailureCodeOf(status);
    EXPECT_TRUE(code.has_value()) << status;
    return code.value_or(FailureCode::kRequestInvalid);
  }

  TestOrchestrator orchestrator_;
};

TEST_F(BootstrapTest, ATokenLeadsToASession) {
  const auto worker = orchestrator_.Enroll(Token("acme/prod"), "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_TRUE(worker->response.admitted());
  EXPECT_EQ(worker->response.zone_pin().zone_id(), "acme/prod");
  EXPECT_EQ(worker->response.session_address(), orchestrator_.get().endpoints().session_address);
  const auto welcome = OpenSession(orchestrator_.SessionChannel(*worker));
  ASSERT_TRUE(welcome.ok()) << welcome.status();
  EXPECT_EQ(welcome->welcome().zone_pin().hub_url(), worker->response.zone_pin().hub_url());
}

// Reports may take all threads of operators' calls for long: machines come in and renew meanwhile.
TEST_F(BootstrapTest, AdmissionWaitsForNoOperatorsCall) {
  const std::string token = Token("acme/prod");
  orchestrator_.Stop();
  auto options = orchestrator_.Options();
  options.read_threads = 0;  // As if each were taken.
  ASSERT_TRUE(orchestrator_.Start(options).ok());
  const auto worker = orchestrator_.Enroll(token, "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_TRUE(OpenSession(orchestrator_.SessionChannel(*worker)).ok());
}

TEST_F(BootstrapTest, TokensThatAreNoGood) {
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll("nonsense", "web-1").status()),
            FailureCode::kTokenUnknown);
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll("", "web-1").status()), FailureCode::kTokenMalformed);
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll(std::string(1000, 'a'), "web-1").status()),
            FailureCode::kTokenMalformed);

  muster::admin::v1::CreateTokenRequest named;
  named.set_zone_id("acme/prod");
  named.add_server_names("web-2");
  const auto other = orchestrator_.CreateToken(named);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll(other->secret(), "web-1").status()),
            FailureCode::kTokenNameNotExpected);
}

TEST_F(BootstrapTest, AUsedUpTokenIsRefused) {
  const std::string token = Token("acme/prod");
  const auto worker = orchestrator_.Enroll(token, "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  ASSERT_TRUE(OpenSession(orchestrator_.SessionChannel(*worker)).ok());
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll(token, "web-2").status()), FailureCode::kTokenExhausted);
}

TEST_F(BootstrapTest, AnExpiredTokenIsRefused) {
  orchestrator_.Stop();
  const absl::Time now = SystemClock().Now();
  ASSERT_TRUE(orchestrator_
                  .WithStore([&](store::Transaction& turn) {
                    return turn.tokens().Insert(
                        {.id = TokenId("tok-old"),
                         .tenant_id = TenantId("acme"),
                         .zone_id = ZoneId("acme/prod"),
                         .secret_hash = identity::HashBootstrapSecret("old-secret"),
                         .create_time = now - absl::Hours(48),
                         .expire_time = now - absl::Hours(24)});
                  })
                  .ok());
  ASSERT_TRUE(orchestrator_.Start().ok());
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll("old-secret", "web-1").status()),
            FailureCode::kTokenExpired);
}

// A bootstrap that is repeated is answered with the same certificate, over the wire as well.
TEST_F(BootstrapTest, TheSameKeyGetsTheSameCertificateAndAnotherKeyNone) {
  muster::admin::v1::CreateTokenRequest two;
  two.set_zone_id("acme/prod");
  two.set_max_uses(2);
  const auto token = orchestrator_.CreateToken(two);
  ASSERT_TRUE(token.ok()) << token.status();
  const auto key = crypto::PrivateKey::Generate();
  const auto enroll = [&](const crypto::PrivateKey& with) -> absl::StatusOr<std::string> {
    wire::EnrollRequest request;
    request.set_token(token->secret());
    request.mutable_machine()->set_machine_name("web-1");
    request.set_certificate_request_pem(*crypto::CertificateRequest::Create(with, "wish"));
    grpc::ClientContext context;
    SetTestDeadline(context);
    wire::EnrollResponse response;
    const absl::Status status =
        rpc::FromGrpcStatus(wire::Bootstrap::NewStub(orchestrator_.BootstrapChannel())
                                ->Enroll(&context, request, &response));
    if (!status.ok()) return status;
    return response.certificate_pem();
  };
  const auto first = enroll(*key);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*enroll(*key), *first);
  EXPECT_EQ(RefusalOf(enroll(*crypto::PrivateKey::Generate()).status()),
            FailureCode::kBootstrapKeyWaits);
  const auto session =
      OpenSession(orchestrator_.SessionChannel(*first, std::string(key->ToPem()->Reveal())));
  EXPECT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(*enroll(*key), *first) << "also when it is in";
}

// Remedy walked: E-BOOTSTRAP-CSR
TEST_F(BootstrapTest, TheRequestMustBeSignedByItsKey) {
  wire::EnrollRequest request;
  request.set_token(Token("acme/prod"));
  request.mutable_machine()->set_machine_name("web-1");
  request.set_certificate_request_pem("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n");
  grpc::ClientContext context;
  SetTestDeadline(context);
  wire::EnrollResponse response;
  const absl::Status status =
      rpc::FromGrpcStatus(wire::Bootstrap::NewStub(orchestrator_.BootstrapChannel())
                              ->Enroll(&context, request, &response));
  EXPECT_EQ(RefusalOf(status), FailureCode::kBootstrapBadCsr);
  // An upgraded worker, with the same token: nothing of it was used.
  EXPECT_TRUE(orchestrator_.Enroll(request.token(), "web-1").ok());
}

TEST_F(BootstrapTest, TooManyCallsFromOneAddressAreRefusedForAWhile) {
  orchestrator_.Stop();
  OrchestratorOptions options = orchestrator_.Options();
  options.bootstrap_calls_per_minute = 4;  // One at once.
  ASSERT_TRUE(orchestrator_.Start(std::move(options)).ok());
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll("nonsense", "web-1").status()),
            FailureCode::kTokenUnknown);
  EXPECT_EQ(RefusalOf(orchestrator_.Enroll("nonsense", "web-1").status()),
            FailureCode::kBootstrapRateLimited);
}

// Whoever is refused is in the log, whatever for; and a flood of them is not.
TEST_F(BootstrapTest, EveryRefusalIsToldOnce) {
  std::string told;
  Mutex mu;
  log::SetSinkForTesting([&](absl::string_view line) {
    MutexLock lock(&mu);
    absl::StrAppend(&told, line, "\n");
  });
  const auto stub = wire::Bootstrap::NewStub(orchestrator_.BootstrapChannel());
  const auto ask = [&](const std::string& token, const std::string& name, const std::string& csr) {
    grpc::ClientContext context;
    SetTestDeadline(context);
    wire::EnrollRequest request;
    request.set_token(token);
    request.set_server_name(name);
    request.set_certificate_request_pem(csr);
    wire::EnrollResponse response;
    return RefusalOf(rpc::FromGrpcStatus(stub->Enroll(&context, request, &response)));
  };
  EXPECT_EQ(ask(Token("acme/prod"), "bad-request", "no PEM"), FailureCode::kBootstrapBadCsr);
  EXPECT_EQ(ask("", "no-token", "no PEM"), FailureCode::kTokenMalformed);
  log::SetSinkForTesting(nullptr);
  MutexLock lock(&mu);
  EXPECT_THAT(told, HasSubstr("bad-request"));
  EXPECT_THAT(told, HasSubstr("E-BOOTSTRAP-CSR"));
  EXPECT_THAT(told, HasSubstr("E-TOKEN-MALFORMED"));
}

// Certificates that this CA signed and yet nobody may use: not on record, where the server waits for
// its admission, or of another zone.
TEST_F(BootstrapTest, ACertificateMustBeTheOneOnRecord) {
  const auto worker = orchestrator_.Enroll(Token("acme/prod"), "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  const auto authority = orchestrator_.Authority();
  ASSERT_TRUE(authority.ok());
  const auto key = crypto::PrivateKey::FromPem(Secret::CopyOf(worker->key_pem));
  for (const char* zone : {"acme/prod", "globex/prod"}) {
    const auto forged =
        authority->IssueWorker(ZoneId(zone), ServerId(worker->server_id), key->public_key());
    ASSERT_TRUE(forged.ok());
    const auto session =
        OpenSession(orchestrator_.SessionChannel(forged->ToPem(), worker->key_pem));
    const FailureCode code = RefusalOf(session.status());
    EXPECT_TRUE(code == FailureCode::kDispatchNotAdmitted || code == FailureCode::kCertRevoked ||
                code == FailureCode::kCertForeign)
        << zone << ": " << session.status();
  }
}

TEST_F(BootstrapTest, ASecondSessionReplacesTheFirst) {
  const auto worker = orchestrator_.Enroll(Token("acme/prod"), "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  const auto stub = wire::Session::NewStub(orchestrator_.SessionChannel(*worker));
  grpc::ClientContext context;
  SetTestDeadline(context);
  const auto first = stub->Connect(&context);
  wire::WorkerMessage hello;
  hello.mutable_hello()->set_protocol_revision(1);
  first->Write(hello);
  wire::OrchestratorMessage message;
  ASSERT_TRUE(first->Read(&message));
  ASSERT_TRUE(message.has_welcome());
  ASSERT_TRUE(OpenSession(orchestrator_.SessionChannel(*worker)).ok());
  ASSERT_TRUE(first->Read(&message));
  EXPECT_EQ(message.goodbye().code(), "E-SESSION-REPLACED");
  first->WritesDone();
  EXPECT_EQ(RefusalOf(rpc::FromGrpcStatus(first->Finish())), FailureCode::kSessionReplaced);
}

TEST_F(BootstrapTest, AWorkerRenewsItsCertificateAndAnEvictedOneDoesNot) {
  const auto worker = orchestrator_.Enroll(Token("acme/prod"), "web-1");
  ASSERT_TRUE(worker.ok()) << worker.status();
  ASSERT_TRUE(OpenSession(orchestrator_.SessionChannel(*worker)).ok());
  const auto renew = [&]() -> absl::StatusOr<wire::RenewResponse> {
    const auto key = crypto::PrivateKey::FromPem(Secret::CopyOf(worker->key_pem));
    wire::RenewRequest request;
    request.set_certificate_request_pem(*crypto::CertificateRequest::Create(*key, "wish"));
    grpc::ClientContext context;
    SetTestDeadline(context);
    wire::RenewResponse response;
    const absl::Status status =
        rpc::FromGrpcStatus(wire::Session::NewStub(orchestrator_.SessionChannel(*worker))
                                ->Renew(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  };
  EXPECT_EQ(RefusalOf(renew().status()), FailureCode::kCertNotDue) << "made a moment ago";
  orchestrator_.Stop();
  ASSERT_TRUE(orchestrator_.AgeCertificates(absl::Hours(24 * 60)).ok());
  ASSERT_TRUE(orchestrator_.Start().ok());
  const auto renewed = renew();
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_NE(renewed->certificate_pem(), worker->certificate_pem);
  const auto again = renew();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->certificate_pem(), renewed->certificate_pem()) << "answered again";
  // Whoever asks without end is not heard.
  std::optional<FailureCode> refused;
  for (int i = 0; i < 10 && !refused.has_value(); ++i) {
    const auto more = renew();
    if (!more.ok()) refused = RefusalOf(more.status());
  }
  EXPECT_EQ(refused, FailureCode::kCertNotDue);

  grpc::ClientContext context;
  SetTestDeadline(context);
  muster::admin::v1::EvictServerRequest evict;
  evict.set_server("acme/prod/web-1");
  muster::admin::v1::Server server;
  ASSERT_TRUE(muster::admin::v1::ServerService::NewStub(orchestrator_.OperatorChannel())
                  ->EvictServer(&context, evict, &server)
                  .ok());
  EXPECT_EQ(server.admission(), muster::types::v1::ADMISSION_EVICTED);
  orchestrator_.Stop();
  ASSERT_TRUE(orchestrator_.Start().ok());  // Which forgets how often it asked.
  EXPECT_EQ(RefusalOf(renew().status()), FailureCode::kCertRevoked);
  EXPECT_EQ(RefusalOf(OpenSession(orchestrator_.SessionChannel(*worker)).status()),
            FailureCode::kCertRevoked);
}

}  // namespace
}  // namespace muster::app
