#include "base/foreign_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "base/names.h"
#include "base/redact.h"

namespace muster {
namespace {

// What is read of a text before it is cut: nobody keeps that much.
constexpr size_t kMostForeign = 16 << 10;

// What our own words are made of, with the arrow of "from → to". Others are looked at one by one.
bool IsVisibleLine(absl::string_view text) {
  constexpr absl::string_view kArrow = "→";
  while (!text.empty()) {
    if (text[0] >= ' ' && text[0] <= '~') {
      text.remove_prefix(1);
    } else if (!absl::ConsumePrefix(&text, kArrow)) {
      return false;
    }
  }
  return true;
}

// The length of the longest beginning of at most `limit` bytes that ends between two characters.
size_t CutForeign(absl::string_view text, size_t limit) {
  if (text.size() <= limit) return text.size();
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return limit;
}

}  // namespace

std::string ForeignText::Clean(absl::string_view foreign, size_t max_bytes) {
  foreign = foreign.substr(0, kMostForeign);
  if (IsVisibleLine(foreign)) return std::string(foreign.substr(0, CutForeign(foreign, max_bytes)));
  std::string text = CleanLine(foreign, foreign.size());
  if (!ProblemOfVisibleText(text).empty()) text = Shown(text);
  text.resize(CutForeign(text, max_bytes));
  absl::StripTrailingAsciiWhitespace(&text);  // That the cut left: cleaning again changes nothing.
  return text;
}

}  // namespace muster
