#include "tests/doubles/http/io_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "tests/doubles/http/io_context.h"

namespace muster::doubles {

IoLoop::IoLoop(std::shared_ptr<SimClock> clock)
    : clock_(std::move(clock)), context_(std::make_unique<Context>()) {
  clock_listener_ = clock_->Subscribe([this] { Post([this] { RunDueTimers(); }); });
  context_->thread = std::thread([this] { Work(); });
}

IoLoop::~IoLoop() { Stop(); }

void IoLoop::Stop() {
  if (context_->stopped.exchange(true)) return;
  clock_->Unsubscribe(clock_listener_);
  context_->io.stop();
  context_->thread.join();
  context_->waiters.clear();
  context_->timers.clear();
}

void IoLoop::Work() {
  while (context_->io.run_one() > 0) {
    for (auto waiter = context_->waiters.begin(); waiter != context_->waiters.end();) {
      if (waiter->condition()) {
        waiter->done->set_value();
        waiter = context_->waiters.erase(waiter);
      } else {
        ++waiter;
      }
    }
  }
}

void IoLoop::Post(std::function<void()> work) { boost::asio::post(context_->io, std::move(work)); }

bool IoLoop::OnLoop() const { return context_->thread.get_id() == std::this_thread::get_id(); }

void IoLoop::Run(const std::function<void()>& work) {
  if (OnLoop() || context_->stopped) {
    work();
    return;
  }
  std::promise<void> done;
  Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

bool IoLoop::Await(std::function<bool()> condition, absl::Duration timeout) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> future = done->get_future();
  Post([this, condition = std::move(condition), done] {
    context_->waiters.push_back({condition, done});
  });
  if (future.wait_for(absl::ToChronoMilliseconds(timeout)) == std::future_status::ready)
    return true;
  bool late = false;
  Run([&] {
    late = true;
    context_->waiters.remove_if([&](const Context::Waiter& waiter) {
      if (waiter.done != done) return false;
      late = false;
      return true;
    });
  });
  return late;
}

IoLoop::TimerId IoLoop::After(absl::Duration delay, std::function<void()> work) {
  const TimerId id = context_->next_timer++;
  const absl::Time when = clock_->Now() + delay;
  context_->timers[{when, id}] = std::move(work);
  context_->timer_times[id] = when;
  if (context_->timers.begin()->first.second == id) ArmTimer();
  return id;
}

void IoLoop::Cancel(TimerId timer) {
  const auto time = context_->timer_times.find(timer);
  if (time == context_->timer_times.end()) return;
  context_->timers.erase({time->second, timer});
  context_->timer_times.erase(time);
}

void IoLoop::RunDueTimers() {
  const absl::Time now = clock_->Now();
  while (!context_->timers.empty() && context_->timers.begin()->first.first <= now) {
    std::function<void()> work = std::move(context_->timers.begin()->second);
    context_->timer_times.erase(context_->timers.begin()->first.second);
    context_->timers.erase(context_->timers.begin());
    work();
  }
  ArmTimer();
}

void IoLoop::ArmTimer() {
  if (context_->timers.empty()) return;
  const absl::Duration wait = clock_->RealUntil(context_->timers.begin()->first.first);
  if (wait == absl::InfiniteDuration()) return;
  context_->timer.expires_after(absl::ToChronoNanoseconds(std::min(wait, absl::Hours(1))));
  context_->timer.async_wait([this](boost::system::error_code error) {
    if (!error) RunDueTimers();
  });
}

}  // namespace muster::doubles
