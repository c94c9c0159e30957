// The doors of the orchestrator: which services stand behind which address.
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "orchestrator/app/door_keeper.h"
#include "orchestrator/app/http_probe.h"
#include "orchestrator/app/listener_certificate.h"
#include "orchestrator/app/listener_probe.h"
#include "orchestrator/app/orchestrator_parts.h"
#include "orchestrator/app/traffic_limits.h"
#include "orchestrator/net/connection_budgets.h"
#include "orchestrator/net/descriptor_limit.h"
#include "orchestrator/rpc/admin/admin_services.h"
#include "orchestrator/rpc/peer.h"
#include "orchestrator/rpc/worker/bootstrap_desk.h"
#include "orchestrator/rpc/worker/worker_services.h"
#include "proto/rpc/credentials.h"

namespace muster::app {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(5);
// After connections were refused, so that the check does not come and go with each.
constexpr absl::Duration kWarnOfConnections = absl::Minutes(5);

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

// The probe's certificate is of the authority and of nobody.
bool IsProbe(const grpc::CallbackServerContext& context) {
  const auto op = rpc::OperatorOf(context);
  return op.ok() && *op == OperatorId(kProbeOperator);
}

absl::Status CheckNotRevoked(const store::Store& store, const CertificateId& id) {
  ASSIGN_OR_RETURN(const auto snapshot, store.Read());
  ASSIGN_OR_RETURN(const auto certificate, snapshot->certificates().Find(id));
  if (certificate.has_value() && certificate->state == store::CertificateState::kRevoked) {
    return FailureStatus(FailureCode::kCertRevoked, "the certificate was revoked");
  }
  return absl::OkStatus();  // One that is not on record may be taken over.
}

// Workers whose certificate was not revoked.
rpc::HealthAccess ForWorkers(const store::Store& store, Executor& pool) {
  return [&store, &pool](const grpc::CallbackServerContext& context,
                         absl::AnyInvocable<void(const absl::Status&)> done) {
    auto worker = rpc::WorkerOf(context);  // Remembered, unlike operators.
    if (!worker.ok()) return done(IsProbe(context) ? absl::OkStatus() : worker.status());
    pool.Run([&store, id = std::move(worker->certificate_id), done = std::move(done)]() mutable {
      done(CheckNotRevoked(store, id));
    });
  };
}

// Operators who may call anything at all, as the API knows them.
rpc::ReflectionAccess ForThoseOnRecord(api::Door door, const api::AdminApi& api) {
  const api::Method* const method = api.Find("/muster.admin.v1.OperatorService/WhoAmI");
  return [door, &api, method](const grpc::CallbackServerContext& context,
                              absl::AnyInvocable<void(const absl::Status&)> done) {
    api.Call(*method, {door, door == api::Door::kMutualTls ? rpc::CertificatePemOf(context) : ""},
             api::AdminApi::NewRequest(*method),
             [done = std::move(done)](const absl::Status& status, const api::Message&) mutable {
               done(status);
             });
  };
}

api::ListenerCounts ShowCounts(const std::string& name, const net::GateCounts& counts, int limit) {
  api::ListenerCounts shown{.name = name,
                            .connections = counts.connections,
                            .limit = limit,
                            .unproven = counts.unproven,
                            .queued = counts.queued,
                            .handshakes = counts.handshakes,
                            .taken = counts.taken};
  for (size_t i = 0; i < counts.refused.size(); ++i) {
    if (counts.refused[i] == 0) continue;
    shown.refused.push_back(
        {std::string(net::Name(static_cast<net::Refusal>(i))), counts.refused[i]});
  }
  return shown;
}

// " (3 it said nothing, 1 it does not speak TLS)"; empty when there is nothing to say.
std::string WhyRefused(const api::Traffic& traffic) {
  std::map<std::string, int64_t> sums;
  for (const api::ListenerCounts& listener : traffic.listeners) {
    for (const auto& refused : listener.refused) sums[refused.reason] += refused.count;
  }
  std::vector<std::string> said;
  for (const auto& [reason, count] : sums) said.push_back(absl::StrCat(count, " ", reason));
  return said.empty() ? "" : absl::StrCat(" (", absl::StrJoin(said, ", "), ")");
}

// Those, and the probe.
rpc::HealthAccess ForOperators(const api::AdminApi& api) {
  return [those = ForThoseOnRecord(api::Door::kMutualTls, api)](
             const grpc::CallbackServerContext& context,
             absl::AnyInvocable<void(const absl::Status&)> done) {
    const auto op = rpc::OperatorOf(context);
    if (!op.ok()) return done(op.status());
    if (IsProbe(context)) return done(absl::OkStatus());
    those(context, std::move(done));
  };
}

std::string HostPort(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

}  // namespace

absl::Status Orchestrator::Parts::Listen() {
  const int64_t descriptors = net::RaiseDescriptorLimit();
  ASSIGN_OR_RETURN(const net::ConnectionBudgets budgets,
                   net::ShareOut(descriptors, options.connections));
  log::Info("connections", {{"open_files", descriptors},
                            {"session", budgets.session.connections},
                            {"bootstrap", budgets.bootstrap.connections},
                            {"admin", budgets.admin.connections}});
  const absl::Duration handshake = options.connections.handshake_timeout;
  ASSIGN_OR_RETURN(
      listener_certificate,
      KeepListenerCertificate(directory.paths, directory.authority, directory.addresses, clock));
  // Of its own: whoever gets into the door finds no key of another listener.
  ASSIGN_OR_RETURN(const ListenerCertificateFiles for_strangers,
                   KeepListenerCertificate(directory.paths, directory.authority,
                                           directory.addresses, clock, "bootstrap"));
  const rpc::TlsServerFiles for_machines{for_strangers.certificate, for_strangers.private_key, ""};
  const rpc::TlsServerFiles for_known{listener_certificate.certificate,
                                      listener_certificate.private_key,
                                      listener_certificate.client_ca_bundle};
  const std::string host =
      OrElse(options.public_address,
             directory.addresses.empty() ? "localhost" : directory.addresses.front());
  // The newest of them is looked at from now on; its port.
  const auto probe = [this](const std::string& name, const std::string& address, ProbeDoor door) {
    const int port = listeners.back()->port();
    self_check->Add(ListenerCheck{name, [this, door, at = AddressToProbe(address, port)] {
                                    return ProbeListener(at, door, directory.authority,
                                                         kProbeTimeout);
                                  }});
    return port;
  };
  const auto add = [&, this](ListenerOptions listener, ProbeDoor door) -> absl::StatusOr<int> {
    const std::string name = listener.name;
    const std::string address = listener.address;
    listener.first_reserved_descriptor = descriptors - budgets.reserve / 2;
    listener.on_lost = [this](const absl::Status& why) { OnListenerLost(why); };
    ASSIGN_OR_RETURN(auto started, Listener::Start(std::move(listener), clock));
    listeners.push_back(std::move(started));
    return probe(name, address, door);
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
                                               .pool = *admission_pool,
                                               .clock = clock};
  ASSIGN_OR_RETURN(endpoints.session_port,
                   add({.name = "session",
                        .address = options.session_listen,
                        .credentials = rpc::TlsServerCredentialsOf(for_known),
                        .names = ServicesOf(*roles, "muster.worker.v1.Session"),
                        .services = one(rpc::MakeSessionService(workers)),
                        .health_access = ForWorkers(*store, *admission_pool),
                        .traffic = TrafficOfSessions(handshake),
                        .connections = budgets.session},
                       ProbeDoor::kMutualTls));
  endpoints.session_address =
      OrElse(options.public_session_address, HostPort(host, endpoints.session_port));
  desk = rpc::MakeBootstrapDesk(workers, {.session_address = endpoints.session_address,
                                          .calls_per_minute = options.bootstrap_calls_per_minute});
  const auto bootstrap_names = ServicesOf(*roles, "muster.worker.v1.Bootstrap");
  if (options.door.program.empty()) {
    ASSIGN_OR_RETURN(endpoints.bootstrap_port,
                     add({.name = "bootstrap",
                          .address = options.bootstrap_listen,
                          .credentials = rpc::TlsServerCredentialsOf(for_machines),
                          .names = bootstrap_names,
                          .services = one(rpc::MakeBootstrapService(
                              *desk, *admission_pool, clock, options.bootstrap_calls_per_minute)),
                          .traffic = TrafficOfBootstraps(handshake),
                          .connections = budgets.bootstrap},
                         ProbeDoor::kTls));
  } else {
    DoorOptions door = options.door;
    door.address = options.bootstrap_listen;
    door.certificate_file = for_machines.certificate_chain;
    door.private_key_file = for_machines.private_key;
    door.names = bootstrap_names;
    door.connections = budgets.bootstrap;
    door.calls_per_minute = options.bootstrap_calls_per_minute;
    door.on_lost = [this](const absl::Status& why) { OnListenerLost(why); };
    ASSIGN_OR_RETURN(auto started, DoorKeeper::Start(std::move(door), *desk, clock, random));
    door_keeper = started.get();
    listeners.push_back(std::move(started));
    endpoints.bootstrap_port = probe("bootstrap", options.bootstrap_listen, ProbeDoor::kTls);
  }
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
                        .health_access = ForOperators(*admin_api),
                        .reflection_access = ForThoseOnRecord(api::Door::kMutualTls, *admin_api),
                        .traffic = TrafficOfOperators(handshake),
                        .connections = budgets.admin},
                       ProbeDoor::kMutualTls));
  endpoints.admin_address =
      OrElse(options.public_admin_address, HostPort(host, endpoints.admin_port));
  endpoints.admin_socket = OrElse(options.admin_socket, directory.paths.admin_socket());
  RETURN_IF_ERROR(add({.name = "admin socket",
                       .address = absl::StrCat("unix:", endpoints.admin_socket),
                       .credentials = rpc::LocalServerCredentials(),
                       .names = ServicesOf(*roles, "muster.admin.v1"),
                       .services = rpc::MakeAdminServices(api::Door::kLocalSocket, *admin_api),
                       .reflection_access = ForThoseOnRecord(api::Door::kLocalSocket, *admin_api),
                       .traffic = TrafficOfOperators(handshake),
                       .connections = budgets.admin_socket},
                      ProbeDoor::kLocalSocket)
                      .status());
  RETURN_IF_ERROR(ListenForProbes());
  RETURN_IF_ERROR(ListenForMetrics());
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
    ASSIGN_OR_RETURN(const ListenerCertificateFiles for_strangers,
                     KeepListenerCertificate(directory.paths, directory.authority, addresses, clock,
                                             "bootstrap"));
    listener_not_after = std::min(kept.not_after, for_strangers.not_after);
    if (for_strangers.renewed && door_keeper != nullptr) door_keeper->Replace();
    return absl::OkStatus();
  }();
  if (outcome == renewed) return;
  renewed = outcome;
  if (renewed.ok()) return;
  log::Warning("the listeners' certificate cannot be renewed", {{"reason", renewed}});
}

void Orchestrator::Parts::OnListenerLost(const absl::Status& why) {
  if (listener_lost.exchange(true)) return;
  if (options.on_listener_lost) options.on_listener_lost(why);
}

// For `muster system status` and `muster doctor`.
void Orchestrator::Parts::LookAtConnections() {
  api::Traffic traffic{.open_files = net::OpenDescriptors(),
                       .open_files_limit = net::DescriptorLimit()};
  std::string seen;
  int64_t refused = 0;
  int64_t harmless = 0;  // Of these: who only scans, or looks whether the port is open.
  bool full = false;
  for (const auto& listener : listeners) {
    const net::GateCounts counts = listener->counts();
    const int most = listener->limits().connections;
    refused += counts.refused_in_all();
    harmless += counts.refused[static_cast<size_t>(net::Refusal::kSilent)] +
                counts.refused[static_cast<size_t>(net::Refusal::kNotTls)];
    full = full || counts.connections >= most - most / 10;
    traffic.listeners.push_back(ShowCounts(listener->name(), counts, most));
    absl::StrAppend(&seen, seen.empty() ? "" : ", ", listener->name(), " ", counts.connections,
                    " of ", most);
  }
  const int64_t news = refused - harmless - std::exchange(refused_before, refused - harmless);
  if (news > 0 || full) warn_of_connections_until = clock.Steady() + kWarnOfConnections;
  absl::StrAppend(&seen, "; refused since the start: ", refused, WhyRefused(traffic));
  self_check->Set(std::move(traffic));
  using Result = api::SystemCheck::Result;
  if (clock.Steady() >= warn_of_connections_until)
    return self_check->Set({"connections", Result::kOk, seen, ""});
  self_check->Set({"connections", Result::kWarning, seen,
                   full ? "A listener is full, or nearly: raise the limit of open files "
                          "(LimitNOFILE=), or look in the log for addresses that hold many."
                        : "Look for 'connection refused' in the log: it names reasons and "
                          "addresses."});
}

absl::Status Orchestrator::Parts::ListenForProbes() {
  if (options.health_listen.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(http_probe,
                   HttpListener::Start(
                       {.name = "health", .address = options.health_listen},
                       [this](const std::string& path) { return AnswerProbe(*self_check, path); }));
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
