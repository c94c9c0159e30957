#include "base/secret.h"

namespace muster {

void Wipe(std::string& bytes) {
  volatile char* const p = bytes.data();
  for (size_t i = 0; i < bytes.size(); ++i) p[i] = 0;
  bytes.clear();
}

Secret Secret::Take(std::string&& bytes) {
  Secret s;
  s.bytes_.assign(bytes.data(),
                  bytes.size());  // Assign, not move: a short string would leave its bytes behind.
  Wipe(bytes);
  return s;
}

Secret Secret::CopyOf(absl::string_view bytes) {
  Secret s;
  s.bytes_.assign(bytes.data(), bytes.size());
  return s;
}

Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_.data(), other.bytes_.size()) {
  Wipe(other.bytes_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe(bytes_);
    bytes_.assign(other.bytes_.data(), other.bytes_.size());
    Wipe(other.bytes_);
  }
  return *this;
}

Secret::~Secret() { Wipe(bytes_); }

}  // namespace muster
