// One file because all of it is the steps of one thread over one table of connections.
#include "orchestrator/net/acceptor.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/thread_name.h"

namespace muster::net {
namespace {

// What epoll's events are of: connections have ids from 1 on.
constexpr uint64_t kWakeTag = 0;
constexpr uint64_t kSourceTag = uint64_t{1} << 62;
constexpr uint64_t kArrivalsTag = kSourceTag - 1;
constexpr uint64_t kArrivalsDueTag = kSourceTag - 2;

// Of one socket before others get their turn.
constexpr int kAcceptsAtOnce = 64;
constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
constexpr absl::Duration kSweepEvery = absl::Seconds(5);
constexpr absl::Duration kForcedSweepEvery = absl::Milliseconds(100);
constexpr absl::Duration kLookAtHandshakesEvery = absl::Milliseconds(20);
constexpr absl::Duration kTick = absl::Milliseconds(250);  // While anybody is unproven.
constexpr absl::Duration kTurnTick = absl::Milliseconds(5);
// Who floods is noticed that late; thousands who speak now and then do not wake us one by one.
constexpr absl::Duration kMeasureEvery = absl::Milliseconds(20);

// So that no state of it stays with the system: the peer had nothing from us that could be lost.
void ResetAndClose(int fd) {
  const linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

// The socket's inode; 0 when there is none of that number.
ino_t InodeOf(int fd) {
  struct stat found = {};
  return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode) ? found.st_ino : 0;
}

// Ends a connection that others read from: the peer is told by a reset, and what it sent that
// nobody has read is dropped (connect(2), AF_UNSPEC). After shutdown(2) alone it would be read still.
bool Disconnect(int fd) {
  const sockaddr none = {.sa_family = AF_UNSPEC, .sa_data = {}};
  return connect(fd, &none, sizeof none) == 0 || shutdown(fd, SHUT_RDWR) == 0;
}

// What has come over this connection, read or not; nothing when it is none of TCP.
std::optional<int64_t> ReceivedBytes(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) {
    return std::nullopt;
  }
  return static_cast<int64_t>(info.tcpi_bytes_received);
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Errors of accept() that are one connection's or the network's (accept(2)).
bool Passes(int error) {
  constexpr int kPassing[] = {EINTR,  ECONNABORTED, EPROTO,      ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                              ENONET, EHOSTUNREACH, ENETUNREACH, EPERM,    ETIMEDOUT};
  return std::find(std::begin(kPassing), std::end(kPassing), error) != std::end(kPassing);
}

enum class FirstBytes { kNone, kTls, kOther, kEnd };

// A record of type handshake, version 3.x, with a ClientHello in it.
FirstBytes LookAtFirstBytes(int fd) {
  unsigned char bytes[6] = {};
  const ssize_t size = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return FirstBytes::kNone;
  if (size <= 0) return FirstBytes::kEnd;
  if (bytes[0] != 0x16 || (size > 1 && bytes[1] != 0x03)) return FirstBytes::kOther;
  if (size < 6) return FirstBytes::kNone;
  return bytes[5] == 0x01 ? FirstBytes::kTls : FirstBytes::kOther;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Start(ServerSockets sockets,
                                                          AcceptorOptions options,
                                                          AcceptorDependencies dependencies) {
  std::unique_ptr<Acceptor> acceptor(
      new Acceptor(std::move(sockets), std::move(options), std::move(dependencies)));
  const absl::Status opened = acceptor->Open();
  if (!opened.ok()) return opened;
  acceptor->thread_ = std::thread([a = acceptor.get()] {
    SetThreadName(absl::StrCat("accept ", a->options_.name));
    a->Run();
  });
  return acceptor;
}

Acceptor::Acceptor(ServerSockets sockets, AcceptorOptions options,
                   AcceptorDependencies dependencies)
    : options_(std::move(options)),
      d_(std::move(dependencies)),
      sockets_(std::move(sockets)),
      gate_(options_.limits, d_.clock.Steady()) {}

absl::Status Acceptor::Open() {
  const auto problem = [](const char* what) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": ", std::strerror(errno)));
  };
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  spare_ = fcntl(wake_, F_DUPFD_CLOEXEC, 0);
  arrivals_ = epoll_create1(EPOLL_CLOEXEC);
  arrivals_due_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0 || spare_ < 0 || arrivals_ < 0 || arrivals_due_ < 0) {
    return problem("no descriptors");
  }
  epoll_event wake = {.events = EPOLLIN, .data = {.u64 = kWakeTag}};
  epoll_event due = {.events = EPOLLIN, .data = {.u64 = kArrivalsDueTag}};
  epoll_event arrivals = {.events = EPOLLIN | EPOLLONESHOT, .data = {.u64 = kArrivalsTag}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &wake) != 0 ||
      epoll_ctl(epoll_, EPOLL_CTL_ADD, arrivals_due_, &due) != 0 ||
      epoll_ctl(epoll_, EPOLL_CTL_ADD, arrivals_, &arrivals) != 0) {
    return problem("epoll");
  }
  for (const int fd : sockets_.descriptors()) {
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = kSourceTag + sources_.size()}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return problem("epoll");
    sources_.push_back({.fd = fd, .wait = kFirstPause});
  }
  next_sweep_ = d_.clock.Steady() + kSweepEvery;
  return absl::OkStatus();
}

Acceptor::~Acceptor() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) {
    Wake();
    thread_.join();
  }
  {
    MutexLock lock(&mu_);
    for (const auto& [id, tracked] : tracked_) {
      if (!tracked.handed_on) ResetAndClose(tracked.fd);
    }
  }
  for (const int fd : {epoll_, wake_, spare_, arrivals_, arrivals_due_}) {
    if (fd >= 0) close(fd);
  }
}

GateCounts Acceptor::counts() const {
  MutexLock lock(&mu_);
  return gate_.counts();
}

void Acceptor::Prove(absl::string_view peer) {
  MutexLock lock(&mu_);
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) return;
  const int unproven = gate_.counts().unproven;
  gate_.Prove(found->second);
  if (gate_.counts().unproven < unproven && gate_.counts().queued > 0) Wake();
}

ConnectionId Acceptor::BeginCall(absl::string_view peer,
                                 absl::FunctionRef<std::string()> certificate) {
  const absl::Duration now = d_.clock.Steady();
  MutexLock lock(&mu_);
  const auto of_peer = by_peer_.find(peer);
  if (of_peer == by_peer_.end()) return 0;
  const ConnectionId id = of_peer->second;
  std::optional<Refusal> why = gate_.BeginCall(id, now);
  auto found = tracked_.find(id);
  if (found != tracked_.end() && !std::exchange(found->second.called, true)) {
    gate_.Show(id, certificate());
    if (gate_.IsCrowded(id)) Sweep();  // Some may have ended.
    if (gate_.IsCrowded(id)) why = Refusal::kCertificate;
    found = tracked_.find(id);
  }
  if (why.has_value() && found != tracked_.end() && !found->second.cut_off) {
    CutOff(found->second, *why, now);
    Wake();
  }
  return id;
}

void Acceptor::EndCall(ConnectionId id) {
  MutexLock lock(&mu_);
  gate_.EndCall(id);
}

void Acceptor::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

int Acceptor::Timeout(absl::Duration now) {
  absl::Duration until = absl::InfiniteDuration();
  {
    MutexLock lock(&mu_);
    const GateCounts& counts = gate_.counts();
    if (counts.connections > 0) until = next_sweep_ - now;
    if (counts.unproven > 0) until = std::min(until, kTick);
    if (counts.queued > 0) until = kTurnTick;
  }
  for (const Source& source : sources_) {
    if (source.paused) until = std::min(until, source.resume - now);
  }
  if (until == absl::InfiniteDuration()) return -1;
  return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Milliseconds(until)));
}

void Acceptor::Run() {
  std::array<epoll_event, 256> events;
  while (!dead_) {
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 Timeout(d_.clock.Steady()));
    if (ready < 0 && errno != EINTR) return Die(errno);
    const absl::Duration now = d_.clock.Steady();
    {
      MutexLock lock(&mu_);
      if (stopping_) return;
    }
    bool only_arrivals = ready > 0;
    for (int i = 0; i < ready && !dead_; ++i) {
      const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
      if (tag == kArrivalsTag) {
        MeasureSoon();
        continue;
      }
      only_arrivals = false;
      if (tag == kWakeTag || tag == kArrivalsDueTag) {
        uint64_t ignored = 0;
        (void)!read(tag == kWakeTag ? wake_ : arrivals_due_, &ignored, sizeof ignored);
      } else if (tag >= kSourceTag) {
        AcceptSome(sources_[tag - kSourceTag], now);
      } else {
        LookAt(static_cast<ConnectionId>(tag), now);
      }
    }
    if (!only_arrivals) MeasureArrivals(now);
    Tick(now);
  }
}

void Acceptor::MeasureSoon() {
  const itimerspec in = {.it_interval = {}, .it_value = absl::ToTimespec(kMeasureEvery)};
  timerfd_settime(arrivals_due_, 0, &in, nullptr);
}

void Acceptor::MeasureArrivals(absl::Duration now) {
  std::array<epoll_event, 256> events;
  int ready = 0;
  do {
    ready = epoll_wait(arrivals_, events.data(), static_cast<int>(events.size()), 0);
    MutexLock lock(&mu_);
    for (int i = 0; i < ready; ++i) {
      const auto id = static_cast<ConnectionId>(events[static_cast<size_t>(i)].data.u64);
      if (tracked_.contains(id)) Measure(id, now);
    }
  } while (ready == static_cast<int>(events.size()));
  epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data = {.u64 = kArrivalsTag}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, arrivals_, &again);
}

void Acceptor::AcceptSome(Source& source, absl::Duration now) {
  for (int i = 0; i < kAcceptsAtOnce && !source.paused; ++i) {
    sockaddr_storage from = {};
    socklen_t size = sizeof from;
    const int fd =
        accept4(source.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      source.wait = kFirstPause;
      TakeIn(fd, PeerAddressOf(reinterpret_cast<const sockaddr*>(&from)), now);
    } else if (errno == EAGAIN) {
      return;
    } else if (IsShortage(errno)) {
      OutOfDescriptors(source, errno, now);
    } else if (!Passes(errno)) {
      return Die(errno);
    }
  }
}

void Acceptor::OutOfDescriptors(Source& source, int error, absl::Duration now) {
  // The spare one takes whoever waits, so that he learns of it.
  if (spare_ >= 0) close(spare_);
  sockaddr_storage from = {};
  socklen_t size = sizeof from;
  const int fd =
      accept4(source.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    {
      MutexLock lock(&mu_);
      gate_.CountRefusal(Refusal::kDescriptors);  // Before anybody can notice.
    }
    ResetAndClose(fd);
  }
  spare_ = fcntl(wake_, F_DUPFD_CLOEXEC, 0);
  if (const auto untold = shortages_.Admit(now)) {
    log::Error("no connection can be accepted; trying again", {{"listener", options_.name},
                                                               {"reason", std::strerror(error)},
                                                               {"next_try_in", source.wait},
                                                               {"not_told_before", *untold}});
  }
  Pause(source, now);
}

void Acceptor::Pause(Source& source, absl::Duration now) {
  epoll_event none = {
      .events = 0, .data = {.u64 = kSourceTag + static_cast<uint64_t>(&source - sources_.data())}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, source.fd, &none);
  source.paused = true;
  source.resume = now + source.wait;
  source.wait = std::min(source.wait * 2, kLongestPause);
}

void Acceptor::TakeIn(int fd, const PeerAddress& peer, absl::Duration now) {
  const ConnectionId id = next_id_++;
  std::optional<Refusal> refusal;
  {
    MutexLock lock(&mu_);
    const auto old = by_descriptor_.find(fd);
    if (old != by_descriptor_.end()) ForgetEnded({old->second});
    ConnectionGate::Arrival arrival;
    if (options_.first_reserved_descriptor > 0 && fd >= options_.first_reserved_descriptor) {
      gate_.CountRefusal(Refusal::kDescriptors);
      arrival.refusal = Refusal::kDescriptors;
    } else {
      // A refusal counts once, whether or not there was something to sweep.
      if (gate_.Refuses(peer)) SweepForRoom(now);
      arrival = gate_.Arrive(id, peer, now);
    }
    refusal = arrival.refusal;
    if (arrival.displaced.has_value()) {
      if (const int displaced = Untrack(*arrival.displaced); displaced >= 0) {
        ResetAndClose(displaced);
      }
    }
    if (!refusal.has_value()) {
      tracked_[id] = {fd, InodeOf(fd), false, peer};
      by_descriptor_[fd] = id;
      if (options_.tls) by_peer_[peer.ToString()] = id;
    }
  }
  if (refusal.has_value()) {
    ResetAndClose(fd);
    return Say(peer, *refusal);
  }
  if (!options_.tls) {
    MutexLock lock(&mu_);
    gate_.Speak(id, now);
    return;
  }
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
                       .data = {.u64 = static_cast<uint64_t>(id)}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return;
  MutexLock lock(&mu_);
  gate_.Refuse(id, Refusal::kDescriptors);
  Untrack(id);
  ResetAndClose(fd);
}

void Acceptor::LookAt(ConnectionId id, absl::Duration now) {
  PeerAddress peer;
  {
    MutexLock lock(&mu_);
    const auto found = tracked_.find(id);
    if (found == tracked_.end()) return;
    if (found->second.handed_on) return;
    const int fd = found->second.fd;
    const FirstBytes first = LookAtFirstBytes(fd);
    if (first == FirstBytes::kNone) return;
    if (first == FirstBytes::kTls) {
      epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
      gate_.Speak(id, now);
      return;
    }
    peer = found->second.peer;
    Untrack(id);
    ResetAndClose(fd);
    if (first == FirstBytes::kEnd) return gate_.End(id);
    gate_.Refuse(id, Refusal::kNotTls);
  }
  Say(peer, Refusal::kNotTls);
}

void Acceptor::Measure(ConnectionId id, absl::Duration now) {
  Tracked& tracked = tracked_.find(id)->second;
  if (tracked.cut_off) return;
  const std::optional<int64_t> received = ReceivedBytes(tracked.fd);
  if (!received.has_value() || *received < tracked.received) return;  // Of another connection.
  const double regained =
      options_.limits.bytes_per_second * absl::ToDoubleSeconds(now - tracked.measured);
  tracked.in_one_go = std::max(0.0, tracked.in_one_go - regained) +
                      static_cast<double>(*received - tracked.received);
  tracked.received = *received;
  tracked.measured = now;
  if (tracked.in_one_go <= static_cast<double>(options_.limits.bytes_at_once)) return;
  CutOff(tracked, Refusal::kTooMuch, now);
}

// gRPC has the connection and may close it at any time, so that its number is another file's: what
// is cut off is held by a descriptor of our own first.
void Acceptor::CutOff(Tracked& tracked, Refusal why, absl::Duration now) {
  const int held = fcntl(tracked.fd, F_DUPFD_CLOEXEC, 0);
  if (held < 0) return;  // No descriptor left; its next bytes or call bring us here again.
  tracked.cut_off = InodeOf(held) == tracked.inode && Disconnect(held);
  close(held);
  if (!tracked.cut_off) return;
  gate_.CutOff(tracked.peer, why, now);
  untold_.emplace_back(tracked.peer, why);
}

void Acceptor::HandOnTurns(absl::Duration now) {
  std::vector<int> handed;
  {
    MutexLock lock(&mu_);
    for (const ConnectionId id : gate_.Turns(now)) {
      const auto found = tracked_.find(id);
      if (found == tracked_.end()) continue;
      Tracked& tracked = found->second;
      tracked.handed_on = true;
      tracked.measured = now;
      handed.push_back(tracked.fd);
      if (options_.tls && options_.limits.bytes_at_once > 0) {
        // Ends by itself when the descriptor is closed. Without it the connection is not measured.
        epoll_event event = {.events = EPOLLIN | EPOLLET,
                             .data = {.u64 = static_cast<uint64_t>(id)}};
        epoll_ctl(arrivals_, EPOLL_CTL_ADD, tracked.fd, &event);
      }
      if (!options_.tls) gate_.Prove(id);
    }
  }
  for (const int fd : handed) d_.hand_on(fd);
}

void Acceptor::Tick(absl::Duration now) {
  std::vector<std::pair<PeerAddress, Refusal>> told;
  {
    MutexLock lock(&mu_);
    for (const auto& [id, why] : gate_.Expire(now)) {
      if (const auto found = tracked_.find(id); found != tracked_.end()) {
        untold_.emplace_back(found->second.peer, why);
      }
      if (const int fd = Untrack(id); fd >= 0) ResetAndClose(fd);
    }
    if (now >= next_look_at_handshakes_) {
      next_look_at_handshakes_ = now + kLookAtHandshakesEvery;
      ForgetEnded(gate_.ShakingHands());
    }
    if (now >= next_sweep_) {
      next_sweep_ = now + kSweepEvery;
      Sweep();
    }
    told = std::exchange(untold_, {});
  }
  for (const auto& [peer, why] : told) Say(peer, why);
  HandOnTurns(now);
  if (spare_ < 0) spare_ = fcntl(wake_, F_DUPFD_CLOEXEC, 0);
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    if (!source.paused || now < source.resume) continue;
    source.paused = false;
    epoll_event event = {.events = EPOLLIN, .data = {.u64 = kSourceTag + i}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, source.fd, &event);
  }
}

// Of these, those whose descriptor is another file's, or nobody's.
void Acceptor::ForgetEnded(const std::vector<ConnectionId>& ids) {
  for (const ConnectionId id : ids) {
    const auto found = tracked_.find(id);
    if (found == tracked_.end() || !found->second.handed_on ||
        InodeOf(found->second.fd) == found->second.inode) {
      continue;
    }
    gate_.End(id);
    Untrack(id);
  }
}

void Acceptor::Sweep() {
  std::vector<ConnectionId> ids;
  ids.reserve(tracked_.size());
  for (const auto& [id, tracked] : tracked_) ids.push_back(id);
  ForgetEnded(ids);
}

void Acceptor::SweepForRoom(absl::Duration now) {
  if (now < next_forced_sweep_) return;
  next_forced_sweep_ = now + kForcedSweepEvery;
  Sweep();
}

int Acceptor::Untrack(ConnectionId id) {
  const auto found = tracked_.find(id);
  if (found == tracked_.end()) return -1;
  const Tracked tracked = std::move(found->second);
  tracked_.erase(found);
  const auto number = by_descriptor_.find(tracked.fd);
  if (number != by_descriptor_.end() && number->second == id) by_descriptor_.erase(number);
  const auto peer = by_peer_.find(tracked.peer.ToString());
  if (peer != by_peer_.end() && peer->second == id) by_peer_.erase(peer);
  return tracked.handed_on ? -1 : tracked.fd;
}

void Acceptor::Say(const PeerAddress& peer, Refusal why) {
  const auto untold = refusals_.Admit(d_.clock.Steady());
  if (!untold.has_value()) return;
  const GateCounts now = counts();
  const log::Fields fields = {{"listener", options_.name}, {"address", peer.address},
                              {"reason", Name(why)},       {"connections", now.connections},
                              {"unproven", now.unproven},  {"refused", now.refused_in_all()},
                              {"not_told_before", *untold}};
  if (why == Refusal::kSilent || why == Refusal::kNotTls) {
    log::Info("connection refused", fields);
  } else {
    log::Warning("connection refused", fields);
  }
}

void Acceptor::Die(int error) {
  dead_ = true;
  d_.on_dead(FailureStatus(
      FailureCode::kSystemListenerLost,
      absl::StrCat("the ", options_.name, " listener accepts no more: ", std::strerror(error))));
}

}  // namespace muster::net
