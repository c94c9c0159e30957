// What an orchestrator says in a session, as the worker hears it: parts are its messages, in order,
// over as many connections as they make it take. Nothing of it ends the worker for good, makes one
// command run twice, or makes it believe a pin that its authority did not sign. A pin's signature
// "good" stands for the authority's.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "base/crypto/issue.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/random.h"
#include "proto/rpc/zone_pin.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"
#include "tests/worker/fake_transport.h"
#include "tests/worker/memory_journal.h"
#include "worker/session/session.h"

namespace {

using namespace muster;
using namespace muster::worker;
using fuzz::Require;

constexpr absl::Duration kLongestAway = absl::Hours(2);

// Counts what is done in earnest, by command.
class CountingHandler final : public CommandHandler {
 public:
  CountingHandler(v1::Command::KindCase kind, bool reads) : kind_(kind), reads_(reads) {}
  std::map<std::string, int> runs;
  v1::Command::KindCase kind() const override { return kind_; }
  v1::CommandResult Run(const v1::Command& command) override {
    Require(command.kind_case() == kind_, "a handler gets its own kind");
    Require(++runs[command.command_id()] == 1 || reads_, "a command takes effect once");
    v1::CommandResult result;
    result.set_outcome(v1::CommandResult::OUTCOME_SUCCEEDED);
    return result;
  }
  v1::CommandResult Recover() override { return {}; }
  bool changes_nothing() const override { return reads_; }

 private:
  const v1::Command::KindCase kind_;
  const bool reads_;
};

struct Authority {
  Authority()
      : root(*crypto::SelfSign(key,
                               {.subject_common_name = "Test CA",
                                .not_before = absl::Now() - absl::Hours(1),
                                .not_after = absl::Now() + absl::Hours(1),
                                .is_ca = true},
                               SystemRandom())) {}
  void SignIfGood(v1::ZonePin& pin) const {
    if (pin.signature() != "good") return;
    pin.set_signature(*key.Sign(rpc::SignedTextOf(pin)));
  }
  bool HasSigned(const v1::ZonePin& pin) const {
    return key.public_key().Verifies(rpc::SignedTextOf(pin), pin.signature());
  }
  const crypto::PrivateKey key = *crypto::PrivateKey::Generate();
  const crypto::Certificate root;
};

class World {
 public:
  explicit World(const Authority& authority) : authority_(authority) {
    pin_.set_zone_id("acme/prod");
    pin_.set_hub_url("https://hub.example");
    pin_.set_version(3);
    handlers_.push_back(std::make_unique<CountingHandler>(v1::Command::kJoin, false));
    handlers_.push_back(std::make_unique<CountingHandler>(v1::Command::kProbe, true));
    SessionOptions options{.identity = {pin_, authority.root.ToPem()}};
    options.keep_pin = [this](const v1::ZonePin& pin) {
      Require(authority_.HasSigned(pin), "a pin that is kept is signed");
      Require(pin.zone_id() == pin_.zone_id() && pin.version() > pin_.version(),
              "a pin that is kept is newer, and of the zone");
      pin_ = pin;
      return absl::OkStatus();
    };
    options.on_state = [](SessionState state, const absl::Status& status) {
      Require(state != SessionState::kEnded, "an orchestrator ends no worker for good");
      fuzz::RequireText(status.message(), 8 << 10, "why a session ended");
    };
    session_ = Session::Create({.transport = transport_,
                                .journal = journal_,
                                .handlers = handlers_,
                                .strand = strand_,
                                .executor = executor_,
                                .timers = clock_,
                                .clock = clock_,
                                .random = random_},
                               std::move(options));
    session_->Start();
    Settle();
  }
  ~World() {
    session_->Stop([] {});
    Settle();
    session_.reset();
    strand_.DropAll();
    executor_.DropAll();
  }

  void Say(v1::OrchestratorMessage message) {
    if (transport_.count() == 0 || !transport_.last().open) AwaitConnection();
    transport_.last().Say(std::move(message));
    Settle();
  }
  // However it was treated, a worker comes back.
  void AwaitConnection() {
    const absl::Time latest = clock_.Now() + kLongestAway;
    const size_t count = transport_.count();
    while (transport_.count() == count) {
      Require(clock_.NextTimer() <= latest, "a worker comes back");
      Require(clock_.AdvanceToNext(), "a worker comes back by itself");
      Settle();
    }
  }
  void Check() {
    const auto& sent = transport_.last().sent;
    for (const v1::WorkerMessage& message : sent) {
      Require(fuzz::CanBeSent(message), "what a worker says can be sent");
      if (!message.has_result()) continue;
      const v1::CommandResult& result = message.result();
      if (result.outcome() == v1::CommandResult::OUTCOME_SUCCEEDED) continue;
      Require(FindFailureCode(result.failure().code()).has_value(),
              "what did not succeed has a code");
    }
    if (!sent.empty()) Require(sent.front().has_hello(), "a session begins with Hello");
  }
  void Break() {
    transport_.last().Break();
    Settle();
    AwaitConnection();
    Check();
  }

 private:
  void Settle() {
    do {
      strand_.RunUntilIdle();
      executor_.RunUntilIdle();
    } while (strand_.size() + executor_.size() > 0);
  }

  const Authority& authority_;
  FakeClock clock_;
  SeededRandom random_{7};
  ManualStrand strand_;
  ManualExecutor executor_;
  FakeTransport transport_;
  MemoryJournal journal_;
  CommandHandlers handlers_;
  v1::ZonePin pin_;
  std::shared_ptr<Session> session_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& authority = *new Authority;
  log::SetSinkForTesting([](absl::string_view line) {
    fuzz::RequireLine(absl::StripSuffix(line, "\n"), 64 << 10, "a line of the log");
  });
  World world(authority);
  world.AwaitConnection();
  for (v1::OrchestratorMessage& message :
       fuzz::MessagesOf<v1::OrchestratorMessage>(fuzz::TextOf(data, size))) {
    if (message.has_zone_pin()) authority.SignIfGood(*message.mutable_zone_pin());
    if (message.has_welcome() && message.welcome().has_zone_pin()) {
      authority.SignIfGood(*message.mutable_welcome()->mutable_zone_pin());
    }
    world.Say(std::move(message));
    world.Check();
  }
  world.Break();
  return 0;
}
