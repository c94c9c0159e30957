#include "orchestrator/rpc/worker/refusal_log.h"

#include "base/log.h"
#include "base/redact.h"

namespace muster::rpc {

void RefusalLog::Say(const std::string& name, const std::string& address, const absl::Status& why) {
  const auto untold = told_.Admit(clock_.Steady());
  if (!untold.has_value()) return;
  log::Warning("bootstrap refused", {{"name", CleanLine(name)},
                                     {"address", CleanLine(address)},
                                     {"reason", CleanLine(why.message(), kMaxForeignText)},
                                     {"not_told_before", *untold}});
}

}  // namespace muster::rpc
