// Text that came from outside: a machine's facts, a hub's list, a service's answer, a file.
// Whatever goes in is kept as one valid, bounded, visible line, so that what holds a ForeignText
// needs no check before it is stored, put into a message or shown.
//
//   hub ─► HubText ──┐
//   worker ─► facts ─┼─► ForeignText ─► store, report, audit
//   old rows ────────┘        no UTF-8: '?' · controls: blank · what cannot be seen: <U+202E>
#ifndef MUSTER_BASE_FOREIGN_TEXT_H_
#define MUSTER_BASE_FOREIGN_TEXT_H_

#include <concepts>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace muster {

// A value; reads as a std::string. Cleaning what is clean changes nothing.
class ForeignText {
 public:
  static constexpr size_t kMostBytes = 512;

  ForeignText() = default;
  // At most `max_bytes`, cut between characters.
  ForeignText(absl::string_view foreign, size_t max_bytes = kMostBytes)  // NOLINT
      : text_(Clean(foreign, max_bytes)) {}
  ForeignText(const std::string& foreign) : ForeignText(absl::string_view(foreign)) {}  // NOLINT
  ForeignText(const char* foreign) : ForeignText(absl::string_view(foreign)) {}         // NOLINT

  const std::string& str() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT: it is one.
  bool empty() const { return text_.empty(); }
  void clear() { text_.clear(); }

  friend bool operator==(const ForeignText&, const ForeignText&) = default;
  template <typename Text>
  requires std::convertible_to<const Text&, absl::string_view>
  friend bool operator==(const ForeignText& a, const Text& b) {
    return a.text_ == absl::string_view(b);
  }
  template <typename H>
  friend H AbslHashValue(H h, const ForeignText& text) {
    return H::combine(std::move(h), text.text_);
  }
  friend std::ostream& operator<<(std::ostream& out, const ForeignText& text) {
    return out << text.text_;
  }

 private:
  static std::string Clean(absl::string_view foreign, size_t max_bytes);
  std::string text_;
};

}  // namespace muster

#endif  // MUSTER_BASE_FOREIGN_TEXT_H_
