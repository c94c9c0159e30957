// Dates as hubs write them: a date that is taken lies where it can be stored and printed, and
// written anew it is the same moment.
#include <cstdint>

#include "orchestrator/hub/iso_time.h"
#include "proto/rpc/time.h"
#include "tests/fuzz/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::fuzz::Require;
  const auto time = muster::hub::ParseIsoTime(muster::fuzz::TextOf(data, size));
  if (!time.has_value()) return 0;
  Require(*time >= absl::FromCivil(absl::CivilYear(1999), absl::UTCTimeZone()) &&
              *time < absl::FromCivil(absl::CivilYear(10'001), absl::UTCTimeZone()),
          "a date is of our days");
  Require(absl::FromUnixMicros(absl::ToUnixMicros(*time)) <= *time, "a date can be stored");
  Require(muster::rpc::FromProto(muster::rpc::ToProto(*time)) == *time, "a date can be sent");
  const std::string text = absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", *time, absl::UTCTimeZone());
  const auto again = muster::hub::ParseIsoTime(text);
  // An offset may lead out of the years that are dates.
  Require(text.size() > 30 || text < "2000" || again == time, "written anew it is the same moment");
  return 0;
}
