// What a person is told of a finding: who can mend it, and what to type. Pure.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_FINDING_TEXT_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_FINDING_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "base/failure.h"
#include "store/model/finding.h"

namespace muster::core {

// Its kind's code with what was seen.
Failure FailureOf(const store::Finding& finding);
std::string OwnerOf(const store::Finding& finding);  // customer, provider or vendor
// One command line, ready to be typed. `server` is "tenant/zone/name"; empty: none.
std::string CommandFor(const store::Finding& finding, absl::string_view server);

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_FINDING_TEXT_H_
