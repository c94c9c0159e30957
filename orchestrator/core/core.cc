#include "orchestrator/core/core.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/bootstraps.h"
#include "orchestrator/core/admission/moment_watch.h"
#include "orchestrator/core/admission/refusals.h"
#include "orchestrator/core/admission/tokens.h"
#include "orchestrator/core/audit/evidence_record.h"
#include "orchestrator/core/audit/head_keeper.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/control/failure_kind.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/control/turn_control.h"
#include "orchestrator/core/dispatch/dispatcher.h"
#include "orchestrator/core/enrollment/enrollments.h"
#include "orchestrator/core/enrollment/verification.h"
#include "orchestrator/core/enrollment/verifier.h"
#include "orchestrator/core/housekeeping/housekeeper.h"
#include "orchestrator/core/hubs/hub_desk.h"
#include "orchestrator/core/hubs/hub_poller.h"
#include "orchestrator/core/inventory/fleet.h"
#include "orchestrator/core/inventory/look_alikes.h"
#include "orchestrator/core/inventory/servers.h"
#include "orchestrator/core/inventory/zone_table.h"
#include "orchestrator/core/notify/condition_watch.h"
#include "orchestrator/core/notify/notification_desk.h"
#include "orchestrator/core/notify/outbox.h"
#include "orchestrator/core/notify/postman.h"
#include "orchestrator/core/operators/operators.h"
#include "orchestrator/core/pacing/pacing_table.h"
#include "orchestrator/core/posted_worker_events.h"
#include "orchestrator/core/rollout/engine.h"
#include "orchestrator/core/sweep/finding_keeper.h"
#include "orchestrator/core/sweep/sweeper.h"

namespace muster::core {
struct Core::Parts {
  explicit Parts(CoreDependencies d)
      : options(std::move(d.options)),
        clock(d.clock),
        strand(d.strand),
        control(d.store, d.strand, d.disk, d.clock, options.max_operations_per_turn,
                options.on_store_lost),
        agenda(control, d.clock, d.timers),
        heads(options.audit_heads, d.audit_key, d.head_book, agenda),
        housekeeper(options.retention, options.dispatch.command_memory, control, agenda, heads),
        ids(d.random),
        dispatcher(options.dispatch, agenda, ids, d.vault, d.workers, zones, d.work_watch),
        pacing(options.pacing, agenda),
        hubs(options.verify, control, agenda, d.hub_reader, zones),
        verifier(options.verify, control, hubs, zones),
        enrollments(options, control, dispatcher, verifier),
        engine(options, EngineParts{control, agenda, d.random, ids, zones, dispatcher, pacing, hubs,
                                    enrollments, d.watch, d.work_watch}),
        fleet(InventoryTools{d.vault, d.random, options.default_max_concurrent_joins}, zones,
              verifier),
        servers(ids, dispatcher, verifier, enrollments, look_alikes),
        tokens(d.random),
        refusals(agenda),
        bootstraps(ids, refusals, look_alikes),
        verification(verifier, zones),
        hub_desk(hubs, zones),
        operators(d.operator_watch, refusals),
        findings(options.sweep, ids),
        sweeper(options.sweep, {control, agenda, ids, zones, verifier, findings,
                                [this](const ServerId& server) {
                                  return dispatcher.sessions().FindOf(server) != nullptr;
                                },
                                [this](Turn& turn, const ZoneId& zone, TakeAnswers done) {
                                  return dispatcher.looks().Ask(
                                      turn, zone, [done = std::move(done)](Turn& t, LookRound r) {
                                        return done(t, r.asked, std::move(r.answered));
                                      });
                                }}),
        postman(options.notify, control, agenda, d.random, d.sender),
        outbox(options.notify, agenda, ids, [this](Turn& turn) { postman.PumpAt(turn.now()); }),
        conditions(options.notify, agenda, outbox),
        notifications(options.notify, d.vault, outbox, postman, conditions),
        operations{.fleet = {control, fleet},
                   .servers = {control, servers},
                   .tokens = {control, tokens},
                   .admission = {control, bootstraps},
                   .rollouts = {control, engine},
                   .verification = {control, verification},
                   .hubs = {control, hub_desk},
                   .operators = {control, operators},
                   .findings = {control, findings},
                   .sweeps = {control, sweeper},
                   .evidence = {control, evidence},
                   .notifications = {control, notifications}},
        moments(options.on_older),
        worker_events(control, dispatcher, enrollments, engine, zones, moments, refusals, findings,
                      d.workers, d.clock) {
    dispatcher.looks().SetFreed([this](const ServerId& server) { engine.ServerReady(server); });
    control.SetOnDurable(
        [&workers = d.workers](const store::AuditLink& moment) { workers.NoteMoment(moment); });
    control.SetReload([this](Turn& turn, const Concerned& concerned, const absl::Status& why) {
      return Reload(turn, concerned, why);
    });
    control.SetLastStep([this](Turn& turn) -> absl::Status {
      if (zones.TakeChanged()) {
        RETURN_IF_ERROR(dispatcher.PushZonePins(turn));
        RETURN_IF_ERROR(sweeper.Replan(turn));
      }
      RETURN_IF_ERROR(engine.Pump(turn));
      RETURN_IF_ERROR(outbox.Consider(turn));
      return heads.Consider(turn);
    });
  }

  // What memory holds of these is thrown away and read from the store, in the order of the start.
  absl::Status Reload(Turn& turn, const Concerned& concerned, const absl::Status& why) {
    const std::set<ServerId> anew(concerned.servers.begin(), concerned.servers.end());
    for (const ServerId& server : anew) {
      const absl::Status reloaded = ReloadOrUndo(turn, server);
      if (!reloaded.ok() && KindOf(reloaded) == FailureKind::kStoreLost) return reloaded;
      if (!reloaded.ok()) {
        log::Error("what is on record of a server contradicts itself; it is left alone",
                   {{"server", server}, {"error", reloaded}});
        engine.Forget(server);
        verifier.Forget(server);
        dispatcher.Bar(turn, server);
      }
      RETURN_IF_ERROR(Audit(turn, kSystemActor, "server.inconsistent", server.value(), TenantId(),
                            absl::StrCat("undone and read anew: ", why.message())));
    }
    for (const RolloutId& rollout : concerned.rollouts) engine.Reload(rollout);
    return absl::OkStatus();
  }

  absl::Status ReloadOrUndo(Turn& turn, const ServerId& server) {
    RETURN_IF_ERROR(turn.store().Mark());
    const absl::Status status = ReloadServer(turn, server);
    const absl::Status ended = status.ok() ? turn.store().Release() : turn.store().RollBackToMark();
    return ended.ok() ? status : ended;
  }

  absl::Status ReloadServer(Turn& turn, const ServerId& server) {
    engine.Forget(server);
    verifier.Forget(server);
    RETURN_IF_ERROR(engine.Reload(turn, server));
    RETURN_IF_ERROR(dispatcher.Reload(turn, server));
    return enrollments.Reload(turn, server);
  }

  const CoreOptions options;
  const Clock& clock;
  Strand& strand;
  TurnControl control;
  Agenda agenda;
  HeadKeeper heads;
  Housekeeper housekeeper;
  ZoneTable zones;
  OrderedIds ids;
  Dispatcher dispatcher;
  PacingTable pacing;
  HubPoller hubs;
  Verifier verifier;
  Enrollments enrollments;
  RolloutEngine engine;
  LookAlikes look_alikes;
  Fleet fleet;
  Servers servers;
  Tokens tokens;
  Refusals refusals;
  Bootstraps bootstraps;
  Verification verification;
  HubDesk hub_desk;
  Operators operators;
  FindingKeeper findings;
  Sweeper sweeper;
  EvidenceRecord evidence;
  Postman postman;
  Outbox outbox;
  ConditionWatch conditions;
  NotificationDesk notifications;
  const Operations operations;
  MomentWatch moments;
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
    RETURN_IF_ERROR(p.enrollments.Recover(turn));
    RETURN_IF_ERROR(p.sweeper.Recover(turn));
    RETURN_IF_ERROR(p.hubs.Recover(turn));
    RETURN_IF_ERROR(p.heads.Recover(turn));
    RETURN_IF_ERROR(p.postman.Recover(turn));
    RETURN_IF_ERROR(p.outbox.Recover(turn));
    p.conditions.Start(turn.now());
    p.housekeeper.Start(turn.now());
    return absl::OkStatus();
  });
}

void Core::SignAudit(absl::AnyInvocable<void(absl::Status)> done) {
  parts_->control.Post(
      [this](Turn& turn) -> absl::Status {
        RETURN_IF_ERROR(parts_->refusals.TellAll(turn));
        return parts_->heads.SignEnd(turn);
      },
      std::move(done));
}

void Core::TakeSystemConditions(std::vector<SystemCondition> found) {
  parts_->control.PostFirm([this, found = std::move(found)](Turn& turn) {
    return parts_->conditions.TakeSystem(turn, found);
  });
}

void Core::Stop() {
  parts_->control.Stop();
  parts_->strand.Post([this] { parts_->agenda.Clear(); });
}

const Operations& Core::operations() const { return parts_->operations; }
WorkerEvents& Core::worker_events() { return parts_->worker_events; }

}  // namespace muster::core
