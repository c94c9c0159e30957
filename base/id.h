// Strong ids: a ServerId is never taken for a ZoneId, and an id is never taken for its text.
#ifndef MUSTER_BASE_ID_H_
#define MUSTER_BASE_ID_H_

#include <compare>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace muster {

// An opaque id. Tag only tells kinds of ids apart. Empty means "none".
template <typename Tag>
class Id {
 public:
  Id() = default;
  explicit Id(absl::string_view value) : value_(value.data(), value.size()) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend bool operator==(const Id& a, const Id& b) { return a.value_ == b.value_; }
  friend auto operator<=>(const Id& a, const Id& b) { return a.value_ <=> b.value_; }
  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.value_);
  }
  friend std::ostream& operator<<(std::ostream& os, const Id& id) { return os << id.value_; }

 private:
  std::string value_;
};

}  // namespace muster

#endif  // MUSTER_BASE_ID_H_
