#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "base/yaml/duration_text.h"
#include "muster/admin/v1/finding.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/finding_table.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

using v1::Finding;

struct FindingListFlags {
  SelectionFlags place;
  std::string server;
  std::vector<std::string> kinds;
  std::vector<std::string> states;
  int limit = 0;
};

absl::StatusOr<ExitCode> ListFindings(Context& context, const FindingListFlags& flags) {
  v1::ListFindingsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_selection(), flags.place.ToProto());
  request.set_server(flags.server);
  for (const std::string& word : flags.kinds) {
    ASSIGN_OR_RETURN(const auto kind, ParseWordFlag<v1::FindingKind>("--kind", word));
    request.add_kinds(kind);
  }
  for (const std::string& word : flags.states) {
    ASSIGN_OR_RETURN(const auto state, ParseWordFlag<v1::FindingState>("--state", word));
    request.add_states(state);
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListFindingsResponse response,
                   client->ListFindings(request, flags.limit));
  context.output().Print(response, FindingTable(response.findings()));
  context.output().Say(response.findings().empty()
                           ? "No findings."
                           : "What to do about one: muster finding show FINDING");
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowFinding(Context& context, const std::string& id) {
  v1::GetFindingRequest request;
  request.set_finding_id(id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const Finding finding, client->GetFinding(request));
  context.output().PrintDetails(finding, FindingTable({finding}));
  return ExitCode::kOk;
}

struct FindingChangeFlags {
  std::string id;
  std::string reason;
  std::string until;
};

absl::StatusOr<ExitCode> ChangeFinding(Context& context, const FindingChangeFlags& flags,
                                       v1::ChangeFindingRequest::Action action) {
  v1::ChangeFindingRequest request;
  request.set_finding_id(flags.id);
  request.set_action(action);
  request.set_reason(flags.reason);
  if (!flags.until.empty()) {
    // "30d" is from now on; a date is one.
    if (const auto ahead = yaml::ParseDurationText(flags.until)) {
      *request.mutable_until() = rpc::ToProto(context.environment().now() + *ahead);
    } else {
      ASSIGN_OR_RETURN(*request.mutable_until(),
                       ParseTimeFlag("--until", flags.until, context.environment()));
    }
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const Finding finding, client->ChangeFinding(request));
  context.output().PrintDetails(finding, FindingTable({finding}));
  return ExitCode::kOk;
}

CLI::App& AddChange(CommandTree& tree, CLI::App& noun, const std::string& name,
                    const std::string& description, const std::string& rest,
                    std::shared_ptr<FindingChangeFlags> flags,
                    v1::ChangeFindingRequest::Action action) {
  CLI::App& verb = tree.Verb(
      noun, name, description,
      absl::StrCat("muster finding ", name, " fnd-2aq7ytboi2224mrtgq2t", rest),
      [flags, action](Context& context) { return ChangeFinding(context, *flags, action); });
  verb.add_option("finding", flags->id, "Finding id (fnd-…)")->required();
  return verb;
}

}  // namespace

void AddFindingCommands(CommandTree& tree) {
  CLI::App& noun =
      tree.Noun("finding", "What the hubs' lists show otherwise than the inventory says");

  auto list = std::make_shared<FindingListFlags>();
  CLI::App& all = tree.Verb(noun, "list", "List findings, oldest first",
                            "muster finding list --zone acme/prod --kind missing",
                            [list](Context& context) { return ListFindings(context, *list); });
  AddPlaceFlags(all, list->place);
  all.add_option("--server", list->server, "Only those about this server");
  // Too many for a list of words: whoever names another is told all of them.
  all.add_option("--kind", list->kinds,
                 absl::StrCat("Only these kinds (repeatable): ",
                              absl::StrJoin(WordsOf<v1::FindingKind>(), ", ")));
  all.add_option("--state", list->states, "Only these states (default: all but resolved)")
      ->check(CLI::IsMember(WordsOf<v1::FindingState>()));
  all.add_option("--limit", list->limit, "At most so many (default: all)");

  auto id = std::make_shared<std::string>();
  CLI::App& show = tree.Verb(noun, "show", "Show one finding: what was seen, and what to do",
                             "muster finding show fnd-2aq7ytboi2224mrtgq2t",
                             [id](Context& context) { return ShowFinding(context, *id); });
  show.add_option("finding", *id, "Finding id (fnd-…)")->required();

  auto ack = std::make_shared<FindingChangeFlags>();
  AddChange(tree, noun, "ack", "Say that somebody knows of it", " --reason \"ticket 4711\"", ack,
            v1::ChangeFindingRequest::ACTION_ACKNOWLEDGE)
      .add_option("--reason", ack->reason, "For whoever reads it later");

  auto suppress = std::make_shared<FindingChangeFlags>();
  CLI::App& quiet = AddChange(tree, noun, "suppress", "Do not hear of it for a while",
                              " --until 30d --reason \"a test machine\"", suppress,
                              v1::ChangeFindingRequest::ACTION_SUPPRESS);
  quiet
      .add_option("--until", suppress->until,
                  "So long (30d), or until then (2026-12-31); at most a year")
      ->required();
  quiet.add_option("--reason", suppress->reason, "For whoever reads it later")->required();

  auto reopen = std::make_shared<FindingChangeFlags>();
  AddChange(tree, noun, "reopen", "Take an acknowledgement or a suppression back", "", reopen,
            v1::ChangeFindingRequest::ACTION_REOPEN)
      .add_option("--reason", reopen->reason, "For whoever reads it later");
}

}  // namespace muster::cli
