// Store and core values → admin messages. Enums: wire_enums.h.
#ifndef MUSTER_ORCHESTRATOR_API_VALUES_H_
#define MUSTER_ORCHESTRATOR_API_VALUES_H_

#include <optional>

#include "absl/status/statusor.h"
#include "base/failure.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/types/v1/facts.pb.h"
#include "muster/types/v1/failure.pb.h"
#include "orchestrator/api/wire_enums.h"
#include "orchestrator/core/report/held.h"
#include "proto/rpc/time.h"
#include "store/interface/walled_snapshot.h"

namespace muster::api {

using rpc::FromProto;  // Times and durations.
using rpc::ToProto;

// With the remedy of our table.
muster::types::v1::Failure ToProto(const Failure& failure);
muster::types::v1::MachineFacts ToProto(const store::MachineFacts& facts);
muster::types::v1::ServiceFacts ToProto(const store::ServiceFacts& facts);

muster::admin::v1::Tenant ToProto(const store::Tenant& tenant);
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
absl::StatusOr<muster::admin::v1::Rollout> ToProto(const store::Rollout& rollout,
                                                   const store::WalledSnapshot& snapshot,
                                                   absl::Time now);
// `held`: the zones whose joins are held, by id (core::ListHeldZones).
absl::StatusOr<muster::admin::v1::Target> ToProto(const store::Target& target,
                                                  store::CommandKind kind,
                                                  const std::vector<core::HeldZone>& held,
                                                  const store::WalledSnapshot& snapshot);

// What may be absent: the message's field stays so, too.
//
//   SetIf(rollout.finish_time, [&] { return out.mutable_finish_time(); });
template <typename T, typename Field>
void SetIf(const std::optional<T>& value, Field field) {
  if (value.has_value()) *field() = ToProto(*value);
}

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_VALUES_H_
