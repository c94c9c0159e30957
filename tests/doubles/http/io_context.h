// The Asio side of IoLoop; included by the sources of this folder only, because Asio compiles
// slowly.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_IO_CONTEXT_H_
#define MUSTER_TESTS_DOUBLES_HTTP_IO_CONTEXT_H_

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <list>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "tests/doubles/http/io_loop.h"

namespace muster::doubles {

struct IoLoop::Context {
  struct Waiter {
    std::function<bool()> condition;
    std::shared_ptr<std::promise<void>> done;
  };

  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
  boost::asio::steady_timer timer{io};
  std::map<std::pair<absl::Time, TimerId>, std::function<void()>> timers;  // on the loop
  std::unordered_map<TimerId, absl::Time> timer_times;                     // on the loop
  TimerId next_timer = 1;                                                  // on the loop
  std::list<Waiter> waiters;                                               // on the loop
  std::atomic<bool> stopped{false};
  std::thread thread;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_IO_CONTEXT_H_
