// How many streams that only watch (health, reflection) may be open at one listener: so many of one
// peer, so many of all. They cost memory for as long as somebody likes.
#ifndef MUSTER_ORCHESTRATOR_RPC_STREAM_BUDGET_H_
#define MUSTER_ORCHESTRATOR_RPC_STREAM_BUDGET_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"

namespace grpc {
class ServerContextBase;
}

namespace muster::rpc {

// Thread-safe. Outlives its shares.
class StreamBudget {
 public:
  struct Limits {
    int of_one = 8;
    int of_all = 256;
  };
  explicit StreamBudget(Limits limits) : limits_(limits) {}
  StreamBudget() : StreamBudget(Limits()) {}

  // One stream's place, given back when it is destroyed.
  class Share {
   public:
    Share(StreamBudget& budget, std::string peer) : budget_(&budget), peer_(std::move(peer)) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), peer_(std::move(other.peer_)) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->GiveBack(peer_);
    }

   private:
    StreamBudget* budget_;
    std::string peer_;
  };
  // None: there is no room for another one of this peer, or of anybody.
  std::optional<Share> Take(const std::string& peer);

 private:
  void GiveBack(const std::string& peer);

  const Limits limits_;
  Mutex mu_;
  int all_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<std::string, int> of_peer_ ABSL_GUARDED_BY(mu_);
};

// Who a caller is to a budget: the digest of its certificate, else its address.
std::string PeerOf(const grpc::ServerContextBase& context);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_STREAM_BUDGET_H_
