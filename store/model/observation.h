// What is wrong with a server beside its enrollment, as the orchestrator saw it or its worker said:
// a clock that is off, a certificate that was refused, two machines with one identity. One row per
// server and code, counted; it stays until evidence clears it.
#ifndef MUSTER_STORE_MODEL_OBSERVATION_H_
#define MUSTER_STORE_MODEL_OBSERVATION_H_

#include <string>

#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"

namespace muster::store {

struct Observation {
  ServerId server_id;
  FailureCode code;
  std::string detail;  // What was seen last, without secrets.
  absl::Time first_seen;
  absl::Time last_seen;
  int64_t times = 1;
};

}  // namespace muster::store

#endif  // MUSTER_STORE_MODEL_OBSERVATION_H_
