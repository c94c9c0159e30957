// What must hold after any run (invariants of docs/architecture.md), whatever was broken during it.
#ifndef MUSTER_TESTS_SIM_INVARIANTS_H_
#define MUSTER_TESTS_SIM_INVARIANTS_H_

#include <string>
#include <vector>

#include "tests/sim/sim_world.h"

namespace muster::sim {

// Every breach in one sentence; none is what a test expects. `settled`: faults have stopped long
// ago, so nothing may be open either.
std::vector<std::string> FindBreaches(SimWorld& world, bool settled);

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_INVARIANTS_H_
