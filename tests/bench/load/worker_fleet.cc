#include "tests/bench/load/worker_fleet.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/notification.h"
#include "base/status_macros.h"
#include "muster/admin/v1/system.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/token_file.h"
#include "tests/bench/load/admin_client.h"
#include "tests/bench/load/inline_strand.h"
#include "tests/bench/load/stub_service.h"
#include "tests/worker/memory_journal.h"
#include "worker/app/runtime.h"
#include "worker/app/worker.h"
#include "worker/commands/join.h"
#include "worker/identity/enroll.h"
#include "worker/identity/key_ring.h"
#include "worker/rpc/grpc_bootstrap_client.h"

namespace muster::bench {
namespace {

using worker::SessionState;

// Workers share a strand only where a fleet has more of them.
constexpr int kStrands = 4096;

// Answers with facts that are ready: the command that does nothing.
class ReadyProbe final : public worker::CommandHandler {
 public:
  ReadyProbe(types::v1::MachineFacts machine, types::v1::ServiceFacts service) {
    result_.set_outcome(worker::v1::CommandResult::OUTCOME_SUCCEEDED);
    *result_.mutable_probe()->mutable_machine() = std::move(machine);
    *result_.mutable_probe()->mutable_service() = std::move(service);
  }
  worker::v1::Command::KindCase kind() const override { return worker::v1::Command::kProbe; }
  worker::v1::CommandResult Run(const worker::v1::Command&) override { return result_; }
  worker::v1::CommandResult Recover() override { return result_; }
  bool changes_nothing() const override { return true; }
  bool blocks() const override { return false; }

 private:
  worker::v1::CommandResult result_;
};

// What sessions tell their fleet.
struct FleetTally {
  Mutex mu;
  int opening ABSL_GUARDED_BY(mu) = 0;
  int lost ABSL_GUARDED_BY(mu) = 0;
  bool closing ABSL_GUARDED_BY(mu) = false;
  std::string error ABSL_GUARDED_BY(mu);
};

types::v1::MachineFacts FactsOf(const std::string& name) {
  types::v1::MachineFacts facts;
  facts.set_machine_name(name);
  facts.set_os("linux");
  facts.set_os_version("Debian GNU/Linux 12");
  facts.set_architecture("x86_64");
  facts.set_worker_version(MUSTER_VERSION);
  return facts;
}

// gRPC ends its callback threads with the last channel that has made callback calls, and must not
// do so on one of these threads, where streams let go of their channels. This channel, which leads
// nowhere, is let go of by the fleet's owner, after all others.
class LastChannel {
 public:
  LastChannel()
      : stub_(admin::v1::SystemService::NewStub(
            rpc::MakeChannel("unix:/nonexistent", rpc::LocalChannelCredentials()))) {
    stub_->async()->GetStatus(&context_, &request_, &response_,
                              [this](const grpc::Status&) { done_.Notify(); });
  }
  ~LastChannel() { done_.WaitForNotification(); }

 private:
  const std::unique_ptr<admin::v1::SystemService::Stub> stub_;
  grpc::ClientContext context_;
  admin::v1::GetStatusRequest request_;
  admin::v1::SystemStatus response_;
  Notification done_;
};

// A worker and the service beside it.
struct Member {
  std::unique_ptr<StubServiceDriver> service;
  std::shared_ptr<worker::KeyRing> keys = std::make_shared<worker::KeyRing>();
  bool was_open = false;  // Guarded by the fleet's tally.
  std::unique_ptr<worker::Worker> worker;
};

class GrpcWorkerFleet final : public WorkerFleet {
 public:
  GrpcWorkerFleet(doubles::HubDouble& hub, const std::string& lock_folder)
      : hub_(hub),
        lock_folder_(lock_folder),
        runtime_({.strands = kStrands,
                  .make_strand = [](int) { return std::make_unique<InlineStrand>(); },
                  .blocking_threads = 8}) {}

  ~GrpcWorkerFleet() override { Disconnect(); }

  absl::StatusOr<absl::Duration> Bootstrap(const std::string& token_file, int count,
                                           int at_once) override {
    ASSIGN_OR_RETURN(const worker::v1::TokenFile token, rpc::ParseTokenFile(token_file));
    identities_.resize(count);
    std::atomic<int> next = 0;
    Mutex mu;
    absl::Status first_error;
    const absl::Time start = absl::Now();
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < std::min(at_once, count); ++i) {
        callers.emplace_back([&] {
          for (int n = next++; n < count; n = next++) {
            absl::StatusOr<worker::Identity> identity = RequestIdentity(token, n);
            if (identity.ok()) {
              identities_[n] = *std::move(identity);
              continue;
            }
            MutexLock lock(&mu);
            first_error.Update(identity.status());
            next = count;
          }
        });
      }
    }
    if (!first_error.ok()) return Annotate(first_error, "bootstrap");
    return absl::Now() - start;
  }

  absl::StatusOr<absl::Duration> Connect(int count, int at_once) override {
    for (int i = 0; i < count; ++i) members_.push_back(MakeMember(i));
    const absl::Time start = absl::Now();
    for (const auto& member : members_) {
      {
        MutexLock lock(&tally_.mu);
        const auto room = [this, at_once]()
                              ABSL_NO_THREAD_SAFETY_ANALYSIS { return tally_.opening < at_once; };
        if (!tally_.mu.AwaitWithTimeout(absl::Condition(&room), absl::Minutes(2))) break;
        ++tally_.opening;
      }
      member->worker->Start();
    }
    MutexLock lock(&tally_.mu);
    const auto all_in = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return tally_.opening == 0; };
    if (!tally_.mu.AwaitWithTimeout(absl::Condition(&all_in), absl::Minutes(2))) {
      return absl::DeadlineExceededError(absl::StrCat(
          tally_.opening, " sessions did not open within two minutes; last error: ", tally_.error));
    }
    return absl::Now() - start;
  }

  void Disconnect() override {
    {
      MutexLock lock(&tally_.mu);
      tally_.closing = true;
    }
    for (const auto& member : members_) member->worker->Stop();
    members_.clear();
    MutexLock lock(&tally_.mu);
    tally_.closing = false;
  }

  int lost() const override {
    MutexLock lock(&tally_.mu);
    return tally_.lost;
  }

 private:
  static absl::StatusOr<worker::Identity> RequestIdentity(const worker::v1::TokenFile& token,
                                                          int number) {
    ASSIGN_OR_RETURN(const crypto::PrivateKey key, crypto::PrivateKey::Generate());
    worker::GrpcBootstrapClient client(token.bootstrap_address(), token.ca_bundle_pem());
    return worker::RequestIdentity(client, key,
                                   {.token = token,
                                    .machine = FactsOf(LoadServerName(number)),
                                    .server_name = LoadServerName(number),
                                    .now = SystemClock().Now()});
  }

  std::unique_ptr<Member> MakeMember(int number) {
    const worker::Identity& identity = identities_[number];
    const std::string name = LoadServerName(number);
    auto member = std::make_unique<Member>();
    member->service = std::make_unique<StubServiceDriver>(hub_, name);
    member->keys->Use(identity.private_key_pem);
    worker::WorkerParts parts;
    parts.identity = identity.Clone();
    parts.journal = std::make_unique<worker::MemoryJournal>(/*keep_acknowledged=*/false);
    parts.machine = FactsOf(name);
    parts.handlers.push_back(
        std::make_unique<ReadyProbe>(FactsOf(name), member->service->TakeSurvey().facts));
    parts.handlers.push_back(std::make_unique<worker::JoinHandler>(
        worker::JoinHandler::Parts{.api = *member->service,
                                   .service_control = service_control_,
                                   .clock = runtime_.clock(),
                                   .open_secret =
                                       [keys = member->keys](const worker::v1::Command& command) {
                                         return keys->OpenJoiningSecret(command);
                                       },
                                   .wait = [](absl::Duration) { return true; }},
        worker::JoinHandlerOptions{.zone_pin = identity.zone_pin,
                                   .lock_path = absl::StrCat(lock_folder_, "/", name)}));
    parts.on_state = [this, its = member.get()](SessionState state, const absl::Status& status) {
      OnState(*its, state, status);
    };
    member->worker = worker::Worker::Create(runtime_, std::move(parts));
    return member;
  }

  void OnState(Member& member, SessionState state, const absl::Status& status) {
    MutexLock lock(&tally_.mu);
    if (!status.ok()) tally_.error = status.ToString();
    if (state == SessionState::kOpen) {
      if (!member.was_open) --tally_.opening;
      member.was_open = true;
    } else if (member.was_open && !tally_.closing) {
      ++tally_.lost;
    }
  }

  doubles::HubDouble& hub_;
  const std::string lock_folder_;
  mutable FleetTally tally_;
  LastChannel last_channel_;
  StubServiceControl service_control_;
  std::vector<worker::Identity> identities_;
  worker::Runtime runtime_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace

std::unique_ptr<WorkerFleet> WorkerFleet::Create(doubles::HubDouble& hub,
                                                 const std::string& lock_folder) {
  return std::make_unique<GrpcWorkerFleet>(hub, lock_folder);
}

}  // namespace muster::bench
