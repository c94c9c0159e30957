#include "orchestrator/core/notify/channel_rules.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/host.h"
#include "base/host_port.h"
#include "base/http/url.h"
#include "base/status_macros.h"
#include "orchestrator/core/notify/quiet_hours.h"

namespace muster::core {
namespace {

using store::Channel;
using store::ChannelKind;

constexpr size_t kMostRecipients = 20;
constexpr size_t kLeastSecret = 16;
constexpr size_t kMostSecret = 4096;
constexpr absl::Duration kLongestGroup = absl::Hours(24);

absl::Status BadChannel(absl::string_view why) {
  return FailureStatus(FailureCode::kRequestInvalid, why);
}
absl::Status ForProvider(absl::string_view what) {
  return FailureStatus(FailureCode::kAuthForbidden,
                       absl::StrCat(what, " is for operators who are bound to no tenant"));
}

// One mailbox, plain: "ops@acme.example". What could end a line or begin another address is none.
bool IsMailbox(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  const absl::string_view local = text.substr(0, at);
  const absl::string_view domain = text.substr(at + 1);
  const auto in_local = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("!#$%&'*+-/=?^_`{|}~.", absl::string_view(&c, 1));
  };
  return std::all_of(local.begin(), local.end(), in_local) && CanonicalHost(domain).ok() &&
         !absl::StrContains(domain, '[');
}

// "smtp://relay.example:25" as it is kept.
absl::StatusOr<std::string> RelayAddress(absl::string_view text) {
  const bool tls = absl::StartsWith(text, "smtps://");
  if (!absl::ConsumePrefix(&text, "smtp://") && !absl::ConsumePrefix(&text, "smtps://")) {
    return BadChannel("the relay is written smtp://HOST:PORT or smtps://HOST:PORT");
  }
  const auto split = ParseHostPort(text, 1);
  if (!split.ok()) return BadChannel(absl::StrCat("the relay: ", split.status().message()));
  return absl::StrCat(tls ? "smtps" : "smtp", "://", split->ToString());
}

std::string HostOfAddress(const std::string& address) {
  absl::string_view rest = address;
  if (const auto url = http::Url::Parse(address); url.ok()) return url->host();
  rest.remove_prefix(std::min(rest.size(), rest.find("://") + 3));
  const auto split = ParseHostPort(rest, 1);
  return split.ok() ? split->host : std::string();
}

absl::Status CheckWebhook(const Channel& channel) {
  if (!channel.sender.empty() || !channel.recipients.empty() || !channel.user.empty() ||
      channel.plain_smtp) {
    return BadChannel("sender, recipients, user and a relay without TLS are for e-mail");
  }
  if (channel.secret.empty()) return BadChannel("a webhook needs a secret, which signs");
  if (absl::StartsWith(channel.address, "http://") && !channel.allow_private) {
    return BadChannel(
        "a webhook's address is https://; http:// is for channels that may reach private "
        "addresses");
  }
  return absl::OkStatus();
}

absl::Status CheckEmail(const Channel& channel) {
  if (!IsMailbox(channel.sender)) {
    return BadChannel("e-mail needs the address that it comes from, like muster@msp.example");
  }
  if (channel.recipients.empty() || channel.recipients.size() > kMostRecipients) {
    return BadChannel(absl::StrCat("e-mail goes to 1 to ", kMostRecipients, " addresses"));
  }
  for (const std::string& recipient : channel.recipients) {
    if (!IsMailbox(recipient)) return BadChannel("recipients are addresses like ops@acme.example");
  }
  if (channel.user.empty() != channel.secret.empty()) {
    return BadChannel("the relay's user and its password come together");
  }
  if (channel.plain_smtp && (!channel.user.empty() || absl::StartsWith(channel.address, "smtps"))) {
    return BadChannel("without TLS no password travels; take the user away, or keep TLS");
  }
  return absl::OkStatus();
}

// Who is bound to tenants sets no trap for the net that the orchestrator stands in.
absl::Status CheckReach(const Actor& actor, const std::optional<Channel>& before,
                        const Channel& channel) {
  if (actor.wall.admits_everything()) return absl::OkStatus();
  if (channel.tenant_id.empty()) return ForProvider("a channel of the provider");
  if (channel.plain_smtp) return ForProvider("a relay without TLS");
  if (channel.allow_private || (before.has_value() && before->allow_private)) {
    return ForProvider("a channel that may reach private addresses");
  }
  return absl::OkStatus();
}

template <typename T>
void Take(std::optional<T>& given, T& field) {
  if (given.has_value()) field = *std::move(given);
}

}  // namespace

absl::StatusOr<Channel> MakeChannel(const Actor& actor, const std::optional<Channel>& before,
                                    ChannelInput input, KeyVault& vault, absl::Time now) {
  if (!IsSlug(input.slug)) {
    return BadChannel("a channel's name is 1 to 63 of a-z, 0-9 and '-'");
  }
  Channel channel = before.value_or(Channel());
  channel.id = MakeChannelId(input.tenant_id, input.slug);
  channel.tenant_id = input.tenant_id;
  if (!before.has_value()) channel.create_time = now;
  if (!before.has_value() && !input.kind.has_value()) {
    return BadChannel(absl::StrCat("there is no channel ", channel.id.value(),
                                   "; a new one needs a webhook's URL or a mail relay"));
  }
  if (before.has_value() && input.kind.value_or(channel.kind) != channel.kind) {
    return BadChannel("a channel stays what it is; remove it, and make another");
  }
  channel.kind = input.kind.value_or(channel.kind);
  const std::string address_before = channel.address;
  if (input.address.has_value()) {
    if (channel.kind == ChannelKind::kWebhook) {
      const auto url = http::Url::Parse(*input.address);
      if (!url.ok()) return BadChannel(absl::StrCat("the URL ", url.status().message()));
      channel.address = url->ToString();
    } else {
      ASSIGN_OR_RETURN(channel.address, RelayAddress(*input.address));
    }
  }
  const std::string host = HostOfAddress(channel.address);
  if (const std::string why = WhyNobodyAnswersAt(host); !why.empty()) return BadChannel(why);
  const std::string user_before = channel.user;
  Take(input.sender, channel.sender);
  Take(input.recipients, channel.recipients);
  Take(input.user, channel.user);
  Take(input.ca_pem, channel.ca_pem);
  Take(input.plain_smtp, channel.plain_smtp);
  Take(input.allow_private, channel.allow_private);
  Take(input.events, channel.events);
  Take(input.quiet, channel.quiet);
  Take(input.group, channel.group);
  Take(input.coverage_target, channel.coverage_target);
  Take(input.paused, channel.paused);
  const bool elsewhere = channel.address != address_before || channel.user != user_before;
  if (elsewhere && channel.kind == ChannelKind::kEmail) {
    // The password was given for another relay, or another user.
    channel.secret = {};
    channel.fingerprint.clear();
  }
  if (input.secret.has_value() && !input.secret->empty()) {
    const size_t least = channel.kind == ChannelKind::kWebhook ? kLeastSecret : 1;
    if (input.secret->size() < least || input.secret->size() > kMostSecret) {
      return BadChannel(absl::StrCat("the secret has ", least, " to ", kMostSecret, " bytes"));
    }
    ASSIGN_OR_RETURN(channel.secret, vault.Seal(*input.secret, ChannelBinding(channel.id)));
    channel.fingerprint = vault.Fingerprint(*input.secret, ChannelBinding(channel.id));
  }
  RETURN_IF_ERROR(CheckReach(actor, before, channel));
  RETURN_IF_ERROR(channel.kind == ChannelKind::kWebhook ? CheckWebhook(channel)
                                                        : CheckEmail(channel));
  if (IsThisMachine(host) && !channel.allow_private) {
    return BadChannel(
        "the address is the orchestrator's own machine; that is for channels that may reach "
        "private addresses");
  }
  if (const std::string problem = ProblemOfQuietHours(channel.quiet); !problem.empty()) {
    return BadChannel(problem);
  }
  if (channel.group < absl::ZeroDuration() || channel.group > kLongestGroup) {
    return BadChannel("events are grouped over 0s to 24h");
  }
  if (channel.coverage_target < 0 || channel.coverage_target > 100) {
    return BadChannel("the coverage target is 1 to 100 percent; 0: none");
  }
  return channel;
}

bool Hears(const Channel& channel, const store::NotificationEvent& event) {
  if (!channel.tenant_id.empty() && channel.tenant_id != event.tenant_id) return false;
  return channel.events.empty() || std::find(channel.events.begin(), channel.events.end(),
                                             event.kind) != channel.events.end();
}

}  // namespace muster::core
