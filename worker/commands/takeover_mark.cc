#include "worker/commands/takeover_mark.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/platform/files.h"
#include "base/redact.h"
#include "worker/service/service_files.h"

namespace muster::worker {

TakeoverMark::TakeoverMark(std::string path, const std::string& hub_url)
    : path_(std::move(path)), hub_url_(NormalizeHubUrl(hub_url)) {}

absl::Status TakeoverMark::Set(const std::string& service_run) const {
  return WriteFileAtomically(path_, absl::StrCat(hub_url_, "\n", CleanLine(service_run)),
                             FileAccess::kOwnerOnly);
}

absl::Status TakeoverMark::Clear() const {
  return WriteFileAtomically(path_, "", FileAccess::kOwnerOnly);
}

bool TakeoverMark::IsSet() const {
  const std::string hub = MarkedHub();
  return !hub.empty() && hub == hub_url_;
}

std::string TakeoverMark::MarkedHub() const {
  const std::string text = ReadWholeFile(path_).value_or("");
  return text.substr(0, text.find('\n'));
}

bool TakeoverMark::RestartedSince(const std::string& service_run) const {
  const std::string text = ReadWholeFile(path_).value_or("");
  const size_t end = text.find('\n');
  if (end == std::string::npos || service_run.empty()) return false;
  const std::string then = text.substr(end + 1);
  return !then.empty() && then != CleanLine(service_run);
}

}  // namespace muster::worker
