#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "muster/admin/v1/notification.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr Field<v1::Delivery> kDeliveryFields[] = {
    {"delivery", Show::kAlways, [](const v1::Delivery& d) { return d.delivery_id(); }, Unit::kName},
    {"channel", Show::kAlways, [](const v1::Delivery& d) { return d.channel_id(); }, Unit::kName},
    {"state", Show::kAlways, [](const v1::Delivery& d) { return WordOf(d.state()); }},
    {"events", Show::kAlways, [](const v1::Delivery& d) { return absl::StrCat(d.event_count()); }},
    {"attempts", Show::kAlways,
     [](const v1::Delivery& d) { return absl::StrCat(d.attempt_count()); }},
    {"created", Show::kAlways, [](const v1::Delivery& d) { return TextOf(d.create_time()); },
     Unit::kTime},
    {"due", Show::kDetails, [](const v1::Delivery& d) { return TextOf(d.due_time()); },
     Unit::kTime},
    {"finished", Show::kAlways, [](const v1::Delivery& d) { return TextOf(d.finish_time()); },
     Unit::kTime},
    {"failure", Show::kAlways, [](const v1::Delivery& d) { return TextOf(d.failure()); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const v1::Delivery& d) { return d.failure().remedy(); },
     Unit::kProse},
};

constexpr Field<v1::TellOpenResponse> kOpenFields[] = {
    {"channel", Show::kAlways, [](const v1::TellOpenResponse& r) { return r.channel_id(); },
     Unit::kName},
    {"told", Show::kAlways, [](const v1::TellOpenResponse& r) { return absl::StrCat(r.told()); }},
    {"left_out", Show::kAlways,
     [](const v1::TellOpenResponse& r) { return absl::StrCat(r.left_out()); }},
};

// Beside the details, for who reads; the whole of it is in JSON and YAML.
std::string HistoryText(const v1::Delivery& delivery) {
  std::string text;
  for (const v1::NotificationEvent& event : delivery.events()) {
    absl::StrAppend(&text, TextOf(event.time()), "  ", WordOf(event.kind()), "  ", event.summary(),
                    "\n");
  }
  for (const v1::DeliveryAttempt& attempt : delivery.attempts()) {
    absl::StrAppend(&text, "attempt ", attempt.attempt(), "  ", TextOf(attempt.start_time()), "  ",
                    !attempt.has_finish_time() ? std::string("under way")
                    : attempt.has_failure()    ? TextOf(attempt.failure())
                                               : absl::StrCat("taken (", attempt.status(), ")"),
                    "\n");
  }
  if (!text.empty()) text.pop_back();
  return text;
}

struct DeliveryListFlags {
  std::string channel;
  std::vector<std::string> states;
  int limit = 50;
};

absl::StatusOr<ExitCode> ListDeliveries(Context& context, const DeliveryListFlags& flags) {
  v1::ListDeliveriesRequest request;
  request.set_channel_id(flags.channel);
  for (const std::string& word : flags.states) {
    ASSIGN_OR_RETURN(const auto state, ParseWordFlag<v1::DeliveryState>("--state", word));
    request.add_states(state);
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const auto response, client->ListDeliveries(request, flags.limit));
  context.output().Print(response, MakeTable(kDeliveryFields, response.deliveries()));
  if (response.deliveries().empty()) context.output().Say("No deliveries.");
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowDelivery(Context& context, const std::string& id) {
  v1::GetDeliveryRequest request;
  request.set_delivery_id(id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Delivery delivery, client->GetDelivery(request));
  context.output().PrintDetails(delivery, MakeRow(kDeliveryFields, delivery));
  context.output().Say(HistoryText(delivery));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ReplayDelivery(Context& context, const std::string& id) {
  v1::ReplayDeliveryRequest request;
  request.set_delivery_id(id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Delivery delivery, client->ReplayDelivery(request));
  context.output().PrintDetails(delivery, MakeRow(kDeliveryFields, delivery));
  context.output().Say(absl::StrCat("It is sent as attempt ", delivery.attempt_count() + 1,
                                    "; see how with 'muster notify show ", id, "'."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> TestChannel(Context& context, const std::string& channel) {
  v1::TestChannelRequest request;
  request.set_channel_id(channel);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Delivery delivery, client->TestChannel(request));
  context.output().PrintDetails(delivery, MakeRow(kDeliveryFields, delivery));
  const bool taken = delivery.state() == v1::DELIVERY_STATE_DELIVERED;
  context.output().Say(taken ? absl::StrCat("The receiver of ", channel, " took it.")
                             : absl::StrCat("Nothing got through over ", channel, "."));
  return taken ? ExitCode::kOk : ExitCode::kNotAllWell;
}

absl::StatusOr<ExitCode> TellOpen(Context& context, const std::string& channel) {
  v1::TellOpenRequest request;
  request.set_channel_id(channel);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::TellOpenResponse response, client->TellOpen(request));
  context.output().PrintDetails(response, MakeRow(kOpenFields, response));
  context.output().Say(absl::StrCat(
      Counted(response.told(), "thing"), " that ", response.told() == 1 ? "is" : "are",
      " open on the way over ", channel,
      response.left_out() > 0
          ? absl::StrCat("; ", response.left_out(), " findings more: muster finding list")
          : std::string(),
      "."));
  return ExitCode::kOk;
}

}  // namespace

void AddNotifyCommands(CommandTree& tree) {
  CLI::App& noun =
      tree.Noun("notify", "Notifications: what was told over channels, and how it went");
  auto list = std::make_shared<DeliveryListFlags>();
  CLI::App& all = tree.Verb(noun, "list", "List deliveries, newest first",
                            "muster notify list --channel acme/ops --state failed",
                            [list](Context& context) { return ListDeliveries(context, *list); });
  all.add_option("--channel", list->channel, "Only of this channel");
  all.add_option("--state", list->states, "Only these states (repeatable)")
      ->check(CLI::IsMember(WordsOf<v1::DeliveryState>()));
  all.add_option("--limit", list->limit, "At most so many; 0: all (default: 50)")
      ->check(LimitProblem);

  auto shown = std::make_shared<std::string>();
  tree.Verb(noun, "show", "Show one delivery: its events, and what became of each attempt",
            "muster notify show dlv-2aq7ytboi2224mrtgq2t",
            [shown](Context& context) { return ShowDelivery(context, *shown); })
      .add_option("delivery", *shown, "Delivery id (dlv-…)")
      ->required();
  auto replayed = std::make_shared<std::string>();
  tree.Verb(noun, "replay", "Send a finished delivery again, marked as a repeat",
            "muster notify replay dlv-2aq7ytboi2224mrtgq2t",
            [replayed](Context& context) { return ReplayDelivery(context, *replayed); })
      .add_option("delivery", *replayed, "Delivery id (dlv-…)")
      ->required();
  auto open = std::make_shared<std::string>();
  tree.Verb(noun, "open", "Tell a channel of what is open now, as findings from before it was made",
            "muster notify open acme/ops",
            [open](Context& context) { return TellOpen(context, *open); })
      .add_option("channel", *open, "The channel, as tenant/name or name")
      ->required();
  auto tested = std::make_shared<std::string>();
  tree.Verb(noun, "test", "Send a test over a channel now, and say how it went",
            "muster notify test acme/ops",
            [tested](Context& context) { return TestChannel(context, *tested); })
      .add_option("channel", *tested, "The channel, as tenant/name or name")
      ->required();
}

}  // namespace muster::cli
