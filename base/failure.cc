#include "base/failure.h"

#include <array>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/failure_code.h"

namespace muster {
namespace {

constexpr char kPayloadUrl[] = "muster/failure-code";
constexpr auto kTransient = FailureClass::kTransient;
constexpr auto kPermanent = FailureClass::kPermanent;
constexpr auto kCustomer = FailureOwner::kCustomer;
constexpr auto kProvider = FailureOwner::kProvider;
constexpr auto kVendor = FailureOwner::kVendor;

constexpr FailureInfo kTable[] = {
#define MUSTER_FAILURE(name, text, cls, owner, status, remedy) \
  {FailureCode::k##name, text, cls, owner, absl::StatusCode::status, remedy},
#include "base/failure_codes.inc"
#undef MUSTER_FAILURE
};

}  // namespace

const FailureInfo& InfoOf(FailureCode code) { return kTable[static_cast<size_t>(code)]; }

std::span<const FailureInfo> AllFailures() { return kTable; }

std::optional<FailureCode> FindFailureCode(absl::string_view text) {
  for (const FailureInfo& row : kTable) {
    if (text == row.text) return row.code;
  }
  return std::nullopt;
}

absl::Status FailureStatus(FailureCode code, absl::string_view detail) {
  const FailureInfo& row = InfoOf(code);
  absl::ConsumeSuffix(&detail, ".");  // Of a sentence, such as another failure's remedy.
  absl::Status status(row.status, absl::StrCat(row.text, ": ", detail, ". ", row.remedy));
  status.SetPayload(kPayloadUrl, absl::Cord(row.text));
  return status;
}

absl::Status EnsureCode(const absl::Status& status, FailureCode code) {
  if (status.ok() || FailureCodeOf(status).has_value()) return status;
  return FailureStatus(code, status.message());
}

std::string DetailOf(const absl::Status& status) {
  absl::string_view text = status.message();
  if (const auto code = FailureCodeOf(status); code.has_value()) {
    absl::ConsumePrefix(&text, absl::StrCat(TextOf(*code), ": "));
    if (absl::ConsumeSuffix(&text, InfoOf(*code).remedy)) absl::ConsumeSuffix(&text, ". ");
  }
  return std::string(text);
}

void AttachFailureCode(FailureCode code, absl::Status& status) {
  status.SetPayload(kPayloadUrl, absl::Cord(TextOf(code)));
}

std::optional<FailureCode> FailureCodeOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  return FindFailureCode(std::string(*payload));
}

}  // namespace muster
