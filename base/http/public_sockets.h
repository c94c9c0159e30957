// Connections of libcurl to the public net alone. The rule is asked for the very address that a
// connection is about to go to, after names were resolved, so that no answer of a name server gets
// round it.
#ifndef MUSTER_BASE_HTTP_PUBLIC_SOCKETS_H_
#define MUSTER_BASE_HTTP_PUBLIC_SOCKETS_H_

#include <curl/curl.h>

namespace muster::http {

class PublicSockets {
 public:
  PublicSockets() = default;
  PublicSockets(const PublicSockets&) = delete;
  PublicSockets& operator=(const PublicSockets&) = delete;

  // From now on `curl` connects to what IsPublicAddress says (base/public_address.h), and keeps no
  // connection for others or of others. This outlives the transfer.
  void Guard(CURL* curl);
  // An address was refused.
  bool refused() const { return refused_; }

 private:
  static curl_socket_t OnOpen(void* self, curlsocktype purpose, curl_sockaddr* address);

  bool refused_ = false;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_PUBLIC_SOCKETS_H_
