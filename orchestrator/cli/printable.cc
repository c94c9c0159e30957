#include "orchestrator/cli/printable.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/utf8.h"

namespace muster::cli {
namespace {

struct CodePoints {
  uint32_t first;
  uint32_t last;
};

// Not for the eye: controls, directions, what has no width, what is no character.
constexpr CodePoints kUnseen[] = {
    {0x00, 0x1F},         // C0
    {0x7F, 0x9F},         // DEL, C1
    {0xAD, 0xAD},         // soft hyphen
    {0x61C, 0x61C},       // Arabic letter mark
    {0x115F, 0x1160},     // Hangul fillers
    {0x17B4, 0x17B5},     // Khmer inherent vowels
    {0x180B, 0x180F},     // Mongolian selectors
    {0x200B, 0x200F},     // zero width, direction marks
    {0x2028, 0x202E},     // separators of lines, embedding and override of directions
    {0x2060, 0x206F},     // word joiner, isolates, deprecated formats
    {0x3164, 0x3164},     // Hangul filler
    {0xD800, 0xF8FF},     // surrogates, private use
    {0xFE00, 0xFE0F},     // variation selectors
    {0xFEFF, 0xFEFF},     // byte order mark
    {0xFFA0, 0xFFA0},     // Hangul filler, half width
    {0xFFF0, 0xFFFB},     // interlinear annotations
    {0xFFFE, 0xFFFF},     // no characters
    {0x1BCA0, 0x1BCA3},   // shorthand controls
    {0x1D173, 0x1D17A},   // musical controls
    {0xE0000, 0x10FFFF},  // tags, more selectors, private use
};
constexpr CodePoints kCombining[] = {
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
    {0x900, 0x902},   {0x93C, 0x93C},   {0x941, 0x948},   {0x94D, 0x94D},   {0xE31, 0xE31},
    {0xE34, 0xE3A},   {0xE47, 0xE4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
    {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE20, 0xFE2F},
};
constexpr CodePoints kWide[] = {
    {0x1100, 0x115E},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},
    {0x26AA, 0x26AB},   {0x26C4, 0x26C5},   {0x2705, 0x2705},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18AFF},
    {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <size_t N>
bool IsIn(const CodePoints (&ranges)[N], uint32_t c) {
  const auto* const range = std::lower_bound(
      std::begin(ranges), std::end(ranges), c,
      [](const CodePoints& candidate, uint32_t value) { return candidate.last < value; });
  return range != std::end(ranges) && range->first <= c;
}

// Calls `each(bytes, code point)` for every character; a byte that begins none is passed alone with
// the code point 0.
template <typename Each>
void ForEachCharacter(absl::string_view text, const Each& each) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const absl::string_view bytes = text.substr(0, std::max<size_t>(length, 1));
    uint32_t c = 0;
    if (length == 1) {
      c = static_cast<unsigned char>(bytes[0]);
    } else if (length > 1) {
      c = static_cast<unsigned char>(bytes[0]) & (0x7F >> length);
      for (const char next : bytes.substr(1))
        c = (c << 6) | (static_cast<unsigned char>(next) & 0x3F);
    }
    each(bytes, c);
    text.remove_prefix(bytes.size());
  }
}

size_t WidthOfCharacter(uint32_t c) { return IsIn(kWide, c) ? 2 : IsIn(kCombining, c) ? 0 : 1; }

}  // namespace

std::string Printable(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  ForEachCharacter(text, [&out](absl::string_view bytes, uint32_t c) {
    if (c == '\n' || c == '\t') {
      out.push_back(' ');
    } else if (IsIn(kUnseen, c)) {
      out.push_back('?');
    } else {
      out.append(bytes.data(), bytes.size());
    }
  });
  return out;
}

std::string PrintableLines(absl::string_view text) {
  std::string out;
  for (size_t end = 0; !text.empty(); text.remove_prefix(end)) {
    end = std::min(text.find('\n'), text.size());
    out += Printable(text.substr(0, end));
    if (end < text.size()) {
      out.push_back('\n');
      ++end;
    }
  }
  return out;
}

std::string WithEscapes(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  ForEachCharacter(text, [&out](absl::string_view bytes, uint32_t c) {
    if (!IsIn(kUnseen, c) || c == '\n' || c == '\t') {
      out.append(bytes.data(), bytes.size());
    } else if (c == 0 && bytes[0] != '\0') {
      out += "\\ufffd";  // A byte of no character.
    } else if (c < 0x10000) {
      out += absl::StrFormat("\\u%04x", c);
    } else {
      out += absl::StrFormat("\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10),
                             0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  });
  return out;
}

size_t WidthOf(absl::string_view text) {
  size_t width = 0;
  ForEachCharacter(text, [&width](absl::string_view, uint32_t c) { width += WidthOfCharacter(c); });
  return width;
}

std::string Fit(absl::string_view text, size_t width) {
  if (WidthOf(text) <= width) return std::string(text);
  std::string out;
  size_t used = 1;  // The mark at the end.
  bool full = width == 0;
  ForEachCharacter(text, [&](absl::string_view bytes, uint32_t c) {
    full = full || used + WidthOfCharacter(c) > width;
    if (full) return;
    used += WidthOfCharacter(c);
    out.append(bytes.data(), bytes.size());
  });
  return width == 0 ? "" : out + "…";
}

std::vector<std::string> Wrap(absl::string_view text, size_t width) {
  width = std::max<size_t>(width, 2);  // Of a wide character.
  std::vector<std::string> lines = {""};
  size_t used = 0;
  const auto next_line = [&] {
    lines.emplace_back();
    used = 0;
  };
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    const size_t size = WidthOf(word);
    if (used > 0 && used + 1 + size > width) next_line();
    if (used > 0) {
      lines.back().push_back(' ');
      ++used;
    }
    // A word that is longer than a line is broken behind the last mark that joins its parts
    // ("completed_with_", "https://hub.example/"), or anywhere where there is none.
    size_t seam = 0;  // Bytes of the line up to there.
    ForEachCharacter(word, [&](absl::string_view bytes, uint32_t c) {
      if (used + WidthOfCharacter(c) > width) {
        std::string rest;
        if (seam > lines.back().size() / 3) {
          rest = lines.back().substr(seam);
          lines.back().resize(seam);
        }
        next_line();
        lines.back() = rest;
        used = WidthOf(rest);
        seam = 0;
      }
      used += WidthOfCharacter(c);
      lines.back().append(bytes.data(), bytes.size());
      if (c < 0x80 && absl::StrContains("/_-,;:=.", static_cast<char>(c))) {
        seam = lines.back().size();
      }
    });
  }
  return lines;
}

}  // namespace muster::cli
