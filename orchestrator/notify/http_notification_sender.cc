#include "orchestrator/notify/http_notification_sender.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "base/foreign_text.h"
#include "base/http/transport_error.h"
#include "orchestrator/notify/notification_text.h"

namespace muster::notify {
namespace {

using core::SendOutcome;

// Of an answer that nobody reads.
constexpr size_t kMostAnswer = 64 << 10;

SendOutcome Unsent(const absl::Status& why) {
  SendOutcome outcome;
  const bool forbidden = http::TransportErrorOf(why) == http::TransportError::kForbidden;
  outcome.failure =
      Failure{forbidden ? FailureCode::kNotifyAddress : FailureCode::kNotifyUnreachable,
              ForeignText(why.message()).str()};
  return outcome;
}

}  // namespace

SendOutcome OutcomeOfWebhook(const absl::StatusOr<http::Response>& answer) {
  if (!answer.ok()) return Unsent(answer.status());
  SendOutcome outcome;
  outcome.status = answer->status;
  if (answer->status >= 200 && answer->status < 300) return outcome;
  // Gone: it says itself that it never comes back.
  outcome.is_final = answer->status == 410;
  std::string detail = absl::StrCat("it answered HTTP ", answer->status);
  if (answer->status >= 300 && answer->status < 400) {
    detail += ", which leads elsewhere; redirects are not followed";
  }
  outcome.failure =
      Failure{outcome.is_final ? FailureCode::kNotifyRefused : FailureCode::kNotifyAnswer, detail};
  if (answer->status == 429 || answer->status == 503) {
    int64_t seconds = 0;
    const auto header = answer->FindHeader("Retry-After");
    if (header.has_value() && absl::SimpleAtoi(*header, &seconds) && seconds > 0) {
      outcome.retry_after = absl::Seconds(seconds);
    }
  }
  return outcome;
}

SendOutcome OutcomeOfMail(const absl::StatusOr<http::Response>& answer) {
  if (!answer.ok()) return Unsent(answer.status());
  SendOutcome outcome;
  outcome.status = answer->status;
  if (answer->status >= 200 && answer->status < 300) return outcome;
  outcome.is_final = answer->status >= 500;
  outcome.failure = Failure{
      outcome.is_final ? FailureCode::kNotifyRefused : FailureCode::kNotifyAnswer,
      absl::StrCat("the relay answered ", answer->status, ": ", ForeignText(answer->body).str())};
  return outcome;
}

void HttpNotificationSender::Send(core::NotificationMessage message, Done done) {
  executor_.Run([this, message = std::move(message), done = std::move(done)]() mutable {
    Secret secret;
    if (!message.channel.secret.empty()) {
      auto opened = vault_.Open(message.channel.secret, core::ChannelBinding(message.channel.id));
      if (!opened.ok()) {
        SendOutcome outcome;
        outcome.failure =
            Failure{FailureCode::kKeyUnsealable,
                    absl::StrCat("the sealed secret of channel ", message.channel.id.value(),
                                 " does not open; give it anew with 'muster channel set'")};
        return done(std::move(outcome));
      }
      secret = *std::move(opened);
    }
    if (message.channel.kind == store::ChannelKind::kWebhook) {
      SendWebhook(message, secret, std::move(done));
    } else {
      SendMail(message, std::move(secret), std::move(done));
    }
  });
}

void HttpNotificationSender::SendWebhook(const core::NotificationMessage& message,
                                         const Secret& secret, Done done) {
  const std::string body = WebhookBody(message);
  http::Request request;
  request.method = "POST";
  request.url = message.channel.address;
  request.AddHeader("User-Agent", absl::StrCat("Muster/", MUSTER_VERSION));
  request.AddHeader("Muster-Delivery", message.delivery_id.value());
  request.AddHeader("Muster-Attempt", absl::StrCat(message.attempt));
  request.AddHeader("Muster-Signature", SignatureOf(secret, clock_.Now(), body));
  request.SetJson(body);
  request.connect_timeout = options_.connect_timeout;
  request.total_timeout = options_.total_timeout;
  request.max_response_bytes = kMostAnswer;
  request.sink = [](const http::Response&, absl::string_view) { return false; };
  request.accept_compressed = false;
  request.send_once = true;
  request.tls.ca_pem = message.channel.ca_pem;
  request.public_addresses_only = !message.channel.allow_private;
  http_.Start(std::move(request),
              [done = std::move(done)](absl::StatusOr<http::Response> answer) mutable {
                done(OutcomeOfWebhook(answer));
              });
}

void HttpNotificationSender::SendMail(const core::NotificationMessage& message, Secret secret,
                                      Done done) {
  http::Mail mail;
  mail.relay = message.channel.address;
  mail.require_tls = !message.channel.plain_smtp;
  mail.sender = message.channel.sender;
  mail.recipients = message.channel.recipients;
  mail.user = message.channel.user;
  mail.password = std::move(secret);
  mail.content = MailContent(message);
  mail.tls.ca_pem = message.channel.ca_pem;
  mail.public_addresses_only = !message.channel.allow_private;
  mail.connect_timeout = options_.connect_timeout;
  mail.total_timeout = options_.total_timeout;
  mail_.StartMail(std::move(mail),
                  [done = std::move(done)](absl::StatusOr<http::Response> answer) mutable {
                    done(OutcomeOfMail(answer));
                  });
}

}  // namespace muster::notify
