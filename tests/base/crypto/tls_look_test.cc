// What is seen of a peer that ends a connection after the handshake, and what is shown to it.
#include "base/crypto/tls_look.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/crypto/issue.h"
#include "base/crypto/key.h"
#include "base/crypto/secure_random.h"
#include "base/platform/signals.h"

namespace muster::crypto {
namespace {

enum class Ending { kInOrder, kReset };

// Shakes hands with one client and ends the connection.
class EndingServer {
 public:
  explicit EndingServer(Ending ending) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(at.sin_port));
    thread_ = std::thread([this, ending] { Serve(ending); });
  }
  ~EndingServer() {
    thread_.join();
    close(fd_);
  }
  const std::string& address() const { return address_; }

 private:
  void Serve(Ending ending) {
    IgnoreFailedWrites();  // The other end may be gone before the handshake's last words.
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    const int fd = accept(fd_, nullptr, nullptr);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(ssl.get(), fd);
    EXPECT_EQ(SSL_accept(ssl.get()), 1);
    if (ending == Ending::kReset) {
      const linger now = {1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(fd);
  }

  const int fd_;
  const PrivateKey key_ = *PrivateKey::Generate();
  const Certificate certificate_ = *SelfSign(key_,
                                             {.subject_common_name = "ending",
                                              .not_before = absl::Now() - absl::Hours(1),
                                              .not_after = absl::Now() + absl::Hours(1),
                                              .server = true},
                                             SecureRandom());
  std::string address_;
  std::thread thread_;
};

TEST(TlsLookTest, AnOrderlyEndIsOneAndAResetIsNone) {
  {
    EndingServer server(Ending::kInOrder);
    const auto look = LookAtTlsPeer({.address = server.address(), .server_name = "x"});
    ASSERT_TRUE(look.ok()) << look.status();
    EXPECT_EQ(look->chain.size(), 1u);
    EXPECT_TRUE(look->ended);
  }
  {
    EndingServer server(Ending::kReset);
    const auto look = LookAtTlsPeer({.address = server.address(), .server_name = "x"});
    ASSERT_TRUE(look.ok()) << look.status();
    EXPECT_EQ(look->chain.size(), 1u);
    EXPECT_FALSE(look->ended) << "firewalls and full listeners do so";
  }
}

// Nobody is asked for a passphrase.
TEST(TlsLookTest, AnEncryptedKeyIsNoneAtAll) {
  const PrivateKey key = *PrivateKey::Generate();
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  char passphrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), EVP_aes_256_cbc(), passphrase, 6,
                                          nullptr, nullptr),
            1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  const Certificate certificate = *SelfSign(key,
                                            {.subject_common_name = "w",
                                             .not_before = absl::Now() - absl::Hours(1),
                                             .not_after = absl::Now() + absl::Hours(1)},
                                            SecureRandom());
  TlsLookOptions options{.address = "127.0.0.1:1", .server_name = "x"};
  options.certificate_pem = certificate.ToPem();
  options.private_key_pem = Secret::CopyOf(absl::string_view(bytes, static_cast<size_t>(size)));
  EXPECT_TRUE(absl::IsInvalidArgument(LookAtTlsPeer(options).status()));
}

}  // namespace
}  // namespace muster::crypto
