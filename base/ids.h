// The kinds of ids, in the words of the glossary, and how new ones are made.
//
//   tenant   the slug that the provider chose:      acme
//   zone     tenant and slug:                       acme/prod
//   others   prefix and 20 base32 letters:          srv-2aq7ytboi2224mrtgq2t
//
// Kinds of which a fleet has many are ordered: their letters are 9 of the time in milliseconds, 3
// of a sequence, 8 random, in an alphabet whose order is that of its characters. Rows keyed by them
// lie in a database in the order in which they came to be. The others are random (100 bits).
#ifndef MUSTER_BASE_IDS_H_
#define MUSTER_BASE_IDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "base/random.h"

namespace muster {

using TenantId = Id<struct TenantTag>;
using ZoneId = Id<struct ZoneTag>;
using ServerId = Id<struct ServerTag>;
using TokenId = Id<struct TokenTag>;
using CertificateId = Id<struct CertificateTag>;  // Serial number in lower-case hex.
using KeyVersionId = Id<struct KeyVersionTag>;
using OperatorId = Id<struct OperatorTag>;
using RolloutId = Id<struct RolloutTag>;
using CommandId = Id<struct CommandTag>;
using AttemptId = Id<struct AttemptTag>;
using FindingId = Id<struct FindingTag>;
using SweepId = Id<struct SweepTag>;
using DeliveryId = Id<struct DeliveryTag>;
using ChannelId = Id<struct ChannelTag>;  // acme/ops; of the provider: ops
using MachineId = Id<struct MachineTag>;  // Of one that uses a worker's identity.
using HubInstanceId =
    Id<struct HubInstanceTag>;  // The hub-assigned GUID, lower case (certify.md 4.4).

template <typename T>
struct IdPrefix;
template <>
struct IdPrefix<ServerId> {
  static constexpr char kText[] = "srv-";
};
template <>
struct IdPrefix<TokenId> {
  static constexpr char kText[] = "tok-";
};
template <>
struct IdPrefix<KeyVersionId> {
  static constexpr char kText[] = "key-";
};
template <>
struct IdPrefix<OperatorId> {
  static constexpr char kText[] = "opr-";
};
template <>
struct IdPrefix<RolloutId> {
  static constexpr char kText[] = "rol-";
};
template <>
struct IdPrefix<CommandId> {
  static constexpr char kText[] = "cmd-";
};
template <>
struct IdPrefix<FindingId> {
  static constexpr char kText[] = "fnd-";
};
template <>
struct IdPrefix<SweepId> {
  static constexpr char kText[] = "swp-";
};
template <>
struct IdPrefix<DeliveryId> {
  static constexpr char kText[] = "dlv-";
};
template <>
struct IdPrefix<MachineId> {
  static constexpr char kText[] = "mch-";
};
template <>
struct IdPrefix<AttemptId> {
  static constexpr char kText[] = "att-";
};

// A random id.
template <typename T>
T NewId(Random& random) {
  return T(absl::StrCat(IdPrefix<T>::kText, random.Base32(20)));
}

// Makes ordered ids: each is greater than all before it, even where the clock stands still or goes
// back. Ids of two sources differ by their random part. Used by one thread at a time.
class OrderedIds {
 public:
  explicit OrderedIds(Random& random) : random_(random) {}

  template <typename T>
  T Next(absl::Time now) {
    return T(absl::StrCat(IdPrefix<T>::kText, NextLetters(now)));
  }

 private:
  std::string NextLetters(absl::Time now);

  Random& random_;
  int64_t millisecond_ = 0;
  uint32_t sequence_ = 0;
  std::string unused_;  // Random letters, drawn many at a time.
};

// A slug names a tenant, or a zone or a channel inside its tenant: 1 to 63 of a-z, 0-9 and '-', a letter or digit
// at both ends.
bool IsSlug(absl::string_view text);
ZoneId MakeZoneId(const TenantId& tenant, absl::string_view zone_slug);
// The tenant part of "tenant/zone"; empty when the text has no such form.
TenantId TenantOf(const ZoneId& zone);
// A channel of the tenant, or of the provider when that is empty.
ChannelId MakeChannelId(const TenantId& tenant, absl::string_view slug);

}  // namespace muster

#endif  // MUSTER_BASE_IDS_H_
