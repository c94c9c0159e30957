// A command handler with a lever: counts, and answers what it is told to.
#ifndef MUSTER_TESTS_WORKER_FAKE_HANDLER_H_
#define MUSTER_TESTS_WORKER_FAKE_HANDLER_H_

#include <functional>

#include "worker/commands/command_handler.h"

namespace muster::worker {

class FakeHandler final : public CommandHandler {
 public:
  explicit FakeHandler(v1::Command::KindCase kind, bool blocks = true)
      : kind_(kind), blocks_(blocks) {}

  int runs = 0;
  int recoveries = 0;
  bool only_reads = false;
  v1::ZonePin pin;                            // As it was set last.
  std::function<v1::CommandResult()> answer;  // Null: succeeded.

  v1::Command::KindCase kind() const override { return kind_; }
  v1::CommandResult Run(const v1::Command&) override {
    ++runs;
    return Answer();
  }
  v1::CommandResult Recover() override {
    ++recoveries;
    return Answer();
  }
  void SetZonePin(const v1::ZonePin& to) override { pin = to; }
  bool changes_nothing() const override { return only_reads; }
  bool blocks() const override { return blocks_; }

 private:
  v1::CommandResult Answer() {
    if (answer) return answer();
    v1::CommandResult result;
    result.set_outcome(v1::CommandResult::OUTCOME_SUCCEEDED);
    return result;
  }

  const v1::Command::KindCase kind_;
  const bool blocks_;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_FAKE_HANDLER_H_
