// What the program around the core found of itself and of its files, to be told to the provider.
#ifndef MUSTER_ORCHESTRATOR_CORE_INTERFACES_SYSTEM_CONDITION_H_
#define MUSTER_ORCHESTRATOR_CORE_INTERFACES_SYSTEM_CONDITION_H_

#include <string>

#include "store/model/states.h"

namespace muster::core {

struct SystemCondition {
  store::NotificationKind kind = store::NotificationKind::kBackupOld;
  std::string subject;  // "certificate authority"
  std::string summary;
  std::string next;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_INTERFACES_SYSTEM_CONDITION_H_
