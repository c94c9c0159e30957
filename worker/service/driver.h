// The local Certify service as commands see it: one small interface, one driver for its HTTP API
// and one for its command line.
//
//   Survey ──► facts, or why there are none      (read-only: never hub/checkcreds, certify.md 1.6)
//   Join   ──► succeeded · failed · unsure       (unsure: the answer was lost; look, never repeat)
#ifndef MUSTER_WORKER_SERVICE_DRIVER_H_
#define MUSTER_WORKER_SERVICE_DRIVER_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/failure.h"
#include "base/secret.h"
#include "muster/types/v1/facts.pb.h"

namespace muster::worker {

struct Survey {
  types::v1::ServiceFacts facts;   // As far as the questions got.
  std::optional<Failure> failure;  // The first question that got no answer.
};

struct JoinCall {
  std::string hub_url;
  std::string client_id;
  Secret secret;
};

struct JoinAnswer {
  enum class Outcome {
    kSucceeded,  // The service says so; that it is connected is another question.
    kFailed,     // Nothing was changed on the hub, or a repetition would change nothing more.
    kUnsure,     // May have taken effect.
  };
  Outcome outcome = Outcome::kUnsure;
  std::optional<Failure> failure;  // Set unless succeeded; the detail is redacted.
  std::string hub_instance_id;  // From the answer; empty with 2025 services and the command line.
  // No answer came: the service may still be at this join when the call returns.
  bool may_still_run = false;
};

// Blocks. One call at a time.
class ServiceDriver {
 public:
  virtual ~ServiceDriver() = default;
  // Looks for the service afresh (its port may have moved), then asks for its version, hub status,
  // identity and preferences, in this order, as far as it can.
  virtual Survey TakeSurvey() = 0;
  // Identity and hub as its files say; touches no network.
  virtual absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() = 0;
  // hub/status alone. Errors carry an E-SERVICE-… code.
  virtual absl::StatusOr<bool> IsHubConnected() = 0;
  // Sends one join, exactly once, to where the last survey found the service.
  virtual JoinAnswer Join(const JoinCall& call) = 0;
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_DRIVER_H_
