// What a hub said, made fit for error texts and logs: short, printable, and without the secrets
// that were sent to it (invariant 7).
#ifndef MUSTER_ORCHESTRATOR_HUB_FOREIGN_TEXT_H_
#define MUSTER_ORCHESTRATOR_HUB_FOREIGN_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/http/client.h"
#include "base/secret.h"

namespace muster::hub {

// Knows the secrets of one hub client. Not thread-safe.
class Scrubber {
 public:
  // `secret` is struck out of all texts from now on, in every spelling (base/redact.h).
  void Add(const Secret& secret);
  // Forgets the secrets that were added after the first `count`.
  void KeepFirst(size_t count);
  size_t size() const { return secrets_.size(); }

  // `foreign` on one line of at most `limit` bytes, secrets and anything that looks like a JWT
  // replaced by "[secret]".
  std::string Clean(absl::string_view foreign, size_t limit = 200) const;

 private:
  std::vector<Secret> secrets_;
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
