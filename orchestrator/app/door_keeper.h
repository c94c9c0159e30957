// The orchestrator's side of its door: starts that process, starts it again when it ends, and
// answers what it asks (docs/security.md, "The door").
//
//   sockets are bound here, once ─► door ─► it asks, the desk answers ─► it ends, whyever
//                                    ▲                                        │
//                                    └──── back-off, at most five seconds ◄───┘
//
// Connections wait in the system's queue meanwhile. What the door says is foreign: a packet that is
// none, or too many questions at once, ends it.
#ifndef MUSTER_ORCHESTRATOR_APP_DOOR_KEEPER_H_
#define MUSTER_ORCHESTRATOR_APP_DOOR_KEEPER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/timed_flag.h"
#include "muster/door/v1/door.pb.h"
#include "orchestrator/app/entrance.h"
#include "orchestrator/app/packet_socket.h"
#include "orchestrator/net/server_sockets.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"

namespace muster::app {

struct DoorOptions {
  std::string program;           // Path of muster-orchestrator.
  std::string address;           // "host:port", port 0 for any.
  std::string certificate_file;  // PEM; read again at each start of the door.
  std::string private_key_file;
  std::vector<std::string> names;  // Of the services, for its health.
  net::GateLimits connections;
  double calls_per_minute = 1200;
  int64_t memory_bytes = int64_t{128} << 20;
  std::string user = "nobody";              // To become when this process is root.
  std::vector<std::string> more_arguments;  // Of the program.
  // As ListenerOptions::on_lost.
  std::function<void(const absl::Status&)> on_lost;
  // For tests: each time that the door is about to be started, with its files read. May be null.
  std::function<void()> on_start;
};

class DoorKeeper final : public Entrance {
 public:
  // Waits until the door is open. E-SYSTEM-LISTEN with the reason when it does not open. `desk`,
  // `clock` and `random` are borrowed.
  static absl::StatusOr<std::unique_ptr<DoorKeeper>> Start(DoorOptions options,
                                                           rpc::BootstrapDesk& desk,
                                                           const Clock& clock, Random& random);
  ~DoorKeeper() override;

  int port() const override { return port_; }
  const std::string& name() const override { return name_; }
  net::GateCounts counts() const override;
  const net::GateLimits& limits() const override { return options_.connections; }
  void SetServing(bool serving) override;
  void Drain() override { SetServing(false); }
  void Stop(absl::Time deadline) override;
  // Its certificate was renewed: another door with that takes the place of this one.
  void Replace();

 private:
  // One life of the door, shared by answers that come late.
  struct Life;
  // What a door is to be; one that was started before it changed is told.
  struct Wanted {
    bool serving = false;
    uint64_t certificates = 0;  // How often they were replaced.
  };
  struct Deps {
    rpc::BootstrapDesk& desk;
    const Clock& clock;
    Random& random;
  };
  DoorKeeper(DoorOptions options, net::ServerSockets sockets, Deps d);
  void Run();
  absl::Status Live();
  absl::StatusOr<std::shared_ptr<Life>> Spawn();
  absl::StatusOr<Secret> SetupPacket(const Wanted& wanted);
  bool Hear(const std::shared_ptr<Life>& life, const std::string& packet);
  void Ask(const std::shared_ptr<Life>& life, muster::door::v1::Ask ask);
  absl::Status Bury(Life& life);
  void TellServing(Life& life) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DrainLife(Life& life) const;

  const std::string name_ = "bootstrap";
  const DoorOptions options_;
  std::optional<net::ServerSockets> sockets_;  // Until it is stopped.
  const int port_;
  const Deps d_;
  TimedFlag opened_;  // Once, or the first life ended.
  TimedFlag stopping_;
  TimedFlag ended_;  // The thread.
  std::atomic<bool> stop_ = false;
  mutable Mutex mu_;
  absl::Status first_ ABSL_GUARDED_BY(mu_);  // How the first life ended before it opened.
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  Wanted wanted_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<Life> life_ ABSL_GUARDED_BY(mu_);  // None before it has its setup.
  net::GateCounts counts_ ABSL_GUARDED_BY(mu_);      // Of this life, and
  net::GateCounts before_ ABSL_GUARDED_BY(mu_);      // of those before it.
  std::thread thread_;
};

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_DOOR_KEEPER_H_
