// A transport without a network: answers in the pieces that the test names, as a pipe might.
#ifndef MUSTER_TESTS_BASE_HTTP_SCRIPTED_TRANSPORT_H_
#define MUSTER_TESTS_BASE_HTTP_SCRIPTED_TRANSPORT_H_

#include <algorithm>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/http/transport.h"

namespace muster::http {

class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::vector<std::string> pieces)
      : pieces_(pieces.begin(), pieces.end()) {}

  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Url& url, const Patience&) override {
    origins_.push_back(url.Origin());
    return std::make_unique<Scripted>(*this);
  }
  const std::string& sent() const { return sent_; }
  const std::vector<std::string>& origins() const { return origins_; }

 private:
  class Scripted final : public Connection {
   public:
    explicit Scripted(ScriptedTransport& owner) : owner_(owner) {}
    absl::StatusOr<size_t> Read(std::span<char> into, const Patience&) override {
      if (owner_.pieces_.empty()) return 0;
      std::string& piece = owner_.pieces_.front();
      const size_t size = std::min(piece.size(), into.size());
      std::copy(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(size), into.begin());
      piece.erase(0, size);
      if (piece.empty()) owner_.pieces_.pop_front();
      return size;
    }
    absl::StatusOr<size_t> Write(absl::string_view bytes, const Patience&) override {
      const size_t size = std::min<size_t>(bytes.size(), 7);  // Never all at once.
      owner_.sent_.append(bytes.data(), size);
      return size;
    }

   private:
    ScriptedTransport& owner_;
  };

  std::deque<std::string> pieces_;
  std::string sent_;
  std::vector<std::string> origins_;
};

}  // namespace muster::http

#endif  // MUSTER_TESTS_BASE_HTTP_SCRIPTED_TRANSPORT_H_
