#include "base/platform/program_start.h"

namespace muster {

std::vector<std::string> StartProgram(int argc, char** argv) {
  return argc > 0 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

}  // namespace muster
