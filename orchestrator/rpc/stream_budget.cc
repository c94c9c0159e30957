#include "orchestrator/rpc/stream_budget.h"

#include <grpcpp/server_context.h>

#include "base/crypto/digest.h"
#include "orchestrator/rpc/peer.h"
#include "proto/rpc/channel.h"

namespace muster::rpc {

std::optional<StreamBudget::Share> StreamBudget::Take(const std::string& peer) {
  MutexLock lock(&mu_);
  if (all_ >= limits_.of_all) return std::nullopt;
  int& open = of_peer_[peer];
  if (open >= limits_.of_one) return std::nullopt;
  ++open;
  ++all_;
  return Share(*this, peer);
}

void StreamBudget::GiveBack(const std::string& peer) {
  MutexLock lock(&mu_);
  --all_;
  const auto found = of_peer_.find(peer);
  if (--found->second == 0) of_peer_.erase(found);
}

std::string PeerOf(const grpc::ServerContextBase& context) {
  const std::string certificate = CertificatePemOf(context);
  return certificate.empty() ? AddressOfPeer(context.peer()) : crypto::Sha256(certificate);
}

}  // namespace muster::rpc
