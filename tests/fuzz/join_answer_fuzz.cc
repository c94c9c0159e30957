// What the local service answers to a join: the joining secret never gets into the result.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "worker/service/join_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view body(reinterpret_cast<const char*>(data), size);
  constexpr char kSecret[] = "canary-secret-4711";
  const muster::worker::JoinCall call{"https://hub.example", "client",
                                      muster::Secret::CopyOf(kSecret)};
  for (const int status : {200, 401, 500}) {
    const muster::worker::JoinAnswer answer = muster::worker::ParseJoinAnswer(status, body, call);
    const bool succeeded = answer.outcome == muster::worker::JoinAnswer::Outcome::kSucceeded;
    if (succeeded == answer.failure.has_value()) std::abort();
    if (answer.failure && absl::StrContains(answer.failure->detail, kSecret)) std::abort();
    if (absl::StrContains(answer.hub_instance_id, kSecret)) std::abort();
  }
  return 0;
}
