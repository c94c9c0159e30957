// What the door and the orchestrator say to each other, as parts: "ask" ones as the orchestrator
// hears them from a door that strangers have taken over, "answer" ones as the door hears them.
#include <cstdint>

#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "muster/door/v1/door.pb.h"
#include "orchestrator/app/door_messages.h"
#include "orchestrator/app/packet_socket.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"
#include "proto/rpc/status.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"
#include "tests/orchestrator/rpc/fake_core.h"

#include <grpcpp/support/status.h>

namespace {

using namespace muster;
using fuzz::Require;
using muster::door::v1::ToDoor;
using muster::door::v1::ToOrchestrator;
using muster::worker::v1::EnrollResponse;

// Here and nowhere else the core would be asked: what comes so far is in form.
class CheckingControl final : public core::Control {
 public:
  int asked = 0;
  void Post(Operation, Done done) override {
    ++asked;
    if (done) done(absl::UnavailableError("stopped"));
  }
  void PostFirm(Operation) override {}
};

struct Orchestrator {
  FakeClock clock;
  const identity::CertificateAuthority authority =
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom());
  rpc::FakeWorkerEvents events;
  CheckingControl control;
  rpc::FakeAdmission admission;
  ManualExecutor pool;
  rpc::SessionRegistry registry{clock, clock, {}};
  const std::unique_ptr<rpc::BootstrapDesk> desk =
      rpc::MakeBootstrapDesk({.sessions = registry,
                              .events = events,
                              .admission = {control, admission},
                              .authority = authority,
                              .pool = pool,
                              .clock = clock},
                             {.session_address = "orchestrator:8443", .calls_per_minute = 1e9});
};

void HearAsk(Orchestrator& here, muster::door::v1::Ask ask) {
  const int before = here.control.asked;
  int answered = 0;
  const bool has_request = absl::StrContains(ask.certificate_request_pem(), "CERTIFICATE REQUEST");
  here.desk->Ask({.token_hash = ask.token_hash(),
                  .server_name = ask.server_name(),
                  .address = ask.address(),
                  .certificate_request_pem = ask.certificate_request_pem(),
                  .machine = rpc::FromProto(ask.machine())},
                 [&](absl::StatusOr<EnrollResponse> answer) {
                   ++answered;
                   Require(!answer.ok(), "nothing is given without the core");
                   fuzz::RequireText(rpc::ToGrpcStatus(answer.status()).error_message(), 16 << 10,
                                     "a refusal");
                 });
  here.pool.RunUntilIdle();
  Require(answered == 1, "what is asked is answered, once");
  if (here.control.asked == before) return;
  Require(has_request, "the core is asked with a certificate request");
  Require(ask.token_hash().size() == 64, "and a token's hash");
  Require(!ask.server_name().empty() && ask.server_name().size() <= 255, "and a name");
}

void HearCounts(const muster::door::v1::Counts& said) {
  const net::GateCounts counts = app::FromProto(said);
  Require(counts.connections >= 0 && counts.unproven >= 0 && counts.queued >= 0 &&
              counts.handshakes >= 0 && counts.taken >= 0,
          "counts are counts");
  for (const int64_t refused : counts.refused) {
    Require(refused >= 0 && refused <= int64_t{1} << 50, "sums of counts do not overflow");
  }
  Require(app::ToProto(counts).refused_size() == static_cast<int>(counts.refused.size()),
          "counts are told whole");
}

void HearAnswer(const muster::door::v1::Answer& answer) {
  if (answer.code() == 0) {
    Require(fuzz::CanBeSent(answer.response()), "a response goes on");
    return;
  }
  const absl::Status status(static_cast<absl::StatusCode>(answer.code()), answer.message());
  const grpc::Status sent = rpc::ToGrpcStatus(status);
  Require(!sent.ok(), "a refusal stays one");
  fuzz::RequireText(sent.error_message(), 17 << 10, "a refusal's message");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto& here = *new Orchestrator;
  log::SetSinkForTesting([](absl::string_view line) {
    fuzz::RequireLine(absl::StripSuffix(line, "\n"), 16 << 10, "a line of the log");
  });
  for (const absl::string_view part : fuzz::PartsOf(fuzz::TextOf(data, size))) {
    if (part.size() > app::PacketSocket::kMaxPacket) continue;
    if (ToOrchestrator said; fuzz::ReadMessage(part, said)) {
      if (said.has_ask()) HearAsk(here, said.ask());
      if (said.has_counts()) HearCounts(said.counts());
    }
    if (ToDoor said; fuzz::ReadMessage(part, said)) {
      if (said.has_answer()) HearAnswer(said.answer());
      if (said.has_setup()) static_cast<void>(app::FromProto(said.setup().limits()));
    }
  }
  return 0;
}
