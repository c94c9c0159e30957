// How a BeastClient's bytes travel: over TCP (tcp_transport.h), or over whatever else carries bytes
// both ways, such as a named pipe of Windows. One connection serves one request.
//
//   Connect ──► Connection ──► Write … Read … ──► destroyed: closed
//
// Every step that waits takes a Patience and ends with it.
#ifndef MUSTER_BASE_HTTP_TRANSPORT_H_
#define MUSTER_BASE_HTTP_TRANSPORT_H_

#include <atomic>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http/url.h"

namespace muster::http {

// How long a step may take: until a moment of steady time, or until its client stops.
class Patience {
 public:
  // `stopped` outlives this.
  Patience(absl::Duration time, const std::atomic<bool>& stopped);
  // With another limit, whichever is over first.
  Patience AtMost(absl::Duration time) const;

  bool Stopped() const { return stopped_->load(std::memory_order_relaxed); }
  absl::Duration Left() const;  // Never negative.
  // How long to wait before looking at Stopped and Left again; zero when it is over.
  absl::Duration Slice() const;
  // kCanceled or kTimeout, whichever ended it.
  absl::Status Over(bool may_have_been_sent, absl::string_view what) const;

 private:
  absl::Duration deadline_;  // Steady time.
  const std::atomic<bool>* stopped_;
};

// Used by one thread.
class Connection {
 public:
  virtual ~Connection() = default;
  // Blocks until there are bytes; how many. 0: the other end has closed. kReset when the connection
  // broke, or what Patience::Over says.
  virtual absl::StatusOr<size_t> Read(std::span<char> into, const Patience& patience) = 0;
  // Blocks until some bytes are on their way; how many. Errors as Read.
  virtual absl::StatusOr<size_t> Write(absl::string_view bytes, const Patience& patience) = 0;
};

// Thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Blocks until the other end has accepted. Transport errors (transport_error.h) with "not sent",
  // or a status of its own for what it does not talk to.
  virtual absl::StatusOr<std::unique_ptr<Connection>> Connect(const Url& url,
                                                              const Patience& patience) = 0;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_TRANSPORT_H_
