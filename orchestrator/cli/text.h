// The words of the wire as operators read them, and back.
#ifndef MUSTER_ORCHESTRATOR_CLI_TEXT_H_
#define MUSTER_ORCHESTRATOR_CLI_TEXT_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/map.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/types/v1/failure.pb.h"
#include "orchestrator/cli/environment.h"
#include "proto/rpc/words.h"

namespace muster::cli {

// The words of states and kinds: WordOf(server.enrollment()) is "in_doubt".
using rpc::WordOf;
using rpc::WordsOf;

absl::Status UnknownWord(absl::string_view flag, absl::string_view word,
                         const std::vector<std::string>& known);
// The value of a word given to `flag`. InvalidArgument names the words that exist.
template <typename E>
absl::StatusOr<E> ParseWordFlag(absl::string_view flag, absl::string_view word) {
  if (const std::optional<E> value = rpc::ParseWord<E>(word)) return *value;
  return UnknownWord(flag, word, rpc::WordsOf<E>());
}

// "2026-07-18T09:00:00Z"; empty for an absent time.
std::string TextOf(const google::protobuf::Timestamp& time);
// "24h", "90s", "1h30m": as flags and files take it.
std::string TextOf(const google::protobuf::Duration& duration);
// "E-JOIN-ELSEWHERE: joined to https://a"; empty when there is none.
std::string TextOf(const types::v1::Failure& failure);
// "a=1 b=2", in order of keys.
std::string TextOf(const google::protobuf::Map<std::string, std::string>& labels);

// "24h" given to `flag`. InvalidArgument unless it is a positive duration with its unit.
absl::StatusOr<google::protobuf::Duration> ParseDurationFlag(absl::string_view flag,
                                                             absl::string_view text);
// "2h" (ago), "2026-07-18" (where the person is) or "2026-07-18T09:00:00Z", given to `flag`.
absl::StatusOr<google::protobuf::Timestamp> ParseTimeFlag(absl::string_view flag,
                                                          absl::string_view text,
                                                          const CliEnvironment& environment);
// Checks of flags: why the text is no whole number from 0 (a limit), or from 1 (a count); empty
// when it is one.
std::string LimitProblem(const std::string& text);
std::string CountProblem(const std::string& text);
// "1 server", "2 servers".
std::string Counted(int64_t count, absl::string_view singular);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_TEXT_H_
