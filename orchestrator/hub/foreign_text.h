// The one entrance of what a hub says: texts become valid, bounded and printable here, ids are taken
// only as they are, and what goes into error texts and logs is without the secrets that were sent to
// the hub (invariant 7).
#ifndef MUSTER_ORCHESTRATOR_HUB_FOREIGN_TEXT_H_
#define MUSTER_ORCHESTRATOR_HUB_FOREIGN_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/foreign_text.h"
#include "base/http/client.h"
#include "base/secret.h"

namespace muster::hub {

inline constexpr size_t kMaxHubText = 256;  // Bytes of a name, a version, an operating system.
inline constexpr size_t kMaxHubId = 128;

// A text of the hub's list as it is kept.
inline ForeignText HubText(absl::string_view foreign, size_t limit = kMaxHubText) {
  return ForeignText(foreign, limit);
}

// An id in lower case; "" for what cannot be one: more than kMaxHubId bytes, or anything but visible
// ASCII. An id is never changed to fit: it would be another one.
std::string HubId(absl::string_view foreign);

// Knows the secrets of one hub client. Not thread-safe.
class Scrubber {
 public:
  // `secret` is struck out of all texts from now on, in every spelling (base/redact.h).
  void Add(const Secret& secret);
  // Forgets the secrets that were added after the first `count`.
  void KeepFirst(size_t count);
  size_t size() const { return secrets_.size(); }

  // `text` is no secret and may be repeated: the hub's own address.
  void Know(std::string text) { known_.push_back(std::move(text)); }

  // Text of our own or of libraries, on one visible line: secrets and anything that looks like a
  // JWT replaced by "[secret]" before; "..." behind what was cut.
  std::string Clean(absl::string_view text, size_t limit = 200) const;
  // Of what the hub says of itself in an answer only what no secret can hide in (base/excerpt.h).
  std::string Quote(absl::string_view answer, size_t limit = 200) const;

 private:
  std::vector<absl::string_view> Secrets() const;

  std::vector<Secret> secrets_;
  std::vector<std::string> known_;
};

// What an answer that is no success says for itself: "401 Unauthorized: Not authorized to perform
// x" from a problem JSON, "502 (HTML page \"502 Bad Gateway\")" from a proxy, else the status
// alone. Nothing else of the body is repeated.
std::string DescribeAnswer(const http::Response& response, const Scrubber& scrubber);

// The header Retry-After, in seconds or as a date held against the answer's own Date header. At
// least a second, at most an hour.
std::optional<absl::Duration> RetryAfterOf(const http::Response& response);
// The Date header: the server's clock, cut to a whole second.
std::optional<absl::Time> DateOf(const http::Response& response);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_FOREIGN_TEXT_H_
