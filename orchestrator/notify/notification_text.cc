#include "orchestrator/notify/notification_text.h"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/crypto/digest.h"
#include "base/utc_text.h"

namespace muster::notify {
namespace {

using store::NotificationEvent;

constexpr size_t kMailLine = 76;
constexpr size_t kMostSubject = 120;

// "2 finding_opened, 1 rollout_paused"
std::string CountText(const std::vector<NotificationEvent>& events) {
  std::map<std::string, int> counts;
  for (const NotificationEvent& event : events) ++counts[std::string(ToString(event.kind))];
  std::vector<std::string> parts;
  for (const auto& [kind, count] : counts) parts.push_back(absl::StrCat(count, " ", kind));
  return absl::StrJoin(parts, ", ");
}

std::string EventText(const NotificationEvent& event) {
  return absl::StrCat(UtcText(event.time), "  ", ToString(event.kind), "  ",
                      ToString(event.severity), event.tenant_id.empty() ? "" : "  tenant ",
                      event.tenant_id.value(), "\r\n  ", event.summary.str(), "\r\n",
                      event.next.empty() ? "" : absl::StrCat("  > ", event.next, "\r\n"), "\r\n");
}

std::string InLines(absl::string_view text) {
  std::string lines;
  for (size_t at = 0; at < text.size(); at += kMailLine) {
    absl::StrAppend(&lines, text.substr(at, kMailLine), "\r\n");
  }
  return lines;
}

absl::string_view DomainOf(absl::string_view mailbox) {
  return mailbox.substr(mailbox.rfind('@') + 1);
}

}  // namespace

std::string WebhookBody(const core::NotificationMessage& message) {
  nlohmann::json body;
  body["version"] = 1;
  body["delivery"] = message.delivery_id.value();
  body["attempt"] = message.attempt;
  body["channel"] = message.channel.id.value();
  body["events"] = nlohmann::json::array();
  for (const NotificationEvent& event : message.events) {
    nlohmann::json one;
    one["kind"] = std::string(ToString(event.kind));
    one["time"] = UtcText(event.time);
    one["severity"] = std::string(ToString(event.severity));
    one["tenant"] = event.tenant_id.value();
    one["subject"] = event.subject;
    one["summary"] = event.summary.str();
    one["next"] = event.next;
    body["events"].push_back(std::move(one));
  }
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string SignatureOf(const Secret& secret, absl::Time now, absl::string_view body) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  return absl::StrCat("t=", seconds, ",v1=",
                      absl::BytesToHexString(
                          crypto::HmacSha256(secret.Reveal(), absl::StrCat(seconds, ".", body))));
}

std::string MailContent(const core::NotificationMessage& message) {
  const store::Channel& channel = message.channel;
  std::string body;
  if (message.attempt > 1) {
    absl::StrAppend(&body, "Attempt ", message.attempt,
                    " of the same mail: you may have it already.\r\n\r\n");
  }
  for (const NotificationEvent& event : message.events) body += EventText(event);
  absl::StrAppend(&body, "-- \r\nMuster, channel ", channel.id.value(), ", delivery ",
                  message.delivery_id.value(), "\r\n");
  std::string subject =
      absl::StrCat("[Muster] ", channel.tenant_id.empty() ? "" : channel.tenant_id.value(),
                   channel.tenant_id.empty() ? "" : ": ", CountText(message.events));
  if (subject.size() > kMostSubject) subject.resize(kMostSubject);
  // What stands in these lines is ours, or was checked to be an address.
  return absl::StrCat(
      "Date: ", absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", message.time, absl::UTCTimeZone()),
      "\r\nFrom: Muster <", channel.sender,
      ">\r\nTo: ", absl::StrJoin(channel.recipients, ",\r\n "), "\r\nSubject: ", subject,
      "\r\nMessage-ID: <", message.delivery_id.value(), "@", DomainOf(channel.sender),
      ">\r\nMuster-Delivery: ", message.delivery_id.value(),
      "\r\nMuster-Attempt: ", message.attempt,
      "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      InLines(absl::Base64Escape(body)));
}

}  // namespace muster::notify
