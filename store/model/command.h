// Commands and their attempts: intent, committed before any byte is sent (invariant 1).
#ifndef MUSTER_STORE_MODEL_COMMAND_H_
#define MUSTER_STORE_MODEL_COMMAND_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/model/states.h"

namespace muster::store {

// One instruction for one server. Its id is the same in every delivery.
struct Command {
  CommandId id;
  ServerId server_id;
  ZoneId zone_id;  // The database holds it to the server's zone and to the key's zone by foreign
                   // keys (invariant 6).
  RolloutId rollout_id;
  CommandKind kind = CommandKind::kProbe;
  KeyVersionId key_version_id;  // Join only: the joining key bound to it.
  bool allow_takeover = false;
  absl::Time create_time;
  absl::Time expire_time;
};

// One delivery of a command.
struct Attempt {
  AttemptId id;
  CommandId command_id;
  ServerId server_id;
  CommandKind kind = CommandKind::kProbe;  // The command's; the store holds it to that.
  RolloutId rollout_id;
  int number = 1;  // 1, 2, … inside the target.
  AttemptState state = AttemptState::kSent;
  std::string reason;  // What it was before it came into doubt.
  std::optional<Failure> failure;
  absl::Time create_time;
  std::optional<absl::Time> sent_time;
  std::optional<absl::Time> finish_time;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_COMMAND_H_
