#include "orchestrator/app/door_keeper.h"

#include <fcntl.h>
#include <grpcpp/support/status.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/backoff.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/private_file.h"
#include "base/platform/thread_name.h"
#include "base/redact.h"
#include "base/status_macros.h"
#include "orchestrator/app/door_messages.h"
#include "orchestrator/app/door_process.h"
#include "orchestrator/app/door_walls.h"
#include "orchestrator/rpc/facts.h"
#include "proto/rpc/status.h"

namespace muster::app {
namespace {

using muster::door::v1::Answer;
using muster::door::v1::ToDoor;
using muster::door::v1::ToOrchestrator;
using muster::worker::v1::EnrollResponse;

constexpr absl::Duration kOpensWithin = absl::Seconds(20);
constexpr absl::Duration kEndsAfterDeadline = absl::Seconds(1);
constexpr absl::Duration kDrainOfReplaced = absl::Seconds(10);
// A door that lives says its counts every second.
constexpr timeval kLongestSilence = {20, 0};
constexpr BackoffOptions kStartAgain = {.first = absl::Milliseconds(200), .cap = absl::Seconds(5)};
// A life that lasted so long was a good one.
constexpr absl::Duration kGoodLife = absl::Seconds(30);
constexpr int kMostQuestions = kMostQuestionsOfDoor + 32;
constexpr size_t kMostPemBytes = 64 << 10;
// Where copies of descriptors cannot be in the way of those that the door expects.
constexpr int kAboveAll = 64;

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("signal ", WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  return code == kDoorGrown ? "it had grown too much" : absl::StrCat("exit code ", code);
}

}  // namespace

struct DoorKeeper::Life {
  Life(std::unique_ptr<PacketSocket> socket, const Wanted& of)
      : pipe(std::move(socket)), setup(of) {}
  const std::unique_ptr<PacketSocket> pipe;
  const Wanted setup;  // As it was when the door's files were read.
  std::atomic<int> questions = 0;
  std::atomic<bool> drained = false;                              // It was asked to end,
  std::atomic<absl::Duration> end_by = absl::InfiniteDuration();  // by then.
  Mutex mu;
  pid_t pid ABSL_GUARDED_BY(mu) = -1;  // Until it is buried.

  void Kill() {
    MutexLock lock(&mu);
    if (pid > 0) kill(pid, SIGKILL);
  }
};

namespace {

// The one answer to a question: whoever drops it unanswered, because the process stops, answers by
// that.
class OneAnswer {
 public:
  using Send = std::function<void(const absl::StatusOr<EnrollResponse>&)>;
  explicit OneAnswer(Send send) : send_(std::move(send)) {}
  OneAnswer(OneAnswer&& other) noexcept : send_(std::exchange(other.send_, nullptr)) {}
  OneAnswer& operator=(OneAnswer&&) = delete;
  ~OneAnswer() {
    if (send_) send_(absl::UnavailableError("the orchestrator is stopping; try again"));
  }
  void operator()(const absl::StatusOr<EnrollResponse>& answer) {
    std::exchange(send_, nullptr)(answer);
  }

 private:
  Send send_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DoorKeeper>> DoorKeeper::Start(DoorOptions options,
                                                              rpc::BootstrapDesk& desk,
                                                              const Clock& clock, Random& random) {
  const auto problem = [address = options.address](absl::string_view why) {
    return FailureStatus(FailureCode::kSystemListen,
                         absl::StrCat("the bootstrap listener on ", address, ": ", why));
  };
  auto sockets = net::ServerSockets::Open(options.address);
  if (!sockets.ok()) return problem(sockets.status().message());
  std::unique_ptr<DoorKeeper> keeper(
      new DoorKeeper(std::move(options), *std::move(sockets), {desk, clock, random}));
  keeper->thread_ = std::thread([k = keeper.get()] {
    SetThreadName("door");
    k->Run();
    k->ended_.Set();
  });
  const bool in_time = keeper->opened_.Await(kOpensWithin);
  absl::Status first;
  {
    MutexLock lock(&keeper->mu_);
    first = keeper->open_ ? absl::OkStatus() : keeper->first_;
  }
  if (!in_time) first = absl::UnavailableError("its door does not open in time");
  if (!first.ok()) return problem(first.message());
  return keeper;
}

DoorKeeper::DoorKeeper(DoorOptions options, net::ServerSockets sockets, Deps d)
    : options_(std::move(options)), sockets_(std::move(sockets)), port_(sockets_->port()), d_(d) {}

DoorKeeper::~DoorKeeper() { Stop(absl::InfinitePast()); }

void DoorKeeper::Run() {
  Backoff backoff(kStartAgain, d_.random);
  while (!stop_) {
    const absl::Duration begun = d_.clock.Steady();
    const absl::Status ended = Live();
    {
      MutexLock lock(&mu_);
      if (!open_) {
        first_ = ended.ok() ? absl::UnavailableError("its door ended") : ended;
        opened_.Set();
        return;
      }
    }
    if (stop_) return;
    if (ended.ok()) continue;  // It was replaced.
    if (d_.clock.Steady() - begun >= kGoodLife) backoff.Reset();
    const absl::Duration wait = backoff.Next();
    log::Warning("the door ended; starting it again",
                 {{"reason", ended}, {"lived", d_.clock.Steady() - begun}, {"in", wait}});
    stopping_.Await(wait);
  }
}

absl::StatusOr<Secret> DoorKeeper::SetupPacket(const Wanted& wanted) {
  ToDoor packet;
  auto& setup = *packet.mutable_setup();
  ASSIGN_OR_RETURN(const Secret chain,
                   ReadPrivateFile(options_.certificate_file, FileReach::kAny, kMostPemBytes));
  ASSIGN_OR_RETURN(const Secret key, ReadPrivateFile(options_.private_key_file,
                                                     FileReach::kOwnerOnly, kMostPemBytes));
  setup.set_certificate_chain_pem(std::string(chain.Reveal()));
  setup.set_private_key_pem(std::string(key.Reveal()));
  *setup.mutable_limits() = ToProto(options_.connections);
  setup.set_calls_per_minute(options_.calls_per_minute);
  for (const std::string& name : options_.names) setup.add_service_names(name);
  setup.set_memory_bytes(options_.memory_bytes);
  setup.set_user(options_.user);
  setup.set_serving(wanted.serving);
  Secret bytes = Secret::Take(packet.SerializeAsString());
  Wipe(*setup.mutable_private_key_pem());
  return bytes;
}

absl::StatusOr<std::shared_ptr<DoorKeeper::Life>> DoorKeeper::Spawn() {
  Wanted wanted;
  {
    MutexLock lock(&mu_);
    wanted = wanted_;
  }
  ASSIGN_OR_RETURN(const Secret setup, SetupPacket(wanted));
  if (options_.on_start) options_.on_start();
  ASSIGN_OR_RETURN(auto ends, PacketSocket::MakePair());
  std::vector<int> copies = {fcntl(ends.second->descriptor(), F_DUPFD_CLOEXEC, kAboveAll)};
  for (const int fd : sockets_->descriptors()) {
    copies.push_back(fcntl(fd, F_DUPFD_CLOEXEC, kAboveAll));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (size_t i = 0; i < copies.size(); ++i) {
    posix_spawn_file_actions_adddup2(&actions, copies[i], kDoorPipe + static_cast<int>(i));
  }
  std::vector<std::string> words = {
      options_.program, "door",
      "--parent",       absl::StrCat(getpid()),
      "--listeners",    absl::StrCat(copies.size() - 1),
      "--log-level",    std::string(log::LevelName(log::LeastLevel()))};
  words.insert(words.end(), options_.more_arguments.begin(), options_.more_arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // Nothing of our environment: the master key may be in it.
  char* const environment[] = {nullptr};
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, options_.program.c_str(), &actions, nullptr, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  for (const int copy : copies) {
    if (copy >= 0) close(copy);
  }
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot start its door, ", options_.program, ": ", std::strerror(error)));
  }
  auto life = std::make_shared<Life>(std::move(ends.first), wanted);
  {
    MutexLock lock(&life->mu);
    life->pid = pid;
  }
  setsockopt(life->pipe->descriptor(), SOL_SOCKET, SO_RCVTIMEO, &kLongestSilence,
             sizeof kLongestSilence);
  life->pipe->Send(setup.Reveal());
  return life;
}

// One life, to its end. OK when it was asked to end.
absl::Status DoorKeeper::Live() {
  ASSIGN_OR_RETURN(const std::shared_ptr<Life> life, Spawn());
  {
    MutexLock lock(&mu_);
    life_ = life;
    // What changed since its files were read was told to nobody.
    if (wanted_.serving != life->setup.serving) TellServing(*life);
    if (wanted_.certificates != life->setup.certificates) DrainLife(*life);
  }
  if (stop_) life->Kill();
  while (std::optional<std::string> packet = life->pipe->Receive()) {
    if (d_.clock.Steady() > life->end_by.load() || !Hear(life, *packet)) break;
  }
  {
    MutexLock lock(&mu_);
    life_ = nullptr;
    for (size_t i = 0; i < before_.refused.size(); ++i) before_.refused[i] += counts_.refused[i];
    before_.taken += counts_.taken;
    counts_ = {};
  }
  return Bury(*life);
}

// It has closed its end, says nothing any more, or says what no door says.
absl::Status DoorKeeper::Bury(Life& life) {
  pid_t pid = -1;
  {
    MutexLock lock(&life.mu);
    pid = life.pid;
  }
  life.Kill();  // One that is ending keeps its exit code.
  siginfo_t info = {};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  int status = 0;
  MutexLock lock(&life.mu);
  waitpid(pid, &status, 0);
  life.pid = -1;
  if (life.drained) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("its door ended: ", HowItEnded(status)));
}

// What the door says. False: no door of ours says so.
bool DoorKeeper::Hear(const std::shared_ptr<Life>& life, const std::string& packet) {
  ToOrchestrator said;
  if (!said.ParseFromString(packet)) return false;
  switch (said.kind_case()) {
    case ToOrchestrator::kReady: {
      MutexLock lock(&mu_);
      open_ = true;
      opened_.Set();
      return true;
    }
    case ToOrchestrator::kAsk:
      if (life->questions >= kMostQuestions) return false;
      Ask(life, std::move(*said.mutable_ask()));
      return true;
    case ToOrchestrator::kCounts: {
      MutexLock lock(&mu_);
      counts_ = FromProto(said.counts());
      return true;
    }
    case ToOrchestrator::kLost:
      if (options_.on_lost) {
        const absl::Status why = FailureStatus(FailureCode::kSystemListenerLost,
                                               CleanLine(said.lost(), kMaxForeignText));
        log::Error("a listener is lost", {{"reason", why}});
        options_.on_lost(why);
      }
      return true;
    case ToOrchestrator::KIND_NOT_SET:
      return false;
  }
  return false;
}

void DoorKeeper::Ask(const std::shared_ptr<Life>& life, muster::door::v1::Ask ask) {
  ++life->questions;
  OneAnswer answer([life, id = ask.id()](const absl::StatusOr<EnrollResponse>& outcome) {
    --life->questions;
    ToDoor packet;
    auto& said = *packet.mutable_answer();
    said.set_id(id);
    if (outcome.ok()) {
      *said.mutable_response() = *outcome;
    } else {
      said.set_code(static_cast<int>(outcome.status().code()));
      said.set_message(
          rpc::ToGrpcStatus(outcome.status()).error_message());  // Cut between characters.
    }
    // A door that does not read what it asked for is of no use.
    if (!life->pipe->Send(packet.SerializeAsString())) life->pipe->End();
  });
  d_.desk.Ask({.token_hash = std::move(*ask.mutable_token_hash()),
               .server_name = std::move(*ask.mutable_server_name()),
               .address = std::move(*ask.mutable_address()),
               .certificate_request_pem = std::move(*ask.mutable_certificate_request_pem()),
               .machine = rpc::FromProto(ask.machine())},
              [answer = std::move(answer)](absl::StatusOr<EnrollResponse> outcome) mutable {
                answer(outcome);
              });
}

net::GateCounts DoorKeeper::counts() const {
  MutexLock lock(&mu_);
  net::GateCounts sum = counts_;
  sum.taken += before_.taken;
  for (size_t i = 0; i < sum.refused.size(); ++i) sum.refused[i] += before_.refused[i];
  return sum;
}

void DoorKeeper::TellServing(Life& life) {
  ToDoor said;
  said.set_serving(wanted_.serving);
  life.pipe->Send(said.SerializeAsString());
}

void DoorKeeper::SetServing(bool serving) {
  MutexLock lock(&mu_);  // Also while it is told: in the order of the changes.
  wanted_.serving = serving;
  if (life_ != nullptr) TellServing(*life_);
}

void DoorKeeper::Replace() {
  MutexLock lock(&mu_);
  ++wanted_.certificates;
  if (life_ != nullptr) DrainLife(*life_);
}

void DoorKeeper::DrainLife(Life& life) const {
  life.drained = true;
  life.end_by = d_.clock.Steady() + kDrainOfReplaced + kEndsAfterDeadline;
  ToDoor said;
  said.set_drain_ms(absl::ToInt64Milliseconds(kDrainOfReplaced));
  if (!life.pipe->Send(said.SerializeAsString())) life.Kill();
}

void DoorKeeper::Stop(absl::Time deadline) {
  if (stop_.exchange(true)) return;
  stopping_.Set();
  std::shared_ptr<Life> life;
  {
    MutexLock lock(&mu_);
    life = life_;
  }
  if (life != nullptr) {
    life->drained = true;
    const absl::Duration time = std::max(deadline - absl::Now(), absl::ZeroDuration());
    ToDoor said;
    said.set_drain_ms(absl::ToInt64Milliseconds(time));
    const bool told = time > absl::ZeroDuration() && life->pipe->Send(said.SerializeAsString());
    if (!told || !ended_.Await(time + kEndsAfterDeadline)) life->Kill();
  }
  if (thread_.joinable()) thread_.join();
  sockets_.reset();  // Nobody waits there for a door any more.
}

}  // namespace muster::app
