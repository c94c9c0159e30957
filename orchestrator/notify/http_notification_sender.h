// NotificationSender over HTTP and SMTP.
//
//   Send ─► executor: open the sealed secret, sign ─► client, one thread for all ─► outcome
//
// No redirect is followed, no answer's text is kept: what a receiver says is a number. Unless the
// channel allows it, nothing is connected to but the public net.
#ifndef MUSTER_ORCHESTRATOR_NOTIFY_HTTP_NOTIFICATION_SENDER_H_
#define MUSTER_ORCHESTRATOR_NOTIFY_HTTP_NOTIFICATION_SENDER_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/http/async_client.h"
#include "base/http/mail.h"
#include "orchestrator/core/interfaces/key_vault.h"
#include "orchestrator/core/interfaces/notification_sender.h"

namespace muster::notify {

struct SenderOptions {
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration total_timeout = absl::Seconds(30);
};

// Thread-safe. All parameters outlive it; stop the clients (their calls end), then the executor,
// then destroy it. What the stopping executor drops is never answered.
class HttpNotificationSender final : public core::NotificationSender {
 public:
  HttpNotificationSender(Executor& executor, http::AsyncClient& http, http::MailClient& mail,
                         core::KeyVault& vault, const Clock& clock, SenderOptions options = {})
      : executor_(executor),
        http_(http),
        mail_(mail),
        vault_(vault),
        clock_(clock),
        options_(options) {}

  void Send(core::NotificationMessage message,
            absl::AnyInvocable<void(core::SendOutcome)> done) override;

 private:
  using Done = absl::AnyInvocable<void(core::SendOutcome)>;
  void SendWebhook(const core::NotificationMessage& message, const Secret& secret, Done done);
  void SendMail(const core::NotificationMessage& message, Secret secret, Done done);

  Executor& executor_;
  http::AsyncClient& http_;
  http::MailClient& mail_;
  core::KeyVault& vault_;
  const Clock& clock_;
  const SenderOptions options_;
};

// What an answer comes to. Pure.
core::SendOutcome OutcomeOfWebhook(const absl::StatusOr<http::Response>& answer);
core::SendOutcome OutcomeOfMail(const absl::StatusOr<http::Response>& answer);

}  // namespace muster::notify

#endif  // MUSTER_ORCHESTRATOR_NOTIFY_HTTP_NOTIFICATION_SENDER_H_
