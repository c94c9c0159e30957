// Redaction. First part: a secret; second part: a text around it. The text is looked at with the
// secret put in, plain and in the spellings of other formats and of those who mean to get it
// through: none of it is left.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/redact.h"
#include "tests/fuzz/messages.h"
#include "tests/fuzz/promises.h"

namespace {

using muster::fuzz::Require;

// Of those that are made of what keys are made of; what is left of others may be any text's.
bool IsKeyLike(absl::string_view secret) {
  return secret.size() >= 12 && secret.size() <= 200 &&
         std::all_of(secret.begin(), secret.end(),
                     [](char c) {
                       return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                              absl::StrContains("+/=_-.~", c);
                     }) &&
         std::count_if(secret.begin(), secret.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c));
         }) >= 12;
}

std::string Each(absl::string_view text, std::string (*spell)(unsigned char)) {
  std::string out;
  for (const char c : text) absl::StrAppend(&out, spell(static_cast<unsigned char>(c)));
  return out;
}

std::vector<std::string> SpellingsOf(const std::string& secret) {
  std::string wide;
  for (const char c : secret) wide += {c, '\0'};
  return {
      secret,
      std::string(secret.rbegin(), secret.rend()),
      absl::AsciiStrToUpper(secret),
      absl::Base64Escape(secret),
      absl::WebSafeBase64Escape(secret),
      absl::Base64Escape(absl::StrCat("user:", secret)),
      absl::BytesToHexString(secret),
      absl::AsciiStrToUpper(absl::BytesToHexString(secret)),
      wide,
      Each(secret, [](unsigned char c) { return absl::StrCat("%", absl::Hex(c)); }),
      Each(secret, [](unsigned char c) { return absl::StrCat("&#", int{c}, ";"); }),
      Each(secret, [](unsigned char c) { return absl::StrCat("&#x", absl::Hex(c), ";"); }),
      Each(secret, [](unsigned char c) { return absl::StrCat("\\u00", absl::Hex(c)); }),
      Each(secret, [](unsigned char c) { return absl::StrCat(std::string(1, char(c)), " "); }),
      Each(secret, [](unsigned char c) { return absl::StrCat(std::string(1, char(c)), "-"); }),
      absl::StrCat(secret.substr(0, secret.size() / 2), " and ", secret.substr(secret.size() / 2))};
}

// The letters and digits of a text, in lower case.
std::string LettersOf(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      out.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

// Whether a piece of the replacement is a part of the letters, in either direction: such a secret
// is seen wherever something was struck out beside a fitting word.
bool HoldsReplacement(absl::string_view letters) {
  const std::string own = LettersOf(muster::kRedacted);
  const std::string back(own.rbegin(), own.rend());
  for (const absl::string_view form : {absl::string_view(own), absl::string_view(back)}) {
    for (size_t at = 0; at + 4 <= form.size(); ++at) {
      if (absl::StrContains(letters, form.substr(at, 4))) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  const auto parts = fuzz::PartsOf(fuzz::TextOf(data, size));
  const std::string secret(parts[0]);
  const absl::string_view around = parts.size() > 1 ? parts[1] : "";
  const absl::string_view secrets[] = {secret};
  for (const size_t most : {size_t{0}, size_t{7}, kMaxForeignText}) {
    fuzz::RequireLine(Redact(around, secrets, most), most, "what is kept of a text");
    fuzz::RequireLine(CleanLine(around, most), most, "a clean line");
  }
  const std::string once = Redact(around, secrets);
  Require(Redact(once, {}, 2 * kMaxForeignText).size() <= 2 * kMaxForeignText, "and it ends");
  if (!IsKeyLike(secret) || fuzz::Holds(around, secret) || around.size() > 4096) return 0;
  const std::string letters = LettersOf(secret);
  if (HoldsReplacement(letters)) return 0;
  const std::string back(letters.rbegin(), letters.rend());
  // What the replacement, or the text itself, holds of the secret is not the redaction's.
  const std::string own = LettersOf(absl::StrCat(around, kRedacted, around));
  for (const std::string& spelling : SpellingsOf(secret)) {
    const std::string text = absl::StrCat(around.substr(0, around.size() / 2), " '", spelling, "' ",
                                          around.substr(around.size() / 2));
    const std::string kept = LettersOf(Redact(text, secrets, 16 << 10));
    for (const std::string& form : {letters, back}) {
      for (size_t at = 0; at + 12 <= form.size(); ++at) {
        const std::string piece = form.substr(at, 12);
        Require(!absl::StrContains(kept, piece) || absl::StrContains(own, piece),
                "nothing is left of a secret");
      }
    }
    Require(!absl::StrContains(kept, LettersOf(absl::BytesToHexString(secret))) ||
                absl::StrContains(own, LettersOf(absl::BytesToHexString(secret))),
            "not as digits either");
    Require(!absl::StrContains(kept, LettersOf(absl::Base64Escape(secret)).substr(0, 16)) ||
                absl::StrContains(own, LettersOf(absl::Base64Escape(secret)).substr(0, 16)),
            "nor in base64");
  }
  return 0;
}
