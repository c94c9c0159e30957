#include "orchestrator/core/report/finding_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_words.h"

namespace muster::core {
namespace {

using store::FindingKind;

// "web-1" of "acme/prod/web-1".
absl::string_view NameIn(absl::string_view server) { return server.substr(server.rfind('/') + 1); }

}  // namespace

Failure FailureOf(const store::Finding& finding) {
  return {store::CodeOf(finding.kind), finding.evidence.str()};
}

std::string OwnerOf(const store::Finding& finding) {
  return WordOf(InfoOf(store::CodeOf(finding.kind)).owner);
}

std::string CommandFor(const store::Finding& finding, absl::string_view server) {
  const std::string zone = absl::StrCat("--zone ", finding.zone_id.value());
  const std::string suppress =
      absl::StrCat("muster finding suppress ", finding.id.value(), " --until 30d --reason \"…\"");
  if (server.empty()) {
    // Unproven as a whole: the hub is not read.
    return finding.kind == FindingKind::kUnproven
               ? absl::StrCat("muster hub check ", finding.zone_id.value())
               : suppress;
  }
  const std::string here =
      absl::StrCat("--zone ", server.substr(0, server.rfind('/')), " --name ", NameIn(server));
  switch (finding.kind) {
    case FindingKind::kMissing:
    case FindingKind::kDisconnected:
      return absl::StrCat("muster rollout create ", here);
    case FindingKind::kWrongZone:
      return absl::StrCat("muster rollout create ", here, " --force --allow-takeover");
    case FindingKind::kIdentityChanged:
      return absl::StrCat("muster server release-record ", server);
    case FindingKind::kDuplicateIdentity:
      if (absl::StartsWith(finding.subject, store::kWorkerSubject)) {
        return absl::StrCat("muster server cure-clone ", server, " --keep MACHINE");
      }
      return absl::StrCat("muster server explain ", server);
    case FindingKind::kWorkerMissing:
    case FindingKind::kServiceDown:
      return absl::StrCat("muster server explain ", server);
    case FindingKind::kRenamed:
      return absl::StrCat("muster server rename ", server, " NEW-NAME");
    case FindingKind::kMoved:
      return absl::StrCat("muster server retire ", server);
    case FindingKind::kUnproven:
      return absl::StrCat("muster verify ", zone);
    case FindingKind::kGhost:
    case FindingKind::kUnknown:
    case FindingKind::kClockSkew:
      return suppress;
  }
  return "";
}

}  // namespace muster::core
