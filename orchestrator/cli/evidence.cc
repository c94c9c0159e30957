// evidence export, verify, key, script.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "muster/admin/v1/evidence.pb.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/printable.h"
#include "orchestrator/cli/text.h"
#include "orchestrator/evidence/pack_check.h"

namespace muster::cli {
namespace {

constexpr size_t kFingerprintDigits = 64;

constexpr Field<v1::EvidenceKey> kEvidenceKeyFields[] = {
    {"fingerprint", Show::kAlways, [](const v1::EvidenceKey& k) { return k.fingerprint(); }},
};

struct ExportFlags {
  std::string tenant;
  std::string since;
  std::string out;
};

struct CheckFlags {
  std::string file;
  std::string key;
  std::string earlier;
};

// As it is told in many ways: AA:BB, with blanks, in capitals.
absl::StatusOr<std::string> FingerprintOf(const std::string& text) {
  std::string key = absl::AsciiStrToLower(absl::StrReplaceAll(text, {{":", ""}, {" ", ""}}));
  if (key.size() == kFingerprintDigits &&
      key.find_first_not_of("0123456789abcdef") == std::string::npos) {
    return key;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--key wants the fingerprint that 'muster evidence key' shows: ", kFingerprintDigits,
      " hexadecimal digits"));
}

Table TableOf(const evidence::PackVerdict& verdict) {
  const evidence::Manifest& manifest = verdict.manifest;
  return Table{
      {{"tenant"},
       {"since", Show::kAlways, Unit::kText},
       {"made", Show::kAlways, Unit::kText},
       {"taken_by", Show::kAlways, Unit::kName},
       {"orchestrator", Show::kAlways, Unit::kName},
       {"muster_version"},
       {"key", Show::kAlways, Unit::kName},
       {"events"},
       {"first_event"},
       {"last_event"},
       {"link", Show::kAlways, Unit::kName},
       {"receipts"}},
      {{manifest.tenant, evidence::MomentText(manifest.since), evidence::MomentText(manifest.made),
        manifest.taken_by, manifest.orchestrator, manifest.muster_version, manifest.key,
        absl::StrCat(manifest.events), absl::StrCat(manifest.first_event),
        absl::StrCat(manifest.last_event), manifest.link, absl::StrCat(manifest.receipts)}}};
}

absl::StatusOr<ExitCode> ExportEvidence(Context& context, const ExportFlags& flags) {
  v1::ExportEvidenceRequest request;
  request.set_tenant_id(flags.tenant);
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_since(),
                     ParseTimeFlag("--since", flags.since, context.environment()));
  }
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::EvidenceKey key, client->GetEvidenceKey({}));
  ASSIGN_OR_RETURN(const auto file, NewFile::Create(flags.out));
  RETURN_IF_ERROR(client->ExportEvidence(
      request, [&file](absl::string_view piece) { return file->Append(piece); }));
  RETURN_IF_ERROR(file->Close());
  // What goes to a customer is what a customer will find to be whole.
  ASSIGN_OR_RETURN(const evidence::PackVerdict verdict,
                   evidence::CheckPack(file->part(), {.key = key.fingerprint()}));
  if (!verdict.good()) {
    return absl::DataLossError(
        absl::StrCat("what came is no whole pack: ", verdict.problems.front(), " Try again."));
  }
  RETURN_IF_ERROR(file->Keep());
  context.output().PrintDetails(TableOf(verdict));
  for (const std::string& remark : verdict.remarks) context.output().Hint(remark);
  context.output().Say(absl::StrCat("\n", Printable(flags.out),
                                    " is signed and was checked. Its customer checks it with\n  sh "
                                    "verify.sh --key ",
                                    key.fingerprint(),
                                    " FILE\nGive them the fingerprint, and verify.sh "
                                    "(muster evidence script), by another way than the pack."));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> CheckEvidence(Context& context, const CheckFlags& flags) {
  evidence::CheckPackOptions options{.earlier = flags.earlier};
  if (!flags.key.empty()) {
    ASSIGN_OR_RETURN(options.key, FingerprintOf(flags.key));
  }
  auto verdict = evidence::CheckPack(flags.file, options);
  if (!verdict.ok()) return absl::InvalidArgumentError(verdict.status().message());
  for (const std::string& problem : verdict->problems) {
    context.output().Hint(absl::StrCat("BAD: ", Printable(problem)));
  }
  if (!verdict->good()) return ExitCode::kNotAllWell;
  context.output().PrintDetails(TableOf(*verdict));
  for (const std::string& remark : verdict->remarks) context.output().Hint(remark);
  context.output().Say(
      flags.key.empty() ? "WHOLE: it is what the holder of that key has signed, to the last byte."
                        : "GENUINE: it is what the holder of that key has signed, to the last "
                          "byte.");
  if (!flags.earlier.empty()) {
    context.output().Say("All that the earlier pack tells is in this one's chain as it was.");
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ShowEvidenceKey(Context& context) {
  ASSIGN_OR_RETURN(Client * client, context.Connect());
  ASSIGN_OR_RETURN(const v1::EvidenceKey key, client->GetEvidenceKey({}));
  context.output().PrintDetails(key, MakeRow(kEvidenceKeyFields, key));
  context.output().Say(absl::StrCat("\n", key.public_pem()));
  return ExitCode::kOk;
}

}  // namespace

void AddEvidenceCommands(CommandTree& tree) {
  CLI::App& noun = tree.Noun("evidence", "What a customer keeps and checks without this program");
  auto flags = std::make_shared<ExportFlags>();
  CLI::App& make =
      tree.Verb(noun, "export",
                "Take a signed pack about one tenant: audit events, receipts of joins, the report",
                "muster evidence export --tenant acme --since 90d --out acme.tar",
                [flags](Context& context) { return ExportEvidence(context, *flags); });
  make.add_option("--tenant", flags->tenant, "Whose servers it is about")->required();
  make.add_option("--since", flags->since,
                  "Where its audit events begin: 90d (ago), 2026-07-01 or 2026-07-01T00:00:00Z "
                  "(default: 30d)");
  make.add_option("--out", flags->out, "The file to make, readable by you alone; must not exist")
      ->required()
      ->type_name("FILE");

  auto check = std::make_shared<CheckFlags>();
  CLI::App& verify =
      tree.Verb(noun, "verify", "Check a pack, without an orchestrator",
                "muster evidence verify --key "
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 acme.tar",
                [check](Context& context) { return CheckEvidence(context, *check); });
  verify.add_option("file", check->file, "The pack")->required()->type_name("FILE");
  verify.add_option("--key", check->key,
                    "Fingerprint of the key that signs, told by another way than the pack; without "
                    "it anybody's pack is taken");
  verify
      .add_option("--earlier", check->earlier,
                  "A pack of before: also check that all it tells is in this one as it was")
      ->type_name("FILE");

  tree.Verb(noun, "key", "Show the key that signs packs, to tell customers its fingerprint",
            "muster evidence key", ShowEvidenceKey);
  tree.Verb(noun, "script", "Print the script that checks packs on a machine without Muster",
            "muster evidence script > verify.sh", [](Context& context) -> absl::StatusOr<ExitCode> {
              context.environment().out << evidence::PackText(evidence::kScriptName);
              return ExitCode::kOk;
            });
}

}  // namespace muster::cli
