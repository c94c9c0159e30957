#include "tests/bench/load/bare_messages.h"

namespace muster::bench {
namespace {

using muster::worker::v1::CommandResult;
using muster::worker::v1::OrchestratorMessage;
using muster::worker::v1::WorkerMessage;

constexpr char kCommandId[] = "cmd-mzxw6ytboi4dcmrtgq2t";
constexpr char kAttemptId[] = "att-mzxw6ytboi4dcmrtgq2t";
constexpr int64_t kSomeTime = 1'790'000'000;

void Fill(muster::types::v1::MachineFacts& machine) {
  machine.set_machine_name("load-00001");
  machine.set_os("linux");
  machine.set_os_version("Debian GNU/Linux 12");
  machine.set_architecture("x86_64");
  machine.set_worker_version("0.1.0");
  machine.set_machine_id_hash("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
}

void Fill(muster::types::v1::ServiceFacts& service) {
  service.set_presence(muster::types::v1::ServiceFacts::PRESENCE_RUNNING);
  service.set_endpoint("http://127.0.0.2:9696");
  service.set_version("7.0.2.0");
  service.set_internal_instance_id("3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d");
}

}  // namespace

WorkerMessage BareHello() {
  WorkerMessage message;
  message.mutable_hello()->set_protocol_revision(1);
  Fill(*message.mutable_hello()->mutable_machine());
  return message;
}

OrchestratorMessage BareWelcome() {
  OrchestratorMessage message;
  auto& welcome = *message.mutable_welcome();
  welcome.mutable_server_time()->set_seconds(kSomeTime);
  welcome.mutable_heartbeat_interval()->set_seconds(30);
  welcome.mutable_zone_pin()->set_zone_id("load/bare");
  welcome.mutable_zone_pin()->set_hub_url("http://127.0.0.1:9999");
  return message;
}

OrchestratorMessage BareCommand() {
  OrchestratorMessage message;
  auto& command = *message.mutable_command();
  command.set_command_id(kCommandId);
  command.set_attempt_id(kAttemptId);
  command.set_zone_id("load/bare");
  command.mutable_expire_time()->set_seconds(kSomeTime);
  command.mutable_probe();
  return message;
}

WorkerMessage BareResult() {
  WorkerMessage message;
  auto& result = *message.mutable_result();
  result.set_command_id(kCommandId);
  result.set_attempt_id(kAttemptId);
  result.set_outcome(CommandResult::OUTCOME_SUCCEEDED);
  result.mutable_start_time()->set_seconds(kSomeTime);
  result.mutable_finish_time()->set_seconds(kSomeTime);
  Fill(*result.mutable_probe()->mutable_machine());
  Fill(*result.mutable_probe()->mutable_service());
  return message;
}

}  // namespace muster::bench
