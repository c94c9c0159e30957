// At the start: is this the master key that the database's secrets were sealed with?
#ifndef MUSTER_ORCHESTRATOR_APP_MASTER_KEY_CHECK_H_
#define MUSTER_ORCHESTRATOR_APP_MASTER_KEY_CHECK_H_

#include "absl/status/status.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "store/interface/inventory_store.h"
#include "store/interface/notification_store.h"
#include "store/interface/store.h"

namespace muster::app {

// E-KEY-UNSEALABLE when the store holds joining keys, verifiers' or channels' secrets and none of
// them opens: the master key is another one. Single ones that do not open show when they are used.
// Blocks on the store.
absl::Status CheckMasterKey(const store::Store& store, core::KeyVault& vault);
absl::Status CheckMasterKey(const store::ZoneStore& zones,
                            const store::NotificationStore& notifications, core::KeyVault& vault);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_MASTER_KEY_CHECK_H_
