// Publishes the double of a Certify service on a named pipe: what comes in there goes to its port
// and back. usage: muster_test_pipe PIPE ADDRESS PORT; prints "ready" and runs until it is ended.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/windows/stream_handle.hpp>
#include <boost/asio/write.hpp>
// Behind Boost, which includes it in its own way.
#include <windows.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/platform/windows/handle.h"

namespace {

using Tcp = boost::asio::ip::tcp;
using Pipe = boost::asio::windows::stream_handle;

// One connection, with a loop of its own; it ends when one side does.
struct Line {
  boost::asio::io_context io{1};
  Pipe pipe{io};
  Tcp::socket socket{io};
  std::array<char, 8192> to_service{};
  std::array<char, 8192> from_service{};
};

template <typename From, typename To>
void Copy(Line& line, From& from, To& to, std::array<char, 8192>& part) {
  from.async_read_some(boost::asio::buffer(part),
                       [&](boost::system::error_code error, size_t size) {
                         if (!error) {
                           boost::asio::write(to, boost::asio::buffer(part.data(), size), error);
                         }
                         if (error) {
                           boost::system::error_code ignored;
                           FlushFileBuffers(line.pipe.native_handle());
                           line.pipe.close(ignored);
                           line.socket.close(ignored);
                           return;
                         }
                         Copy(line, from, to, part);
                       });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::wstring name = muster::Wide(argv[1]);
  const Tcp::endpoint service(boost::asio::ip::make_address(argv[2]),
                              static_cast<unsigned short>(std::atoi(argv[3])));
  bool first = true;
  while (true) {
    const HANDLE pipe = CreateNamedPipeW(name.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                         PIPE_TYPE_BYTE | PIPE_WAIT, PIPE_UNLIMITED_INSTANCES, 8192,
                                         8192, 0, nullptr);
    if (pipe == INVALID_HANDLE_VALUE) return 1;
    if (first) std::puts("ready");
    std::fflush(stdout);
    first = false;
    OVERLAPPED waiting{};
    waiting.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    DWORD ignored = 0;
    if (!ConnectNamedPipe(pipe, &waiting) && GetLastError() == ERROR_IO_PENDING) {
      GetOverlappedResult(pipe, &waiting, &ignored, TRUE);
    }
    CloseHandle(waiting.hEvent);
    std::thread([pipe, service] {
      Line line;
      boost::system::error_code error;
      line.pipe.assign(pipe, error);
      line.socket.connect(service, error);
      if (error) return;
      Copy(line, line.pipe, line.socket, line.to_service);
      Copy(line, line.socket, line.pipe, line.from_service);
      line.io.run();
    }).detach();
  }
}
