#include "base/http/curl_multi_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/http/curl_mail.h"
#include "base/http/curl_transfer.h"
#include "base/http/transport_error.h"

namespace muster::http {
namespace {

constexpr int kLongestPollMs = 1000;

using SteadyTime = std::chrono::steady_clock::time_point;

absl::Status Stopped(absl::string_view name, bool may_have_been_sent) {
  return MakeTransportError(TransportError::kCanceled, may_have_been_sent,
                            absl::StrCat(name, ": the program stops"));
}

}  // namespace

// One request from Start to its end.
struct CurlMultiClient::Active {
  Active(Request r, Url u, AsyncClient::Done d)
      : name(RequestName(r, u)), request(std::move(r)), url(std::move(u)), done(std::move(d)) {}
  Active(Mail m, AsyncClient::Done d)
      : name(absl::StrCat("MAIL ", m.relay)), mail(std::move(m)), done(std::move(d)) {}
  // The handle first: until it is cleaned up libcurl may write to the transfer's error text and
  // call its callbacks.
  ~Active() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

  const std::string name;  // For errors.
  // A request with its URL, or a mail.
  const Request request;
  const std::optional<Url> url;
  const std::optional<Mail> mail;
  AsyncClient::Done done;
  CURL* curl = nullptr;
  std::unique_ptr<CurlWork> transfer;
  Group* group = nullptr;
  uint64_t counted_bytes = 0;  // Of the body: what its group was charged with.
  bool paused = false;
};

// What the requests of one pace group may still have; below zero they wait.
struct CurlMultiClient::Group {
  double bytes;
  SteadyTime filled;
  int transfers = 0;
};

// What the thread alone touches.
class CurlMultiClient::Loop {
 public:
  explicit Loop(CurlMultiClient& client) : client_(client), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(client.options_.max_idle_connections));
    // Every transfer has a connection of its own anyway: HTTP/1.1.
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  }
  ~Loop() { curl_multi_cleanup(multi_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void WakeUp() { curl_multi_wakeup(multi_); }

  void Run() {
    while (true) {
      bool stop = false;
      std::vector<std::unique_ptr<Active>> incoming;
      {
        MutexLock lock(&client_.mu_);
        stop = client_.stopped_.load(std::memory_order_relaxed);
        client_.closed_ = stop;
        incoming.swap(client_.incoming_);
      }
      for (std::unique_ptr<Active>& active : incoming) Add(std::move(active));
      if (stop) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      TakeUpEnded();
      const int wait = Pace();
      curl_multi_poll(multi_, nullptr, 0, wait, nullptr);
    }
    // Their ends may start others, which end at once.
    while (!active_.empty()) {
      CURL* const curl = active_.begin()->first;
      const Active& active = *active_.begin()->second;
      long sent = 0;  // Bytes of the request.
      curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
      End(curl, Stopped(active.name, sent > 0));
    }
  }

 private:
  void Add(std::unique_ptr<Active> active) {
    CURL* const curl = curl_easy_init();
    if (curl == nullptr) {
      active->done(MakeTransportError(TransportError::kOther, false, "libcurl: out of memory"));
      return;
    }
    active->curl = curl;
    if (active->mail.has_value()) {
      active->transfer = std::make_unique<CurlMail>(curl, *active->mail, client_.stopped_);
    } else {
      active->transfer =
          std::make_unique<CurlTransfer>(curl, active->request, *active->url, client_.stopped_);
    }
    // A name that is still being looked up when the transfer gives up is nobody's business: to wait
    // for its thread would hold up all others.
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    // Of one transfer up to a hundred buffers are filled before it is another's turn.
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 1024L);
    if (!active->request.pace_group.empty()) {
      const auto [it, fresh] = groups_.try_emplace(
          active->request.pace_group,
          Group{client_.options_.group_burst_bytes, std::chrono::steady_clock::now()});
      active->group = &it->second;
      ++active->group->transfers;
    }
    active_[curl] = std::move(active);
    curl_multi_add_handle(multi_, curl);
  }

  void TakeUpEnded() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const curl = message->easy_handle;
      const CURLcode code = message->data.result;  // `message` goes with the handle.
      End(curl, active_[curl]->transfer->Finish(code));
    }
  }

  void End(CURL* curl, absl::StatusOr<Response> outcome) {
    const auto it = active_.find(curl);
    const std::unique_ptr<Active> active = std::move(it->second);
    active_.erase(it);
    Charge(*active);
    if (active->group != nullptr) --active->group->transfers;
    curl_multi_remove_handle(multi_, curl);
    active->done(std::move(outcome));
  }

  static void Charge(Active& active) {
    if (active.group == nullptr) return;
    const uint64_t bytes = active.transfer->body_bytes();
    // An answer after a challenge begins a new body.
    if (bytes > active.counted_bytes) {
      active.group->bytes -= static_cast<double>(bytes - active.counted_bytes);
    }
    active.counted_bytes = bytes;
  }

  // Lets go on or wait who should. Milliseconds until that changes.
  int Pace() {
    for (auto& [curl, active] : active_) Charge(*active);
    const SteadyTime now = std::chrono::steady_clock::now();
    const double rate = client_.options_.group_bytes_per_second;
    double longest = kLongestPollMs;
    for (auto it = groups_.begin(); it != groups_.end();) {
      const auto next = std::next(it);
      Group& group = it->second;
      group.bytes =
          std::min(client_.options_.group_burst_bytes,
                   group.bytes + rate * std::chrono::duration<double>(now - group.filled).count());
      group.filled = now;
      if (group.bytes < 0) {
        longest = std::min(longest, 1 - group.bytes * 1000 / rate);
      } else if (group.transfers == 0 && group.bytes >= client_.options_.group_burst_bytes) {
        groups_.erase(it);
      }
      it = next;
    }
    for (auto& [curl, active] : active_) {
      // What has sent nothing yet costs nothing; and libcurl forgets a pause before the answer.
      if (active->group == nullptr || active->counted_bytes == 0) continue;
      const bool pause = active->group->bytes < 0;
      if (pause == active->paused) continue;
      active->paused = pause;
      curl_easy_pause(curl, pause ? CURLPAUSE_RECV : CURLPAUSE_CONT);
    }
    return static_cast<int>(longest);
  }

  CurlMultiClient& client_;
  CURLM* const multi_;
  absl::flat_hash_map<CURL*, std::unique_ptr<Active>> active_;
  absl::node_hash_map<std::string, Group> groups_;
};

CurlMultiClient::CurlMultiClient(CurlMultiOptions options)
    : options_(options), loop_((EnsureCurl(), std::make_unique<Loop>(*this))) {
  thread_ = std::thread([this] { loop_->Run(); });
}

CurlMultiClient::~CurlMultiClient() { Stop(); }

void CurlMultiClient::Start(Request request, AsyncClient::Done done) {
  absl::StatusOr<Url> url = CheckCurlRequest(request);
  if (!url.ok()) {
    done(url.status());
    return;
  }
  Take(std::make_unique<Active>(std::move(request), *std::move(url), std::move(done)));
}

void CurlMultiClient::StartMail(Mail mail, MailClient::Done done) {
  if (absl::Status status = CheckCurlMail(mail); !status.ok()) return done(std::move(status));
  Take(std::make_unique<Active>(std::move(mail), std::move(done)));
}

void CurlMultiClient::Take(std::unique_ptr<Active> active) {
  {
    MutexLock lock(&mu_);
    if (!closed_ && !stopped_.load(std::memory_order_relaxed)) {
      incoming_.push_back(std::move(active));
    }
  }
  if (active == nullptr) {
    loop_->WakeUp();
  } else {
    active->done(Stopped(active->name, false));
  }
}

void CurlMultiClient::Stop() {
  stopped_.store(true, std::memory_order_relaxed);
  loop_->WakeUp();
  if (thread_.joinable()) thread_.join();
}

}  // namespace muster::http
