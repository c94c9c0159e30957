#include "orchestrator/core/admission/tokens.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/admission/observations.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/inventory/names.h"
#include "orchestrator/core/operators/request_ids.h"

namespace muster::core {
namespace {

using store::BootstrapToken;
using store::TokenState;
using BootstrapDecision = Decision<BootstrapGrant>;

constexpr absl::Duration kLongestTtl = absl::Hours(24 * 30);

absl::Status MoveToken(Turn& turn, absl::string_view actor, BootstrapToken& token, TokenState to) {
  RETURN_IF_ERROR(turn.store().tokens().SetState(token.id, token.state, to));
  RETURN_IF_ERROR(Audit(turn, actor, "token.state", token.id.value(), token.tenant_id,
                        absl::StrCat(store::ToString(token.state), " → ", store::ToString(to))));
  token.state = to;
  return absl::OkStatus();
}

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

bool Names(const BootstrapToken& token, absl::string_view name) {
  return std::any_of(
      token.server_names.begin(), token.server_names.end(),
      [name](const std::string& named) { return FoldName(named) == FoldName(name); });
}

bool IsEvictedKey(const store::WorkerCertificate& certificate, const BootstrapRequest& request) {
  return certificate.state == store::CertificateState::kRevoked &&
         certificate.public_key_hash == request.public_key_hash;
}

// Another key for a name that is in: a second machine, or one that was made anew. The token's maker
// tells which, by naming the server; so does a certificate that has ended.
bool IsTaken(const BootstrapToken& token, const store::Server& server,
             const store::WorkerCertificate& certificate, const BootstrapRequest& request,
             absl::Time now) {
  if (certificate.state != store::CertificateState::kActive || !certificate.confirmed ||
      certificate.public_key_hash == request.public_key_hash) {
    return false;
  }
  const bool may_replace = token.mode == store::TokenMode::kAuto &&
                           (Names(token, server.name) || now >= certificate.not_after);
  return !may_replace;
}

// What the server's own standing says; `certificates` are the server's.
std::optional<FailureCode> RefusalOf(const BootstrapToken& token, const store::Server& server,
                                     const std::vector<store::WorkerCertificate>& certificates,
                                     const BootstrapRequest& request, absl::Time now) {
  if (const auto out = PutOutCode(server.admission)) return out;
  if (server.admission == store::Admission::kEvicted && server.admission_time.has_value() &&
      token.create_time <= *server.admission_time) {
    return FailureCode::kBootstrapEvicted;
  }
  for (const store::WorkerCertificate& certificate : certificates) {
    if (IsEvictedKey(certificate, request)) return FailureCode::kBootstrapEvicted;
    if (IsTaken(token, server, certificate, request, now)) return FailureCode::kBootstrapNameTaken;
  }
  return std::nullopt;
}

// Counted uses, and those promised to others than `server`: their certificates wait for a first
// session.
absl::StatusOr<bool> UsesLeft(Turn& turn, const BootstrapToken& token,
                              const std::vector<store::WorkerCertificate>& of_server) {
  const absl::Time since = turn.now() - kFirstSessionWithin;
  ASSIGN_OR_RETURN(int promised, turn.store().certificates().CountUnconfirmed(token.id, since));
  for (const store::WorkerCertificate& certificate : of_server) {
    if (certificate.state == store::CertificateState::kActive && !certificate.confirmed &&
        certificate.token_id == token.id && certificate.create_time >= since) {
      --promised;  // RecordCertificate replaces it.
    }
  }
  return token.uses + promised < token.max_uses;
}

class BootstrapStep {
 public:
  BootstrapStep(Turn& turn, OrderedIds& ids, const BootstrapRequest& request)
      : turn_(turn), ids_(ids), request_(request) {}

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
    std::vector<store::WorkerCertificate> certificates;
    if (server.has_value()) {
      ASSIGN_OR_RETURN(certificates, turn_.store().certificates().ListOf(server->id));
    }
    const bool out = server.has_value() && PutOutCode(server->admission).has_value();
    if (!out && Repeats(*token, certificates)) return Grant(*token, *server);
    if (const auto code = RefusalOf(token->state)) return Refuse(&*token, *code, "");
    ASSIGN_OR_RETURN(const bool left, UsesLeft(turn_, *token, certificates));
    if (!left) return Refuse(&*token, FailureCode::kTokenExhausted, "");
    if (server.has_value()) {
      if (const auto code = RefusalOf(*token, *server, certificates, request_, turn_.now())) {
        return Refuse(&*token, *code, "");
      }
    }
    if (!server.has_value()) {
      ASSIGN_OR_RETURN(const std::optional<store::Server> namesake,
                       turn_.store().servers().FindNamesake(token->zone_id, name_));
      if (namesake.has_value()) {
        return Refuse(&*token, FailureCode::kInventoryNamesake,
                      absl::StrCat("the inventory has ", namesake->name));
      }
    }
    ASSIGN_OR_RETURN(const std::optional<store::Server> out_before, PutOutBefore(*token, server));
    if (out_before.has_value()) {
      const FailureCode code = *PutOutCode(out_before->admission);
      RETURN_IF_ERROR(Observe(
          turn_, out_before->id, code,
          absl::StrCat("its machine came again as \"", name_, "\" from ", request_.address)));
      return Refuse(&*token, code, "this machine is known under another name");
    }
    ASSIGN_OR_RETURN(const std::optional<store::Server> other, KnownElsewhere(*token, server));
    if (other.has_value()) return RefuseOtherZone(*token, *other);
    if (server.has_value()) return Grant(*token, *server);
    ASSIGN_OR_RETURN(const store::Server created, Create(*token));
    return Grant(*token, created);
  }

 private:
  bool NameExpected(const BootstrapToken& token) const {
    return token.server_names.empty() || Names(token, name_);
  }

  // The answer to the same request was lost: the key has its certificate already.
  bool Repeats(const BootstrapToken& token,
               const std::vector<store::WorkerCertificate>& certificates) const {
    if (token.state == TokenState::kRevoked || token.state == TokenState::kLocked) return false;
    return std::any_of(certificates.begin(), certificates.end(),
                       [&](const store::WorkerCertificate& certificate) {
                         return certificate.state == store::CertificateState::kActive &&
                                certificate.token_id == token.id &&
                                certificate.public_key_hash == request_.public_key_hash;
                       });
  }

  // The server that this machine is under another name, when that one was put out: a rejected one is
  // asked about again only with a token that was made since, a banned one with none. A token that
  // names the new name says that these are two machines.
  absl::StatusOr<std::optional<store::Server>> PutOutBefore(
      const BootstrapToken& token, const std::optional<store::Server>& server) {
    if (Names(token, name_)) return std::optional<store::Server>();
    ASSIGN_OR_RETURN(
        std::vector<store::Server> known,
        turn_.store().servers().ListOfMachine(token.zone_id, request_.machine.machine_id_hash,
                                              request_.public_key_hash));
    for (store::Server& other : known) {
      if (server.has_value() && other.id == server->id) continue;
      const bool since =
          other.admission_time.has_value() && token.create_time > *other.admission_time;
      if (other.admission == store::Admission::kBanned ||
          (other.admission == store::Admission::kRejected && !since)) {
        return std::optional<store::Server>(std::move(other));
      }
    }
    return std::optional<store::Server>();
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
    ASSIGN_OR_RETURN(
        std::vector<store::Server> others,
        turn_.store().servers().ListNamesakes(token.zone_id, expected ? "" : name_, machine));
    for (store::Server& other : others) {
      switch (other.admission) {
        case store::Admission::kRegistered:
        case store::Admission::kPending:
        case store::Admission::kAdmitted:
        case store::Admission::kBanned:
          return std::optional<store::Server>(std::move(other));
        case store::Admission::kEvicted:
        case store::Admission::kRetired:
        case store::Admission::kRejected:
          break;  // It may have moved here.
      }
    }
    return std::optional<store::Server>();
  }

  // Three are told, each what is theirs to know.
  absl::StatusOr<BootstrapDecision> RefuseOtherZone(const BootstrapToken& token,
                                                    const store::Server& other) {
    RETURN_IF_ERROR(Audit(
        turn_, absl::StrCat("address:", request_.address), "bootstrap.other_zone", other.id.value(),
        TenantId(),
        absl::StrCat("\"", request_.server_name.substr(0, 253), "\" from ", request_.address,
                     " is ", other.name, " of zone ", other.zone_id.value(), " and showed token ",
                     token.id.value(), " of zone ", token.zone_id.value())));
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
    RETURN_IF_ERROR(change.Insert(server));
    RETURN_IF_ERROR(change.Record());
    return server;
  }

  // With mode pending the server waits for an operator; with auto its first session admits it, for
  // only then is possession of the key proven.
  absl::StatusOr<BootstrapDecision> Grant(const BootstrapToken& token,
                                          const store::Server& server) {
    ASSIGN_OR_RETURN(std::optional<store::Zone> zone, turn_.store().zones().Find(token.zone_id));
    if (!zone.has_value()) return Refuse(&token, FailureCode::kTokenUnknown, "its zone is gone");
    BootstrapGrant grant;
    grant.server_id = server.id;
    grant.token_id = token.id;
    grant.zone = *std::move(zone);
    grant.admitted = server.admission == store::Admission::kAdmitted || Admits(token, server);
    if (!grant.admitted && server.admission != store::Admission::kPending) {
      ServerChange change(turn_, absl::StrCat("token:", token.id.value()), "server.pending",
                          server.id, server.zone_id);
      RETURN_IF_ERROR(change.Admission(server.admission, store::Admission::kPending));
      RETURN_IF_ERROR(change.Record());
    }
    return BootstrapDecision(std::move(grant));
  }

  absl::StatusOr<BootstrapDecision> Refuse(const BootstrapToken* token, FailureCode code,
                                           absl::string_view why) {
    store::TokenRefusal refusal;
    if (token != nullptr) refusal.token_id = token->id;
    refusal.time = turn_.now();
    refusal.address = request_.address;
    refusal.server_name = Shown(request_.server_name.substr(0, kMaxServerName));
    refusal.code = code;
    RETURN_IF_ERROR(turn_.store().tokens().AddRefusal(refusal));
    const std::string detail = absl::StrCat("server \"", refusal.server_name, "\" from ",
                                            request_.address, why.empty() ? "" : ": ", why);
    RETURN_IF_ERROR(Audit(turn_, absl::StrCat("address:", request_.address), "bootstrap.refused",
                          refusal.token_id.value(),
                          token != nullptr ? token->tenant_id : TenantId(),
                          absl::StrCat(TextOf(code), " ", detail)));
    return BootstrapDecision(Failure{code, detail});
  }

  Turn& turn_;
  OrderedIds& ids_;
  const BootstrapRequest& request_;
  std::string name_;  // The server's, normalized.
};

}  // namespace

absl::StatusOr<CreatedToken> Tokens::Create(Turn& turn, const Actor& actor,
                                            const TokenInput& input) {
  ASSIGN_OR_RETURN(const std::optional<store::Zone> zone,
                   turn.store().zones().Find(actor.wall, input.zone_id));
  if (!zone.has_value()) {
    return FailureStatus(FailureCode::kZoneUnknown,
                         absl::StrCat("no zone ", input.zone_id.value()));
  }
  if (input.ttl <= absl::ZeroDuration() || input.ttl > kLongestTtl) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         "the token's ttl must be above 0 and at most 30 days");
  }
  if (input.max_uses < 1) {
    return FailureStatus(FailureCode::kRequestInvalid, "max_uses must be at least 1");
  }
  for (const std::string& name : input.server_names) {
    const absl::StatusOr<std::string> normalized = NormalizeServerName(name);
    if (!normalized.ok()) {
      return FailureStatus(FailureCode::kRequestInvalid, normalized.status().message());
    }
  }
  const IdentifiedRequest request = RequestOf(actor, input);
  ASSIGN_OR_RETURN(const std::optional<std::string> made, FindMade(turn, request));
  if (made.has_value()) {
    ASSIGN_OR_RETURN(std::optional<BootstrapToken> token,
                     turn.store().tokens().Find(TokenId(*made)));
    if (token.has_value()) return CreatedToken{*std::move(token), true};
  }
  BootstrapToken token;
  token.id = NewId<TokenId>(random_);
  token.tenant_id = zone->tenant_id;
  token.zone_id = zone->id;
  token.secret_hash = input.secret_hash;
  token.mode = input.mode;
  token.max_uses = input.max_uses;
  token.server_names = input.server_names;
  token.any_name = input.any_name;
  // Never before what was decided in the zone until now: what came first is told by these dates, and
  // the clock may have been set back since.
  ASSIGN_OR_RETURN(const std::optional<absl::Time> decided,
                   turn.store().servers().NewestAdmissionTime(input.zone_id));
  token.create_time = turn.now();
  if (decided.has_value() && *decided >= token.create_time) {
    token.create_time = *decided + absl::Microseconds(1);
  }
  token.expire_time = turn.now() + input.ttl;
  RETURN_IF_ERROR(turn.store().tokens().Insert(token));
  RETURN_IF_ERROR(NoteMade(turn, request, token.id.value()));
  RETURN_IF_ERROR(Audit(turn, actor.name, "token.create", token.id.value(), token.tenant_id,
                        absl::StrCat("zone ", zone->id.value(), ", ", token.max_uses, " uses, ",
                                     absl::FormatDuration(input.ttl))));
  return CreatedToken{std::move(token), false};
}

absl::StatusOr<BootstrapToken> Tokens::Revoke(Turn& turn, const Actor& actor,
                                              const TokenId& token) {
  ASSIGN_OR_RETURN(std::optional<BootstrapToken> found,
                   turn.store().tokens().Find(actor.wall, token));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kTokenUnknown,
                         absl::StrCat("there is no token '", token.value(), "'"));
  }
  if (found->state != TokenState::kRevoked) {
    RETURN_IF_ERROR(MoveToken(turn, actor.name, *found, TokenState::kRevoked));
  }
  return *std::move(found);
}

absl::StatusOr<BootstrapToken> Tokens::SetLocked(Turn& turn, const Actor& actor,
                                                 const TokenId& token, bool locked) {
  ASSIGN_OR_RETURN(std::optional<BootstrapToken> found,
                   turn.store().tokens().Find(actor.wall, token));
  if (!found.has_value()) {
    return FailureStatus(FailureCode::kTokenUnknown,
                         absl::StrCat("there is no token '", token.value(), "'"));
  }
  const TokenState wanted = locked ? TokenState::kLocked : TokenState::kActive;
  if (found->state == wanted) return *std::move(found);
  const bool over = turn.now() >= found->expire_time;
  const TokenState from = locked ? TokenState::kActive : TokenState::kLocked;
  if (found->state != from || (locked && over)) {
    const TokenState shown = found->state == from ? TokenState::kExpired : found->state;
    return FailureStatus(FailureCode::kRequestInvalid,
                         absl::StrCat("token ", token.value(), " is ", store::ToString(shown),
                                      locked ? ": nobody can use it anyway" : ", not locked"));
  }
  RETURN_IF_ERROR(
      MoveToken(turn, actor.name, *found, !locked && over ? TokenState::kExpired : wanted));
  return *std::move(found);
}

std::optional<FailureCode> PutOutCode(store::Admission admission) {
  switch (admission) {
    case store::Admission::kBanned:
    case store::Admission::kRetired:
      return FailureCode::kBootstrapBanned;
    case store::Admission::kRejected:
      return FailureCode::kBootstrapRejected;
    case store::Admission::kRegistered:
    case store::Admission::kPending:
    case store::Admission::kAdmitted:
    case store::Admission::kEvicted:
      break;
  }
  return std::nullopt;
}

bool Admits(const BootstrapToken& token, const store::Server& server) {
  if (token.mode != store::TokenMode::kAuto) return false;
  switch (server.admission) {
    case store::Admission::kRegistered:
      return true;
    case store::Admission::kPending:
      return token.any_name || Names(token, server.name);
    case store::Admission::kEvicted:
      return !server.admission_time.has_value() || token.create_time > *server.admission_time;
    case store::Admission::kAdmitted:
    case store::Admission::kBanned:
    case store::Admission::kRetired:
    case store::Admission::kRejected:
      return false;
  }
  return false;
}

absl::StatusOr<Decision<BootstrapGrant>> Bootstraps::Bootstrap(Turn& turn,
                                                               const BootstrapRequest& request) {
  return BootstrapStep(turn, ids_, request).Decide();
}

absl::StatusOr<store::WorkerCertificate> Bootstraps::RecordCertificate(
    Turn& turn, const store::WorkerCertificate& certificate) {
  ASSIGN_OR_RETURN(const std::optional<store::Server> server,
                   turn.store().servers().Find(certificate.server_id));
  if (!server.has_value() || server->zone_id != certificate.zone_id) {
    return FailureStatus(FailureCode::kServerUnknown,
                         absl::StrCat("no server ", certificate.server_id.value(), " in zone ",
                                      certificate.zone_id.value()));
  }
  ASSIGN_OR_RETURN(const std::vector<store::WorkerCertificate> before,
                   turn.store().certificates().ListOf(server->id));
  if (!certificate.token_id.empty()) {
    ASSIGN_OR_RETURN(const std::optional<BootstrapToken> token,
                     turn.store().tokens().Find(certificate.token_id));
    if (!token.has_value()) return FailureStatus(FailureCode::kTokenUnknown, "it is gone");
    if (const auto repeated = std::find_if(before.begin(), before.end(),
                                           [&](const store::WorkerCertificate& old) {
                                             return old.state == store::CertificateState::kActive &&
                                                    old.token_id == certificate.token_id;
                                           });
        repeated == before.end()) {
      ASSIGN_OR_RETURN(const bool left, UsesLeft(turn, *token, before));
      if (!left) return FailureStatus(FailureCode::kTokenExhausted, "others took the last use");
    }
  }
  ServerChange change(turn, kSystemActor, "certificate.issue", server->id, server->zone_id);
  for (const store::WorkerCertificate& old : before) {
    if (old.state == store::CertificateState::kActive && !old.confirmed &&
        old.token_id == certificate.token_id) {
      RETURN_IF_ERROR(change.Certificate(old.id, store::CertificateState::kActive,
                                         store::CertificateState::kSuperseded));
    }
  }
  RETURN_IF_ERROR(change.InsertCertificate(certificate));
  RETURN_IF_ERROR(change.Record());
  return certificate;
}

}  // namespace muster::core
