#include "base/disguise.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/secret.h"

namespace muster {
namespace {

constexpr size_t kWindow = 8;
constexpr size_t kEnoughForWindows = 12;

bool IsLetter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

std::string LettersOf(absl::string_view text) {
  std::string letters;
  letters.reserve(text.size());
  for (const char c : text) {
    if (IsLetter(c)) letters.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return letters;
}

int DigitOf(char c, int base) {
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  const int digit = lower >= '0' && lower <= '9'   ? lower - '0'
                    : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                   : base;
  return digit < base ? digit : -1;
}

// How many digits of `base`, `most` at most, begin `text`, and the number that they are.
std::pair<size_t, uint32_t> TakeDigits(absl::string_view text, size_t most, int base) {
  size_t size = 0;
  uint32_t value = 0;
  while (size < text.size() && size < most && DigitOf(text[size], base) >= 0) {
    value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(DigitOf(text[size], base));
    ++size;
  }
  return {size, value};
}

// One character of a text, escaped or not: how many bytes it takes and what it is.
struct Character {
  size_t size = 1;
  char value = 0;
};

Character Escaped(absl::string_view text, size_t prefix, size_t digits, bool fixed, int base) {
  const auto [size, value] = TakeDigits(text.substr(prefix), digits, base);
  if (size == 0 || (fixed && size != digits) || value > 0x7f) return {};
  size_t whole = prefix + size;
  if (!fixed && whole < text.size() && text[whole] == ';') ++whole;
  return {whole, static_cast<char>(value)};
}

Character FirstOf(absl::string_view text) {
  const auto begins = [text](absl::string_view with) {
    return text.size() > with.size() &&
           std::equal(with.begin(), with.end(), text.begin(), [](char a, char b) {
             return a == absl::ascii_tolower(static_cast<unsigned char>(b));
           });
  };
  Character found;
  if (text[0] == '%') found = Escaped(text, 1, 2, true, 16);
  if (begins("&#x")) {
    found = Escaped(text, 3, 8, false, 16);
  } else if (begins("&#")) {
    found = Escaped(text, 2, 8, false, 10);
  }
  if (begins("\\u")) found = Escaped(text, 2, 4, true, 16);
  if (begins("\\x")) found = Escaped(text, 2, 2, true, 16);
  return found.value != 0 ? found : Character{1, text[0]};
}

// The letters of a text, and where each stands.
struct Reading {
  std::string letters;
  std::vector<std::pair<size_t, size_t>> places;  // Begin and end in the text.
};

// As it is, or with its escapes resolved: the digits of an escape may be the secret's own.
Reading Read(absl::string_view text, bool resolve) {
  Reading reading;
  reading.letters.reserve(text.size());
  reading.places.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character c = resolve ? FirstOf(text.substr(at)) : Character{1, text[at]};
    if (IsLetter(c.value)) {
      reading.letters.push_back(absl::ascii_tolower(static_cast<unsigned char>(c.value)));
      reading.places.emplace_back(at, at + c.size);
    }
    at += c.size;
  }
  return reading;
}

// What is looked for; wiped with its owner.
class Forms {
 public:
  explicit Forms(absl::string_view secret) {
    Add(LettersOf(secret));
    forms_.emplace_back(forms_.front().rbegin(), forms_.front().rend());
    window_ = forms_.front().size() < kEnoughForWindows ? forms_.front().size() : kWindow;
    if (window_ >= kWindow) AddEncoded(secret);
    Cut();
  }
  ~Forms() {
    for (std::string& form : forms_) Wipe(form);
  }
  Forms(const Forms&) = delete;
  Forms& operator=(const Forms&) = delete;

  void Cover(const Reading& text, std::vector<bool>& covered) const {
    const absl::string_view letters = text.letters;
    if (letters.size() < window_) return;
    for (size_t at = 0; at + window_ <= letters.size(); ++at) {
      if (!windows_.contains(letters.substr(at, window_))) continue;
      const size_t begin = text.places[at].first;
      const size_t end = text.places[at + window_ - 1].second;
      std::fill(covered.begin() + static_cast<ptrdiff_t>(begin),
                covered.begin() + static_cast<ptrdiff_t>(end), true);
    }
  }

 private:
  void Add(std::string form) {
    absl::AsciiStrToLower(&form);
    forms_.push_back(std::move(form));
  }
  void AddEncoded(absl::string_view secret) {
    Add(absl::BytesToHexString(secret));
    std::string wide;
    wide.reserve(2 * secret.size());  // No copy is left behind by growing.
    for (const char c : secret) wide += {c, '\0'};
    for (const absl::string_view bytes : {secret, absl::string_view(wide)}) {
      for (size_t shift = 0; shift < 3; ++shift) AddBase64(bytes, shift);
    }
    Wipe(wide);
  }
  // The last step: windows are views of the forms.
  void Cut() {
    for (const absl::string_view form : forms_) {
      for (size_t at = 0; at + window_ <= form.size(); ++at) {
        windows_.insert(form.substr(at, window_));
      }
    }
  }
  // What base64 has of `bytes` that begin `shift` behind a multiple of three, and nothing that
  // their neighbors have a part in.
  void AddBase64(absl::string_view bytes, size_t shift) {
    std::string padded;
    padded.reserve(shift + bytes.size());
    padded.append(shift, '\0');
    padded.append(bytes.data(), bytes.size());
    std::string encoded = absl::Base64Escape(padded);
    const size_t begin = shift == 0 ? 0 : shift + 1;
    const size_t end = padded.size() / 3 * 4 + padded.size() % 3;
    if (begin < end) Add(LettersOf(absl::string_view(encoded).substr(begin, end - begin)));
    Wipe(padded);
    Wipe(encoded);
  }

  std::vector<std::string> forms_;
  size_t window_ = 0;
  absl::flat_hash_set<absl::string_view> windows_;  // Of the forms.
};

}  // namespace

void CoverDisguised(absl::string_view text, absl::string_view secret, std::vector<bool>& covered) {
  std::string letters = LettersOf(secret);
  const bool few = letters.size() < kFewestDisguisedLetters;
  Wipe(letters);
  if (few) return;
  const Forms forms(secret);
  for (const bool resolve : {false, true}) {
    Reading reading = Read(text, resolve);
    forms.Cover(reading, covered);
    Wipe(reading.letters);
  }
}

}  // namespace muster
