// What happens to one world, all of it chosen by its seed: which faults, and what operators do
// meanwhile, several things at once.
//
//   Scenario scenario(world, seed);
//   scenario.Trouble();   two hours: rollouts over each other, keys, hubs and clocks that change,
//                         servers put out and brought back, machines that go down, hubs that fail
//   scenario.Calm();      every fault is over, and every worker is back
//   scenario.script()     what was done, and when
#ifndef MUSTER_TESTS_SIM_SCENARIO_H_
#define MUSTER_TESTS_SIM_SCENARIO_H_

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/sim/sim_world.h"

namespace muster::sim {

// The world of this seed.
WorldOptions OptionsOf(uint64_t seed);

class Scenario {
 public:
  Scenario(SimWorld& world, uint64_t seed);

  void Trouble();
  void Calm();
  // A rollout over everybody, which has to succeed for all whom it takes. Insists when a crash
  // swallowed the answer: the request id finds out.
  absl::StatusOr<store::Rollout> StartLast();
  const std::vector<std::string>& script() const { return script_; }

 private:
  struct Act {
    const char* name;
    double weight;
    std::function<std::string()> run;  // What was done it to.
  };

  bool Chance(double probability) { return dice_.Fraction() < probability; }
  int Below(int bound) { return static_cast<int>(dice_.Fraction() * bound); }
  size_t AnyWorker() {
    return static_cast<size_t>(Below(static_cast<int>(world_.workers().size())));
  }
  std::string AnyLimit();
  void Note(const std::string& what);
  void ChooseActs();
  void DoSomething();

  absl::StatusOr<store::Rollout> Insist(const core::RolloutInput& input);
  std::string StartRollout();
  std::string ChangeRollout();
  std::string Verify();
  std::string SettleDoubt();
  std::string PutOut();
  std::string BringBack();

  SimWorld& world_;
  SeededRandom dice_;
  std::vector<Act> acts_;
  std::vector<std::string> script_;
  int rollouts_ = 0;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SCENARIO_H_
