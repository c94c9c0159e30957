#include "proto/rpc/status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::rpc {
namespace {

constexpr size_t kMaxStatusBytes = 16 << 10;

// Cuts at a character's border: half a UTF-8 sequence would be an invalid message.
absl::string_view Cut(absl::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

bool IsCodeCharacter(char c) {
  return absl::ascii_isupper(c) || absl::ascii_isdigit(c) || c == '-';
}

}  // namespace

std::optional<FailureCode> FailureCodeInText(absl::string_view text) {
  for (size_t at = text.find("E-"); at != absl::string_view::npos; at = text.find("E-", at + 1)) {
    if (at > 0 && IsCodeCharacter(text[at - 1])) continue;
    size_t end = at;
    while (end < text.size() && IsCodeCharacter(text[end])) ++end;
    if (const auto code = FindFailureCode(text.substr(at, end - at))) return code;
  }
  return std::nullopt;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const absl::string_view message = status.message();
  const absl::string_view cut = Cut(message, kMaxStatusBytes);
  std::string text(cut);
  if (cut.size() < message.size()) absl::StrAppend(&text, " …");
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), text);
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status out(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (const auto code = FailureCodeInText(status.error_message())) AttachFailureCode(*code, out);
  return out;
}

}  // namespace muster::rpc
