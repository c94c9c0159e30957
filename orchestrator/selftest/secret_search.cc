#include "orchestrator/selftest/secret_search.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster::selftest {
namespace {

constexpr size_t kBegin = 8;

std::string Hex(char c, bool capitals) {
  const std::string hex = absl::StrCat(absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
  return capitals ? absl::AsciiStrToUpper(hex) : hex;
}

// Each character as `spell` writes it; letters and digits as they are unless `all`.
template <typename Spell>
std::string Encoded(absl::string_view text, bool all, Spell spell) {
  std::string out;
  for (const char c : text) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) != 0;
    absl::StrAppend(&out, plain && !all ? std::string(1, c) : spell(c));
  }
  return out;
}

// What base64 has of the secret where it begins `shift` bytes behind a multiple of three.
std::string Base64At(absl::string_view secret, size_t shift) {
  const std::string text = absl::StrCat(std::string(shift, 'x'), secret);
  const size_t begin = shift == 0 ? 0 : shift + 1;
  return absl::Base64Escape(text).substr(begin, text.size() / 3 * 4 - begin);
}

}  // namespace

std::vector<Spelling> SpellingsOf(absl::string_view secret) {
  const size_t middle = secret.size() / 2;
  std::vector<Spelling> all = {
      {"plain", std::string(secret)},
      {"its first half", std::string(secret.substr(0, middle))},
      {"its second half", std::string(secret.substr(middle))},
      {"in capitals", absl::AsciiStrToUpper(secret)},
      {"in small letters", absl::AsciiStrToLower(secret)},
      {"backwards", std::string(secret.rbegin(), secret.rend())},
      {"hexadecimal", absl::BytesToHexString(secret)},
      {"hexadecimal", absl::AsciiStrToUpper(absl::BytesToHexString(secret))},
  };
  for (size_t shift = 0; shift < 3; ++shift) {
    std::string core = Base64At(secret, shift);
    std::string url = core;
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    all.push_back({"base64", std::move(core)});
    all.push_back({"base64", std::move(url)});
  }
  for (const bool every : {false, true}) {
    for (const bool capitals : {false, true}) {
      const auto hex = [capitals](char c) { return Hex(c, capitals); };
      all.push_back({"percent-encoded",
                     Encoded(secret, every, [&](char c) { return absl::StrCat("%", hex(c)); })});
      all.push_back(
          {"JSON", Encoded(secret, every, [&](char c) { return absl::StrCat("\\u00", hex(c)); })});
      all.push_back({"HTML", Encoded(secret, every,
                                     [&](char c) { return absl::StrCat("&#x", hex(c), ";"); })});
    }
    all.push_back({"HTML", Encoded(secret, every, [](char c) {
                     return absl::StrCat("&#", int{static_cast<unsigned char>(c)}, ";");
                   })});
  }
  all.push_back({"JSON", Encoded(secret, false, [](char c) {
                   return absl::StrCat(c == '/' || c == '"' || c == '\\' ? "\\" : "",
                                       std::string(1, c));
                 })});
  for (const bool big : {false, true}) {
    std::string wide;
    for (const char c : secret) wide += big ? std::string({'\0', c}) : std::string({c, '\0'});
    all.push_back({"UTF-16", std::move(wide)});
  }
  return all;
}

uint64_t SecretSearch::BeginOf(const char* bytes) {
  uint64_t begin = 0;
  std::memcpy(&begin, bytes, kBegin);
  return begin;
}

void SecretSearch::Plant(const std::string& name, absl::string_view secret) {
  std::set<std::string> seen;
  for (Spelling& spelling : SpellingsOf(secret)) {
    if (spelling.bytes.size() < kBegin || !seen.insert(spelling.bytes).second) continue;
    longest_ = std::max(longest_, spelling.bytes.size());
    const uint64_t begin = BeginOf(spelling.bytes.data());
    by_begin_[begin].push_back(patterns_.size());
    may_begin_[begin & 0xffff] = true;
    patterns_.push_back({{name, spelling.name}, std::move(spelling.bytes)});
  }
}

void SecretSearch::Look(absl::string_view bytes, std::set<Trace>& found) const {
  for (size_t at = 0; at + kBegin <= bytes.size(); ++at) {
    uint16_t first = 0;
    std::memcpy(&first, bytes.data() + at, sizeof first);
    if (!may_begin_[first]) continue;
    const auto begin = by_begin_.find(BeginOf(bytes.data() + at));
    if (begin == by_begin_.end()) continue;
    for (const size_t which : begin->second) {
      const Pattern& pattern = patterns_[which];
      if (bytes.substr(at, pattern.bytes.size()) == pattern.bytes) found.insert(pattern.trace);
    }
  }
}

}  // namespace muster::selftest
