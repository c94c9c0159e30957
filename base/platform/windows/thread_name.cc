#include "base/platform/thread_name.h"

#include <windows.h>

#include "base/platform/windows/handle.h"

namespace muster {

void SetThreadName(const std::string& name) {
  // Windows 10 and Server 2016 know it, those before do not.
  using Describe = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  static const auto describe = reinterpret_cast<Describe>(reinterpret_cast<void*>(
      GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription")));
  if (describe != nullptr) describe(GetCurrentThread(), Wide(name.substr(0, 15)).c_str());
}

}  // namespace muster
