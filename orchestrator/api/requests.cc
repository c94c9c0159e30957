#include "orchestrator/api/requests.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"

namespace muster::api {
namespace {

absl::Status Unknown(FailureCode code, absl::string_view kind, absl::string_view id,
                     absl::string_view hint = "") {
  return FailureStatus(code, absl::StrCat("there is no ", kind, " '", id, "'", hint));
}

// What was found, or the answer that it was not.
template <typename T>
absl::StatusOr<T> Found(absl::StatusOr<std::optional<T>> found, const absl::Status& unknown) {
  if (!found.ok()) return found.status();
  if (!found->has_value()) return unknown;
  return **std::move(found);
}

}  // namespace

absl::Status InvalidRequest(absl::string_view what) {
  return FailureStatus(FailureCode::kRequestInvalid, what);
}

absl::StatusOr<std::vector<ZoneId>> SelectedZones(const muster::admin::v1::Selection& selection,
                                                  const store::WalledSnapshot& snapshot) {
  ASSIGN_OR_RETURN(const store::Selection checked, CheckSelection(selection, snapshot));
  if (!checked.zone_id.empty()) return std::vector<ZoneId>{checked.zone_id};
  ASSIGN_OR_RETURN(const auto zones, snapshot.ListZones(checked.tenant_id));
  std::vector<ZoneId> ids;
  for (const store::Zone& zone : zones) ids.push_back(zone.id);
  return ids;
}

absl::Status CheckTenant(const TenantId& tenant, const store::WalledSnapshot& snapshot) {
  if (tenant.empty()) return absl::OkStatus();
  return Found(snapshot.FindTenant(tenant),
               Unknown(FailureCode::kTenantUnknown, "tenant", tenant.value()))
      .status();
}

absl::StatusOr<store::Zone> FindZone(absl::string_view id, const store::WalledSnapshot& snapshot) {
  return Found(snapshot.FindZone(ZoneId(id)), Unknown(FailureCode::kZoneUnknown, "zone", id));
}

absl::StatusOr<store::Selection> CheckSelection(const muster::admin::v1::Selection& selection,
                                                const store::WalledSnapshot& snapshot) {
  store::Selection out{.tenant_id = TenantId(selection.tenant_id()),
                       .zone_id = ZoneId(selection.zone_id()),
                       .labels = {selection.labels().begin(), selection.labels().end()},
                       .names = {selection.names().begin(), selection.names().end()}};
  RETURN_IF_ERROR(CheckTenant(out.tenant_id, snapshot));
  if (!out.zone_id.empty()) {
    ASSIGN_OR_RETURN(const store::Zone zone, FindZone(out.zone_id.value(), snapshot));
    if (!out.tenant_id.empty() && zone.tenant_id != out.tenant_id) {
      return InvalidRequest(
          absl::StrCat("zone ", zone.id.value(), " is not of tenant ", out.tenant_id.value()));
    }
  }
  for (const std::string& name : out.names) {
    if (name.empty()) return InvalidRequest("a name in the selection is empty");
  }
  return out;
}

absl::StatusOr<store::Server> FindServer(absl::string_view text,
                                         const store::WalledSnapshot& snapshot) {
  const size_t slash = text.rfind('/');
  return Found(
      slash == absl::string_view::npos
          ? snapshot.FindServer(ServerId(text))
          : snapshot.FindServerByName(ZoneId(text.substr(0, slash)), text.substr(slash + 1)),
      Unknown(FailureCode::kServerUnknown, "server", text,
              " (a server is named by its id or as tenant/zone/name)"));
}

absl::StatusOr<ServerId> ServerIdOf(absl::string_view text, const store::WalledSnapshot& snapshot) {
  if (text.find('/') == absl::string_view::npos) return ServerId(text);
  ASSIGN_OR_RETURN(const store::Server server, FindServer(text, snapshot));
  return server.id;
}

absl::StatusOr<store::Rollout> FindRollout(absl::string_view id,
                                           const store::WalledSnapshot& snapshot) {
  return Found(snapshot.FindRollout(RolloutId(id)),
               Unknown(FailureCode::kRolloutUnknown, "rollout", id));
}

}  // namespace muster::api
