#include "worker/commands/takeover_mark.h"

#include <utility>

#include "base/platform/files.h"
#include "worker/service/service_files.h"

namespace muster::worker {

TakeoverMark::TakeoverMark(std::string path, const std::string& hub_url)
    : path_(std::move(path)), hub_url_(NormalizeHubUrl(hub_url)) {}

absl::Status TakeoverMark::Set() const {
  return WriteFileAtomically(path_, hub_url_, FileAccess::kOwnerOnly);
}

absl::Status TakeoverMark::Clear() const {
  return WriteFileAtomically(path_, "", FileAccess::kOwnerOnly);
}

bool TakeoverMark::IsSet() const {
  const absl::StatusOr<std::string> text = ReadWholeFile(path_);
  return text.ok() && !text->empty() && *text == hub_url_;
}

}  // namespace muster::worker
