#include "orchestrator/core/admission/bootstraps.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/certificates.h"
#include "orchestrator/core/admission/name_holders.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/admission/tokens.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/look_alikes.h"

namespace muster::core {
namespace {

using store::BootstrapToken;
using store::TokenState;
using store::WorkerCertificate;
using BootstrapDecision = Decision<BootstrapGrant>;

// What the state alone says.
std::optional<FailureCode> RefusalOf(TokenState state) {
  switch (state) {
    case TokenState::kActive:
      return std::nullopt;
    case TokenState::kExhausted:
      return FailureCode::kTokenExhausted;
    case TokenState::kExpired:
      return FailureCode::kTokenExpired;
    case TokenState::kRevoked:
      return FailureCode::kTokenRevoked;
    case TokenState::kLocked:
      return FailureCode::kTokenLocked;
  }
  return FailureCode::kTokenRevoked;
}

// What the server's own standing says.
std::optional<FailureCode> RefusalOf(const BootstrapToken& token, const store::Server& server) {
  if (const auto out = PutOutCode(server.admission)) return out;
  if (server.admission == store::Admission::kEvicted && server.admission_time.has_value() &&
      token.create_time <= *server.admission_time) {
    return FailureCode::kBootstrapEvicted;
  }
  return std::nullopt;
}

class BootstrapStep {
 public:
  BootstrapStep(Turn& turn, OrderedIds& ids, Refusals& refusals, LookAlikes& look_alikes,
                const BootstrapRequest& request)
      : turn_(turn), ids_(ids), refusals_(refusals), look_alikes_(look_alikes), request_(request) {}

  absl::StatusOr<BootstrapDecision> Decide() {
    ASSIGN_OR_RETURN(std::optional<BootstrapToken> token,
                     turn_.store().tokens().FindByHash(request_.secret_hash));
    if (!token.has_value()) return Refuse(nullptr, FailureCode::kTokenUnknown, "");
    if (token->state == TokenState::kActive && turn_.now() >= token->expire_time) {
      RETURN_IF_ERROR(MoveToken(turn_, kSystemActor, *token, TokenState::kExpired));
    }
    const absl::StatusOr<std::string> name = NormalizeServerName(request_.server_name);
    if (!name.ok()) {
      return Refuse(&*token, FailureCode::kTokenNameNotExpected, name.status().message());
    }
    name_ = *name;
    if (!NameExpected(*token)) return Refuse(&*token, FailureCode::kTokenNameNotExpected, "");
    ASSIGN_OR_RETURN(const std::optional<store::Server> server,
                     turn_.store().servers().FindByName(token->zone_id, name_));
    std::vector<WorkerCertificate> certificates;
    if (server.has_value()) {
      ASSIGN_OR_RETURN(certificates, turn_.store().certificates().ListOf(server->id));
    }
    const bool out = server.has_value() && PutOutCode(server->admission).has_value();
    if (!out) {
      if (const WorkerCertificate* answer = AnsweredWith(*token, certificates)) {
        return Grant(*token, *server, answer);
      }
    }
    if (const auto code = RefusalOf(token->state)) return Refuse(&*token, *code, "");
    ASSIGN_OR_RETURN(const bool left, HasUseLeft(turn_, *token, certificates));
    if (!left) return Refuse(&*token, FailureCode::kTokenExhausted, "");
    if (server.has_value()) {
      if (const auto code = RefusalOf(*token, *server)) return Refuse(&*token, *code, "");
    }
    ASSIGN_OR_RETURN(const std::optional<store::Server> out_before, PutOutBefore(*token, server));
    if (out_before.has_value()) {
      const FailureCode code =
          PutOutCode(out_before->admission).value_or(FailureCode::kBootstrapEvicted);
      RETURN_IF_ERROR(Observe(
          turn_, out_before->id, code,
          absl::StrCat("its machine came again as \"", name_, "\" from ", request_.address)));
      return Refuse(&*token, code, "this machine is known under another name");
    }
    ASSIGN_OR_RETURN(const bool key_out,
                     turn_.store().certificates().IsRevokedKey(request_.public_key_hash));
    if (key_out) return Refuse(&*token, FailureCode::kBootstrapEvicted, "its key was put out");
    if (server.has_value()) {
      ASSIGN_OR_RETURN(const auto held,
                       WhyHeld(turn_, *token, *server, certificates, request_.public_key_hash));
      if (held.has_value()) return Refuse(&*token, *held, "");
    } else {
      ASSIGN_OR_RETURN(const std::optional<store::Server> namesake,
                       turn_.store().servers().FindNamesake(token->zone_id, name_));
      if (namesake.has_value()) {
        return Refuse(&*token, FailureCode::kInventoryNamesake,
                      absl::StrCat("the inventory has ", namesake->name));
      }
    }
    ASSIGN_OR_RETURN(const std::optional<store::Server> other, KnownElsewhere(*token, server));
    if (other.has_value()) return RefuseOtherZone(*token, *other);
    if (server.has_value()) return Grant(*token, *server, nullptr);
    ASSIGN_OR_RETURN(const store::Server created, Create(*token));
    return Grant(*token, created, nullptr);
  }

 private:
  bool NameExpected(const BootstrapToken& token) const {
    return token.server_names.empty() || Names(token, name_);
  }

  // What the same request was answered with, whatever became of the token since (revoked and locked
  // excepted): the newest certificate of its key. Null: it was not, or the answer is of no use any
  // more.
  const WorkerCertificate* AnsweredWith(const BootstrapToken& token,
                                        const std::vector<WorkerCertificate>& all) const {
    if (token.state == TokenState::kRevoked || token.state == TokenState::kLocked) return nullptr;
    const WorkerCertificate* newest = nullptr;
    bool asked = false;
    for (const WorkerCertificate& certificate : all) {
      if (certificate.public_key_hash != request_.public_key_hash) continue;
      asked |= certificate.token_id == token.id;
      if (newest == nullptr && certificate.state == store::CertificateState::kActive &&
          turn_.now() < certificate.not_after) {
        newest = &certificate;
      }
    }
    return asked ? newest : nullptr;
  }

  // The server that this machine is under another name, when that one was put out: a rejected or
  // evicted one is asked about again only with a token that was made since, a banned one with none.
  // A token that names the new name says that these are two machines, yet not with one key.
  absl::StatusOr<std::optional<store::Server>> PutOutBefore(
      const BootstrapToken& token, const std::optional<store::Server>& server) {
    return turn_.store().servers().FindPutOut(
        {.zone_id = token.zone_id,
         .except = server.has_value() ? server->id : ServerId(),
         .machine_id_hash = Names(token, name_) ? "" : request_.machine.machine_id_hash,
         .public_key_hash = request_.public_key_hash,
         .token_create_time = token.create_time});
  }

  // A server of another zone that this machine is, by its own id or by a name that nobody expects
  // here.
  absl::StatusOr<std::optional<store::Server>> KnownElsewhere(
      const BootstrapToken& token, const std::optional<store::Server>& server) {
    const std::string& machine = request_.machine.machine_id_hash;
    if (token.any_name ||
        (server.has_value() && !machine.empty() && server->machine.machine_id_hash == machine)) {
      return std::optional<store::Server>();
    }
    const bool expected = server.has_value() || Names(token, name_);
    // Who was evicted, retired or rejected there may have moved here.
    return turn_.store().servers().FindElsewhere(
        token.zone_id, expected ? "" : name_, machine,
        {store::Admission::kRegistered, store::Admission::kPending, store::Admission::kAdmitted,
         store::Admission::kBanned});
  }

  // Three are told, each what is theirs to know.
  absl::StatusOr<BootstrapDecision> RefuseOtherZone(const BootstrapToken& token,
                                                    const store::Server& other) {
    RETURN_IF_ERROR(refusals_.Note(
        turn_,
        {.actor = absl::StrCat("address:", request_.address),
         .action = "bootstrap.other_zone",
         .subject = other.id.value(),
         .tenant_id = {},
         .code = FailureCode::kBootstrapOtherZone,
         .address = request_.address,
         .detail = absl::StrCat("\"", ShownName(), "\" from ", request_.address, " is ", other.name,
                                " of zone ", other.zone_id.value(), " and showed token ",
                                token.id.value(), " of zone ", token.zone_id.value()),
         .token_id = {},
         .server_name = {}}));
    RETURN_IF_ERROR(Observe(
        turn_, other.id, FailureCode::kBootstrapOtherZone,
        absl::StrCat("a machine with this server's name or machine id, at ", request_.address,
                     ", showed a token of another zone and was refused")));
    return Refuse(&token, FailureCode::kBootstrapOtherZone, "");
  }

  absl::StatusOr<store::Server> Create(const BootstrapToken& token) {
    store::Server server;
    server.id = ids_.Next<ServerId>(turn_.now());
    server.tenant_id = token.tenant_id;
    server.zone_id = token.zone_id;
    server.name = name_;
    server.machine = request_.machine;
    // Nobody expects it: it waits for an operator.
    if (!token.any_name && !Names(token, server.name)) {
      server.admission = store::Admission::kPending;
    }
    server.create_time = turn_.now();
    ServerChange change(turn_, absl::StrCat("token:", token.id.value()), "server.create", server.id,
                        server.zone_id);
    ASSIGN_OR_RETURN(const auto alike, look_alikes_.Warn(turn_, server.zone_id, server.name));
    RETURN_IF_ERROR(change.Insert(server));
    if (!alike.empty()) change.Note(SayLookAlikes(alike));
    RETURN_IF_ERROR(change.Record());
    look_alikes_.Add(server.zone_id, server.name);
    return server;
  }

  // With mode pending the server waits for an operator; with auto its first session admits it, for
  // only then is possession of the key proven. `answer` is what the same request was answered with;
  // null: it is new.
  absl::StatusOr<BootstrapDecision> Grant(const BootstrapToken& token, const store::Server& server,
                                          const WorkerCertificate* answer) {
    ASSIGN_OR_RETURN(std::optional<store::Zone> zone, turn_.store().zones().Find(token.zone_id));
    if (!zone.has_value()) return Refuse(&token, FailureCode::kTokenUnknown, "its zone is gone");
    BootstrapGrant grant;
    grant.server_id = server.id;
    grant.token_id = token.id;
    grant.zone = *std::move(zone);
    if (answer != nullptr) grant.certificate_pem = answer->pem;
    const bool in_use =
        answer != nullptr && answer->confirmed && server.admission == store::Admission::kAdmitted;
    grant.admitted = in_use || LetsIn(token, server, answer != nullptr && answer->admitted);
    if (!grant.admitted && store::MayMove(server.admission, store::Admission::kPending)) {
      ServerChange change(turn_, absl::StrCat("token:", token.id.value()), "server.pending",
                          server.id, server.zone_id);
      RETURN_IF_ERROR(change.Admission(server.admission, store::Admission::kPending));
      RETURN_IF_ERROR(change.Record());
    }
    return BootstrapDecision(std::move(grant));
  }

  std::string ShownName() const { return Shown(request_.server_name.substr(0, kMaxServerName)); }

  absl::StatusOr<BootstrapDecision> Refuse(const BootstrapToken* token, FailureCode code,
                                           absl::string_view why) {
    Refusal refusal{.actor = absl::StrCat("address:", request_.address),
                    .action = kBootstrapRefused,
                    .subject = token != nullptr ? token->id.value() : "",
                    .tenant_id = token != nullptr ? token->tenant_id : TenantId(),
                    .code = code,
                    .address = request_.address,
                    .detail = {},
                    .token_id = token != nullptr ? token->id : TokenId(),
                    .server_name = ShownName()};
    refusal.detail = absl::StrCat("server \"", refusal.server_name, "\" from ", request_.address,
                                  why.empty() ? "" : ": ", why);
    RETURN_IF_ERROR(refusals_.Note(turn_, refusal));
    return BootstrapDecision(Failure{code, refusal.detail});
  }

  Turn& turn_;
  OrderedIds& ids_;
  Refusals& refusals_;
  LookAlikes& look_alikes_;
  const BootstrapRequest& request_;
  std::string name_;  // The server's, normalized.
};

}  // namespace

absl::StatusOr<Decision<BootstrapGrant>> Bootstraps::Bootstrap(Turn& turn,
                                                               const BootstrapRequest& request) {
  return BootstrapStep(turn, ids_, refusals_, look_alikes_, request).Decide();
}

absl::StatusOr<RenewalGrant> Bootstraps::Renew(Turn& turn, const RenewalRequest& request) {
  return GrantRenewal(turn, request);
}

absl::StatusOr<WorkerCertificate> Bootstraps::RecordCertificate(
    Turn& turn, const WorkerCertificate& certificate) {
  return core::RecordCertificate(turn, certificate);
}

}  // namespace muster::core
