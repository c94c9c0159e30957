// Refusals in the audit log, told so that a flood of them fills no disk: who knocks a thousand times
// a second is told of once, and then as a number.
//
//   at a door (action, subject)   the first addresses of each code    an event each
//                                 the rest                            counted, in memory
//                                 the end of the window               one event: how many of each
//                                                                     code, from how many addresses,
//                                                                     and the last of them
//
// A window is an hour; while the flood goes on each is twice as long as the one before, up to six
// hours, and what was told is not told again. So a flood makes kToldOneByOne + 1 rows in its first
// hour and one every six hours later, at each of at most kMostDoors doors and one that the others
// share. An orderly stop tells what was counted (TellAll); a kill loses it.
#ifndef MUSTER_ORCHESTRATOR_CORE_ADMISSION_REFUSALS_H_
#define MUSTER_ORCHESTRATOR_CORE_ADMISSION_REFUSALS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "orchestrator/core/control/agenda.h"
#include "orchestrator/core/interfaces/control.h"

namespace muster::core {

inline constexpr char kBootstrapRefused[] = "bootstrap.refused";

struct Refusal {
  std::string actor;    // "address:10.0.0.1", "operator:opr-…"
  std::string action;   // kBootstrapRefused, "session.refused", …
  std::string subject;  // What was knocked at: a token, a server, a method. May be empty.
  TenantId tenant_id;   // Who sees the event.
  FailureCode code;
  std::string address;  // Empty: it is the actor's.
  std::string detail;
  // Of kBootstrapRefused, which is kept at the token as well; empty: of one that is not known.
  TokenId token_id;
  std::string server_name;
};

// On the strand only.
class Refusals {
 public:
  static constexpr int kToldOneByOne = 5;
  static constexpr size_t kMostDoors = 200;  // With one more that all others share.
  static constexpr absl::Duration kFirstWindow = absl::Hours(1);
  static constexpr absl::Duration kLongestWindow = absl::Hours(6);

  explicit Refusals(Agenda& agenda) : agenda_(agenda) {}

  absl::Status Note(Turn& turn, const Refusal& refusal);
  // Tells what was counted until now, before its time.
  absl::Status TellAll(Turn& turn);

 private:
  struct Kind {
    std::set<std::string> told;       // Addresses.
    int64_t untold = 0;               // Refusals.
    std::set<std::string> addresses;  // Of those; not beyond some number.
  };
  struct Door {
    absl::Duration window = kFirstWindow;
    std::map<FailureCode, Kind> kinds;
    std::optional<Refusal> last;  // That was not told.
    absl::Time first;             // When the first of them came.
  };
  using Key = std::pair<std::string, std::string>;  // Action, subject.

  absl::Status EndWindow(Turn& turn, const Key& key);
  // What was counted, as one event; nothing when nothing was.
  static absl::Status Tell(Turn& turn, const Key& key, Door& door);

  Agenda& agenda_;
  std::map<Key, Door> doors_;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_ADMISSION_REFUSALS_H_
