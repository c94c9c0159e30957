#include "base/http/public_sockets.h"

#include "base/platform/ip_bytes.h"
#include "base/public_address.h"

namespace muster::http {

void PublicSockets::Guard(CURL* curl) {
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &OnOpen);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
}

curl_socket_t PublicSockets::OnOpen(void* self, curlsocktype, curl_sockaddr* address) {
  if (!IsPublicAddress(IpBytesOf(address->addr))) {
    static_cast<PublicSockets*>(self)->refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype, address->protocol);
}

}  // namespace muster::http
