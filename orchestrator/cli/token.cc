#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "muster/admin/v1/token.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/selection_flags.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr Field<v1::Token> kTokenFields[] = {
    {"token_id", Show::kAlways, [](const v1::Token& t) { return t.token_id(); }, Unit::kName},
    {"zone", Show::kAlways, [](const v1::Token& t) { return t.zone_id(); }, Unit::kName},
    {"state", Show::kAlways, [](const v1::Token& t) { return WordOf(t.state()); }},
    {"uses", Show::kAlways,
     [](const v1::Token& t) { return absl::StrCat(t.uses(), "/", t.max_uses()); }},
    {"mode", Show::kAlways, [](const v1::Token& t) { return WordOf(t.mode()); }},
    {"expires", Show::kAlways, [](const v1::Token& t) { return TextOf(t.expire_time()); },
     Unit::kTime},
    {"server_names", Show::kAlways,
     [](const v1::Token& t) {
       return t.any_name() ? std::string("(any)") : absl::StrJoin(t.server_names(), " ");
     }},
    {"refusals", Show::kAlways, [](const v1::Token& t) { return absl::StrCat(t.refusals_size()); }},
    {"created", Show::kDetails, [](const v1::Token& t) { return TextOf(t.create_time()); },
     Unit::kTime},
    {"last_refusal", Show::kDetails,
     [](const v1::Token& t) { return t.refusals().empty() ? std::string() : t.refusals(0); }},
};

struct TokenFlags {
  std::string zone;
  std::string ttl;
  int max_uses = 0;
  std::vector<std::string> server_names;
  bool any_name = false;
  std::string mode;
  std::string out;
  std::string request_id;
};

absl::StatusOr<ExitCode> CreateToken(Context& context, const TokenFlags& flags) {
  RETURN_IF_ERROR(CheckZoneId(flags.zone));
  // Before a token exists: it would be lost.
  if (flags.out.empty() && context.output().format() == OutputFormat::kCsv) {
    return absl::InvalidArgumentError("a token file does not fit into CSV; add --out FILE");
  }
  if (std::error_code ignored; !flags.out.empty() && std::filesystem::exists(flags.out, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.out, " exists already and is not overwritten; name another with --out"));
  }
  v1::CreateTokenRequest request;
  request.set_zone_id(flags.zone);
  if (!flags.ttl.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_ttl(), ParseDurationFlag("--ttl", flags.ttl));
  }
  request.set_max_uses(flags.max_uses);
  for (const std::string& name : flags.server_names) request.add_server_names(name);
  request.set_any_name(flags.any_name);
  if (!flags.mode.empty()) {
    ASSIGN_OR_RETURN(const v1::TokenMode mode, ParseWordFlag<v1::TokenMode>("--mode", flags.mode));
    request.set_mode(mode);
  }
  request.set_request_id(flags.request_id);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(v1::CreateTokenResponse response, client->CreateToken(request));
  if (response.token_file().empty()) {
    context.output().PrintDetails(response, MakeRow(kTokenFields, response.token()));
    context.output().Hint(
        "This request id made the token above before; its secret is not shown again. Make another "
        "token with another --request-id.");
    return ExitCode::kOk;
  }
  if (flags.out.empty()) {
    // The file itself, so that it can be piped; the rest goes beside it.
    if (context.output().for_people()) {
      context.environment().out << response.token_file();
      context.output().Hint(absl::StrCat("Token ", response.token().token_id(), " for ",
                                         response.token().zone_id(), ", valid until ",
                                         TextOf(response.token().expire_time()),
                                         ". It is shown this once; keep it secret."));
    } else {
      context.output().PrintDetails(response, MakeRow(kTokenFields, response.token()));
    }
    return ExitCode::kOk;
  }
  const absl::Status written = WritePrivateFile(flags.out, response.token_file());
  if (!written.ok()) {
    // Without its file the token is worth nothing to anyone but a thief.
    v1::RevokeTokenRequest revoke;
    revoke.set_token_id(response.token().token_id());
    const auto revoked = client->RevokeToken(revoke);
    return absl::Status(written.code(),
                        absl::StrCat(written.message(), "; the token ", response.token().token_id(),
                                     revoked.ok() ? " was revoked" : " is still valid, revoke it",
                                     "; name another file with --out"));
  }
  response.clear_token_file();  // It stands in the file and nowhere else.
  context.output().PrintDetails(response, MakeRow(kTokenFields, response.token()));
  context.output().Say(absl::StrCat(
      "Written to ", flags.out, ". On the server: muster-worker enroll --token-file ", flags.out));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListTokens(Context& context, const std::string& zone) {
  if (!zone.empty()) RETURN_IF_ERROR(CheckZoneId(zone));
  v1::ListTokensRequest request;
  request.set_zone_id(zone);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListTokensResponse response, client->ListTokens(request));
  context.output().Print(response, MakeTable(kTokenFields, response.tokens()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RevokeToken(Context& context, const std::string& token) {
  v1::RevokeTokenRequest request;
  request.set_token_id(token);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Token response, client->RevokeToken(request));
  context.output().PrintDetails(response, MakeRow(kTokenFields, response));
  context.output().Say("Nobody can use it any more; workers that are in already stay.");
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> LockToken(Context& context, const std::string& token) {
  v1::LockTokenRequest request;
  request.set_token_id(token);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Token response, client->LockToken(request));
  context.output().PrintDetails(response, MakeRow(kTokenFields, response));
  context.output().Say(
      "It lets nobody in until 'muster token unlock'; workers that are in already stay.");
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> UnlockToken(Context& context, const std::string& token) {
  v1::UnlockTokenRequest request;
  request.set_token_id(token);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Token response, client->UnlockToken(request));
  context.output().PrintDetails(response, MakeRow(kTokenFields, response));
  return ExitCode::kOk;
}

void AddCreateToken(CommandTree& tree, CLI::App& token) {
  auto flags = std::make_shared<TokenFlags>();
  CLI::App& create = tree.Verb(
      token, "create", "Make a bootstrap token; its secret is shown once",
      "muster token create --zone acme/prod --ttl 24h --max-uses 50 --out acme-prod.token",
      [flags](Context& context) { return CreateToken(context, *flags); });
  create.add_option("--zone", flags->zone, "The zone it admits to, as tenant/zone")->required();
  create.add_option("--ttl", flags->ttl, "How long it is valid, at most 30d (default: 24h)");
  create.add_option("--max-uses", flags->max_uses, "How many workers may use it (default: 1)")
      ->check(CountProblem);
  create
      .add_option("--server-name", flags->server_names,
                  "Only servers of this name may use it, also to replace a worker that was lost; "
                  "may be given several times")
      ->allow_extra_args(false)
      ->delimiter(',');
  create.add_flag("--any-name", flags->any_name,
                  "Also machines that the inventory does not expect in the zone; without it they "
                  "wait as pending");
  create
      .add_option("--mode", flags->mode,
                  "auto admits at once, pending waits for 'muster server admit' (default: auto)")
      ->check(CLI::IsMember(WordsOf<v1::TokenMode>()));
  create.add_option("--out", flags->out,
                    "Write the token file here, readable by you alone; nothing is overwritten");
  create.add_option("--request-id", flags->request_id,
                    "Repeating the command with the same id makes no second token");
}

}  // namespace

void AddTokenCommands(CommandTree& tree) {
  CLI::App& token = tree.Noun("token", "Bootstrap tokens: they admit workers to the orchestrator");
  AddCreateToken(tree, token);

  auto zone = std::make_shared<std::string>();
  CLI::App& list = tree.Verb(token, "list", "List tokens, their uses and refusals",
                             "muster token list --zone acme/prod",
                             [zone](Context& context) { return ListTokens(context, *zone); });
  list.add_option("--zone", *zone, "Only tokens of this zone");

  auto locked = std::make_shared<std::string>();
  CLI::App& lock = tree.Verb(token, "lock", "Let nobody in with a token for now",
                             "muster token lock tok-mzxw6ytboi4dcmrtgq2t",
                             [locked](Context& context) { return LockToken(context, *locked); });
  lock.add_option("token", *locked, "Token id (tok-…)")->required();
  auto unlocked = std::make_shared<std::string>();
  CLI::App& unlock =
      tree.Verb(token, "unlock", "Let a locked token be used again",
                "muster token unlock tok-mzxw6ytboi4dcmrtgq2t",
                [unlocked](Context& context) { return UnlockToken(context, *unlocked); });
  unlock.add_option("token", *unlocked, "Token id (tok-…)")->required();

  auto id = std::make_shared<std::string>();
  CLI::App& revoke = tree.Verb(token, "revoke", "Refuse further use of a token, for good",
                               "muster token revoke tok-mzxw6ytboi4dcmrtgq2t",
                               [id](Context& context) { return RevokeToken(context, *id); });
  revoke.add_option("token", *id, "Token id (tok-…)")->required();
}

}  // namespace muster::cli
