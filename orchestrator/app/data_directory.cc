#include "orchestrator/app/data_directory.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "orchestrator/app/audit_files.h"
#include "orchestrator/identity/operator_record.h"
#include "orchestrator/secrets/master_key.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 64 << 10;

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  ASSIGN_OR_RETURN(const Secret content, ReadPrivateFile(path, FileReach::kAny, kMaxFileBytes));
  return std::string(content.Reveal());
}

absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const bool made = fs::create_directories(path, error);
  if (error) {
    return FailureStatus(FailureCode::kSystemDataDir,
                         absl::StrCat("cannot make the directory ", path, ": ", error.message()));
  }
  if (made) fs::permissions(path, fs::perms::owner_all, error);
  return absl::OkStatus();
}

absl::Status CannotLookInto(const std::string& path, const std::error_code& error) {
  return FailureStatus(FailureCode::kSystemDataDir,
                       absl::StrCat("cannot look into ", path, ": ", error.message()));
}

// Whether init may work in the directory: new, empty, or left by an init that was cut off.
absl::Status CheckOurs(const DataPaths& paths) {
  if (Exists(paths.marker())) {
    return FailureStatus(FailureCode::kSystemAlreadyInitialized,
                         absl::StrCat(paths.root, " was initialized before"));
  }
  std::error_code error;
  const bool ours = Exists(paths.root + "/ca") || Exists(paths.root + "/LOCK");
  const bool empty = fs::is_empty(paths.root, error);
  if (error) return CannotLookInto(paths.root, error);
  if (!ours && !empty) {
    return FailureStatus(FailureCode::kSystemDataDir,
                         absl::StrCat(paths.root, " holds other files; choose an empty one"));
  }
  return absl::OkStatus();
}

// Who can put another database, key, list of addresses or backup there is the orchestrator.
absl::Status CheckClosed(const DataPaths& paths) {
  RETURN_IF_ERROR(EnsureCode(CheckOursAlone(paths.root), FailureCode::kSystemDataDir));
  std::error_code error;
  for (fs::directory_iterator entry(paths.root, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;  // A link to nowhere is no folder.
    if (!entry->is_directory(ignored)) continue;
    RETURN_IF_ERROR(
        EnsureCode(CheckOursAlone(entry->path().string()), FailureCode::kSystemDataDir));
  }
  if (error) return CannotLookInto(paths.root, error);
  return EnsureCode(CheckUnreachableByOthers(paths.database()), FailureCode::kSystemDataDir);
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> Lock(const DataPaths& paths) {
  auto lock = DirectoryLock::Acquire(paths.root);
  if (!lock.ok()) return EnsureCode(lock.status(), FailureCode::kSystemDataDir);
  return lock;
}

absl::StatusOr<identity::CertificateAuthority> MakeAuthority(const DataPaths& paths,
                                                             const Clock& clock, Random& random) {
  RETURN_IF_ERROR(MakeDirectory(paths.root + "/ca"));
  if (Exists(paths.authority("ca.crt"))) return LoadAuthority(paths, clock, random);
  // A key without its certificate has signed nothing.
  std::error_code ignored;
  fs::remove(paths.authority("ca.key"), ignored);
  ASSIGN_OR_RETURN(auto authority, identity::CertificateAuthority::Create(clock, random));
  ASSIGN_OR_RETURN(const Secret key, authority.PrivateKeyPem());
  RETURN_IF_ERROR(CreatePrivateFile(paths.authority("ca.key"), key));
  RETURN_IF_ERROR(
      CreatePrivateFile(paths.authority("ca.crt"), Secret::CopyOf(authority.bundle_pem())));
  return authority;
}

absl::Status MakeMasterKey(const DataPaths& paths, Random& random) {
  const auto there = secrets::LoadMasterKey({.file = paths.master_key(), .environment = nullptr});
  if (there.ok()) return absl::OkStatus();
  if (Exists(paths.master_key())) return there.status();
  return secrets::CreateMasterKeyFile(paths.master_key(), random);
}

// Puts the operator that holds this key on record, unless it is, with a new certificate.
absl::StatusOr<OperatorId> RecordOperator(store::Store& store, const InitOptions& options,
                                          const identity::CertificateAuthority& authority,
                                          const crypto::PublicKey& key, const Clock& clock,
                                          Random& random, std::string& certificate_pem) {
  ASSIGN_OR_RETURN(const auto transaction, store.Begin());
  ASSIGN_OR_RETURN(const auto all, transaction->operators().List());
  store::Operator op{.id = NewId<OperatorId>(random),
                     .name = options.operator_name,
                     .role = store::OperatorRole::kProviderAdmin,
                     .created_by = "system",
                     .create_time = clock.Now()};
  bool known = false;
  for (const store::Operator& one : all) {
    for (const store::OperatorCertificate& certificate : one.certificates) {
      if (certificate.public_key_hash != key.Fingerprint()) continue;
      op.id = one.id;
      known = true;
    }
  }
  ASSIGN_OR_RETURN(const auto certificate, authority.IssueOperator(op.id, key));
  const store::OperatorCertificate record = identity::RecordOf(certificate, clock.Now());
  certificate_pem = record.pem;
  if (known) {
    RETURN_IF_ERROR(transaction->operators().PutCertificate(op.id, record, clock.Now()));
  } else {
    op.certificates = {record};
    RETURN_IF_ERROR(transaction->operators().Insert(op));
    RETURN_IF_ERROR(transaction->audit().Append(
        {.time = op.create_time,
         .actor = "system",
         .action = "operator.create",
         .subject = op.id.value(),
         .detail = absl::StrCat(op.name, ", provider_admin, by init")}));
  }
  RETURN_IF_ERROR(transaction->Commit());
  RETURN_IF_ERROR(store.Sync());
  return op.id;
}

absl::StatusOr<OperatorId> MakeOperator(const DataPaths& paths, const InitOptions& options,
                                        const identity::CertificateAuthority& authority,
                                        store::Store& store, const Clock& clock, Random& random) {
  RETURN_IF_ERROR(MakeDirectory(paths.root + "/operator"));
  if (!Exists(paths.operators("operator.key"))) {
    ASSIGN_OR_RETURN(const auto fresh, crypto::PrivateKey::Generate());
    ASSIGN_OR_RETURN(const Secret pem, fresh.ToPem());
    RETURN_IF_ERROR(CreatePrivateFile(paths.operators("operator.key"), pem));
  }
  ASSIGN_OR_RETURN(const Secret pem, ReadPrivateFile(paths.operators("operator.key"),
                                                     FileReach::kOwnerOnly, kMaxFileBytes));
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::FromPem(pem));
  std::string certificate_pem;
  ASSIGN_OR_RETURN(const OperatorId id, RecordOperator(store, options, authority, key.public_key(),
                                                       clock, random, certificate_pem));
  RETURN_IF_ERROR(ReplaceFile(paths.operators("operator.crt"), certificate_pem));
  RETURN_IF_ERROR(ReplaceFile(paths.operators("ca.crt"), authority.bundle_pem()));
  RETURN_IF_ERROR(ReplaceFile(paths.operators("address"), options.admin_address + "\n"));
  return id;
}

absl::StatusOr<InitReport> MakeContent(const InitOptions& options, const Clock& clock,
                                       Random& random) {
  const DataPaths paths(options.data_dir);
  RETURN_IF_ERROR(MakeDirectory(paths.root));
  RETURN_IF_ERROR(CheckOurs(paths));
  RETURN_IF_ERROR(CheckClosed(paths));
  ASSIGN_OR_RETURN(const auto lock, Lock(paths));
  RETURN_IF_ERROR(CheckOurs(paths));  // Another init may have finished meanwhile.
  ASSIGN_OR_RETURN(const auto authority, MakeAuthority(paths, clock, random));
  RETURN_IF_ERROR(
      ReplaceFile(paths.authority("addresses"), absl::StrJoin(options.addresses, "\n") + "\n"));
  RETURN_IF_ERROR(MakeMasterKey(paths, random));
  RETURN_IF_ERROR(FileAuditKey::LoadOrMake(paths.audit("key.pem")).status());
  ASSIGN_OR_RETURN(const auto evidence_key, FileEvidenceKey::LoadOrMake(paths.evidence("key.pem")));
  InitReport report{.operator_dir = paths.root + "/operator",
                    .operator_id = {},
                    .ca_fingerprint = authority.Fingerprint(),
                    .evidence_fingerprint = evidence_key->fingerprint()};
  {
    ASSIGN_OR_RETURN(const auto store,
                     store::SqliteStore::Open({.path = paths.database(), .now = clock.Now()}));
    ASSIGN_OR_RETURN(report.operator_id,
                     MakeOperator(paths, options, authority, *store, clock, random));
  }
  RETURN_IF_ERROR(CreatePrivateFile(paths.marker(), Secret::CopyOf(MUSTER_VERSION "\n")));
  return report;
}

}  // namespace

absl::StatusOr<identity::CertificateAuthority> LoadAuthority(const DataPaths& paths,
                                                             const Clock& clock, Random& random) {
  const auto certificate = ReadText(paths.authority("ca.crt"));
  if (!certificate.ok()) return EnsureCode(certificate.status(), FailureCode::kSystemAuthority);
  const auto key = ReadPrivateFile(paths.authority("ca.key"), FileReach::kOwnerOnly, kMaxFileBytes);
  if (!key.ok()) return EnsureCode(key.status(), FailureCode::kSystemAuthority);
  auto authority = identity::CertificateAuthority::FromPem(*certificate, *key, clock, random);
  if (!authority.ok()) {
    return EnsureCode(Annotate(authority.status(), paths.root + "/ca"),
                      FailureCode::kSystemAuthority);
  }
  return authority;
}

absl::StatusOr<std::vector<std::string>> LoadAddresses(const DataPaths& paths) {
  const auto text = ReadText(paths.authority("addresses"));
  if (!text.ok()) return EnsureCode(text.status(), FailureCode::kSystemAuthority);
  std::vector<std::string> addresses = absl::StrSplit(*text, '\n', absl::SkipWhitespace());
  for (std::string& address : addresses) absl::StripAsciiWhitespace(&address);
  return addresses;
}

absl::Status ReplaceFile(const std::string& path, absl::string_view content) {
  return WriteFileAtomically(path, content, FileAccess::kOwnerOnly);
}

absl::StatusOr<InitReport> InitDataDirectory(const InitOptions& options, const Clock& clock,
                                             Random& random) {
  auto report = MakeContent(options, clock, random);
  if (!report.ok()) return EnsureCode(report.status(), FailureCode::kSystemDataDir);
  return report;
}

absl::StatusOr<DataDirectory> OpenDataDirectory(const std::string& directory, const Clock& clock,
                                                Random& random, MasterKey key) {
  const DataPaths paths(directory);
  std::error_code error;
  const bool initialized = fs::exists(paths.marker(), error);
  if (error) return CannotLookInto(paths.root, error);
  if (!initialized) {
    const bool begun = Exists(paths.root + "/ca");
    return FailureStatus(
        FailureCode::kSystemNotInitialized,
        absl::StrCat(paths.root, begun
                                     ? " holds an init that was cut off; run it again to finish it"
                                     : " is no initialized data directory"));
  }
  RETURN_IF_ERROR(CheckClosed(paths));
  ASSIGN_OR_RETURN(auto lock, Lock(paths));
  ASSIGN_OR_RETURN(auto authority, LoadAuthority(paths, clock, random));
  Secret master_key;
  if (key == MasterKey::kNeeded) {
    ASSIGN_OR_RETURN(auto master,
                     secrets::LoadMasterKey({.file = paths.master_key(), .environment = nullptr}));
    master_key = std::move(master.bytes);
  }
  ASSIGN_OR_RETURN(auto addresses, LoadAddresses(paths));
  // Opening it would make an empty one, which knows no server, no key and no operator.
  const auto size =
      fs::is_regular_file(paths.database(), error) ? fs::file_size(paths.database(), error) : 0;
  if (size == 0) {
    return FailureStatus(FailureCode::kStoreUnusable,
                         absl::StrCat(paths.database(), " is ",
                                      Exists(paths.database()) ? "no file, or empty" : "lost"));
  }
  return DataDirectory{paths, std::move(lock), std::move(authority), std::move(master_key),
                       std::move(addresses)};
}

}  // namespace muster::app
