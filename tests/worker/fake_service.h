// A local Certify service as the commands see it, without HTTP: state, and levers for what goes
// wrong.
#ifndef MUSTER_TESTS_WORKER_FAKE_SERVICE_H_
#define MUSTER_TESTS_WORKER_FAKE_SERVICE_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "worker/platform/service_control.h"
#include "worker/service/driver.h"

namespace muster::worker {

class FakeService final : public ServiceDriver, public ServiceControl {
 public:
  // State.
  std::string hub_id;
  std::string hub_url;
  bool connected = false;
  // Levers.
  std::optional<Failure> survey_failure;
  std::function<JoinAnswer(FakeService&, const JoinCall&)> on_join;  // Null: joins and connects.
  bool connects = true;
  absl::Status restart_failure;
  std::string run_id = "run-0";
  // Told at the start of each call, and once more when a join or a restart has taken effect.
  std::function<void(const char* call)> on_call = [](const char*) {};
  // What happened.
  int joins = 0;
  int restarts = 0;
  std::string last_secret;

  Survey TakeSurvey() override {
    on_call("survey");
    Survey survey;
    survey.failure = survey_failure;
    if (!survey_failure.has_value()) {
      survey.facts = Facts();
      survey.facts.set_presence(types::v1::ServiceFacts::PRESENCE_RUNNING);
      survey.facts.set_hub_connected(connected);
      survey.facts.set_internal_instance_id("internal-1");
    }
    return survey;
  }
  absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() override {
    on_call("identity");
    return Facts();
  }
  absl::StatusOr<bool> IsHubConnected() override {
    on_call("status");
    return connected;
  }
  JoinAnswer Join(const JoinCall& call) override {
    on_call("join");
    ++joins;
    last_secret = std::string(call.secret.Reveal());
    if (on_join) return on_join(*this, call);
    return Succeed(call);
  }
  absl::Status Restart() override {
    on_call("restart");
    ++restarts;
    if (!restart_failure.ok()) return restart_failure;
    connected = connects;
    run_id = absl::StrCat("run-", restarts);
    on_call("restarted");
    return absl::OkStatus();
  }

  std::string RunId() override { return run_id; }

  JoinAnswer Succeed(const JoinCall& call) {
    if (hub_id.empty()) hub_id = "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d";
    hub_url = call.hub_url;
    connected = connects;
    on_call("joined");
    return {JoinAnswer::Outcome::kSucceeded, std::nullopt, hub_id};
  }
  static JoinAnswer Lost() {
    return {JoinAnswer::Outcome::kUnsure, Failure{FailureCode::kJoinAnswerLost, "reset"}, "",
            /*may_still_run=*/true};
  }

 private:
  types::v1::ServiceFacts Facts() const {
    types::v1::ServiceFacts facts;
    facts.set_hub_instance_id(hub_id);
    facts.set_hub_url(hub_url);
    return facts;
  }
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_FAKE_SERVICE_H_
