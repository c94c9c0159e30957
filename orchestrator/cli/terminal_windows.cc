#include <io.h>
#include <windows.h>

#include <initializer_list>

#include "orchestrator/cli/terminal.h"

namespace muster::cli {

bool IsTerminal(StandardStream stream) {
  DWORD mode = 0;
  // Not _isatty alone, which takes NUL for a terminal.
  const auto handle = reinterpret_cast<HANDLE>(_get_osfhandle(static_cast<int>(stream)));
  return GetConsoleMode(handle, &mode) != 0;
}

int TerminalWidth() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  for (const DWORD stream : {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE}) {
    if (GetConsoleScreenBufferInfo(GetStdHandle(stream), &info)) {
      return info.srWindow.Right - info.srWindow.Left + 1;
    }
  }
  return 80;
}

void SetEcho(bool on) {
  const HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
  DWORD mode = 0;
  if (!GetConsoleMode(in, &mode)) return;
  SetConsoleMode(in, on ? mode | ENABLE_ECHO_INPUT : mode & ~static_cast<DWORD>(ENABLE_ECHO_INPUT));
}

}  // namespace muster::cli
