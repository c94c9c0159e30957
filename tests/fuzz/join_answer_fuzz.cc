// What the local service answers to a join: an outcome, with a failure unless it succeeded, in one
// line that holds neither the joining secret nor a disguise of it.
#include <cstdint>

#include "absl/strings/escaping.h"
#include "base/redact.h"
#include "tests/fuzz/promises.h"
#include "worker/service/cli_driver.h"
#include "worker/service/join_answer.h"

namespace {

using muster::fuzz::Require;
using muster::worker::JoinAnswer;

constexpr char kSecret[] = "canary-secret-4711";

void RequireFit(const JoinAnswer& answer) {
  const bool succeeded = answer.outcome == JoinAnswer::Outcome::kSucceeded;
  Require(succeeded != answer.failure.has_value(), "a failure unless it succeeded");
  muster::fuzz::RequireLine(answer.hub_instance_id, 256, "a hub's id");
  if (!answer.failure) return;
  const std::string& detail = answer.failure->detail;
  muster::fuzz::RequireLine(detail, muster::kMaxForeignText, "a failure's detail");
  Require(!muster::fuzz::Holds(detail, kSecret), "no secret in it");
  Require(!muster::fuzz::Holds(detail, "1174-terces-yranac"), "nor backwards");
  Require(!muster::fuzz::Holds(detail, absl::BytesToHexString(kSecret)), "nor as digits");
  Require(!muster::fuzz::Holds(detail, absl::Base64Escape(kSecret)), "nor in base64");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view body = muster::fuzz::TextOf(data, size);
  const muster::worker::JoinCall call{"https://hub.example", "client",
                                      muster::Secret::CopyOf(kSecret)};
  for (const int status : {200, 401, 500}) {
    RequireFit(muster::worker::ParseJoinAnswer(status, body, call));
  }
  for (const int code : {0, 1}) RequireFit(muster::worker::ParseCliOutput(body, code, call));
  return 0;
}
