// Liveness and readiness over plain HTTP, for service managers and load balancers.
//
//   GET /healthz   200 while the process works; 503 when it should be restarted
//   GET /readyz    200 while it serves; 503 with every check, as JSON, while it does not
//
// Nothing is told that a check does not say.
#ifndef MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_
#define MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_

#include <string>

#include "orchestrator/app/http_listener.h"
#include "orchestrator/app/self_check.h"

namespace muster::app {

// What /healthz and /readyz answer, as JSON; empty for another path. Does not block.
HttpAnswer AnswerProbe(const SelfCheck& check, const std::string& path);

}  // namespace muster::app

#endif  // MUSTER_ORCHESTRATOR_APP_HTTP_PROBE_H_
