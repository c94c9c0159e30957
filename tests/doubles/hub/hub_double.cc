#include "tests/doubles/hub/hub_double.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/doubles/http/signing.h"

namespace muster::doubles {
namespace {

HubOptions WithClock(HubOptions options) {
  if (options.clock == nullptr) options.clock = SimClock::Real();
  return options;
}

}  // namespace

HubDouble::HubDouble(HubOptions options) : loop_(options.clock), core_(std::move(options)) {
  AddControlRoutes();
}

absl::StatusOr<std::unique_ptr<HubDouble>> HubDouble::Start(HubOptions options) {
  std::unique_ptr<HubDouble> hub(new HubDouble(WithClock(std::move(options))));
  absl::StatusOr<std::unique_ptr<HttpServer>> server =
      HttpServer::Start(hub->loop_, hub->core_.options.listen,
                        [raw = hub.get()](const Request& request, Reply reply) {
                          raw->Serve(request, std::move(reply));
                        });
  if (!server.ok()) return server.status();
  hub->server_ = *std::move(server);
  return hub;
}

HubDouble::~HubDouble() {
  loop_.Run([this] { core_.faults.Clear(); });
  loop_.Stop();
}

void HubDouble::Serve(const Request& request, Reply reply) {
  if (core_.levers.date_header) {
    reply = [this, reply = std::move(reply)](Response response) {
      response.headers.emplace_back(
          "Date", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", core_.Now(), absl::UTCTimeZone()));
      reply(std::move(response));
    };
  }
  core_.faults.Serve(request, std::move(reply), [this](const Request& admitted, Reply answer) {
    const bool always = absl::StartsWith(admitted.path, "/_control") ||
                        absl::StrContains(admitted.path, "/system/") ||
                        absl::StrContains(admitted.path, "/health");
    if (core_.levers.data_store_down && !always) {
      answer(ProblemResponse(500, "The data store is not available."));
      return;
    }
    core_.router.Serve(admitted, std::move(answer));
  });
}

std::string HubDouble::url() const { return server_->url(); }
uint16_t HubDouble::port() const { return server_->port(); }
std::string HubDouble::client_id() const { return core_.options.client_id; }
std::string HubDouble::instance_id() const { return core_.instance_id; }
const std::shared_ptr<SimClock>& HubDouble::clock() const { return core_.options.clock; }

std::string HubDouble::secret() const {
  std::string secret;
  const_cast<IoLoop&>(loop_).Run([&] {
    const AccessToken* const key = core_.JoiningKey();
    if (key != nullptr) secret = key->secret;
  });
  return secret;
}

void HubDouble::With(const std::function<void(HubCore&)>& change) {
  loop_.Run([&] {
    change(core_);
    core_.instances.AllChanged();
  });
}

HubCounters HubDouble::Counters() {
  HubCounters counters;
  loop_.Run([&] { counters = core_.counters; });
  return counters;
}

bool HubDouble::Await(std::function<bool(HubCore&)> condition, absl::Duration timeout) {
  return loop_.Await([this, condition = std::move(condition)] { return condition(core_); },
                     timeout);
}

void HubDouble::AddFault(FaultRule rule) {
  loop_.Run([&] { core_.faults.Add(std::move(rule)); });
}

void HubDouble::RemoveFaults(const std::string& name) {
  loop_.Run([&] {
    if (name.empty()) {
      core_.faults.Clear();
    } else {
      core_.faults.Remove(name);
    }
  });
}

int HubDouble::Release(const std::string& name) {
  int released = 0;
  loop_.Run([&] { released = core_.faults.Release(name); });
  return released;
}

std::string HubDouble::Plant(const PlantedRecord& planted) {
  std::string id = planted.id.empty() ? NewGuid() : planted.id;
  loop_.Run([&] {
    InstanceRecord& record = core_.CreateInstance(id, planted.title);
    id = record.id;
    record.internal_instance_id = planted.internal_instance_id;
    record.pending = planted.pending && !planted.connected;
    record.always_connected = planted.connected;
    record.last_reported -= planted.reported_ago;
    record.request_auth_secret_hash = RequestAuthSecretHash(RandomBase64(32));
    if (!record.pending) {
      record.os = planted.os;
      record.os_version = "12";
      record.client_name = "Certify Management Agent";
      record.client_version = "7.0.2.0";
    }
    core_.instances.Changed(record);
  });
  return id;
}

void HubDouble::Populate(int count, const std::string& prefix) {
  loop_.Run([&] {
    for (int i = 1; i <= count; ++i) {
      PlantedRecord record;
      record.title = absl::StrFormat("%s%05d", prefix, i);
      record.internal_instance_id = NewGuid();
      record.connected = true;
      Plant(record);
    }
  });
}

void HubDouble::DeleteKey(const std::string& client_id) {
  loop_.Run([&] {
    std::vector<AssignedToken>& tokens = core_.access.tokens;
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [&](const AssignedToken& token) {
                                  return absl::c_any_of(token.tokens, [&](const AccessToken& pair) {
                                    return pair.client_id == client_id;
                                  });
                                }),
                 tokens.end());
  });
}

void HubDouble::Restart() {
  loop_.Run([this] {
    core_.Restart();
    server_->DropConnections();
  });
}

void HubDouble::StopListening() {
  loop_.Run([this] { server_->Close(); });
}

absl::Status HubDouble::Listen() {
  absl::Status status;
  loop_.Run([&] { status = server_->Reopen(); });
  return status;
}

}  // namespace muster::doubles
