#include "proto/rpc/token_file.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/secret.h"

namespace muster::rpc {
namespace {

constexpr absl::string_view kBegin = "-----BEGIN MUSTER BOOTSTRAP TOKEN-----";
constexpr absl::string_view kEnd = "-----END MUSTER BOOTSTRAP TOKEN-----";
constexpr size_t kLineLength = 64;
// A bundle of two CA certificates is below 4 KiB.
constexpr size_t kMaxBytes = 64 << 10;

absl::Status Malformed(absl::string_view what) {
  return FailureStatus(FailureCode::kTokenMalformed, what);
}

}  // namespace

std::string FormatTokenFile(const muster::worker::v1::TokenFile& token) {
  std::string bytes = token.SerializeAsString();
  std::string base64 = absl::Base64Escape(bytes);
  std::string out = absl::StrCat(kBegin, "\n");
  for (size_t at = 0; at < base64.size(); at += kLineLength) {
    absl::StrAppend(&out, absl::string_view(base64).substr(at, kLineLength), "\n");
  }
  absl::StrAppend(&out, kEnd, "\n");
  Wipe(bytes);
  Wipe(base64);
  return out;
}

absl::StatusOr<muster::worker::v1::TokenFile> ParseTokenFile(absl::string_view text) {
  if (text.size() > kMaxBytes) return Malformed("it is larger than any token file");
  const size_t begin = text.find(kBegin);
  if (begin == absl::string_view::npos) {
    return Malformed(absl::StrCat("the line '", kBegin, "' is missing"));
  }
  const size_t body = begin + kBegin.size();
  const size_t end = text.find(kEnd, body);
  if (end == absl::string_view::npos) {
    return Malformed(absl::StrCat("the line '", kEnd, "' is missing: the file is cut off"));
  }
  std::string base64;
  for (const char c : text.substr(body, end - body)) {
    if (!absl::ascii_isspace(static_cast<unsigned char>(c))) base64.push_back(c);
  }
  std::string bytes;
  const bool decoded = !base64.empty() && absl::Base64Unescape(base64, &bytes);
  Wipe(base64);
  if (!decoded) return Malformed("the text between the two lines is not base64");
  muster::worker::v1::TokenFile token;
  const bool parsed = token.ParseFromString(bytes);
  Wipe(bytes);
  if (!parsed) return Malformed("the text between the two lines is damaged");
  if (token.secret().empty()) return Malformed("it holds no secret");
  if (token.bootstrap_address().empty()) return Malformed("it holds no orchestrator address");
  if (token.ca_bundle_pem().empty()) return Malformed("it holds no CA certificate");
  return token;
}

}  // namespace muster::rpc
