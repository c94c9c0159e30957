#include "base/names.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/host.h"
#include "base/utf8.h"

namespace muster {
namespace {

// The code point of one whole UTF-8 sequence.
int32_t CodePoint(absl::string_view sequence) {
  utf8proc_int32_t point = -1;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(sequence.data()),
                   static_cast<utf8proc_ssize_t>(sequence.size()), &point);
  return point;
}

const char* NameOfInvisible(int32_t point) {
  switch (point) {
    case 0x00A0:
      return "no-break space";
    case 0x00AD:
      return "soft hyphen";
    case 0x200B:
      return "zero width space";
    case 0x200C:
    case 0x200D:
      return "zero width joiner";
    case 0x2060:
      return "word joiner";
    case 0xFEFF:
      return "byte order mark";
    default:
      break;
  }
  if ((point >= 0x200E && point <= 0x200F) || (point >= 0x202A && point <= 0x202E) ||
      (point >= 0x2066 && point <= 0x2069) || point == 0x061C) {
    return "turns the direction of text";
  }
  return point < 0x20 || point == 0x7F ? "control character" : "shows nothing";
}

// Characters that show nothing or are no characters. Spaces other than U+0020 count: they look like
// it and are not.
bool IsInvisible(int32_t point) {
  if (point == ' ') return false;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:  // Control.
    case UTF8PROC_CATEGORY_CF:  // Format: joiners, directions, byte order mark.
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:  // Private use.
    case UTF8PROC_CATEGORY_CN:  // Not assigned.
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return true;
    default:
      break;
  }
  // Letters and marks that are drawn as nothing: Hangul and Khmer fillers, variation selectors,
  // the braille blank, the grapheme joiner.
  return point == 0x115F || point == 0x1160 || point == 0x3164 || point == 0xFFA0 ||
         point == 0x034F || point == 0x17B4 || point == 0x17B5 || point == 0x2800 ||
         (point >= 0x180B && point <= 0x180F) || (point >= 0xFE00 && point <= 0xFE0F) ||
         (point >= 0xE0100 && point <= 0xE01EF);
}

// Through utf8proc; nothing for text that is no UTF-8.
std::optional<std::string> Mapped(absl::string_view text, int options) {
  if (!IsUtf8(text)) return std::nullopt;
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &out,
                                             static_cast<utf8proc_option_t>(options));
  std::optional<std::string> mapped;
  if (size >= 0) mapped.emplace(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
  std::free(out);  // utf8proc allocates with malloc.
  return mapped;
}

absl::Status BadName(absl::string_view name, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", Shown(name), "\" is no server name: ", why));
}

}  // namespace

std::string ProblemOfVisibleText(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0) {
      return absl::StrFormat("byte 0x%02X at position %d is no UTF-8",
                             static_cast<unsigned char>(text[at]), at + 1);
    }
    if (const int32_t point = CodePoint(text.substr(at, length)); IsInvisible(point)) {
      const std::string place = at == 0                      ? "at its beginning"
                                : at + length == text.size() ? "at its end"
                                                             : absl::StrCat("at byte ", at + 1);
      return absl::StrFormat("it holds U+%04X (%s) %s", point, NameOfInvisible(point), place);
    }
    at += length;
  }
  return "";
}

std::string Shown(absl::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text.substr(at));
    if (length == 0) {
      absl::StrAppendFormat(&out, "<%02X>", static_cast<unsigned char>(text[at++]));
      continue;
    }
    const absl::string_view sequence = text.substr(at, length);
    if (const int32_t point = CodePoint(sequence); IsInvisible(point)) {
      absl::StrAppendFormat(&out, "<U+%04X>", point);
    } else {
      absl::StrAppend(&out, sequence);
    }
    at += length;
  }
  return out;
}

absl::StatusOr<std::string> NormalizeServerName(absl::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("the server name is empty");
  if (const std::string problem = ProblemOfVisibleText(text); !problem.empty()) {
    return BadName(text, problem);
  }
  std::string name = Mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE).value_or(std::string(text));
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  if (name.size() > kMaxServerName) {
    return BadName(name.substr(0, 40) + "…",
                   absl::StrCat("it is longer than ", kMaxServerName, " bytes"));
  }
  if (const size_t at = name.find_first_of(" /*,"); at != std::string::npos) {
    return BadName(name, absl::StrCat("it holds '", name.substr(at, 1),
                                      "'; a name has no space, '/', '*' or ','"));
  }
  const bool dots = name.find_first_not_of('.') == std::string::npos;
  if (dots || name.front() == '.' || name.back() == '.' || name.find("..") != std::string::npos) {
    return BadName(name, "it has an empty part beside a dot");
  }
  const bool colons = std::count(name.begin(), name.end(), ':') > 1;
  const absl::StatusOr<std::string> host =
      CanonicalHost(colons && name.front() != '[' ? absl::StrCat("[", name, "]") : name);
  if (host.ok() && IsThisMachine(*host)) {
    return BadName(name, "every machine calls itself so; give the name that tells it from others");
  }
  return name;
}

std::string FoldName(absl::string_view name) {
  if (name.size() > 1) absl::ConsumeSuffix(&name, ".");
  // As nearly all names are: composed already, and folded as below.
  if (std::all_of(name.begin(), name.end(), absl::ascii_isascii)) {
    return absl::AsciiStrToLower(name);
  }
  const std::optional<std::string> folded =
      Mapped(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  return folded.has_value() ? *folded : absl::AsciiStrToLower(name);
}

std::string FoldedShortName(absl::string_view name) {
  std::string folded = FoldName(name);
  const size_t dot = folded.find('.');
  const absl::StatusOr<std::string> host = CanonicalHost(folded);
  if (dot == std::string::npos || (host.ok() && IsAddressLiteral(*host))) return "";
  return folded.substr(0, dot);
}

std::string HintOnServerName(absl::string_view name) {
  static constexpr absl::string_view kProposed[] = {
      "ubuntu", "debian",  "centos", "rocky", "almalinux",   "fedora",   "linux",
      "server", "windows", "pc",     "host",  "raspberrypi", "template", "localdomain"};
  const std::string folded = FoldName(name);
  std::string first = FoldedShortName(name);
  if (first.empty()) first = folded;
  for (const absl::string_view proposed : kProposed) {
    if (first == proposed) {
      return absl::StrCat("\"", name,
                          "\" is a name that installers propose: is it one machine's own?");
    }
  }
  const absl::StatusOr<std::string> host = CanonicalHost(folded);
  if (host.ok() && IsAddressLiteral(*host)) {
    return absl::StrCat("\"", name, "\" is an address: it changes sooner than a name does");
  }
  return "";
}

std::string ProblemOfServiceAccount(absl::string_view account) {
  constexpr size_t kLongest = 64;
  constexpr int64_t kNobody = 65534;
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_.-@$", c);
  };
  if (account.empty() || account.size() > kLongest || account[0] == '-' ||
      !std::all_of(account.begin(), account.end(), fits)) {
    return absl::StrCat("must be the name or number of an account, 1 to ", kLongest,
                        " of letters, digits and _ . - @ $");
  }
  int64_t number = -1;
  const bool numeric = absl::SimpleAtoi(account, &number);
  if (account == "nobody" || (numeric && number == kNobody)) {
    return "must not be nobody's: services that have no account of their own share that one";
  }
  if (account == "root" || (numeric && number == 0)) {
    return "must not be root: root is believed without it";
  }
  if (numeric && number >= int64_t{4294967295}) {
    return "must be below 4294967295";
  }
  return "";
}

}  // namespace muster
