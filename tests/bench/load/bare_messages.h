// The messages of the bare phase: of the sizes that the product exchanges for a probe.
#ifndef MUSTER_TESTS_BENCH_LOAD_BARE_MESSAGES_H_
#define MUSTER_TESTS_BENCH_LOAD_BARE_MESSAGES_H_

#include "muster/worker/v1/session.pb.h"

namespace muster::bench {

muster::worker::v1::WorkerMessage BareHello();
muster::worker::v1::OrchestratorMessage BareWelcome();
muster::worker::v1::OrchestratorMessage BareCommand();
muster::worker::v1::WorkerMessage BareResult();

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_BARE_MESSAGES_H_
