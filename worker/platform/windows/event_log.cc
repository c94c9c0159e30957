#include "worker/platform/windows/event_log.h"

#include <windows.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"

namespace muster::worker {
namespace {

constexpr char kSourcesKey[] = "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\";
constexpr DWORD kEventId = 1;             // "%1" in messages.mc.
constexpr size_t kLongestEvent = 30'000;  // Windows takes 31,839 characters.

std::wstring SourceKey() { return Wide(absl::StrCat(kSourcesKey, kEventSource)); }

bool HasLevel(absl::string_view line, absl::string_view level) {
  return absl::StrContains(line, absl::StrCat(" level=", level, " ")) ||
         absl::StrContains(line, absl::StrCat("\"level\":\"", level, "\""));
}

}  // namespace

absl::Status AddEventSource(const std::string& program) {
  HKEY key = nullptr;
  LSTATUS status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, SourceKey().c_str(), 0, nullptr, 0,
                                   KEY_SET_VALUE, nullptr, &key, nullptr);
  if (status == ERROR_SUCCESS) {
    const std::wstring file = Wide(program);
    const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    status = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ,
                            reinterpret_cast<const BYTE*>(file.c_str()),
                            static_cast<DWORD>((file.size() + 1) * sizeof(wchar_t)));
    if (status == ERROR_SUCCESS) {
      status = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD,
                              reinterpret_cast<const BYTE*>(&types), sizeof(types));
    }
    RegCloseKey(key);
  }
  if (status == ERROR_SUCCESS) return absl::OkStatus();
  return WindowsError(static_cast<uint32_t>(status), "register", "the source of events");
}

void RemoveEventSource() { RegDeleteTreeW(HKEY_LOCAL_MACHINE, SourceKey().c_str()); }

EventLog::EventLog() : source_(RegisterEventSourceW(nullptr, Wide(kEventSource).c_str())) {}

EventLog::~EventLog() {
  if (source_ != nullptr) DeregisterEventSource(source_);
}

void EventLog::TakeLine(absl::string_view line) {
  if (source_ == nullptr || line.empty()) return;
  if (HasLevel(line, "debug") || HasLevel(line, "info")) return;
  const WORD type = HasLevel(line, "warning") ? EVENTLOG_WARNING_TYPE : EVENTLOG_ERROR_TYPE;
  const std::wstring text = Wide(line.substr(0, kLongestEvent));
  const wchar_t* texts[] = {text.c_str()};
  ReportEventW(source_, type, 0, kEventId, nullptr, 1, 0, texts, nullptr);
}

}  // namespace muster::worker
