// The core as the session service sees it, with levers.
#ifndef MUSTER_TESTS_ORCHESTRATOR_RPC_FAKE_CORE_H_
#define MUSTER_TESTS_ORCHESTRATOR_RPC_FAKE_CORE_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "orchestrator/core/interfaces/admission_operations.h"
#include "orchestrator/core/interfaces/worker_events.h"

namespace muster::rpc {

// Answers every OpenSession at once with `grant` and keeps what it is told as lines: "opening",
// "ready", "ended", "facts 7.0.1", "finished cmd-a". Thread-safe but for `grant`, which is set
// while no session opens.
class FakeWorkerEvents final : public core::WorkerEvents {
 public:
  absl::StatusOr<core::SessionGrant> grant =
      core::SessionGrant{{ZoneId("acme/prod"), "https://hub.example"}};

  // Blocks until the line was told `times` times.
  void Await(const std::string& line, int times = 1) {
    MutexLock lock(&mu_);
    const auto told = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return CountLocked(line) >= times; };
    mu_.Await(absl::Condition(&told));
  }
  core::SessionOpening AwaitOpening() {
    Await("opening");
    MutexLock lock(&mu_);
    return opening_;
  }
  int Count(const std::string& line) {
    MutexLock lock(&mu_);
    return CountLocked(line);
  }
  core::CommandReport last_report() {
    MutexLock lock(&mu_);
    return report_;
  }

  void OpenSession(core::SessionOpening opening,
                   absl::AnyInvocable<void(absl::StatusOr<core::SessionGrant>)> done) override {
    {
      MutexLock lock(&mu_);
      opening_ = std::move(opening);
    }
    Tell("opening");
    done(grant);
  }
  void SessionReady(core::SessionId) override { Tell("ready"); }
  void SessionEnded(core::SessionId) override { Tell("ended"); }
  void Acknowledged(core::SessionId, CommandId command, AttemptId) override {
    Tell(absl::StrCat("acknowledged ", command.value()));
  }
  void Started(core::SessionId, CommandId command, AttemptId) override {
    Tell(absl::StrCat("started ", command.value()));
  }
  void Finished(core::SessionId, core::CommandReport report) override {
    const std::string line = absl::StrCat("finished ", report.command_id.value());
    {
      MutexLock lock(&mu_);
      report_ = std::move(report);
    }
    Tell(line);
  }
  void PinHeld(core::SessionId, core::ZonePin held, std::string problem) override {
    Tell(absl::StrCat("pin ", held.version, problem.empty() ? "" : " ", problem));
  }
  void ClockSeen(core::SessionId, absl::Duration offset) override {
    Tell(absl::StrCat("clock ", absl::FormatDuration(offset)));
  }
  void Facts(core::SessionId, store::ServiceFacts service, std::vector<Failure> problems) override {
    Tell(absl::StrCat("facts ", service.version.str()));
    for (const Failure& problem : problems) {
      Tell(absl::StrCat("problem ", TextOf(problem.code), " ", problem.detail));
    }
  }

 private:
  void Tell(std::string line) {
    MutexLock lock(&mu_);
    lines_.push_back(std::move(line));
  }
  int CountLocked(const std::string& line) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return static_cast<int>(std::count(lines_.begin(), lines_.end(), line));
  }

  Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
  core::SessionOpening opening_ ABSL_GUARDED_BY(mu_);
  core::CommandReport report_ ABSL_GUARDED_BY(mu_);
};

// Refuses everything: sessions ask for nothing.
class FakeAdmission final : public core::AdmissionOperations {
 public:
  absl::StatusOr<core::Decision<core::BootstrapGrant>> Bootstrap(
      core::Turn&, const core::BootstrapRequest&) override {
    return absl::UnimplementedError("not in this test");
  }
  absl::StatusOr<core::RenewalGrant> Renew(core::Turn&, const core::RenewalRequest&) override {
    return absl::UnimplementedError("not in this test");
  }
  absl::StatusOr<store::WorkerCertificate> RecordCertificate(
      core::Turn&, const store::WorkerCertificate&) override {
    return absl::UnimplementedError("not in this test");
  }
};

// A control that is stopped.
class StoppedControl final : public core::Control {
 public:
  void Post(Operation, Done done) override {
    if (done) done(absl::UnavailableError("stopped"));
  }
  void PostFirm(Operation) override {}
};

}  // namespace muster::rpc

#endif  // MUSTER_TESTS_ORCHESTRATOR_RPC_FAKE_CORE_H_
