#include "orchestrator/app/master_key_check.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"

namespace muster::app {

absl::Status CheckMasterKey(const store::Store& store, core::KeyVault& vault) {
  ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  return CheckMasterKey(snapshot->zones(), snapshot->notifications(), vault);
}

absl::Status CheckMasterKey(const store::ZoneStore& zones,
                            const store::NotificationStore& notifications, core::KeyVault& vault) {
  ASSIGN_OR_RETURN(const std::vector<store::Zone> list,
                   zones.List(store::TenantWall::Everything(), TenantId()));
  int sealed = 0;
  for (const store::Zone& zone : list) {
    if (!zone.verifier.secret.empty()) {
      if (vault.Open(zone.verifier.secret, core::VerifierBinding(zone.id)).ok()) {
        return absl::OkStatus();
      }
      ++sealed;
    }
    ASSIGN_OR_RETURN(const std::optional<store::JoiningKeyVersion> key,
                     zones.FindActiveKey(zone.id));
    if (!key.has_value()) continue;
    if (vault.Open(key->secret, core::JoiningKeyBinding(zone.id, key->version)).ok()) {
      return absl::OkStatus();
    }
    ++sealed;
  }
  ASSIGN_OR_RETURN(const std::vector<store::Channel> channels, notifications.ListChannels());
  for (const store::Channel& channel : channels) {
    if (channel.secret.empty()) continue;
    if (vault.Open(channel.secret, core::ChannelBinding(channel.id)).ok()) {
      return absl::OkStatus();
    }
    ++sealed;
  }
  if (sealed == 0) return absl::OkStatus();
  return FailureStatus(FailureCode::kKeyUnsealable,
                       absl::StrCat("none of the database's ", sealed, " secrets opens"));
}

}  // namespace muster::app
