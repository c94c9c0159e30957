// Whether a hub's record is the one of a server that claims it. Pure.
//
// A worker may say any hub id, internal id and machine name. What it cannot choose is the name that
// the inventory has for it, and what the hub says of the record:
//
//   the record's title        its internal id       standing
//   the server's name         not another           named
//   the machine's name (1)    not another           alias
//   anything else, or none     any                   none
//   any                       another               none
//
//   (1) as its worker says, unless the inventory has another server of that name at the hub, which
//       somebody expects: one that is pending or rejected has chosen its name itself
//
// A title comes with the first connection. A server without standing proves nothing by the record.
// Of several that claim one record the one with the higher standing has it; a tie has nobody
// (docs/security.md).
#ifndef MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RECORD_CLAIM_H_
#define MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RECORD_CLAIM_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "orchestrator/core/interfaces/hub_reader.h"
#include "store/model/server.h"

namespace muster::core {

// The bytes of a title that Windows has cut.
inline constexpr size_t kCutTitle = 15;

// Whether a machine of this name reports this title: in any case, with or without its domain, or
// cut off after kCutTitle as Windows does.
bool IsTitleOf(absl::string_view title, absl::string_view name);

enum class Standing { kNone, kAlias, kNamed };

struct RecordClaim {
  const store::Server* server = nullptr;
  std::string internal_instance_id;  // As its worker says; may be empty.
  std::string machine_name;          // As its worker says; may be empty.
};

// `title_is_anothers`: the inventory has another server of that name at the hub.
Standing StandingOf(const RecordClaim& claim, const HubInstance& record, bool title_is_anothers);

// Who has the record, as one of those who claim it is told.
struct Contest {
  enum class Outcome { kWon, kTied, kLost } outcome = Outcome::kWon;
  Failure why;  // Unless won: names both servers and both machines, where there are two.
};

// A record that two servers speak for, in words. `other` of another tenant is not named.
Failure ConflictOver(const HubInstance& record, const store::Server& server,
                     const store::Server& other);
// Of a record that is not the server's by its title or internal id, and that nobody else claims.
Failure ForeignRecord(const HubInstance& record, const RecordClaim& claim);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ENROLLMENT_RECORD_CLAIM_H_
