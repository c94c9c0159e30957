#include "orchestrator/core/posted_operations.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/tokens.h"
#include "orchestrator/core/control/ask.h"
#include "orchestrator/core/inventory/names.h"
#include "orchestrator/core/inventory/servers.h"

namespace muster::core {

// Cached zones are dropped with the change, before anybody looks again: what is read next, after it
// was committed or undone, is true.
void PostedOperations::ApplyFleet(Actor actor, std::vector<TenantInput> fleet, bool dry_run,
                                  Answer<std::vector<std::string>> done) {
  Ask<std::vector<std::string>>(
      control_,
      [this, actor = std::move(actor), fleet = std::move(fleet), dry_run](Turn& turn) {
        auto changes = core::ApplyFleet(turn, tools_, actor, fleet, dry_run);
        zones_.Clear();
        return changes;
      },
      std::move(done));
}

void PostedOperations::SetJoiningKey(Actor actor, ZoneId zone, JoiningKeyInput key,
                                     Answer<store::Zone> done) {
  Ask<store::Zone>(
      control_,
      [this, actor = std::move(actor), zone = std::move(zone), key = std::move(key)](Turn& turn) {
        auto changed = core::SetJoiningKey(turn, tools_, actor, zone, key);
        zones_.Clear();
        return changed;
      },
      std::move(done));
}

void PostedOperations::ImportServers(Actor actor, std::vector<ServerInput> rows, bool partial,
                                     bool dry_run, Answer<ImportOutcome> done) {
  Ask<ImportOutcome>(
      control_,
      [this, actor = std::move(actor), rows = std::move(rows), partial, dry_run](Turn& turn) {
        return core::ImportServers(turn, tools_.ids, actor, rows, partial, dry_run);
      },
      std::move(done));
}

void PostedOperations::EvictServer(Actor actor, ServerId server, std::string reason,
                                   Answer<store::Server> done) {
  Ask<store::Server>(
      control_,
      [this, actor = std::move(actor), server = std::move(server),
       reason = std::move(reason)](Turn& turn) -> absl::StatusOr<store::Server> {
        ASSIGN_OR_RETURN(store::Server evicted, core::EvictServer(turn, actor, server, reason));
        RETURN_IF_ERROR(dispatcher_.EndSession(
            turn, server, Failure{FailureCode::kCertRevoked, "evicted by an operator"}, false));
        return evicted;
      },
      std::move(done));
}

void PostedOperations::AdmitServer(Actor actor, ServerId server, Answer<store::Server> done) {
  Ask<store::Server>(
      control_,
      [actor = std::move(actor), server = std::move(server)](Turn& turn) {
        return core::AdmitServer(turn, actor, server);
      },
      std::move(done));
}

void PostedOperations::CreateToken(Actor actor, TokenInput input, Answer<CreatedToken> done) {
  Ask<CreatedToken>(
      control_,
      [this, actor = std::move(actor), input = std::move(input)](Turn& turn) {
        return core::CreateToken(turn, tools_.random, actor, input);
      },
      std::move(done));
}

void PostedOperations::RevokeToken(Actor actor, TokenId token, Answer<store::BootstrapToken> done) {
  Ask<store::BootstrapToken>(
      control_,
      [actor = std::move(actor), token = std::move(token)](Turn& turn) {
        return core::RevokeToken(turn, actor, token);
      },
      std::move(done));
}

// A refusal commits its record and is the caller's error all the same.
void PostedOperations::Bootstrap(BootstrapRequest request, Answer<BootstrapGrant> done) {
  Ask<BootstrapDecision>(
      control_,
      [this, request = std::move(request)](Turn& turn) {
        return DecideBootstrap(turn, tools_.ids, request);
      },
      [done = std::move(done)](absl::StatusOr<BootstrapDecision> decision) mutable {
        if (!decision.ok()) return done(decision.status());
        if (const Failure* refusal = std::get_if<Failure>(&*decision)) {
          return done(FailureStatus(refusal->code, refusal->detail));
        }
        done(std::get<BootstrapGrant>(*std::move(decision)));
      });
}

void PostedOperations::RecordCertificate(store::WorkerCertificate certificate,
                                         Answer<store::WorkerCertificate> done) {
  Ask<store::WorkerCertificate>(
      control_,
      [certificate = std::move(certificate)](Turn& turn) {
        return core::RecordCertificate(turn, certificate);
      },
      std::move(done));
}

void PostedOperations::CreateRollout(Actor actor, RolloutInput input, Answer<store::Rollout> done) {
  Ask<store::Rollout>(
      control_,
      [this, actor = std::move(actor), input = std::move(input)](Turn& turn) {
        return engine_.Create(turn, actor, input);
      },
      std::move(done));
}

void PostedOperations::PauseRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) {
  Ask<store::Rollout>(
      control_,
      [this, actor = std::move(actor), rollout = std::move(rollout)](Turn& turn) {
        return engine_.Pause(turn, actor, rollout);
      },
      std::move(done));
}

void PostedOperations::ResumeRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) {
  Ask<store::Rollout>(
      control_,
      [this, actor = std::move(actor), rollout = std::move(rollout)](Turn& turn) {
        return engine_.Resume(turn, actor, rollout);
      },
      std::move(done));
}

void PostedOperations::CancelRollout(Actor actor, RolloutId rollout, Answer<store::Rollout> done) {
  Ask<store::Rollout>(
      control_,
      [this, actor = std::move(actor), rollout = std::move(rollout)](Turn& turn) {
        return engine_.Cancel(turn, actor, rollout);
      },
      std::move(done));
}

void PostedOperations::Verify(Actor actor, std::vector<ZoneId> zones,
                              Answer<std::vector<ZoneVerification>> done) {
  // Two ways to answer: an error of the operation, or the hubs' word much later.
  auto answer = std::make_shared<Answer<std::vector<ZoneVerification>>>(std::move(done));
  control_.Post(
      [this, actor = std::move(actor), zones = std::move(zones), answer](Turn& turn) {
        for (const ZoneId& zone : zones) {
          ASSIGN_OR_RETURN(const ZoneEntry* entry, zones_.Find(turn, zone));
          if (entry == nullptr || !MaySee(actor, entry->zone.tenant_id)) {
            return FailureStatus(FailureCode::kZoneUnknown, absl::StrCat("no zone ", zone.value()));
          }
        }
        return verifier_.Verify(turn, zones, [answer](std::vector<ZoneVerification> lines) {
          (*answer)(std::move(lines));
        });
      },
      [answer](absl::Status status) {
        if (!status.ok()) (*answer)(std::move(status));
      });
}

}  // namespace muster::core
