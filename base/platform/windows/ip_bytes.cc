#include "base/platform/ip_bytes.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstring>

namespace muster {

std::string IpBytesOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &address, sizeof(four));
    return std::string(reinterpret_cast<const char*>(&four.sin_addr), sizeof(four.sin_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &address, sizeof(six));
    return std::string(reinterpret_cast<const char*>(&six.sin6_addr), sizeof(six.sin6_addr));
  }
  return "";
}

}  // namespace muster
