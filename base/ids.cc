#include "base/ids.h"

#include <algorithm>

namespace muster {
namespace {

constexpr int kTimeLetters = 9;      // 45 bits of milliseconds: until the year 3084.
constexpr int kSequenceLetters = 3;  // 15 bits.
constexpr size_t kRandomLetters = 8;
constexpr size_t kIdsPerDraw = 64;
constexpr uint32_t kMostOfOneMillisecond = uint32_t{1} << (5 * kSequenceLetters);

// The letters of base32 (RFC 4648) in the order of their characters.
void AppendOrdered(std::string& out, uint64_t value, int letters) {
  static constexpr char kAlphabet[] = "234567abcdefghijklmnopqrstuvwxyz";
  for (int shift = 5 * (letters - 1); shift >= 0; shift -= 5) {
    out.push_back(kAlphabet[(value >> shift) & 31]);
  }
}

}  // namespace

std::string OrderedIds::NextLetters(absl::Time now) {
  const int64_t clock = std::max<int64_t>(absl::ToUnixMillis(now), 0);
  if (clock > millisecond_) {
    millisecond_ = clock;
    sequence_ = 0;
  } else if (++sequence_ == kMostOfOneMillisecond) {
    ++millisecond_;  // Borrowed from the future.
    sequence_ = 0;
  }
  std::string letters;
  letters.reserve(kTimeLetters + kSequenceLetters + kRandomLetters);
  AppendOrdered(letters, static_cast<uint64_t>(millisecond_), kTimeLetters);
  AppendOrdered(letters, sequence_, kSequenceLetters);
  if (unused_.empty()) unused_ = random_.Base32(kRandomLetters * kIdsPerDraw);
  letters.append(unused_, unused_.size() - kRandomLetters);
  unused_.resize(unused_.size() - kRandomLetters);
  return letters;
}

bool IsSlug(absl::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!plain(text.front()) || !plain(text.back())) return false;
  for (char c : text) {
    if (!plain(c) && c != '-') return false;
  }
  return true;
}

ZoneId MakeZoneId(const TenantId& tenant, absl::string_view zone_slug) {
  return ZoneId(absl::StrCat(tenant.value(), "/", zone_slug));
}

TenantId TenantOf(const ZoneId& zone) {
  const size_t slash = zone.value().find('/');
  if (slash == std::string::npos) return TenantId();
  return TenantId(absl::string_view(zone.value()).substr(0, slash));
}

ChannelId MakeChannelId(const TenantId& tenant, absl::string_view slug) {
  return ChannelId(tenant.empty() ? std::string(slug) : absl::StrCat(tenant.value(), "/", slug));
}

}  // namespace muster
