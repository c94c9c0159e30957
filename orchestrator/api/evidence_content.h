// What an evidence pack says of a tenant: its chain of audit events, a receipt for each server, the
// report. It looks the same whoever takes it.
#ifndef MUSTER_ORCHESTRATOR_API_EVIDENCE_CONTENT_H_
#define MUSTER_ORCHESTRATOR_API_EVIDENCE_CONTENT_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "orchestrator/evidence/pack_writer.h"
#include "store/interface/walled_snapshot.h"

namespace muster::api {

struct EvidencePeriod {
  TenantId tenant;
  absl::Time since;
  absl::Time now;
  int64_t last_sequence = 0;  // Later events are not in it.
};

// Calls its argument with a snapshot, behind the wall of the period's tenant: a new one for every
// page, so that none is held for long.
using ReadPage = std::function<absl::Status(
    const std::function<absl::Status(const store::WalledSnapshot&)>& page)>;

// Writes all files but the manifest, of which it fills in what it counts. E-STORE-CORRUPT when the
// chain does not hold; Unavailable when events were pruned meanwhile. Blocks on store and disk.
absl::Status WriteEvidence(const EvidencePeriod& period, const ReadPage& read,
                           evidence::PackWriter& out, evidence::Manifest& manifest);

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_EVIDENCE_CONTENT_H_
