// Rollouts with targets, commands with attempts.
#include "base/failure_code.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename T>
std::vector<std::string> Ids(const std::vector<T>& items) {
  std::vector<std::string> ids;
  for (const T& item : items) ids.push_back(item.id.value());
  return ids;
}

TEST_P(StoreContract, RolloutsKeepEveryField) {
  Rollout rollout = MakeRollout("rol-1");
  rollout.tenant_id = kAcme;
  rollout.kind = CommandKind::kProbe;
  rollout.state = RolloutState::kPaused;
  rollout.reason = "max failures";
  rollout.selection = {kAcme, kProd, {{"a", "1"}, {"b", ""}}, {"web*", "db:1"}};
  rollout.allow_takeover = true;
  rollout.force = true;
  rollout.forgiven_failures = 4;
  rollout.note = "2 servers are left to other rollouts";
  Change([&](Transaction& t) {
    EXPECT_OK(t.rollouts().Insert(rollout, {}));
    EXPECT_OK(t.rollouts().SetForgivenFailures(rollout.id, 5));
    EXPECT_EQ(Code(t.rollouts().SetForgivenFailures(RolloutId("none"), 5)),
              absl::StatusCode::kNotFound);
  });
  const Rollout read = **Read()->rollouts().Find(rollout.id);
  EXPECT_EQ(read.id, rollout.id);
  EXPECT_EQ(read.tenant_id, kAcme);
  EXPECT_EQ(read.kind, CommandKind::kProbe);
  EXPECT_EQ(read.state, RolloutState::kPaused);
  EXPECT_EQ(read.reason, "max failures");
  EXPECT_EQ(read.selection.tenant_id, kAcme);
  EXPECT_EQ(read.selection.zone_id, kProd);
  EXPECT_EQ(read.selection.labels, rollout.selection.labels);
  EXPECT_EQ(read.selection.names, rollout.selection.names);
  EXPECT_EQ(read.max_concurrency, "10%");
  EXPECT_EQ(read.max_failures, "0");
  EXPECT_EQ(read.max_in_doubt, "2%");
  EXPECT_TRUE(read.allow_takeover);
  EXPECT_TRUE(read.force);
  EXPECT_EQ(read.forgiven_failures, 5);
  EXPECT_EQ(read.note, rollout.note);
  EXPECT_EQ(read.created_by, "operator:opr-1");
  EXPECT_EQ(read.create_time, At(3));
  EXPECT_EQ(read.deadline, At(1000));
  EXPECT_EQ(read.finish_time, std::nullopt);
  EXPECT_TRUE(Read()->rollouts().Find(rollout.id)->has_value());
  EXPECT_FALSE(Read()->rollouts().Find(RolloutId("none"))->has_value());
}

TEST_P(StoreContract, ARolloutIsOfATenantThatExists) {
  Rollout rollout = MakeRollout("rol-1");
  auto t = *store_->Begin();
  EXPECT_OK(t->rollouts().Insert(rollout, {}));
  EXPECT_EQ(Code(t->rollouts().Insert(rollout, {})), absl::StatusCode::kAlreadyExists);
  rollout.id = RolloutId("rol-2");
  rollout.tenant_id = TenantId("none");
  EXPECT_EQ(Code(t->rollouts().Insert(rollout, {})), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, RolloutsAreListedNewestFirstInPages) {
  Change([](Transaction& t) {
    // Two of the same instant: the id decides.
    EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-b", 5), {}));
    EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-c", 5), {}));
    EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-a", 9), {}));
    EXPECT_OK(t.rollouts().Insert(MakeRollout("rol-d", 1), {}));
  });
  const auto snapshot = Read();
  EXPECT_THAT(Ids(*snapshot->rollouts().List({.wall = TenantWall::Everything(), .limit = 3})),
              ElementsAre("rol-a", "rol-c", "rol-b"));
  EXPECT_THAT(Ids(*snapshot->rollouts().List(
                  {.wall = TenantWall::Everything(), .before = RolloutId("rol-c"), .limit = 3})),
              ElementsAre("rol-b", "rol-d"));
  EXPECT_THAT(Ids(*snapshot->rollouts().List(
                  {.wall = TenantWall::Everything(), .before = RolloutId("rol-d"), .limit = 3})),
              IsEmpty());
}

TEST_P(StoreContract, ARolloutMovesByCompareAndSetInsideItsTable) {
  const RolloutId id("rol-1");
  Change([&](Transaction& t) {
    RolloutStore& rollouts = t.rollouts();
    EXPECT_OK(rollouts.Insert(MakeRollout("rol-1"), {}));
    EXPECT_OK(rollouts.Insert(MakeRollout("rol-2", 1), {}));
    EXPECT_THAT(Ids(*rollouts.ListUnfinished()), ElementsAre("rol-2", "rol-1"));
    EXPECT_OK(rollouts.Move(id, RolloutState::kRunning, RolloutState::kPaused, "operator", {}));
    EXPECT_EQ(Code(rollouts.Move(id, RolloutState::kRunning, RolloutState::kPaused, "", {})),
              absl::StatusCode::kAborted);
    EXPECT_EQ(Code(rollouts.Move(id, RolloutState::kPaused, RolloutState::kPlanned, "", {})),
              absl::StatusCode::kInternal);
    // A final state needs its time, others must have none.
    EXPECT_EQ(Code(rollouts.Move(id, RolloutState::kPaused, RolloutState::kCanceled, "", {})),
              absl::StatusCode::kInternal);
    EXPECT_EQ(
        Code(rollouts.Move(RolloutId("x"), RolloutState::kRunning, RolloutState::kPaused, "", {})),
        absl::StatusCode::kNotFound);
    EXPECT_EQ((*rollouts.Find(id))->reason, "operator");
    EXPECT_OK(rollouts.Move(id, RolloutState::kPaused, RolloutState::kCanceled, "done", At(50)));
  });
  const Rollout read = **Read()->rollouts().Find(id);
  EXPECT_EQ(read.state, RolloutState::kCanceled);
  EXPECT_EQ(read.finish_time, At(50));
  EXPECT_THAT(Ids(*Read()->rollouts().ListUnfinished()), ElementsAre("rol-2"));
}

TEST_P(StoreContract, TargetsAreListedUpdatedAndCounted) {
  const Rollout rollout = MakeRollout("rol-1");
  std::vector<Target> targets;
  Change([&](Transaction& t) {
    for (const char* name : {"b", "A", "c"}) {
      for (const ZoneId& zone : {kTest, kProd}) {
        const Server server = MakeServer(name, zone);
        EXPECT_OK(t.servers().Insert(server));
        targets.push_back(MakeTarget(rollout.id, server));
      }
    }
    EXPECT_OK(t.rollouts().Insert(rollout, targets));
  });
  Target changed = targets[1];  // prod/b
  changed.state = TargetState::kInFlight;
  changed.attempts = 1;
  Change([&](Transaction& t) {
    EXPECT_OK(t.rollouts().UpdateTarget(changed, TargetState::kWaiting));
    EXPECT_EQ(Code(t.rollouts().UpdateTarget(changed, TargetState::kWaiting)),
              absl::StatusCode::kAborted);
    // Staying writes the other fields.
    changed.failure = Failure{FailureCode::kDispatchTimeout, "late"};
    EXPECT_OK(t.rollouts().UpdateTarget(changed, TargetState::kInFlight));
    changed.state = TargetState::kWaiting;
    changed.next_try_time = At(60);
    changed.doubt_forgiven = true;
    EXPECT_OK(t.rollouts().UpdateTarget(changed, TargetState::kInFlight));
    Target done = targets[0];
    done.state = TargetState::kCanceled;
    done.finish_time = At(70);
    EXPECT_OK(t.rollouts().UpdateTarget(done, TargetState::kWaiting));
    Target wrong = targets[2];
    wrong.state = TargetState::kVerifying;
    EXPECT_EQ(Code(t.rollouts().UpdateTarget(wrong, TargetState::kWaiting)),
              absl::StatusCode::kInternal);
    Target unknown = targets[2];
    unknown.server_id = ServerId("none");
    unknown.state = TargetState::kInFlight;
    EXPECT_EQ(Code(t.rollouts().UpdateTarget(unknown, TargetState::kWaiting)),
              absl::StatusCode::kNotFound);
  });
  const auto snapshot = Read();
  const Target read = **snapshot->rollouts().FindTarget(rollout.id, changed.server_id);
  EXPECT_EQ(read.state, TargetState::kWaiting);
  EXPECT_EQ(read.failure, changed.failure);
  EXPECT_EQ(read.attempts, 1);
  EXPECT_EQ(read.next_try_time, At(60));
  EXPECT_TRUE(read.doubt_forgiven);
  EXPECT_EQ(read.zone_id, kProd);
  EXPECT_EQ(read.name, "b");
  const TargetCounts counts = *snapshot->rollouts().Count(rollout.id);
  EXPECT_EQ(counts.total, 6);
  EXPECT_EQ(counts.waiting, 5);
  EXPECT_EQ(counts.canceled, 1);
  EXPECT_EQ(counts.in_flight, 0);
  EXPECT_EQ(snapshot->rollouts().Count(RolloutId("none"))->total, 0);

  std::vector<std::string> seen;
  TargetQuery query{.rollout_id = rollout.id, .limit = 4};
  for (int page = 0; page < 3; ++page) {
    const auto targets_of_page = *snapshot->rollouts().ListTargets(query);
    for (const Target& target : targets_of_page) {
      seen.push_back(absl::StrCat(target.zone_id.value(), "/", absl::AsciiStrToLower(target.name)));
    }
    query.after = seen.back();
  }
  EXPECT_THAT(seen, ElementsAre("acme/prod/a", "acme/prod/b", "acme/prod/c", "acme/test/a",
                                "acme/test/b", "acme/test/c"));
  EXPECT_EQ(snapshot->rollouts()
                .ListTargets({.rollout_id = rollout.id, .states = {TargetState::kCanceled}})
                ->size(),
            1u);
  EXPECT_EQ(snapshot->rollouts()
                .ListTargets({.rollout_id = rollout.id,
                              .states = {TargetState::kCanceled, TargetState::kWaiting},
                              .limit = 0})
                ->size(),
            6u);
}

TEST_P(StoreContract, AServerIsAnUnfinishedTargetOnce) {
  const Server server = MakeServer("web1");
  const Rollout first = MakeRollout("rol-1");
  const Rollout second = MakeRollout("rol-2");
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_EQ(*t.rollouts().FindActiveRolloutOf(server.id), std::nullopt);
    EXPECT_OK(t.rollouts().Insert(first, {MakeTarget(first.id, server)}));
  });
  EXPECT_EQ(*Read()->rollouts().FindActiveRolloutOf(server.id), first.id);
  {
    auto t = *store_->Begin();
    EXPECT_EQ(Code(t->rollouts().Insert(second, {MakeTarget(second.id, server)})),
              absl::StatusCode::kAlreadyExists);
  }
  Change([&](Transaction& t) {
    Target target = MakeTarget(first.id, server);
    target.state = TargetState::kStraggler;
    EXPECT_OK(t.rollouts().UpdateTarget(target, TargetState::kWaiting));
    EXPECT_OK(t.rollouts().Insert(second, {MakeTarget(second.id, server)}));
  });
  EXPECT_EQ(*Read()->rollouts().FindActiveRolloutOf(server.id), second.id);
}

TEST_P(StoreContract, ATargetIsUnfinishedInEachStateThatIsNotFinal) {
  const Server server = MakeServer("web1");
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Insert(server)); });
  for (int i = 0; !ToString(static_cast<TargetState>(i)).empty(); ++i) {
    const auto state = static_cast<TargetState>(i);
    const Rollout rollout = MakeRollout(absl::StrCat("rol-", i));
    Target target = MakeTarget(rollout.id, server);
    target.state = state;
    Change([&](Transaction& t) { EXPECT_OK(t.rollouts().Insert(rollout, {target})); });
    const auto found = *Read()->rollouts().FindActiveRolloutOf(server.id);
    EXPECT_EQ(found.has_value(), !IsFinal(state)) << ToString(state);
    if (IsFinal(state)) continue;
    target.state =
        state == TargetState::kVerifying ? TargetState::kSucceeded : TargetState::kFailed;
    Change([&](Transaction& t) { EXPECT_OK(t.rollouts().UpdateTarget(target, state)); });
    EXPECT_EQ(*Read()->rollouts().FindActiveRolloutOf(server.id), std::nullopt) << ToString(state);
  }
}

TEST_P(StoreContract, ATargetIsOfItsServersZone) {
  const Server server = MakeServer("web1");
  const Rollout rollout = MakeRollout("rol-1");
  auto t = *store_->Begin();
  EXPECT_OK(t->servers().Insert(server));
  Target target = MakeTarget(rollout.id, server);
  target.zone_id = kTest;
  EXPECT_EQ(Code(t->rollouts().Insert(rollout, {target})), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreContract, CommandsKeepEveryField) {
  const Server server = MakeServer("web1");
  const Rollout rollout = MakeRollout("rol-1");
  Command command = MakeCommand("cmd-1", server);
  command.rollout_id = rollout.id;
  command.key_version_id = MakeKey(kProd, 1).id;
  command.allow_takeover = true;
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.zones().ActivateKey(MakeKey(kProd, 1)));
    EXPECT_OK(t.rollouts().Insert(rollout, {}));
    EXPECT_OK(t.attempts().InsertCommand(command));
    EXPECT_EQ(Code(t.attempts().InsertCommand(command)), absl::StatusCode::kAlreadyExists);
  });
  const Command read = **Read()->attempts().FindCommand(command.id);
  EXPECT_EQ(read.server_id, server.id);
  EXPECT_EQ(read.zone_id, kProd);
  EXPECT_EQ(read.rollout_id, rollout.id);
  EXPECT_EQ(read.kind, CommandKind::kJoin);
  EXPECT_EQ(read.key_version_id, command.key_version_id);
  EXPECT_TRUE(read.allow_takeover);
  EXPECT_EQ(read.create_time, At(4));
  EXPECT_EQ(read.expire_time, At(100));
  EXPECT_FALSE(Read()->attempts().FindCommand(CommandId("none"))->has_value());
}

// Invariant 6.
TEST_P(StoreContract, AKeyIsBoundOnlyToACommandForAServerOfItsZone) {
  const Server server = MakeServer("web1", kProd);
  const JoiningKeyVersion own = MakeKey(kProd, 1);
  const JoiningKeyVersion foreign = MakeKey(kTest, 1);
  auto t = *store_->Begin();
  EXPECT_OK(t->servers().Insert(server));
  EXPECT_OK(t->zones().ActivateKey(own));
  EXPECT_OK(t->zones().ActivateKey(foreign));
  Command command = MakeCommand("cmd-1", server);
  command.key_version_id = foreign.id;
  absl::Status status = t->attempts().InsertCommand(command);
  EXPECT_EQ(Code(status), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("zone lock"));
  command.zone_id = kTest;  // Now the key fits, but the server does not.
  EXPECT_EQ(Code(t->attempts().InsertCommand(command)), absl::StatusCode::kFailedPrecondition);
  command.zone_id = kProd;
  command.key_version_id = KeyVersionId("key-none");
  EXPECT_EQ(Code(t->attempts().InsertCommand(command)), absl::StatusCode::kFailedPrecondition);
  command.key_version_id = own.id;
  command.kind = CommandKind::kProbe;  // A probe carries no key.
  EXPECT_EQ(Code(t->attempts().InsertCommand(command)), absl::StatusCode::kFailedPrecondition);
  command.kind = CommandKind::kJoin;
  EXPECT_OK(t->attempts().InsertCommand(command));
}

TEST_P(StoreContract, AttemptsMoveByCompareAndSetInsideTheirTable) {
  const Server server = MakeServer("web1");
  const Command command = MakeCommand("cmd-1", server);
  Attempt attempt = MakeAttempt("att-1", command);
  attempt.number = 3;
  attempt.sent_time = At(6);
  attempt.reason = "first";
  Change([&](Transaction& t) {
    AttemptStore& attempts = t.attempts();
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_EQ(Code(attempts.Insert(attempt)), absl::StatusCode::kFailedPrecondition);
    EXPECT_OK(attempts.InsertCommand(command));
    EXPECT_OK(attempts.Insert(attempt));
    attempt.reason = "second";
    EXPECT_OK(attempts.Update(attempt, AttemptState::kSent));
    EXPECT_EQ(attempts.ListOf(command.id)->at(0).reason, "second");
    attempt.state = AttemptState::kRunning;
    attempt.reason.clear();
    EXPECT_OK(attempts.Update(attempt, AttemptState::kSent));
    attempt.state = AttemptState::kAcknowledged;
    EXPECT_EQ(Code(attempts.Update(attempt, AttemptState::kRunning)), absl::StatusCode::kInternal);
    attempt.state = AttemptState::kFailed;
    attempt.failure = Failure{FailureCode::kServiceMissing, "none found"};
    attempt.finish_time = At(7);
    EXPECT_OK(attempts.Update(attempt, AttemptState::kRunning));
    // A result is accepted once (invariant 2).
    EXPECT_EQ(Code(attempts.Update(attempt, AttemptState::kRunning)), absl::StatusCode::kAborted);
    Attempt unknown = attempt;
    unknown.id = AttemptId("none");
    EXPECT_EQ(Code(attempts.Update(unknown, AttemptState::kRunning)), absl::StatusCode::kNotFound);
  });
  const Attempt read = Read()->attempts().ListOf(command.id)->at(0);
  EXPECT_EQ(read.command_id, command.id);
  EXPECT_EQ(read.server_id, server.id);
  EXPECT_EQ(read.number, 3);
  EXPECT_EQ(read.state, AttemptState::kFailed);
  EXPECT_EQ(read.reason, "");
  EXPECT_EQ(read.failure, attempt.failure);
  EXPECT_EQ(read.create_time, At(5));
  EXPECT_EQ(read.sent_time, At(6));
  EXPECT_EQ(read.finish_time, At(7));
}

// Invariant 11.
TEST_P(StoreContract, AServerHasOneOpenJoinAttempt) {
  const Server server = MakeServer("web1");
  const Server other = MakeServer("web2");
  const Command first = MakeCommand("cmd-1", server);
  const Command second = MakeCommand("cmd-2", server);
  Command probe = MakeCommand("cmd-3", server);
  probe.kind = CommandKind::kProbe;
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.servers().Insert(other));
    for (const Command& command : {first, second, probe}) {
      EXPECT_OK(t.attempts().InsertCommand(command));
    }
    EXPECT_OK(t.attempts().InsertCommand(MakeCommand("cmd-4", other)));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-1", first)));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-other", MakeCommand("cmd-4", other))));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-probe", probe)));
  });
  for (const AttemptState state : {AttemptState::kSent, AttemptState::kAcknowledged,
                                   AttemptState::kRunning, AttemptState::kInDoubt}) {
    Change([&](Transaction& t) {
      Attempt attempt = t.attempts().ListOf(first.id)->at(0);
      const AttemptState before = attempt.state;
      attempt.state = state;
      EXPECT_OK(t.attempts().Update(attempt, before));
      EXPECT_EQ(Code(t.attempts().Insert(MakeAttempt("att-2", second))),
                absl::StatusCode::kAlreadyExists)
          << ToString(state);
    });
  }
  Change([&](Transaction& t) {
    Attempt attempt = t.attempts().ListOf(first.id)->at(0);
    attempt.state = AttemptState::kSettled;
    EXPECT_OK(t.attempts().Update(attempt, AttemptState::kInDoubt));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-2", second)));
  });
}

TEST_P(StoreContract, AnAttemptIsForTheServerOfItsCommand) {
  const Server server = MakeServer("web1");
  const Server other = MakeServer("web2");
  auto t = *store_->Begin();
  EXPECT_OK(t->servers().Insert(server));
  EXPECT_OK(t->servers().Insert(other));
  const Command command = MakeCommand("cmd-1", server);
  EXPECT_OK(t->attempts().InsertCommand(command));
  Attempt attempt = MakeAttempt("att-1", command);
  attempt.server_id = other.id;
  EXPECT_EQ(Code(t->attempts().Insert(attempt)), absl::StatusCode::kFailedPrecondition);
}

// Nobody asks for its command when it has ended.
TEST_P(StoreContract, AnAttemptThatOnlyReadsNeedsNoRowOfItsCommand) {
  const Server server = MakeServer("web1");
  Command probe = MakeCommand("cmd-1", server);
  probe.kind = CommandKind::kProbe;
  Attempt attempt = MakeAttempt("att-1", probe);
  attempt.state = AttemptState::kSucceeded;
  attempt.finish_time = At(7);
  Change([&](Transaction& t) {
    EXPECT_EQ(Code(t.attempts().Insert(attempt)), absl::StatusCode::kFailedPrecondition);
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.attempts().Insert(attempt));
    EXPECT_EQ(Code(t.attempts().Insert(attempt)), absl::StatusCode::kAlreadyExists);
    Attempt join = MakeAttempt("att-2", MakeCommand("cmd-2", server));
    EXPECT_EQ(Code(t.attempts().Insert(join)), absl::StatusCode::kFailedPrecondition);
  });
  EXPECT_THAT(Ids(*Read()->attempts().ListOfServer(server.id, 0)), ElementsAre("att-1"));
  EXPECT_THAT(Ids(*Read()->attempts().ListOf(probe.id)), ElementsAre("att-1"));
  Change([&](Transaction& t) { EXPECT_OK(t.servers().Delete(server.id)); });
  EXPECT_THAT(*Read()->attempts().ListOf(probe.id), IsEmpty());
}

TEST_P(StoreContract, AttemptsAreListed) {
  const Server server = MakeServer("web1");
  const Server other = MakeServer("web2");
  const Command one = MakeCommand("cmd-1", server);
  const Command two = MakeCommand("cmd-2", server);
  const Command three = MakeCommand("cmd-3", other);
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.servers().Insert(other));
    for (const Command& command : {one, two, three}) {
      EXPECT_OK(t.attempts().InsertCommand(command));
    }
    Attempt done = MakeAttempt("att-1", one, 10);
    done.state = AttemptState::kTimedOut;
    EXPECT_OK(t.attempts().Insert(done));
    done = MakeAttempt("att-2", one, 11);
    done.state = AttemptState::kRejected;
    EXPECT_OK(t.attempts().Insert(done));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-3", two, 12)));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-4", three, 9)));
  });
  const auto snapshot = Read();
  const AttemptStore& attempts = snapshot->attempts();
  EXPECT_THAT(Ids(*attempts.ListOf(one.id)), ElementsAre("att-2", "att-1"));
  EXPECT_THAT(Ids(*attempts.ListOfServer(server.id, 2)), ElementsAre("att-3", "att-2"));
  EXPECT_THAT(Ids(*attempts.ListOpen()), ElementsAre("att-4", "att-3"));
  EXPECT_THAT(Ids(*attempts.ListOpenOf(server.id)), ElementsAre("att-3"));
}

TEST_P(StoreContract, PruneForgetsExpiredCommandsThatNothingIsOpenOf) {
  const Server server = MakeServer("web1");
  Command old = MakeCommand("cmd-old", server);
  old.expire_time = At(10);
  Command open = MakeCommand("cmd-open", server);
  open.expire_time = At(10);
  Command recent = MakeCommand("cmd-new", server);
  recent.expire_time = At(20);
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    for (const Command& command : {old, open, recent}) {
      EXPECT_OK(t.attempts().InsertCommand(command));
    }
    Attempt done = MakeAttempt("att-old", old);
    done.state = AttemptState::kSucceeded;
    EXPECT_OK(t.attempts().Insert(done));
    EXPECT_OK(t.attempts().Insert(MakeAttempt("att-open", open)));
    EXPECT_EQ(*t.attempts().Prune(At(20), 0), 1);
    EXPECT_EQ(*t.attempts().Prune(At(20), 0), 0);
  });
  const auto snapshot = Read();
  EXPECT_FALSE(snapshot->attempts().FindCommand(old.id)->has_value());
  EXPECT_THAT(*snapshot->attempts().ListOf(old.id), IsEmpty());
  EXPECT_TRUE(snapshot->attempts().FindCommand(open.id)->has_value());
  EXPECT_TRUE(snapshot->attempts().FindCommand(recent.id)->has_value());
}

TEST_P(StoreContract, PruneForgetsReadingsThatEndedOldestFirst) {
  const Server server = MakeServer("web1");
  const auto reading = [&](const std::string& id, std::optional<int> finished) {
    Command probe = MakeCommand("cmd-of-" + id, server);
    probe.kind = CommandKind::kProbe;
    Attempt attempt = MakeAttempt(id, probe);
    attempt.state = finished.has_value() ? AttemptState::kSucceeded : AttemptState::kInDoubt;
    if (finished.has_value()) attempt.finish_time = At(*finished);
    return attempt;
  };
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.attempts().Insert(reading("open", std::nullopt)));
    EXPECT_OK(t.attempts().Insert(reading("second", 11)));
    EXPECT_OK(t.attempts().Insert(reading("first", 10)));
    EXPECT_OK(t.attempts().Insert(reading("recent", 20)));
    EXPECT_EQ(*t.attempts().Prune(At(20), 1), 1);
    EXPECT_THAT(*t.attempts().ListOf(CommandId("cmd-of-first")), IsEmpty());
    EXPECT_EQ(*t.attempts().Prune(At(20), 1), 1);
    EXPECT_EQ(*t.attempts().Prune(At(20), 1), 0);
  });
  EXPECT_EQ(Read()->attempts().ListOfServer(server.id, 0)->size(), 2u);
}

}  // namespace
}  // namespace muster::store
