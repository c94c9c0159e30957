#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/platform/files.h"
#include "base/status_macros.h"
#include "muster/admin/v1/operator.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/confirm.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/operator_files.h"
#include "orchestrator/cli/text.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxRequestBytes = 64 << 10;

std::string TenantsText(const v1::Operator& op) {
  if (op.role() == v1::OPERATOR_ROLE_PROVIDER_ADMIN) return "(all)";
  return absl::StrJoin(op.tenant_ids(), " ");
}

constexpr Field<v1::Operator> kOperatorFields[] = {
    {"name", Show::kAlways, [](const v1::Operator& o) { return o.name(); }, Unit::kName},
    {"operator_id", Show::kAlways, [](const v1::Operator& o) { return o.operator_id(); },
     Unit::kName},
    {"role", Show::kAlways, [](const v1::Operator& o) { return WordOf(o.role()); }},
    {"tenants", Show::kAlways, TenantsText},
    {"state", Show::kAlways, [](const v1::Operator& o) { return WordOf(o.state()); }},
    {"expires", Show::kAlways, [](const v1::Operator& o) { return TextOf(o.expire_time()); },
     Unit::kTime},
    {"serial", Show::kDetails, [](const v1::Operator& o) { return o.certificate_serial(); }},
    {"created", Show::kDetails, [](const v1::Operator& o) { return TextOf(o.create_time()); },
     Unit::kTime},
    {"created_by", Show::kDetails, [](const v1::Operator& o) { return o.created_by(); }},
    {"revoked", Show::kDetails, [](const v1::Operator& o) { return TextOf(o.revoke_time()); },
     Unit::kTime},
    {"revoked_by", Show::kDetails, [](const v1::Operator& o) { return o.revoked_by(); }},
    {"reason", Show::kDetails, [](const v1::Operator& o) { return o.revoke_reason(); }},
};

struct OperatorFlags {
  std::string name;
  std::string role;
  std::vector<std::string> tenants;
  std::string valid_for;
  std::string csr;
  std::string out;
  std::string request_id;
  std::string reason;
  bool new_key = false;
  bool end_others = false;
  bool even_last = false;
  bool include_revoked = false;
  bool yes = false;
};

// Letters that are harmless in a file's name; others become "_".
std::string DefaultDirectory(const std::string& name) {
  std::string safe = name;
  for (char& c : safe) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') c = '_';
  }
  return absl::StrCat("operator-", safe);
}

// The request in --csr, or one with a key that is made, or was left, in the directory.
absl::StatusOr<std::string> RequestFor(const OperatorFlags& flags, const std::string& directory) {
  if (!flags.csr.empty()) {
    auto request = ReadFile(flags.csr, kMaxRequestBytes);
    if (request.ok()) RETURN_IF_ERROR(MakePrivateDirectory(directory));
    return request;
  }
  ASSIGN_OR_RETURN(const auto key, KeepNewOperatorKey(directory));
  return MakeRequest(key);
}

// Where the operator of these credentials is to dial: what this command dialed, but for a socket.
std::string AddressFor(const v1::OperatorCredentials& made, const Connection& connection) {
  return connection.local ? made.admin_address() : connection.address;
}

void SayWhatNext(Context& context, const OperatorFlags& flags, const std::string& directory) {
  if (flags.csr.empty()) {
    context.output().Say(absl::StrCat(
        "Written to ", directory, ", with the private key: move it to where ", flags.name,
        " works, over a safe way. There: muster context add NAME --operator-dir DIR, then muster "
        "whoami"));
  } else {
    context.output().Say(
        absl::StrCat("Written to ", directory,
                     ". None of the files is a secret: put them beside the "
                     "operator.key that the request was made with. There: muster context add NAME "
                     "--operator-dir DIR, then muster whoami"));
  }
}

absl::Status SetLife(const OperatorFlags& flags, google::protobuf::Duration* life) {
  ASSIGN_OR_RETURN(*life, ParseDurationFlag("--valid-for", flags.valid_for));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> CreateOperator(Context& context, const OperatorFlags& flags) {
  v1::CreateOperatorRequest request;
  request.set_name(flags.name);
  ASSIGN_OR_RETURN(const v1::OperatorRole role,
                   ParseWordFlag<v1::OperatorRole>("--role", flags.role));
  request.set_role(role);
  for (const std::string& tenant : flags.tenants) {
    if (tenant.empty()) return absl::InvalidArgumentError("--tenant is empty; name a tenant");
    request.add_tenant_ids(tenant);
  }
  if ((role == v1::OPERATOR_ROLE_PROVIDER_ADMIN) != flags.tenants.empty()) {
    return absl::InvalidArgumentError(
        flags.tenants.empty()
            ? absl::StrCat("the role ", flags.role, " is bound to tenants; add --tenant TENANT")
            : "a provider_admin has all tenants; leave --tenant out, or take --role tenant_admin");
  }
  if (!flags.valid_for.empty()) RETURN_IF_ERROR(SetLife(flags, request.mutable_valid_for()));
  request.set_request_id(flags.request_id);
  const std::string directory = flags.out.empty() ? DefaultDirectory(flags.name) : flags.out;
  ASSIGN_OR_RETURN(const Connection connection,
                   ResolveConnection(context.flags(), context.environment()));
  ASSIGN_OR_RETURN(*request.mutable_certificate_request_pem(), RequestFor(flags, directory));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::OperatorCredentials made, client->CreateOperator(request));
  if (made.certificate_pem().empty()) {
    context.output().PrintDetails(made, MakeRow(kOperatorFields, made.operator_()));
    context.output().Hint(
        "This request id made the operator above before, and the certificate was replaced since: "
        "'muster operator renew' makes another.");
    return ExitCode::kOk;
  }
  const absl::Status written = InstallCredentials(
      directory, {made.certificate_pem(), made.ca_bundle_pem(), AddressFor(made, connection)});
  if (!written.ok()) {
    return absl::Status(
        written.code(),
        absl::StrCat(written.message(), "; operator ", flags.name,
                     " is there all the same: 'muster operator renew ", flags.name,
                     " --out DIR' makes another certificate, 'muster operator revoke ", flags.name,
                     "' takes the operator back"));
  }
  context.output().PrintDetails(made, MakeRow(kOperatorFields, made.operator_()));
  SayWhatNext(context, flags, directory);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RenewOneself(Context& context, const OperatorFlags& flags) {
  if (!flags.csr.empty() || !flags.out.empty()) {
    return absl::InvalidArgumentError(
        "--csr and --out are for other operators: name one, or leave them out");
  }
  ASSIGN_OR_RETURN(const Connection connection,
                   ResolveConnection(context.flags(), context.environment()));
  if (connection.local) {
    return absl::InvalidArgumentError(
        "a socket needs no certificate; name the operator to renew, with --csr or --out");
  }
  const std::string& directory = connection.operator_dir;
  ASSIGN_OR_RETURN(const auto key, flags.new_key ? MakeNextKey(directory)
                                                 : crypto::PrivateKey::FromPem(connection.key_pem));
  v1::RenewOperatorRequest request;
  request.set_end_others(flags.end_others);
  if (!flags.valid_for.empty()) RETURN_IF_ERROR(SetLife(flags, request.mutable_valid_for()));
  ASSIGN_OR_RETURN(*request.mutable_certificate_request_pem(), MakeRequest(key));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::OperatorCredentials renewed, client->RenewOperator(request));
  const CredentialFiles files{renewed.certificate_pem(), renewed.ca_bundle_pem(), ""};
  RETURN_IF_ERROR(flags.new_key ? InstallNextKey(directory, files)
                                : InstallCredentials(directory, files));
  context.output().PrintDetails(renewed, MakeRow(kOperatorFields, renewed.operator_()));
  context.output().Say(absl::StrCat("Written to ", directory, "; it is used from now on."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RenewOperator(Context& context, const OperatorFlags& flags) {
  context.KeepQuietAboutExpiry();
  if (flags.name.empty()) return RenewOneself(context, flags);
  if (flags.new_key) {
    return absl::InvalidArgumentError(
        "--new-key is for your own certificate; for another operator a new key is made unless "
        "--csr brings one");
  }
  const std::string directory = flags.out.empty() ? DefaultDirectory(flags.name) : flags.out;
  ASSIGN_OR_RETURN(const Connection connection,
                   ResolveConnection(context.flags(), context.environment()));
  v1::RenewOperatorRequest request;
  request.set_operator_(flags.name);
  request.set_end_others(flags.end_others);
  if (!flags.valid_for.empty()) RETURN_IF_ERROR(SetLife(flags, request.mutable_valid_for()));
  ASSIGN_OR_RETURN(*request.mutable_certificate_request_pem(), RequestFor(flags, directory));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::OperatorCredentials renewed, client->RenewOperator(request));
  RETURN_IF_ERROR(InstallCredentials(directory, {renewed.certificate_pem(), renewed.ca_bundle_pem(),
                                                 AddressFor(renewed, connection)}));
  context.output().PrintDetails(renewed, MakeRow(kOperatorFields, renewed.operator_()));
  SayWhatNext(context, flags, directory);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RequestCertificate(Context& context, const std::string& directory) {
  ASSIGN_OR_RETURN(const auto key, KeepOperatorKey(directory));
  ASSIGN_OR_RETURN(const std::string request, MakeRequest(key));
  const std::string path = (std::filesystem::path(directory) / "operator.csr").string();
  const absl::Status written = WriteFileAtomically(path, request, FileAccess::kEveryoneReads);
  if (!written.ok()) return absl::InvalidArgumentError(written.message());
  Table table{{{"request"}, {"private_key"}}, {}};
  table.rows.push_back({path, (std::filesystem::path(directory) / "operator.key").string()});
  context.output().Print(table);
  context.output().Say(absl::StrCat(
      "The request is no secret: send it to who makes operators. They run 'muster operator create "
      "NAME --role ROLE --tenant TENANT --csr FILE', or 'muster operator renew NAME --csr FILE', "
      "and send operator.crt, ca.crt and address back: put them into ",
      directory, "."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListOperators(Context& context, const OperatorFlags& flags) {
  v1::ListOperatorsRequest request;
  request.set_include_revoked(flags.include_revoked);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::ListOperatorsResponse response, client->ListOperators(request));
  context.output().Print(response, MakeTable(kOperatorFields, response.operators()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowOperator(Context& context, const std::string& name) {
  v1::GetOperatorRequest request;
  request.set_operator_(name);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Operator op, client->GetOperator(request));
  context.output().PrintDetails(op, MakeRow(kOperatorFields, op));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RevokeOperator(Context& context, const OperatorFlags& flags) {
  RETURN_IF_ERROR(
      Confirm(context, flags.yes, absl::StrCat("Operator ", flags.name, " is revoked for good.")));
  v1::RevokeOperatorRequest request;
  request.set_operator_(flags.name);
  request.set_reason(flags.reason);
  request.set_even_last(flags.even_last);
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::Operator op, client->RevokeOperator(request));
  context.output().PrintDetails(op, MakeRow(kOperatorFields, op));
  context.output().Say("Out at once, open streams too; the name is free again.");
  return ExitCode::kOk;
}

// One row for people, whoever answers.
absl::StatusOr<ExitCode> WhoAmI(Context& context) {
  ASSIGN_OR_RETURN(const Connection connection,
                   ResolveConnection(context.flags(), context.environment()));
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::WhoAmIResponse me, client->WhoAmI({}));
  const v1::Operator& op = me.operator_();
  Table table{{{"name"},
               {"operator_id"},
               {"role"},
               {"tenants"},
               {"door"},
               {"certificate_expires", Show::kAlways, Unit::kTime},
               {"serial", Show::kDetails},
               {"orchestrator"},
               {"context"},
               {"operator_dir", Show::kDetails},
               {"ca_fingerprint", Show::kDetails},
               {"version", Show::kDetails}},
              {}};
  table.rows.push_back({op.name(), op.operator_id(), WordOf(op.role()), TenantsText(op),
                        WordOf(me.door()), TextOf(me.certificate_expire_time()),
                        me.certificate_serial(), connection.address, connection.context,
                        connection.operator_dir, me.ca_fingerprint(), me.version()});
  context.output().PrintDetails(me, table);
  return ExitCode::kOk;
}

void AddCertificateFlags(CLI::App& verb, OperatorFlags& flags) {
  verb.add_option("--valid-for", flags.valid_for,
                  "How long the certificate is valid, 10m to 366d (default: 90d; your own: as long "
                  "as now)");
  verb.add_option("--csr", flags.csr,
                  "A certificate request of the operator's own ('muster operator request'); "
                  "without it a key is made here");
  verb.add_option("--out", flags.out,
                  "The operator directory to write (default: operator-NAME, here)");
}

void AddCreateOperator(CommandTree& tree, CLI::App& noun) {
  auto flags = std::make_shared<OperatorFlags>();
  CLI::App& create =
      tree.Verb(noun, "create", "Make an operator with a role, bound to tenants",
                "muster operator create ada --role operator --tenant acme --valid-for 90d",
                [flags](Context& context) { return CreateOperator(context, *flags); });
  create.add_option("name", flags->name, "A name that no other operator has")->required();
  create.add_option("--role", flags->role, "What the operator may do; never more than you")
      ->required()
      ->transform([](std::string word) {
        std::replace(word.begin(), word.end(), '-', '_');
        return word;
      })
      ->check(CLI::IsMember(WordsOf<v1::OperatorRole>()));
  create
      .add_option("--tenant", flags->tenants,
                  "A tenant that the operator sees; may be given several times, and must be given "
                  "but for provider_admin")
      ->allow_extra_args(false)
      ->delimiter(',');
  AddCertificateFlags(create, *flags);
  create.add_option("--request-id", flags->request_id,
                    "Repeating the command with the same id and key makes no second operator");
}

void AddRenewOperator(CommandTree& tree, CLI::App& noun) {
  auto flags = std::make_shared<OperatorFlags>();
  CLI::App& renew =
      tree.Verb(noun, "renew", "Make a new certificate, for yourself or for another operator",
                "muster operator renew\n  muster operator renew ada --csr ada.csr --out for-ada",
                [flags](Context& context) { return RenewOperator(context, *flags); });
  renew.add_option("operator", flags->name, "Name or id (default: you)");
  AddCertificateFlags(renew, *flags);
  renew.add_flag("--new-key", flags->new_key, "With a new private key; for your own certificate");
  renew.add_flag("--end-others", flags->end_others,
                 "Certificates with other keys end at once, not in a day: a key was lost");
}

void AddRevokeOperator(CommandTree& tree, CLI::App& noun) {
  auto flags = std::make_shared<OperatorFlags>();
  CLI::App& revoke =
      tree.Verb(noun, "revoke", "End an operator's rights at once and for good",
                "muster operator revoke ada --reason 'left the company' --yes",
                [flags](Context& context) { return RevokeOperator(context, *flags); });
  revoke.add_option("operator", flags->name, "Name or id")->required();
  revoke.add_option("--reason", flags->reason, "Kept in the audit log");
  revoke.add_flag("--even-last", flags->even_last,
                  "Also the last provider_admin who can come in: then only root on the "
                  "orchestrator's machine can");
  AddYesFlag(revoke, flags->yes);
}

}  // namespace

void AddOperatorCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("operator", "Operators: who may work with the orchestrator");
  AddCreateOperator(tree, noun);

  auto listed = std::make_shared<OperatorFlags>();
  CLI::App& list = tree.Verb(
      noun, "list", "List operators, and when their certificates end", "muster operator list",
      [listed](Context& context) { return ListOperators(context, *listed); });
  list.add_flag("--revoked", listed->include_revoked, "Also those who were revoked");

  auto shown = std::make_shared<std::string>();
  CLI::App& show =
      tree.Verb(noun, "show", "Show an operator with all that is known", "muster operator show ada",
                [shown](Context& context) { return ShowOperator(context, *shown); });
  show.add_option("operator", *shown, "Name or id")->required();

  AddRenewOperator(tree, noun);

  auto directory = std::make_shared<std::string>();
  CLI::App& request =
      tree.Verb(noun, "request", "Make a key and a certificate request, or a request of a key",
                "muster operator request ~/muster-prod",
                [directory](Context& context) { return RequestCertificate(context, *directory); });
  request.add_option("directory", *directory, "The operator directory; made if it does not exist")
      ->required();

  AddRevokeOperator(tree, noun);

  tree.Verb(tree.root(), "whoami", "Say who the orchestrator takes you for, and which one it is",
            "muster whoami", WhoAmI);
}

}  // namespace muster::cli
