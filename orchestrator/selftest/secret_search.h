// Looks for planted secrets in bytes, as they are and in the spellings that programs, formats and
// people give them. Pure.
#ifndef MUSTER_ORCHESTRATOR_SELFTEST_SECRET_SEARCH_H_
#define MUSTER_ORCHESTRATOR_SELFTEST_SECRET_SEARCH_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace muster::selftest {

// What was found, never the secret itself: "joining key", "base64".
struct Trace {
  std::string secret;
  std::string spelling;
  auto operator<=>(const Trace&) const = default;
};

struct Spelling {
  std::string name;
  std::string bytes;
};

// All that is looked for: plain, each half alone, in capitals and small letters, backwards, base64
// (at each of the three offsets that a longer text may give it) and its URL form, hexadecimal
// digits, percent-encoded, as a JSON text, as HTML, UTF-16.
std::vector<Spelling> SpellingsOf(absl::string_view secret);

class SecretSearch {
 public:
  // At least 16 bytes: less would be found by chance.
  void Plant(const std::string& name, absl::string_view secret);
  void Look(absl::string_view bytes, std::set<Trace>& found) const;
  // Who looks at a long text in pieces lets them overlap by so much.
  size_t longest() const { return longest_; }

 private:
  struct Pattern {
    Trace trace;
    std::string bytes;
  };
  static uint64_t BeginOf(const char* bytes);

  std::vector<Pattern> patterns_;
  absl::flat_hash_map<uint64_t, std::vector<size_t>> by_begin_;  // By their first eight bytes.
  std::vector<bool> may_begin_ = std::vector<bool>(1 << 16);     // By the first two of these.
  size_t longest_ = 0;
};

}  // namespace muster::selftest

#endif  // MUSTER_ORCHESTRATOR_SELFTEST_SECRET_SEARCH_H_
