#include "orchestrator/core/enrollment/record_claim.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/names.h"

namespace muster::core {
namespace {

constexpr size_t kShownOfMachineId = 8;

std::string ShortOf(absl::string_view name) {
  std::string shorter = FoldedShortName(name);
  return shorter.empty() ? FoldName(name) : shorter;
}

bool IsAnotherService(const RecordClaim& claim, const HubInstance& record) {
  return !claim.internal_instance_id.empty() && !record.internal_instance_id.empty() &&
         !absl::EqualsIgnoreCase(claim.internal_instance_id, record.internal_instance_id.str());
}

std::string Described(const store::Server& server) {
  const store::MachineFacts& machine = server.machine;
  std::string text =
      absl::StrCat(server.zone_id.value(), "/", server.name, " (", server.id.value(), ", machine ",
                   machine.machine_name.empty() ? "unnamed" : machine.machine_name.str());
  if (!machine.machine_id_hash.empty()) {
    absl::StrAppend(&text, ", machine id ",
                    machine.machine_id_hash.str().substr(0, kShownOfMachineId), "…");
  }
  return text + ")";
}

std::string Described(const HubInstance& record) {
  return absl::StrCat(
      "hub record ", record.id.value(),
      record.title.empty() ? " without a title" : absl::StrCat(" of \"", record.title.str(), "\""));
}

}  // namespace

bool IsTitleOf(absl::string_view title, absl::string_view name) {
  if (title.empty() || name.empty()) return false;
  const std::string folded = FoldName(title);
  if (folded == FoldName(name)) return true;
  const std::string short_name = ShortOf(name);
  // Of two names with domains the domains count.
  if (folded == short_name || ShortOf(title) == FoldName(name)) return true;
  return title.size() == kCutTitle && short_name.size() > kCutTitle &&
         absl::StartsWith(short_name, folded);
}

Standing StandingOf(const RecordClaim& claim, const HubInstance& record, bool title_is_anothers) {
  if (IsAnotherService(claim, record)) return Standing::kNone;
  if (IsTitleOf(record.title.str(), claim.server->name)) return Standing::kNamed;
  if (title_is_anothers) return Standing::kNone;
  return IsTitleOf(record.title.str(), claim.machine_name) ||
                 IsTitleOf(record.title.str(), claim.server->machine.machine_name.str())
             ? Standing::kAlias
             : Standing::kNone;
}

Failure ConflictOver(const HubInstance& record, const store::Server& server,
                     const store::Server& other) {
  return {FailureCode::kVerifyConflict,
          absl::StrCat(Described(record), " is spoken for by ", Described(server), " and by ",
                       other.tenant_id == server.tenant_id ? Described(other)
                                                           : "a server of another tenant")};
}

Failure ForeignRecord(const HubInstance& record, const RecordClaim& claim) {
  if (IsAnotherService(claim, record)) {
    return {FailureCode::kVerifyForeignRecord,
            absl::StrCat(Described(record), " has the internal id ",
                         record.internal_instance_id.str(), ", the service of ",
                         Described(*claim.server), " has ", claim.internal_instance_id)};
  }
  return {FailureCode::kVerifyForeignRecord,
          absl::StrCat(Described(record), " is claimed by ", Described(*claim.server))};
}

}  // namespace muster::core
