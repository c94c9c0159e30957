#include "orchestrator/cli/text.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/utc_text.h"
#include "base/yaml/duration_text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
std::string TextOf(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return UtcText(rpc::FromProto(time));
}

std::string TextOf(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(rpc::FromProto(duration));
}

std::string TextOf(const types::v1::Failure& failure) {
  if (failure.code().empty()) return failure.detail();
  return absl::StrCat(failure.code(), failure.detail().empty() ? "" : ": ", failure.detail());
}

std::string TextOf(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string, std::string> ordered(labels.begin(), labels.end());
  return absl::StrJoin(ordered, " ", absl::PairFormatter("="));
}

absl::Status UnknownWord(absl::string_view flag, absl::string_view word,
                         const std::vector<std::string>& known) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " '", word, "' is none of ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<google::protobuf::Duration> ParseDurationFlag(absl::string_view flag,
                                                             absl::string_view text) {
  const auto duration = yaml::ParseDurationText(text);
  if (!duration.has_value() || *duration <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " '", text, "' is not a duration; write it like 90s, 30m, 24h or 7d"));
  }
  return rpc::ToProto(*duration);
}

absl::StatusOr<google::protobuf::Timestamp> ParseTimeFlag(absl::string_view flag,
                                                          absl::string_view text,
                                                          const CliEnvironment& environment) {
  if (const auto ago = yaml::ParseDurationText(text)) {
    return rpc::ToProto(environment.now() - *ago);
  }
  absl::Time time;
  std::string ignored;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%d", text, environment.zone, &time, &ignored)) {
    return rpc::ToProto(time);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " '", text,
                   "' is no time; write how long ago (2h, 7d), a day (2026-07-18) or a time "
                   "(2026-07-18T09:00:00Z)"));
}

std::string LimitProblem(const std::string& text) {
  int value = 0;
  return absl::SimpleAtoi(text, &value) && value >= 0 ? "" : "wants a whole number from 0";
}

std::string CountProblem(const std::string& text) {
  int value = 0;
  return absl::SimpleAtoi(text, &value) && value >= 1 ? "" : "wants a whole number from 1";
}

std::string Counted(int64_t count, absl::string_view singular) {
  return absl::StrCat(count, " ", singular, count == 1 ? "" : "s");
}

}  // namespace muster::cli
