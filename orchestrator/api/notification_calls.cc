// muster.admin.v1.NotificationService.
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/trust_anchors.h"
#include "base/failure_code.h"
#include "base/http/url.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "muster/admin/v1/notification.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/page.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"
#include "orchestrator/api/wire_enums.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::string_view kDeliveriesList = "deliveries";

// A query may hold what opens doors.
std::string ShownAddress(const store::Channel& channel) {
  const auto url = http::Url::Parse(channel.address);
  return channel.kind == store::ChannelKind::kWebhook && url.ok() ? url->WithoutQuery()
                                                                  : channel.address;
}

admin::Channel ShowChannel(const store::Channel& channel, absl::Time now) {
  admin::Channel out;
  out.set_channel_id(channel.id.value());
  out.set_tenant_id(channel.tenant_id.value());
  out.set_kind(ToProto(channel.kind));
  out.set_address(ShownAddress(channel));
  out.set_sender(channel.sender);
  for (const std::string& recipient : channel.recipients) out.add_recipients(recipient);
  out.set_user(channel.user);
  out.set_secret_fingerprint(channel.fingerprint);
  out.set_custom_ca(!channel.ca_pem.empty());
  out.set_plain_smtp(channel.plain_smtp);
  out.set_allow_private(channel.allow_private);
  for (const store::NotificationKind kind : channel.events) out.add_events(ToProto(kind));
  if (channel.quiet.from != channel.quiet.to) {
    out.mutable_quiet()->set_from_minute(channel.quiet.from);
    out.mutable_quiet()->set_to_minute(channel.quiet.to);
    out.mutable_quiet()->set_time_zone(channel.quiet.time_zone);
  }
  *out.mutable_group() = ToProto(channel.group);
  out.set_coverage_target(channel.coverage_target);
  out.set_paused(channel.paused);
  *out.mutable_create_time() = ToProto(channel.create_time);
  const store::ChannelHealth& health = channel.health;
  out.set_failures(health.failures);
  SetIf(health.delivered, [&] { return out.mutable_delivered_time(); });
  SetIf(health.failed, [&] { return out.mutable_failed_time(); });
  if (health.not_before.value_or(absl::InfinitePast()) > now) {
    *out.mutable_not_before() = ToProto(*health.not_before);
  }
  SetIf(health.failure, [&] { return out.mutable_failure(); });
  return out;
}

admin::Delivery ShowDelivery(const store::Delivery& delivery) {
  admin::Delivery out;
  out.set_delivery_id(delivery.id.value());
  out.set_channel_id(delivery.channel_id.value());
  out.set_state(ToProto(delivery.state));
  out.set_event_count(delivery.events);
  out.set_attempt_count(delivery.attempts);
  *out.mutable_create_time() = ToProto(delivery.create_time);
  if (!delivery.finish_time.has_value()) *out.mutable_due_time() = ToProto(delivery.due);
  SetIf(delivery.finish_time, [&] { return out.mutable_finish_time(); });
  SetIf(delivery.failure, [&] { return out.mutable_failure(); });
  return out;
}

absl::StatusOr<admin::Delivery> ShowWholeDelivery(const store::Delivery& delivery,
                                                  const store::WalledSnapshot& snapshot) {
  admin::Delivery out = ShowDelivery(delivery);
  ASSIGN_OR_RETURN(const auto events, snapshot.ListEvents(delivery));
  for (const store::NotificationEvent& event : events) {
    admin::NotificationEvent& one = *out.add_events();
    one.set_kind(ToProto(event.kind));
    *one.mutable_time() = ToProto(event.time);
    one.set_tenant_id(event.tenant_id.value());
    one.set_subject(event.subject);
    one.set_severity(ToProto(event.severity));
    one.set_summary(event.summary.str());
    one.set_next(event.next);
  }
  ASSIGN_OR_RETURN(const auto attempts, snapshot.ListAttempts(delivery));
  for (const store::DeliveryAttempt& attempt : attempts) {
    admin::DeliveryAttempt& one = *out.add_attempts();
    one.set_attempt(attempt.attempt);
    *one.mutable_start_time() = ToProto(attempt.start_time);
    SetIf(attempt.finish_time, [&] { return one.mutable_finish_time(); });
    one.set_status(attempt.status);
    SetIf(attempt.failure, [&] { return one.mutable_failure(); });
  }
  return out;
}

absl::StatusOr<core::ChannelInput> ChannelOf(const admin::SetChannelRequest& request) {
  core::ChannelInput input;
  const std::string& id = request.channel_id();
  const size_t slash = id.find('/');
  input.slug = slash == std::string::npos ? id : id.substr(slash + 1);
  if (slash != std::string::npos) input.tenant_id = TenantId(id.substr(0, slash));
  if (slash == 0 || id.empty()) return InvalidRequest("a channel is written tenant/name, or name");
  if (request.kind() != admin::CHANNEL_KIND_UNSPECIFIED) {
    ASSIGN_OR_RETURN(input.kind, FromProto<store::ChannelKind>("kind", request.kind()));
  }
  if (request.has_address()) input.address = request.address();
  if (request.has_sender()) input.sender = request.sender();
  if (request.has_recipients()) {
    input.recipients.emplace(request.recipients().recipients().begin(),
                             request.recipients().recipients().end());
  }
  if (request.has_user()) input.user = request.user();
  if (request.has_secret()) input.secret = Secret::CopyOf(request.secret());
  if (request.has_ca_pem()) input.ca_pem = request.ca_pem();
  if (!request.ca_pem().empty()) {
    const auto anchors = crypto::TrustAnchorsFromPem(request.ca_pem());
    if (!anchors.ok()) return InvalidRequest(absl::StrCat("ca_pem: ", anchors.status().message()));
  }
  if (request.has_plain_smtp()) input.plain_smtp = request.plain_smtp();
  if (request.has_allow_private()) input.allow_private = request.allow_private();
  if (request.has_events()) {
    ASSIGN_OR_RETURN(input.events,
                     StatesOf<store::NotificationKind>("events", request.events().events()));
  }
  if (request.has_quiet()) {
    input.quiet = store::QuietHours{request.quiet().from_minute(), request.quiet().to_minute(),
                                    request.quiet().time_zone()};
  }
  if (request.has_group()) input.group = rpc::FromProto(request.group());
  if (request.has_coverage_target()) input.coverage_target = request.coverage_target();
  if (request.has_paused()) input.paused = request.paused();
  return input;
}

class NotificationCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.NotificationService";
  using Calls::Calls;

  absl::Status ListChannels(const Context& context, const admin::ListChannelsRequest&,
                            admin::ListChannelsResponse& response) const {
    ASSIGN_OR_RETURN(const auto channels, context.snapshot.ListChannels());
    for (const store::Channel& channel : channels) {
      *response.add_channels() = ShowChannel(channel, d_.clock.Now());
    }
    return absl::OkStatus();
  }

  void SetChannel(const Context& context, const admin::SetChannelRequest& request,
                  Responder<admin::Channel> to) const {
    auto input = ChannelOf(request);
    if (!input.ok()) return to.Finish(input.status());
    d_.operations.notifications.Call(
        &core::NotificationOperations::SetChannel,
        [to = std::move(to), now = d_.clock.Now()](absl::StatusOr<store::Channel> channel) mutable {
          if (channel.ok()) to.response() = ShowChannel(*channel, now);
          to.Finish(channel.status());
        },
        context.caller.actor, *std::move(input));
  }

  void DeleteChannel(const Context& context, const admin::DeleteChannelRequest& request,
                     Responder<admin::DeleteChannelResponse> to) const {
    d_.operations.notifications.Call(
        &core::NotificationOperations::DeleteChannel,
        [to = std::move(to), id = request.channel_id()](absl::StatusOr<int> unsent) mutable {
          if (unsent.ok()) {
            to.response().set_channel_id(id);
            to.response().set_unsent(*unsent);
          }
          to.Finish(unsent.status());
        },
        context.caller.actor, ChannelId(request.channel_id()));
  }

  void TestChannel(const Context& context, const admin::TestChannelRequest& request,
                   Responder<admin::Delivery> to) const {
    admin::Delivery* const response = &to.response();
    const auto call = d_.long_calls.Open(
        context.caller.actor.name,
        [to = std::move(to)](const absl::Status& status) mutable { to.Finish(status); });
    d_.operations.notifications.Call(
        &core::NotificationOperations::Test,
        [call, response](absl::StatusOr<store::Delivery> delivery) {
          auto finish = call->Take();
          if (!finish) return;
          if (delivery.ok()) *response = ShowDelivery(*delivery);
          finish(delivery.status());
        },
        context.caller.actor, ChannelId(request.channel_id()));
  }

  void TellOpen(const Context& context, const admin::TellOpenRequest& request,
                Responder<admin::TellOpenResponse> to) const {
    d_.operations.notifications.Call(
        &core::NotificationOperations::TellOpen,
        [to = std::move(to),
         id = request.channel_id()](absl::StatusOr<core::OpenTold> told) mutable {
          if (told.ok()) {
            to.response().set_channel_id(id);
            to.response().set_told(told->told);
            to.response().set_left_out(told->left_out);
          }
          to.Finish(told.status());
        },
        context.caller.actor, ChannelId(request.channel_id()));
  }

  absl::Status ListDeliveries(const Context& context, const admin::ListDeliveriesRequest& request,
                              admin::ListDeliveriesResponse& response) const {
    ASSIGN_OR_RETURN(const Page page, Page::Of(kDeliveriesList, request));
    store::DeliveryQuery query;
    query.before = DeliveryId(page.cursor());
    query.limit = page.limit();
    query.channel_id = ChannelId(request.channel_id());
    if (!request.channel_id().empty()) {
      ASSIGN_OR_RETURN(const auto channel, context.snapshot.FindChannel(query.channel_id));
      if (!channel.has_value()) {
        return FailureStatus(FailureCode::kInventoryChannel,
                             absl::StrCat("there is no channel '", request.channel_id(), "'"));
      }
    }
    ASSIGN_OR_RETURN(query.states, StatesOf<store::DeliveryState>("states", request.states()));
    ASSIGN_OR_RETURN(auto deliveries, context.snapshot.ListDeliveries(std::move(query)));
    page.Cut(deliveries, response,
             [](const store::Delivery& delivery) { return delivery.id.value(); });
    for (const store::Delivery& delivery : deliveries) {
      *response.add_deliveries() = ShowDelivery(delivery);
    }
    return absl::OkStatus();
  }

  absl::Status GetDelivery(const Context& context, const admin::GetDeliveryRequest& request,
                           admin::Delivery& response) const {
    ASSIGN_OR_RETURN(const auto delivery,
                     context.snapshot.FindDelivery(DeliveryId(request.delivery_id())));
    if (!delivery.has_value()) {
      return FailureStatus(FailureCode::kInventoryDelivery,
                           absl::StrCat("no delivery ", request.delivery_id()));
    }
    ASSIGN_OR_RETURN(response, ShowWholeDelivery(*delivery, context.snapshot));
    return absl::OkStatus();
  }

  void ReplayDelivery(const Context& context, const admin::ReplayDeliveryRequest& request,
                      Responder<admin::Delivery> to) const {
    d_.operations.notifications.Call(
        &core::NotificationOperations::Replay,
        [to = std::move(to)](absl::StatusOr<store::Delivery> delivery) mutable {
          if (delivery.ok()) to.response() = ShowDelivery(*delivery);
          to.Finish(delivery.status());
        },
        context.caller.actor, DeliveryId(request.delivery_id()));
  }
};

}  // namespace

void AddNotificationCalls(CallTable& table, const Dependencies& d) {
  table.For<NotificationCalls>(d)
      .Read("ListChannels", &NotificationCalls::ListChannels)
      .Write("SetChannel", &NotificationCalls::SetChannel)
      .Write("DeleteChannel", &NotificationCalls::DeleteChannel)
      .Write("TestChannel", &NotificationCalls::TestChannel)
      .Write("TellOpen", &NotificationCalls::TellOpen)
      .Read("ListDeliveries", &NotificationCalls::ListDeliveries)
      .Read("GetDelivery", &NotificationCalls::GetDelivery)
      .Write("ReplayDelivery", &NotificationCalls::ReplayDelivery);
}

}  // namespace muster::api
