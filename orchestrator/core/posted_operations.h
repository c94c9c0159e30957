// Operations, as the rest of the orchestrator calls them: each call becomes one operation on the
// control strand and answers after its commit.
#ifndef MUSTER_ORCHESTRATOR_CORE_POSTED_OPERATIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_POSTED_OPERATIONS_H_

#include <string>
#include <vector>

#include "base/random.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/interfaces/operations.h"
#include "orchestrator/core/inventory/fleet.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/verify/verifier.h"

namespace muster::core {

class PostedOperations final : public Operations {
 public:
  PostedOperations(TurnControl& control, InventoryTools tools, ZoneTable& zones,
                   Dispatcher& dispatcher, RolloutEngine& engine, Verifier& verifier)
      : control_(control),
        tools_(tools),
        zones_(zones),
        dispatcher_(dispatcher),
        engine_(engine),
        verifier_(verifier) {}

  void ApplyFleet(Actor actor, std::vector<TenantInput> fleet, bool dry_run,
                  Answer<std::vector<std::string>> done) override;
  void SetJoiningKey(Actor actor, ZoneId zone, JoiningKeyInput key,
                     Answer<store::Zone> done) override;
  void ImportServers(Actor actor, std::vector<ServerInput> rows, bool partial, bool dry_run,
                     Answer<ImportOutcome> done) override;
  void EvictServer(Actor actor, ServerId server, std::string reason,
                   Answer<store::Server> done) override;
  void AdmitServer(Actor actor, ServerId server, Answer<store::Server> done) override;
  void CreateToken(Actor actor, TokenInput input, Answer<CreatedToken> done) override;
  void RevokeToken(Actor actor, TokenId token, Answer<store::BootstrapToken> done) override;
  void Bootstrap(BootstrapRequest request, Answer<BootstrapGrant> done) override;
  void RecordCertificate(store::WorkerCertificate certificate,
                         Answer<store::WorkerCertificate> done) override;
  void CreateRollout(Actor actor, RolloutInput input, Answer<store::Rollout> done) override;
  void PauseRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) override;
  void ResumeRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) override;
  void CancelRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) override;
  void Verify(Actor actor, std::vector<ZoneId> zones,
              Answer<std::vector<ZoneVerification>> done) override;

 private:
  TurnControl& control_;
  const InventoryTools tools_;
  ZoneTable& zones_;
  Dispatcher& dispatcher_;
  RolloutEngine& engine_;
  Verifier& verifier_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_POSTED_OPERATIONS_H_
