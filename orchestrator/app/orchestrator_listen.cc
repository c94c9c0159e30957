// The doors of the orchestrator: which services stand behind which address.
#include <grpcpp/impl/service_type.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/app/listener_certificate.h"
#include "orchestrator/app/listener_probe.h"
#include "orchestrator/app/orchestrator_parts.h"
#include "orchestrator/rpc/admin/admin_services.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/credentials.h"

namespace muster::app {
namespace {

// Workers say little; a Hello with an unusual journal is some kilobytes.
constexpr int kMaxWorkerMessage = 256 << 10;
constexpr absl::Duration kProbeTimeout = absl::Seconds(5);

std::string OrElse(const std::string& value, const std::string& otherwise) {
  return value.empty() ? otherwise : value;
}

// Full names of the services of a proto package, or of the one service of that name.
std::vector<std::string> ServicesOf(const rpc::RoleTable& roles, absl::string_view name) {
  std::vector<std::string> found;
  for (const auto& [path, role] : roles.methods()) {
    const std::string service = path.substr(1, path.rfind('/') - 1);
    if (service == name || absl::StartsWith(service, absl::StrCat(name, "."))) {
      found.push_back(service);
    }
  }
  return found;
}

std::string HostPort(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

}  // namespace

absl::Status Orchestrator::Parts::Listen() {
  ASSIGN_OR_RETURN(
      listener_certificate,
      KeepListenerCertificate(directory.paths, directory.authority, directory.addresses, clock));
  rpc::TlsServerFiles for_machines{listener_certificate.certificate,
                                   listener_certificate.private_key, ""};
  rpc::TlsServerFiles for_known = for_machines;
  for_known.client_ca_bundle = listener_certificate.client_ca_bundle;
  const std::string host =
      OrElse(options.public_address,
             directory.addresses.empty() ? "localhost" : directory.addresses.front());
  const auto add = [this](ListenerOptions listener, ProbeDoor door) -> absl::StatusOr<int> {
    const std::string name = listener.name;
    const std::string address = listener.address;
    ASSIGN_OR_RETURN(auto started, Listener::Start(std::move(listener)));
    listeners.push_back(std::move(started));
    const int port = listeners.back()->port();
    self_check->Add(ListenerCheck{name, [this, door, at = AddressToProbe(address, port)] {
                                    return ProbeListener(at, door, directory.authority,
                                                         kProbeTimeout);
                                  }});
    return port;
  };
  const auto one = [](std::unique_ptr<grpc::Service> service) {
    std::vector<std::unique_ptr<grpc::Service>> services;
    services.push_back(std::move(service));
    return services;
  };

  const rpc::WorkerServiceDependencies workers{.sessions = *sessions,
                                               .events = core->worker_events(),
                                               .admission = core->operations().admission,
                                               .authority = directory.authority,
                                               .store = *store,
                                               .pool = *admission_pool,
                                               .clock = clock};
  ASSIGN_OR_RETURN(endpoints.session_port,
                   add({.name = "session",
                        .address = options.session_listen,
                        .credentials = rpc::TlsServerCredentialsOf(for_known),
                        .names = ServicesOf(*roles, "muster.worker.v1.Session"),
                        .services = one(rpc::MakeSessionService(workers)),
                        .max_request_bytes = kMaxWorkerMessage},
                       ProbeDoor::kMutualTls));
  endpoints.session_address =
      OrElse(options.public_session_address, HostPort(host, endpoints.session_port));
  ASSIGN_OR_RETURN(endpoints.bootstrap_port,
                   add({.name = "bootstrap",
                        .address = options.bootstrap_listen,
                        .credentials = rpc::TlsServerCredentialsOf(for_machines),
                        .names = ServicesOf(*roles, "muster.worker.v1.Bootstrap"),
                        .services = one(rpc::MakeBootstrapService(
                            workers, {.session_address = endpoints.session_address,
                                      .calls_per_minute = options.bootstrap_calls_per_minute})),
                        .max_request_bytes = kMaxWorkerMessage},
                       ProbeDoor::kTls));
  endpoints.bootstrap_address =
      OrElse(options.public_bootstrap_address, HostPort(host, endpoints.bootstrap_port));
  // Its token files name the bootstrap door.
  ASSIGN_OR_RETURN(admin_api, api::AdminApi::Create(AdminParts()));
  ASSIGN_OR_RETURN(endpoints.admin_port,
                   add({.name = "admin",
                        .address = options.admin_listen,
                        .credentials = rpc::TlsServerCredentialsOf(for_known),
                        .names = ServicesOf(*roles, "muster.admin.v1"),
                        .services = rpc::MakeAdminServices(api::Door::kMutualTls, *admin_api),
                        .reflection = true},
                       ProbeDoor::kMutualTls));
  endpoints.admin_address =
      OrElse(options.public_admin_address, HostPort(host, endpoints.admin_port));
  endpoints.admin_socket = OrElse(options.admin_socket, directory.paths.admin_socket());
  RETURN_IF_ERROR(add({.name = "admin socket",
                       .address = absl::StrCat("unix:", endpoints.admin_socket),
                       .credentials = rpc::LocalServerCredentials(),
                       .names = ServicesOf(*roles, "muster.admin.v1"),
                       .services = rpc::MakeAdminServices(api::Door::kLocalSocket, *admin_api),
                       .reflection = true},
                      ProbeDoor::kLocalSocket)
                      .status());
  RETURN_IF_ERROR(ListenForProbes());
  TellOperatorDirectory();
  return absl::OkStatus();
}

// Renewed while it runs: the listeners read the files again by themselves.
void Orchestrator::Parts::RenewListenerCertificate() {
  MutexLock lock(&renew_mu);
  const absl::Status outcome = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto addresses, LoadAddresses(directory.paths));
    ASSIGN_OR_RETURN(
        const ListenerCertificateFiles kept,
        KeepListenerCertificate(directory.paths, directory.authority, addresses, clock));
    listener_not_after = kept.not_after;
    return absl::OkStatus();
  }();
  if (outcome == renewed) return;
  renewed = outcome;
  if (renewed.ok()) return;
  log::Warning("the listeners' certificate cannot be renewed", {{"reason", renewed}});
}

absl::Status Orchestrator::Parts::ListenForProbes() {
  if (options.health_listen.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(http_probe,
                   HttpProbe::Start(options.health_listen, [this](const std::string& path) {
                     return AnswerProbe(*self_check, path);
                   }));
  endpoints.health_port = http_probe->port();
  return absl::OkStatus();
}

// The operator directory, unless it was moved away, follows the port. It is the operator's: one
// that cannot be reached or written is no reason not to serve.
void Orchestrator::Parts::TellOperatorDirectory() {
  const std::string file = directory.paths.operators("address");
  std::error_code error;
  const bool there = std::filesystem::exists(file, error);
  absl::Status written;
  if (error) {
    written =
        absl::UnavailableError(absl::StrCat("cannot look into ", file, ": ", error.message()));
  } else if (there) {
    written = ReplaceFile(file, endpoints.admin_address + "\n");
  }
  if (written.ok()) return;
  log::Warning("the operator directory keeps an address that may be old; give --address to muster",
               {{"address", endpoints.admin_address}, {"reason", written}});
}

}  // namespace muster::app
