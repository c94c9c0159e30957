#include "worker/platform/clean_facts.h"

#include "base/foreign_text.h"

namespace muster::worker {

types::v1::MachineFacts CleanFacts(types::v1::MachineFacts facts) {
  for (std::string* text : {facts.mutable_machine_name(), facts.mutable_os(),
                            facts.mutable_os_version(), facts.mutable_architecture(),
                            facts.mutable_worker_version(), facts.mutable_machine_id_hash()}) {
    *text = ForeignText(*text);
  }
  return facts;
}

}  // namespace muster::worker
