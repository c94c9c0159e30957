// The nested parts of SimWorld that its sources share: one life of the orchestrator, one session.
#ifndef MUSTER_TESTS_SIM_SIM_WORLD_PARTS_H_
#define MUSTER_TESTS_SIM_SIM_WORLD_PARTS_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "base/executor.h"
#include "base/slewed_clock.h"
#include "base/timers.h"
#include "orchestrator/core/core.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {

// Timers of one life of the orchestrator: they die with it.
class MortalTimers final : public Timers {
 public:
  explicit MortalTimers(FakeClock& clock) : clock_(clock) {}
  ~MortalTimers() override { *alive_ = false; }
  TimerId After(absl::Duration wait, absl::AnyInvocable<void()> task) override {
    // No timer is finer: one that comes early on a slewed clock would be armed again without end.
    if (wait > absl::ZeroDuration()) wait = std::max(wait, absl::Microseconds(1));
    return clock_.After(wait, [alive = alive_, task = std::move(task)]() mutable {
      if (*alive) task();
    });
  }
  bool Cancel(TimerId id) override { return clock_.Cancel(id); }

 private:
  FakeClock& clock_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Takes its time, one wait after the other, while the core decides on.
class SimDisk final : public Executor {
 public:
  using Later = std::function<void(std::function<void()>)>;
  SimDisk(Later later, std::shared_ptr<bool> alive)
      : later_(std::move(later)), alive_(std::move(alive)) {}
  void Run(absl::AnyInvocable<void()> task) override {
    auto shared = std::make_shared<absl::AnyInvocable<void()>>(std::move(task));
    later_([shared, alive = alive_] {
      if (*alive) (*shared)();
    });
  }

 private:
  const Later later_;
  const std::shared_ptr<bool> alive_;
};

struct SimWorld::Node {
  Node(FakeClock& truth, const MachineClock& machine, SimDisk::Later later)
      : clock(machine), timers(truth), disk(std::move(later), alive) {}
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  SlewedClock clock;  // As the program: it follows its machine's clock slowly.
  ManualStrand strand;
  MortalTimers timers;
  SimDisk disk;
  std::unique_ptr<core::Core> core;
};

struct SimWorld::Link {
  core::SessionId id = 0;
  size_t worker = 0;
  bool up = true;           // Bytes still pass.
  bool core_knows = false;  // The core has opened it and has not heard of its end.
  bool worker_knows = false;
  absl::Time last_up;  // Order inside the stream.
  absl::Time last_down;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_WORLD_PARTS_H_
