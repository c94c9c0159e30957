// What can go wrong, as data: every failure that a person may meet has a code that is stable for
// ever, a class (try again or not), an owner (who can mend it) and a remedy. The one table is
// base/failure_codes.inc; sources that name a code include base/failure_code.h.
#ifndef MUSTER_BASE_FAILURE_H_
#define MUSTER_BASE_FAILURE_H_

#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster {

enum class FailureClass {
  kTransient,
  kPermanent
};  // Transient: the same step may succeed later, unchanged.
enum class FailureOwner { kCustomer, kProvider, kVendor };  // Who can mend it.

enum class FailureCode : int;  // Its names: base/failure_code.h.

// A row of the table.
struct FailureInfo {
  FailureCode code;
  const char* text;  // "E-JOIN-ELSEWHERE"
  FailureClass failure_class;
  FailureOwner owner;
  absl::StatusCode status;  // The canonical code when the failure answers an RPC or a command line.
  const char* remedy;       // What to do next; a whole sentence.
};

const FailureInfo& InfoOf(FailureCode code);
// The row with this text ("E-…"), or none: an older program may meet a newer one's code.
std::optional<FailureCode> FindFailureCode(absl::string_view text);
std::span<const FailureInfo> AllFailures();

inline const char* TextOf(FailureCode code) { return InfoOf(code).text; }
inline bool IsTransient(FailureCode code) {
  return InfoOf(code).failure_class == FailureClass::kTransient;
}

// A failure of one server, command or hub, as it travels and is stored. `detail` says what was
// seen, without secrets.
struct Failure {
  FailureCode code;
  std::string detail;
  friend bool operator==(const Failure&, const Failure&) = default;
};

// "E-JOIN-ELSEWHERE: joined to https://a. <remedy>" with the row's canonical code; the code also
// rides as a payload.
absl::Status FailureStatus(FailureCode code, absl::string_view detail);
// The failure that FailureStatus put into `status`, if it did.
std::optional<FailureCode> FailureCodeOf(const absl::Status& status);
// The status itself when it is OK or carries a code, else FailureStatus(code, its message).
absl::Status EnsureCode(const absl::Status& status, FailureCode code);
// The message without the code and the remedy that FailureStatus put around it: for a failure that
// has another code, and so another remedy, in its caller's place.
std::string DetailOf(const absl::Status& status);
// Makes FailureCodeOf(status) answer `code`: for a status that came from elsewhere with the code in
// its text only.
void AttachFailureCode(FailureCode code, absl::Status& status);

}  // namespace muster

#endif  // MUSTER_BASE_FAILURE_H_
