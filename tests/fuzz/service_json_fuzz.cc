// What the local Certify service says: serviceconfig.json, hubinstance.identity.json, then its
// answers to appversion, hub/status and preferences, as parts. Whatever they are, a survey ends with
// facts that can be sent, or with a failure that has a code; and nobody but this machine is asked.
#include <cstdint>
#include <string>

#include "tests/fakes/fake_http_client.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"
#include "worker/service/http_driver.h"
#include "worker/service/loopback.h"

namespace {

using namespace muster;
using fuzz::Require;

constexpr size_t kMaxFact = 512;

class Files final : public worker::ServiceTrust {
 public:
  absl::string_view config, identity;
  void SetZoneAccount(const std::string&) override {}
  absl::Status CheckFolder(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::optional<std::string>> ReadFile(const std::string&,
                                                      const std::string& name) override {
    return std::optional<std::string>(name == "serviceconfig.json" ? config : identity);
  }
  absl::Status CheckProgram(const std::string&) override { return absl::OkStatus(); }
  absl::Status CheckPeer(const http::TcpEnds&) override { return absl::OkStatus(); }
  absl::Status CheckProcess(uint32_t, const std::string&) override { return absl::OkStatus(); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parts = fuzz::PartsOf(fuzz::TextOf(data, size));
  parts.resize(std::max<size_t>(parts.size(), 5));
  Files files;
  files.config = parts[0];
  files.identity = parts[1];
  FakeHttpClient client;
  client.Handle([&](const http::Request& request) -> absl::StatusOr<http::Response> {
    const auto url = http::Url::Parse(request.url);
    Require(url.ok(), "what is asked is a URL");
    Require(!http::Url::Parse(request.url)->host().empty(), "of a host");
    // What the transport would do before it connects.
    const auto addresses = worker::LoopbackAddresses(url->host(), "127.0.0.1 localhost\n");
    if (!addresses.ok()) {
      fuzz::RequireCode(addresses.status(), "a refused address has a code");
      return addresses.status();
    }
    for (const std::string& address : *addresses) {
      Require(absl::StartsWith(address, "127.") || address == "::1", "a loopback address is one");
    }
    const size_t which = absl::StrContains(request.url, "appversion")   ? 2
                         : absl::StrContains(request.url, "hub/status") ? 3
                                                                        : 4;
    return FakeHttpClient::Json(200, std::string(parts[which]));
  });
  worker::HttpServiceDriver driver(client, files, {.app_data_folder = "/app-data"});
  const worker::Survey survey = driver.TakeSurvey();
  Require(fuzz::CanBeSent(survey.facts), "facts can be sent");
  for (const std::string* text :
       {&survey.facts.endpoint(), &survey.facts.version(), &survey.facts.hub_instance_id(),
        &survey.facts.hub_url(), &survey.facts.internal_instance_id()}) {
    fuzz::RequireLine(*text, 3 * kMaxFact, "a fact");
  }
  if (survey.failure) fuzz::RequireLine(survey.failure->detail, kMaxFact, "a failure's detail");
  const bool running = survey.facts.presence() == types::v1::ServiceFacts::PRESENCE_RUNNING;
  Require(running || survey.failure.has_value(), "what is not there says why");
  const auto identity = driver.ReadIdentity();
  if (!identity.ok()) fuzz::RequireCode(identity.status(), "a bad file has a code");
  return 0;
}
