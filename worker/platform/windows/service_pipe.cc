#include "worker/platform/service_pipe.h"

// Before what includes windows.h.
#include <boost/asio/windows/stream_handle.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/http/asio_connection.h"
#include "base/http/transport_error.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

constexpr DWORD kLookMs = 50;

absl::Status NotReached(DWORD error, const std::string& pipe) {
  return http::MakeTransportError(
      http::TransportError::kRefused, false,
      absl::StrCat("cannot open ", pipe, ": ", WindowsErrorText(error)));
}

class PipeTransport final : public http::Transport {
 public:
  PipeTransport(ServiceTrust& trust, std::string pipe) : trust_(trust), pipe_(std::move(pipe)) {}

  absl::StatusOr<std::unique_ptr<http::Connection>> Connect(
      const http::Url&, const http::Patience& patience) override {
    ASSIGN_OR_RETURN(Handle handle, Open(patience));
    ULONG pid = 0;
    if (!GetNamedPipeServerProcessId(handle.get(), &pid)) {
      return FailureStatus(FailureCode::kServiceUntrusted,
                           absl::StrCat("Windows does not say which process serves ", pipe_));
    }
    RETURN_IF_ERROR(trust_.CheckProcess(pid, absl::StrCat("what serves ", pipe_)));
    using Stream = boost::asio::windows::stream_handle;
    try {  // Asio throws when the process has no handle left for the loop.
      auto io = std::make_unique<boost::asio::io_context>(1);
      Stream stream(*io, handle.get());
      handle.Release();
      return std::make_unique<http::AsioConnection<Stream>>(std::move(io), std::move(stream));
    } catch (const boost::system::system_error& error) {
      return http::MakeTransportError(http::TransportError::kOther, false, error.what());
    }
  }

 private:
  // A pipe whose instances are all in use is waited for.
  absl::StatusOr<Handle> Open(const http::Patience& patience) const {
    const std::wstring name = Wide(pipe_);
    while (true) {
      // Who serves it may learn who this is, and may not act as it.
      Handle handle(CreateFileW(
          name.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING,
          FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr));
      if (handle.ok()) return handle;
      const DWORD error = GetLastError();
      if (error == ERROR_ACCESS_DENIED) {
        return FailureStatus(FailureCode::kServiceAccessDenied,
                             absl::StrCat(pipe_, " does not let this worker's account in"));
      }
      if (error != ERROR_PIPE_BUSY) return NotReached(error, pipe_);
      if (patience.Slice() == absl::ZeroDuration()) return patience.Over(false, pipe_);
      WaitNamedPipeW(name.c_str(), kLookMs);
    }
  }

  ServiceTrust& trust_;
  const std::string pipe_;
};

}  // namespace

std::string DefaultServicePipe() { return "\\\\.\\pipe\\certify-service"; }

std::unique_ptr<http::Transport> ServicePipeTransport(ServiceTrust& trust, std::string pipe) {
  return std::make_unique<PipeTransport>(trust, std::move(pipe));
}

}  // namespace muster::worker
