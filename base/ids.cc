#include "base/ids.h"

namespace muster {

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

}  // namespace muster
