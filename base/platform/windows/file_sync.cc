#include "base/platform/file_sync.h"

#include <windows.h>

#include <utility>

#include "base/platform/windows/handle.h"

namespace muster {
namespace {

class WindowsFileSync final : public FileSync {
 public:
  WindowsFileSync(std::string path, Handle file) : path_(std::move(path)), file_(std::move(file)) {}

  absl::Status Sync() override {
    return FlushFileBuffers(file_.get()) ? absl::OkStatus()
                                         : WindowsError(GetLastError(), "sync", path_);
  }

 private:
  const std::string path_;
  const Handle file_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileSync>> FileSync::Open(const std::string& path) {
  // Only who may write may flush.
  Handle file(CreateFileW(Wide(path).c_str(), GENERIC_WRITE,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                          OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.ok()) return WindowsError(GetLastError(), "open", path);
  return std::make_unique<WindowsFileSync>(path, std::move(file));
}

}  // namespace muster
