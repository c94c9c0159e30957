// What answers on the local service's port, byte for byte: an answer or an error, never more than
// was allowed, and never a crash.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/http/beast_client.h"

namespace muster::http {
namespace {

class Bytes final : public Transport {
 public:
  explicit Bytes(absl::string_view bytes) : bytes_(bytes) {}
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Url&, const Patience&) override {
    return std::make_unique<Reader>(bytes_);
  }

 private:
  class Reader final : public Connection {
   public:
    explicit Reader(absl::string_view bytes) : bytes_(bytes) {}
    absl::StatusOr<size_t> Read(std::span<char> into, const Patience&) override {
      // Pieces of all sizes, as the first byte of each says.
      const size_t most = bytes_.empty() ? 0 : 1 + static_cast<unsigned char>(bytes_[0]) % 61;
      const size_t size = std::min({most, bytes_.size(), into.size()});
      std::copy_n(bytes_.begin(), size, into.begin());
      bytes_.remove_prefix(size);
      return size;
    }
    absl::StatusOr<size_t> Write(absl::string_view bytes, const Patience&) override {
      return bytes.size();
    }

   private:
    absl::string_view bytes_;
  };
  const absl::string_view bytes_;
};

}  // namespace
}  // namespace muster::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::http;
  Bytes transport(absl::string_view(reinterpret_cast<const char*>(data), size));
  BeastClient client(transport);
  for (const char* method : {"GET", "HEAD", "POST"}) {
    Request request;
    request.method = method;
    request.url = "http://localhost/api/system/appversion";
    request.max_response_bytes = 4096;
    const auto answer = client.Send(request);
    if (!answer.ok()) continue;
    if (answer->body.size() > request.max_response_bytes) std::abort();
    if (answer->status < 200 || answer->status > 999) std::abort();
  }
  return 0;
}
