#include "base/excerpt.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/disguise.h"
#include "base/plain_words.h"
#include "base/protection.h"
#include "base/redact.h"

namespace muster {
namespace {

// Longer texts are cut before they are worked on: little of them is kept.
constexpr size_t kMostQuoted = 16 << 10;
// Letters and digits of an excerpt that are no words: one less than what is a piece of a secret.
constexpr size_t kMostUnknown = 7;
constexpr int kMostStatuses = 2;
// Signs between two words.
constexpr size_t kMostSigns = 4;

bool IsLetterOrDigit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_isalnum(byte) || byte >= 0x80;
}

std::vector<bool> PiecesIn(absl::string_view text, std::span<const absl::string_view> secrets) {
  std::vector<bool> covered(text.size(), false);
  for (const absl::string_view secret : secrets) CoverDisguised(text, secret, covered);
  return covered;
}

// Marks what the caller knows himself, where it stands as a whole.
std::vector<bool> KnownIn(absl::string_view text, std::span<const absl::string_view> known) {
  std::vector<bool> found(text.size(), false);
  const std::string lower = absl::AsciiStrToLower(text);
  for (const absl::string_view one : known) {
    if (one.size() < 2) continue;
    const std::string wanted = absl::AsciiStrToLower(one);
    for (size_t at = lower.find(wanted); at != std::string::npos; at = lower.find(wanted, at + 1)) {
      const size_t end = at + wanted.size();
      const bool whole = (at == 0 || !IsLetterOrDigit(lower[at - 1])) &&
                         (end == lower.size() || !IsLetterOrDigit(lower[end]));
      if (whole) {
        std::fill(found.begin() + static_cast<ptrdiff_t>(at),
                  found.begin() + static_cast<ptrdiff_t>(end), true);
      }
    }
  }
  return found;
}

bool IsStatus(absl::string_view word) {
  return word.size() == 3 && word[0] >= '1' && word[0] <= '5' &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

bool AllOf(const std::vector<bool>& marks, size_t begin, size_t end) {
  return std::all_of(marks.begin() + static_cast<ptrdiff_t>(begin),
                     marks.begin() + static_cast<ptrdiff_t>(end), [](bool mark) { return mark; });
}

bool AnyOf(const std::vector<bool>& marks, size_t begin, size_t end) {
  return std::any_of(marks.begin() + static_cast<ptrdiff_t>(begin),
                     marks.begin() + static_cast<ptrdiff_t>(end), [](bool mark) { return mark; });
}

// Goes through the words of a redacted text once and writes what may be kept.
class Keeper {
 public:
  Keeper(absl::string_view text, const std::vector<bool>& secret, const std::vector<bool>& known)
      : text_(text), secret_(secret), known_(known) {}

  std::string Run() {
    for (size_t at = 0; at < text_.size();) {
      size_t word = at;
      while (word < text_.size() && !IsLetterOrDigit(text_[word])) ++word;
      size_t end = word;
      while (end < text_.size() && IsLetterOrDigit(text_[end])) ++end;
      Signs(at, word);
      if (end > word) Word(word, end);
      at = end;
    }
    return std::move(out_);
  }

 private:
  void Signs(size_t begin, size_t end) {
    if (begin == end) return;
    const bool keep =
        AllOf(known_, begin, end) || (end - begin <= kMostSigns && !AnyOf(secret_, begin, end));
    signs_ = std::string(keep ? text_.substr(begin, end - begin) : " ");
    if (end == text_.size()) absl::StrAppend(&out_, left_out_ ? signs_.substr(0, 1) : signs_);
  }

  void Word(size_t begin, size_t end) {
    if (MayKeep(begin, end)) {
      absl::StrAppend(&out_, std::exchange(signs_, ""), text_.substr(begin, end - begin));
      left_out_ = false;
      return;
    }
    // What is between two words that are left out is left out, too.
    if (!std::exchange(left_out_, true)) absl::StrAppend(&out_, signs_, kLeftOut);
    signs_.clear();
  }

  bool MayKeep(size_t begin, size_t end) {
    if (AnyOf(secret_, begin, end)) return false;
    if (AllOf(known_, begin, end)) return true;
    const std::string word = absl::AsciiStrToLower(text_.substr(begin, end - begin));
    if (word.size() > 1 && IsPlainWord(word)) return true;
    if (IsStatus(word) && statuses_ < kMostStatuses) {
      ++statuses_;
      return true;
    }
    // What is not ASCII may be invisible, or a letter that looks like another.
    if (std::any_of(word.begin(), word.end(), [](char c) { return (c & 0x80) != 0; })) return false;
    if (unknown_ + word.size() > kMostUnknown) return false;
    unknown_ += word.size();
    return true;
  }

  const absl::string_view text_;
  const std::vector<bool>& secret_;
  const std::vector<bool>& known_;
  std::string out_;
  std::string signs_;  // Before the next word.
  bool left_out_ = false;
  size_t unknown_ = 0;
  int statuses_ = 0;
};

}  // namespace

std::string Excerpt(absl::string_view foreign, std::span<const absl::string_view> secrets,
                    std::span<const absl::string_view> known, size_t max_size) {
  if (IsTurnedOff(Protection::kRedaction)) return CleanLine(foreign, max_size);
  // A secret that the cut would halve is found by its pieces.
  const std::string text = Redact(foreign.substr(0, kMostQuoted), secrets, kMostQuoted);
  // What joined when something was struck out between may be a piece again.
  const std::string kept = Keeper(text, PiecesIn(text, secrets), KnownIn(text, known)).Run();
  return CleanLine(kept, max_size);
}

bool RepeatsSecret(absl::string_view foreign, std::span<const absl::string_view> secrets) {
  const std::vector<bool> pieces = PiecesIn(foreign, secrets);
  return AnyOf(pieces, 0, pieces.size());
}

}  // namespace muster
