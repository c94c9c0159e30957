#include "tests/bench/load/stub_service.h"

#include "tests/doubles/http/signing.h"

namespace muster::bench {

StubServiceDriver::StubServiceDriver(doubles::HubDouble& hub, std::string machine_name)
    : hub_(hub), machine_name_(std::move(machine_name)) {
  facts_.set_presence(types::v1::ServiceFacts::PRESENCE_RUNNING);
  facts_.set_endpoint("http://127.0.0.2:9696");
  facts_.set_version("7.0.2.0");
  facts_.set_internal_instance_id(doubles::NewGuid());
}

worker::Survey StubServiceDriver::TakeSurvey() { return {.facts = facts_, .failure = {}}; }

worker::JoinAnswer StubServiceDriver::Join(const worker::JoinCall& call) {
  const std::string id = doubles::NewGuid();
  hub_.With([this, &id](doubles::HubCore& core) {
    core.CreateInstance(id, machine_name_);
    core.instances.Connect({.instance_id = id,
                            .internal_instance_id = facts_.internal_instance_id(),
                            .title = machine_name_,
                            .os = "Linux",
                            .os_version = "12",
                            .client_name = "Certify Management Agent",
                            .client_version = facts_.version()},
                           core.Now());
  });
  facts_.set_hub_instance_id(id);
  facts_.set_hub_url(call.hub_url);
  facts_.set_hub_connected(true);
  return {.outcome = worker::JoinAnswer::Outcome::kSucceeded, .failure = {}, .hub_instance_id = id};
}

}  // namespace muster::bench
