// The bytes of POST hub/join: the request that is sent, and what its answer means (certify.md 1.5).
#ifndef MUSTER_WORKER_SERVICE_JOIN_ANSWER_H_
#define MUSTER_WORKER_SERVICE_JOIN_ANSWER_H_

#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "worker/service/driver.h"

namespace muster::worker {

// {"url":…,"clientId":…,"secret":…}
Secret JoinBody(const JoinCall& call);

// Pure. A 500, another status that proves nothing, and a 200 without isSuccess are kUnsure: the
// service may have failed after the hub registered it.
JoinAnswer ParseJoinAnswer(int http_status, absl::string_view body, const JoinCall& call);

// The answer of a join that the service refused with this message.
JoinAnswer RefusedWith(absl::string_view message, const JoinCall& call);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_JOIN_ANSWER_H_
