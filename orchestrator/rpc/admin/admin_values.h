// Store values ⇄ admin messages, and what several admin services check in requests.
#ifndef MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_VALUES_H_
#define MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_VALUES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/types/v1/server.pb.h"
#include "store/interface/walled_snapshot.h"

namespace muster::rpc {

// ---- requests ----

// E-REQUEST-INVALID with `what` in its text.
absl::Status InvalidRequest(absl::string_view what);

// 0 means the default, 200; E-REQUEST-INVALID outside 0 to 1,000.
absl::StatusOr<int> PageSize(int requested);
// Page tokens are opaque to callers: the cursor in base64, marked with the list that it is of.
std::string MakePageToken(absl::string_view list, absl::string_view cursor);
// The cursor, "" for an empty token. E-REQUEST-INVALID for a token of another list or none of ours.
absl::StatusOr<std::string> ParsePageToken(absl::string_view list, absl::string_view token);

// The selection, checked: E-INVENTORY-TENANT or E-INVENTORY-ZONE for what does not exist or lies
// behind the wall (the two look alike on purpose); E-REQUEST-INVALID when they contradict.
absl::StatusOr<store::Selection> CheckSelection(const muster::admin::v1::Selection& selection,
                                                const store::WalledSnapshot& snapshot);
// By id or "tenant/zone/name"; E-INVENTORY-SERVER when there is none inside the caller's wall.
absl::StatusOr<store::Server> FindServer(absl::string_view text,
                                         const store::WalledSnapshot& snapshot);
// E-INVENTORY-ZONE when there is none inside the caller's wall.
absl::StatusOr<store::Zone> FindZone(absl::string_view id, const store::WalledSnapshot& snapshot);
// E-ROLLOUT-UNKNOWN when there is none inside the caller's wall. A rollout of several tenants is
// visible only without a wall.
absl::StatusOr<store::Rollout> FindRollout(absl::string_view id,
                                           const store::WalledSnapshot& snapshot);

// ---- answers ----

muster::types::v1::Admission ToProto(store::Admission admission);
muster::types::v1::Enrollment ToProto(store::Enrollment enrollment);
muster::admin::v1::CommandKind ToProto(store::CommandKind kind);
muster::admin::v1::RolloutState ToProto(store::RolloutState state);
muster::admin::v1::TargetState ToProto(store::TargetState state);
muster::admin::v1::TokenState ToProto(store::TokenState state);
muster::admin::v1::MatchKind ToProto(store::MatchKind kind);
store::Enrollment FromProto(muster::types::v1::Enrollment enrollment);
muster::admin::v1::Selection ToProto(const store::Selection& selection);
muster::admin::v1::Server ToProto(const store::Server& server, bool connected, absl::Time now);
muster::admin::v1::Observation ToProto(const store::Observation& observation);
muster::admin::v1::Rollout ToProto(const store::Rollout& rollout,
                                   const store::TargetCounts& counts);
// These read what the message needs beside the value itself.
absl::StatusOr<muster::admin::v1::Zone> ToProto(const store::Zone& zone,
                                                const store::WalledSnapshot& snapshot);
absl::StatusOr<muster::admin::v1::Token> ToProto(const store::BootstrapToken& token,
                                                 const store::WalledSnapshot& snapshot,
                                                 absl::Time now);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_ADMIN_ADMIN_VALUES_H_
