#include "orchestrator/core/admission/tokens.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/names.h"
#include "base/status_macros.h"
#include "orchestrator/core/control/server_change.h"
#include "orchestrator/core/operators/request_ids.h"

namespace muster::core {
namespace {

using store::BootstrapToken;
using store::TokenState;

constexpr absl::Duration kLongestTtl = absl::Hours(24 * 30);
// They are stored, read and compared as a whole with each bootstrap.
constexpr size_t kMostNames = 1000;

absl::Status NoSuchToken(const TokenId& token) {
  return FailureStatus(FailureCode::kInventoryToken,
                       absl::StrCat("there is no token '", token.value(), "'"));
}

}  // namespace

absl::Status MoveToken(Turn& turn, absl::string_view actor, BootstrapToken& token, TokenState to) {
  RETURN_IF_ERROR(turn.store().tokens().SetState(token.id, token.state, to));
  RETURN_IF_ERROR(Audit(turn, actor, "token.state", token.id.value(), token.tenant_id,
                        absl::StrCat(store::ToString(token.state), " → ", store::ToString(to))));
  token.state = to;
  return absl::OkStatus();
}

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
  if (input.server_names.size() > kMostNames) {
    return FailureStatus(FailureCode::kRequestInvalid,
                         absl::StrCat("a token names at most ", kMostNames, " servers, not ",
                                      input.server_names.size(),
                                      ": make several, or one without names for what is imported"));
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
  ASSIGN_OR_RETURN(const std::optional<absl::Time> waiting,
                   turn.store().certificates().NewestWaitingTime(input.zone_id));
  token.create_time = turn.now();
  for (const std::optional<absl::Time>& before : {decided, waiting}) {
    if (before.has_value() && *before >= token.create_time) {
      token.create_time = *before + absl::Microseconds(1);
    }
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
    return NoSuchToken(token);
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
    return NoSuchToken(token);
  }
  const TokenState wanted = locked ? TokenState::kLocked : TokenState::kActive;
  if (found->state == wanted) return *std::move(found);
  const bool over = turn.now() >= found->expire_time;
  const TokenState from = locked ? TokenState::kActive : TokenState::kLocked;
  if (found->state != from || (locked && over)) {
    const TokenState shown = found->state == from ? TokenState::kExpired : found->state;
    return FailureStatus(
        FailureCode::kRequestState,
        absl::StrCat("token ", token.value(), " is ", store::ToString(shown),
                     locked ? ": nobody can use it anyway"
                            : ", not locked; 'muster token create' makes another"));
  }
  RETURN_IF_ERROR(
      MoveToken(turn, actor.name, *found, !locked && over ? TokenState::kExpired : wanted));
  return *std::move(found);
}

}  // namespace muster::core
