#include "orchestrator/cli/text_encoding.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace muster::cli {
namespace {

constexpr absl::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr char kSaveAsUtf8[] =
    "save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet, -Encoding utf8 in PowerShell)";

void AppendUtf8(uint32_t point, std::string& out) {
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (point >> 6)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (point >> 18)));
    out.push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

// Nothing when a surrogate stands alone or half a character is left.
std::optional<std::string> FromUtf16(absl::string_view bytes, bool little) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  const auto unit = [&](size_t i) {
    const auto first = static_cast<uint8_t>(bytes[i]);
    const auto second = static_cast<uint8_t>(bytes[i + 1]);
    return static_cast<uint32_t>(little ? first | second << 8 : first << 8 | second);
  };
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t point = unit(i);
    if (point >= 0xD800 && point < 0xE000) {
      if (point >= 0xDC00 || i + 2 >= bytes.size()) return std::nullopt;
      const uint32_t low = unit(i += 2);
      if (low < 0xDC00 || low >= 0xE000) return std::nullopt;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(point, out);
  }
  return out;
}

// Lines end with LF, CRLF or CR.
int LineAt(absl::string_view text, size_t position) {
  int line = 1;
  for (size_t i = 0; i < position; ++i) {
    line += text[i] == '\n' || (text[i] == '\r' && (i + 1 >= text.size() || text[i + 1] != '\n'));
  }
  return line;
}

DecodedText Problem(std::string why, int line) { return {"", std::move(why), line}; }

// Whether the content is UTF-16, and with which end first.
std::optional<bool> LittleEndOfUtf16(absl::string_view content) {
  if (absl::StartsWith(content, "\xFF\xFE")) return true;
  if (absl::StartsWith(content, "\xFE\xFF")) return false;
  if (content.size() < 2) return std::nullopt;
  if (content[0] != '\0' && content[1] == '\0') return true;
  if (content[0] == '\0' && content[1] != '\0') return false;
  return std::nullopt;
}

}  // namespace

DecodedText DecodeText(absl::string_view content) {
  constexpr absl::string_view kUtf32Little("\xFF\xFE\0\0", 4);
  constexpr absl::string_view kUtf32Big("\0\0\xFE\xFF", 4);
  if (absl::StartsWith(content, kUtf32Little) || absl::StartsWith(content, kUtf32Big)) {
    return Problem(absl::StrCat("the file is UTF-32 text; ", kSaveAsUtf8), 1);
  }
  std::string text;
  if (const std::optional<bool> little = LittleEndOfUtf16(content); little.has_value()) {
    std::optional<std::string> decoded = FromUtf16(content, *little);
    if (!decoded.has_value()) {
      return Problem(absl::StrCat("the file begins as UTF-16 text but is damaged; ", kSaveAsUtf8),
                     1);
    }
    text = *std::move(decoded);
  } else {
    text = std::string(content);
  }
  if (absl::StartsWith(text, kUtf8Mark)) text.erase(0, kUtf8Mark.size());
  const size_t good = Utf8Prefix(text);
  if (good < text.size()) {
    return Problem(
        absl::StrFormat("the file is not UTF-8: byte 0x%02X; it looks like an old code page such "
                        "as Windows-1252, of which nobody can tell the letters; %s",
                        static_cast<unsigned char>(text[good]), kSaveAsUtf8),
        LineAt(text, good));
  }
  if (const size_t zero = text.find('\0'); zero != std::string::npos) {
    return Problem(absl::StrCat("the file holds zero bytes and is no text; ", kSaveAsUtf8),
                   LineAt(text, zero));
  }
  return {std::move(text), "", 1};
}

}  // namespace muster::cli
