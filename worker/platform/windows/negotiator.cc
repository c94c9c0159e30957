#include "worker/platform/negotiator.h"

#define SECURITY_WIN32
#include <windows.h>
// Behind windows.h, which it needs.
#include <security.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"

namespace muster::worker {
namespace {

constexpr size_t kLargestToken = 64 << 10;

absl::Status Refused(SECURITY_STATUS status, absl::string_view step) {
  return absl::UnauthenticatedError(
      absl::StrCat("Negotiate: ", step, ": ", WindowsErrorText(static_cast<uint32_t>(status))));
}

class SspiNegotiation final : public http::Negotiation {
 public:
  explicit SspiNegotiation(const std::string& host) : target_(Wide(absl::StrCat("HTTP/", host))) {}
  ~SspiNegotiation() override {
    if (has_context_) DeleteSecurityContext(&context_);
    if (has_credentials_) FreeCredentialsHandle(&credentials_);
  }

  absl::Status Acquire() {
    wchar_t package[] = L"Negotiate";
    TimeStamp expiry{};
    const SECURITY_STATUS status =
        AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, nullptr, nullptr,
                                  nullptr, &credentials_, &expiry);
    if (status != SEC_E_OK) return Refused(status, "this account has no credentials");
    has_credentials_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<Secret> Next(absl::string_view challenge) override {
    std::string in(challenge);
    SecBuffer in_buffer{static_cast<unsigned long>(in.size()), SECBUFFER_TOKEN, in.data()};
    SecBufferDesc in_list{SECBUFFER_VERSION, 1, &in_buffer};
    std::string out(kLargestToken, '\0');
    SecBuffer out_buffer{static_cast<unsigned long>(out.size()), SECBUFFER_TOKEN, out.data()};
    SecBufferDesc out_list{SECBUFFER_VERSION, 1, &out_buffer};
    unsigned long attributes = 0;
    TimeStamp expiry{};
    // What is asked for is to be known, not to be acted for: no delegation.
    const SECURITY_STATUS status = InitializeSecurityContextW(
        &credentials_, has_context_ ? &context_ : nullptr, target_.data(),
        ISC_REQ_CONNECTION | ISC_REQ_IDENTIFY, 0, SECURITY_NATIVE_DREP,
        has_context_ ? &in_list : nullptr, 0, &context_, &out_list, &attributes, &expiry);
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED) {
      return Refused(status, "no token");
    }
    has_context_ = true;
    out.resize(out_buffer.cbBuffer);
    return Secret::Take(std::move(out));
  }

 private:
  std::wstring target_;
  CredHandle credentials_{};
  CtxtHandle context_{};
  bool has_credentials_ = false;
  bool has_context_ = false;
};

class SspiNegotiator final : public http::Negotiator {
 public:
  absl::StatusOr<std::unique_ptr<http::Negotiation>> Begin(const std::string& host) override {
    auto negotiation = std::make_unique<SspiNegotiation>(host);
    const absl::Status acquired = negotiation->Acquire();
    if (!acquired.ok()) return acquired;
    return negotiation;
  }
};

}  // namespace

std::unique_ptr<http::Negotiator> SystemNegotiator() { return std::make_unique<SspiNegotiator>(); }

}  // namespace muster::worker
