#include "base/platform/program_start.h"

#include <windows.h>
// Behind windows.h, which it needs.
#include <shellapi.h>

#include <cstdlib>

#include "base/platform/windows/handle.h"

namespace muster {

std::vector<std::string> StartProgram(int, char**) {
  SetConsoleOutputCP(CP_UTF8);
  if (std::getenv("GRPC_DNS_RESOLVER") == nullptr) _putenv("GRPC_DNS_RESOLVER=native");
  if (std::getenv("HOME") == nullptr) {
    if (const wchar_t* const profile = _wgetenv(L"USERPROFILE"); profile != nullptr) {
      _putenv(("HOME=" + Narrow(profile)).c_str());
    }
  }
  std::vector<std::string> arguments;
  int count = 0;
  LPWSTR* const words = CommandLineToArgvW(GetCommandLineW(), &count);
  for (int i = 1; words != nullptr && i < count; ++i) arguments.push_back(Narrow(words[i]));
  LocalFree(words);
  return arguments;
}

}  // namespace muster
