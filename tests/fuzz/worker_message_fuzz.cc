// What a worker says in its session, as the orchestrator hears it: parts are its messages, in order.
// Whatever they are, the core hears of one session at most, in order, with texts that can be stored,
// and the stream ends once.
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/log.h"
#include "orchestrator/identity/certificate_authority.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/worker/session.h"
#include "orchestrator/rpc/worker/session_registry.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

using namespace muster;
using fuzz::Require;
using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

// An unknown code is told in the detail, with what it said.
constexpr size_t kMaxDetail = 2 * rpc::kMaxFactBytes + 64;

void RequireStorable(const store::MachineFacts& facts) {
  for (const ForeignText* text :
       {&facts.machine_name, &facts.os, &facts.os_version, &facts.architecture,
        &facts.worker_version, &facts.machine_id_hash}) {
    fuzz::RequireText(text->str(), rpc::kMaxFactBytes, "a machine's fact");
  }
}
void RequireStorable(const store::ServiceFacts& facts) {
  for (const ForeignText* text :
       {&facts.endpoint, &facts.version, &facts.hub_url, &facts.internal_instance_id}) {
    fuzz::RequireText(text->str(), rpc::kMaxFactBytes, "a service's fact");
  }
  fuzz::RequireText(facts.hub_instance_id.value(), rpc::kMaxFactBytes, "a hub's id");
}
void RequireStorable(const std::vector<Failure>& failures) {
  Require(failures.size() <= 2 * rpc::kMaxProblems, "problems are bounded in number");
  for (const Failure& failure : failures) {
    fuzz::RequireText(failure.detail, kMaxDetail, "a failure's detail");
    static_cast<void>(InfoOf(failure.code));
  }
}

class Listener final : public core::WorkerEvents {
 public:
  bool refuses = false;
  int opened = 0;
  int ready = 0;
  int ended = 0;

  void OpenSession(core::SessionOpening opening,
                   absl::AnyInvocable<void(absl::StatusOr<core::SessionGrant>)> done) override {
    ++opened;
    RequireStorable(opening.machine);
    if (opening.service) RequireStorable(*opening.service);
    if (opening.problems) RequireStorable(*opening.problems);
    Require(opening.zone_id == ZoneId("acme/prod") &&
                opening.server_id == ServerId("srv-mzxw6ytboi4dcmrtgq2t"),
            "who it is says the certificate alone");
    Require(!opening.pin.has_value(), "no pin without our signature");
    if (refuses) return done(absl::FailedPreconditionError("refused"));
    done(core::SessionGrant{
        {.zone_id = opening.zone_id, .hub_url = "https://hub.example", .version = 1}});
  }
  void SessionReady(core::SessionId) override { ++ready; }
  void SessionEnded(core::SessionId) override {
    ++ended;
    Require(opened == 1, "what ends was opened");
  }
  void Acknowledged(core::SessionId, CommandId, AttemptId) override { RequireOpen(); }
  void Started(core::SessionId, CommandId, AttemptId) override { RequireOpen(); }
  void Finished(core::SessionId, core::CommandReport report) override {
    RequireOpen();
    Require(report.failure.has_value() == (report.outcome != core::Outcome::kSucceeded) ||
                report.outcome == core::Outcome::kSucceeded,
            "what did not succeed has a failure");
    if (report.failure) RequireStorable(std::vector{*report.failure});
    if (report.machine) RequireStorable(*report.machine);
    if (report.service) RequireStorable(*report.service);
    if (report.problems) RequireStorable(*report.problems);
  }
  void PinHeld(core::SessionId, core::ZonePin held, std::string problem) override {
    RequireOpen();
    Require(held.version == 0, "no version without our signature");
    fuzz::RequireText(held.hub_url, rpc::kMaxFactBytes, "a pin's hub");
    fuzz::RequireText(problem, rpc::kMaxFactBytes, "a pin's problem");
  }
  void ClockSeen(core::SessionId, absl::Duration) override { RequireOpen(); }
  void Facts(core::SessionId, store::ServiceFacts service, std::vector<Failure> problems) override {
    RequireOpen();
    RequireStorable(service);
    RequireStorable(problems);
  }

 private:
  void RequireOpen() const { Require(ready == 1 && ended == 0, "nothing outside of a session"); }
};

class Stream final : public rpc::SessionStream {
 public:
  WorkerMessage* reading = nullptr;
  const OrchestratorMessage* writing = nullptr;
  bool finished = false;

  void Read(WorkerMessage* into) override {
    Require(reading == nullptr && !finished, "one read at a time");
    reading = into;
  }
  void Write(const OrchestratorMessage* message) override {
    Require(writing == nullptr && !finished, "one write at a time");
    Require(fuzz::CanBeSent(*message), "what is answered can be sent");
    writing = message;
  }
  void Finish(const absl::Status&) override {
    Require(!finished && writing == nullptr, "a stream ends once");
    finished = true;
  }
  void Cancel() override {}
};

rpc::PeerWorker Peer(const identity::CertificateAuthority& authority) {
  const auto key = *crypto::PrivateKey::Generate();
  const ZoneId zone("acme/prod");
  const ServerId server("srv-mzxw6ytboi4dcmrtgq2t");
  const auto certificate = *authority.IssueWorker(zone, server, key.public_key());
  return {.identity = {TenantId("acme"), zone, server},
          .certificate_id = CertificateId(certificate.serial_hex()),
          .public_key_hash = key.public_key().Fingerprint(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after(),
          .key = key.public_key()};
}

void WriteAll(rpc::Session& session, Stream& stream) {
  while (stream.writing != nullptr) {
    stream.writing = nullptr;
    session.OnWriteDone(true);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static FakeClock clock;
  static const auto& authority = *new identity::CertificateAuthority(
      *identity::CertificateAuthority::Create(SystemClock(), crypto::SecureRandom()));
  static auto& registry = *new rpc::SessionRegistry(clock, clock, {}, &authority);
  static const rpc::PeerWorker& peer = *new rpc::PeerWorker(Peer(authority));
  log::SetSinkForTesting([](absl::string_view line) {
    fuzz::RequireLine(absl::StripSuffix(line, "\n"), 16 << 10, "a line of the log");
  });
  const absl::string_view text = fuzz::TextOf(data, size);
  Listener listener;
  listener.refuses = absl::StartsWith(text, "# refused\n");
  Stream stream;
  const auto session =
      std::make_shared<rpc::Session>(registry.NewId(), peer, "192.0.2.1", registry, listener);
  session->Begin(stream);
  for (WorkerMessage& message : fuzz::MessagesOf<WorkerMessage>(text)) {
    if (stream.reading == nullptr) break;
    *std::exchange(stream.reading, nullptr) = std::move(message);
    session->OnReadDone(true);
    WriteAll(*session, stream);
  }
  stream.reading = nullptr;
  if (!stream.finished) session->OnReadDone(false);
  WriteAll(*session, stream);
  Require(stream.finished, "a stream ends");
  session->OnDone();
  Require(listener.opened <= 1 && listener.ended == listener.opened, "what was opened is ended");
  Require(listener.ready == (listener.opened == 1 && !listener.refuses ? 1 : 0),
          "granted is ready");
  Require(registry.Count() == 0, "nobody is left");
  return 0;
}
