// The IP address in a socket address, whatever the system calls its parts.
#ifndef MUSTER_BASE_PLATFORM_IP_BYTES_H_
#define MUSTER_BASE_PLATFORM_IP_BYTES_H_

#include <string>

struct sockaddr;

namespace muster {

// 4 or 16 bytes in the net's order; none of an address of another family. `address` is a whole
// socket address of the family that it names.
std::string IpBytesOf(const sockaddr& address);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_IP_BYTES_H_
