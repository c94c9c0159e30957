// IoLoop is the one thread of a double: sockets, timers and all state of the double live on it.
//
// A double owns one loop. Its HTTP handlers run on the loop's thread, and levers called from a test
// go through Run, so no state of a double needs a lock. Thousands of listeners and connections
// share the thread.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_IO_LOOP_H_
#define MUSTER_TESTS_DOUBLES_HTTP_IO_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "tests/doubles/http/sim_clock.h"

namespace muster::doubles {

class IoLoop {
 public:
  using TimerId = uint64_t;

  // Starts the thread. `clock` drives the timers.
  explicit IoLoop(std::shared_ptr<SimClock> clock);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  // Ends the thread; nothing runs on the loop afterwards. What waits is dropped. Idempotent; not on
  // the loop.
  void Stop();

  // Runs `work` on the loop soon.
  void Post(std::function<void()> work);
  // Runs `work` on the loop and returns when it is done. On the loop itself it runs in place, and
  // after Stop it runs on the caller.
  void Run(const std::function<void()>& work);
  bool OnLoop() const;

  // Timers in the time of the clock; only on the loop.
  TimerId After(absl::Duration delay, std::function<void()> work);
  void Cancel(TimerId timer);

  // Blocks until `condition` holds, which is looked at on the loop after everything that happens
  // there. False when `timeout` of real time passed first. Not on the loop.
  bool Await(std::function<bool()> condition, absl::Duration timeout = absl::Seconds(20));

  const std::shared_ptr<SimClock>& clock() const { return clock_; }

  // The Asio side, defined in io_context.h; only the sources of this folder use it.
  struct Context;
  Context& context() { return *context_; }

 private:
  void Work();
  void RunDueTimers();
  void ArmTimer();

  const std::shared_ptr<SimClock> clock_;
  std::unique_ptr<Context> context_;
  int clock_listener_ = 0;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_IO_LOOP_H_
