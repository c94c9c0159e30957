#include "orchestrator/cli/selection_flags.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/ids.h"
#include "base/status_macros.h"

namespace muster::cli {

bool SelectionFlags::empty() const {
  return tenant.empty() && zone.empty() && labels.empty() && names.empty();
}

void AddPlaceFlags(CLI::App& app, SelectionFlags& flags) {
  // An unset variable of a script must not widen the selection to everybody's servers.
  const auto given = [](const std::string& text) -> std::string {
    return text.empty() ? "is empty; leave the flag away to select everywhere" : "";
  };
  app.add_option("--tenant", flags.tenant, "Only servers of this tenant")->check(given);
  app.add_option("--zone", flags.zone, "Only servers of this trust zone, as tenant/zone")
      ->check(given);
}

void SelectionFlags::AddTo(CLI::App& app) {
  AddPlaceFlags(app, *this);
  app.add_option("--label", labels, "Only servers with this label, as KEY=VALUE; all must match")
      ->allow_extra_args(false);
  app.add_option("--name", names,
                 "Only servers of this name, a trailing * matches a prefix; any may match")
      ->allow_extra_args(false)
      ->delimiter(',');
}

absl::Status CheckZoneId(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() == 2 && IsSlug(parts[0]) && IsSlug(parts[1])) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is no trust zone; write tenant/zone, 'muster zone list' shows them"));
}

absl::StatusOr<admin::v1::Selection> SelectionFlags::ToProto() const {
  admin::v1::Selection selection;
  if (!zone.empty()) {
    RETURN_IF_ERROR(CheckZoneId(zone));
    if (!tenant.empty() && TenantOf(ZoneId(zone)).value() != tenant) {
      return absl::InvalidArgumentError(
          absl::StrCat("--zone ", zone, " is not of --tenant ", tenant, "; drop one of them"));
    }
  }
  selection.set_tenant_id(tenant);
  selection.set_zone_id(zone);
  for (const std::string& label : labels) {
    const std::pair<std::string, std::string> part = absl::StrSplit(label, absl::MaxSplits('=', 1));
    if (part.first.empty() || !absl::StrContains(label, '=')) {
      return absl::InvalidArgumentError(
          absl::StrCat("--label '", label, "' is not KEY=VALUE, such as site=berlin"));
    }
    if (!selection.mutable_labels()->insert({part.first, part.second}).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--label ", part.first, " is given twice; a server has one value of it"));
    }
  }
  for (const std::string& name : names) {
    const size_t star = name.find('*');
    if (name.empty() || (star != std::string::npos && star + 1 != name.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("--name '", name, "' may hold one * at its end only, such as WEB-*"));
    }
    selection.add_names(name);
  }
  return selection;
}

std::string SelectionFlags::AsFlags() const {
  std::string out;
  const auto add = [&out](const char* flag, const std::string& value) {
    absl::StrAppend(&out, out.empty() ? "" : " ", flag, " '", value, "'");
  };
  if (!tenant.empty()) add("--tenant", tenant);
  if (!zone.empty()) add("--zone", zone);
  for (const std::string& label : labels) add("--label", label);
  for (const std::string& name : names) add("--name", name);
  return out;
}

}  // namespace muster::cli
