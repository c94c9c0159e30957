// kill -9 at every step of the journal (invariants 2, 8, 10, 11): a child process runs
// a join and is ended right before or right after one of its commits; the next ones start anew on
// the same files, as the service manager would do. Whatever the step: the service is joined exactly
// once, the orchestrator gets a result, and the secret is in no file.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <new>

#include "absl/strings/str_cat.h"

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/worker/fake_service.h"
#include "tests/worker/fake_transport.h"
#include "tests/worker/worker_fixture.h"
#include "worker/commands/join.h"
#include "worker/session/session.h"
#include "worker/session/sqlite_journal.h"

namespace muster::worker {
namespace {

constexpr int kKilled = 42;

// The world outside the worker's process: the service and the orchestrator. In shared memory, so
// that it survives a child.
struct World {
  // A takeover: the service belongs to another hub and stays connected to it until its restart.
  bool takeover = false;
  int lives = 0;
  bool joined = false;
  bool connected_to_old = false;
  int restarts = 0;
  int calls = 0;  // To the service, of the last child.
  int command = 1;
  int joins = 0;
  int deliveries = 0;
  int commits = 0;  // Of the journal, over all children.
  bool acknowledged = false;
  int outcome = 0;
  char failure[64] = "";
};

enum class Kill { kNever, kBeforeCommit, kAfterCommit, kInTheJoin, kAtCall };
constexpr char kOldHub[] = "https://old.example";

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    void* memory =
        mmap(nullptr, sizeof(World), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    world_ = new (memory) World;
  }
  ~CrashTest() override { munmap(world_, sizeof(World)); }

  // One life of the worker in a process of its own. Whether it was killed.
  bool Live(Kill kill, int at_commit) {
    const pid_t child = fork();
    if (child == 0) {
      LiveInChild(kill, at_commit);
      _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "child died by signal " << WTERMSIG(status);
    EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kKilled);
    return WEXITSTATUS(status) == kKilled;
  }

  World* world_;
  TempDir folder_;

 private:
  void LiveInChild(Kill kill, int at_commit) {
    // Lives are hours apart: what a join that never answered holds up is over by then.
    FakeClock clock(absl::FromUnixSeconds(1'790'000'000) + ++world_->lives * absl::Hours(1));
    SeededRandom random(3);
    ManualStrand strand;
    ManualExecutor executor;
    FakeTransport transport;
    FakeService service;
    if (world_->joined || world_->takeover) {
      service.hub_id = "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d";
      service.hub_url = world_->joined ? kHub : kOldHub;
      service.connected = true;  // It does not say to whom.
    }
    world_->calls = 0;
    service.on_call = [this, kill, at_commit](absl::string_view call) {
      if (call == "restarted") {
        ++world_->restarts;
        world_->connected_to_old = !world_->joined;
      }
      if (kill == Kill::kAtCall && world_->calls == at_commit) _exit(kKilled);
      ++world_->calls;
    };
    service.on_join = [this, kill](FakeService& self, const JoinCall& call) {
      ++world_->joins;
      world_->joined = true;
      if (kill == Kill::kInTheJoin) _exit(kKilled);
      return self.Succeed(call);
    };
    auto journal = SqliteJournal::Open(folder_.path() + "/journal.db", clock.Now());
    if (!journal.ok()) _exit(1);
    int commits = 0;
    (*journal)->database().SetCommitHook([&] {
      if (kill == Kill::kBeforeCommit && commits == at_commit) _exit(kKilled);
      return absl::OkStatus();
    });
    (*journal)->database().SetAfterCommitHook([&] {
      ++world_->commits;
      if (kill == Kill::kAfterCommit && commits == at_commit) _exit(kKilled);
      ++commits;
    });
    CommandHandlers handlers;
    handlers.push_back(std::make_unique<JoinHandler>(
        JoinHandler::Parts{.api = service,
                           .service_control = service,
                           .clock = clock,
                           .open_secret = PlainSecret,
                           .wait = [](absl::Duration) { return true; }},
        JoinHandlerOptions{.zone_pin = Pin(),
                           .lock_path = folder_.path() + "/join.lock",
                           .takeover_mark_path = folder_.path() + "/takeover",
                           .pending_join_path = folder_.path() + "/join"}));
    const auto session = Session::Create({.transport = transport,
                                          .journal = **journal,
                                          .handlers = handlers,
                                          .strand = strand,
                                          .executor = executor,
                                          .timers = clock,
                                          .clock = clock,
                                          .random = random},
                                         {.identity = {.zone_pin = Pin()}});
    const auto settle = [&] {
      while (strand.size() + executor.size() > 0) {
        strand.RunUntilIdle();
        executor.RunUntilIdle();
      }
    };
    session->Start();
    settle();
    while (transport.count() == 0 && clock.AdvanceToNext()) settle();
    auto& connection = transport.last();
    connection.SayWelcome(clock.Now(), Pin());
    settle();
    // The orchestrator: what Hello does not know and nobody answered for is sent; what was not
    // begun is sent again under a new attempt.
    const bool known = connection.sent[0].hello().journal_size() > 0;
    if (!known && !world_->acknowledged) Deliver(connection);
    settle();
    for (const v1::CommandResult& result : connection.Results()) {
      if (result.failure().code() == "E-DISPATCH-NOT-BEGUN") {
        connection.SayResultAck(CommandNow());
        Deliver(connection);
        settle();
        break;
      }
    }
    if (connection.Results().empty()) return;
    const v1::CommandResult last = connection.Results().back();
    world_->outcome = last.outcome();
    std::strncpy(world_->failure, last.failure().code().c_str(), sizeof(world_->failure) - 1);
    connection.SayResultAck(CommandNow());
    settle();
    world_->acknowledged = true;
    if (world_->takeover && last.outcome() == v1::CommandResult::OUTCOME_IN_DOUBT) {
      // The hub's list has settled it, and the server's turn comes again.
      ++world_->command;
      world_->acknowledged = false;
    }
    session->Stop([] {});
    settle();
  }

  void Deliver(FakeTransport::Connection& connection) {
    ++world_->deliveries;
    connection.SayCommand(JoinCommand(CommandNow(), "att-" + std::to_string(world_->deliveries),
                                      kHub, world_->takeover));
  }
  std::string CommandNow() const { return "cmd-" + std::to_string(world_->command); }
};

class CrashAtCommitTest : public CrashTest,
                          public testing::WithParamInterface<std::tuple<Kill, int>> {};

TEST_P(CrashAtCommitTest, EndsTheSame) {
  const auto [kill, commit] = GetParam();
  const bool killed = Live(kill, commit);
  EXPECT_TRUE(killed) << "the scenario has fewer commits";
  for (int life = 0; life < 3; ++life) Live(Kill::kNever, 0);
  EXPECT_TRUE(world_->acknowledged);
  EXPECT_EQ(world_->outcome, v1::CommandResult::OUTCOME_SUCCEEDED) << world_->failure;
  EXPECT_EQ(world_->joins, 1);
  EXPECT_FALSE(FilesHold(folder_.path(), kCanary));
}

// The commits of a join that nothing disturbs: 0 prune, 1 receive, 2 start, 3 finish,
// 4 acknowledge. The kill after 2, before the service was called, is the one that stays in doubt;
// it has a test of its own below.
INSTANTIATE_TEST_SUITE_P(
    Steps, CrashAtCommitTest,
    testing::Values(std::tuple(Kill::kBeforeCommit, 0), std::tuple(Kill::kBeforeCommit, 1),
                    std::tuple(Kill::kBeforeCommit, 2), std::tuple(Kill::kBeforeCommit, 3),
                    std::tuple(Kill::kBeforeCommit, 4), std::tuple(Kill::kAfterCommit, 0),
                    std::tuple(Kill::kAfterCommit, 1), std::tuple(Kill::kAfterCommit, 3),
                    std::tuple(Kill::kAfterCommit, 4), std::tuple(Kill::kInTheJoin, 0)));

TEST_F(CrashTest, KilledBetweenStartAndJoinIsInDoubtAndIsNotRepeated) {
  EXPECT_TRUE(Live(Kill::kAfterCommit, 2));
  Live(Kill::kNever, 0);
  EXPECT_EQ(world_->joins, 0);
  EXPECT_EQ(world_->outcome, v1::CommandResult::OUTCOME_IN_DOUBT);
  EXPECT_STREQ(world_->failure, "E-JOIN-INTERRUPTED");
}

// Whatever the step: the service ends at its new hub, joined once, and restarted after the join.
class TakeoverCrashTest : public CrashTest {
 protected:
  void Begin() {
    *world_ = World{};
    world_->takeover = world_->connected_to_old = true;
  }
  void ExpectTakenOver() {
    for (int life = 0; life < 4; ++life) Live(Kill::kNever, 0);
    EXPECT_TRUE(world_->acknowledged);
    EXPECT_EQ(world_->outcome, v1::CommandResult::OUTCOME_SUCCEEDED) << world_->failure;
    EXPECT_EQ(world_->joins, 1);
    EXPECT_FALSE(world_->connected_to_old) << "joined, but never restarted";
    EXPECT_FALSE(FilesHold(folder_.path(), kCanary));
  }
};

TEST_F(TakeoverCrashTest, AtEveryCallEndsAsTheUndisturbedRun) {
  Begin();
  EXPECT_FALSE(Live(Kill::kNever, 0));
  EXPECT_EQ(world_->restarts, 1);
  const int calls = world_->calls;
  ASSERT_GE(calls, 7);  // Survey, join, joined, restart, restarted, survey, status, …
  for (int call = 0; call < calls; ++call) {
    SCOPED_TRACE(absl::StrCat("killed at call ", call));
    std::filesystem::remove_all(folder_.path());
    std::filesystem::create_directory(folder_.path());
    Begin();
    EXPECT_TRUE(Live(Kill::kAtCall, call));
    ExpectTakenOver();
    // Restarted again only where the first restart was not on record yet.
    EXPECT_LE(world_->restarts, 2);
  }
}

TEST_F(TakeoverCrashTest, AtEveryCommitEndsAsTheUndisturbedRun) {
  for (const Kill kill : {Kill::kBeforeCommit, Kill::kAfterCommit}) {
    for (int commit = 0; commit < 5; ++commit) {
      SCOPED_TRACE(absl::StrCat(kill == Kill::kBeforeCommit ? "before " : "after ", commit));
      std::filesystem::remove_all(folder_.path());
      std::filesystem::create_directory(folder_.path());
      Begin();
      EXPECT_TRUE(Live(kill, commit));
      ExpectTakenOver();
    }
  }
}

// The service finishes the join only after the worker is back and has reported its doubt.
TEST_F(TakeoverCrashTest, ALateJoinIsRestartedByTheNextCommand) {
  Begin();
  EXPECT_TRUE(Live(Kill::kAtCall, 1));  // The join was asked for; the service is at it.
  Live(Kill::kNever, 0);
  EXPECT_EQ(world_->outcome, v1::CommandResult::OUTCOME_IN_DOUBT);
  EXPECT_EQ(world_->restarts, 0);
  world_->joined = true;
  world_->joins = 1;
  ExpectTakenOver();
  EXPECT_EQ(world_->restarts, 1);
}

TEST_F(CrashTest, TheScenarioHasFiveCommits) {
  EXPECT_FALSE(Live(Kill::kNever, 0));
  EXPECT_EQ(world_->joins, 1);
  EXPECT_EQ(world_->commits, 5);  // A sixth would want kills of its own above.
}

}  // namespace
}  // namespace muster::worker
