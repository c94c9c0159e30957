#include "base/look_alikes.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace muster {
namespace {

struct Twin {
  int32_t point;  // As case folding leaves it.
  char latin;
};

// In order. Letters whose capital alone has a twin are in here, too: names are shown in any case.
constexpr Twin kTwins[] = {
    {0x00D7, 'x'},  // Multiplication sign.
    {0x0131, 'l'},  // Dotless i, and i is l.
    {0x0251, 'a'},
    {0x0261, 'g'},
    {0x0269, 'l'},
    {0x028B, 'v'},
    // Greek.
    {0x03B1, 'a'},
    {0x03B2, 'b'},
    {0x03B3, 'y'},
    {0x03B5, 'e'},
    {0x03B6, 'z'},
    {0x03B7, 'n'},
    {0x03B9, 'l'},
    {0x03BA, 'k'},
    {0x03BC, 'u'},
    {0x03BD, 'v'},
    {0x03BF, 'o'},
    {0x03C1, 'p'},
    {0x03C3, 'o'},
    {0x03C4, 't'},
    {0x03C5, 'u'},
    {0x03C7, 'x'},
    {0x03C9, 'w'},
    {0x03F3, 'j'},
    // Cyrillic.
    {0x0430, 'a'},
    {0x0432, 'b'},
    {0x0433, 'r'},
    {0x0435, 'e'},
    {0x043A, 'k'},
    {0x043C, 'm'},
    {0x043D, 'h'},
    {0x043E, 'o'},
    {0x0440, 'p'},
    {0x0441, 'c'},
    {0x0442, 't'},
    {0x0443, 'y'},
    {0x0445, 'x'},
    {0x044C, 'b'},
    {0x0455, 's'},
    {0x0456, 'l'},
    {0x0458, 'j'},
    {0x0475, 'v'},
    {0x04AF, 'y'},
    {0x04BB, 'h'},
    {0x04CF, 'l'},
    {0x0501, 'd'},
    {0x051B, 'q'},
    {0x051D, 'w'},
    // Armenian.
    {0x0570, 'h'},
    {0x0578, 'n'},
    {0x057D, 'u'},
    {0x0581, 'g'},
    {0x0585, 'o'},
    // Dashes.
    {0x2010, '-'},
    {0x2011, '-'},
    {0x2012, '-'},
    {0x2013, '-'},
    {0x2014, '-'},
    {0x2015, '-'},
    {0x2212, '-'},
    {0x2CBB, '-'},
};

char TwinOf(int32_t point) {
  const Twin* const found =
      std::lower_bound(std::begin(kTwins), std::end(kTwins), point,
                       [](const Twin& twin, int32_t wanted) { return twin.point < wanted; });
  return found != std::end(kTwins) && found->point == point ? found->latin : '\0';
}

std::string Folded(absl::string_view name) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                   static_cast<utf8proc_ssize_t>(name.size()), &out,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT |
                                                  UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  std::string folded(name);
  if (size >= 0) folded.assign(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
  std::free(out);  // utf8proc allocates with malloc.
  return folded;
}

}  // namespace

std::string ShapeOf(absl::string_view name) {
  if (!IsUtf8(name)) return std::string(name);
  if (name.size() > 1) absl::ConsumeSuffix(&name, ".");
  const std::string folded = Folded(name);
  std::string latin;
  for (size_t at = 0; at < folded.size();) {
    const size_t length = std::max<size_t>(1, Utf8Length(absl::string_view(folded).substr(at)));
    utf8proc_int32_t point = -1;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(folded.data() + at),
                     static_cast<utf8proc_ssize_t>(length), &point);
    if (const char twin = TwinOf(point); twin != '\0') {
      latin += twin;
    } else {
      latin.append(folded, at, length);
    }
    at += length;
  }
  std::string look = absl::StrReplaceAll(latin, {{"rn", "m"}, {"vv", "w"}});
  for (char& c : look) {
    if (c == '0') c = 'o';
    if (c == '1' || c == 'i' || c == '|') c = 'l';
  }
  return look;
}

}  // namespace muster
