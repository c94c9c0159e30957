#include "base/crypto/trust_anchors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::crypto {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kShortestBase64Line = 40;

// The kind of block that "-----BEGIN KIND-----" begins or "-----END KIND-----" ends; empty when the
// line does not.
std::string BlockKind(absl::string_view line, absl::string_view word) {
  if (!absl::ConsumePrefix(&line, absl::StrCat("-----", word, " ")) ||
      !absl::ConsumeSuffix(&line, "-----")) {
    return "";
  }
  return std::string(line);
}

bool IsCertificateKind(absl::string_view kind) {
  return kind == "CERTIFICATE" || kind == "X509 CERTIFICATE" || kind == "TRUSTED CERTIFICATE";
}

bool LooksLikeBase64(absl::string_view line) {
  return line.size() >= kShortestBase64Line && std::all_of(line.begin(), line.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/' ||
                  c == '=';
         });
}

}  // namespace

absl::StatusOr<std::vector<Certificate>> TrustAnchorsFromPem(absl::string_view pem) {
  absl::ConsumePrefix(&pem, kByteOrderMark);
  if (absl::StripAsciiWhitespace(pem).empty()) return absl::InvalidArgumentError("it is empty");
  if (absl::StrContains(pem, '\0') || absl::StartsWith(pem, "\x30\x82")) {
    return absl::InvalidArgumentError(
        "it is binary (DER or UTF-16); PEM is wanted: 'openssl x509 -inform der -in FILE' makes "
        "it");
  }
  std::vector<Certificate> out;
  std::string open;   // Kind of the block that the line is in.
  std::string block;  // Its text.
  int begin = 0;
  int number = 0;
  const auto bad = [&number](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", why));
  };
  for (absl::string_view line : absl::StrSplit(pem, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (const std::string kind = BlockKind(line, "BEGIN"); !kind.empty()) {
      if (!open.empty()) return bad(absl::StrCat("the block of line ", begin, " is not closed"));
      if (absl::StrContains(kind, "PRIVATE KEY")) {
        return bad("a private key; it does not belong here: hand in the certificates alone");
      }
      if (!IsCertificateKind(kind)) {
        return bad(absl::StrCat("a block of kind ", kind, " where only certificates belong"));
      }
      open = kind;
      block.clear();
      begin = number;
    } else if (line.find("-----") != absl::string_view::npos && open.empty()) {
      return bad("a damaged line of a PEM block");
    } else if (open.empty() && LooksLikeBase64(line)) {
      return bad("base64 outside of a block: its line -----BEGIN CERTIFICATE----- is missing");
    }
    if (open.empty()) continue;
    absl::StrAppend(&block, line, "\n");
    if (BlockKind(line, "END") != open) continue;
    auto certificate = Certificate::FromPem(block);
    if (!certificate.ok()) {
      return bad(absl::StrCat("the certificate that begins in line ", begin, " is damaged"));
    }
    out.push_back(*std::move(certificate));
    open.clear();
  }
  if (!open.empty()) return bad(absl::StrCat("the block of line ", begin, " is not closed"));
  if (out.empty()) return absl::InvalidArgumentError("it holds no certificate in PEM form");
  return out;
}

}  // namespace muster::crypto
