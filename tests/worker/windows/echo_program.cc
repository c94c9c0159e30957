// What the tests of this folder run: says what it was given, ends as it is told, or does not end.
//
//   echo ARGUMENT…     each in brackets          exit CODE      ends with it
//   oem                "bü" in the console's code page
//   variable NAME      its value
//   tree FILE          starts "hang FILE", and never ends
//   hang FILE          creates FILE, holds it, and never ends
#include <windows.h>
// Behind windows.h, which it needs.
#include <shellapi.h>

#include <cstdio>
#include <string>

#include "base/platform/windows/handle.h"

namespace {

void Hang() { WaitForSingleObject(GetCurrentProcess(), INFINITE); }

// Held as long as this process lives; others may read it and not write.
void Hold(const std::wstring& file) {
  CreateFileW(file.c_str(), GENERIC_WRITE, FILE_SHARE_READ, nullptr, CREATE_ALWAYS, 0, nullptr);
}

int Tree(const std::wstring& program, const std::wstring& file) {
  std::wstring line = L"\"" + program + L"\" hang \"" + file + L"\"";
  STARTUPINFOW startup{};
  startup.cb = sizeof(startup);
  PROCESS_INFORMATION started{};
  if (!CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                      &startup, &started)) {
    return 1;
  }
  std::printf("child %lu\n", started.dwProcessId);
  std::fflush(stdout);
  Hang();
  return 0;
}

}  // namespace

int main() {
  int count = 0;
  LPWSTR* const words = CommandLineToArgvW(GetCommandLineW(), &count);
  const std::wstring what = count > 1 ? words[1] : L"";
  if (what == L"echo") {
    for (int i = 2; i < count; ++i) std::printf("[%s]", muster::Narrow(words[i]).c_str());
    std::fprintf(stderr, "err");
    return 0;
  }
  if (what == L"exit") return _wtoi(words[2]);
  if (what == L"variable") {
    wchar_t value[64] = L"";
    GetEnvironmentVariableW(words[2], value, 64);
    std::printf("%s", muster::Narrow(value).c_str());
    return 0;
  }
  if (what == L"oem") {
    char bytes[8] = {};
    WideCharToMultiByte(CP_OEMCP, 0, L"b\u00FC", -1, bytes, sizeof(bytes), nullptr, nullptr);
    std::fputs(bytes, stdout);
    return 0;
  }
  if (what == L"tree") return Tree(words[0], words[2]);
  if (what == L"hang") {
    Hold(words[2]);
    Hang();
  }
  return 9;
}
