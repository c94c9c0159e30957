#include "orchestrator/core/inventory/machine_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/utc_text.h"

namespace muster::core {
namespace {

constexpr size_t kShownOfHash = 8;

}  // namespace

std::string TextOf(const store::IdentityMachine& machine) {
  std::string text =
      absl::StrCat(machine.id.value(), " ",
                   machine.machine_name.empty() ? "without a name" : machine.machine_name.str(),
                   " at ", machine.address, " (");
  const auto add = [&text](absl::string_view what, const ForeignText& hash) {
    if (!hash.empty()) absl::StrAppend(&text, what, hash.str().substr(0, kShownOfHash), "…, ");
  };
  add("machine id ", machine.machine_id_hash);
  add("run ", machine.boot);
  return absl::StrCat(text, "last session began ", UtcText(machine.last_seen), ")");
}

std::string ClonesText(const std::vector<store::IdentityMachine>& machines) {
  std::vector<std::string> texts;
  for (const store::IdentityMachine& machine : machines) {
    if (machine.standing == store::MachineStanding::kCloned) texts.push_back(TextOf(machine));
  }
  return absl::StrCat(texts.size(),
                      " machines use one worker's identity: ", absl::StrJoin(texts, "; "));
}

}  // namespace muster::core
