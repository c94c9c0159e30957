// A Connection over any stream of Boost.Asio: a socket here, a pipe's handle on Windows. Each has an
// event loop of its own that runs only while a step waits.
#ifndef MUSTER_BASE_HTTP_ASIO_CONNECTION_H_
#define MUSTER_BASE_HTTP_ASIO_CONNECTION_H_

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/http/transport.h"
#include "base/http/transport_error.h"

namespace muster::http {

// Runs what `start` began on `io` until it calls back, or patience is over: then `cancel` ends it.
// False: it was canceled.
template <typename Start, typename Cancel>
bool RunStep(boost::asio::io_context& io, const Patience& patience, Start start, Cancel cancel) {
  bool done = false;
  start([&done] { done = true; });
  io.restart();
  while (!done) {
    const absl::Duration slice = patience.Slice();
    if (slice == absl::ZeroDuration()) {
      cancel();
      while (!done && io.run_one() > 0) {
      }
      return false;
    }
    io.run_one_for(absl::ToChronoMilliseconds(slice + absl::Milliseconds(1)));
  }
  return true;
}

template <typename Stream>
class AsioConnection final : public Connection {
 public:
  // `stream` belongs to `io`.
  AsioConnection(std::unique_ptr<boost::asio::io_context> io, Stream stream)
      : io_(std::move(io)), stream_(std::move(stream)) {}

  absl::StatusOr<size_t> Read(std::span<char> into, const Patience& patience) override {
    const auto result = Step(patience, [&](auto handler) {
      stream_.async_read_some(boost::asio::buffer(into.data(), into.size()), handler);
    });
    const bool ended = result.over.ok() && (result.error == boost::asio::error::eof ||
                                            result.error == boost::asio::error::broken_pipe);
    if (ended) return 0;
    return result.Value("read");
  }

  absl::StatusOr<size_t> Write(absl::string_view bytes, const Patience& patience) override {
    return Step(patience,
                [&](auto handler) {
                  stream_.async_write_some(boost::asio::buffer(bytes.data(), bytes.size()),
                                           handler);
                })
        .Value("write");
  }

 private:
  struct Result {
    boost::system::error_code error;
    size_t size = 0;
    absl::Status over;

    bool ok() const { return over.ok() && !error; }
    absl::StatusOr<size_t> Value(absl::string_view step) const {
      if (!over.ok()) return over;
      if (!error) return size;
      return MakeTransportError(TransportError::kReset, true,
                                absl::StrCat("cannot ", step, ": ", error.message()));
    }
  };

  template <typename Start>
  Result Step(const Patience& patience, Start start) {
    Result result;
    const bool done = RunStep(
        *io_, patience,
        [&](auto finish) {
          start([&result, finish](const boost::system::error_code& error, size_t size) {
            result.error = error;
            result.size = size;
            finish();
          });
        },
        [this] {
          boost::system::error_code ignored;
          stream_.close(ignored);
        });
    if (!done) result.over = patience.Over(true, "connection");
    return result;
  }

  const std::unique_ptr<boost::asio::io_context> io_;  // Outlives the stream.
  Stream stream_;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_ASIO_CONNECTION_H_
