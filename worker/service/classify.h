// What the service's answer to a join means (certify.md 1.5). `isSuccess` decides; the text is only
// a hint at why not.
#ifndef MUSTER_WORKER_SERVICE_CLASSIFY_H_
#define MUSTER_WORKER_SERVICE_CLASSIFY_H_

#include "absl/strings/string_view.h"
#include "base/failure.h"

namespace muster::worker {

struct MessageMeaning {
  FailureCode code;
  // The hub may have acted although the service did not get its answer: a second first join would
  // then register a second record (certify.md 1.6).
  bool hub_may_have_acted = false;
};

// Pure. Texts that no row of the table knows mean E-JOIN-UNKNOWN-ANSWER.
MessageMeaning ClassifyJoinMessage(absl::string_view message);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_CLASSIFY_H_
