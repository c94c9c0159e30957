// muster.admin.v1.TokenService.
#include <utility>

#include "base/failure.h"
#include "base/status_macros.h"
#include "muster/admin/v1/token.grpc.pb.h"
#include "orchestrator/identity/bootstrap_secret.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "proto/rpc/time.h"
#include "proto/rpc/token_file.h"

namespace muster::rpc {
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
  if (request.mode() == admin::TOKEN_MODE_PENDING) {
    input.mode = store::TokenMode::kPending;
  } else if (!admin::TokenMode_IsValid(request.mode())) {
    return InvalidRequest("mode is neither 'auto' nor 'pending'");
  }
  return input;
}

class TokenService final : public admin::TokenService::CallbackService, AdminCalls {
 public:
  TokenService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::TokenService::service_full_name()) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const admin::CreateTokenRequest* request,
                                        admin::CreateTokenResponse* response) override {
    return Run(context, "CreateToken",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 auto input = InputOf(*request);
                 if (!input.ok()) return reply.Finish(input.status());
                 const auto zone = FindZone(request->zone_id(), caller, *snapshot);
                 if (!zone.ok()) return reply.Finish(zone.status());
                 snapshot.reset();
                 input->zone_id = zone->id;
                 Secret secret = identity::NewBootstrapSecret(d_.random);
                 input->secret_hash = identity::HashBootstrapSecret(secret.Reveal());
                 d_.operations.tokens.Call(
                     &core::TokenOperations::Create,
                     [this, response, secret = std::move(secret), reply = std::move(reply)](
                         absl::StatusOr<core::CreatedToken> created) mutable {
                       if (!created.ok()) return reply.Finish(created.status());
                       if (!created->repeated) {
                         response->set_token_file(FileOf(created->token, secret));
                       }
                       Answer(created->token, response->mutable_token(), std::move(reply));
                     },
                     caller.actor, *std::move(input));
               });
  }

  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const admin::ListTokensRequest* request,
                                       admin::ListTokensResponse* response) override {
    return Read(
        context, "ListTokens",
        [this, request, response](const Caller& caller,
                                  const store::Snapshot& snapshot) -> absl::Status {
          ZoneId zone;
          if (!request->zone_id().empty()) {
            ASSIGN_OR_RETURN(const auto found, FindZone(request->zone_id(), caller, snapshot));
            zone = found.id;
          }
          ASSIGN_OR_RETURN(const auto tokens, snapshot.tokens().List(zone));
          for (const auto& token : tokens) {
            if (!caller.Sees(token.tenant_id)) continue;
            ASSIGN_OR_RETURN(*response->add_tokens(), ToProto(token, snapshot, d_.clock.Now()));
          }
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* context,
                                        const admin::RevokeTokenRequest* request,
                                        admin::Token* response) override {
    return Run(context, "RevokeToken",
               [this, request, response](const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto token = snapshot->tokens().Find(TokenId(request->token_id()));
                 if (!token.ok()) return reply.Finish(token.status());
                 if (!token->has_value() || !caller.Sees((*token)->tenant_id)) {
                   return reply.Finish(absl::NotFoundError(
                       absl::StrCat("E-TOKEN-UNKNOWN: there is no token '", request->token_id(),
                                    "'. List the tokens with 'muster token list'.")));
                 }
                 snapshot.reset();
                 d_.operations.tokens.Call(
                     &core::TokenOperations::Revoke,
                     [this, response, reply = std::move(reply)](
                         absl::StatusOr<store::BootstrapToken> revoked) mutable {
                       if (!revoked.ok()) return reply.Finish(revoked.status());
                       Answer(*revoked, response, std::move(reply));
                     },
                     caller.actor, (*token)->id);
               });
  }

  grpc::ServerUnaryReactor* LockToken(grpc::CallbackServerContext* context,
                                      const admin::LockTokenRequest* request,
                                      admin::Token* response) override {
    return SetLocked(context, "LockToken", request->token_id(), true, response);
  }
  grpc::ServerUnaryReactor* UnlockToken(grpc::CallbackServerContext* context,
                                        const admin::UnlockTokenRequest* request,
                                        admin::Token* response) override {
    return SetLocked(context, "UnlockToken", request->token_id(), false, response);
  }

 private:
  grpc::ServerUnaryReactor* SetLocked(grpc::CallbackServerContext* context, const char* method,
                                      const std::string& token, bool locked,
                                      admin::Token* response) {
    return Run(
        context, method,
        [this, &token, locked, response](const Caller& caller, Snapshot snapshot, Reply reply) {
          snapshot.reset();
          d_.operations.tokens.Call(
              &core::TokenOperations::SetLocked,
              [this, response,
               reply = std::move(reply)](absl::StatusOr<store::BootstrapToken> changed) mutable {
                if (!changed.ok()) return reply.Finish(changed.status());
                Answer(*changed, response, std::move(reply));
              },
              caller.actor, TokenId(token), locked);
        });
  }

  std::string FileOf(const store::BootstrapToken& token, const Secret& secret) const {
    muster::worker::v1::TokenFile file;
    const absl::string_view text = secret.Reveal();
    file.set_secret(text.data(), text.size());
    file.set_bootstrap_address(d_.bootstrap_address);
    file.set_ca_bundle_pem(d_.authority.bundle_pem());
    file.set_zone_id(token.zone_id.value());
    file.set_expire_time_seconds(absl::ToUnixSeconds(token.expire_time));
    std::string armored = FormatTokenFile(file);
    Wipe(*file.mutable_secret());
    return armored;
  }

  void Answer(store::BootstrapToken token, admin::Token* response, Reply reply) {
    AnswerOnPool(std::move(reply),
                 [this, response,
                  token = std::move(token)](const store::Snapshot& snapshot) -> absl::Status {
                   ASSIGN_OR_RETURN(*response, ToProto(token, snapshot, d_.clock.Now()));
                   return absl::OkStatus();
                 });
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTokenService(Door door, const AdminDependencies& d) {
  return std::make_unique<TokenService>(door, d);
}

}  // namespace muster::rpc
