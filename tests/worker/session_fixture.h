// One session on virtual time against a transport without a network: what the tests of the session
// loop share.
#ifndef MUSTER_TESTS_WORKER_SESSION_FIXTURE_H_
#define MUSTER_TESTS_WORKER_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "base/crypto/issue.h"
#include "base/random.h"
#include "proto/rpc/zone_pin.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/worker/failing_journal.h"
#include "tests/worker/fake_handler.h"
#include "tests/worker/fake_transport.h"
#include "tests/worker/memory_journal.h"
#include "tests/worker/worker_fixture.h"
#include "worker/session/session.h"

namespace muster::worker {

// Signs pins as an orchestrator's authority does.
class PinAuthority {
 public:
  PinAuthority()
      : root_(*crypto::SelfSign(key_,
                                {.subject_common_name = "Test CA",
                                 .not_before = absl::Now() - absl::Hours(1),
                                 .not_after = absl::Now() + absl::Hours(1),
                                 .is_ca = true},
                                SystemRandom())) {}
  std::string ca_pem() const { return root_.ToPem(); }
  v1::ZonePin SignedPin(const std::string& hub_url, int64_t version, bool allow_cli = false) const {
    return Signed(Pin(hub_url, allow_cli), version);
  }
  v1::ZonePin SignedPin(const std::string& hub_url, int64_t version,
                        const char* service_account) const {
    v1::ZonePin pin = Pin(hub_url, /*allow_cli=*/false);
    pin.set_service_account(service_account);
    return Signed(std::move(pin), version);
  }

 private:
  v1::ZonePin Signed(v1::ZonePin pin, int64_t version) const {
    pin.set_version(version);
    pin.set_signature(*key_.Sign(rpc::SignedTextOf(pin)));
    return pin;
  }

  crypto::PrivateKey key_ = *crypto::PrivateKey::Generate();
  crypto::Certificate root_;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    auto join = std::make_unique<FakeHandler>(v1::Command::kJoin);
    join_ = join.get();
    handlers_.push_back(std::move(join));
    auto probe = std::make_unique<FakeHandler>(v1::Command::kProbe);
    probe->only_reads = true;
    probe_ = probe.get();
    handlers_.push_back(std::move(probe));
  }
  ~SessionTest() override { StopSession(); }

  void StartSession(Journal* journal = nullptr) {
    SessionOptions options{.identity = {held_pin_, authority_.ca_pem()}};
    options.keep_pin = [this](const v1::ZonePin& pin) {
      if (keep_.ok()) held_pin_ = pin;
      return keep_;
    };
    options.own_problem = [this] { return own_problem_; };
    if (look_at_peer_) {
      options.look_at_peer = [this]() -> absl::AnyInvocable<std::optional<Failure>()> {
        return [this] { return look_at_peer_(); };
      };
    }
    options.moment = kept_moment_;
    options.keep_moment = [this](const v1::Moment& moment) {
      kept_moment_ = moment;
      ++moments_kept_;
    };
    options.identity.nonce = kept_nonce_;
    options.keep_nonce = [this](const std::string& nonce) {
      if (keep_nonce_.ok()) kept_nonce_ = nonce;
      return keep_nonce_;
    };
    options.boot = "this-run";
    options.look_by_itself = look_by_itself_;
    options.replaced_identity = [this] { return std::exchange(replaced_, std::nullopt); };
    options.on_state = [this](SessionState state, const absl::Status& status) {
      state_ = state;
      end_ = status;
    };
    session_ = Session::Create({.transport = transport_,
                                .journal = journal != nullptr ? *journal : journal_,
                                .handlers = handlers_,
                                .strand = strand_,
                                .executor = executor_,
                                .timers = clock_,
                                .clock = clock_,
                                .random = random_},
                               std::move(options));
    session_->Start();
    strand_.RunUntilIdle();
  }
  void StopSession() {
    if (session_ == nullptr) return;
    session_->Stop([] {});
    Settle();
    session_.reset();
    strand_.DropAll();
    executor_.DropAll();
  }
  // A crash: nothing more runs, only the journal is left.
  void Crash() {
    strand_.DropAll();
    executor_.DropAll();
    session_.reset();
  }
  void Settle() {
    do {
      strand_.RunUntilIdle();
      executor_.RunUntilIdle();
    } while (strand_.size() + executor_.size() > 0);
  }
  void Advance(absl::Duration by) {
    clock_.Advance(by);
    Settle();
  }
  // Until the next connection; how long it took.
  absl::Duration AwaitConnection() {
    const absl::Time start = clock_.Now();
    const size_t count = transport_.count();
    while (transport_.count() == count && clock_.AdvanceToNext()) Settle();
    return clock_.Now() - start;
  }
  FakeTransport::Connection& Open() {
    AwaitConnection();
    transport_.last().SayWelcome(clock_.Now(), Pin());
    Settle();
    return transport_.last();
  }

  FakeClock clock_;
  SeededRandom random_{7};
  ManualStrand strand_;
  ManualExecutor executor_;
  FakeTransport transport_;
  MemoryJournal journal_;
  CommandHandlers handlers_;
  FakeHandler* join_;
  FakeHandler* probe_;
  std::shared_ptr<Session> session_;
  SessionState state_ = SessionState::kWaiting;
  absl::Status end_;
  PinAuthority authority_;
  v1::ZonePin held_pin_ = Pin();
  absl::Status keep_;
  std::optional<Failure> own_problem_;
  std::function<std::optional<Failure>()> look_at_peer_;
  std::optional<v1::Moment> kept_moment_;
  std::string kept_nonce_;
  absl::Status keep_nonce_;
  int moments_kept_ = 0;
  bool look_by_itself_ = false;
  std::optional<SessionIdentity> replaced_;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_SESSION_FIXTURE_H_
