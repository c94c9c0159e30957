// The whole way, from the fact to a receiver behind a socket: it fails, hangs, loses its answer, then
// takes. The core runs on virtual time, the sender on sockets.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/mutex.h"
#include "tests/base/http/raw_server.h"
#include "tests/orchestrator/core/notify_bench.h"
#include "tests/orchestrator/notify/sender_bench.h"

namespace muster::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// The real sender, whose outcome is waited for: on the world's clock an attempt takes no time.
class AwaitedSender final : public NotificationSender {
 public:
  explicit AwaitedSender(NotificationSender& sender) : sender_(sender) {}
  void Send(NotificationMessage message, absl::AnyInvocable<void(SendOutcome)> done) override {
    SendOutcome got;
    Notification ended;
    sender_.Send(std::move(message), [&](SendOutcome outcome) {
      got = std::move(outcome);
      ended.Notify();
    });
    ended.WaitForNotification();
    if (!loses_answers) done(std::move(got));
  }
  bool loses_answers = false;  // As when the process ends before the answer is there.

 private:
  NotificationSender& sender_;
};

class ReceiverTest : public NotifyBench {
 protected:
  ~ReceiverTest() override {
    client_.Stop();
    pool_.Stop();
  }
  void SetUp() override {
    sim::WorldOptions options;
    options.servers = 1;
    options.sender = &awaited_;
    world_ = std::make_unique<sim::SimWorld>(std::move(options));
    world_->RunFor(absl::Minutes(1));
  }
  static std::string Field(const std::string& request, const std::string& name) {
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(request, "\r\n"))) {
      if (line.rfind(name + ": ", 0) == 0) return line.substr(name.size() + 2);
    }
    return "";
  }
  // "dlv-… 2", of each request that arrived.
  static std::vector<std::string> Arrived(http::RawServer& receiver) {
    std::vector<std::string> all;
    for (const std::string& request : receiver.requests()) {
      all.push_back(
          absl::StrCat(Field(request, "Muster-Delivery"), " ", Field(request, "Muster-Attempt")));
    }
    return all;
  }
  void Open(const http::RawServer& receiver) {
    ChannelInput input = Webhook("tenant-0");
    input.address = receiver.Url("/muster");
    input.allow_private = true;
    Make(std::move(input));
  }

  BlockingPool pool_{"sender", 1};
  http::CurlMultiClient client_;
  sim::SimVault vault_;
  FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  notify::HttpNotificationSender sender_over_sockets_{
      pool_, client_, client_, vault_, clock_, {absl::Seconds(2), absl::Milliseconds(500)}};
  AwaitedSender awaited_{sender_over_sockets_};
};

TEST_F(ReceiverTest, OneThatClosesHangsAndAnswers500Then200GetsAllOfItMarked) {
  Mutex mu;
  int requests = 0;
  Notification release;
  http::RawServer receiver([&](const std::string&) -> std::string {
    int n = 0;
    {
      MutexLock lock(&mu);
      n = ++requests;
    }
    if (n == 1) return "";  // It closes the connection.
    if (n == 2) {
      release.WaitForNotification();  // It hangs until nobody waits for it any more.
      return "";
    }
    return n == 3 ? "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  });
  Open(receiver);
  Happens("tok-1");
  world_->RunFor(absl::Minutes(30));
  release.Notify();
  ASSERT_THAT(Deliveries(), SizeIs(1));
  const store::Delivery delivery = Deliveries()[0];
  EXPECT_EQ(delivery.state, store::DeliveryState::kDelivered);
  const std::string id = delivery.id.value();
  EXPECT_THAT(Arrived(receiver), ElementsAre(id + " 1", id + " 2", id + " 3", id + " 4"));
  std::vector<std::string> log;
  const auto attempts = *world_->Read()->notifications().ListAttempts(delivery.id);
  for (const store::DeliveryAttempt& attempt : attempts) {
    log.push_back(attempt.failure.has_value() ? std::string(TextOf(attempt.failure->code))
                                              : absl::StrCat(attempt.status));
  }
  EXPECT_THAT(
      log, ElementsAre("E-NOTIFY-UNREACHABLE", "E-NOTIFY-UNREACHABLE", "E-NOTIFY-ANSWER", "200"));
  Happens("tok-2");
  world_->RunFor(absl::Minutes(5));
  EXPECT_THAT(receiver.requests(), SizeIs(5)) << "what was taken is not sent again";
  EXPECT_EQ(Field(receiver.requests().back(), "Muster-Attempt"), "1");
}

TEST_F(ReceiverTest, WhatArrivedBeforeTheOrchestratorEndedComesAgainMarked) {
  http::RawServer receiver([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  });
  Open(receiver);
  awaited_.loses_answers = true;
  Happens("tok-1");
  world_->RunFor(absl::Seconds(5));
  EXPECT_THAT(receiver.requests(), SizeIs(1));
  EXPECT_EQ(Deliveries()[0].state, store::DeliveryState::kSending);
  awaited_.loses_answers = false;
  world_->KillOrchestrator();
  world_->RunFor(absl::Minutes(5));
  const std::string id = Deliveries()[0].id.value();
  EXPECT_THAT(Arrived(receiver), ElementsAre(id + " 1", id + " 2"));
  EXPECT_EQ(Deliveries()[0].state, store::DeliveryState::kDelivered);
}

}  // namespace
}  // namespace muster::core
