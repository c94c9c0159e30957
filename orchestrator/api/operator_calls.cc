// muster.admin.v1.OperatorService.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "muster/admin/v1/operator.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/api/wire_enums.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/identity/operator_record.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

admin::OperatorState StateOf(const store::Operator& op, absl::Time now) {
  if (op.revoke_time.has_value()) return admin::OPERATOR_STATE_REVOKED;
  return core::IsUsable(op, now) ? admin::OPERATOR_STATE_ACTIVE : admin::OPERATOR_STATE_EXPIRED;
}

// Tenants behind the caller's wall are left out.
admin::Operator OperatorToProto(const store::Operator& op, const Caller& caller, absl::Time now) {
  admin::Operator out;
  out.set_operator_id(op.id.value());
  out.set_name(op.name);
  out.set_role(ToProto(op.role));
  for (const TenantId& tenant : op.tenants) {
    if (caller.actor.wall.Admits(tenant)) out.add_tenant_ids(tenant.value());
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

class OperatorCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.OperatorService";
  using Calls::Calls;

  absl::Status WhoAmI(const Context& context, const admin::WhoAmIRequest&,
                      admin::WhoAmIResponse& out) const {
    const Caller& caller = context.caller;
    out.set_ca_fingerprint(d_.authority.Fingerprint());
    out.set_version(MUSTER_VERSION);
    out.set_admin_address(d_.admin_address());
    if (caller.credentials.door == Door::kLocalSocket) {
      out.set_door(admin::ADMIN_DOOR_LOCAL_SOCKET);
      out.mutable_operator_()->set_name("local");
      out.mutable_operator_()->set_role(ToProto(caller.role));
      out.mutable_operator_()->set_state(admin::OPERATOR_STATE_ACTIVE);
      return absl::OkStatus();
    }
    out.set_door(admin::ADMIN_DOOR_TLS);
    ASSIGN_OR_RETURN(const store::Operator op, FindOperator(caller.id.value(), context));
    *out.mutable_operator_() = OperatorToProto(op, caller, d_.clock.Now());
    ASSIGN_OR_RETURN(const auto certificate,
                     crypto::Certificate::FromPem(caller.credentials.certificate_pem));
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

  absl::Status ListOperators(const Context& context, const admin::ListOperatorsRequest& request,
                             admin::ListOperatorsResponse& response) const {
    ASSIGN_OR_RETURN(const auto visible, context.snapshot.ListOperators(context.caller.id));
    for (const store::Operator& op : visible) {
      if (op.revoke_time.has_value() && !request.include_revoked()) continue;
      *response.add_operators() = OperatorToProto(op, context.caller, d_.clock.Now());
    }
    return absl::OkStatus();
  }

  absl::Status GetOperator(const Context& context, const admin::GetOperatorRequest& request,
                           admin::Operator& response) const {
    ASSIGN_OR_RETURN(const store::Operator op, FindOperator(request.operator_(), context));
    response = OperatorToProto(op, context.caller, d_.clock.Now());
    return absl::OkStatus();
  }

  void CreateOperator(const Context& context, const admin::CreateOperatorRequest& request,
                      Responder<admin::OperatorCredentials> to) const {
    auto input = InputOf(request);
    if (!input.ok()) return to.Finish(input.status());
    d_.operations.operators.Call(
        &core::OperatorOperations::Create,
        [this, caller = context.caller,
         to = std::move(to)](absl::StatusOr<core::CreatedOperator> made) mutable {
          if (!made.ok()) return Refuse(made.status(), caller, "CreateOperator", to);
          Fill(made->op, made->certificate_pem, caller, to.response());
          to.Finish(absl::OkStatus());
        },
        context.caller.actor, context.caller.role, *std::move(input));
  }

  void RenewOperator(const Context& context, const admin::RenewOperatorRequest& request,
                     Responder<admin::OperatorCredentials> to) const {
    auto input = InputOf(request, context);
    if (!input.ok()) return to.Finish(input.status());
    std::string pem = input->certificate.pem;
    d_.operations.operators.Call(
        &core::OperatorOperations::Renew,
        [this, caller = context.caller, pem = std::move(pem),
         to = std::move(to)](absl::StatusOr<store::Operator> op) mutable {
          if (!op.ok()) return Refuse(op.status(), caller, "RenewOperator", to);
          Fill(*op, pem, caller, to.response());
          to.Finish(absl::OkStatus());
        },
        context.caller.actor, context.caller.role, *std::move(input));
  }

  void RevokeOperator(const Context& context, const admin::RevokeOperatorRequest& request,
                      Responder<admin::Operator> to) const {
    const auto op = FindOperator(request.operator_(), context);
    if (!op.ok()) return to.Finish(op.status());
    // Who revokes oneself is told that it is done.
    if (core::IsSelf(context.caller.actor, op->id)) to.SkipLastLook();
    d_.operations.operators.Call(
        &core::OperatorOperations::Revoke,
        [this, caller = context.caller,
         to = std::move(to)](absl::StatusOr<store::Operator> revoked) mutable {
          if (!revoked.ok()) return Refuse(revoked.status(), caller, "RevokeOperator", to);
          to.response() = OperatorToProto(*revoked, caller, d_.clock.Now());
          to.Finish(absl::OkStatus());
        },
        context.caller.actor, context.caller.role, op->id, request.reason(), request.even_last());
  }

 private:
  // By id, or by the name of one who is not revoked. E-OPERATOR-UNKNOWN also for who is behind the
  // wall.
  static absl::StatusOr<store::Operator> FindOperator(const std::string& text,
                                                      const Context& context) {
    ASSIGN_OR_RETURN(const auto visible, context.snapshot.ListOperators(context.caller.id));
    const store::Operator* found = nullptr;
    for (const store::Operator& op : visible) {
      if (op.id.value() == text) return op;
      if (op.revoke_time.has_value() || !absl::EqualsIgnoreCase(op.name, text)) continue;
      if (found != nullptr) {
        return InvalidRequest(
            absl::StrCat("several operators are named '", text,
                         "'; say which by its id, as 'muster operator list' shows"));
      }
      found = &op;
    }
    if (found != nullptr) return *found;
    return FailureStatus(FailureCode::kOperatorUnknown,
                         absl::StrCat("there is no operator '", text, "'"));
  }

  absl::StatusOr<core::OperatorInput> InputOf(const admin::CreateOperatorRequest& request) const {
    core::OperatorInput input{.id = NewId<OperatorId>(d_.random),
                              .name = request.name(),
                              .request_id = request.request_id()};
    ASSIGN_OR_RETURN(input.role, FromProto<store::OperatorRole>("role", request.role()));
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
                                             const Context& context) const {
    core::RenewalInput input{
        .id = context.caller.id, .certificate = {}, .end_others = request.end_others()};
    absl::Duration life = core::kDefaultOperatorLife;
    if (!request.operator_().empty()) {
      ASSIGN_OR_RETURN(const store::Operator op, FindOperator(request.operator_(), context));
      input.id = op.id;
    } else if (input.id.empty()) {
      return InvalidRequest("the local socket needs no certificate; name the operator to renew");
    } else {
      ASSIGN_OR_RETURN(const store::Operator self, FindOperator(input.id.value(), context));
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

  template <typename Response>
  void Refuse(const absl::Status& status, const Caller& caller, const char* method,
              Responder<Response>& to) const {
    if (FailureCodeOf(status) == FailureCode::kAuthForbidden) {
      NoteRefusal(caller.actor.name, absl::StrCat("/", kService, "/", method), status);
    }
    to.Finish(status);
  }

  void Fill(const store::Operator& op, const std::string& pem, const Caller& caller,
            admin::OperatorCredentials& out) const {
    *out.mutable_operator_() = OperatorToProto(op, caller, d_.clock.Now());
    out.set_certificate_pem(pem);
    out.set_ca_bundle_pem(d_.authority.bundle_pem());
    out.set_admin_address(d_.admin_address());
  }
};

}  // namespace

void AddOperatorCalls(CallTable& table, const Dependencies& d) {
  table.For<OperatorCalls>(d)
      .Read("WhoAmI", &OperatorCalls::WhoAmI)
      .Read("ListOperators", &OperatorCalls::ListOperators)
      .Read("GetOperator", &OperatorCalls::GetOperator)
      .Write("CreateOperator", &OperatorCalls::CreateOperator)
      .Write("RenewOperator", &OperatorCalls::RenewOperator)
      .Write("RevokeOperator", &OperatorCalls::RevokeOperator);
}

}  // namespace muster::api
