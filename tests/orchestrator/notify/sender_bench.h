// The sender over real sockets, and short words for messages.
#ifndef MUSTER_TESTS_ORCHESTRATOR_NOTIFY_SENDER_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_NOTIFY_SENDER_BENCH_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "base/blocking_pool.h"
#include "base/failure_code.h"
#include "base/http/curl_multi_client.h"
#include "base/notification.h"
#include "orchestrator/notify/http_notification_sender.h"
#include "tests/fakes/fake_clock.h"
#include "tests/sim/sim_vault.h"

namespace muster::notify {

class SenderBench : public testing::Test {
 protected:
  ~SenderBench() override {
    client_.Stop();
    pool_.Stop();
  }
  static store::NotificationEvent Event(const std::string& summary = "missing, acme/prod/web1") {
    store::NotificationEvent event;
    event.kind = store::NotificationKind::kFindingOpened;
    event.time = absl::FromUnixSeconds(1'790'000'000);
    event.tenant_id = TenantId("acme");
    event.subject = "fnd-1";
    event.severity = store::Severity::kHigh;
    event.summary = summary;
    event.next = "muster finding show fnd-1";
    return event;
  }
  core::NotificationMessage MessageTo(const std::string& address, store::ChannelKind kind,
                                      const std::string& secret = "0123456789abcdef") {
    core::NotificationMessage message;
    message.channel.id = ChannelId("acme/ops");
    message.channel.tenant_id = TenantId("acme");
    message.channel.kind = kind;
    message.channel.address = address;
    message.channel.allow_private = true;
    if (!secret.empty()) {
      message.channel.secret = *vault_.Seal(Secret::CopyOf(secret), "channel acme/ops");
    }
    message.delivery_id = DeliveryId("dlv-1");
    message.attempt = 2;
    message.time = absl::FromUnixSeconds(1'790'000'000);
    message.events = {Event()};
    return message;
  }
  core::SendOutcome Send(core::NotificationMessage message) {
    core::SendOutcome got;
    Notification done;
    sender_.Send(std::move(message), [&](core::SendOutcome outcome) {
      got = std::move(outcome);
      done.Notify();
    });
    done.WaitForNotification();
    return got;
  }
  static std::optional<FailureCode> CodeOf(const core::SendOutcome& outcome) {
    if (!outcome.failure.has_value()) return std::nullopt;
    return outcome.failure->code;
  }

  sim::SimVault vault_;
  FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  BlockingPool pool_{"sender", 1};
  http::CurlMultiClient client_;
  HttpNotificationSender sender_{pool_,  client_, client_,
                                 vault_, clock_,  {absl::Seconds(2), absl::Seconds(1)}};
};

}  // namespace muster::notify

#endif  // MUSTER_TESTS_ORCHESTRATOR_NOTIFY_SENDER_BENCH_H_
