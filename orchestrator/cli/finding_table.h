// Findings as a table, for the commands that show some.
#ifndef MUSTER_ORCHESTRATOR_CLI_FINDING_TABLE_H_
#define MUSTER_ORCHESTRATOR_CLI_FINDING_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/admin/v1/finding.pb.h"
#include "orchestrator/cli/table.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {

namespace v1 = admin::v1;

inline constexpr Field<v1::Finding> kFindingFields[] = {
    {"finding_id", Show::kAlways, [](const v1::Finding& f) { return f.finding_id(); }, Unit::kName},
    {"zone", Show::kAlways, [](const v1::Finding& f) { return f.zone_id(); }, Unit::kName},
    {"kind", Show::kAlways, [](const v1::Finding& f) { return WordOf(f.kind()); }},
    {"state", Show::kAlways, [](const v1::Finding& f) { return WordOf(f.state()); }},
    {"severity", Show::kAlways, [](const v1::Finding& f) { return WordOf(f.severity()); }},
    {"server", Show::kAlways, [](const v1::Finding& f) { return f.server(); }, Unit::kName},
    {"server_id", Show::kDetails, [](const v1::Finding& f) { return f.server_id(); }},
    {"hub_instance_id", Show::kDetails, [](const v1::Finding& f) { return f.hub_instance_id(); }},
    {"code", Show::kDetails, [](const v1::Finding& f) { return f.failure().code(); }},
    {"evidence", Show::kAlways, [](const v1::Finding& f) { return f.failure().detail(); },
     Unit::kProse},
    {"first_seen", Show::kDetails, [](const v1::Finding& f) { return TextOf(f.first_seen_time()); },
     Unit::kTime},
    {"last_seen", Show::kAlways, [](const v1::Finding& f) { return TextOf(f.last_seen_time()); },
     Unit::kTime},
    {"times", Show::kDetails, [](const v1::Finding& f) { return absl::StrCat(f.times()); }},
    {"since", Show::kDetails, [](const v1::Finding& f) { return TextOf(f.state_time()); },
     Unit::kTime},
    {"suppressed_until", Show::kDetails,
     [](const v1::Finding& f) { return TextOf(f.suppressed_until()); }, Unit::kTime},
    {"by", Show::kDetails, [](const v1::Finding& f) { return f.actor(); }},
    {"reason", Show::kDetails, [](const v1::Finding& f) { return f.reason(); }, Unit::kProse},
    {"owner", Show::kDetails, [](const v1::Finding& f) { return f.owner(); }},
    {"remedy", Show::kDetails, [](const v1::Finding& f) { return f.failure().remedy(); },
     Unit::kProse},
    {"next", Show::kDetails, [](const v1::Finding& f) { return f.command(); }},
};

template <typename Items>
Table FindingTable(const Items& findings) {
  return MakeTable(kFindingFields, findings);
}
inline Table FindingTable(const std::vector<v1::Finding>& findings) {
  return MakeTable(kFindingFields, findings);
}

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_FINDING_TABLE_H_
