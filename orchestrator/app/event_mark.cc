#include "orchestrator/app/event_mark.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "orchestrator/app/data_directory.h"

namespace muster::app {
namespace {

constexpr size_t kMostMarkBytes = 64;

}  // namespace

EventMark::EventMark(std::string data_dir, const store::Store& store)
    : path_(absl::StrCat(data_dir, "/last-event")), store_(store) {}

absl::StatusOr<int64_t> EventMark::NewestEvent() const {
  ASSIGN_OR_RETURN(const auto snapshot, store_.Read());
  ASSIGN_OR_RETURN(const auto newest,
                   snapshot->audit().List(store::TenantWall::Everything(), "", 0, 1));
  return newest.empty() ? 0 : newest.front().sequence;
}

absl::StatusOr<std::optional<EventMark::Gap>> EventMark::FindGap() const {
  // A mark that is missing or unreadable says nothing.
  const auto content = ReadPrivateFile(path_, FileReach::kAny, kMostMarkBytes);
  Gap gap;
  if (!content.ok() ||
      !absl::SimpleAtoi(absl::StripAsciiWhitespace(content->Reveal()), &gap.noted)) {
    return std::optional<Gap>();
  }
  ASSIGN_OR_RETURN(gap.database, NewestEvent());
  if (gap.database >= gap.noted) return std::optional<Gap>();
  return std::optional<Gap>(gap);
}

absl::Status EventMark::Note() {
  ASSIGN_OR_RETURN(const int64_t newest, NewestEvent());
  if (newest == written_) return absl::OkStatus();
  RETURN_IF_ERROR(ReplaceFile(path_, absl::StrCat(newest, "\n")));
  written_ = newest;
  return absl::OkStatus();
}

}  // namespace muster::app
