#include "base/http/tcp_transport.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/http/asio_connection.h"
#include "base/http/transport_error.h"
#include "base/status_macros.h"

namespace muster::http {
namespace {

using Tcp = boost::asio::ip::tcp;

// A socket with its event loop, which owns it.
struct Loop {
  std::unique_ptr<boost::asio::io_context> io;
  std::unique_ptr<Tcp::socket> socket;
};

// Asio throws when the process has no descriptor left for the loop.
absl::StatusOr<Loop> MakeLoop() {
  Loop loop;
  try {
    loop.io = std::make_unique<boost::asio::io_context>(1);
    loop.socket = std::make_unique<Tcp::socket>(*loop.io);
  } catch (const boost::system::system_error& error) {
    return MakeTransportError(TransportError::kOther, false, error.what());
  }
  return loop;
}

absl::StatusOr<TcpEnds> EndsOf(const Tcp::socket& socket) {
  boost::system::error_code error;
  const Tcp::endpoint local = socket.local_endpoint(error);
  const Tcp::endpoint remote = error ? Tcp::endpoint() : socket.remote_endpoint(error);
  if (error) return MakeTransportError(TransportError::kReset, false, error.message());
  return TcpEnds{local.address().to_string(), local.port(), remote.address().to_string(),
                 remote.port()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> TcpTransport::Connect(const Url& url,
                                                                  const Patience& patience) {
  ASSIGN_OR_RETURN(const std::vector<std::string> addresses, options_.resolve(url.host()));
  absl::Status last = MakeTransportError(TransportError::kDns, false,
                                         absl::StrCat(url.host(), " has no address here"));
  for (const std::string& text : addresses) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(text, error);
    if (error) return absl::InternalError(absl::StrCat(text, " is no address"));
    ASSIGN_OR_RETURN(Loop loop, MakeLoop());
    Tcp::socket& socket = *loop.socket;
    const bool done = RunStep(
        *loop.io, patience,
        [&](auto finish) {
          socket.async_connect({address, static_cast<uint16_t>(url.port())},
                               [&error, finish](const boost::system::error_code& result) {
                                 error = result;
                                 finish();
                               });
        },
        [&socket] {
          boost::system::error_code ignored;
          socket.close(ignored);
        });
    if (!done) return patience.Over(false, "connect");
    if (error) {
      last = MakeTransportError(
          TransportError::kRefused, false,
          absl::StrCat("cannot connect to ", text, " port ", url.port(), ": ", error.message()));
      continue;
    }
    if (options_.admit != nullptr) {
      ASSIGN_OR_RETURN(const TcpEnds ends, EndsOf(socket));
      RETURN_IF_ERROR(options_.admit(ends));
    }
    return std::make_unique<AsioConnection<Tcp::socket>>(std::move(loop.io), std::move(socket));
  }
  return last;
}

}  // namespace muster::http
