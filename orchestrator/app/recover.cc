#include "orchestrator/app/recover.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/certificate_request.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/host_port.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "muster/admin/v1/operator.grpc.pb.h"
#include "orchestrator/app/data_directory.h"
#include "orchestrator/core/operators/rights.h"
#include "orchestrator/identity/operator_record.h"
#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/rpc/status.h"
#include "proto/rpc/time.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

namespace fs = std::filesystem;
namespace admin = muster::admin::v1;

constexpr absl::Duration kCallTimeout = absl::Seconds(30);
constexpr int kDefaultAdminPort = 8445;
constexpr char kActor[] = "operator:local";  // Root at this machine, as at the socket.

// What goes into the operator directory beside the key.
struct Recovered {
  RecoverReport report;
  std::string certificate_pem;
  std::string ca_bundle_pem;
};

// As the user whom the data directory belongs to: what the database leaves beside it must stay
// usable for the orchestrator. Only root can, and has to.
class AsOwnerOf {
 public:
  explicit AsOwnerOf(const std::string& directory) {
    struct stat info {};
    if (geteuid() != 0 || stat(directory.c_str(), &info) != 0 || info.st_uid == 0) return;
    switched_ = setegid(info.st_gid) == 0 && seteuid(info.st_uid) == 0;
  }
  ~AsOwnerOf() {
    if (switched_) (void)(seteuid(0) == 0 && setegid(0) == 0);
  }
  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;

 private:
  bool switched_ = false;
};

absl::Status NameTaken(const std::string& name) {
  return FailureStatus(FailureCode::kOperatorNameTaken,
                       absl::StrCat("'", name, "' is no provider_admin; name another with --name"));
}

// ---- the orchestrator runs ----

class Socket {
 public:
  explicit Socket(const std::string& path)
      : stub_(admin::OperatorService::NewStub(
            rpc::MakeChannel(absl::StrCat("unix:", path), rpc::LocalChannelCredentials()))) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (admin::OperatorService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(kCallTimeout));
    Response response;
    RETURN_IF_ERROR(rpc::FromGrpcStatus(((*stub_).*method)(&context, request, &response)));
    return response;
  }

 private:
  const std::unique_ptr<admin::OperatorService::Stub> stub_;
};

absl::StatusOr<Recovered> RecoverRunning(Socket& socket, const RecoverOptions& options,
                                         const std::string& request_pem) {
  using Stub = admin::OperatorService::Stub;
  admin::GetOperatorRequest get;
  get.set_operator_(options.name);
  const auto known = socket.Call(&Stub::GetOperator, get);
  if (!known.ok() && FailureCodeOf(known.status()) != FailureCode::kOperatorUnknown) {
    return known.status();
  }
  absl::StatusOr<admin::OperatorCredentials> made;
  if (known.ok()) {
    if (known->role() != admin::OPERATOR_ROLE_PROVIDER_ADMIN) return NameTaken(options.name);
    admin::RenewOperatorRequest renew;
    renew.set_operator_(known->operator_id());
    renew.set_certificate_request_pem(request_pem);
    *renew.mutable_valid_for() = rpc::ToProto(options.valid_for);
    renew.set_end_others(true);
    made = socket.Call(&Stub::RenewOperator, renew);
  } else {
    admin::CreateOperatorRequest create;
    create.set_name(options.name);
    create.set_role(admin::OPERATOR_ROLE_PROVIDER_ADMIN);
    create.set_certificate_request_pem(request_pem);
    *create.mutable_valid_for() = rpc::ToProto(options.valid_for);
    made = socket.Call(&Stub::CreateOperator, create);
  }
  if (!made.ok()) return made.status();
  return Recovered{{.operator_id = OperatorId(made->operator_().operator_id()),
                    .made = !known.ok(),
                    .running = true,
                    .not_after = rpc::FromProto(made->operator_().expire_time()),
                    .address = made->admin_address()},
                   made->certificate_pem(),
                   made->ca_bundle_pem()};
}

// ---- it does not ----

// Where operators reached it so far, as far as the directory knows.
std::string AddressIn(const DataDirectory& directory) {
  const auto known = ReadWholeFile(directory.paths.operators("address"));
  if (known.ok()) return std::string(absl::StripAsciiWhitespace(*known));
  if (directory.addresses.empty()) return "";
  return muster::HostPort{directory.addresses.front(), kDefaultAdminPort}.ToString();
}

absl::StatusOr<Recovered> RecoverStopped(const RecoverOptions& options,
                                         const crypto::PublicKey& key, const Clock& clock,
                                         Random& random) {
  const AsOwnerOf owner(options.data_dir);
  ASSIGN_OR_RETURN(const DataDirectory directory,
                   OpenDataDirectory(options.data_dir, clock, random, MasterKey::kNotNeeded));
  const identity::CertificateAuthority& authority = directory.authority;
  const auto store = store::SqliteStore::Open({.path = directory.paths.database(),
                                               .backup_dir = directory.paths.backups(),
                                               .now = clock.Now()});
  if (!store.ok()) return EnsureCode(store.status(), FailureCode::kStoreUnusable);
  ASSIGN_OR_RETURN(const auto transaction, (*store)->Begin());
  store::OperatorStore& operators = transaction->operators();
  ASSIGN_OR_RETURN(const auto known, operators.FindByName(options.name));
  if (known.has_value() && known->role != store::OperatorRole::kProviderAdmin) {
    return NameTaken(options.name);
  }
  const absl::Time now = clock.Now();
  const OperatorId id = known.has_value() ? known->id : NewId<OperatorId>(random);
  ASSIGN_OR_RETURN(const auto certificate, authority.IssueOperator(id, key, options.valid_for));
  const store::OperatorCertificate record = identity::RecordOf(certificate, now);
  if (known.has_value()) {
    RETURN_IF_ERROR(operators.PutCertificate(id, record, now));
  } else {
    RETURN_IF_ERROR(operators.Insert({.id = id,
                                      .name = options.name,
                                      .role = store::OperatorRole::kProviderAdmin,
                                      .certificates = {record},
                                      .created_by = kActor,
                                      .create_time = now}));
  }
  RETURN_IF_ERROR(transaction->audit().Append(
      {.time = now,
       .actor = kActor,
       .action = known.has_value() ? "operator.renew" : "operator.create",
       .subject = id.value(),
       .detail = absl::StrCat(options.name, ", provider_admin; certificate ", record.id.value(),
                              "; by 'operator recover' while the orchestrator did not run")}));
  RETURN_IF_ERROR(transaction->Commit());
  RETURN_IF_ERROR((*store)->Sync());
  return Recovered{{.operator_id = id,
                    .made = !known.has_value(),
                    .running = false,
                    .not_after = record.not_after,
                    .address = AddressIn(directory)},
                   record.pem,
                   authority.bundle_pem()};
}

absl::StatusOr<Recovered> Recover(const RecoverOptions& options, const crypto::PrivateKey& key,
                                  const Clock& clock, Random& random) {
  ASSIGN_OR_RETURN(const std::string request_pem,
                   crypto::CertificateRequest::Create(key, "muster operator"));
  const std::string path = options.admin_socket.empty() ? DataPaths(options.data_dir).admin_socket()
                                                        : options.admin_socket;
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    Socket socket(path);
    auto done = RecoverRunning(socket, options, request_pem);
    if (done.ok() || FailureCodeOf(done.status()).has_value() ||
        done.status().code() != absl::StatusCode::kUnavailable) {
      return done;
    }
  }
  auto done = RecoverStopped(options, key.public_key(), clock, random);
  if (FailureCodeOf(done.status()) == FailureCode::kSystemDataDirBusy) {
    return FailureStatus(FailureCode::kSystemDataDirBusy,
                         absl::StrCat("the orchestrator runs, and does not answer at ", path,
                                      "; name its socket with --admin-socket, or stop it"));
  }
  return done;
}

}  // namespace

absl::StatusOr<RecoverReport> RecoverOperator(const RecoverOptions& options, const Clock& clock,
                                              Random& random) {
  if (const std::string problem = core::ProblemOfOperatorName(options.name); !problem.empty()) {
    return FailureStatus(FailureCode::kRequestInvalid, problem);
  }
  RETURN_IF_ERROR(core::CheckOperatorLife(options.valid_for));
  const auto in = [&options](const char* name) { return (fs::path(options.out) / name).string(); };
  std::error_code ignored;
  for (const char* name : {"operator.key", "operator.crt"}) {
    if (!fs::exists(in(name), ignored)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(in(name),
                     " exists already and is not overwritten; name another directory "
                     "with --out"));
  }
  RETURN_IF_ERROR(MakePrivateDirectory(options.out));
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::Generate());
  const auto recovered = Recover(options, key, clock, random);
  if (!recovered.ok()) return recovered.status();
  ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
  RETURN_IF_ERROR(CreatePrivateFile(in("operator.key"), pem));
  RETURN_IF_ERROR(ReplaceFile(in("ca.crt"), recovered->ca_bundle_pem));
  if (!recovered->report.address.empty()) {
    RETURN_IF_ERROR(ReplaceFile(in("address"), recovered->report.address + "\n"));
  }
  RETURN_IF_ERROR(ReplaceFile(in("operator.crt"), recovered->certificate_pem));
  return recovered->report;
}

}  // namespace muster::app
