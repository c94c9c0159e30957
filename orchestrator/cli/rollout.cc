#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "muster/admin/v1/rollout.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/progress.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

using v1::Rollout;

// How often a lost watch is taken up again before it is given up, with growing waits: about a
// minute, enough for an orchestrator that restarts.
constexpr int kWatchRetries = 12;
constexpr absl::Duration kFirstWatchWait = absl::Milliseconds(500);
constexpr absl::Duration kLongestWatchWait = absl::Seconds(8);

template <int32_t (v1::Counts::*count)() const>
std::string CountOf(const Rollout& rollout) {
  return absl::StrCat((rollout.counts().*count)());
}

// "10% = 20": as it was written, and what it means for the targets.
std::string LimitText(const std::string& written, int effective) {
  const std::string number = absl::StrCat(effective);
  if (written == number) return number;
  return absl::StrCat(written.empty() ? "default" : written, " = ", number);
}

constexpr Field<Rollout> kRolloutFields[] = {
    {"rollout_id", Show::kAlways, [](const Rollout& r) { return r.rollout_id(); }, Unit::kName},
    {"kind", Show::kAlways, [](const Rollout& r) { return WordOf(r.kind()); }},
    {"state", Show::kAlways, [](const Rollout& r) { return WordOf(r.state()); }},
    {"reason", Show::kDetails, [](const Rollout& r) { return r.reason(); }},
    {"note", Show::kDetails, [](const Rollout& r) { return r.note(); }},
    {"total", Show::kAlways, CountOf<&v1::Counts::total>},
    {"waiting", Show::kDetails, CountOf<&v1::Counts::waiting>},
    {"in_flight", Show::kDetails, CountOf<&v1::Counts::in_flight>},
    {"verifying", Show::kDetails, CountOf<&v1::Counts::verifying>},
    {"succeeded", Show::kAlways, CountOf<&v1::Counts::succeeded>},
    {"failed", Show::kAlways, CountOf<&v1::Counts::failed>},
    {"in_doubt", Show::kAlways, CountOf<&v1::Counts::in_doubt>},
    {"stragglers", Show::kAlways, CountOf<&v1::Counts::stragglers>},
    {"canceled", Show::kDetails, CountOf<&v1::Counts::canceled>},
    {"max_concurrency", Show::kDetails,
     [](const Rollout& r) {
       return LimitText(r.max_concurrency(), r.effective_max_concurrency());
     }},
    {"max_failures", Show::kDetails,
     [](const Rollout& r) { return LimitText(r.max_failures(), r.effective_max_failures()); }},
    {"max_in_doubt", Show::kDetails,
     [](const Rollout& r) { return LimitText(r.max_in_doubt(), r.effective_max_in_doubt()); }},
    {"created", Show::kAlways, [](const Rollout& r) { return TextOf(r.create_time()); },
     Unit::kTime},
    {"created_by", Show::kDetails, [](const Rollout& r) { return r.created_by(); }},
    {"deadline", Show::kDetails, [](const Rollout& r) { return TextOf(r.deadline()); },
     Unit::kTime},
    {"finished", Show::kDetails, [](const Rollout& r) { return TextOf(r.finish_time()); },
     Unit::kTime},
};

constexpr Field<v1::Target> kTargetFields[] = {
    {"zone", Show::kAlways, [](const v1::Target& t) { return t.zone_id(); }, Unit::kName},
    {"name", Show::kAlways, [](const v1::Target& t) { return t.name(); }, Unit::kName},
    {"server_id", Show::kDetails, [](const v1::Target& t) { return t.server_id(); }},
    {"state", Show::kAlways, [](const v1::Target& t) { return WordOf(t.state()); }},
    {"attempts", Show::kAlways, [](const v1::Target& t) { return absl::StrCat(t.attempts()); }},
    {"failure", Show::kAlways, [](const v1::Target& t) { return TextOf(t.failure()); },
     Unit::kProse},
    {"remedy", Show::kDetails, [](const v1::Target& t) { return t.failure().remedy(); }},
    {"hub_instance_id", Show::kDetails, [](const v1::Target& t) { return t.hub_instance_id(); }},
    {"finished", Show::kDetails, [](const v1::Target& t) { return TextOf(t.finish_time()); },
     Unit::kTime},
};

struct WatchFlags {
  std::string rollout;
  bool exit_on_pause = false;
};

// Follows the rollout to its end, also over restarts of the orchestrator.
absl::StatusOr<ExitCode> Watch(Context& context, const WatchFlags& flags) {
  CliEnvironment& environment = context.environment();
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  v1::GetRolloutRequest request;
  request.set_rollout_id(flags.rollout);
  ProgressDisplay display(environment);
  Rollout last;
  int retries = 0;
  bool paused = false;
  environment.catch_interrupts(true);
  absl::Status status;
  while (true) {
    status = client->WatchRollout(
        request,
        [&](const Rollout& rollout) {
          retries = 0;
          last = rollout;
          display.Show(rollout);
          paused = flags.exit_on_pause && rollout.state() == v1::ROLLOUT_STATE_PAUSED;
          return !paused;
        },
        [&] { return !environment.interrupted(); });
    if (IsFinal(last) || paused || environment.interrupted()) break;
    // OK before the final state: the orchestrator is stopping.
    const bool may_come_back = status.ok() || ExitCodeOf(status) == ExitCode::kUnreachable;
    if (!may_come_back || ++retries > kWatchRetries) break;
    if (retries == 1) display.Note("The orchestrator does not answer; trying again…");
    environment.wait(
        std::min(kFirstWatchWait * (1 << std::min(retries - 1, 10)), kLongestWatchWait));
  }
  environment.catch_interrupts(false);
  display.Clear();
  const std::string again =
      absl::StrCat("Watch it again with: muster rollout watch ", flags.rollout);
  if (!IsFinal(last) && !paused) {
    context.output().Hint(absl::StrCat("The rollout goes on without you. ", again));
    if (environment.interrupted()) return ExitCode::kInterrupted;
    if (status.ok()) return absl::UnavailableError("the orchestrator ended the stream");
    return status;
  }
  context.output().PrintDetails(last, MakeRow(kRolloutFields, last));
  if (IsFullSuccess(last)) return ExitCode::kOk;
  if (paused) {
    context.output().Hint(
        absl::StrCat("Paused; continue with: muster rollout resume ", flags.rollout));
  } else {
    context.output().Hint(
        absl::StrCat("Not every target succeeded. The reasons: muster report "
                     "--rollout ",
                     flags.rollout));
  }
  return ExitCode::kNotAllWell;
}

struct RolloutFlags {
  SelectionFlags selection;
  bool all = false;
  std::string kind = "join";
  std::string max_concurrency;
  std::string max_failures;
  std::string max_in_doubt;
  std::string deadline;
  bool allow_takeover = false;
  bool force = false;
  bool watch = false;
  bool exit_on_pause = false;
  std::string request_id;
};

// A join of those that joined before.
constexpr char kRejoin[] = "rejoin";

// "10" or "10%".
absl::Status CheckLimit(const char* flag, const std::string& text, int least) {
  absl::string_view number = text;
  const bool percent = absl::ConsumeSuffix(&number, "%");
  int value = -1;
  if (absl::SimpleAtoi(number, &value) && value >= least && (!percent || value <= 100)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      flag, " '", text, "' is neither a number such as 10 nor a percentage such as 10%"));
}

absl::StatusOr<ExitCode> CreateRollout(Context& context, const RolloutFlags& flags) {
  v1::CreateRolloutRequest request;
  if (flags.selection.empty() != flags.all) {
    return absl::InvalidArgumentError(
        flags.all ? "--all does not go with a selection; drop one of them"
                  : "which servers? Select them with --tenant, --zone, --label or --name, or say "
                    "--all");
  }
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.selection.ToProto());
  const bool rejoin = flags.kind == kRejoin;
  ASSIGN_OR_RETURN(const v1::CommandKind kind,
                   ParseWordFlag<v1::CommandKind>("--kind", rejoin ? "join" : flags.kind));
  request.set_kind(kind);
  request.set_rejoin(rejoin);
  request.set_force(flags.force);
  if (!flags.max_concurrency.empty()) {
    RETURN_IF_ERROR(CheckLimit("--max-concurrency", flags.max_concurrency, 1));
  }
  if (!flags.max_failures.empty()) {
    RETURN_IF_ERROR(CheckLimit("--max-failures", flags.max_failures, 0));
  }
  if (!flags.max_in_doubt.empty()) {
    RETURN_IF_ERROR(CheckLimit("--max-in-doubt", flags.max_in_doubt, 0));
  }
  request.set_max_concurrency(flags.max_concurrency);
  request.set_max_failures(flags.max_failures);
  request.set_max_in_doubt(flags.max_in_doubt);
  if (!flags.deadline.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_deadline(), ParseDurationFlag("--deadline", flags.deadline));
  }
  request.set_allow_takeover(flags.allow_takeover);
  request.set_request_id(flags.request_id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const Rollout rollout, client->CreateRollout(request));
  if (flags.watch) {
    context.output().Hint(absl::StrCat("Rollout ", rollout.rollout_id(), ": ",
                                       WordOf(rollout.kind()), " on ",
                                       Counted(rollout.counts().total(), "server"), "."));
    return Watch(context, {rollout.rollout_id(), flags.exit_on_pause});
  }
  context.output().PrintDetails(rollout, MakeRow(kRolloutFields, rollout));
  context.output().Say(absl::StrCat("Watch it with: muster rollout watch ", rollout.rollout_id()));
  return ExitCode::kOk;
}

struct RolloutListFlags {
  std::string tenant;
  std::vector<std::string> states;
  int limit = 0;
};

absl::StatusOr<ExitCode> ListRollouts(Context& context, const RolloutListFlags& flags) {
  v1::ListRolloutsRequest request;
  request.set_tenant_id(flags.tenant);
  for (const std::string& word : flags.states) {
    ASSIGN_OR_RETURN(const v1::RolloutState state,
                     ParseWordFlag<v1::RolloutState>("--state", word));
    request.add_states(state);
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListRolloutsResponse response,
                   client->ListRollouts(std::move(request), flags.limit));
  context.output().Print(response, MakeTable(kRolloutFields, response.rollouts()));
  return ExitCode::kOk;
}

struct TargetFlags {
  std::string rollout;
  std::vector<std::string> states;
  int limit = 0;
};

absl::StatusOr<ExitCode> ListTargets(Context& context, const TargetFlags& flags) {
  v1::ListTargetsRequest request;
  request.set_rollout_id(flags.rollout);
  for (const std::string& word : flags.states) {
    ASSIGN_OR_RETURN(const v1::TargetState state, ParseWordFlag<v1::TargetState>("--state", word));
    request.add_states(state);
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListTargetsResponse response,
                   client->ListTargets(request, flags.limit));
  context.output().Print(response, MakeTable(kTargetFields, response.targets()));
  context.output().Say(absl::StrCat(Counted(response.targets_size(), "target"), "."));
  return ExitCode::kOk;
}

void AddCreateRollout(CommandTree& tree, CLI::App& noun) {
  auto flags = std::make_shared<RolloutFlags>();
  CLI::App& create =
      tree.Verb(noun, "create", "Plan and start a rollout over the selected servers",
                "muster rollout create --zone acme/prod --label site=berlin --max-concurrency 10% "
                "--max-failures 2 --watch",
                [flags](Context& context) { return CreateRollout(context, *flags); });
  flags->selection.AddTo(create);
  create.add_flag("--all", flags->all, "Every server that you may see, instead of a selection");
  std::vector<std::string> kinds = WordsOf<v1::CommandKind>();
  kinds.emplace_back(kRejoin);
  create
      .add_option("--kind", flags->kind,
                  "join, probe: look only, or rejoin: join those again that are enrolled or "
                  "degraded (default: join)")
      ->check(CLI::IsMember(kinds));
  create.add_option("--max-concurrency", flags->max_concurrency,
                    "So many targets at once, 10 or 10% (default: 10%, at most 50)");
  create.add_option("--max-failures", flags->max_failures,
                    "Pause when more targets than this have failed, 2 or 5% (default: 5%)");
  create.add_option(
      "--max-in-doubt", flags->max_in_doubt,
      "Pause when of more targets than this nobody knows what became of their command, "
      "2 or 5% (default: 5%, at most half of the max concurrency)");
  create.add_option("--deadline", flags->deadline,
                    "Nothing begins later; who was never connected is a straggler (default: 24h)");
  create.add_flag("--allow-takeover", flags->allow_takeover,
                  "Also join servers that are joined to another hub");
  create.add_flag("--force", flags->force,
                  "Also join servers again that are enrolled, or that nobody can tell apart on "
                  "the hub (E-VERIFY-AMBIGUOUS)");
  create.add_flag("--watch", flags->watch, "Follow it to its end");
  create.add_flag("--exit-on-pause", flags->exit_on_pause,
                  "With --watch: leave with exit code 5 when it pauses");
  create.add_option("--request-id", flags->request_id,
                    "Repeating the command with the same id makes no second rollout");
}

using ChangeRollout = absl::StatusOr<Rollout> (Client::*)(const v1::GetRolloutRequest&);

// A verb that asks for or changes one rollout and shows it.
void AddRolloutVerb(CommandTree& tree, CLI::App& noun, const std::string& name,
                    const std::string& description, ChangeRollout call) {
  auto id = std::make_shared<std::string>();
  CLI::App& verb = tree.Verb(
      noun, name, description, absl::StrCat("muster rollout ", name, " rol-mzxw6ytboi4dcmrtgq2t"),
      [id, call](Context& context) -> absl::StatusOr<ExitCode> {
        v1::GetRolloutRequest request;
        request.set_rollout_id(*id);
        ASSIGN_OR_RETURN(Client * client, context.Connect());
        ASSIGN_OR_RETURN(const Rollout rollout, (client->*call)(request));
        context.output().PrintDetails(rollout, MakeRow(kRolloutFields, rollout));
        return ExitCode::kOk;
      });
  verb.add_option("rollout", *id, "Rollout id (rol-…)")->required();
}

}  // namespace

void AddRolloutCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("rollout", "Rollouts: planned changes over servers");
  AddCreateRollout(tree, noun);

  auto list_flags = std::make_shared<RolloutListFlags>();
  CLI::App& list =
      tree.Verb(noun, "list", "List rollouts, newest first",
                "muster rollout list --tenant acme --state running,paused --limit 10",
                [list_flags](Context& context) { return ListRollouts(context, *list_flags); });
  list.add_option("--tenant", list_flags->tenant, "Only rollouts of this tenant alone");
  list.add_option("--state", list_flags->states, "Only rollouts in this state; any may match")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember(WordsOf<v1::RolloutState>()));
  list.add_option("--limit", list_flags->limit, "At most so many; 0: all")->check(LimitProblem);

  AddRolloutVerb(tree, noun, "show", "Show one rollout", &Client::GetRollout);

  auto watch_flags = std::make_shared<WatchFlags>();
  CLI::App& watch =
      tree.Verb(noun, "watch", "Follow a rollout to its end; Ctrl-C only looks away",
                "muster rollout watch rol-mzxw6ytboi4dcmrtgq2t",
                [watch_flags](Context& context) { return Watch(context, *watch_flags); });
  watch.add_option("rollout", watch_flags->rollout, "Rollout id (rol-…)")->required();
  watch.add_flag("--exit-on-pause", watch_flags->exit_on_pause,
                 "Leave with exit code 5 when it pauses");

  auto target_flags = std::make_shared<TargetFlags>();
  CLI::App& targets =
      tree.Verb(noun, "targets", "List a rollout's targets and why they stand where they stand",
                "muster rollout targets rol-mzxw6ytboi4dcmrtgq2t --state failed,in_doubt",
                [target_flags](Context& context) { return ListTargets(context, *target_flags); });
  targets.add_option("rollout", target_flags->rollout, "Rollout id (rol-…)")->required();
  targets.add_option("--state", target_flags->states, "Only targets in this state; any may match")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember(WordsOf<v1::TargetState>()));
  targets.add_option("--limit", target_flags->limit, "At most so many; 0: all")
      ->check(LimitProblem);

  AddRolloutVerb(tree, noun, "pause", "Send nothing more for now; what runs is awaited",
                 &Client::PauseRollout);
  AddRolloutVerb(tree, noun, "resume", "Continue a paused rollout; its limits count anew",
                 &Client::ResumeRollout);
  AddRolloutVerb(tree, noun, "cancel", "End a rollout; what runs is awaited",
                 &Client::CancelRollout);
}

}  // namespace muster::cli
