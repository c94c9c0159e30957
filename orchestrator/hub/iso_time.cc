#include "orchestrator/hub/iso_time.h"

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"

namespace muster::hub {
namespace {

constexpr int kFirstYear = 2000;

// Takes exactly `digits` digits off the front of `text`.
std::optional<int> TakeNumber(absl::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool Take(absl::string_view& text, char expected) {
  if (text.empty() || absl::ascii_toupper(static_cast<unsigned char>(text[0])) != expected) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

// Digits after the decimal point; what is finer than a nanosecond is dropped.
std::optional<absl::Duration> TakeFraction(absl::string_view& text) {
  int64_t nanoseconds = 0;
  int64_t unit = 100'000'000;
  size_t digits = 0;
  for (; digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]));
       ++digits, unit /= 10) {
    nanoseconds += (text[digits] - '0') * unit;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return absl::Nanoseconds(nanoseconds);
}

// The rest of the text: "", "Z", "+02:00" or "-0530".
std::optional<absl::Duration> TakeOffset(absl::string_view& text) {
  if (text.empty() || Take(text, 'Z')) return absl::ZeroDuration();
  const int sign = text[0] == '-' ? -1 : 1;
  if (!Take(text, '+') && !Take(text, '-')) return std::nullopt;
  const std::optional<int> hours = TakeNumber(text, 2);
  Take(text, ':');
  const std::optional<int> minutes = TakeNumber(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return sign * (absl::Hours(*hours) + absl::Minutes(*minutes));
}

}  // namespace

std::optional<absl::Time> ParseIsoTime(absl::string_view text) {
  const std::optional<int> year = TakeNumber(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const std::optional<int> month = TakeNumber(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const std::optional<int> day = TakeNumber(text, 2);
  if (!day || !(Take(text, 'T') || Take(text, ' '))) return std::nullopt;
  const std::optional<int> hour = TakeNumber(text, 2);
  if (!hour || !Take(text, ':')) return std::nullopt;
  const std::optional<int> minute = TakeNumber(text, 2);
  if (!minute || !Take(text, ':')) return std::nullopt;
  const std::optional<int> second = TakeNumber(text, 2);
  if (!second || *second > 60) return std::nullopt;
  absl::Duration fraction;
  if (Take(text, '.')) {
    const std::optional<absl::Duration> taken = TakeFraction(text);
    if (!taken) return std::nullopt;
    fraction = *taken;
  }
  const std::optional<absl::Duration> offset = TakeOffset(text);
  if (!offset || !text.empty() || *year < kFirstYear) return std::nullopt;
  // A civil time carries what is out of range over to the next unit; such a text is no date.
  const absl::CivilMinute civil(*year, *month, *day, *hour, *minute);
  if (civil.month() != *month || civil.day() != *day || civil.hour() != *hour ||
      civil.minute() != *minute) {
    return std::nullopt;
  }
  return absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Seconds(*second) + fraction - *offset;
}

}  // namespace muster::hub
