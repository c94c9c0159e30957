// A core with channels, and a receiver that does what the test says.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CORE_NOTIFY_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_CORE_NOTIFY_BENCH_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "orchestrator/core/interfaces/notification_sender.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {

class FakeSender final : public NotificationSender {
 public:
  struct Sent {
    std::string channel;
    std::string id;
    int attempt = 0;
    absl::Time time;
    std::vector<std::string> subjects;
    std::vector<std::string> summaries;
  };

  void Send(NotificationMessage message, absl::AnyInvocable<void(SendOutcome)> done) override {
    Sent one{message.channel.id.value(),
             message.delivery_id.value(),
             message.attempt,
             message.time,
             {},
             {}};
    for (const store::NotificationEvent& event : message.events) {
      one.subjects.push_back(event.subject);
      one.summaries.push_back(absl::StrCat(store::ToString(event.kind), ": ", event.summary.str()));
    }
    sent.push_back(std::move(one));
    if (hanging.contains(message.channel.id.value())) {
      held.push_back(std::move(done));
      return;
    }
    SendOutcome outcome = Taken();
    if (!answers.empty()) {
      outcome = answers.front();
      answers.pop_front();
    } else if (broken) {
      outcome = Answered(500);
    }
    done(std::move(outcome));
  }
  static SendOutcome Taken() {
    SendOutcome outcome;
    outcome.status = 200;
    return outcome;
  }
  static SendOutcome Answered(int status) {
    SendOutcome outcome;
    outcome.status = status;
    outcome.failure =
        Failure{FailureCode::kNotifyAnswer, absl::StrCat("it answered HTTP ", status)};
    return outcome;
  }
  std::vector<Sent> To(const std::string& channel) const {
    std::vector<Sent> some;
    for (const Sent& one : sent) {
      if (one.channel == channel) some.push_back(one);
    }
    return some;
  }

  std::vector<Sent> sent;
  std::deque<SendOutcome> answers;  // Then taken, or 500 when broken.
  bool broken = false;
  std::set<std::string> hanging;  // Channels.
  std::vector<absl::AnyInvocable<void(SendOutcome)>> held;
};

class NotifyBench : public CoreBench {
 protected:
  void BuildNotifying(CoreOptions options = {}) {
    sim::WorldOptions world;
    world.servers = 2;
    world.core = std::move(options);
    world.sender = &sender_;
    world_ = std::make_unique<sim::SimWorld>(std::move(world));
    world_->RunFor(absl::Minutes(1));
  }
  static ChannelInput Webhook(const std::string& tenant, const std::string& slug = "ops") {
    ChannelInput input;
    input.tenant_id = TenantId(tenant);
    input.slug = slug;
    input.kind = store::ChannelKind::kWebhook;
    input.address = "https://hooks.example/muster";
    input.secret = Secret::CopyOf("0123456789abcdef");
    input.group = absl::ZeroDuration();
    input.events = {{store::NotificationKind::kTokenRefused}};
    return input;
  }
  absl::StatusOr<store::Channel> Set(ChannelInput input, const Actor& actor) {
    auto shared = std::make_shared<ChannelInput>(std::move(input));
    return Ask<store::Channel>([&](auto done) {
      operations().notifications.Call(&NotificationOperations::SetChannel, std::move(done), actor,
                                      std::move(*shared));
    });
  }
  void Make(ChannelInput input) {
    const auto made = Set(std::move(input), operator_);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  absl::StatusOr<store::Delivery> Replay(const std::string& id) {
    return Ask<store::Delivery>([&](auto done) {
      operations().notifications.Call(&NotificationOperations::Replay, std::move(done), operator_,
                                      DeliveryId(id));
    });
  }
  absl::StatusOr<store::Delivery> TestOf(const std::string& id) {
    return Ask<store::Delivery>([&](auto done) {
      operations().notifications.Call(&NotificationOperations::Test, std::move(done), operator_,
                                      ChannelId(id));
    });
  }
  void Pause(const std::string& id, bool paused) {
    ChannelInput input;
    const size_t slash = id.find('/');
    input.tenant_id = TenantId(id.substr(0, slash));
    input.slug = id.substr(slash + 1);
    input.paused = paused;
    const auto set = Set(std::move(input), operator_);
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->paused, paused);
  }
  absl::StatusOr<OpenTold> TellOpen(const std::string& id) {
    return Ask<OpenTold>([&](auto done) {
      operations().notifications.Call(&NotificationOperations::TellOpen, std::move(done), operator_,
                                      ChannelId(id));
    });
  }
  // Something that a tenant is told of, about `subject`: in the log as the core writes it.
  void Happens(const std::string& subject, const std::string& tenant = "tenant-0") {
    Log(subject, tenant);
    (void)Replay("dlv-none");  // A turn.
  }
  void Log(const std::string& subject, const std::string& tenant = "tenant-0") {
    const auto transaction = world_->faulty_store().Begin();
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    store::AuditEvent event;
    event.time = world_->Now();
    event.actor = "address:10.0.0.1";
    event.action = "bootstrap.refused";
    event.subject = subject;
    event.tenant_id = TenantId(tenant);
    event.detail = "E-TOKEN-EXPIRED it is over";
    ASSERT_TRUE((*transaction)->audit().Append(event).ok());
    ASSERT_TRUE((*transaction)->Commit().ok());
  }
  std::vector<store::Delivery> Deliveries(const std::string& channel = "") {
    store::DeliveryQuery query;
    query.wall = store::TenantWall::Everything();
    query.channel_id = ChannelId(channel);
    return *world_->Read()->notifications().ListDeliveries(query);
  }
  store::Channel ChannelNow(const std::string& id) {
    return **world_->Read()->notifications().FindChannel(ChannelId(id));
  }

  FakeSender sender_;
};

}  // namespace muster::core

#endif  // MUSTER_TESTS_ORCHESTRATOR_CORE_NOTIFY_BENCH_H_
