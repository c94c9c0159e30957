// muster.admin.v1.OperatorService.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/operator.grpc.pb.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/identity/operator_record.h"
#include "orchestrator/rpc/admin/admin_call.h"
#include "orchestrator/rpc/admin/admin_values.h"
#include "proto/rpc/time.h"

namespace muster::rpc {
namespace {

namespace admin = muster::admin::v1;

admin::OperatorRole RoleToProto(store::OperatorRole role) {
  return static_cast<admin::OperatorRole>(static_cast<int>(role) + 1);
}
static_assert(static_cast<int>(store::OperatorRole::kProviderAdmin) + 1 ==
              admin::OPERATOR_ROLE_PROVIDER_ADMIN);

absl::StatusOr<store::OperatorRole> RoleFromProto(admin::OperatorRole role) {
  if (role == admin::OPERATOR_ROLE_UNSPECIFIED || !admin::OperatorRole_IsValid(role)) {
    return InvalidRequest("role is none of viewer, operator, tenant_admin, provider_admin");
  }
  return static_cast<store::OperatorRole>(role - 1);
}

admin::OperatorState StateOf(const store::Operator& op, absl::Time now) {
  if (op.revoke_time.has_value()) return admin::OPERATOR_STATE_REVOKED;
  return core::IsUsable(op, now) ? admin::OPERATOR_STATE_ACTIVE : admin::OPERATOR_STATE_EXPIRED;
}

// Tenants behind the caller's wall are left out.
admin::Operator OperatorToProto(const store::Operator& op, const Caller& caller, absl::Time now) {
  admin::Operator out;
  out.set_operator_id(op.id.value());
  out.set_name(op.name);
  out.set_role(RoleToProto(op.role));
  for (const TenantId& tenant : op.tenants) {
    if (caller.Sees(tenant)) out.add_tenant_ids(tenant.value());
  }
  out.set_state(StateOf(op, now));
  if (const absl::Time end = core::EndOf(op); end > absl::InfinitePast()) {
    *out.mutable_expire_time() = ToProto(end);
  }
  if (!op.certificates.empty()) out.set_certificate_serial(op.certificates.front().id.value());
  *out.mutable_create_time() = ToProto(op.create_time);
  out.set_created_by(op.created_by);
  if (op.revoke_time.has_value()) {
    *out.mutable_revoke_time() = ToProto(*op.revoke_time);
    out.set_revoked_by(op.revoked_by);
    out.set_revoke_reason(op.revoke_reason);
  }
  return out;
}

// What a certificate is made of: checked before it is signed.
struct CertificateWish {
  crypto::PublicKey key;
  absl::Duration life;
};
absl::StatusOr<CertificateWish> WishOf(const std::string& request_pem, absl::Duration life) {
  const auto request = crypto::CertificateRequest::FromPem(request_pem);
  if (!request.ok()) {
    return InvalidRequest(absl::StrCat("certificate_request_pem: ", request.status().message()));
  }
  RETURN_IF_ERROR(core::CheckOperatorLife(life));
  return CertificateWish{request->public_key(), life};
}

class OperatorService final : public admin::OperatorService::CallbackService, AdminCalls {
 public:
  OperatorService(Door door, const AdminDependencies& d)
      : AdminCalls(door, d, admin::OperatorService::service_full_name()), door_(door) {}

  grpc::ServerUnaryReactor* WhoAmI(grpc::CallbackServerContext* context,
                                   const admin::WhoAmIRequest*,
                                   admin::WhoAmIResponse* response) override {
    return Read(context, "WhoAmI",
                [this, response, pem = ClaimOf(*context, "WhoAmI").certificate_pem](
                    const Caller& caller, const store::Snapshot& snapshot) {
                  return Show(caller, pem, snapshot, *response);
                });
  }

  grpc::ServerUnaryReactor* ListOperators(grpc::CallbackServerContext* context,
                                          const admin::ListOperatorsRequest* request,
                                          admin::ListOperatorsResponse* response) override {
    return Read(context, "ListOperators",
                [this, request, response](const Caller& caller,
                                          const store::Snapshot& snapshot) -> absl::Status {
                  ASSIGN_OR_RETURN(const auto all, snapshot.operators().List());
                  for (const store::Operator& op : all) {
                    if (op.revoke_time.has_value() && !request->include_revoked()) continue;
                    if (!core::MaySeeOperator(caller.actor, caller.role, op)) continue;
                    *response->add_operators() = OperatorToProto(op, caller, d_.clock.Now());
                  }
                  return absl::OkStatus();
                });
  }

  grpc::ServerUnaryReactor* GetOperator(grpc::CallbackServerContext* context,
                                        const admin::GetOperatorRequest* request,
                                        admin::Operator* response) override {
    return Read(context, "GetOperator",
                [this, request, response](const Caller& caller,
                                          const store::Snapshot& snapshot) -> absl::Status {
                  ASSIGN_OR_RETURN(const auto op, Find(request->operator_(), caller, snapshot));
                  *response = OperatorToProto(op, caller, d_.clock.Now());
                  return absl::OkStatus();
                });
  }

  grpc::ServerUnaryReactor* CreateOperator(grpc::CallbackServerContext* context,
                                           const admin::CreateOperatorRequest* request,
                                           admin::OperatorCredentials* response) override {
    return Run(context, "CreateOperator",
               [this, request, response, path = ClaimOf(*context, "CreateOperator").path](
                   const Caller& caller, Snapshot snapshot, Reply reply) {
                 snapshot.reset();
                 auto input = InputOf(*request);
                 if (!input.ok()) return reply.Finish(input.status());
                 d_.operations.operators.Call(
                     &core::OperatorOperations::Create,
                     [this, response, caller, path, reply = std::move(reply)](
                         absl::StatusOr<core::CreatedOperator> made) mutable {
                       if (!made.ok()) return Refuse(made.status(), caller, path, reply);
                       Fill(made->op, made->certificate_pem, caller, *response);
                       reply.Finish(absl::OkStatus());
                     },
                     caller.actor, caller.role, *std::move(input));
               });
  }

  grpc::ServerUnaryReactor* RenewOperator(grpc::CallbackServerContext* context,
                                          const admin::RenewOperatorRequest* request,
                                          admin::OperatorCredentials* response) override {
    return Run(context, "RenewOperator",
               [this, request, response, path = ClaimOf(*context, "RenewOperator").path](
                   const Caller& caller, Snapshot snapshot, Reply reply) {
                 auto input = InputOf(*request, caller, *snapshot);
                 snapshot.reset();
                 if (!input.ok()) return reply.Finish(input.status());
                 const std::string pem = input->certificate.pem;
                 d_.operations.operators.Call(
                     &core::OperatorOperations::Renew,
                     [this, response, caller, path, pem,
                      reply = std::move(reply)](absl::StatusOr<store::Operator> op) mutable {
                       if (!op.ok()) return Refuse(op.status(), caller, path, reply);
                       Fill(*op, pem, caller, *response);
                       reply.Finish(absl::OkStatus());
                     },
                     caller.actor, caller.role, *std::move(input));
               });
  }

  grpc::ServerUnaryReactor* RevokeOperator(grpc::CallbackServerContext* context,
                                           const admin::RevokeOperatorRequest* request,
                                           admin::Operator* response) override {
    return Run(context, "RevokeOperator",
               [this, request, response, path = ClaimOf(*context, "RevokeOperator").path](
                   const Caller& caller, Snapshot snapshot, Reply reply) {
                 const auto op = Find(request->operator_(), caller, *snapshot);
                 snapshot.reset();
                 if (!op.ok()) return reply.Finish(op.status());
                 // Who revokes oneself is told that it is done.
                 if (core::IsSelf(caller.actor, op->id)) reply.SetLastLook(nullptr);
                 d_.operations.operators.Call(
                     &core::OperatorOperations::Revoke,
                     [this, response, caller, path,
                      reply = std::move(reply)](absl::StatusOr<store::Operator> revoked) mutable {
                       if (!revoked.ok()) return Refuse(revoked.status(), caller, path, reply);
                       *response = OperatorToProto(*revoked, caller, d_.clock.Now());
                       reply.Finish(absl::OkStatus());
                     },
                     caller.actor, caller.role, op->id, request->reason(), request->even_last());
               });
  }

 private:
  static absl::StatusOr<store::Operator> Find(const std::string& text, const Caller& caller,
                                              const store::Snapshot& snapshot) {
    return core::FindOperator(snapshot.operators(), caller.actor, caller.role, text);
  }

  absl::StatusOr<core::OperatorInput> InputOf(const admin::CreateOperatorRequest& request) const {
    core::OperatorInput input{.id = NewId<OperatorId>(d_.random),
                              .name = request.name(),
                              .request_id = request.request_id()};
    ASSIGN_OR_RETURN(input.role, RoleFromProto(request.role()));
    for (const std::string& tenant : request.tenant_ids()) input.tenants.emplace_back(tenant);
    ASSIGN_OR_RETURN(const CertificateWish wish,
                     WishOf(request.certificate_request_pem(), request.has_valid_for()
                                                                   ? FromProto(request.valid_for())
                                                                   : core::kDefaultOperatorLife));
    input.valid_for = wish.life;
    ASSIGN_OR_RETURN(input.certificate, Issue(input.id, wish));
    return input;
  }

  absl::StatusOr<core::RenewalInput> InputOf(const admin::RenewOperatorRequest& request,
                                             const Caller& caller,
                                             const store::Snapshot& snapshot) const {
    core::RenewalInput input{.end_others = request.end_others()};
    absl::Duration life = core::kDefaultOperatorLife;
    if (!request.operator_().empty()) {
      ASSIGN_OR_RETURN(const auto op, Find(request.operator_(), caller, snapshot));
      input.id = op.id;
    } else if (door_ == Door::kLocalSocket) {
      return InvalidRequest("the local socket needs no certificate; name the operator to renew");
    } else {
      input.id = OperatorId(absl::StripPrefix(caller.actor.name, "operator:"));
      ASSIGN_OR_RETURN(const auto self, Find(input.id.value(), caller, snapshot));
      life = core::LifeOf(self);
    }
    if (request.has_valid_for()) life = FromProto(request.valid_for());
    ASSIGN_OR_RETURN(const CertificateWish wish, WishOf(request.certificate_request_pem(), life));
    ASSIGN_OR_RETURN(input.certificate, Issue(input.id, wish));
    return input;
  }

  absl::StatusOr<store::OperatorCertificate> Issue(const OperatorId& id,
                                                   const CertificateWish& wish) const {
    ASSIGN_OR_RETURN(const auto certificate, d_.authority.IssueOperator(id, wish.key, wish.life));
    return identity::RecordOf(certificate, d_.clock.Now());
  }

  void Refuse(const absl::Status& status, const Caller& caller, const std::string& path,
              Reply& reply) const {
    if (FailureCodeOf(status) == FailureCode::kAuthForbidden) {
      NoteRefusal(caller.actor.name, path);
    }
    reply.Finish(status);
  }

  void Fill(const store::Operator& op, const std::string& pem, const Caller& caller,
            admin::OperatorCredentials& out) const {
    *out.mutable_operator_() = OperatorToProto(op, caller, d_.clock.Now());
    out.set_certificate_pem(pem);
    out.set_ca_bundle_pem(d_.authority.bundle_pem());
    out.set_admin_address(d_.admin_address());
  }

  absl::Status Show(const Caller& caller, const std::string& pem, const store::Snapshot& snapshot,
                    admin::WhoAmIResponse& out) const {
    out.set_ca_fingerprint(d_.authority.Fingerprint());
    out.set_version(MUSTER_VERSION);
    out.set_admin_address(d_.admin_address());
    if (door_ == Door::kLocalSocket) {
      out.set_door(admin::ADMIN_DOOR_LOCAL_SOCKET);
      out.mutable_operator_()->set_name("local");
      out.mutable_operator_()->set_role(RoleToProto(caller.role));
      out.mutable_operator_()->set_state(admin::OPERATOR_STATE_ACTIVE);
      return absl::OkStatus();
    }
    out.set_door(admin::ADMIN_DOOR_TLS);
    const OperatorId self(absl::StripPrefix(caller.actor.name, "operator:"));
    ASSIGN_OR_RETURN(const auto op, Find(self.value(), caller, snapshot));
    *out.mutable_operator_() = OperatorToProto(op, caller, d_.clock.Now());
    ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(pem));
    out.set_certificate_serial(certificate.serial_hex());
    *out.mutable_certificate_begin_time() = ToProto(certificate.not_before());
    absl::Time end = certificate.not_after();
    for (const store::OperatorCertificate& record : op.certificates) {
      if (record.public_key_hash != certificate.public_key().Fingerprint()) continue;
      end = std::min(end, record.not_after);
    }
    *out.mutable_certificate_expire_time() = ToProto(end);
    return absl::OkStatus();
  }

  const Door door_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOperatorService(Door door, const AdminDependencies& d) {
  return std::make_unique<OperatorService>(door, d);
}

}  // namespace muster::rpc
