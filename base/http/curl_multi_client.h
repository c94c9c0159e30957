// The AsyncClient and MailClient over libcurl's multi interface: one thread, any number of transfers, one pool of
// kept connections. Speaks HTTP/1.1.
//
//   Start ─► queue ─► thread: perform what is ready ─► done
//                        └─ a group beyond its pace is paused, and its servers wait in their sockets
//
// No transfer holds up another: names are resolved on libcurl's own threads, which nobody waits for
// when a transfer gives up; and however fast a server sends, or small it packs, its group has the
// thread for no more than its share.
#ifndef MUSTER_BASE_HTTP_CURL_MULTI_CLIENT_H_
#define MUSTER_BASE_HTTP_CURL_MULTI_CLIENT_H_

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/http/async_client.h"
#include "base/http/mail.h"
#include "base/mutex.h"

namespace muster::http {

struct CurlMultiOptions {
  // Body bytes, unpacked, that the requests of one pace group may have in a second, and at once
  // after a rest.
  double group_bytes_per_second = 16 << 20;
  double group_burst_bytes = 2 << 20;
  int max_idle_connections = 32;
};

class CurlMultiClient final : public AsyncClient, public MailClient {
 public:
  explicit CurlMultiClient(CurlMultiOptions options = {});
  ~CurlMultiClient() override;  // As Stop().

  void Start(Request request, AsyncClient::Done done) override;
  void StartMail(Mail mail, MailClient::Done done) override;

  // Ends every transfer, and all later ones at once, with kCanceled; their `done` has been called
  // when this returns. Not to be called by one of these. Idempotent.
  void Stop();

 private:
  struct Active;
  struct Group;
  class Loop;
  void Take(std::unique_ptr<Active> active);

  const CurlMultiOptions options_;
  std::atomic<bool> stopped_ = false;
  Mutex mu_;
  std::vector<std::unique_ptr<Active>> incoming_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;  // Nothing takes up what is incoming any more.
  const std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace muster::http

#endif  // MUSTER_BASE_HTTP_CURL_MULTI_CLIENT_H_
