// A core whose workers are moved by hand: the test opens their sessions and says what they say, so
// that every answer of a worker, or none, can be had.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CORE_HAND_DRIVEN_H_
#define MUSTER_TESTS_ORCHESTRATOR_CORE_HAND_DRIVEN_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/orchestrator/core/door_bench.h"

namespace muster::core {

class HandDriven : public DoorBench {
 protected:
  TokenId Token(const std::string& hash, TokenInput input = {}) {
    input.secret_hash = hash;
    const auto made = MakeToken(std::move(input));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? made->token.id : TokenId();
  }
  SessionOpening Opening(const ServerId& server, const std::string& certificate) {
    return OpeningOf(server, zone_, certificate);
  }
  absl::StatusOr<SessionGrant> Open(const SessionOpening& opening) {
    auto grant = AskToOpen(opening);
    if (grant.ok()) {
      world_->worker_events().SessionReady(opening.session);
      world_->RunFor(absl::Seconds(1));
    }
    return grant;
  }
  // A server that is admitted, with certificate `name`; connected.
  ServerId Admitted(const std::string& name) {
    TokenInput any;
    any.any_name = true;
    Token("token of " + name, any);
    const auto grant = Show("token of " + name, name, "key of " + name);
    EXPECT_TRUE(grant.ok()) << grant.status();
    EXPECT_TRUE(Certify(*grant, name, "key of " + name).ok());
    Connect(grant->server_id, name);
    return grant->server_id;
  }
  void Connect(const ServerId& server, const std::string& certificate,
               std::vector<SessionOpening::JournalEntry> journal = {}) {
    SessionOpening opening = Opening(server, certificate);
    opening.journal = std::move(journal);
    EXPECT_TRUE(Open(opening).ok());
    session_[server] = opening.session;
  }
  void Disconnect(const ServerId& server) {
    world_->worker_events().SessionEnded(session_[server]);
    world_->RunFor(absl::Seconds(1));
  }
  // The worker comes back enrolled anew, as `muster token create --server-name` and
  // `muster-worker enroll` make it.
  void EnrollAgain(const ServerId& server, const std::string& certificate) {
    TokenInput named;
    named.server_names = {ServerOf(server).name};
    Token("token of " + certificate, named);
    const auto grant =
        Show("token of " + certificate, ServerOf(server).name, "key of " + certificate);
    ASSERT_TRUE(grant.ok()) << grant.status();
    ASSERT_EQ(grant->server_id, server);
    ASSERT_TRUE(Certify(*grant, certificate, "key of " + certificate).ok());
    Connect(server, certificate);
  }
  // A rollout over the one server, and its command, which the test answers.
  RolloutId StartOn(const ServerId& server, store::CommandKind kind = store::CommandKind::kJoin,
                    bool allow_takeover = false) {
    RolloutInput input;
    input.kind = kind;
    input.selection.names = {ServerOf(server).name};
    input.allow_takeover = allow_takeover;
    input.max_in_doubt = input.max_failures = "100%";
    const auto rollout = Start(std::move(input));
    EXPECT_TRUE(rollout.ok()) << rollout.status();
    return rollout.ok() ? rollout->id : RolloutId();
  }
  // The attempt that is open with the server; waits for it. Of one that only reads its ids, as they
  // were sent.
  std::optional<store::Attempt> AttemptOn(const ServerId& server) {
    std::optional<store::Attempt> found;
    world_->RunUntil(
        [&] {
          const std::vector<store::Attempt> open = *world_->Read()->attempts().ListOpen();
          for (const store::Attempt& attempt : open) {
            if (attempt.server_id == server) found = attempt;
          }
          if (!found.has_value()) found = ReadingOn(server);
          return found.has_value();
        },
        absl::Minutes(30));
    EXPECT_TRUE(found.has_value());
    return found;
  }
  std::optional<store::Attempt> ReadingOn(const ServerId& server) {
    const auto* const sent = world_->LastSent(session_[server]);
    if (sent == nullptr || !store::ChangesNothing(sent->kind) ||
        !world_->Read()->attempts().ListOf(sent->command)->empty()) {
      return std::nullopt;
    }
    store::Attempt attempt;
    attempt.id = sent->attempt;
    attempt.command_id = sent->command;
    attempt.server_id = server;
    attempt.kind = sent->kind;
    attempt.state = store::AttemptState::kSent;
    return attempt;
  }
  void Report(const ServerId& server, Outcome outcome, std::optional<Failure> failure = {},
              std::optional<store::ServiceFacts> service = {}) {
    const std::optional<store::Attempt> attempt = AttemptOn(server);
    if (!attempt.has_value()) return;
    CommandReport report;
    report.command_id = attempt->command_id;
    report.attempt_id = attempt->id;
    report.outcome = outcome;
    report.failure = std::move(failure);
    report.service = std::move(service);
    world_->worker_events().Finished(session_[server], std::move(report));
    world_->RunFor(absl::Seconds(1));
  }
  // The join went well: the hub has the record, connected, and the worker says so.
  void JoinWell(const ServerId& server) {
    const std::string owner = "internal of " + server.value();
    const std::string id = world_->hub(0).Register(owner, world_->clock().Now());
    world_->RunFor(absl::Seconds(1));
    world_->hub(0).Connect(id, owner, ServerOf(server).name, world_->clock().Now());
    store::ServiceFacts service;
    service.hub_instance_id = HubInstanceId(id);
    service.hub_url = world_->hub(0).url();
    service.hub_connected = true;
    Report(server, Outcome::kSucceeded, std::nullopt, service);
  }
  // As a good end: the join of the rollout ends as enrolled.
  void ExpectEnrolls(const ServerId& server, const RolloutId& rollout) {
    JoinWell(server);
    EXPECT_TRUE(Finishes(rollout, absl::Hours(2)));
    EXPECT_EQ(ServerOf(server).enrollment, store::Enrollment::kEnrolled);
  }
  void RunAgainWell(const ServerId& server, bool allow_takeover = false) {
    ExpectEnrolls(server, StartOn(server, store::CommandKind::kJoin, allow_takeover));
  }
  std::optional<FailureCode> TargetFailure(const RolloutId& rollout, const ServerId& server) {
    const auto target = *world_->Read()->rollouts().FindTarget(rollout, server);
    if (!target.has_value() || !target->failure.has_value()) return std::nullopt;
    return target->failure->code;
  }
  absl::StatusOr<store::Server> Change(const ServerId& server, ServerAction::Kind kind,
                                       const std::string& reason = "") {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::Change, std::move(done), operator_, server,
                                ServerAction{kind, reason, ""});
    });
  }
  absl::StatusOr<store::Server> Admit(const ServerId& server, const std::string& key = "") {
    return Ask<store::Server>([&](auto done) {
      operations().servers.Call(&ServerOperations::Admit, std::move(done), operator_, server, key);
    });
  }
  absl::StatusOr<store::BootstrapToken> SetLocked(const TokenId& token, bool locked) {
    return Ask<store::BootstrapToken>([&](auto done) {
      operations().tokens.Call(&TokenOperations::SetLocked, std::move(done), operator_, token,
                               locked);
    });
  }
  absl::StatusOr<store::Zone> RemoveKey() {
    return Ask<store::Zone>([&](auto done) {
      operations().fleet.Call(&FleetOperations::RemoveJoiningKey, std::move(done), operator_,
                              zone_);
    });
  }
  absl::StatusOr<store::Zone> SetKey(const std::string& secret) {
    return Ask<store::Zone>([&](auto done) {
      operations().fleet.Call(&FleetOperations::SetJoiningKey, std::move(done), operator_, zone_,
                              JoiningKeyInput{"client", Secret::CopyOf(secret)});
    });
  }

  std::map<ServerId, SessionId> session_;
};

}  // namespace muster::core

#endif  // MUSTER_TESTS_ORCHESTRATOR_CORE_HAND_DRIVEN_H_
