#include "orchestrator/app/door_process.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/platform/signals.h"
#include "base/secret.h"
#include "base/thread_timers.h"
#include "orchestrator/api/values.h"
#include "orchestrator/app/door_messages.h"
#include "orchestrator/app/door_walls.h"
#include "orchestrator/app/listeners.h"
#include "orchestrator/app/packet_socket.h"
#include "orchestrator/rpc/facts.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/grpc_log.h"

namespace muster::app {
namespace {

using muster::door::v1::Answer;
using muster::door::v1::Setup;
using muster::door::v1::ToDoor;
using muster::door::v1::ToOrchestrator;
using muster::worker::v1::EnrollResponse;

enum DoorExit { kDoorEnded = 0, kDoorFailed = 1 };

constexpr int kFilesBesideConnections = 64;
constexpr absl::Duration kTellCountsEvery = absl::Seconds(1);
// A caller has given up by then.
constexpr absl::Duration kLongestDrain = absl::Seconds(60);

// Asks the orchestrator.
class PipeDesk final : public rpc::BootstrapDesk {
 public:
  explicit PipeDesk(PacketSocket& pipe) : pipe_(pipe) {}

  void Ask(rpc::BootstrapAsk ask, Done done) override {
    ToOrchestrator packet;
    auto& said = *packet.mutable_ask();
    said.set_address(std::move(ask.address));
    said.set_token_hash(std::move(ask.token_hash));
    said.set_server_name(std::move(ask.server_name));
    said.set_certificate_request_pem(std::move(ask.certificate_request_pem));
    *said.mutable_machine() = api::ToProto(ask.machine);
    {
      MutexLock lock(&mu_);
      said.set_id(++last_id_);
      if (waiting_.size() < kMostQuestionsOfDoor) {
        waiting_.emplace(last_id_, std::exchange(done, nullptr));
      }
    }
    if (!done && pipe_.Send(packet.SerializeAsString())) return;
    if (!done) done = Take(said.id());
    if (done) done(absl::UnavailableError("the orchestrator is busy; try again"));
  }

  void OnAnswer(Answer answer) {
    Done done = Take(answer.id());
    if (!done) return;
    if (answer.code() == 0) return done(std::move(*answer.mutable_response()));
    done(absl::Status(static_cast<absl::StatusCode>(answer.code()), answer.message()));
  }

 private:
  Done Take(uint64_t id) {
    MutexLock lock(&mu_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return nullptr;
    Done done = std::move(found->second);
    waiting_.erase(found);
    return done;
  }

  PacketSocket& pipe_;
  Mutex mu_;
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, Done> waiting_ ABSL_GUARDED_BY(mu_);
};

int Fail(const absl::Status& why) {
  log::Error("the door cannot open", {{"reason", why}});
  return kDoorFailed;
}

std::optional<ToDoor> Next(PacketSocket& pipe) {
  std::optional<std::string> packet = pipe.Receive();
  ToDoor said;
  const bool parsed = packet.has_value() && said.ParseFromString(*packet);
  if (packet.has_value()) Wipe(*packet);  // The first one holds a key.
  if (!parsed) return std::nullopt;
  return said;
}

bool Tell(PacketSocket& pipe, const ToOrchestrator& said) {
  return pipe.Send(said.SerializeAsString());
}

// Again and again, until the process ends.
void TellCounts(PacketSocket& pipe, const Listener& listener, Timers& timers) {
  ToOrchestrator said;
  *said.mutable_counts() = ToProto(listener.counts());
  Tell(pipe, said);
  timers.After(kTellCountsEvery, [&] { TellCounts(pipe, listener, timers); });
}

ListenerOptions OptionsOf(Setup& setup, const DoorArguments& arguments) {
  ListenerOptions options{.name = "bootstrap", .address = "sockets of the orchestrator"};
  std::vector<int> sockets;
  for (int i = 0; i < arguments.listeners; ++i) sockets.push_back(kDoorFirstListener + i);
  options.sockets.emplace(std::move(sockets));
  options.credentials = rpc::TlsServerCredentials(
      {setup.certificate_chain_pem(), Secret::CopyOf(setup.private_key_pem())});
  Wipe(*setup.mutable_private_key_pem());
  options.names.assign(setup.service_names().begin(), setup.service_names().end());
  options.connections = FromProto(setup.limits());
  options.traffic = TrafficOfBootstraps(options.connections.handshake);
  return options;
}

}  // namespace

int RunDoor(const DoorArguments& arguments) {
  close_range(static_cast<unsigned>(kDoorFirstListener + arguments.listeners), ~0u, 0);
  IgnoreFailedWrites();
  rpc::RouteGrpcLog();
  PacketSocket pipe(kDoorPipe);
  std::optional<ToDoor> first = Next(pipe);
  if (!first.has_value() || !first->has_setup()) {
    std::cerr << "muster-orchestrator: 'door' is for muster-orchestrator itself; use 'serve'\n";
    return kDoorFailed;
  }
  Setup& setup = *first->mutable_setup();
  const absl::Status walls =
      BuildDoorWalls({.user = setup.user(),
                      .files = setup.limits().connections() + kFilesBesideConnections,
                      .parent = arguments.parent});
  if (!walls.ok()) return Fail(walls);

  ThreadTimers timers(SystemClock());
  BlockingPool pool("bootstrap", 2);
  PipeDesk desk(pipe);
  std::unique_ptr<MemoryWatch> watch;
  ListenerOptions options = OptionsOf(setup, arguments);
  options.services.push_back(
      rpc::MakeBootstrapService(desk, pool, SystemClock(), setup.calls_per_minute()));
  options.before_accept = [&]() -> absl::Status {
    if (setup.memory_bytes() > 0) watch = MemoryWatch::Start(setup.memory_bytes());
    const absl::Status closed = CloseSystemCalls();
    if (!closed.ok()) log::Warning("the door opens without seccomp", {{"reason", closed}});
    return absl::OkStatus();
  };
  options.on_lost = [&pipe](const absl::Status& why) {
    ToOrchestrator said;
    said.set_lost(std::string(why.message()));
    Tell(pipe, said);
  };
  auto listener = Listener::Start(std::move(options), SystemClock());
  if (!listener.ok()) return Fail(listener.status());
  (*listener)->SetServing(setup.serving());
  ToOrchestrator ready;
  ready.set_ready(true);
  Tell(pipe, ready);
  TellCounts(pipe, **listener, timers);

  while (std::optional<ToDoor> said = Next(pipe)) {
    if (said->has_answer()) desk.OnAnswer(std::move(*said->mutable_answer()));
    if (said->kind_case() == ToDoor::kServing) (*listener)->SetServing(said->serving());
    if (said->kind_case() != ToDoor::kDrainMs) continue;
    // Calls that run are answered meanwhile, on this thread.
    (*listener)->Drain();
    std::thread stop([&, drain = std::min(absl::Milliseconds(said->drain_ms()), kLongestDrain)] {
      (*listener)->Stop(absl::Now() + drain);
      pipe.End();
    });
    while (std::optional<ToDoor> last = Next(pipe)) {
      if (last->has_answer()) desk.OnAnswer(std::move(*last->mutable_answer()));
    }
    stop.join();
    break;
  }
  // Nothing here is worth an orderly end: the orchestrator has all that counts.
  _exit(kDoorEnded);
}

}  // namespace muster::app
