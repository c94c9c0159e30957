#include "base/platform/process_memory.h"

#include <windows.h>
// Behind windows.h, which they need.
#include <aclapi.h>
#include <sddl.h>

#include <cstdlib>
#include <cstring>

#include "base/platform/windows/handle.h"

namespace muster {
namespace {

// To all but LocalSystem: wait for it, end it, and ask what everybody may know. OWNER RIGHTS keeps
// the account that runs it from giving itself more. Who debugs with privilege still can.
constexpr wchar_t kProcessAccess[] = L"D:P(A;;GA;;;SY)(A;;0x101001;;;BA)(A;;0x101001;;;S-1-3-4)";
constexpr DWORD kNoHeapInReports = 1;  // WER_FAULT_REPORTING_FLAG_NOHEAP

}  // namespace

void KeepMemoryPrivate() {
  const char* const allowed = std::getenv("MUSTER_CORE_DUMPS");
  if (allowed != nullptr && std::strcmp(allowed, "1") == 0) return;
  // None can fail in a way that leaves something to do.
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
  if (const HMODULE reports = LoadLibraryExW(L"wer.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32)) {
    const auto set_flags = reinterpret_cast<HRESULT(WINAPI*)(DWORD)>(
        reinterpret_cast<void*>(GetProcAddress(reports, "WerSetFlags")));
    if (set_flags != nullptr) set_flags(kNoHeapInReports);
  }
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(kProcessAccess, SDDL_REVISION_1,
                                                            &descriptor, nullptr)) {
    return;
  }
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL list = nullptr;
  if (GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) && present) {
    SetSecurityInfo(GetCurrentProcess(), SE_KERNEL_OBJECT,
                    DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, nullptr,
                    nullptr, list, nullptr);
  }
  LocalFree(descriptor);
}

}  // namespace muster
