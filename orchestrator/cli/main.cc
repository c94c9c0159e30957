// muster: the operators' command line. Wiring only.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "base/platform/process_memory.h"
#include "base/platform/program_start.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/cli/client.h"
#include "orchestrator/cli/terminal.h"

namespace {

volatile std::sig_atomic_t interrupted = 0;

// The first Ctrl-C is noted, the second one ends the process.
void OnInterrupt(int) {
  interrupted = 1;
  std::signal(SIGINT, SIG_DFL);
}

void Wait(absl::Duration duration) {
  const absl::Time end = muster::SystemClock().Now() + duration;
  while (interrupted == 0 && muster::SystemClock().Now() < end) {
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(
        std::min(absl::Milliseconds(100), end - muster::SystemClock().Now())));
  }
}

}  // namespace

int main(int argc, char** argv) {
  muster::KeepMemoryPrivate();
  const std::vector<std::string> arguments = muster::StartProgram(argc, argv);
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  muster::cli::SilenceTransport();
  using muster::cli::IsTerminal;
  using muster::cli::StandardStream;
  muster::cli::CliEnvironment environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .in_is_terminal = IsTerminal(StandardStream::kIn),
      .out_is_terminal = IsTerminal(StandardStream::kOut),
      .err_is_terminal = IsTerminal(StandardStream::kErr),
      .width = muster::cli::TerminalWidth(),
      .zone = absl::LocalTimeZone(),
      .variable = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      .now = [] { return muster::SystemClock().Now(); },
      .wait = Wait,
      .catch_interrupts = [](bool on) { std::signal(SIGINT, on ? OnInterrupt : SIG_DFL); },
      .interrupted = [] { return interrupted != 0; },
      .echo = muster::cli::SetEcho,
  };
  return muster::cli::RunCli(arguments, environment);
}
