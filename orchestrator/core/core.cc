#include "orchestrator/core/core.h"

#include <utility>

#include "base/status_macros.h"
#include "orchestrator/core/admission/tokens.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/inventory/fleet.h"
#include "orchestrator/core/inventory/servers.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/pacing/pacing_table.h"
#include "orchestrator/core/posted_worker_events.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/verify/verification.h"
#include "orchestrator/core/verify/verifier.h"

namespace muster::core {
namespace {

constexpr absl::Duration kPruneEvery = absl::Hours(6);

}  // namespace

struct Core::Parts {
  explicit Parts(CoreDependencies d)
      : options(std::move(d.options)),
        clock(d.clock),
        strand(d.strand),
        control(d.store, d.strand, d.disk, d.clock, options.max_operations_per_turn,
                options.on_store_lost),
        agenda(control, d.clock, d.timers),
        ids(d.random),
        dispatcher(options.dispatch, control, agenda, ids, d.vault, d.workers, zones),
        pacing(options.pacing, agenda),
        verifier(options.verify, control, agenda, d.hub_reader, zones),
        engine(options, EngineParts{control, agenda, d.random, ids, zones, dispatcher, pacing,
                                    verifier, d.watch}),
        fleet(InventoryTools{d.vault, d.random, options.default_max_concurrent_joins}, zones,
              verifier),
        servers(ids, dispatcher, verifier),
        tokens(d.random),
        bootstraps(ids),
        verification(verifier, zones),
        operations{.fleet = {control, fleet},
                   .servers = {control, servers},
                   .tokens = {control, tokens},
                   .admission = {control, bootstraps},
                   .rollouts = {control, engine},
                   .verification = {control, verification}},
        worker_events(control, dispatcher, engine, zones, d.workers) {
    control.SetLastStep([this](Turn& turn) { return engine.Pump(turn); });
  }

  // Old commands are forgotten (invariant 2).
  absl::Status Prune(Turn& turn) {
    agenda.At(turn.now() + kPruneEvery, [this](Turn& next) { return Prune(next); });
    return turn.store().attempts().Prune(turn.now() - options.dispatch.command_memory).status();
  }

  const CoreOptions options;
  const Clock& clock;
  Strand& strand;
  TurnControl control;
  Agenda agenda;
  ZoneTable zones;
  OrderedIds ids;
  Dispatcher dispatcher;
  PacingTable pacing;
  Verifier verifier;
  RolloutEngine engine;
  Fleet fleet;
  Servers servers;
  Tokens tokens;
  Bootstraps bootstraps;
  Verification verification;
  const Operations operations;
  PostedWorkerEvents worker_events;
};

Core::Core(CoreDependencies dependencies)
    : parts_(std::make_unique<Parts>(std::move(dependencies))) {}

Core::~Core() = default;

absl::Status Core::Start() {
  Parts& p = *parts_;
  return p.control.RunNow([&p](Turn& turn) -> absl::Status {
    RETURN_IF_ERROR(p.engine.Recover(turn));
    RETURN_IF_ERROR(p.dispatcher.Recover(turn));
    RETURN_IF_ERROR(p.verifier.Recover(turn, [&p](const ServerId& server) {
      const OpenAttempt* open = p.dispatcher.FindOpen(server);
      // Doubt without an open attempt has nothing that could still run.
      return open == nullptr || open->answered;
    }));
    return p.Prune(turn);
  });
}

void Core::Stop() {
  parts_->control.Stop();
  parts_->strand.Post([this] { parts_->agenda.Clear(); });
}

const Operations& Core::operations() const { return parts_->operations; }
WorkerEvents& Core::worker_events() { return parts_->worker_events; }
Control& Core::control() { return parts_->control; }

}  // namespace muster::core
