#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/status_macros.h"
#include "base/yaml/duration_text.h"
#include "muster/admin/v1/notification.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/secret_input.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxCaBytes = 256 << 10;
constexpr char kQuietNever[] = "none";

std::string BoolText(bool value) { return value ? "true" : "false"; }

std::string EventsText(const v1::Channel& channel) {
  std::vector<std::string> words;
  for (const int kind : channel.events()) {
    words.push_back(WordOf(static_cast<v1::NotificationKind>(kind)));
  }
  return words.empty() ? "all" : absl::StrJoin(words, " ");
}

std::string QuietText(const v1::Channel& channel) {
  if (!channel.has_quiet()) return "";
  const v1::QuietHours& quiet = channel.quiet();
  return absl::StrFormat("%02d:%02d-%02d:%02d %s", quiet.from_minute() / 60,
                         quiet.from_minute() % 60, quiet.to_minute() / 60, quiet.to_minute() % 60,
                         quiet.time_zone().empty() ? "UTC" : quiet.time_zone());
}

constexpr Field<v1::Channel> kChannelFields[] = {
    {"channel", Show::kAlways, [](const v1::Channel& c) { return c.channel_id(); }, Unit::kName},
    {"kind", Show::kAlways, [](const v1::Channel& c) { return WordOf(c.kind()); }},
    {"address", Show::kAlways, [](const v1::Channel& c) { return c.address(); }},
    {"recipients", Show::kDetails,
     [](const v1::Channel& c) { return absl::StrJoin(c.recipients(), " "); }},
    {"sender", Show::kDetails, [](const v1::Channel& c) { return c.sender(); }},
    {"user", Show::kDetails, [](const v1::Channel& c) { return c.user(); }},
    {"secret_fingerprint", Show::kDetails,
     [](const v1::Channel& c) { return c.secret_fingerprint(); }},
    {"events", Show::kAlways, EventsText},
    {"quiet", Show::kAlways, QuietText},
    {"group", Show::kDetails, [](const v1::Channel& c) { return TextOf(c.group()); }},
    {"coverage_target", Show::kDetails,
     [](const v1::Channel& c) {
       return c.coverage_target() == 0 ? std::string() : absl::StrCat(c.coverage_target(), "%");
     }},
    {"paused", Show::kAlways, [](const v1::Channel& c) { return BoolText(c.paused()); }},
    {"allow_private", Show::kDetails,
     [](const v1::Channel& c) { return BoolText(c.allow_private()); }},
    {"plain_smtp", Show::kDetails, [](const v1::Channel& c) { return BoolText(c.plain_smtp()); }},
    {"custom_ca", Show::kDetails, [](const v1::Channel& c) { return BoolText(c.custom_ca()); }},
    {"created", Show::kDetails, [](const v1::Channel& c) { return TextOf(c.create_time()); },
     Unit::kTime},
    {"delivered", Show::kAlways,
     [](const v1::Channel& c) {
       return c.has_delivered_time() ? TextOf(c.delivered_time()) : std::string("never");
     },
     Unit::kTime},
    {"failures", Show::kAlways, [](const v1::Channel& c) { return absl::StrCat(c.failures()); }},
    {"failed", Show::kDetails, [](const v1::Channel& c) { return TextOf(c.failed_time()); },
     Unit::kTime},
    {"left_alone_until", Show::kDetails,
     [](const v1::Channel& c) { return TextOf(c.not_before()); }, Unit::kTime},
    {"failure", Show::kAlways, [](const v1::Channel& c) { return TextOf(c.failure()); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const v1::Channel& c) { return c.failure().remedy(); },
     Unit::kProse},
};

absl::StatusOr<ExitCode> ListNotificationChannels(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const auto response, client->ListChannels(v1::ListChannelsRequest()));
  context.output().Print(response, MakeTable(kChannelFields, response.channels()));
  if (response.channels().empty()) {
    context.output().Say("No channels: nobody is told. Make one with 'muster channel set'.");
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowNotificationChannel(Context& context, const std::string& id) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const auto response, client->ListChannels(v1::ListChannelsRequest()));
  for (const v1::Channel& channel : response.channels()) {
    if (channel.channel_id() != id) continue;
    context.output().PrintDetails(channel, MakeRow(kChannelFields, channel));
    return ExitCode::kOk;
  }
  return FailureStatus(FailureCode::kInventoryChannel,
                       absl::StrCat("there is no channel '", id, "'"));
}

struct ChannelFlags {
  std::string id;
  std::string url;
  std::string relay;
  std::string sender;
  std::vector<std::string> recipients;
  std::string user;
  std::string secret_file;
  std::string ca_file;
  std::vector<std::string> events;
  std::string quiet;
  std::string time_zone;
  std::string group;
  int coverage_target = 0;
  bool allow_private = false;
  bool no_allow_private = false;
  bool plain_smtp = false;
  bool no_plain_smtp = false;
};

absl::Status BadFlag(absl::string_view why) { return absl::InvalidArgumentError(why); }

// "22:00"
bool ParseMinute(absl::string_view text, int& minute) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  int hours = 0;
  int minutes = 0;
  if (parts.size() != 2 || parts[1].size() != 2 || !absl::SimpleAtoi(parts[0], &hours) ||
      !absl::SimpleAtoi(parts[1], &minutes) || hours < 0 || hours > 23 || minutes < 0 ||
      minutes > 59) {
    return false;
  }
  minute = hours * 60 + minutes;
  return true;
}

absl::Status TakeQuiet(const ChannelFlags& flags, v1::QuietHours& quiet) {
  quiet.set_time_zone(flags.time_zone);
  if (flags.quiet == kQuietNever) return absl::OkStatus();
  int from = 0;
  int to = 0;
  const std::vector<std::string> ends = absl::StrSplit(flags.quiet, '-');
  if (ends.size() != 2 || !ParseMinute(ends[0], from) || !ParseMinute(ends[1], to)) {
    return BadFlag("--quiet: write 22:00-07:00, or none");
  }
  quiet.set_from_minute(from);
  quiet.set_to_minute(to);
  return absl::OkStatus();
}

// What was not given is not sent, and stays as it is.
absl::StatusOr<v1::SetChannelRequest> ChannelRequestOf(Context& context, const ChannelFlags& flags,
                                                       const CLI::App& verb) {
  const auto given = [&verb](const char* flag) { return verb.count(flag) > 0; };
  v1::SetChannelRequest request;
  request.set_channel_id(flags.id);
  if (given("--url")) {
    request.set_kind(v1::CHANNEL_KIND_WEBHOOK);
    request.set_address(flags.url);
  }
  if (given("--relay")) {
    request.set_kind(v1::CHANNEL_KIND_EMAIL);
    request.set_address(flags.relay);
  }
  if (given("--from")) request.set_sender(flags.sender);
  if (given("--to")) {
    for (const std::string& recipient : flags.recipients) {
      request.mutable_recipients()->add_recipients(recipient);
    }
  }
  if (given("--user")) request.set_user(flags.user);
  if (given("--secret-file")) {
    ASSIGN_OR_RETURN(*request.mutable_secret(),
                     ReadSecret(context.environment(), flags.secret_file));
  }
  if (given("--ca-file")) {
    std::string pem;
    if (!flags.ca_file.empty()) {
      ASSIGN_OR_RETURN(pem, ReadFile(flags.ca_file, kMaxCaBytes));
    }
    request.set_ca_pem(pem);
  }
  if (given("--event")) {
    request.mutable_events();
    for (const std::string& word : flags.events) {
      if (word == "all") continue;
      ASSIGN_OR_RETURN(const auto kind, ParseWordFlag<v1::NotificationKind>("--event", word));
      request.mutable_events()->add_events(kind);
    }
  }
  if (given("--quiet")) RETURN_IF_ERROR(TakeQuiet(flags, *request.mutable_quiet()));
  if (given("--time-zone") && !given("--quiet")) return BadFlag("--time-zone goes with --quiet");
  if (given("--group")) {
    const auto group = yaml::ParseDurationText(flags.group);
    if (!group.has_value()) return BadFlag("--group: write a time like 1m or 0s");
    *request.mutable_group() = rpc::ToProto(*group);
  }
  if (given("--coverage-target")) request.set_coverage_target(flags.coverage_target);
  if (flags.allow_private) request.set_allow_private(true);
  if (flags.no_allow_private) request.set_allow_private(false);
  if (flags.plain_smtp) request.set_plain_smtp(true);
  if (flags.no_plain_smtp) request.set_plain_smtp(false);
  return request;
}

absl::StatusOr<ExitCode> SetNotificationChannel(Context& context, const ChannelFlags& flags,
                                                const CLI::App& verb) {
  ASSIGN_OR_RETURN(const v1::SetChannelRequest request, ChannelRequestOf(context, flags, verb));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Channel channel, client->SetChannel(request));
  context.output().PrintDetails(channel, MakeRow(kChannelFields, channel));
  context.output().Say(absl::StrCat(
      "It hears what happens from now on; try it: muster notify test ", channel.channel_id(),
      "\nWhat is open already is told by: muster notify open ", channel.channel_id()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> PauseNotificationChannel(Context& context, const std::string& id,
                                                  bool paused) {
  v1::SetChannelRequest request;
  request.set_channel_id(id);
  request.set_paused(paused);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Channel channel, client->SetChannel(request));
  context.output().PrintDetails(channel, MakeRow(kChannelFields, channel));
  context.output().Say(
      paused ? absl::StrCat("Nothing leaves over it until 'muster channel resume ", id,
                            "'; what happens waits, for three days at most.")
             : absl::StrCat("What waited leaves now; what was given up meanwhile: muster notify "
                            "list --channel ",
                            id, " --state failed"));
  return ExitCode::kOk;
}

struct RemoveChannelFlags {
  std::string id;
  bool yes = false;
};

absl::StatusOr<ExitCode> RemoveNotificationChannel(Context& context,
                                                   const RemoveChannelFlags& flags) {
  RETURN_IF_ERROR(
      Confirm(context, flags.yes,
              absl::StrCat("Channel ", flags.id,
                           " goes with its deliveries, also those that were not sent.")));
  v1::DeleteChannelRequest request;
  request.set_channel_id(flags.id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::DeleteChannelResponse response, client->DeleteChannel(request));
  context.output().Say(absl::StrCat("Channel ", flags.id, " is removed, with ", response.unsent(),
                                    " deliveries that were not sent."));
  return ExitCode::kOk;
}

void AddSet(CommandTree& tree, CLI::App& noun) {
  auto flags = std::make_shared<ChannelFlags>();
  auto self = std::make_shared<CLI::App*>(nullptr);
  CLI::App& set = tree.Verb(
      noun, "set", "Make a channel, or change what is named of one",
      "muster channel set acme/ops --url https://hooks.acme.example/muster --secret-file "
      "ops.secret\n"
      "  muster channel set acme/mail --relay smtp://relay.msp.example:587 --user muster "
      "--secret-file relay.password --from muster@msp.example --to ops@acme.example "
      "--quiet 22:00-07:00 --time-zone Europe/Vienna",
      [flags, self](Context& context) { return SetNotificationChannel(context, *flags, **self); });
  *self = &set;
  set.add_option("channel", flags->id,
                 "tenant/name; name alone: one of the provider, which hears of all tenants")
      ->required();
  auto* url = set.add_option("--url", flags->url, "A webhook: where to, https://…");
  set.add_option("--relay", flags->relay,
                 "E-mail: the relay, smtp://HOST:PORT or smtps://HOST:PORT")
      ->excludes(url);
  set.add_option("--from", flags->sender, "E-mail: the address that it comes from");
  set.add_option("--to", flags->recipients, "E-mail: an address that it goes to (repeatable)");
  set.add_option("--user", flags->user, "E-mail: who logs in at the relay; '': nobody");
  set.add_option("--secret-file", flags->secret_file,
                 "What signs webhooks, or the user's password; '-': standard input");
  set.add_option("--ca-file", flags->ca_file,
                 "PEM of the authorities to trust; '': the system's (default)");
  set.add_option("--event", flags->events,
                 absl::StrCat("Only these (repeatable), or all: ",
                              absl::StrJoin(WordsOf<v1::NotificationKind>(), ", ")));
  set.add_option("--quiet", flags->quiet, "Hours in which nothing is sent: 22:00-07:00, or none");
  set.add_option("--time-zone", flags->time_zone, "Of --quiet, like Europe/Vienna (default: UTC)");
  set.add_option("--group", flags->group,
                 "Events so close go together (default: 1m; 0s: each alone)");
  set.add_option("--coverage-target", flags->coverage_target,
                 "Tell when fewer percent of a zone's servers are proven; 0: never (default)");
  auto* inside = set.add_flag("--allow-private", flags->allow_private,
                              "Its address may be one that is not public");
  set.add_flag("--no-allow-private", flags->no_allow_private, "It may not (default)")
      ->excludes(inside);
  auto* plain = set.add_flag("--plain-smtp", flags->plain_smtp, "To the relay without TLS");
  set.add_flag("--no-plain-smtp", flags->no_plain_smtp, "With TLS alone (default)")
      ->excludes(plain);
}

}  // namespace

void AddChannelCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("channel", "Channels: over which somebody is told what happens");
  tree.Verb(noun, "list", "List channels, and how their last deliveries went",
            "muster channel list", ListNotificationChannels);
  auto shown = std::make_shared<std::string>();
  tree.Verb(noun, "show", "Show all that is set of a channel, but its secret",
            "muster channel show acme/ops",
            [shown](Context& context) { return ShowNotificationChannel(context, *shown); })
      .add_option("channel", *shown, "The channel, as tenant/name or name")
      ->required();
  AddSet(tree, noun);
  auto paused = std::make_shared<std::string>();
  tree.Verb(noun, "pause", "Send nothing over a channel for a while; what happens waits",
            "muster channel pause acme/ops",
            [paused](Context& context) { return PauseNotificationChannel(context, *paused, true); })
      .add_option("channel", *paused, "The channel, as tenant/name or name")
      ->required();
  auto resumed = std::make_shared<std::string>();
  tree.Verb(noun, "resume", "Let a channel that was paused go on", "muster channel resume acme/ops",
            [resumed](Context& context) {
              return PauseNotificationChannel(context, *resumed, false);
            })
      .add_option("channel", *resumed, "The channel, as tenant/name or name")
      ->required();
  auto removed = std::make_shared<RemoveChannelFlags>();
  CLI::App& remove = tree.Verb(
      noun, "remove", "Take a channel out, with its deliveries", "muster channel remove acme/ops",
      [removed](Context& context) { return RemoveNotificationChannel(context, *removed); });
  remove.add_option("channel", removed->id, "The channel, as tenant/name or name")->required();
  AddYesFlag(remove, removed->yes);
}

}  // namespace muster::cli
