// muster.admin.v1.TokenService.
#include <utility>

#include "base/status_macros.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "proto/rpc/token_file.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::Duration kLongestLife = absl::Hours(24 * 30);

absl::StatusOr<core::TokenInput> InputOf(const admin::CreateTokenRequest& request) {
  core::TokenInput input{
      .max_uses = request.max_uses() == 0 ? 1 : request.max_uses(),
      .server_names = {request.server_names().begin(), request.server_names().end()},
      .any_name = request.any_name(),
      .request_id = request.request_id()};
  if (request.has_ttl()) input.ttl = FromProto(request.ttl());
  if (input.ttl <= absl::ZeroDuration() || input.ttl > kLongestLife) {
    return InvalidRequest("ttl is not within 1 s to 30 days");
  }
  if (input.max_uses < 1) return InvalidRequest("max_uses is negative");
  if (request.mode() != admin::TOKEN_MODE_UNSPECIFIED) {
    ASSIGN_OR_RETURN(input.mode, FromProto<store::TokenMode>("mode", request.mode()));
  }
  return input;
}

class TokenCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.TokenService";
  using Calls::Calls;

  void CreateToken(const Context& context, const admin::CreateTokenRequest& request,
                   Responder<admin::CreateTokenResponse> to) const {
    auto input = InputOf(request);
    if (!input.ok()) return to.Finish(input.status());
    input->zone_id = ZoneId(request.zone_id());
    Secret secret = identity::NewBootstrapSecret(d_.random);
    input->secret_hash = identity::HashBootstrapSecret(secret.Reveal());
    const core::Actor& actor = context.caller.actor;
    d_.operations.tokens.Call(
        &core::TokenOperations::Create,
        [this, secret = std::move(secret), wall = actor.wall,
         to = std::move(to)](absl::StatusOr<core::CreatedToken> created) mutable {
          if (!created.ok()) return to.Finish(created.status());
          if (!created->repeated) to.response().set_token_file(FileOf(created->token, secret));
          AnswerOnPool(std::move(to), std::move(wall),
                       [this, token = std::move(created->token)](
                           const store::WalledSnapshot& now, admin::CreateTokenResponse& response) {
                         return Show(token, now, *response.mutable_token());
                       });
        },
        actor, *std::move(input));
  }

  absl::Status ListTokens(const Context& context, const admin::ListTokensRequest& request,
                          admin::ListTokensResponse& response) const {
    const ZoneId zone(request.zone_id());
    if (!zone.empty()) RETURN_IF_ERROR(FindZone(zone.value(), context.snapshot).status());
    ASSIGN_OR_RETURN(const auto tokens, context.snapshot.ListTokens(zone));
    for (const store::BootstrapToken& token : tokens) {
      RETURN_IF_ERROR(Show(token, context.snapshot, *response.add_tokens()));
    }
    return absl::OkStatus();
  }

  void RevokeToken(const Context& context, const admin::RevokeTokenRequest& request,
                   Responder<admin::Token> to) const {
    d_.operations.tokens.Call(&core::TokenOperations::Revoke, AnswerToken(context, std::move(to)),
                              context.caller.actor, TokenId(request.token_id()));
  }

  void LockToken(const Context& context, const admin::LockTokenRequest& request,
                 Responder<admin::Token> to) const {
    SetLocked(context, request.token_id(), true, std::move(to));
  }
  void UnlockToken(const Context& context, const admin::UnlockTokenRequest& request,
                   Responder<admin::Token> to) const {
    SetLocked(context, request.token_id(), false, std::move(to));
  }

 private:
  void SetLocked(const Context& context, const std::string& id, bool locked,
                 Responder<admin::Token> to) const {
    d_.operations.tokens.Call(&core::TokenOperations::SetLocked,
                              AnswerToken(context, std::move(to)), context.caller.actor,
                              TokenId(id), locked);
  }

  core::Answer<store::BootstrapToken> AnswerToken(const Context& context,
                                                  Responder<admin::Token> to) const {
    return [this, wall = context.caller.actor.wall,
            to = std::move(to)](absl::StatusOr<store::BootstrapToken> changed) mutable {
      if (!changed.ok()) return to.Finish(changed.status());
      AnswerOnPool(std::move(to), std::move(wall),
                   [this, token = *std::move(changed)](const store::WalledSnapshot& now,
                                                       admin::Token& response) {
                     return Show(token, now, response);
                   });
    };
  }

  absl::Status Show(const store::BootstrapToken& token, const store::WalledSnapshot& snapshot,
                    admin::Token& out) const {
    ASSIGN_OR_RETURN(out, ToProto(token, snapshot, d_.clock.Now()));
    return absl::OkStatus();
  }

  std::string FileOf(const store::BootstrapToken& token, const Secret& secret) const {
    muster::worker::v1::TokenFile file;
    const absl::string_view text = secret.Reveal();
    file.set_secret(text.data(), text.size());
    file.set_bootstrap_address(d_.bootstrap_address);
    file.set_ca_bundle_pem(d_.authority.bundle_pem());
    file.set_zone_id(token.zone_id.value());
    file.set_expire_time_seconds(absl::ToUnixSeconds(token.expire_time));
    std::string armored = rpc::FormatTokenFile(file);
    Wipe(*file.mutable_secret());
    return armored;
  }
};

}  // namespace

void AddTokenCalls(CallTable& table, const Dependencies& d) {
  table.For<TokenCalls>(d)
      .Write("CreateToken", &TokenCalls::CreateToken)
      .Read("ListTokens", &TokenCalls::ListTokens)
      .Write("RevokeToken", &TokenCalls::RevokeToken)
      .Write("LockToken", &TokenCalls::LockToken)
      .Write("UnlockToken", &TokenCalls::UnlockToken);
}

}  // namespace muster::api
