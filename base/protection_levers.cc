#include <cstdlib>
#include <iterator>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/log.h"
#include "base/protection.h"

namespace muster {
namespace {

constexpr absl::string_view kProtectionNames[] = {"redaction", "tenants-wall", "service-trust"};

// A bit for each that the environment names.
unsigned TurnedOff() {
  const char* const names = std::getenv("MUSTER_TEST_WITHOUT");
  if (names == nullptr) return 0;
  unsigned off = 0;
  for (const absl::string_view name : absl::StrSplit(names, ',', absl::SkipEmpty())) {
    bool known = false;
    for (unsigned i = 0; i < std::size(kProtectionNames); ++i) {
      if (name != kProtectionNames[i]) continue;
      off |= 1u << i;
      known = true;
    }
    if (known) log::Warning("this build for tests does without a protection", {{"which", name}});
    if (!known) log::Warning("MUSTER_TEST_WITHOUT names no protection", {{"name", name}});
  }
  return off;
}

}  // namespace

bool IsTurnedOff(Protection protection) {
  static const unsigned off = TurnedOff();
  return (off >> static_cast<unsigned>(protection) & 1u) != 0;
}

}  // namespace muster
