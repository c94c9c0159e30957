#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "orchestrator/cli/terminal.h"

namespace muster::cli {

bool IsTerminal(StandardStream stream) { return isatty(static_cast<int>(stream)) == 1; }

int TerminalWidth() {
  winsize size{};
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  }
  return 80;
}

void SetEcho(bool on) {
  termios state{};
  if (tcgetattr(STDIN_FILENO, &state) != 0) return;
  if (on) {
    state.c_lflag |= ECHO;
  } else {
    state.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &state);
}

}  // namespace muster::cli
