// An HTTP server of a few lines, on a port of the system's choice, that answers byte for byte what
// the test says: also what no real server would.
#ifndef MUSTER_TESTS_BASE_HTTP_RAW_SERVER_H_
#define MUSTER_TESTS_BASE_HTTP_RAW_SERVER_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/crypto/certificate.h"
#include "base/crypto/key.h"
#include "base/mutex.h"

struct ssl_ctx_st;
struct ssl_st;

namespace muster::http {

class RawServer {
 public:
  // Gets a whole request (head and body), returns the bytes to answer with. Empty: the connection
  // is closed without an answer. An answer that holds "Connection: close" is the connection's last.
  // Called on the connection's thread.
  using Answer = std::function<std::string(const std::string& request)>;
  struct Identity {
    crypto::Certificate certificate;
    crypto::PrivateKey key;
  };

  explicit RawServer(Answer answer, const Identity* identity = nullptr);
  ~RawServer();  // Ends all connections; answers in progress must be able to end.

  // Behind each answer comes what this returns, again and again, until it returns nothing or the
  // client is gone: for answers that never end. To be set before the first request; called on the
  // connections' threads.
  void SendOn(std::function<std::string()> more) { more_ = std::move(more); }

  std::string Url(const std::string& path) const;
  std::vector<std::string> requests();
  int connections();

 private:
  void Accept();
  void Serve(int fd);
  static bool Send(int fd, ssl_st* ssl, const std::string& bytes);

  const Answer answer_;
  std::function<std::string()> more_;
  ssl_ctx_st* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  Mutex mu_;
  std::vector<int> open_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
  std::thread acceptor_;
};

// A port on 127.0.0.1 that refuses connections.
int RefusingPort();

// "HTTP/1.1 200 OK" with this body and its length.
std::string Ok(const std::string& body);

}  // namespace muster::http

#endif  // MUSTER_TESTS_BASE_HTTP_RAW_SERVER_H_
