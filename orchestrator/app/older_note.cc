#include "orchestrator/app/older_note.h"

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "orchestrator/app/data_directory.h"

namespace muster::app {
namespace {

constexpr size_t kMostOlderNoteBytes = 16 << 10;
constexpr absl::Duration kWarnFor = absl::Hours(24 * 7);

std::string OlderNotePath(const std::string& data_dir) { return absl::StrCat(data_dir, "/older"); }

}  // namespace

// Two lines: when, and by what.
absl::Status SaveOlderNote(const std::string& data_dir, const OlderNote& note) {
  return ReplaceFile(
      OlderNotePath(data_dir),
      absl::StrCat(absl::FormatTime(absl::RFC3339_full, note.time, absl::UTCTimeZone()), "\n",
                   note.seen, "\n"));
}

std::optional<OlderNote> LoadOlderNote(const std::string& data_dir) {
  const auto content =
      ReadPrivateFile(OlderNotePath(data_dir), FileReach::kAny, kMostOlderNoteBytes);
  if (!content.ok()) return std::nullopt;
  const absl::string_view text = content->Reveal();
  const size_t end = text.find('\n');
  OlderNote note;
  std::string ignored;
  if (end == absl::string_view::npos ||
      !absl::ParseTime(absl::RFC3339_full, text.substr(0, end), &note.time, &ignored)) {
    return std::nullopt;
  }
  const absl::string_view seen = text.substr(end + 1);
  const absl::string_view line = seen.substr(0, seen.find('\n'));
  note.seen.assign(line.data(), line.size());
  return note;
}

api::SystemCheck CheckOfOlderNote(const OlderNote& note, absl::Time now) {
  const std::string seen = absl::StrCat(
      "found on ", absl::FormatTime("%Y-%m-%d %H:%M UTC", note.time, absl::UTCTimeZone()),
      " to be of an earlier moment than workers know: ", note.seen);
  if (now - note.time > kWarnFor) {
    return {"earlier moment", api::SystemCheck::Result::kOk, seen, ""};
  }
  return {"earlier moment", api::SystemCheck::Result::kWarning, seen,
          InfoOf(FailureCode::kSessionAhead).remedy};
}

}  // namespace muster::app
