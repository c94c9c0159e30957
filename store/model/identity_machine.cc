#include "store/model/identity_machine.h"

namespace muster::store {

absl::string_view ToString(MachineStanding standing) {
  switch (standing) {
    case MachineStanding::kKnown:
      return "known";
    case MachineStanding::kCloned:
      return "cloned";
    case MachineStanding::kPutOut:
      return "put_out";
  }
  return "";
}

std::optional<MachineStanding> ParseMachineStanding(absl::string_view text) {
  for (const MachineStanding standing :
       {MachineStanding::kKnown, MachineStanding::kCloned, MachineStanding::kPutOut}) {
    if (ToString(standing) == text) return standing;
  }
  return std::nullopt;
}

}  // namespace muster::store
