#include "orchestrator/selftest/stand_in.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/mutex.h"
#include "base/platform/files.h"
#include "base/platform/thread_name.h"
#include "base/status_macros.h"
#include "orchestrator/selftest/secret_search.h"

namespace muster::selftest {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::asio::ip::tcp;
using nlohmann::json;
using Request = beast_http::request<beast_http::string_body>;
using Response = beast_http::response<beast_http::string_body>;
using Handler = std::function<Response(const Request&)>;

constexpr char kInstanceId[] = "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d";
constexpr char kHubId[] = "11111111-2222-4333-8444-555555555555";

std::string Text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response Answer(int status, std::string body) {
  Response response;
  response.result(static_cast<unsigned>(status));
  response.set(beast_http::field::content_type, "application/json");
  response.body() = std::move(body);
  return response;
}

// One request, one answer, and the end.
class StandInConnection : public std::enable_shared_from_this<StandInConnection> {
 public:
  StandInConnection(tcp::socket socket, const Handler& handler)
      : stream_(std::move(socket)), handler_(handler) {}
  void Run() {
    beast_http::async_read(stream_, buffer_, request_,
                           [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (!error) self->Reply();
                           });
  }

 private:
  void Reply() {
    response_ = handler_(request_);
    response_.keep_alive(false);
    response_.prepare_payload();
    beast_http::async_write(stream_, response_,
                            [self = shared_from_this()](beast::error_code, std::size_t) {
                              beast::error_code ignored;
                              self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                            });
  }

  beast::tcp_stream stream_;
  const Handler& handler_;
  beast::flat_buffer buffer_;
  Request request_;
  Response response_;
};

std::string InSpelling(const std::string& secret, int which) {
  const auto all = SpellingsOf(secret);
  return all[static_cast<size_t>(which) % all.size()].bytes;
}

}  // namespace

struct StandIn::Server {
  Server(std::string folder, std::string name)
      : app_data(std::move(folder)), server_name(std::move(name)) {}
  ~Server() {
    io.stop();
    if (thread.joinable()) thread.join();
  }

  absl::Status Open() {
    for (tcp::acceptor* acceptor : {&hub, &service}) {
      beast::error_code error;
      acceptor->open(tcp::v4(), error);
      if (!error) acceptor->bind({boost::asio::ip::address_v4::loopback(), 0}, error);
      if (!error) acceptor->listen(boost::asio::socket_base::max_listen_connections, error);
      if (error) return absl::UnavailableError(absl::StrCat("no listener: ", error.message()));
    }
    return absl::OkStatus();
  }
  void Accept(tcp::acceptor& acceptor, const Handler& handler) {
    acceptor.async_accept([&](beast::error_code error, tcp::socket socket) {
      if (!error) std::make_shared<StandInConnection>(std::move(socket), handler)->Run();
      Accept(acceptor, handler);
    });
  }
  static int PortOf(const tcp::acceptor& acceptor) {
    beast::error_code error;
    return acceptor.local_endpoint(error).port();
  }

  Response AnswerAsHub(const Request& request) {
    const std::string target(request.target());
    if (target == "/internal/v1/hub/info") {
      return Answer(200, Text({{"instanceId", kHubId}, {"version", "2026.1"}}));
    }
    if (target != "/internal/v1/hub/instances") return Answer(404, "{}");
    MutexLock lock(&mu);
    ++readings;
    if (refuse_readings >= 0) {
      const std::string secret(request["X-Client-Secret"]);
      return Answer(401, Text({{"title", "Unauthorized"},
                               {"detail", absl::StrCat("not a token of this hub: ",
                                                       InSpelling(secret, refuse_readings))}}));
    }
    const std::string now =
        absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
    json list = json::array({{{"id", kHubId},
                              {"instanceId", kHubId},
                              {"title", "HUB"},
                              {"clientName", "Certify Management Hub"},
                              {"isPendingConnection", false},
                              {"connectionStatus", "connected"},
                              {"dateLastReported", now}}});
    if (joined) {
      list.push_back({{"id", kInstanceId},
                      {"instanceId", kInstanceId},
                      {"title", server_name},
                      {"os", "Linux"},
                      {"clientName", "Certify Management Agent"},
                      {"clientVersion", "7.0.2.0"},
                      {"connectionStatus", "connected"},
                      {"isPendingConnection", false},
                      {"dateRegistered", registered},
                      {"dateLastReported", now}});
    }
    return Answer(200, Text(list));
  }

  Response AnswerAsService(const Request& request) {
    const std::string target(request.target());
    MutexLock lock(&mu);
    if (target == "/api/system/appversion") return Answer(200, "\"7.0.2.0\"");
    if (target == "/api/system/hub/status") {
      return Answer(200, Text({{"isSuccess", joined}, {"message", ""}}));
    }
    if (target == "/api/preferences") return Answer(200, "{}");
    if (target != "/api/system/hub/join") return Answer(404, "{}");
    ++joins;
    const json asked = json::parse(request.body(), nullptr, false);
    const auto text = [&asked](const char* name) {
      const auto it = asked.is_object() ? asked.find(name) : asked.end();
      return it != asked.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    if (refuse_joins >= 0) {
      return Answer(200,
                    Text({{"isSuccess", false},
                          {"message", absl::StrCat("Failed to connect to Management Hub. Check "
                                                   "credentials: ",
                                                   InSpelling(text("secret"), refuse_joins))},
                          {"result", nullptr}}));
    }
    joined = true;
    registered = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
    WriteConfig(text("url"), kInstanceId).IgnoreError();
    return Answer(200, Text({{"isSuccess", true},
                             {"message", "OK"},
                             {"result",
                              {{"hubAssignedInstanceId", kInstanceId},
                               {"joiningToken", text("secret")},
                               {"requestAuthSecret", text("secret")}}}}));
  }

  absl::Status WriteConfig(const std::string& url, const std::string& id) {
    json config = {{"Host", "127.0.0.1"}, {"Port", PortOf(service)}, {"Transport", "http"}};
    if (!url.empty()) config["ManagementServerHubAPI"] = url;
    RETURN_IF_ERROR(WriteFileAtomically(app_data + "/serviceconfig.json", Text(config),
                                        FileAccess::kOwnerOnly));
    if (id.empty()) return absl::OkStatus();
    return WriteFileAtomically(app_data + "/hubinstance.identity.json",
                               Text({{"HubAssignedInstanceId", id}}), FileAccess::kOwnerOnly);
  }

  const std::string app_data;
  const std::string server_name;
  boost::asio::io_context io{1};
  tcp::acceptor hub{io};
  tcp::acceptor service{io};
  Handler as_hub;
  Handler as_service;
  std::thread thread;
  Mutex mu;
  bool joined ABSL_GUARDED_BY(mu) = false;
  std::string registered ABSL_GUARDED_BY(mu);
  int refuse_joins ABSL_GUARDED_BY(mu) = -1;
  int refuse_readings ABSL_GUARDED_BY(mu) = -1;
  int joins ABSL_GUARDED_BY(mu) = 0;
  int readings ABSL_GUARDED_BY(mu) = 0;
};

absl::StatusOr<std::unique_ptr<StandIn>> StandIn::Start(const std::string& app_data,
                                                        const std::string& server_name) {
  auto server = std::make_unique<Server>(app_data, server_name);
  RETURN_IF_ERROR(server->Open());
  RETURN_IF_ERROR(MakePrivateDirectory(app_data));
  RETURN_IF_ERROR(server->WriteConfig("", ""));
  server->as_hub = [s = server.get()](const Request& request) { return s->AnswerAsHub(request); };
  server->as_service = [s = server.get()](const Request& request) {
    return s->AnswerAsService(request);
  };
  server->Accept(server->hub, server->as_hub);
  server->Accept(server->service, server->as_service);
  server->thread = std::thread([s = server.get()] {
    SetThreadName("stand-in");
    s->io.run();
  });
  return std::unique_ptr<StandIn>(new StandIn(std::move(server)));
}

StandIn::StandIn(std::unique_ptr<Server> server) : server_(std::move(server)) {}
StandIn::~StandIn() = default;

std::string StandIn::hub_url() const {
  return absl::StrCat("http://127.0.0.1:", Server::PortOf(server_->hub));
}

void StandIn::RefuseJoins(int spelling) {
  MutexLock lock(&server_->mu);
  server_->refuse_joins = spelling;
}
void StandIn::RefuseReadings(int spelling) {
  MutexLock lock(&server_->mu);
  server_->refuse_readings = spelling;
}
int StandIn::joins() const {
  MutexLock lock(&server_->mu);
  return server_->joins;
}
int StandIn::readings() const {
  MutexLock lock(&server_->mu);
  return server_->readings;
}

}  // namespace muster::selftest
