// A value that cannot be printed, compared or formatted by accident (invariant 7).
#ifndef MUSTER_BASE_SECRET_H_
#define MUSTER_BASE_SECRET_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace muster {

// Holds secret bytes: a joining key's secret, a bootstrap token, a private key in PEM. Moves
// freely, copies only by name, and wipes its memory when destroyed or moved from. There is no
// stream operator and no AbslStringify: the only way to the bytes is Reveal(), which is easy to
// search for. Not thread-safe, like std::string.
class Secret {
 public:
  Secret() = default;
  // Takes the bytes and wipes the source.
  static Secret Take(std::string&& bytes);
  // Copies bytes that the caller does not own (a protobuf field, a file's contents).
  static Secret CopyOf(absl::string_view bytes);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret Clone() const { return CopyOf(bytes_); }
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  // The bytes; valid while this object is neither moved from nor destroyed. Never log, store or
  // format them.
  absl::string_view Reveal() const { return bytes_; }

 private:
  std::string bytes_;
};

// Overwrites the string's memory in a way that the compiler does not drop, then empties it.
void Wipe(std::string& bytes);

}  // namespace muster

#endif  // MUSTER_BASE_SECRET_H_
